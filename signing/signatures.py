"""Signatures of people over plain bytes, checked with the key of a certificate.

The two kinds are those of ``docs/formats.md`` §11: ECDSA on P-256 with SHA-256 (a DER
ECDSA-Sig-Value) and RSA PKCS #1 v1.5 with SHA-256. Nothing here says whose certificate it is or
whether it was valid; that is for ``signing.person_paths``.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing.certificates import load_certificate
from signing.errors import CertificateBad, SignatureBad

RSA_BITS = range(2048, 8192 + 1)
PersonPublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def check_signature(certificate_der: bytes, data: bytes, signature: bytes) -> None:
    """Check a signature over ``data`` with the certificate's key.

    Raises CertificateBad (no certificate, or a key of another kind) or SignatureBad.
    """
    key = signing_key(load_certificate(certificate_der).public_key)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise SignatureBad("The signature does not hold under the certificate's key.") from error


def signing_key(key: object) -> PersonPublicKey:
    """Return a public key if people may sign with its kind. Raises CertificateBad."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_BITS:
        return key
    raise CertificateBad("The key is neither P-256 nor RSA of 2048 to 8192 bits.")
