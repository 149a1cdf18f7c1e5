"""What the ending of a name says a file is, and whether that is what it holds."""

from collections.abc import Mapping

MEDIA = ("video/", "audio/", "image/")
"""Beginnings of the types of media, which are looked at."""
MAIL = "message/rfc822"
OLE = "application/x-ole-storage"
ZIP = "application/zip"
EXECUTABLES = frozenset(("application/vnd.microsoft.portable-executable", "application/x-elf"))
_OFFICE = "application/vnd.openxmlformats-officedocument."
_WPS = "application/vnd.wps-office."
_TEXT = "text/plain"
NAMES: Mapping[str, str] = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "bmp": "image/bmp", "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic",
    "webp": "image/webp", "pdf": "application/pdf", "ofd": "application/ofd",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "wps": _WPS + "wps",
    "ppt": "application/vnd.ms-powerpoint", "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet", "pptx": _OFFICE + "presentationml.presentation",
    "zip": ZIP, "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime",
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
    "log": _TEXT, "et": _WPS + "et", "dps": _WPS + "dps", "eml": MAIL, "tar": "application/x-tar",
}  # fmt: skip

WITHIN: Mapping[str, frozenset[str]] = {
    ZIP: frozenset(("docx", "xlsx", "pptx", "ofd")),
    OLE: frozenset(("doc", "xls", "ppt", "wps", "et", "dps")),
}
"""Endings of what a container may be, where it does not show all that is in it."""
_SAME = (
    frozenset(("application/msword", _WPS + "wps")),
    frozenset(("application/vnd.ms-excel", _WPS + "et")),
    frozenset(("application/vnd.ms-powerpoint", _WPS + "dps")),
    frozenset(
        (_TEXT, "text/csv", "text/markdown", "text/html", "application/json", "application/xml")
    ),
)
"""Kinds that pass for each other: their files are the same, or all of them are text."""


def extension_of(name: str) -> str:
    """The ending of a shown name, in small letters."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def is_named_medium(name: str) -> bool:
    """Whether the extension is that of an image, a sound or a film, whatever the content is."""
    return NAMES.get(extension_of(name), "").startswith(MEDIA)


def name_differs(name: str, media_type: str) -> str | None:
    """What the name says where the content is certainly of another kind; else None.

    Of media, and of names of media, `technical` tells that.
    """
    extension = extension_of(name)
    expected = NAMES.get(extension)
    if media_type in EXECUTABLES:
        return None if extension in _PROGRAMS else f".{extension[:20]} holds a program"
    if expected is None or expected == media_type or media_type.startswith(MEDIA):
        return None
    if expected.startswith(MEDIA) or any({expected, media_type} <= same for same in _SAME):
        return None
    return f".{extension} holds {media_type}"


_PROGRAMS = frozenset(("exe", "dll", "sys", "scr", "com", "msi", "so", "elf", "bin", "out", "o"))
