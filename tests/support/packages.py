"""OOXML and OFD packages put together part by part, for tests of what reads them."""

import io
import zipfile
from collections.abc import Iterable, Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<?xml version="1.0"?><Types'
    ' xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
)
Parts = Mapping[str, str | bytes]


def package(parts: Parts, *, level: int = 9) -> bytes:
    """A ZIP of these members in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as made:
        for name, data in parts.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def paragraphs(lines: Iterable[str]) -> str:
    """WordprocessingML of paragraphs; a line may hold markup of its own."""
    return "".join(f"<w:p><w:r>{_run(line)}</w:r></w:p>" for line in lines)


def _run(line: str) -> str:
    return line if line.startswith("<") else f"<w:t>{line}</w:t>"


def word(body: str, extra: Parts | None = None) -> bytes:
    """A DOCX with this body and more parts."""
    main = f'<?xml version="1.0"?><w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return package({"[Content_Types].xml": _TYPES, "word/document.xml": main, **(extra or {})})


def header(line: str) -> str:
    """A header part."""
    return f'<w:hdr xmlns:w="{W}">{paragraphs([line])}</w:hdr>'


def sheet(rows: str, extra: Parts | None = None) -> bytes:
    """An XLSX of one sheet, `登记表`, with these rows as they stand in its XML."""
    return package(
        {
            "[Content_Types].xml": _TYPES,
            "xl/workbook.xml": '<workbook><sheets><sheet name="登记表"/></sheets></workbook>',
            "xl/worksheets/sheet1.xml": "<worksheet xmlns='http://schemas.openxmlformats.org/"
            f"spreadsheetml/2006/main'><sheetData>{rows}</sheetData></worksheet>",
            **(extra or {}),
        }
    )


def ofd(pages: Iterable[str], *, extra: Parts | None = None, title: str = "决定书") -> bytes:
    """An OFD whose pages have these contents; each page names its words' XML itself."""
    contents = list(pages)
    listed = "".join(
        f'<ofd:Page ID="{number}" BaseLoc="Pages/Page_{number}/Content.xml"/>'
        for number in range(len(contents))
    )
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    return package(
        {
            "OFD.xml": f"<ofd:OFD {space}><ofd:DocBody><ofd:DocInfo><ofd:Title>{title}</ofd:Title>"
            "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
            "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>",
            "Doc_0/Document.xml": f"<ofd:Document {space}><ofd:Pages>{listed}</ofd:Pages>"
            "</ofd:Document>",
            "Doc_0/Signs/Signatures.xml": f'<ofd:Signatures {space}><ofd:Signature ID="1"'
            ' BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>',
            **{
                f"Doc_0/Pages/Page_{number}/Content.xml": f"<ofd:Page {space}>{content}</ofd:Page>"
                for number, content in enumerate(contents)
            },
            **(extra or {}),
        }
    )


def ofd_line(words: str, height: int) -> str:
    """A line of an OFD page."""
    return (
        f'<ofd:TextObject Boundary="20 {height} 100 6"><ofd:TextCode X="0" Y="5">{words}'
        "</ofd:TextCode></ofd:TextObject>"
    )
