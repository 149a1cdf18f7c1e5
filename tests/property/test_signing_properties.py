"""Parse and format are strict inverses, and no flipped bit goes unnoticed."""

import json
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pki_fixture import NOW, make_pki

from signing import der
from signing.canonical import MAX_INTEGER, decode, encode
from signing.checkpoint import MAX_SIZE, Checkpoint
from signing.digest import ALGORITHMS, Digest, Hasher
from signing.errors import CanonicalError, CheckpointError, EvidenceBad, NoteError, TimestampBad
from signing.keys import ED25519, MemorySigner
from signing.note import Note, NoteKey, sign_note
from signing.timestamp import check_token
from signing.trust import TrustPolicy

TEXT = st.text(st.characters(exclude_categories=["Cs"])).map(
    lambda text: unicodedata.normalize("NFC", text)
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789./-证", min_size=1, max_size=40)
SIGNER = MemorySigner.generate(ED25519)
PKI = make_pki()
SEALED = Digest.of("sha256", b"seal")
TOKEN = PKI.embedded_authority(lambda: NOW).timestamp(SEALED)


@given(VALUES)
def test_canonical_round_trip(value: object) -> None:
    data = encode(value)
    assert decode(data) == value
    assert json.loads(data) == value


@given(VALUES, st.integers(0), st.sampled_from([b" ", b"\n", b"\t", b"0", b",", b"\x00"]))
def test_canonical_form_is_the_only_one(value: object, at: int, extra: bytes) -> None:
    """Whatever is inserted anywhere gives an error, or another value in its own one form."""
    data = encode(value)
    at %= len(data) + 1
    altered = data[:at] + extra + data[at:]
    try:
        found = decode(altered)
    except CanonicalError:
        return
    assert encode(found) == altered
    assert found != value or type(found) is not type(value)


@given(st.binary(max_size=60))
def test_decode_of_any_bytes_raises_our_error_or_is_exact(data: bytes) -> None:
    try:
        value = decode(data)
    except CanonicalError:
        return
    assert encode(value) == data


@given(NAMES, st.integers(0, MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_checkpoint_and_note_round_trip(origin: str, size: int, root: bytes) -> None:
    checkpoint = Checkpoint(origin, size, root)
    note = sign_note(checkpoint.text(), origin, SIGNER)
    parsed = Note.parse(note.to_bytes())
    assert parsed == note
    assert Checkpoint.parse(parsed.text) == checkpoint
    key = NoteKey(origin, SIGNER.public_key())
    assert NoteKey.parse_vkey(key.vkey()) == key
    key.verify(parsed)


@given(st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_in_a_note_is_noticed(at: int, bit: int) -> None:
    data = sign_note(Checkpoint("o", 5, bytes(32)).text(), "o", SIGNER).to_bytes()
    at %= len(data)
    altered = data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]
    with pytest.raises((NoteError, CheckpointError)):
        _open(altered)


def _open(data: bytes) -> None:
    note = Note.parse(data)
    NoteKey("o", SIGNER.public_key()).verify(note)
    Checkpoint.parse(note.text)


@given(st.sampled_from(ALGORITHMS), st.lists(st.binary(max_size=50)), st.booleans())
@settings(max_examples=40)
def test_hashing_in_chunks_is_hashing_the_whole(
    algorithm: str, chunks: list[bytes], threads: bool
) -> None:
    with Hasher([algorithm], threads=threads) as hasher:
        for chunk in chunks:
            hasher.update(chunk)
        (found,) = hasher.finish()
    assert found == Digest.of(algorithm, b"".join(chunks))
    assert Digest.parse(str(found)) == found


@given(st.integers(0, 2**160))
def test_integers_round_trip(value: int) -> None:
    assert der.unsigned(der.only(der.integer(value), der.INTEGER)) == value


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001
def test_times_round_trip(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    element = der.only(der.generalized_time(moment), der.GENERALIZED_TIME)
    assert der.read_time(element) == moment


@given(st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_in_a_token_is_noticed(at: int, bit: int) -> None:
    at %= len(TOKEN)
    altered = TOKEN[:at] + bytes((TOKEN[at] ^ 1 << bit,)) + TOKEN[at + 1 :]
    try:
        found = check_token(altered, digest=SEALED)
    except TimestampBad:
        return
    # Only the carried CA certificate may differ: then the token has no path any more.
    assert not set(PKI.intermediates) & set(found.certificates)


@given(st.binary(max_size=200))
def test_any_bytes_raise_our_errors(data: bytes) -> None:
    for parse in (Note.parse, TrustPolicy.parse, lambda d: check_token(d, digest=None)):
        with pytest.raises(EvidenceBad):
            parse(data)
