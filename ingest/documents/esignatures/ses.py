"""The value of an OFD signature: an electronic seal's (GB/T 38540, GM/T 0031) or a plain one.

    value = read(data)
    value.certificate, value.stated_at, value.digest, value.signed, value.signature

What is signed stands in it byte for byte, so nothing is encoded anew before it is checked.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, core, parser, x509


@dataclass(frozen=True, slots=True)
class Value:
    """`digest` is what it says of Signature.xml; `algorithm` the identifier of the signature."""

    kind: str
    certificate: Any
    stated_at: datetime | None
    digest: bytes | None
    signed: bytes
    signature: bytes
    algorithm: str
    signed_data: Any = None
    """A CMS, which says by itself what is signed; then the three before it are empty."""
    others: tuple[Any, ...] = ()
    """Certificates that came along."""


class NoCertificate(ValueError):
    """Nobody can tell whose it is."""


def alone(data: bytes) -> bool:
    """Whether it is one sequence of ASN.1 and nothing besides, so no part of a document."""
    try:
        return bool(parser.parse(data, strict=True)[2] == core.Sequence.tag)
    except ValueError:
        return False


def read(data: bytes) -> Value:
    """Take it apart; ValueError for what is none of the known forms."""
    parts = _parts(data)
    if len(parts) >= 2 and parts[0][0] == core.ObjectIdentifier.tag:
        content = cms.ContentInfo.load(data)["content"]
        return _of_cms(content)
    if len(parts) >= 4 and parts[1][0] == core.OctetString.tag:
        return _seal_v4(parts)
    if len(parts) == 2 and parts[1][0] == core.BitString.tag:
        return _seal_v1(parts)
    raise ValueError("no known form of a signature value")


def _seal_v4(parts: list[tuple[int, bytes, bytes]]) -> Value:
    """GB/T 38540-2020: toSign, cert, signatureAlgID, signature, perhaps a timestamp."""
    inner = _parts(parts[0][1])
    return Value(
        "e_seal",
        x509.Certificate.load(core.OctetString.load(parts[1][1]).native),
        _moment(inner),
        _digest_of(inner),
        parts[0][1],
        _bits(parts[3][1]),
        core.ObjectIdentifier.load(parts[2][1]).dotted,
    )


def _seal_v1(parts: list[tuple[int, bytes, bytes]]) -> Value:
    """GM/T 0031-2014: certificate and algorithm stand among what is signed."""
    inner = _parts(parts[0][1])
    certificates = [one for one in inner if one[0] == core.OctetString.tag]
    algorithms = [one for one in inner if one[0] == core.ObjectIdentifier.tag]
    return Value(
        "e_seal",
        x509.Certificate.load(core.OctetString.load(certificates[-1][1]).native),
        _moment(inner),
        _digest_of(inner),
        parts[0][1],
        _bits(parts[1][1]),
        core.ObjectIdentifier.load(algorithms[-1][1]).dotted,
    )


def _of_cms(signed_data: Any) -> Value:
    """GB/T 35275, and what is like it; NoCertificate where the signer's own did not come along."""
    from pyhanko.sign.general import CMSExtractionError, extract_certificate_info

    try:
        info = extract_certificate_info(signed_data)
    except CMSExtractionError as error:
        raise NoCertificate from error
    others = tuple(info.other_certs)
    return Value("signature", info.signer_cert, None, None, b"", b"", "", signed_data, others)


def _parts(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """(tag, whole encoding, content) of what a sequence holds; ValueError for anything else."""
    _, constructed, tag, _, contents, _ = parser.parse(data)
    if tag != core.Sequence.tag or constructed != 1:
        raise ValueError("a sequence was expected")
    place, found = 0, []
    while place < len(contents):
        class_, _, tag, head, inside, tail = parser.parse(contents[place:])
        whole = head + inside + tail
        found.append((tag if class_ == 0 else -1, whole, inside))
        place += len(whole)
    return found


def _moment(inner: list[tuple[int, bytes, bytes]]) -> datetime | None:
    """timeInfo: a GeneralizedTime, or (before 2020) a bit string that holds a text or a token."""
    for tag, whole, _ in inner:
        if tag == core.GeneralizedTime.tag:
            found = core.GeneralizedTime.load(whole).native
            return found if isinstance(found, datetime) else None
        if tag == core.UTCTime.tag:
            found = core.UTCTime.load(whole).native
            return found if isinstance(found, datetime) else None
    bits = [_bits(whole) for tag, whole, _ in inner if tag == core.BitString.tag]
    return _of_text(bits[0]) if len(bits) > 1 else None


def _of_text(data: bytes) -> datetime | None:
    text = data.decode("ascii", "replace").strip("\0 ")
    for form in ("%Y%m%d%H%M%SZ", "%y%m%d%H%M%SZ"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _digest_of(inner: list[tuple[int, bytes, bytes]]) -> bytes | None:
    """dataHash: the last bit string (the one before may be the time)."""
    bits = [_bits(whole) for tag, whole, _ in inner if tag == core.BitString.tag]
    return bits[-1] if bits else None


def _bits(whole: bytes) -> bytes:
    """The bytes of a bit string without unused bits."""
    return bytes(core.Asn1Value.load(whole).contents[1:])
