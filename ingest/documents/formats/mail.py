"""Mail: its main headers, its text parts; attachments by name only (RFC 5322, RFC 2045 to 2047).

The old policy of the library: the new one takes seconds for a header of some hundred kilobytes.
"""

import re
from collections.abc import Iterator
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from typing import BinaryIO

from ingest.documents.codes import EMBEDDED
from ingest.documents.markup import visible
from ingest.documents.reading import DEPTH, Reached, Reading, clean

_HEADERS = ("Subject", "From", "To", "Cc", "Date", "Sensitivity", "Importance")
_JUDGED = ("subject", "sensitivity", "keywords")
_MOST_EXTRA = 50
_MOST = 64 << 20
_MOST_HEADER, _MOST_PARTS = 8_000, 2_000
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_HEAD = 1 << 20


def read(file: BinaryIO, reading: Reading) -> None:
    """Put headers and words of a mail into the reading."""
    reading.puid = "fmt/278"
    file.seek(0)
    data = file.read(_MOST + 1)
    if len(data) > _MOST:
        reading.limit(f"size: more than {_MOST} bytes, the rest is not read")
        data = data[:_MOST]
    if data.count(b"\n--") > 4 * _MOST_PARTS or data.count(b"boundary=") > DEPTH:
        reading.limit("parts: too many, only the headers are read")
        data = data[:_HEAD]
        parser = BytesParser(policy=policy.compat32).parsebytes(data, headersonly=True)
        _headers(parser, reading)
        return
    end = _BLANK_LINE.search(data)
    if end is None or end.start() > _HEAD:
        reading.limit(f"headers: more than {_HEAD} bytes")
        reading.add(_decoded(data[:_MOST_HEADER]))
        return
    message = BytesParser(policy=policy.compat32).parsebytes(data)
    _headers(message, reading)
    reading.add("\n")
    attached = 0
    for part in _parts(message, reading):
        attached += _part(part, reading)
    if attached:
        reading.notice(EMBEDDED, f"{attached} attached")


def _headers(message: Message, reading: Reading) -> None:
    for name in _HEADERS:
        value = message.get(name)
        if value is not None:
            line = _header(value)
            reading.add(f"{name}: {line}\n")
            if name == "Subject":
                reading.title = line or None
    extra = [(name, value) for name, value in message.items() if name.lower().startswith("x-")]
    for name, value in extra[:_MOST_EXTRA]:
        reading.add(f"{clean(name, 100)}: {_header(value)}\n")


def _judge(message: Message, reading: Reading) -> None:
    """Headers of a mail within a mail."""
    for name, value in message.items()[:_MOST_EXTRA]:
        if name.lower() in _JUDGED or name.lower().startswith("x-"):
            reading.judge_property(name, _header(value))


def _parts(message: Message, reading: Reading) -> Iterator[Message]:
    """All parts that hold something, without recursion."""
    waiting = [(message, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if count > _MOST_PARTS or depth > DEPTH:
            raise Reached(f"parts: more than {_MOST_PARTS}, or {DEPTH} within each other")
        if part.is_multipart():
            inner = [one for one in part.get_payload() if isinstance(one, Message)]
            if part.get_content_type() == "message/rfc822":
                for one in inner:
                    _judge(one, reading)
            waiting.extend((one, depth + 1) for one in reversed(inner))
        else:
            yield part


def _part(part: Message, reading: Reading) -> bool:
    """Take the words of one part; whether it is an attachment."""
    kind = part.get_content_type()
    name = part.get_filename()
    if kind in _SIGNATURES:
        reading.signatures += 1
    if name or part.get_content_maintype() != "text":
        reading.add(f"[{_header(name or kind)}]\n")
        return True
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    text = _decoded(data, part.get_content_charset() or "")
    if kind == "text/html":
        text = visible(text, reading.notice).text
    reading.judge(text.lstrip())
    reading.add(text.rstrip() + "\n")
    return False


def _decoded(data: bytes, charset: str = "") -> str:
    """By what the part states, else UTF-8, else GB18030."""
    known = {"gb2312": "gb18030", "gbk": "gb18030", "us-ascii": "utf-8"}
    for encoding in (known.get(charset, charset), "utf-8", "gb18030"):
        try:
            return data.decode(encoding) if encoding else data.decode("utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("gb18030", "replace")


def _header(value: object) -> str:
    """A header in one line; bytes that nobody encoded are UTF-8 or GB18030."""
    raw = str(value)
    if hasattr(value, "_chunks"):  # what the library makes of bytes that are not ASCII
        raw = "".join(chunk for chunk, _ in value._chunks)
    raw = raw[:_MOST_HEADER]
    try:
        pieces = decode_header(raw)
    except (HeaderParseError, ValueError):
        return clean(raw, _MOST_HEADER)
    words = []
    for piece, charset in pieces:
        data = piece.encode("utf-8", "surrogateescape") if isinstance(piece, str) else piece
        words.append(_decoded(data, charset or ""))
    return clean("".join(words), _MOST_HEADER)
