"""PPT and DPS: the atoms of text in their order ([MS-PPT] 2.3); pages are not told apart."""

import struct
from typing import BinaryIO

from ingest.documents.codes import NOT_READ
from ingest.documents.formats.ole import Compound
from ingest.documents.reading import Reading

_CHARS, _BYTES, _SLIDE = 0x0FA0, 0x0FA8, 0x03EE


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of all slides into the reading."""
    compound = Compound(file, reading)
    stream = compound.stream("PowerPoint Document")
    if not stream:
        reading.unreadable = True
        reading.notice(NOT_READ, "no stream of a presentation")
        return
    reading.puid = "fmt/126"
    place = slides = 0
    while place + 8 <= len(stream):
        version, kind, length = struct.unpack_from("<HHI", stream, place)
        place += 8
        slides += kind == _SLIDE
        if version & 0xF == 0xF:  # a container: its parts follow
            continue
        if kind in (_CHARS, _BYTES):
            encoding = "utf-16-le" if kind == _CHARS else "latin-1"
            reading.add(stream[place : place + length].decode(encoding, "ignore") + "\n")
        place += length
    reading.pages = slides or None
