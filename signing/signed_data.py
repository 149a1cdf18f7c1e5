"""The part of CMS (RFC 5652) that seals and timestamp tokens share, read strictly from raw DER.

Exactly one signer, named by issuer and serial number, with signed attributes; its certificate is in
the structure and is the one that signingCertificateV2 (RFC 5035) commits to. Certificate paths are
not judged here.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing import der
from signing.certificates import Certificate, load_certificate
from signing.errors import EvidenceBad

CONTENT_TYPE = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
SIGNING_TIME = "1.2.840.113549.1.9.5"
ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
SIGNED_DATA = "1.2.840.113549.1.7.2"
SHA256, SHA384, SHA512 = (f"2.16.840.1.101.3.4.2.{n}" for n in (1, 2, 3))
HASH_NAMES = {SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_ECDSA = {
    ECDSA_SHA256: hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
}
_RSA = {
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
}
_RSA_BY_DIGEST = {SHA256: hashes.SHA256(), SHA384: hashes.SHA384(), SHA512: hashes.SHA512()}
_MIN_RSA_BITS = 2048


class StructureBad(EvidenceBad):
    """What is wrong with the structure; callers turn it into their own error."""


def need(condition: object, sentence: str) -> None:
    """Raise StructureBad with this sentence unless the condition holds."""
    if not condition:
        raise StructureBad(sentence)


@dataclass(frozen=True, slots=True)
class SignedData:
    """One parsed SignedData with its one signer. Nothing in it is verified yet."""

    version: int
    digest_algorithms: tuple[str, ...]
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    has_crls: bool
    issuer: bytes
    serial: bytes
    digest_algorithm: str
    attributes: dict[str, der.Tlv]
    attributes_der: bytes
    """The signed attributes with the SET OF tag, that is the bytes that are signed."""
    signature_algorithm: str
    signature: bytes
    has_unsigned_attributes: bool


def parse(data: bytes) -> SignedData:
    """Read a ContentInfo with SignedData. Raises DerError or StructureBad."""
    outer = der.fields(der.only(data, der.SEQUENCE).body)
    need(der.oid_text(outer.take(der.OID_TAG).body) == SIGNED_DATA, "It is no CMS SignedData.")
    inner = der.only(outer.take(0xA0).body, der.SEQUENCE)
    outer.end()
    members = der.fields(inner.body)
    version = der.unsigned(members.take(der.INTEGER))
    digests = tuple(der.algorithm(item) for item in der.split(members.take(der.SET).body))
    content_type, content = _content(members.take(der.SEQUENCE))
    certificates = _certificates(members.maybe(0xA0))
    crls = members.maybe(0xA1)
    signers = der.split(members.take(der.SET).body)
    members.end()
    need(len(signers) == 1 and signers[0].tag == der.SEQUENCE, "There is not exactly one signer.")
    signer = der.fields(signers[0].body)
    need(der.unsigned(signer.take(der.INTEGER)) == 1, "The signer is not named by its issuer.")
    sid = der.fields(signer.take(der.SEQUENCE).body)
    issuer, serial = sid.take(der.SEQUENCE).raw, sid.take(der.INTEGER).raw
    sid.end()
    digest_algorithm = der.algorithm(signer.take(der.SEQUENCE))
    attributes = signer.take(0xA0)
    signature_algorithm = der.algorithm(signer.take(der.SEQUENCE))
    signature = signer.take(der.OCTET_STRING).body
    unsigned = signer.maybe(0xA1)
    signer.end()
    return SignedData(
        version=version,
        digest_algorithms=digests,
        content_type=content_type,
        content=content,
        certificates=certificates,
        has_crls=crls is not None,
        issuer=issuer,
        serial=serial,
        digest_algorithm=digest_algorithm,
        attributes=_attributes(attributes.body),
        attributes_der=b"\x31" + attributes.raw[1:],
        signature_algorithm=signature_algorithm,
        signature=signature,
        has_unsigned_attributes=unsigned is not None,
    )


def _content(element: der.Tlv) -> tuple[str, bytes | None]:
    members = der.fields(element.body)
    content_type = der.oid_text(members.take(der.OID_TAG).body)
    wrapped = members.maybe(0xA0)
    members.end()
    content = None if wrapped is None else der.only(wrapped.body, der.OCTET_STRING).body
    return content_type, content


def _certificates(element: der.Tlv | None) -> tuple[bytes, ...]:
    if element is None:
        return ()
    found = der.split(element.body)
    need(
        all(item.tag == der.SEQUENCE for item in found), "It carries a certificate of another kind."
    )
    raw = tuple(item.raw for item in found)
    need(len(set(raw)) == len(raw), "It carries a certificate twice.")
    return raw


def _attributes(body: bytes) -> dict[str, der.Tlv]:
    """Return the one value of every signed attribute by its identifier."""
    found: dict[str, der.Tlv] = {}
    for item in der.split(body):
        need(item.tag == der.SEQUENCE, "A signed attribute is malformed.")
        members = der.fields(item.body)
        name = der.oid_text(members.take(der.OID_TAG).body)
        values = der.split(members.take(der.SET).body)
        members.end()
        need(name not in found, "A signed attribute stands there twice.")
        need(len(values) == 1, "A signed attribute has not exactly one value.")
        found[name] = values[0]
    return found


def verify(parsed: SignedData, content: bytes) -> Certificate:
    """Check attributes and signature over ``content``; return the signer's certificate.

    RFC 5652 5.4 and 11, RFC 5035 5.4. Raises DerError, StructureBad or CertificateBad.
    """
    digest_name = HASH_NAMES.get(parsed.digest_algorithm)
    need(digest_name, "The digest algorithm is not accepted.")
    need(parsed.digest_algorithm in parsed.digest_algorithms, "The digest algorithm is not listed.")
    attributes = parsed.attributes
    kind = _attribute(
        attributes, CONTENT_TYPE, der.OID_TAG, "The contentType attribute is missing."
    )
    need(der.oid_text(kind.body) == parsed.content_type, "The contentType attribute differs.")
    digest = _attribute(
        attributes, MESSAGE_DIGEST, der.OCTET_STRING, "The messageDigest attribute is missing."
    )
    need(
        digest.body == hashlib.new(str(digest_name), content).digest(),
        "The messageDigest attribute is not the digest of the content.",
    )
    certificate = _signer_certificate(parsed)
    value = _attribute(
        attributes,
        SIGNING_CERTIFICATE_V2,
        der.SEQUENCE,
        "The signingCertificateV2 attribute is missing.",
    )
    _check_commitment(value, certificate)
    _check_protection(parsed)
    _check_signature(parsed, certificate)
    return certificate


def _attribute(attributes: dict[str, der.Tlv], name: str, tag: int, missing: str) -> der.Tlv:
    value = attributes.get(name)
    if value is None or value.tag != tag:
        raise StructureBad(missing)
    return value


def _signer_certificate(parsed: SignedData) -> Certificate:
    pool = (load_certificate(raw) for raw in parsed.certificates)
    mine = [c for c in pool if c.issuer == parsed.issuer and c.serial == parsed.serial]
    need(len(mine) == 1, "It does not carry exactly one certificate of its signer.")
    return mine[0]


def _check_commitment(value: der.Tlv, certificate: Certificate) -> None:
    """Check that the first ESSCertIDv2 names the signer's certificate (RFC 5035 5.4.1)."""
    members = der.fields(value.body)
    listed = der.split(members.take(der.SEQUENCE).body)
    members.maybe(der.SEQUENCE)
    members.end()
    need(listed and listed[0].tag == der.SEQUENCE, "The signingCertificateV2 attribute is empty.")
    first = der.fields(listed[0].body)
    algorithm = first.maybe(der.SEQUENCE)
    name = HASH_NAMES.get(SHA256 if algorithm is None else der.algorithm(algorithm))
    need(name, "The signingCertificateV2 attribute uses a digest that is not accepted.")
    need(
        first.take(der.OCTET_STRING).body == hashlib.new(str(name), certificate.der).digest(),
        "The signingCertificateV2 attribute names another certificate.",
    )
    issuer_serial = first.maybe(der.SEQUENCE)
    first.end()
    if issuer_serial is not None:
        wanted = der.sequence(der.sequence(der.tlv(0xA4, certificate.issuer)), certificate.serial)
        need(
            issuer_serial.raw == wanted, "The signingCertificateV2 attribute names another issuer."
        )


def _check_protection(parsed: SignedData) -> None:
    """Compare cmsAlgorithmProtection where it is present (RFC 6211 2)."""
    value = parsed.attributes.get(ALGORITHM_PROTECTION)
    if value is None:
        return
    need(value.tag == der.SEQUENCE, "The cmsAlgorithmProtection attribute is malformed.")
    members = der.fields(value.body)
    digest = der.algorithm(members.take(der.SEQUENCE))
    signature = der.algorithm(members.take(0xA1), 0xA1)
    members.end()
    need(
        digest == parsed.digest_algorithm and signature == parsed.signature_algorithm,
        "The cmsAlgorithmProtection attribute names other algorithms.",
    )


def _check_signature(parsed: SignedData, certificate: Certificate) -> None:
    key, name, data = certificate.public_key, parsed.signature_algorithm, parsed.attributes_der
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and name in _ECDSA:
            key.verify(parsed.signature, data, ec.ECDSA(_ECDSA[name]))
            return
        scheme = _RSA.get(name)
        if name == RSA_ENCRYPTION:
            scheme = _RSA_BY_DIGEST[parsed.digest_algorithm]
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS and scheme:
            key.verify(parsed.signature, data, padding.PKCS1v15(), scheme)
            return
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise StructureBad("The signature does not hold.") from error
    raise StructureBad("The signature algorithm is not accepted for the signer's key.")
