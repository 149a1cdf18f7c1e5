"""Certificates as values: the fields that checks look at, parsed once per certificate."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import der
from signing.errors import CertificateBad

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING.dotted_string


@dataclass(frozen=True, slots=True)
class Certificate:
    """What one certificate says. ``issuer``, ``serial`` and ``subject`` are its raw DER."""

    der: bytes
    issuer: bytes
    serial: bytes
    subject: bytes
    serial_number: int
    not_before: datetime
    not_after: datetime
    public_key: CertificatePublicKeyTypes
    is_authority: bool
    may_sign: bool
    """keyUsage is present and has digitalSignature or nonRepudiation."""
    usage_allows_signing: bool
    """As ``may_sign``, or there is no keyUsage."""
    extended_usage: tuple[str, ...] | None
    extended_usage_critical: bool

    def valid_at(self, moment: datetime) -> bool:
        """Tell whether ``moment`` lies within the validity."""
        return self.not_before <= moment <= self.not_after


@lru_cache(maxsize=1024)
def load_certificate(data: bytes) -> Certificate:
    """Parse a DER certificate. Raises CertificateBad."""
    try:
        issuer, serial, subject = _raw_names(data)
        parsed = x509.load_der_x509_certificate(data)
        extensions = parsed.extensions
        public_key = parsed.public_key()
    except Exception as error:
        # The parser has many kinds of errors for hostile bytes; all of them mean the same here.
        raise CertificateBad("A certificate cannot be read.") from error
    usage = _find(extensions, x509.KeyUsage)
    extended = _find(extensions, x509.ExtendedKeyUsage)
    constraints = _find(extensions, x509.BasicConstraints)
    may_sign = usage is not None and (
        usage.value.digital_signature or usage.value.content_commitment
    )
    return Certificate(
        der=data,
        issuer=issuer,
        serial=serial,
        subject=subject,
        serial_number=parsed.serial_number,
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        public_key=public_key,
        is_authority=constraints is not None and constraints.value.ca,
        may_sign=may_sign,
        usage_allows_signing=may_sign or usage is None,
        extended_usage=None
        if extended is None
        else tuple(item.dotted_string for item in extended.value),
        extended_usage_critical=extended is not None and extended.critical,
    )


def _find(extensions: x509.Extensions, kind: type[_Kind]) -> x509.Extension[_Kind] | None:
    try:
        return extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _raw_names(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return issuer, serial number and subject as they are encoded (RFC 5280 4.1)."""
    whole = der.fields(der.only(data, der.SEQUENCE).body)
    members = der.fields(whole.take(der.SEQUENCE).body)
    members.maybe(0xA0)
    serial = members.take(der.INTEGER).raw
    members.take(der.SEQUENCE)
    issuer = members.take(der.SEQUENCE).raw
    members.take(der.SEQUENCE)
    return issuer, serial, members.take(der.SEQUENCE).raw
