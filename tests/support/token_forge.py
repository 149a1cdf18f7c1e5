"""Timestamp responses with one thing wrong, for the table of bad tokens."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from pki_fixture import POLICY_OID, Pki, subject

from signing import authority, der, signed_data
from signing.certificates import load_certificate
from signing.keys import P256, MemorySigner, Signer
from signing.timestamp import TST_INFO

ID_DATA = "1.2.840.113549.1.7.1"
SHA1 = "1.3.14.3.2.26"
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION


@dataclass(frozen=True)
class Forge:
    """Every part of a response; ``replace`` the one that shall be wrong."""

    certificate: bytes
    signer: Signer
    chain: Sequence[bytes]
    imprint: bytes
    gen_time: datetime
    nonce: int | None
    imprint_oid: str = signed_data.SHA256
    policy: str = POLICY_OID
    status: int = 0
    failure: bytes = b""
    tst_version: int = 1
    tst_tail: bytes = b""
    content_attribute: str | None = TST_INFO
    digest_attribute: bytes | None = None
    commitment: bytes | None = None
    with_commitment: bool = True
    extra_attributes: tuple[bytes, ...] = ()
    signer_infos: int = 1
    flip_signature: bool = False
    with_certificates: bool = True
    with_token: bool = True
    cms_version: int = 3
    tail: bytes = b""
    signature_algorithm: str = signed_data.ECDSA_SHA256
    with_null: bool = False

    def but(self, **changes: object) -> "Forge":
        return replace(self, **changes)  # type: ignore[arg-type]

    def info(self) -> bytes:
        return der.sequence(
            der.integer(self.tst_version),
            der.oid(self.policy),
            der.sequence(der.sequence(der.oid(self.imprint_oid)), der.octets(self.imprint)),
            der.integer(77),
            der.generalized_time(self.gen_time),
            b"" if self.nonce is None else der.integer(self.nonce),
            self.tst_tail,
        )

    def attributes(self, info: bytes) -> bytes:
        def attribute(name: str, value: bytes) -> bytes:
            return der.sequence(der.oid(name), der.set_of(value))

        named = self.commitment or hashlib.sha256(self.certificate).digest()
        parts = [
            attribute(
                signed_data.MESSAGE_DIGEST,
                der.octets(self.digest_attribute or hashlib.sha256(info).digest()),
            ),
            *self.extra_attributes,
        ]
        if self.content_attribute is not None:
            parts.append(attribute(signed_data.CONTENT_TYPE, der.oid(self.content_attribute)))
        if self.with_commitment:
            value = der.sequence(der.sequence(der.sequence(der.octets(named))))
            parts.append(attribute(signed_data.SIGNING_CERTIFICATE_V2, value))
        return der.set_of(*parts)

    def token(self) -> bytes:
        info = self.info()
        attributes = self.attributes(info)
        signature = bytearray(self.signer.sign(attributes))
        if self.flip_signature:
            signature[-1] ^= 1
        parsed = load_certificate(self.certificate)
        sha256 = der.sequence(der.oid(signed_data.SHA256))
        signer_info = der.sequence(
            der.integer(1),
            der.sequence(parsed.issuer, parsed.serial),
            sha256,
            b"\xa0" + attributes[1:],
            der.sequence(der.oid(self.signature_algorithm), der.NULL if self.with_null else b""),
            der.octets(bytes(signature)),
        )
        carried = der.tlv(0xA0, *sorted((self.certificate, *self.chain)))
        content = der.sequence(
            der.integer(self.cms_version),
            der.set_of(sha256),
            der.sequence(der.oid(TST_INFO), der.tlv(0xA0, der.octets(info))),
            carried if self.with_certificates else b"",
            der.tlv(der.SET, *[signer_info] * self.signer_infos),
        )
        return der.sequence(der.oid(signed_data.SIGNED_DATA), der.tlv(0xA0, content))

    def response(self) -> bytes:
        status = der.sequence(der.integer(self.status), self.failure)
        return der.sequence(status, self.token() if self.with_token else b"") + self.tail


def forge(pki: Pki, imprint: bytes, nonce: int, gen_time: datetime) -> Forge:
    return Forge(pki.tsa_certificate, pki.tsa_signer, pki.intermediates, imprint, gen_time, nonce)


class RsaSigner:
    """An outside authority's kind of key: RSA with PKCS #1 v1.5 and SHA-256."""

    algorithm = "rsa"

    def __init__(self, bits: int) -> None:
        self.key = rsa.generate_private_key(65537, bits)

    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def rsa_tsa(pki: Pki, bits: int) -> tuple[bytes, RsaSigner]:
    """Return a timestamping certificate for an RSA key, and its signer."""
    signer = RsaSigner(bits)
    issuer = x509.load_der_x509_certificate(pki.issuing.certificate)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject("RSA TSA").name())
        .issuer_name(issuer.subject)
        .public_key(signer.key.public_key())
        .serial_number(pki.serials())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.ExtendedKeyUsage([TIME_STAMPING]), critical=True)
    )
    return authority._signed_certificate(builder, pki.issuing.signer), signer


def tsa_with(
    pki: Pki,
    usages: Sequence[ObjectIdentifier] | None = (TIME_STAMPING,),
    *,
    critical: bool = True,
    is_authority: bool = False,
    days: int = 365,
    digital_signature: bool = True,
) -> tuple[bytes, MemorySigner]:
    """Return a timestamping certificate that is wrong in the given way, and its signer."""
    signer = MemorySigner.generate(P256)
    start = (pki.now - timedelta(hours=1)).replace(microsecond=0)
    validity = authority.Validity(start, start + timedelta(days=days))
    builder = authority._issued(
        pki.issuing, signer.public_key(), subject("TSA"), pki.serials(), validity
    )
    constraints = x509.BasicConstraints(ca=is_authority, path_length=None)
    usage = authority._usage(
        digital_signature=digital_signature, key_cert_sign=is_authority or not digital_signature
    )
    builder = builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)
    if usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(usages)), critical=critical)
    return authority._signed_certificate(builder, pki.issuing.signer), signer
