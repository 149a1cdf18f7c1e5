"""The little DER (X.690) that signatures and timestamps need: strict reading, exact writing.

Only low tag numbers and definite, shortest lengths are read; everything else raises DerError.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from signing.errors import DerError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL_TAG, OID_TAG, UTF8 = 1, 2, 3, 4, 5, 6, 12
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
TRUE = b"\x01\x01\xff"
NULL = b"\x05\x00"
_MAX_LENGTH_BYTES = 4


class Tlv(NamedTuple):
    """One element: its tag byte, all its bytes, and its content's bytes."""

    tag: int
    raw: bytes
    body: bytes


def tlv(tag: int, *parts: bytes) -> bytes:
    """Write one element around the joined parts."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def sequence(*parts: bytes) -> bytes:
    """Write a SEQUENCE."""
    return tlv(SEQUENCE, *parts)


def set_of(*parts: bytes) -> bytes:
    """Write a SET OF, sorted as DER asks (X.690 11.6)."""
    return tlv(SET, *sorted(parts))


def integer(value: int) -> bytes:
    """Write an INTEGER that is not negative."""
    if value < 0:
        raise DerError("Negative integers are not written.")
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """Write an OCTET STRING."""
    return tlv(OCTET_STRING, value)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER. Raises DerError for text that is none."""
    try:
        first, second, *rest = (int(arc) for arc in dotted.split("."))
    except ValueError as error:
        raise DerError("An object identifier is at least two numbers with dots.") from error
    body = b"".join(_base128(arc) for arc in (first * 40 + second, *rest))
    whole = tlv(OID_TAG, body)
    if first > 2 or (first < 2 and second > 39) or oid_text(body) != dotted:
        raise DerError("The text is not an object identifier.")
    return whole


def _base128(arc: int) -> bytes:
    if arc < 0:
        raise DerError("The arcs of an object identifier are not negative.")
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(arc & 0x7F | 0x80)
    return bytes(reversed(digits))


@lru_cache(maxsize=256)
def oid_text(body: bytes) -> str:
    """Return the dotted text of an OBJECT IDENTIFIER's content."""
    if not body or body[-1] & 0x80:
        raise DerError("An object identifier is cut short.")
    arcs: list[int] = []
    arc, fresh = 0, True
    for byte in body:
        if fresh and byte == 0x80:
            raise DerError("An object identifier is not in shortest form.")
        arc, fresh = arc << 7 | byte & 0x7F, not byte & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def generalized_time(moment: datetime) -> bytes:
    """Write a GeneralizedTime in UTC, the fraction without trailing zeros (X.690 11.7)."""
    moment = moment.astimezone(UTC)
    fraction = f"{moment.microsecond:06d}".rstrip("0")
    text = moment.strftime("%Y%m%d%H%M%S") + (f".{fraction}" if fraction else "") + "Z"
    return tlv(GENERALIZED_TIME, text.encode("ascii"))


def utc_time(moment: datetime) -> bytes:
    """Write a UTCTime, whole seconds."""
    return tlv(UTC_TIME, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode("ascii"))


def read_time(element: Tlv) -> datetime:
    """Read a UTCTime or GeneralizedTime in DER form; digits beyond microseconds are cut off."""
    text = element.body.decode("ascii", "replace")
    whole, dot, fraction = text.removesuffix("Z").partition(".")
    century = ""
    if element.tag == UTC_TIME:
        # RFC 5280 4.1.2.5.1: years 00 to 49 are 20xx.
        century = "20" if whole[:2] < "50" else "19"
    elif element.tag != GENERALIZED_TIME:
        raise DerError("A time has another type.")
    shape = text.endswith("Z") and whole.isascii() and whole.isdigit()
    good_fraction = fraction.isascii() and fraction.isdigit() and not fraction.endswith("0")
    if not shape or len(century + whole) != 14 or (dot and (century or not good_fraction)):
        raise DerError("A time is not written in DER form.")
    try:
        moment = datetime.strptime(century + whole, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise DerError("A time names no possible moment.") from error
    return moment + timedelta(microseconds=int(fraction[:6].ljust(6, "0")) if dot else 0)


def split(data: bytes) -> list[Tlv]:
    """Read elements one after the other until the end of ``data``."""
    found: list[Tlv] = []
    at, end = 0, len(data)
    while at < end:
        start, stop = _bounds(data, at, end)
        found.append(Tlv(data[at], data[at:stop], data[start:stop]))
        at = stop
    return found


def _bounds(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the content of the element at ``at`` starts and stops."""
    if at + 2 > end or data[at] & 0x1F == 0x1F:
        raise DerError("An element is cut short or has a long tag.")
    length = data[at + 1]
    start = at + 2
    if length >= 0x80:
        count = length & 0x7F
        start += count
        if not 1 <= count <= _MAX_LENGTH_BYTES or start > end:
            raise DerError("An element has an indefinite or impossible length.")
        length = int.from_bytes(data[at + 2 : start], "big")
        if length < 0x80 or data[at + 2] == 0:
            raise DerError("An element's length is not in shortest form.")
    if start + length > end:
        raise DerError("An element is longer than what holds it.")
    return start, start + length


def only(data: bytes, tag: int) -> Tlv:
    """Read exactly one element of this tag, with nothing behind it."""
    elements = split(data)
    if len(elements) != 1 or elements[0].tag != tag:
        raise DerError("One element of another type was expected, with nothing behind it.")
    return elements[0]


def fields(data: bytes) -> "Fields":
    """Read the members of a SEQUENCE content in order."""
    return Fields(split(data))


class Fields:
    """The members of a SEQUENCE, taken one by one; ``end`` refuses what is left."""

    __slots__ = ("_at", "_elements")

    def __init__(self, elements: list[Tlv]) -> None:
        self._elements = elements
        self._at = 0

    def take(self, tag: int) -> Tlv:
        """Return the next member, which must have this tag."""
        found = self.maybe(tag)
        if found is None:
            raise DerError("A member is missing or of another type.")
        return found

    def maybe(self, tag: int) -> Tlv | None:
        """Return the next member if it has this tag."""
        if self._at < len(self._elements) and self._elements[self._at].tag == tag:
            self._at += 1
            return self._elements[self._at - 1]
        return None

    def end(self) -> None:
        """Refuse members that nobody took."""
        if self._at != len(self._elements):
            raise DerError("There are members that do not belong there.")


def unsigned(element: Tlv) -> int:
    """Read an INTEGER that is not negative and in shortest form."""
    body = element.body
    if not body or body[0] & 0x80 or (len(body) > 1 and body[0] == 0 and body[1] < 0x80):
        raise DerError("An integer is negative or not in shortest form.")
    return int.from_bytes(body, "big")


def algorithm(element: Tlv, tag: int = SEQUENCE) -> str:
    """Return the dotted identifier of an AlgorithmIdentifier; parameters absent or NULL."""
    if element.tag != tag:
        raise DerError("An algorithm identifier has another type.")
    members = fields(element.body)
    identifier = oid_text(members.take(OID_TAG).body)
    parameters = members.maybe(NULL_TAG)
    if parameters is not None and parameters.body:
        raise DerError("A NULL has content.")
    members.end()
    return identifier
