"""Private keys behind one small protocol, so that a token can take the place of a file.

Two kinds: Ed25519 signs checkpoints, P-256 signs everything that has a certificate.
"""

import os
from pathlib import Path
from typing import Literal, Protocol, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from signing.errors import KeyLoadError, KeyLocked

ED25519: Literal["ed25519"] = "ed25519"
P256: Literal["ecdsa-p256-sha256"] = "ecdsa-p256-sha256"
KeyKind = Literal["ed25519", "ecdsa-p256-sha256"]
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class Signer(Protocol):
    """Something that signs with one private key."""

    @property
    def algorithm(self) -> str:
        """``ed25519`` or ``ecdsa-p256-sha256``."""
        ...

    def public_key(self) -> bytes:
        """Return the raw 32 bytes for Ed25519, the DER SubjectPublicKeyInfo for P-256."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign: 64 bytes for Ed25519, a DER ECDSA-Sig-Value over SHA-256 for P-256."""
        ...


class MemorySigner:
    """A signer whose key is in this process's memory."""

    def __init__(self, key: PrivateKey) -> None:
        if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, ec.SECP256R1):
            raise KeyLoadError("The key is on another curve than P-256.")
        self._key = key

    @classmethod
    def generate(cls, kind: KeyKind) -> Self:
        """Make a new key."""
        return cls(_new_key(kind))

    @property
    def algorithm(self) -> str:
        """The algorithm's name, as in ``Signer``."""
        return ED25519 if isinstance(self._key, ed25519.Ed25519PrivateKey) else P256

    def public_key(self) -> bytes:
        """Return the public key, as in ``Signer``."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.public_key().public_bytes_raw()
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, data: bytes) -> bytes:
        """Sign ``data``, as in ``Signer``."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))


class FileSigner(MemorySigner):
    """A signer whose key was read from an encrypted PKCS#8 file."""

    @classmethod
    def load(cls, path: Path, passphrase: str | bytes) -> Self:
        """Open a key file. Raises KeyLocked (passphrase) or KeyLoadError (everything else)."""
        try:
            pem = Path(path).read_bytes()
        except OSError as error:
            raise KeyLoadError(f"The key file {path} cannot be read: {error.strerror}.") from error
        if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" not in pem:
            raise KeyLoadError(f"The key file {path} is not an encrypted PKCS#8 file.")
        try:
            key = serialization.load_pem_private_key(pem, _secret(passphrase))
        except (ValueError, UnsupportedAlgorithm) as error:
            # A wrong passphrase and damaged ciphertext cannot be told apart here.
            raise KeyLocked(f"The passphrase does not open the key file {path}.") from error
        if not isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
            raise KeyLoadError(f"The key in {path} is neither Ed25519 nor P-256.")
        return cls(key)


def generate(kind: KeyKind, path: Path, passphrase: str | bytes) -> FileSigner:
    """Make a key and store it encrypted, mode 0600, durable on return; never over a file.

    Raises KeyLoadError for an existing file or a failed write.
    """
    key = _new_key(kind)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_secret(passphrase)),
    )
    try:
        _write_new(Path(path), pem)
    except FileExistsError as error:
        raise KeyLoadError(f"The key file {path} exists already.") from error
    except OSError as error:
        raise KeyLoadError(f"The key file {path} cannot be written: {error.strerror}.") from error
    return FileSigner(key)


def _new_key(kind: str) -> PrivateKey:
    if kind == ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if kind == P256:
        return ec.generate_private_key(ec.SECP256R1())
    raise KeyLoadError(f"Keys of kind {kind!r} are not supported.")


def _secret(passphrase: str | bytes) -> bytes:
    secret = passphrase.encode("utf-8") if isinstance(passphrase, str) else passphrase
    if not secret:
        raise KeyLoadError("A key file needs a passphrase that is not empty.")
    return secret


def _write_new(path: Path, data: bytes) -> None:
    """Create the file exclusively; file and directory are on disk on return."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(path.parent)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
