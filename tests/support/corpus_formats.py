"""A text of the corpus as a file: fifteen formats, and the encodings of those that have one."""

import base64
import codecs
import io
import json
import quopri
import random
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import ole_files
from corpus_texts import Text

FONT = Path(__file__).resolve().parents[2] / "config" / "fonts" / "NotoSansSC-Regular.ttf"
ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8 BOM": ("utf-8", codecs.BOM_UTF8),
    "gb18030": ("gb18030", b""),
    "utf-16-le": ("utf-16-le", b""),
    "utf-16-le BOM": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be": ("utf-16-be", b""),
    "utf-16-be BOM": ("utf-16-be", codecs.BOM_UTF16_BE),
}
"""Codec and byte-order mark by what the table calls it."""
_WORDML = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_EPOCH = (2026, 1, 1, 0, 0, 0)
Made = tuple[bytes, str]
"""The bytes and the encoding that is true of them."""


def lines_of(text: Text, cell: str = "\t") -> list[str]:
    lines: list[str] = []
    for block in text.blocks:
        if isinstance(block, str):
            lines.append(block)
        else:
            lines += [cell.join(row) for row in block]
    return lines


def encoded(text: str, encoding: str) -> Made:
    codec, bom = ENCODINGS[encoding]
    return bom + text.encode(codec), codec


def txt(text: Text, rng: random.Random, encoding: str) -> Made:
    ending = rng.choice(("\n", "\r\n"))
    cell = rng.choice(("\t", "  ", "　", " | "))
    return encoded(ending.join(lines_of(text, cell)) + ending, encoding)


def md(text: Text, rng: random.Random, encoding: str) -> Made:
    mark = rng.choice(("# ", "## ", "**"))
    lines: list[str] = []
    for block in text.blocks:
        if isinstance(block, str):
            head = block == text.shown_title
            lines += [f"{mark}{block}{'**' if mark == '**' else ''}" if head else block, ""]
            continue
        width = len(block[0])
        rows = ["| " + " | ".join(row) + " |" for row in block]
        lines += [rows[0], "|" + " --- |" * width, *rows[1:]]
    return encoded("\n".join(lines), encoding)


def csv(text: Text, rng: random.Random, encoding: str) -> Made:
    tables = any(not isinstance(block, str) for block in text.blocks)
    if tables or not text.fields or rng.random() < 0.5:
        lines = [_row([block, "", ""]) for block in text.blocks if isinstance(block, str)]
        lines += [_row(row) for block in text.blocks if not isinstance(block, str) for row in block]
    else:
        lines = [_row([text.shown_title, ""])]
        lines += [_row([name, value]) for name, value in text.fields[1:]]
    return encoded("\r\n".join(lines) + "\r\n", encoding)


def _row(cells: Sequence[str]) -> str:
    return ",".join(f'"{cell}"' if set(cell) & set(',"') else cell for cell in cells)


def json_(text: Text, rng: random.Random, encoding: str) -> Made:
    value: dict[str, Any] = dict(text.fields)
    if rng.random() < 0.3:
        value = {"版本": 1, "文书": value}
    elif rng.random() < 0.3:
        value = {"cunzheng": {"v": 1}, **value, "人员": [{"姓名": "李四"}]}
    indent = rng.choice((None, 1, 2))
    return encoded(json.dumps(value, ensure_ascii=rng.random() < 0.1, indent=indent), encoding)


def xml(text: Text, rng: random.Random, encoding: str) -> Made:
    codec = ENCODINGS[encoding][0]
    declared = "UTF-16" if codec.startswith("utf-16") else codec.upper()
    names = {name: name for name, _ in text.fields}
    if rng.random() < 0.5:
        latin = {
            "文书名称": "title",
            "标题": "Title",
            "文号": "docNumber",
            "案号": "caseNo",
            "当事人": "party",
        }
        names = {name: latin.get(name, name) for name in names}
    body = "".join(
        f"\n  <{names[name]}>{escape(value)}</{names[name]}>" for name, value in text.fields
    )
    root = rng.choice(("文书", "document", "Record"))
    return encoded(
        f'<?xml version="1.0" encoding="{declared}"?>\n<{root}>{body}\n</{root}>\n', encoding
    )


def html(text: Text, rng: random.Random, encoding: str) -> Made:
    codec = ENCODINGS[encoding][0]
    office = rng.choice(("", " - 某某市交通运输局", "_政务公开", ""))
    parts = []
    tag = rng.choice(("h1", "h2", "p"))
    for block in text.blocks:
        if isinstance(block, str):
            name = tag if block == text.shown_title else "p"
            parts.append(f"<{name}>{escape(block)}</{name}>")
        else:
            rows = (
                "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in block
            )
            parts.append("<table>" + "\n".join(rows) + "</table>")
    title = f"<title>{escape(text.title + office)}</title>"
    head = f'<meta charset="{codec}">{title}<style>p{{margin:0}}</style>'
    return encoded(
        f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n",
        encoding,
    )


def rtf(text: Text, rng: random.Random, encoding: str) -> Made:
    def written(line: str) -> str:
        if rng_codepage:
            raw = line.encode("gb18030", "replace")
            return "".join(
                chr(b) if 32 <= b < 127 and b not in b"\\{}" else f"\\'{b:02x}" for b in raw
            )
        units = (line.encode("utf-16-le")[i : i + 2] for i in range(0, 2 * len(line), 2))
        numbers = (int.from_bytes(unit, "little", signed=True) for unit in units)
        return "".join(
            chr(n) if 32 <= n < 127 and chr(n) not in "\\{}" else f"\\u{n}?" for n in numbers
        )

    rng_codepage = rng.random() < 0.5 and not any("〇" in line for line in lines_of(text))
    head = "{\\rtf1\\ansi\\ansicpg936\\deff0{\\fonttbl{\\f0\\fnil\\fcharset134 SimSun;}}\n"
    body = "".join(f"{written(line)}\\par\n" for line in lines_of(text, "  "))
    return (head + body + "}").encode("ascii"), ""


def eml(text: Text, rng: random.Random, encoding: str) -> Made:
    charset = rng.choice(("utf-8", "gb18030", "gb2312", "utf-8"))
    if charset == "gb2312" and not _fits("\n".join(lines_of(text)), "gb2312"):
        charset = "utf-8"
    word = base64.b64encode(text.title.encode(charset)).decode()
    body = "\r\n".join(lines_of(text)).encode(charset)
    way = rng.choice(("base64", "quoted-printable", "8bit"))
    shown = {
        "base64": base64.encodebytes(body),
        "quoted-printable": quopri.encodestring(body),
        "8bit": body,
    }[way]
    head = (
        f"From: =?utf-8?B?{base64.b64encode('执法支队'.encode()).decode()}?= <a@example.cn>\r\n"
        f"To: b@example.cn\r\nSubject: =?{charset}?B?{word}?=\r\n"
        f"Date: Mon, 2 Mar 2026 09:00:00 +0800\r\nMessage-ID: <{rng.randint(1, 10**9)}@a.cn>\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: text/plain; charset="{charset}"\r\n'
        f"Content-Transfer-Encoding: {way}\r\n\r\n"
    )
    return head.encode() + shown, ""


def _fits(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def docx(text: Text, rng: random.Random, encoding: str) -> Made:
    parts: list[str] = []
    for block in text.blocks:
        if isinstance(block, str):
            parts.append(_paragraph(block, rng))
        else:
            rows = (
                "<w:tr>" + "".join(f"<w:tc>{_paragraph(c, rng)}</w:tc>" for c in row) + "</w:tr>"
                for row in block
            )
            parts.append("<w:tbl>" + "".join(rows) + "</w:tbl>")
    body = f'<w:document xmlns:w="{_WORDML}"><w:body>{"".join(parts)}</w:body></w:document>'
    stated = rng.choice((text.title, "", "Microsoft Word - 文档1", "无标题"))
    return _office(("word/document.xml", body), stated, "wordprocessingml.document.main"), ""


def _paragraph(line: str, rng: random.Random) -> str:
    cut = rng.randint(0, len(line))
    runs = (part for part in (line[:cut], line[cut:]) if part)
    inner = "".join(f'<w:r><w:t xml:space="preserve">{escape(run)}</w:t></w:r>' for run in runs)
    return f"<w:p>{inner}</w:p>"


def _office(main: tuple[str, str], title: str, kind: str) -> bytes:
    base = "http://schemas.openxmlformats.org"
    form = "application/vnd.openxmlformats"
    types = (
        f'<Types xmlns="{base}/package/2006/content-types"><Default Extension="rels" '
        f'ContentType="{form}-package.relationships+xml"/><Override PartName="/{main[0]}" '
        f'ContentType="{form}-officedocument.{kind}+xml"/></Types>'
    )
    relation = f"{base}/officeDocument/2006/relationships/officeDocument"
    properties = f"{base}/package/2006/relationships/metadata/core-properties"
    rels = (
        f'<Relationships xmlns="{base}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{relation}" Target="{main[0]}"/>'
        f'<Relationship Id="r2" Type="{properties}" Target="docProps/core.xml"/></Relationships>'
    )
    core = (
        f'<cp:coreProperties xmlns:cp="{base}/package/2006/metadata/core-properties" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{escape(title)}</dc:title></cp:coreProperties>'
    )
    return _zip(
        [("[Content_Types].xml", types), ("_rels/.rels", rels), main, ("docProps/core.xml", core)]
    )


def _zip(members: Sequence[tuple[str, str]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members:
            package.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def xlsx(text: Text, rng: random.Random, encoding: str) -> Made:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(*_EPOCH, tzinfo=UTC)})
        sheet, at = book.add_worksheet(rng.choice(("Sheet1", "台账"))), rng.choice((0, 0, 1))
        for block in text.blocks:
            for row in [[block]] if isinstance(block, str) else block:
                for column, cell in enumerate(row):
                    if cell:
                        sheet.write_string(at, column, cell)
                at += 1
    return out.getvalue(), ""


def pdf(text: Text, rng: random.Random, encoding: str) -> Made:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    embedded = rng.random() < 0.2
    font = "CorpusSans" if embedded else "STSong-Light"
    if font not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(font, str(FONT)) if embedded else UnicodeCIDFont(font))
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    canvas.setTitle(rng.choice((text.title, "", "untitled", "Microsoft Word - 1.doc")))
    height = 800
    for line in lines_of(text, "    "):
        size = 20 if line == text.shown_title else 12
        canvas.setFont(font, size)
        if line == text.shown_title:
            canvas.drawCentredString(297, height, line)
        else:
            canvas.drawString(72, height, line[:60])
            if len(line) > 60:
                height -= 18
                canvas.drawString(72, height, line[60:])
        height -= size + 8
    canvas.save()
    return out.getvalue(), ""


def ofd(text: Text, rng: random.Random, encoding: str) -> Made:
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    objects = []
    for number, line in enumerate(lines_of(text, "    "), 10):
        if line:
            code = f'<ofd:TextCode X="0" Y="5">{escape(line)}</ofd:TextCode>'
            place = f'ID="{number}" Boundary="20 {number * 8 - 60} 170 8" Font="1" Size="5"'
            objects.append(f"<ofd:TextObject {place}>{code}</ofd:TextObject>")
    title = rng.choice((f"<ofd:Title>{escape(text.title)}</ofd:Title>", ""))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    info = f"<ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID>{title}"
    root = (
        f'{head}<ofd:OFD {space} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>{info}'
        "</ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"
    )
    document = (
        f"{head}<ofd:Document {space}><ofd:CommonData><ofd:MaxUnitID>999</ofd:MaxUnitID>"
        "<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
        '</ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>'
        "</ofd:Pages></ofd:Document>"
    )
    page = (
        f'{head}<ofd:Page {space}><ofd:Content><ofd:Layer ID="2">{"".join(objects)}'
        "</ofd:Layer></ofd:Content></ofd:Page>"
    )
    return _zip(
        [
            ("OFD.xml", root),
            ("Doc_0/Document.xml", document),
            ("Doc_0/Pages/Page_0/Content.xml", page),
        ]
    ), ""


def doc(text: Text, rng: random.Random, encoding: str) -> Made:
    return ole_files.doc("\r".join(lines_of(text, "\x07")) + "\r"), ""


def xls(text: Text, rng: random.Random, encoding: str) -> Made:
    rows = ([[block]] if isinstance(block, str) else block for block in text.blocks)
    return ole_files.xls([row for block in rows for row in block]), ""


Maker = Callable[[Text, random.Random, str], Made]
PLAIN: dict[str, Maker] = {}
PLAIN.update(txt=txt, md=md, csv=csv, json=json_, xml=xml, html=html)
PACKED: dict[str, Maker] = {}
PACKED.update(doc=doc, xls=xls, wps=doc, rtf=rtf, eml=eml, docx=docx, xlsx=xlsx, pdf=pdf, ofd=ofd)
