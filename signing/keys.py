"""Private keys behind one small protocol, so that a token can take the place of a file.

Ed25519 signs checkpoints, P-256 signs everything that has a certificate. People may bring RSA keys
too; whoever signs for the archive checks ``algorithm`` and takes none.
"""

import base64
import binascii
import os
import re
from pathlib import Path
from typing import Literal, Protocol, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from signing import der
from signing.errors import DerError, KeyLoadError, KeyLocked
from signing.signatures import RSA_BITS

ED25519: Literal["ed25519"] = "ed25519"
P256: Literal["ecdsa-p256-sha256"] = "ecdsa-p256-sha256"
RSA: Literal["rsa-pkcs1-sha256"] = "rsa-pkcs1-sha256"
KeyKind = Literal["ed25519", "ecdsa-p256-sha256"]
"""What is generated here; RSA keys are only read."""
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_PRIVATE = re.compile(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)


class Signer(Protocol):
    """Something that signs with one private key."""

    @property
    def algorithm(self) -> str:
        """``ed25519``, ``ecdsa-p256-sha256`` or ``rsa-pkcs1-sha256``."""
        ...

    def public_key(self) -> bytes:
        """Return the raw 32 bytes for Ed25519, else the DER SubjectPublicKeyInfo."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign: 64 bytes for Ed25519, a DER ECDSA-Sig-Value over SHA-256 for P-256.

        For RSA a PKCS #1 v1.5 signature over SHA-256, as long as the modulus.
        """
        ...


class MemorySigner:
    """A signer whose key is in this process's memory."""

    def __init__(self, key: PrivateKey) -> None:
        if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, ec.SECP256R1):
            raise KeyLoadError("The key is on another curve than P-256.")
        if isinstance(key, rsa.RSAPrivateKey) and key.key_size not in RSA_BITS:
            raise KeyLoadError("The RSA key has not 2048 to 8192 bits.")
        self._key = key

    @classmethod
    def generate(cls, kind: KeyKind) -> Self:
        """Make a new key."""
        return cls(_new_key(kind))

    @property
    def algorithm(self) -> str:
        """The algorithm's name, as in ``Signer``."""
        if isinstance(self._key, rsa.RSAPrivateKey):
            return RSA
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
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())
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
        return cls(decrypt_pem(pem, passphrase, path))


def decrypt_pem(pem: bytes, passphrase: str | bytes, path: Path) -> PrivateKey:
    """Open the one encrypted PKCS#8 key of a PEM text, which may hold certificates besides.

    ``path`` is only for the sentence. Raises KeyLocked (passphrase) or KeyLoadError.
    """
    found = _PRIVATE.findall(pem)
    if [label for label, _ in found] != [b"ENCRYPTED PRIVATE KEY"]:
        raise KeyLoadError(f"The key file {path} is not an encrypted PKCS#8 file.")
    secret = _secret(passphrase)
    try:
        data = base64.b64decode(found[0][1])
        der.only(data, der.SEQUENCE)
    except (binascii.Error, DerError) as error:
        raise KeyLoadError(f"The key file {path} is damaged.") from error
    try:
        key = serialization.load_der_private_key(data, secret)
    except ValueError as error:
        # A wrong passphrase and damaged ciphertext cannot be told apart here.
        raise KeyLocked(f"The passphrase does not open the key file {path}.") from error
    except (TypeError, UnsupportedAlgorithm) as error:
        raise KeyLoadError(f"The key in {path} is of a kind that is not supported.") from error
    return supported(key, path)


def supported(key: object, path: Path) -> PrivateKey:
    """Return a key of a kind that a Signer can have. Raises KeyLoadError."""
    if not isinstance(key, PrivateKey):
        raise KeyLoadError(f"The key in {path} is neither Ed25519 nor P-256 nor RSA.")
    return key


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
    write_once(Path(path), pem)
    return FileSigner(key)


def write_once(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Write a file of keys, durable on return, never over another. Raises KeyLoadError."""
    try:
        _write_new(path, data, mode)
    except FileExistsError as error:
        raise KeyLoadError(f"The key file {path} exists already.") from error
    except OSError as error:
        raise KeyLoadError(f"The key file {path} cannot be written: {error.strerror}.") from error


def _new_key(kind: str) -> ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
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


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Create the file exclusively; file and directory are on disk on return."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
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
