"""Signatures of people: the two kinds that hold, and everything that is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from signing.errors import CertificateBad, EvidenceBad, SignatureBad
from signing.signatures import check_signature, signing_key

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DATA = b"cunzheng statement v1\n{}"
P256_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(65537, 2048)


def certificate_of(key) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "p1")])
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, digest)
        .public_bytes(serialization.Encoding.DER)
    )


def test_both_kinds_hold():
    elliptic = P256_KEY.sign(DATA, ec.ECDSA(hashes.SHA256()))
    check_signature(certificate_of(P256_KEY), DATA, elliptic)
    numbers = RSA_KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    check_signature(certificate_of(RSA_KEY), DATA, numbers)


def test_one_changed_byte_is_refused():
    signature = P256_KEY.sign(DATA, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(SignatureBad):
        check_signature(certificate_of(P256_KEY), DATA + b" ", signature)
    for bad in (signature[:-1], signature + b"\x00", b"", b"\x00" * 64):
        with pytest.raises(SignatureBad):
            check_signature(certificate_of(P256_KEY), DATA, bad)


def test_another_padding_or_hash_is_refused():
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    for bad in (
        RSA_KEY.sign(DATA, salted, hashes.SHA256()),
        RSA_KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA512()),
        b"",
    ):
        with pytest.raises(SignatureBad):
            check_signature(certificate_of(RSA_KEY), DATA, bad)
    other = P256_KEY.sign(DATA, ec.ECDSA(hashes.SHA512()))
    with pytest.raises(SignatureBad):
        check_signature(certificate_of(P256_KEY), DATA, other)


def test_another_persons_key_is_refused():
    signature = P256_KEY.sign(DATA, ec.ECDSA(hashes.SHA256()))
    other = certificate_of(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(SignatureBad):
        check_signature(other, DATA, signature)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed25519.Ed25519PrivateKey.generate(),
        rsa.generate_private_key(65537, 1024),
    ],
    ids=["P-384", "secp256k1", "Ed25519", "RSA-1024"],
)
def test_other_keys_are_refused(key):
    with pytest.raises(CertificateBad):
        check_signature(certificate_of(key), DATA, b"\x00" * 64)
    with pytest.raises(CertificateBad):
        signing_key(key.public_key())


def test_no_certificate_at_all_is_evidence_that_is_bad():
    with pytest.raises(EvidenceBad):
        check_signature(b"no certificate", DATA, b"")
