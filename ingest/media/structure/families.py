"""Which family of formats a file belongs to by its content, and which its name promises."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from ingest.kind import detect
from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure import (
    boxwalk,
    flac,
    frames,
    gif,
    matroska,
    pictures,
    riff,
    transport,
)

_HEAD = 4096
_ZEROS = 1 << 20
_MOST_ZEROS = 1 << 30
"""What is larger is not read whole for this: without a beginning it is `unreadable` anyway."""
_ZIP_END = 22 + 0xFFFF

Walker = Callable[[Parts, int | None], list[Noticed]]


class Family(NamedTuple):
    """Extensions that are used for it, and its walker; without one only ffmpeg looks at it."""

    extensions: frozenset[str]
    walk: Walker | None = None


def _family(extensions: str, walk: Walker | None = None) -> Family:
    return Family(frozenset(extensions.split()), walk)


def _at_any_size(walk: Callable[[Parts], list[Noticed]]) -> Walker:
    """For walkers that step from one announced length to the next, and so are always quick."""
    return lambda file, _: walk(file)


_BOXES, _RIFF = _at_any_size(boxwalk.walk), _at_any_size(riff.walk)
FAMILIES: Mapping[str, Family] = {
    "film": _family("mp4 m4v mov qt 3gp 3gpp 3g2 m4a m4b mj2 f4v", _BOXES),
    "photo": _family("heic heif hif avif", _BOXES),
    "avi": _family("avi", _RIFF),
    "wav": _family("wav wave", _RIFF),
    "webp": _family("webp", _RIFF),
    "matroska": _family("mkv mka mk3d webm", _at_any_size(matroska.walk)),
    "transport": _family("ts mts m2ts m2t trp tp", transport.walk),
    "program": _family("mpg mpeg vob ps"),
    "elementary": _family("h264 264 avc h265 265 hevc"),
    "mp3": _family("mp3 mp2 mpa", frames.mp3),
    "adts": _family("aac adts", frames.adts),
    "amr": _family("amr awb", frames.amr),
    "flac": _family("flac", _at_any_size(flac.walk)),
    "ogg": _family("ogg oga ogv opus spx"),
    "asf": _family("asf wmv wma"),
    "flv": _family("flv"),
    "dhav": _family("dav"),
    "hik": _family("hik"),
    "jpeg": _family("jpg jpeg jpe jfif mpo thm", _at_any_size(pictures.jpeg)),
    "png": _family("png", _at_any_size(pictures.png)),
    "gif": _family("gif", _at_any_size(gif.walk)),
    "bmp": _family("bmp"),
    "tiff": _family("tif tiff dng nef cr2"),
    "jp2": _family("jp2 jpx jpf j2k j2c"),
    "aiff": _family("aif aiff aifc"),
    "au": _family("au snd"),
    "caf": _family("caf"),
}
STILL = frozenset(("photo", "jpeg", "png", "gif", "bmp", "tiff", "webp", "jp2"))
"""Families of photographs."""
_OTHER = _family(
    "pdf ofd doc docx xls xlsx ppt pptx wps rtf txt csv json xml html htm md zip 7z rar"
).extensions
_DOCUMENTS = ("text/", "application/pdf", "application/json", "application/xml", "application/zip")
_TYPES = {
    "video/mp4": "film", "video/quicktime": "film", "video/3gpp": "film", "audio/mp4": "film",
    "image/heic": "photo", "image/heif": "photo", "image/avif": "photo",
    "video/x-msvideo": "avi", "audio/wav": "wav", "image/webp": "webp",
    "video/matroska": "matroska", "video/webm": "matroska", "video/mp2t": "transport",
    "video/mp2p": "program", "audio/mpeg": "mp3", "audio/aac": "adts", "audio/amr": "amr",
    "audio/amr-wb": "amr", "audio/flac": "flac", "audio/ogg": "ogg", "video/ogg": "ogg",
    "video/x-ms-asf": "asf", "video/x-flv": "flv", "video/x-dhav": "dhav", "video/x-imkh": "hik",
    "image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "image/bmp": "bmp",
    "image/tiff": "tiff", "image/jp2": "jp2", "image/j2c": "jp2", "video/mj2": "film",
    "audio/aiff": "aiff", "audio/basic": "au", "audio/x-caf": "caf",
}  # fmt: skip


def family_of(head: bytes) -> str | None:
    """The family by the first bytes of a file (4 KB are enough); None if it is none of them."""
    found = _TYPES.get(detect(head, "", None, complete=False).type)
    return found or ("elementary" if _annex_b(head) else None)


def family_by_name(name: str) -> str | None:
    """The family that the extension promises."""
    extension = extension_of(name)
    return next((key for key, family in FAMILIES.items() if extension in family.extensions), None)


def structure(file: Parts, name: str, media_type: str, most: int | None = None) -> list[Noticed]:
    """Check name against content and walk through the structure, `most` bytes of long rows.

    `media_type` is what intake found: a text or document under the name of a film is told as such.
    """
    if file.size == 0:
        return [Noticed("EMPTY")]
    head = file.at(0, _HEAD)
    if not any(head) and _all_zero(file):
        return [Noticed("ONLY_ZEROS", f"{file.size} bytes")]
    found, promised = family_of(head), family_by_name(name)
    noticed = []
    if found and promised != found and (promised or extension_of(name) in _OTHER):
        noticed.append(Noticed("NAME_DIFFERS", f"content {found}, name .{extension_of(name)}"))
    if found is None and promised is not None and media_type.startswith(_DOCUMENTS):
        return [Noticed("NAME_DIFFERS", f"content {media_type}, name .{extension_of(name)}")]
    noticed += _archive_behind(file)
    family = found or promised
    if found is None and promised is not None and FAMILIES[promised].walk is None:
        noticed.append(Noticed("STRUCTURE_BAD", f"does not begin like .{extension_of(name)}"))
    walk = FAMILIES[family].walk if family else None
    return noticed + (walk(file, most) if walk else [])


def _archive_behind(file: Parts) -> list[Noticed]:
    """A ZIP that ends where the file ends (APPNOTE 4.3.16); it may stand behind any other content.

    Formats without an end of their own, such as raw H.264, show it in no other way.
    """
    tail = file.at(max(0, file.size - _ZIP_END), _ZIP_END)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        return []
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    if at + 22 + comment != len(tail):
        return []
    return [Noticed("TRAILING_DATA", "a ZIP archive at the end")]


def extension_of(name: str) -> str:
    """Extension of a name in small letters, without its dot; `""` where there is none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def _annex_b(head: bytes) -> bool:
    """H.264 or H.265 without a container: a start code, then a parameter set or a delimiter."""
    if head[:4] == b"\0\0\0\1":
        unit = head[4:5]
    elif head[:3] == b"\0\0\1":
        unit = head[3:4]
    else:
        return False
    if not unit or unit[0] & 0x80:
        return False
    return unit[0] & 0x1F in (7, 8, 9, 6) or unit[0] >> 1 in (32, 33, 34, 35, 39)


def _all_zero(file: Parts) -> bool:
    """Whether there is no other byte; the end is asked first, so that few files are read whole."""
    if file.size > _MOST_ZEROS or any(file.at(max(0, file.size - _HEAD), _HEAD)):
        return False
    return not any(any(file.at(place, _ZEROS)) for place in range(0, file.size, _ZEROS))
