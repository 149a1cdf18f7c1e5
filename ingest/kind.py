"""Media type of a file: by its content, else by its name, else unknown. Never decodes anything.

Own table rather than a library: those that were measured call MPEG-TS a program text, HEIC a film,
and GBK text nothing at all.
"""

import re
from typing import NamedTuple

from ingest.text import TextInfo

UNKNOWN = "application/octet-stream"
MEDIA = ("video/", "audio/", "image/")
"""Beginnings of the types of media, which are looked at."""


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
_OLE = "application/x-ole-storage"
_ZIP = "application/zip"
_TEXT = "text/plain"
_NAMES = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic",
    "webp": "image/webp", "pdf": "application/pdf", "ofd": "application/ofd",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "wps": "application/msword",
    "ppt": "application/vnd.ms-powerpoint", "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet", "pptx": _OFFICE + "presentationml.presentation",
    "zip": _ZIP, "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime",
    "avi": "video/x-msvideo", "mkv": "video/matroska", "webm": "video/webm", "ts": "video/mp2t",
    "mts": "video/mp2t", "mpg": "video/mp2p", "ps": "video/mp2p", "wav": "audio/wav",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "aac": "audio/aac", "flac": "audio/flac",
    "amr": "audio/amr", "ogg": "audio/ogg", "3gp": "video/3gpp", "rtf": "application/rtf",
    "h264": "video/h264", "264": "video/h264", "h265": "video/h265", "265": "video/h265",
    "dav": "video/x-dhav", "mpeg": "video/mp2p", "m2ts": "video/mp2t", "m2t": "video/mp2t",
    "wmv": "video/x-ms-asf", "wma": "video/x-ms-asf", "asf": "video/x-ms-asf",
    "flv": "video/x-flv", "3g2": "video/3gpp", "ogv": "video/ogg", "oga": "audio/ogg",
    "opus": "audio/ogg", "wave": "audio/wav", "m4b": "audio/mp4", "heif": "image/heif",
    "hif": "image/heif", "avif": "image/avif", "jpe": "image/jpeg", "jfif": "image/jpeg",
    "aif": "audio/aiff", "aiff": "audio/aiff", "aifc": "audio/aiff", "au": "audio/basic",
    "snd": "audio/basic", "caf": "audio/x-caf", "jp2": "image/jp2", "jpx": "image/jp2",
    "jpf": "image/jp2", "j2k": "image/j2c", "j2c": "image/j2c", "mj2": "video/mj2",
    "txt": _TEXT, "json": "application/json", "xml": "application/xml",
    "html": "text/html", "htm": "text/html", "csv": "text/csv", "md": "text/markdown",
    "log": _TEXT,
}  # fmt: skip
# What a text may be by its name; any other name does not make a text into something else.
_TEXT_NAMES = {"csv", "md"}
_READABLE = (b"%PDF-", b"{\\rtf")
"""Signatures of formats whose bytes may all be text."""
_WITHIN = {
    _ZIP: {"docx", "xlsx", "pptx", "ofd"},
    _OLE: {"doc", "xls", "ppt", "wps"},
}
_DOCTYPE = re.compile(rb"\x42\x82.(webm|matroska)", re.DOTALL)
_FORMS = {"xml": "application/xml", "html": "text/html", "json": "application/json"}


def detect(head: bytes, name: str, text: TextInfo | None, *, complete: bool) -> Media:
    """Find the media type from the first bytes of a file, its shown name and what its text gave.

    `text` is what `read_text` found in `head`; `complete` says that `head` is the whole file: a ZIP
    has then shown all members, and a name that says otherwise is not believed.
    """
    extension = _extension(name)
    if text is not None and not head.startswith(_READABLE):
        return _text_type(text, extension)  # words that begin like a film
    found = _by_signature(head)
    may_hold_more = found == _OLE or not complete
    if found in _WITHIN and may_hold_more and extension in _WITHIN[found]:
        return Media(_NAMES[extension], "name")
    if found:
        return Media(found, "content")
    by_name = _NAMES.get(extension)
    return Media(by_name, "name") if by_name else Media(UNKNOWN, "none")


def is_named_medium(name: str) -> bool:
    """Whether the extension is that of an image, a sound or a film, whatever the content is."""
    return _NAMES.get(_extension(name), "").startswith(MEDIA)


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


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
            return declared[0].decode("ascii") if declared else _ZIP
        position = head.find(b"PK\x03\x04", position + 4)
    return _ZIP


def _ole(head: bytes) -> str | None:
    if not head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return None
    return next((media for stream, media in _OLE_STREAMS if stream in head), _OLE)


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


def _text_type(text: TextInfo, extension: str) -> Media:
    if text.form in _FORMS:
        return Media(_FORMS[text.form], "content")
    if extension in _TEXT_NAMES:
        return Media(_NAMES[extension], "name")
    return Media(_TEXT, "content")
