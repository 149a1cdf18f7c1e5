"""RFC 3161 timestamps: requests, responses and the strict check of tokens. No network here.

A token is judged at its own genTime. What a general library lets pass (tokens over another hash,
extra key purposes, missing signingCertificateV2, trailing bytes, times in the future) is refused.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from signing import der, signed_data
from signing.certificates import TIME_STAMPING, Certificate
from signing.digest import Digest
from signing.errors import (
    CertificateBad,
    DerError,
    DigestError,
    TimestampBad,
    TimestampUnavailable,
)
from signing.signed_data import StructureBad, need

TST_INFO = "1.2.840.113549.1.9.16.1.4"
DEFAULT_SKEW = timedelta(minutes=5)
IMPRINT_OIDS = {
    "sha256": signed_data.SHA256,
    "sha512": signed_data.SHA512,
    "sm3": "1.2.156.10197.1.401",
}
IMPRINT_NAMES = {oid: name for name, oid in IMPRINT_OIDS.items()}
GRANTED, GRANTED_WITH_MODS, WAITING = 0, 1, 3
TIME_NOT_AVAILABLE, SYSTEM_FAILURE = 14, 25
_MAX_TOKEN = 1 << 20


class Timestamper(Protocol):
    """Somebody who gives timestamps."""

    def timestamp(self, digest: Digest) -> bytes:
        """Return a strictly checked token (DER) over ``digest``.

        Raises TimestampUnavailable (try later) or TimestampBad (the answer is wrong).
        """
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """What a good token says. ``policy`` is a dotted identifier; certificates are DER."""

    gen_time: datetime
    serial: int
    policy: str
    certificate: bytes
    certificates: tuple[bytes, ...]
    imprint: Digest
    nonce: int | None


@dataclass(frozen=True, slots=True)
class _Info:
    """TSTInfo (RFC 3161 2.4.2)."""

    policy: str
    imprint: Digest
    serial: int
    gen_time: datetime
    nonce: int | None


def write_imprint(digest: Digest) -> bytes:
    """Return the DER MessageImprint."""
    name = der.sequence(der.oid(IMPRINT_OIDS[digest.algorithm]))
    return der.sequence(name, der.octets(digest.value))


def read_imprint(element: der.Tlv) -> Digest:
    """Read a MessageImprint. Raises DerError or DigestError."""
    members = der.fields(element.body)
    name = IMPRINT_NAMES.get(der.algorithm(members.take(der.SEQUENCE)))
    value = members.take(der.OCTET_STRING).body
    members.end()
    if name is None:
        raise DigestError("The imprint's digest algorithm is not accepted.")
    return Digest(name, value)


def build_request(digest: Digest, nonce: int, policy: str | None = None) -> bytes:
    """Return a DER TimeStampReq that asks for the authority's certificate (RFC 3161 2.4.1)."""
    wanted = b"" if policy is None else der.oid(policy)
    return der.sequence(der.integer(1), write_imprint(digest), wanted, der.integer(nonce), der.TRUE)


def read_response(
    response: bytes,
    *,
    digest: Digest,
    nonce: int,
    policies: Collection[str] | None,
    now: datetime,
    skew: timedelta = DEFAULT_SKEW,
) -> bytes:
    """Return the checked token out of a DER TimeStampResp (RFC 3161 2.4.2).

    Raises TimestampUnavailable when the authority says that it cannot now, else TimestampBad.
    """
    if len(response) > _MAX_TOKEN:
        raise TimestampBad("The timestamp response is larger than 1 MiB.")
    try:
        members = der.fields(der.only(response, der.SEQUENCE).body)
        status, failures = _read_status(members.take(der.SEQUENCE))
        token = members.maybe(der.SEQUENCE)
        members.end()
    except DerError as error:
        raise TimestampBad(f"The timestamp response cannot be read: {error}") from error
    if status == WAITING or failures & {TIME_NOT_AVAILABLE, SYSTEM_FAILURE}:
        raise TimestampUnavailable("The timestamp authority says that it cannot answer now.")
    if status not in (GRANTED, GRANTED_WITH_MODS) or failures:
        raise TimestampBad(f"The timestamp authority refused the request with status {status}.")
    if token is None:
        raise TimestampBad("The timestamp response has no token.")
    check_token(token.raw, digest=digest, nonce=nonce, policies=policies, now=now, skew=skew)
    return token.raw


def _read_status(element: der.Tlv) -> tuple[int, set[int]]:
    """Return PKIStatus and the set bits of PKIFailureInfo."""
    members = der.fields(element.body)
    status = der.unsigned(members.take(der.INTEGER))
    members.maybe(der.SEQUENCE)
    bits = members.maybe(der.BIT_STRING)
    members.end()
    if bits is None:
        return status, set()
    if not bits.body or bits.body[0] > 7:
        raise DerError("A bit string is malformed.")
    content = bits.body[1:]
    return status, {n for n in range(len(content) * 8) if content[n // 8] & 0x80 >> n % 8}


def check_token(
    token: bytes,
    *,
    digest: Digest | None,
    nonce: int | None = None,
    policies: Collection[str] | None = None,
    now: datetime | None = None,
    skew: timedelta = DEFAULT_SKEW,
) -> Token:
    """Check a DER token in everything but the certificate path, which ``signing.paths`` judges.

    ``None`` leaves out a comparison: the digest, nonce or policy asked for, or the present time
    that genTime may be ahead of by ``skew``. Raises TimestampBad with one sentence per reason.
    """
    try:
        parsed = signed_data.parse(token)
        need(parsed.version == 3, "The version is not 3.")
        need(parsed.content_type == TST_INFO, "The content is no TSTInfo.")
        content = parsed.content
        if content is None:
            raise StructureBad("The token has no content.")
        info = _read_info(content)
        certificate = signed_data.verify(parsed, content)
        _check_certificate(certificate, info.gen_time)
        need(digest in (None, info.imprint), "The token is over another digest.")
        need(nonce in (None, info.nonce), "The token has another nonce or none.")
        need(policies is None or info.policy in policies, "The token has another policy.")
        need(now is None or info.gen_time <= now + skew, "The token's time is in the future.")
    except (DerError, DigestError, StructureBad, CertificateBad) as error:
        raise TimestampBad(f"The timestamp token is not acceptable: {error}") from error
    return Token(
        gen_time=info.gen_time,
        serial=info.serial,
        policy=info.policy,
        certificate=certificate.der,
        certificates=parsed.certificates,
        imprint=info.imprint,
        nonce=info.nonce,
    )


def _read_info(content: bytes) -> _Info:
    members = der.fields(der.only(content, der.SEQUENCE).body)
    need(der.unsigned(members.take(der.INTEGER)) == 1, "The version of TSTInfo is not 1.")
    policy = der.oid_text(members.take(der.OID_TAG).body)
    imprint = read_imprint(members.take(der.SEQUENCE))
    serial = der.unsigned(members.take(der.INTEGER))
    gen_time = der.read_time(members.take(der.GENERALIZED_TIME))
    members.maybe(der.SEQUENCE)
    ordering = members.maybe(der.BOOLEAN)
    need(ordering is None or ordering.raw == der.TRUE, "The ordering field is not in DER form.")
    nonce = members.maybe(der.INTEGER)
    members.maybe(0xA0)
    extensions = members.maybe(0xA1)
    members.end()
    if extensions is not None:
        _check_extensions(extensions)
    return _Info(policy, imprint, serial, gen_time, None if nonce is None else der.unsigned(nonce))


def _check_extensions(element: der.Tlv) -> None:
    """Refuse critical extensions: none is known here (RFC 3161 2.4.2)."""
    for item in der.split(element.body):
        members = der.fields(item.body)
        members.take(der.OID_TAG)
        need(members.maybe(der.BOOLEAN) is None, "The token has a critical extension.")


def _check_certificate(certificate: Certificate, gen_time: datetime) -> None:
    """Check what RFC 3161 2.3 asks of the authority's own certificate."""
    need(
        certificate.extended_usage == (TIME_STAMPING,) and certificate.extended_usage_critical,
        "The authority's certificate has not timeStamping as its one critical purpose.",
    )
    need(not certificate.is_authority, "The authority's certificate is a CA's.")
    need(certificate.usage_allows_signing, "The authority's key is not for signatures.")
    need(certificate.valid_at(gen_time), "The authority's certificate was not valid at genTime.")
