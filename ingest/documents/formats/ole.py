"""What all OLE documents share: streams, properties, macros ([MS-CFB], [MS-OLEPS])."""

import struct
from typing import BinaryIO

import olefile

from ingest.documents.codes import EMBEDDED, ENCRYPTED, MACROS
from ingest.documents.reading import BYTES, Reached, Reading

_SUMMARY = "\x05SummaryInformation"
_TITLE, _PAGES, _CODEPAGE = 2, 14, 1
_MACROS = frozenset(("macros", "_vba_project_cur", "vba"))
_PAGES_OF_CODE = {936: "gb18030", 950: "big5", 65001: "utf-8", 1200: "utf-16-le", 54936: "gb18030"}


class Compound:
    """An OLE file; streams are read whole."""

    def __init__(self, file: BinaryIO, reading: Reading) -> None:
        if file.seek(0, 2) > BYTES:
            raise Reached(f"size: more than {BYTES} bytes")
        file.seek(0)
        self._ole = olefile.OleFileIO(file)
        self.names = {"/".join(path).lower(): path for path in self._ole.listdir(storages=True)}
        tops = {name.partition("/")[0] for name in self.names}
        if tops & _MACROS:
            reading.notice(MACROS, "VBA project")
        if "objectpool" in tops or "mbd" in {name[:3] for name in tops}:
            reading.notice(EMBEDDED, "objects")
        if "encryptedpackage" in tops:
            reading.unreadable = True
            reading.notice(ENCRYPTED, "a password is asked for")
        reading.signatures = sum(name in tops for name in ("_signatures", "_xmlsignatures"))
        self._properties(reading)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.names

    def stream(self, name: str) -> bytes:
        """A stream's bytes, empty where there is none."""
        path = self.names.get(name.lower())
        if path is None or self._ole.get_type(path) != olefile.STGTY_STREAM:
            return b""
        data: bytes = self._ole.openstream(path).read(BYTES)
        return data

    def _properties(self, reading: Reading) -> None:
        try:
            found = _values(self.stream(_SUMMARY))
        except (struct.error, OSError, ValueError, LookupError):
            return
        title, pages = found.get(_TITLE), found.get(_PAGES)
        reading.title = title if isinstance(title, str) else None
        if isinstance(pages, int) and 0 < pages < 1_000_000:
            reading.pages = pages


def _values(data: bytes) -> dict[int, int | str]:
    """Numbers and texts of the first property set; strings are in the code page of the set."""
    found: dict[int, int | str] = {}
    if len(data) < 48:
        return found
    start = struct.unpack_from("<I", data, 44)[0]
    count = struct.unpack_from("<I", data, start + 4)[0]
    raw: dict[int, bytes] = {}
    for place in range(start + 8, start + 8 + 8 * min(count, 100), 8):
        number, offset = struct.unpack_from("<II", data, place)
        kind, value = struct.unpack_from("<II", data, start + offset)
        if kind == 2:
            found[number] = value & 0xFFFF
        elif kind == 3:
            found[number] = value
        elif kind in (30, 31):
            length = value * (2 if kind == 31 else 1)
            raw[number] = data[start + offset + 8 :][: min(length, 2000)]
    page = found.get(_CODEPAGE, 1252)
    encoding = _PAGES_OF_CODE.get(int(page), "cp1252")
    for number, text in raw.items():
        found[number] = text.decode(encoding, "replace").rstrip("\0")
    return found
