"""Detached CMS signatures over checkpoints: CAdES-B-B, ECDSA P-256 with SHA-256.

pyHanko makes them; ``verify_detached`` checks them on raw DER, strictly and much faster than a
general validator. Whether the certificate is to be trusted is ``signing.paths``'s question.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from cryptography.hazmat.primitives.asymmetric import ec

from signing import der, signed_data
from signing.certificates import Certificate
from signing.errors import CertificateBad, DerError, SignatureBad
from signing.keys import P256, Signer
from signing.signed_data import SignedData, StructureBad, need

if TYPE_CHECKING:
    from pyhanko.sign.signers.pdf_cms import Signer as PyHankoSigner

_ID_DATA = "1.2.840.113549.1.7.1"


@dataclass(frozen=True, slots=True)
class CmsSignature:
    """What a good signature says: the signer's certificate, all carried ones (DER), its claim."""

    certificate: bytes
    certificates: tuple[bytes, ...]
    signing_time: datetime


def sign_detached(
    data: bytes,
    signer: Signer,
    certificate: bytes,
    chain: Sequence[bytes],
    signing_time: datetime,
) -> bytes:
    """Return a DER ContentInfo that signs ``data`` without holding it.

    ``certificate`` and ``chain`` are DER; self-signed certificates are left out. The result is
    checked with ``verify_detached`` before it is returned. Raises SignatureBad. Runs an event loop
    of its own, so it cannot be called from inside one.
    """
    if signer.algorithm != P256:
        raise SignatureBad("Seals are signed with P-256 keys only.")
    # Imported late like pyHanko below: who only checks signatures needs neither.
    import asyncio

    signature = asyncio.run(_sign(data, signer, certificate, chain, signing_time))
    verify_detached(signature, data)
    return signature


async def _sign(
    data: bytes,
    signer: Signer,
    certificate: bytes,
    chain: Sequence[bytes],
    signing_time: datetime,
) -> bytes:
    # pyHanko takes 0.4 s to import, and only commands that seal need it.
    from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes

    settings = PdfCMSSignedAttributes(signing_time=signing_time.replace(microsecond=0))
    made = await _pyhanko_signer(signer, certificate, chain).async_sign_general_data(
        data, "sha256", detached=True, use_cades=True, signed_attr_settings=settings
    )
    encoded: bytes = made.dump()
    return encoded


def _pyhanko_signer(signer: Signer, certificate: bytes, chain: Sequence[bytes]) -> "PyHankoSigner":
    """Give our signer pyHanko's shape."""
    # Imported here for the reason given in _sign.
    from asn1crypto import algos, x509
    from pyhanko.sign.signers.pdf_cms import Signer as PyHankoBase
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    class Adapter(PyHankoBase):
        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,  # noqa: ARG002 - pyHanko's signature
            dry_run: bool = False,  # noqa: FBT001, FBT002 - likewise
        ) -> bytes:
            # A DER ECDSA-Sig-Value over P-256 has at most 72 bytes.
            return bytes(72) if dry_run else signer.sign(data)

    store: Any = cast(Any, SimpleCertificateStore)()
    store.register_multiple([x509.Certificate.load(c) for c in chain if c != certificate])
    return Adapter(
        signing_cert=x509.Certificate.load(certificate),
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        cert_registry=store,
        embed_roots=False,
    )


def verify_detached(cms: bytes, data: bytes) -> CmsSignature:
    """Check a seal's signature over ``data`` in everything but the certificate path.

    Raises SignatureBad with one sentence per reason.
    """
    try:
        parsed = signed_data.parse(cms)
        _check_profile(parsed)
        certificate = signed_data.verify(parsed, data)
        _check_certificate(certificate)
        time = parsed.attributes.get(signed_data.SIGNING_TIME)
        if time is None:
            raise StructureBad("The signingTime attribute is missing.")
        return CmsSignature(certificate.der, parsed.certificates, der.read_time(time))
    except (DerError, StructureBad, CertificateBad) as error:
        raise SignatureBad(f"The CMS signature is not acceptable: {error}") from error


def _check_profile(parsed: SignedData) -> None:
    """Check what the seal's format fixes beyond CMS itself."""
    need(parsed.version == 1, "The version is not 1.")
    need(parsed.content_type == _ID_DATA, "The content type is not data.")
    need(parsed.content is None, "It holds content, but must be detached.")
    need(parsed.digest_algorithms == (signed_data.SHA256,), "The digest is not SHA-256.")
    need(
        parsed.signature_algorithm == signed_data.ECDSA_SHA256,
        "The signature algorithm is not ECDSA with SHA-256.",
    )
    # Nothing unsigned may stand in a seal: no checker would read it.
    need(not parsed.has_unsigned_attributes, "It has unsigned attributes.")
    need(not parsed.has_crls, "It carries CRLs.")


def _check_certificate(certificate: Certificate) -> None:
    key = certificate.public_key
    on_curve = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    need(on_curve, "The signer's key is not on P-256.")
    need(certificate.may_sign, "The signer's certificate is not for signatures.")
    need(not certificate.is_authority, "The signer's certificate is a CA's.")
    need(
        certificate.extended_usage is None,
        "The signer's certificate is a timestamp authority's or a person's, not for seals.",
    )
