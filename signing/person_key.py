"""The key of a person: from PKCS #12, from an encrypted PEM file, or from a PKCS #11 token.

Every way gives the same three things: the signer, the person's certificate if there is one, and the
certificates above it. A key that lies open on the disk is refused.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from signing import der
from signing.errors import DerError, KeyLoadError, KeyLocked
from signing.keys import (
    ED25519,
    P256,
    RSA,
    FileSigner,
    MemorySigner,
    Signer,
    decrypt_pem,
    generate,
    supported,
    write_once,
)

REQUEST_SUFFIX = ".csr"
_PKCS12 = (".p12", ".pfx")
_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_ALGORITHMS = {
    P256: der.sequence(der.oid("1.2.840.10045.4.3.2")),
    RSA: der.sequence(der.oid("1.2.840.113549.1.1.11"), der.NULL),
}


@dataclass(frozen=True, slots=True)
class PersonKey:
    """A person's signer; certificate and chain are DER, None and empty where there are none."""

    signer: Signer
    certificate: bytes | None
    chain: tuple[bytes, ...]


def open_person_key(source: str, secret: str) -> PersonKey:
    """Open a key by its file (.p12, .pfx, else PEM) or its PKCS #11 URI (RFC 7512).

    Raises KeyLocked for a wrong passphrase or PIN, KeyLoadError for everything else, also for a
    certificate that does not belong to the key.
    """
    if source.startswith("pkcs11:"):
        # Imported here because most people have no token, and the library is slow to load.
        from signing.pkcs11 import Pkcs11Signer

        token = Pkcs11Signer.open(source, secret)
        return _fitted(token, tuple(token.certificates()))
    path = Path(source)
    data = _read(path)
    if path.suffix.lower() in _PKCS12:
        return _from_pkcs12(path, data, secret)
    signer = MemorySigner(decrypt_pem(data, secret, path))
    neighbour = path.with_suffix(".crt")
    if b"-----BEGIN CERTIFICATE-----" not in data and neighbour.exists():
        data = _read(neighbour)
    return _fitted(signer, _certificates(path, data))


def make_person_key(path: Path, secret: str, person: str) -> Path:
    """Make a P-256 key in an encrypted PKCS #8 file (0600), and a request beside it (.csr).

    Returns the request's path. Nothing is ever replaced. Raises KeyLoadError.
    """
    if not _PERSON.fullmatch(person):
        raise KeyLoadError(f"{person!r} is not a person id.")
    path = Path(path)
    request = path.with_suffix(REQUEST_SUFFIX)
    if request == path or request.exists():
        raise KeyLoadError(f"The request {request} exists already.")
    signer: FileSigner = generate(P256, path, secret)
    try:
        write_once(request, make_request(signer, person), mode=0o644)
    except BaseException:
        # The key was made a moment ago and never used: without its request it is of no use.
        path.unlink(missing_ok=True)
        raise
    return request


def make_request(signer: Signer, person: str) -> bytes:
    """Return a PKCS #10 request in PEM for any signer, also a token's; CN is the person id.

    Raises KeyLoadError for an Ed25519 key.
    """
    algorithm = _ALGORITHMS.get(signer.algorithm)
    if algorithm is None:
        raise KeyLoadError("People sign with P-256 or RSA keys.")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, person)]).public_bytes()
    # RFC 2986 4.1: version, subject, key, attributes (none).
    info = der.sequence(der.integer(0), name, signer.public_key(), der.tlv(0xA0))
    signature = der.tlv(der.BIT_STRING, b"\x00", signer.sign(info))
    request = x509.load_der_x509_csr(der.sequence(info, algorithm, signature))
    return request.public_bytes(serialization.Encoding.PEM)


def _from_pkcs12(path: Path, data: bytes, secret: str) -> PersonKey:
    from cryptography.hazmat.primitives.serialization import pkcs12

    _refuse_open_pkcs12(path, data)
    if not secret:
        raise KeyLoadError("A key file needs a passphrase that is not empty.")
    try:
        found = pkcs12.load_pkcs12(data, secret.encode("utf-8"))
    except ValueError as error:
        # A wrong passphrase and a damaged file cannot be told apart here.
        raise KeyLocked(f"The passphrase does not open the key file {path}.") from error
    except Exception as error:
        # The parser has several kinds of errors for what it does not know.
        raise KeyLoadError(f"The key file {path} is of a kind that is not supported.") from error
    signer = MemorySigner(supported(found.key, path))
    held = (found.cert, *found.additional_certs)
    encoding = serialization.Encoding.DER
    ders = (entry.certificate.public_bytes(encoding) for entry in held if entry is not None)
    return _fitted(signer, tuple(ders))


def _refuse_open_pkcs12(path: Path, data: bytes) -> None:
    """Refuse a file that is no PKCS #12, or whose key is not encrypted (RFC 7292 4.2)."""
    from asn1crypto import pkcs12

    try:
        der.only(data, der.SEQUENCE)
        safes = pkcs12.Pfx.load(data).authenticated_safe
        plain = [safe for safe in safes if safe["content_type"].native == "data"]
        bags = [bag for safe in plain for bag in pkcs12.SafeContents.load(safe["content"].native)]
        kinds = {bag["bag_id"].native for bag in bags}
    except (DerError, ValueError, TypeError, KeyError) as error:
        raise KeyLoadError(f"The key file {path} is not a PKCS #12 file.") from error
    if "key_bag" in kinds:
        raise KeyLoadError(f"The key in {path} is not encrypted.")


def _fitted(signer: Signer, certificates: tuple[bytes, ...]) -> PersonKey:
    """Find the certificate that belongs to the key; the others are its chain."""
    if signer.algorithm == ED25519:
        raise KeyLoadError("People sign with P-256 or RSA keys, not with Ed25519.")
    if not certificates:
        return PersonKey(signer, None, ())
    public = signer.public_key()
    own = next((c for c in certificates if _key_of(c) == public), None)
    if own is None:
        raise KeyLoadError("The certificate does not belong to the key.")
    return PersonKey(signer, own, tuple(c for c in certificates if c != own))


def _key_of(certificate: bytes) -> bytes:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except Exception as error:
        # The parser has several kinds of errors for what it does not know.
        raise KeyLoadError("A certificate beside the key cannot be read.") from error
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _certificates(path: Path, data: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a PEM text, or the one of a DER file."""
    if b"-----BEGIN CERTIFICATE-----" not in data:
        return () if b"-----BEGIN" in data else (data,)
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise KeyLoadError(f"The certificate of {path} cannot be read.") from error
    return tuple(c.public_bytes(serialization.Encoding.DER) for c in found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyLoadError(f"The key file {path} cannot be read: {error.strerror}.") from error
