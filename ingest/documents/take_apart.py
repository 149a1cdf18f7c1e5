"""Reads one document here and now, whatever it is made of; used within a reader process."""

import struct
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO

from ingest.documents.codes import BROKEN, ENCRYPTED, NOT_READ
from ingest.documents.extract import DOCX, MOST, PPTX, XLSX, Extracted
from ingest.documents.reading import OutOfTime, Reached, Reading

_FORMATS = {
    DOCX: "docx:read",
    XLSX: "xlsx:read",
    PPTX: "pptx:read",
    "application/msword": "doc:read",
    "application/vnd.ms-excel": "xls:read",
    "application/vnd.ms-powerpoint": "ppt:read",
    "application/vnd.wps-office.wps": "doc:read",
    "application/vnd.wps-office.et": "xls:read",
    "application/vnd.wps-office.dps": "ppt:read",
    "application/ofd": "ofd:read",
    "application/pdf": "pdf:read",
    "application/rtf": "rtf:read",
    "application/zip": "archives:read_zip",
    "application/x-tar": "archives:read_tar",
    "application/x-ole-storage": "doc:read",
    "message/rfc822": "mail:read",
    "application/octet-stream": "unknown:read",
}
"""Libraries are imported with the first document of a format."""


def take_apart(file: BinaryIO, media_type: str, *, most: int = MOST) -> Extracted:
    """What stands in a document; raises nothing but MemoryError, and what a signal raises."""
    reading = Reading(most)
    place = _FORMATS.get(media_type)
    if place is None:
        reading.unreadable = True
        reading.notice(NOT_READ, media_type)
        return reading.finish()
    module, _, name = place.partition(":")
    read: Callable[[BinaryIO, Reading], None]
    read = getattr(import_module(f"ingest.documents.formats.{module}"), name)
    try:
        read(file, reading)
    except OutOfTime:
        reading.limit("time")
    except Reached as reached:
        if str(reached):
            reading.limit(str(reached))
    except RecursionError:
        reading.limit("depth: parts within parts")
    except MemoryError:
        reading.limit("memory")
    except Exception as error:  # of the libraries: the file is what is wrong
        _broken(error, reading)
    return reading.finish()


def _broken(error: Exception, reading: Reading) -> None:
    locked = isinstance(error, RuntimeError) and "ncrypted" in str(error)
    if isinstance(error, struct.error):
        reading.notice(BROKEN, "it ends before what it announces")
    else:
        reading.notice(ENCRYPTED if locked else BROKEN, f"{type(error).__name__}: {error}")
    if not reading.has_text:
        reading.unreadable = True
