"""PDF through PDFium: the words of each page. Scripts are not run: no form is ever set up."""

import re
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.documents.codes import (
    ACTIVE,
    BROKEN,
    EMBEDDED,
    ENCRYPTED,
    EXTERNAL,
    FIRST_PAGE_SCANNED,
)
from ingest.documents.reading import BYTES, PAGES, Reached, Reading

_VERSION = re.compile(rb"%PDF-(\d\.\d)")
_PUIDS = {
    **{b"1.%d" % minor: f"fmt/{14 + minor}" for minor in range(7)},
    b"1.7": "fmt/276",
    b"2.0": "fmt/1129",
}
_ARCHIVAL = re.compile(
    rb"pdfaid:part(?:>|=[\"'])([123])(?:.{0,300}?)pdfaid:conformance(?:>|=[\"'])([ABU])", re.DOTALL
)
_ARCHIVAL_PUIDS = {
    b"1A": "fmt/95", b"1B": "fmt/354", b"2A": "fmt/476", b"2B": "fmt/477", b"2U": "fmt/478",
    b"3A": "fmt/479", b"3B": "fmt/480", b"3U": "fmt/481",
}  # fmt: skip


def _name(name: bytes) -> bytes:
    """Pattern of a PDF name, each letter plain or as #xx (ISO 32000-1, 7.3.5)."""
    letters = (b"(?:%c|#(?i:%02x))" % (letter, letter) for letter in name)
    return b"/" + b"".join(letters) + rb"(?![A-Za-z0-9#])"


_ACTIVE = re.compile(
    b"(%s)|(%s)|(%s)"
    % (
        b"|".join(map(_name, (b"JavaScript", b"JS"))),
        b"|".join(map(_name, (b"Launch", b"RichMedia"))),
        b"|".join(map(_name, (b"SubmitForm", b"ImportData", b"GoToR"))),
    )
)
_PACKED_OBJECTS = re.compile(rb"/ObjStm\b")
_MOST_PACKED, _MOST_OF_ONE = 64 << 20, 8 << 20
_STREAM = re.compile(rb"stream\r?\n")
_LINES = re.compile(r"\r\n?")
_IMPRINT_WORDS = 6
"""What programs print onto a scan: 扫描全能王 创建, a stamp of the time, a page number."""
_MOSTLY, _MOST_PICTURES = 0.5, 500


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of all pages into the reading."""
    if file.seek(0, 2) > BYTES:
        raise Reached(f"size: more than {BYTES} bytes")
    file.seek(0)
    data = file.read()
    _notice_actions(data, reading)
    version = _VERSION.search(data[:1024])
    reading.puid = _PUIDS.get(version[1]) if version else None
    if archival := _ARCHIVAL.search(data):
        reading.puid = _ARCHIVAL_PUIDS.get(archival[1] + archival[2], reading.puid)
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reading.unreadable = True
        locked = pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD or "assword" in str(error)
        reading.notice(
            ENCRYPTED if locked else BROKEN, "a password is asked for" if locked else str(error)
        )
        return
    _properties(document, reading)
    _pages(document, reading)


def _properties(document: Any, reading: Reading) -> None:
    reading.title = document.get_metadata_value("Title") or None
    reading.signatures = max(0, pdfium.FPDF_GetSignatureCount(document))
    if attached := max(0, document.count_attachments()):
        reading.notice(EMBEDDED, f"{attached} attached")
    if (scripts := pdfium.FPDFDoc_GetJavaScriptActionCount(document)) > 0:
        reading.notice(ACTIVE, f"{scripts} scripts of the document")


def _pages(document: Any, reading: Reading) -> None:
    count = len(document)
    reading.pages = count
    scanned = False
    for number in range(min(count, PAGES)):
        if number:
            reading.page()
        try:
            page = document[number]
            words = page.get_textpage()
        except pypdfium2.PdfiumError as error:
            reading.notice(BROKEN, f"page {number + 1}: {error}")
            continue
        text = words.get_text_range()
        reading.add(_LINES.sub("\n", text).replace("\f", "\n"))
        if not number:
            reading.aside("\n".join(_notes(page)))
            scanned = len(text.split()) <= _IMPRINT_WORDS and _is_picture(page)
        words.close()
        page.close()
    if count > PAGES:
        reading.limit(f"pages: {count}, more than {PAGES}")
    if scanned and reading.has_text:  # of what has no text at all that is said already
        reading.notice(FIRST_PAGE_SCANNED, "")


def _is_picture(page: Any) -> bool:
    """Whether pictures cover most of a page."""
    width, height = page.get_size()
    covered = 0.0
    for number, shown in enumerate(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,))):
        if number == _MOST_PICTURES:
            break
        left, bottom, right, top = shown.get_bounds()
        covered += max(0.0, right - left) * max(0.0, top - bottom)
    return bool(covered >= _MOSTLY * width * height > 0)


def _notes(page: Any) -> Iterator[str]:
    """Words written onto a page as annotations: free text and stamps."""
    for number in range(min(200, pdfium.FPDFPage_GetAnnotCount(page))):
        note = pdfium.FPDFPage_GetAnnot(page, number)
        if not note:
            continue
        if pdfium.FPDFAnnot_GetSubtype(note) in (
            pdfium.FPDF_ANNOT_FREETEXT,
            pdfium.FPDF_ANNOT_STAMP,
        ):
            length = pdfium.FPDFAnnot_GetStringValue(note, b"Contents", None, 0)
            if 2 < length < 20_000:
                buffer = (pdfium.FPDF_WCHAR * (length // 2))()
                pdfium.FPDFAnnot_GetStringValue(note, b"Contents", buffer, length)
                yield bytes(buffer).decode("utf-16-le", "ignore").rstrip("\0")
        pdfium.FPDFPage_CloseAnnot(note)


def _notice_actions(data: bytes, reading: Reading) -> None:
    """Put down scripts and actions, those in packed objects too."""
    for part in (data, *_packed_objects(data)):
        for match in _ACTIVE.finditer(part):
            if match[1]:
                reading.notice(ACTIVE, "JavaScript")
            elif match[2]:
                reading.notice(ACTIVE, "Launch or RichMedia")
            else:
                reading.notice(EXTERNAL, match[3].decode("latin-1"))


def _packed_objects(data: bytes) -> Iterator[bytes]:
    left = _MOST_PACKED
    for match in _PACKED_OBJECTS.finditer(data):
        start = _STREAM.search(data, match.end(), match.end() + 1000)
        if start is None or left <= 0:
            continue
        try:
            # What is left of the input is copied, so it gets no more than it may use.
            packed = memoryview(data)[start.end() : start.end() + _MOST_OF_ONE]
            part = zlib.decompressobj().decompress(packed, min(left, _MOST_OF_ONE))
        except zlib.error:
            continue
        left -= len(part)
        yield part
