import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing.checkpoint import MAX_SIZE, Checkpoint
from signing.errors import CheckpointError, NoteError
from signing.keys import ED25519, P256, MemorySigner
from signing.note import Note, NoteKey, NoteSignature, sign_note, verify_note

NAME = "cunzheng.local/01kan/main-2026"
SIGNER = MemorySigner.generate(ED25519)
KEY = NoteKey(NAME, SIGNER.public_key())
CHECKPOINT = Checkpoint(NAME, 512, bytes(range(32)))
# C2SP signed-note and golang.org/x/mod/sumdb/note: an example that others sign and verify.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)


def _note() -> Note:
    return sign_note(CHECKPOINT.text(), NAME, SIGNER)


def test_note_of_another_implementation_verifies() -> None:
    note = Note.parse(GO_NOTE.encode())
    key = NoteKey.parse_vkey(GO_VKEY)
    assert key.vkey() == GO_VKEY
    key.verify(note)
    seed = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    signer = MemorySigner(Ed25519PrivateKey.from_private_bytes(seed))
    assert sign_note(note.text, "PeterNeumann", signer) == note
    assert note.to_bytes() == GO_NOTE.encode()


def test_sign_parse_verify() -> None:
    data = _note().to_bytes()
    note = Note.parse(data)
    assert note.to_bytes() == data
    assert verify_note(note, [NoteKey("other", bytes(32)), KEY]) == KEY
    assert Checkpoint.parse(note.text) == CHECKPOINT


def test_witness_lines_are_carried_along() -> None:
    witness = NoteSignature("witness.example", b"\x01\x02\x03\x04", b"\x00" * 76)
    note = _note().with_signature(witness)
    assert Note.parse(note.to_bytes()) == note
    KEY.verify(note)


def test_altered_text_fails() -> None:
    note = replace(_note(), text=CHECKPOINT.text().replace("512", "513"))
    with pytest.raises(NoteError, match="does not hold"):
        KEY.verify(note)


def test_no_trusted_key_fails() -> None:
    other = NoteKey(NAME, MemorySigner.generate(ED25519).public_key())
    for keys in ([], [other], [NoteKey("x", KEY.public_key)]):
        with pytest.raises(NoteError, match="No trusted key"):
            verify_note(_note(), keys)
    with pytest.raises(NoteError, match="0 signatures"):
        other.verify(_note())


def test_doubled_signature_fails() -> None:
    note = _note()
    with pytest.raises(NoteError, match="2 signatures"):
        KEY.verify(note.with_signature(note.signatures[0]))


def test_p256_keys_sign_no_notes() -> None:
    with pytest.raises(NoteError, match="Ed25519"):
        sign_note("text\n", NAME, MemorySigner.generate(P256))


GOOD = _note().to_bytes().decode()
LINE = GOOD.splitlines()[-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n",
        "text\n\n",
        "\n\n" + LINE + "\n",
        GOOD[:-1],
        GOOD + "\n",
        GOOD + " ",
        GOOD.replace("— ", "- "),
        GOOD.replace("— ", "—  "),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("512", "5\x0012"),
        GOOD.replace(LINE, LINE + "x"),
        GOOD.replace(LINE, LINE[:-1]),
        GOOD.replace(LINE, LINE + "\n"),
        GOOD.replace(LINE, LINE + " x"),
        GOOD.replace(LINE, f"— {NAME} AAAA"),
        GOOD.replace(LINE, f"— {NAME} AAAAAA=="),
        GOOD.replace(LINE, f"— {NAME} AAAAAAB="),
        GOOD.replace(LINE, f"— a+b {LINE.split()[-1]}"),
        "text\n\n" + (LINE + "\n") * 101,
    ],
)
def test_malformed_notes_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Note.parse(text.encode())


def test_note_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(NoteError, match="UTF-8"):
        Note.parse(b"\xff" + GOOD.encode())


def test_note_that_is_too_large_is_refused() -> None:
    with pytest.raises(NoteError, match="larger"):
        Note.parse(b"x" * 1_000_001)


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name+c74f20a3",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("c74f20a3", "C74F20A3"),
        GO_VKEY.replace("PeterNeumann", ""),
        GO_VKEY[:-1],
        "n+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        NoteKey.parse_vkey(text)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"o\n1\n{ROOT}",
        f"o\n1\n{ROOT}\nextension\n",
        f"\n1\n{ROOT}\n",
        f"o o\n1\n{ROOT}\n",
        f"o\n01\n{ROOT}\n",
        f"o\n+1\n{ROOT}\n",
        f"o\n-1\n{ROOT}\n",
        f"o\n1_0\n{ROOT}\n",
        f"o\n 1\n{ROOT}\n",
        f"o\n١\n{ROOT}\n",
        f"o\n{MAX_SIZE + 1}\n{ROOT}\n",
        f"o\n{'9' * 5000}\n{ROOT}\n",
        f"o\n1\n{ROOT[:-1]}\n",
        f"o\n1\n{ROOT[:-2]}B=\n",
        f"o\n1\n {ROOT}\n",
        f"o\n1\n{base64.b64encode(bytes(31)).decode()}\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)


def test_checkpoint_extremes() -> None:
    for size in (0, MAX_SIZE):
        checkpoint = Checkpoint("o", size, bytes(32))
        assert Checkpoint.parse(checkpoint.text()) == checkpoint
    with pytest.raises(CheckpointError):
        Checkpoint("o", -1, bytes(32))
