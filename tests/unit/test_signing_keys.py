import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pki_fixture import make_pki, subject

from signing import keys
from signing.authority import (
    Validity,
    create_root,
    issue_person_certificate,
    issue_sealing_certificate,
    issue_tsa_certificate,
)
from signing.cms import sign_detached
from signing.errors import CertificateBad, KeyLoadError, KeyLocked, NoteError, SignatureBad
from signing.keys import ED25519, P256, RSA, FileSigner, KeyKind, MemorySigner, generate
from signing.note import sign_note


@pytest.mark.parametrize("kind", [ED25519, P256])
def test_generate_and_load(tmp_path: Path, kind: KeyKind) -> None:
    path = tmp_path / "key.pem"
    made = generate(kind, path, "口令")
    loaded = FileSigner.load(path, "口令")
    assert loaded.algorithm == made.algorithm == kind
    assert loaded.public_key() == made.public_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


def test_mode_does_not_depend_on_umask(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        generate(P256, tmp_path / "key.pem", "x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_signatures_verify() -> None:
    ed = MemorySigner.generate(ED25519)
    Ed25519PublicKey.from_public_bytes(ed.public_key()).verify(ed.sign(b"x"), b"x")
    p256 = MemorySigner.generate(P256)
    public = serialization.load_der_public_key(p256.public_key())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(p256.sign(b"x"), b"x", ec.ECDSA(hashes.SHA256()))


def test_rsa_keys_are_read_and_sign(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    _store(tmp_path / "rsa.pem", key)
    signer = FileSigner.load(tmp_path / "rsa.pem", "x")
    assert signer.algorithm == RSA
    assert serialization.load_der_public_key(signer.public_key()) == key.public_key()
    key.public_key().verify(signer.sign(b"x"), b"x", padding.PKCS1v15(), hashes.SHA256())


def test_an_rsa_key_signs_nothing_of_the_archive() -> None:
    signer = MemorySigner(rsa.generate_private_key(65537, 2048))
    pki = make_pki()
    life = Validity(pki.now, pki.now + timedelta(days=1))
    with pytest.raises(CertificateBad):
        create_root(signer, subject("RSA"), 1, life)
    with pytest.raises(CertificateBad):
        issue_sealing_certificate(pki.issuing, signer.public_key(), subject("RSA"), 2, life)
    with pytest.raises(CertificateBad):
        issue_tsa_certificate(pki.issuing, signer.public_key(), subject("RSA"), 2, life)
    person = issue_person_certificate(pki.issuing, signer.public_key(), subject("p"), 3, life)
    with pytest.raises(SignatureBad, match="P-256"):
        sign_detached(b"note", signer, person, pki.intermediates, pki.now)
    with pytest.raises(NoteError):
        sign_note("text\n", "cunzheng.local/x/main-2026", signer)


def test_wrong_passphrase_is_one_sentence_without_it(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    generate(P256, path, "right")
    with pytest.raises(KeyLocked, match="does not open") as caught:
        FileSigner.load(path, "secret-guess")
    assert "secret-guess" not in str(caught.value)


def test_existing_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(b"other")
    with pytest.raises(KeyLoadError, match="exists"):
        generate(P256, path, "x")
    assert path.read_bytes() == b"other"


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(keys, "_sync_directory", fail)
    with pytest.raises(KeyLoadError, match="Input/output"):
        generate(P256, tmp_path / "key.pem", "x")
    assert not list(tmp_path.iterdir())


def test_a_cut_file_is_damaged_not_locked(tmp_path: Path) -> None:
    generate(P256, tmp_path / "key.pem", "x")
    lines = (tmp_path / "key.pem").read_bytes().splitlines(keepends=True)
    (tmp_path / "cut.pem").write_bytes(b"".join([*lines[:2], lines[-1]]))
    with pytest.raises(KeyLoadError, match="damaged") as caught:
        FileSigner.load(tmp_path / "cut.pem", "x")
    assert not isinstance(caught.value, KeyLocked)


def test_unusable_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyLoadError, match="cannot be read"):
        FileSigner.load(tmp_path / "none.pem", "x")
    with pytest.raises(KeyLoadError, match="passphrase"):
        generate(P256, tmp_path / "a.pem", "")
    (tmp_path / "b.pem").write_bytes(b"junk")
    with pytest.raises(KeyLoadError, match="not an encrypted"):
        FileSigner.load(tmp_path / "b.pem", "x")


def _store(
    path: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey
) -> None:
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"x"),
        )
    )


def test_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    _store(tmp_path / "p384.pem", ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(KeyLoadError, match="P-256"):
        FileSigner.load(tmp_path / "p384.pem", "x")
    _store(tmp_path / "rsa.pem", rsa.generate_private_key(65537, 1024))
    with pytest.raises(KeyLoadError, match="2048"):
        FileSigner.load(tmp_path / "rsa.pem", "x")
    _store(tmp_path / "x.pem", x25519.X25519PrivateKey.generate())
    with pytest.raises(KeyLoadError, match="neither"):
        FileSigner.load(tmp_path / "x.pem", "x")
    with pytest.raises(KeyLoadError, match="not supported"):
        generate("rsa", tmp_path / "c.pem", "x")  # type: ignore[arg-type]
