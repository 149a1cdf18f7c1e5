"""The usual accession and record.json, each read by one expression: nearly all records have them.

What an expression matches is canonical, to the byte, and passes every check of `archive.entry` or
`archive.record`; whatever it does not match is left to them, and is neither good nor bad.
Keys stand in their order, a text holds only the escapes that canonical JSON writes, numbers have
fifteen digits at most. What no expression can say (NFC, a day that exists) is looked at besides.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from archive.document import (
    EXAMINED,
    MOST_FINDINGS,
    MOST_PARTIES,
    MOST_TEXT,
    NOT_EXAMINED,
    PARTY_ROLES,
)
from archive.errors import FormatError
from archive.pack import PackPlace
from archive.pieces import PIECE_SIZE
from archive.tiles import MAX_ENTRY
from archive.times import parse_time

_RUN = r'[^"\\\x00-\x1f]*'
_ESCAPE = r'\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))'
_TEXT = rf'"{_RUN}(?:{_ESCAPE}{_RUN})*"'
_TIME = r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{6}Z"
_COUNT = r"(?:0|[1-9]\d{0,14})"
_HEX = r"[0-9a-f]{64}"
_ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_SOURCE = r"[A-Za-z0-9._-]{1,64}"
_SHORT = rf'"(?:[^"\\\x00-\x1f]|{_ESCAPE}){{0,{MOST_TEXT}}}"'
_PACK = r"[a-z0-9]{1,16}-\d{4}-\d{16}-[a-z0-9]{1,8}"

_NOTICED = rf'\{{"code":"[A-Z][A-Z0-9_]{{0,63}}","note":{_SHORT}\}}'
_PARTY = rf'\{{"name":{_SHORT},"role":"(?:{"|".join(PARTY_ROLES)})"\}}'
_DOCUMENT = (
    rf'"document":\{{"classification":"(?:{EXAMINED}|{NOT_EXAMINED})","confidence":(?:null|100|[1-9]?\d),'
    rf'"date":(?:null|"(\d{{4}}-\d\d-\d\d)"),'
    rf'"findings":\[(?:{_NOTICED}(?:,{_NOTICED}){{0,{MOST_FINDINGS - 1}}})?\],'
    rf'"language":(?:null|{_SHORT}),"number":(?:null|{_SHORT}),"pages":(?:null|{_COUNT}),'
    rf'"parties":\[(?:{_PARTY}(?:,{_PARTY}){{0,{MOST_PARTIES - 1}}})?\],'
    rf'"puid":(?:null|{_SHORT}),"readable":(?:true|false),"signatures":{_COUNT}\}},'
)
_MAYBE = rf"(?:null|{_TEXT})"
_REGISTER = (
    rf'"register":\{{"clock_offset_ms":(?:null|-?[1-9]\d{{0,14}}|0),"device":{_MAYBE},'
    rf'"kind":{_MAYBE},"officer":{_MAYBE},"unit":{_MAYBE}\}},'
)
_ACCESSION = re.compile(
    rf'\{{"actor":"system/[^"\\\x00-\x1f\x7f/]{{1,64}}","at":"({_TIME})",'
    rf'"body":(\{{"content":\["sha256:{_HEX}","sm3:{_HEX}"\],"first_hash_at":"({_TIME})","office":{_TEXT},'
    rf'"pack":\{{"description":({_COUNT}),"id":"({_PACK})","offset":({_COUNT}),'
    rf'"sidecar":(null|{_COUNT})\}},"received_at":"({_TIME})","record":"sha256:{_HEX}",'
    rf'(?:"retain_until":"({_TIME})",)?"size":({_COUNT}),"source":"(?P<source>{_SOURCE})"\}}),'
    rf'"kind":"record\.accessioned","prev":"sha256:({_HEX})","seq":([1-9]\d{{0,14}}),'
    rf'"stream":"source/(?P=source)","subject":"({_ULID})","v":1\}}',
    re.ASCII,
)
_DESCRIPTION = re.compile(
    rf'\{{"claims":null,"digests":\["(sha256:{_HEX})","(sm3:{_HEX})"\],(?:{_DOCUMENT})?'
    rf'"findings":\[\],"first_hash_at":"({_TIME})",'
    rf'"folder":{_TEXT},"folder_b64":null,"id":"({_ULID})",'
    rf'"media":\{{"by":{_TEXT},"type":{_TEXT}\}},"modified_at":"({_TIME})",'
    rf'"name":{_TEXT},"name_b64":null,"office":"({_RUN})",'
    rf'"pieces":\{{"root":"(sha256:{_HEX})","size":{PIECE_SIZE}\}},"received_at":"({_TIME})",'
    rf'(?:{_REGISTER})?"salt":"[0-9a-f]{{32}}","settle":\{{"lease":(?:true|false),"seconds":{_COUNT}\}},'
    rf'"sidecar":null,"size":({_COUNT}),"software":{_TEXT},"source":"({_SOURCE})",'
    rf'"text":(?:null|\{{"encoding":{_TEXT},"preview":{_TEXT},"title":{_TEXT}\}}),"v":1\}}',
    re.ASCII,
)


class Accession(NamedTuple):
    """A packed record's entry. `body` is its text; `latest` the latest time that it names."""

    at: datetime
    latest: str
    body: str
    pack: str
    place: PackPlace
    source: str
    prev: bytes
    seq: int
    record: str


def read_accession(data: bytes) -> Accession | None:
    """An entry's bytes, if `Entry.parse` and `check_body` would take them and they are usual."""
    text = _plain(data)
    found = _ACCESSION.fullmatch(text) if text is not None else None
    if found is None:
        return None
    (at, body, hashed, length, pack, offset, sidecar, received, until, size, *rest) = found.groups()
    if not (_is_moment(hashed) and _is_moment(received)):
        return None
    try:
        moment = parse_time(at)
        if until is not None:
            parse_time(until)
    except FormatError:
        return None
    end = None if sidecar == "null" else int(sidecar)
    place = PackPlace(int(offset), int(size), int(length), end)
    source, prev, seq, record = rest
    # Times are text of one length, so they compare as text.
    latest = max(at, received, hashed)
    return Accession(
        moment, latest, body, pack, place, source, bytes.fromhex(prev), int(seq), record
    )


def agrees(data: bytes, record: str, body: Mapping[str, Any], root: str) -> bool:
    """Whether record.json is usual, without sidecar, and says what the accession's `body` says.

    `root` is the root over the content's pieces.
    """
    text = _plain(data)
    found = _DESCRIPTION.fullmatch(text) if text is not None else None
    if found is None:
        return False
    first, second, day, *rest = found.groups()
    hashed, named, modified, office, pieces, received, size, source = rest
    return (
        named == record
        and pieces == root
        and "tags" not in body
        and [first, second] == body["content"]
        and (hashed, received) == (body["first_hash_at"], body["received_at"])
        and (source, int(size)) == (body["source"], body["size"])
        and office == body["office"]
        and _is_moment(modified)
        and _is_moment(hashed)
        and _is_moment(received)
        and (day is None or _is_moment(day))
    )


def _plain(data: bytes) -> str | None:
    """The text of bytes in UTF-8 and NFC; of long ones an expression would need much memory."""
    if len(data) > MAX_ENTRY:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if text.isascii() or unicodedata.is_normalized("NFC", text) else None


def _is_moment(text: str) -> bool:
    """Whether there is such a moment, of a text that has the form."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
