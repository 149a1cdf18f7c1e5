"""Short names of what a record is: `pdf`, `docx`, `txt`, `video` …, by its media type.

People search by them, and the register says by them what a source may send.

    >>> short_kind("application/pdf"), short_kind("video/mp4")
    ('pdf', 'video')
"""

from collections.abc import Mapping

OTHER = "other"
MEDIA_KINDS = ("video", "audio", "image")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_KINDS: Mapping[str, str] = {
    "text/plain": "txt",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/html": "html",
    "application/json": "json",
    "application/xml": "xml",
    "application/rtf": "rtf",
    "message/rfc822": "eml",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    _OFFICE + "wordprocessingml.document": "docx",
    _OFFICE + "spreadsheetml.sheet": "xlsx",
    _OFFICE + "presentationml.presentation": "pptx",
    "application/vnd.wps-office.wps": "wps",
    "application/vnd.wps-office.et": "et",
    "application/vnd.wps-office.dps": "dps",
    "application/pdf": "pdf",
    "application/ofd": "ofd",
    "application/zip": "zip",
}
SHORT_KINDS = (*MEDIA_KINDS, *_KINDS.values(), OTHER)
"""Every answer of `short_kind`."""


def short_kind(media_type: str) -> str:
    """The short name of a media type; `other` for one that has none."""
    beginning = media_type.partition("/")[0]
    return beginning if beginning in MEDIA_KINDS else _KINDS.get(media_type, OTHER)
