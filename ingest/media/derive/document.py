"""Documents: the first page as a picture, or the first lines as text."""

import io
import shutil
import sys
import tempfile
import zipfile
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from ingest.media.derive.child import argv_of, read_ppm
from ingest.media.derive.drawing import jpeg
from ingest.media.derive.subject import OPENING, PICTURE, Drawing, Subject
from ingest.media.limits import MiB
from ingest.media.runner import source

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OFFICE = (DOCX, "application/msword", "application/rtf")
LONGEST = 640
_CHARACTERS = 2000
_LARGEST = 64 * MiB
_TEXT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SUFFIX = {DOCX: "docx", "application/msword": "doc", "application/rtf": "rtf"}


def first_page(subject: Subject) -> Drawing | None:
    """The first page of a PDF; None where it cannot be opened (a password, damage)."""
    if subject.size > _LARGEST:
        return None
    return _page(subject, subject.file)


def office_page(subject: Subject) -> Drawing | None:
    """The first page as LibreOffice prints it; None where that is not there or cannot."""
    program = office()
    if program is None or subject.size > _LARGEST:
        return None
    with tempfile.TemporaryDirectory(prefix="cunzheng-office-") as folder:
        place = Path(folder)
        copy = place / f"document.{_SUFFIX[subject.media_type]}"
        copy.write_bytes(_whole(subject))
        argv = [
            str(program), f"-env:UserInstallation=file://{folder}/profile", "--headless",
            "--norestore", "--convert-to", "pdf", "--outdir", folder, str(copy),
        ]  # fmt: skip
        subject.workshop.run(argv, replace(PICTURE, memory=4096 * MiB, files=256 * MiB))
        printed = copy.with_suffix(".pdf")
        made = _page(subject, printed) if printed.is_file() else None
    return None if made is None else made._replace(tool=_sha256(program))


def office() -> Path | None:
    """LibreOffice, where it is installed."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    return None if found is None else Path(found).resolve()


def text(subject: Subject) -> Drawing | None:
    """The first 2,000 characters of a Word document as plain text."""
    found = docx_text(_whole(subject)) if subject.size <= _LARGEST else ""
    return Drawing(found.encode(), "txt", None) if found else None


def docx_text(data: bytes) -> str:
    """The text of a .docx, a paragraph a line; empty where it is none or cannot be read.

    Reads at most 8 MiB of its one part, and no document type: nothing can grow or refer outside.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts, parts.open("word/document.xml") as part:
            raw = part.read(8 * MiB)
        if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
            return ""
        return _paragraphs(raw)
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, ValueError, OSError):
        return ""


def _paragraphs(raw: bytes) -> str:
    """What could be parsed: a part that was cut at its bound still gives its beginning."""
    parser: Any = ET.XMLPullParser(("end",))
    lines: list[str] = []
    length = 0
    try:
        parser.feed(raw)
        for _, element in parser.read_events():
            if element.tag != f"{_TEXT}p":
                continue
            words = (part.text or "" for part in element.iter(f"{_TEXT}t"))
            lines.append("".join(words))
            length += len(lines[-1]) + 1
            if length >= _CHARACTERS:
                break
    except ET.ParseError:
        pass
    return "\n".join(lines).strip()[:_CHARACTERS]


def _page(subject: Subject, file: Path | int) -> Drawing | None:
    with source(file) as opened:
        argv = argv_of(sys.executable, "pdf", opened.fds[0], LONGEST)
        outcome = subject.workshop.run(argv, OPENING, opened.fds)
    picture = read_ppm(outcome.out)
    return None if picture is None else Drawing(jpeg(picture), "jpg", _pdfium())


def _pdfium() -> str:
    """SHA-256 of the library that draws PDFs."""
    import pypdfium2_raw

    folder = Path(pypdfium2_raw.__file__).parent
    return _sha256(next(iter(sorted(folder.glob("*pdfium*.so")))))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _whole(subject: Subject) -> bytes:
    with source(subject.file) as opened:
        return Path(f"/proc/self/fd/{opened.fds[0]}").read_bytes()
