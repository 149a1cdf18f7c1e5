"""Media type of a file: by its content, else by its name, else unknown. Never decodes anything.

Own table rather than a library: those that were measured call MPEG-TS a program text, HEIC a film,
and GBK text nothing at all.
"""

import re
from pathlib import Path
from typing import NamedTuple

from ingest.inside import ole_kind, reader_of, zip_kind
from ingest.named_kinds import MAIL, MEDIA, NAMES, OLE, WITHIN, ZIP, extension_of, is_named_medium
from ingest.text import TextInfo

__all__ = ["MEDIA", "UNKNOWN", "Media", "detect", "is_named_medium"]

UNKNOWN = "application/octet-stream"


class Media(NamedTuple):
    """A media type and how it was found: `content`, `name` or `none`."""

    type: str
    by: str


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b".snd\x00", "audio/basic"),
    (b"caff\x00\x01\x00\x00", "audio/x-caf"),
    (b"\xff\x4f\xff\x51", "image/j2c"),
    (b"\x00\x00\x01\xba", "video/mp2p"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"DHAV", "video/x-dhav"),
    (b"IMKH", "video/x-imkh"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
)
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"avif": "image/avif",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
_AIFF = (b"AIFF", b"AIFC")
_JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
"""The signature box of JPEG 2000 (ISO 15444-1 I.5.1)."""
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIP_MEMBERS = (
    (b"OFD.xml", "application/ofd"),
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
)
_OLE_STREAMS = (
    ("WordDocument".encode("utf-16-le"), "application/msword"),
    ("Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
    ("PowerPoint Document".encode("utf-16-le"), "application/vnd.ms-powerpoint"),
)
_TEXT = "text/plain"
# What a text may be by its name; any other name does not make a text into something else.
_TEXT_NAMES = {"csv", "md"}
_OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTAINERS = frozenset((OLE, ZIP, *(media for _, media in (*_ZIP_MEMBERS, *_OLE_STREAMS))))
_READABLE = (b"%PDF-", b"{\\rtf")
"""Signatures of formats whose bytes may all be text."""
_DOCTYPE = re.compile(rb"\x42\x82.(webm|matroska)", re.DOTALL)
_MAIL = re.compile(rb"(?i)(From |[a-z][a-z0-9-]{1,40}:)")
_HEADER = re.compile(
    rb"(?im)^(from|to|date|subject|received|message-id|mime-version|return-path|delivered-to):"
)
_MACHINE_HEADERS = {b"received", b"message-id", b"mime-version", b"return-path", b"delivered-to"}
_FORMS = {"xml": "application/xml", "html": "text/html", "json": "application/json"}


def detect(
    head: bytes,
    name: str,
    text: TextInfo | None,
    *,
    complete: bool,
    whole: tuple[Path | bytes, int] | None = None,
) -> Media:
    """Find the media type from the first bytes of a file, its shown name and what its text gave.

    `text` is what `read_text` found in `head`; `complete` says that `head` is the whole file.
    `whole` is the file and its size, where its other bytes may be asked for: the directory of a
    ZIP or OLE file is then believed, and not its name.
    """
    extension = extension_of(name)
    if text is not None and not head.startswith(_READABLE):
        return _text_type(head, text, extension)  # words that begin like a film
    found = _by_signature(head)
    if found in _CONTAINERS:
        return _container(head, extension, found, whole, complete=complete)
    if found:
        return Media(found, "content")
    by_name = NAMES.get(extension)
    return Media(by_name, "name") if by_name else Media(UNKNOWN, "none")


def _container(
    head: bytes,
    extension: str,
    found: str,
    whole: tuple[Path | bytes, int] | None,
    *,
    complete: bool,
) -> Media:
    """By its directory; where that cannot be had, by what the first bytes and the name say."""
    source, size = (head, len(head)) if complete else whole or (b"", 0)
    listed = None
    if size:
        read_at = reader_of(source)
        if head.startswith(_OLE_MARK):
            listed = ole_kind(read_at, extension)
        else:
            listed = zip_kind(read_at, size)
    if listed:
        return Media(listed, "content")
    if extension in WITHIN.get(found, ()):
        return Media(NAMES[extension], "name")
    return Media(found, "content")


def _by_signature(head: bytes) -> str | None:
    for signature, media in _SIGNATURES:
        if head.startswith(signature):
            return media
    for probe in (
        _box,
        _riff,
        _aiff,
        _jpeg_2000,
        _zip,
        _ole,
        _program,
        _tar,
        _matroska,
        _ogg,
        _bitmap,
        _transport,
        _annex_b,
        _mpeg_audio,
    ):
        if media_found := probe(head):
            return media_found
    return None


def _box(head: bytes) -> str | None:
    """ISO base media file format; QuickTime files of old have no ftyp."""
    box, brand = head[4:8], head[8:12]
    if box == b"ftyp":
        return _BRANDS.get(brand, "video/3gpp" if brand.startswith(b"3g") else "video/mp4")
    if box in (b"moov", b"mdat", b"wide", b"pnot") and head[:1] == b"\x00":
        return "video/quicktime"
    return None


def _riff(head: bytes) -> str | None:
    return _RIFF.get(head[8:12]) if head.startswith((b"RIFF", b"RF64")) else None


def _aiff(head: bytes) -> str | None:
    return "audio/aiff" if head.startswith(b"FORM") and head[8:12] in _AIFF else None


def _jpeg_2000(head: bytes) -> str | None:
    """A picture, or a film of such pictures (brand `mjp2`)."""
    if not head.startswith(_JP2):
        return None
    return "video/mj2" if head[20:24] == b"mjp2" else "image/jp2"


def _zip(head: bytes) -> str | None:
    """A ZIP, told apart by the names in its first local headers (APPNOTE 4.3.7)."""
    if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    position = 0
    while position >= 0:
        length = int.from_bytes(head[position + 26 : position + 28], "little")
        member = head[position + 30 : position + 30 + length]
        for prefix, media in _ZIP_MEMBERS:
            if member.startswith(prefix):
                return media
        if member == b"mimetype":
            start = position + 30 + length
            declared = re.match(rb"application/[a-z0-9.+-]{1,80}", head[start : start + 100])
            return declared[0].decode("ascii") if declared else ZIP
        position = head.find(b"PK\x03\x04", position + 4)
    return ZIP


def _ole(head: bytes) -> str | None:
    """By names of streams that the first bytes happen to show."""
    if not head.startswith(_OLE_MARK):
        return None
    return next((media for stream, media in _OLE_STREAMS if stream in head), OLE)


def _program(head: bytes) -> str | None:
    """ELF, and PE by the mark to which its header leads."""
    if head.startswith(b"\x7fELF"):
        return "application/x-elf"
    place = int.from_bytes(head[60:64], "little")
    is_pe = head.startswith(b"MZ") and head[place : place + 4] == b"PE\0\0"
    return "application/vnd.microsoft.portable-executable" if is_pe else None


def _tar(head: bytes) -> str | None:
    return "application/x-tar" if head[257:262] == b"ustar" else None


def _matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    kind = _DOCTYPE.search(head[:100])
    return "video/webm" if kind and kind[1] == b"webm" else "video/matroska"


def _ogg(head: bytes) -> str | None:
    if not head.startswith(b"OggS"):
        return None
    return "video/ogg" if b"theora" in head[:200] else "audio/ogg"


def _bitmap(head: bytes) -> str | None:
    known = head[14:18] in (b"\x0c\0\0\0", b"\x28\0\0\0", b"\x6c\0\0\0", b"\x7c\0\0\0")
    return "image/bmp" if head.startswith(b"BM") and known else None


def _transport(head: bytes) -> str | None:
    """MPEG-TS: a sync byte every 188 bytes, or every 192 after four, or every 204."""
    for offset, step in ((0, 188), (4, 192), (0, 204)):
        marks = head[offset : offset + 5 * step : step]
        if len(marks) >= 3 and marks == b"\x47" * len(marks):
            return "video/mp2t"
    return None


def _annex_b(head: bytes) -> str | None:
    """Bare H.264 or H.265 (Annex B): a start code, then a set of parameters or a delimiter."""
    start = head[:5].find(b"\x00\x00\x01", 0, 4)
    if start < 0:
        return None
    unit = head[start + 3 : start + 5]
    if unit in (b"\x40\x01", b"\x46\x01"):
        return "video/h265"
    known = unit[:1] in (b"\x67", b"\x27", b"\x47") and unit[1:] in _H264_PROFILES
    return "video/h264" if known or unit in (b"\x09\x10", b"\x09\xf0", b"\x09\x30") else None


_H264_PROFILES = tuple(bytes([number]) for number in (66, 77, 88, 100, 110, 122, 244, 44))
"""Of H.264, A.2."""


def _mpeg_audio(head: bytes) -> str | None:
    """MP3 without a tag, AAC in ADTS: a sync word again where the first frame ends."""
    if len(head) < 8 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        again = head[length : length + 2]
        return "audio/aac" if length > 7 and again == head[:2] else None
    length = _mp3_frame(head)
    again = head[length : length + 2]
    return "audio/mpeg" if length and len(again) == 2 and again == head[:2] else None


def _mp3_frame(head: bytes) -> int:
    """Length of an MPEG-1 layer III frame in bytes, 0 if this is none (ISO 11172-3 2.4.2.3)."""
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
    samples = (44100, 48000, 32000, 0)[head[2] >> 2 & 3]
    kilobits = rates[head[2] >> 4]
    if head[1] & 0xFE != 0xFA or not samples or not kilobits:
        return 0
    return 144_000 * kilobits // samples + (head[2] >> 1 & 1)


def _text_type(head: bytes, text: TextInfo, extension: str) -> Media:
    if text.form in _FORMS:
        return Media(_FORMS[text.form], "content")
    if _MAIL.match(head) and _is_mail(head, extension):
        return Media(MAIL, "content")
    if extension in _TEXT_NAMES:
        return Media(NAMES[extension], "name")
    return Media(_TEXT, "content")


def _is_mail(head: bytes, extension: str) -> bool:
    """At least two of the headers of a mail, one of them of those that people do not write."""
    headers = re.split(rb"\r?\n\r?\n", head[:16384], maxsplit=1)[0]
    found = {match.lower() for match in _HEADER.findall(headers)}
    return len(found) >= 2 and (extension == "eml" or bool(found & _MACHINE_HEADERS))
