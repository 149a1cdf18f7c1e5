"""Documents that bear a classification line, and documents that only speak of one, in all formats.

Every one has a random token in its name and in its text, so that a search for the token finds
whatever was kept of it.
"""

import base64
import csv
import io
import json
import quopri
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

FONT = Path(__file__).resolve().parents[2] / "config" / "fonts" / "NotoSansSC-Regular.ttf"
WORDML = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DRAWING = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OFD = "http://www.ofdspec.org/2016"


@dataclass(frozen=True)
class Sample:
    """A drop: its name, bytes and sidecar, and the token that stands in all of them."""

    name: str
    data: bytes
    token: str
    sidecar: bytes | None = None

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if self.sidecar is not None:
            (folder / f"{self.name}.json").write_bytes(self.sidecar)
        (folder / self.name).write_bytes(self.data)


Lines = Sequence[str]


def plain(lines: Lines, encoding: str = "utf-8") -> bytes:
    return ("\n".join(lines) + "\n").encode(encoding)


def rows(table: Sequence[Lines], encoding: str = "gb18030") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue().encode(encoding)


def html(lines: Lines, head: str = "") -> bytes:
    body = "".join(f"<p>{line}</p>\n" for line in lines)
    page = f'<!DOCTYPE html><html><head><meta charset="utf-8">{head}</head><body>\n{body}'
    return f"{page}</body></html>".encode()


def rtf(lines: Lines) -> bytes:
    def escaped(line: str) -> str:
        return "".join(c if c < "\x80" else f"\\u{(ord(c) ^ 0x8000) - 0x8000}?" for c in line)

    body = "\\par\n".join(map(escaped, lines))
    return ("{\\rtf1\\ansi\\ansicpg936\\uc1 " + body + "\\par}").encode("ascii")


def eml(subject: str, lines: Lines, *headers: str) -> bytes:
    word = "=?utf-8?B?" + base64.b64encode(subject.encode()).decode() + "?="
    head = [
        "From: chen@example.org",
        "To: archive@example.org",
        "Date: Mon, 02 Mar 2026 08:00:00 +0800",
        f"Subject: {word}",
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=gb18030",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    text = quopri.encodestring("\r\n".join(lines).encode("gb18030"))
    return "\r\n".join(head).encode() + b"\r\n\r\n" + text + b"\r\n"


def zipped(members: Sequence[tuple[str, str | bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, 8)
    return out.getvalue()


def docx(lines: Lines, header: Lines = (), box: Lines = (), cells: Lines = ()) -> bytes:
    """Paragraphs; a page header, a text box in the first paragraph, a table above the text."""

    def paragraph(line: str) -> str:
        return f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>"

    boxed = ""
    if box:
        inside = "".join(map(paragraph, box))
        shape = f"<wps:txbx><w:txbxContent>{inside}</w:txbxContent></wps:txbx>"
        boxed = f"<w:p><w:r><w:drawing><wps:wsp>{shape}</wps:wsp></w:drawing></w:r></w:p>"
    table = ""
    if cells:
        row = "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells)
        table = f"<w:tbl><w:tr>{row}</w:tr></w:tbl>"
    body = boxed + table + "".join(map(paragraph, lines))
    section = '<w:sectPr><w:headerReference w:type="default" r:id="rId1"/></w:sectPr>'
    spaces = f'xmlns:w="{WORDML}" xmlns:wps="{DRAWING}" xmlns:r="{RELATION}"'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    return zipped(
        [
            (
                "[Content_Types].xml",
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" ContentType='
                '"application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/word/document.xml" ContentType="{kind}.document.main+xml"/>'
                f'<Override PartName="/word/header1.xml" ContentType="{kind}.header+xml"/></Types>',
            ),
            (
                "_rels/.rels",
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
                f'relationships"><Relationship Id="rId1" Type="{RELATION}/officeDocument"'
                ' Target="word/document.xml"/></Relationships>',
            ),
            (
                "word/_rels/document.xml.rels",
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
                f'relationships"><Relationship Id="rId1" Type="{RELATION}/header"'
                ' Target="header1.xml"/></Relationships>',
            ),
            (
                "word/document.xml",
                f"<w:document {spaces}><w:body>{body}{section}</w:body></w:document>",
            ),
            (
                "word/header1.xml",
                f"<w:hdr {spaces}>{''.join(map(paragraph, header))}</w:hdr>",
            ),
        ]
    )


def xlsx(table: Sequence[Lines]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("表")
        for number, row in enumerate(table):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def pdf(lines: Lines) -> bytes:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(TTFont("marked", str(FONT)))
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    canvas.setFont("marked", 12)
    for number, line in enumerate(lines):
        canvas.drawString(72, 770 - 20 * number, line)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def ofd(lines: Lines) -> bytes:
    objects = "".join(
        f'<ofd:TextObject ID="{20 + n}" Boundary="20 {20 + 10 * n} 170 8" Font="3" Size="5">'
        f'<ofd:TextCode X="0" Y="5">{line}</ofd:TextCode></ofd:TextObject>'
        for n, line in enumerate(lines)
    )
    return zipped(
        [
            (
                "OFD.xml",
                f'<ofd:OFD xmlns:ofd="{OFD}" Version="1.0" DocType="OFD"><ofd:DocBody>'
                "<ofd:DocInfo><ofd:DocID>1</ofd:DocID></ofd:DocInfo>"
                "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
            ),
            (
                "Doc_0/Document.xml",
                f'<ofd:Document xmlns:ofd="{OFD}"><ofd:CommonData><ofd:MaxUnitID>99'
                "</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox>"
                '</ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID="1"'
                ' BaseLoc="Pages/Page_0/Content.xml"/></ofd:Pages></ofd:Document>',
            ),
            (
                "Doc_0/Pages/Page_0/Content.xml",
                f'<ofd:Page xmlns:ofd="{OFD}"><ofd:Content><ofd:Layer ID="2">{objects}'
                "</ofd:Layer></ofd:Content></ofd:Page>",
            ),
        ]
    )


Make = Callable[[str], bytes]
"""The bytes of a document with a token in it."""

MARKED: dict[str, Make] = {
    "txt": lambda t: plain(["机密★10年", "", "关于专项检查情况的通报", f"正文 {t}。"]),
    "md": lambda t: plain(["# **秘密★启封前**", "", f"## 会议纪要 {t}", "正文。"]),
    "csv": lambda t: rows([("标题", "密级", "日期"), (t, "机密", "2026-03-01")]),
    "json": lambda t: json.dumps({"title": t, "密级": "绝密★长期"}).encode(),
    "xml": lambda t: (
        f'<?xml version="1.0"?><文件><标题>{t}</标题><密级>秘密</密级></文件>'.encode()
    ),
    "html": lambda t: html(["【 机 密 】", f"关于 {t} 的报告", "正文。"]),
    "rtf": lambda t: rtf(["絕密★長期", f"關於 {t} 的報告", "正文。"]),
    "eml": lambda t: eml(f"[机密] {t}", ["各单位：", f"现将 {t} 通报如下。"]),
    "docx": lambda t: docx(["关于检查的报告", f"正文 {t}。"], header=["机  密★五年"]),
    "xlsx": lambda t: xlsx([("密级：秘密", "", "第 1 号"), ("标题", "日期"), (t, "2026-03-01")]),
    "pdf": lambda t: pdf(["000012   机密★1年", "特急", "某某市公安局文件", f"正文 {t}"]),
    "ofd": lambda t: ofd(["秘密★5年", "某某局文件", f"正文 {t}"]),
}
"""One of each format with its classification line, where and as such lines stand."""

MORE_MARKED: dict[str, Make] = {
    "utf-16.txt": lambda t: "\ufeff机密\r\n报告\r\n".encode("utf-16-le") + t.encode("utf-16-le"),
    "english.txt": lambda t: plain(["TOP SECRET", "", f"Report {t}", "It has some lines."]),
    "bottom.txt": lambda t: plain([f"Report {t}", *["It has some lines."] * 9, "SECRET//NOFORN"]),
    "field.txt": lambda t: plain(
        ["份号：000001　密级：机密　保密期限：10年", f"关于 {t}"], "gb18030"
    ),
    "box.docx": lambda t: docx(["关于检查的报告", f"正文 {t}。"], box=["绝密★长期"]),
    "cell.docx": lambda t: docx(["关于检查的报告", f"正文 {t}。"], cells=["密级", "秘密"]),
    "header.eml": lambda t: eml(t, ["正文。"], "X-Classification: SECRET"),
    "outlook.eml": lambda t: eml(t, ["正文。"], "Sensitivity: Company-Confidential"),
    "meta.html": lambda t: html([f"报告 {t}"], '<meta name="classification" content="机密">'),
    "escaped.json": lambda t: json.dumps([{"classification": ["secret"], "t": t}]).encode(),
}
"""Further places and forms."""

MENTIONING: dict[str, Make] = {
    "txt": lambda t: plain(
        [f"询问笔录 {t}", "本案涉及国家秘密，不公开审理。", "商业秘密另行保管。"]
    ),
    "md": lambda t: plain(
        ["# 保守国家秘密知识问答", f"来源 {t}", "## 一、什么是绝密", "答：见法。"]
    ),
    "csv": lambda t: rows([("标题", "密级"), (f"机密文件管理办法 {t}", "公开")]),
    "json": lambda t: json.dumps({"title": f"秘密 {t}", "classification": "public"}).encode(),
    "xml": lambda t: f"<文件><标题>绝密飞行 {t}</标题><密级>非密</密级></文件>".encode(),
    "html": lambda t: html(
        [f"培训 {t}", "标注“机密★10年”的文件应当登记。", "工作秘密不是国家秘密。"]
    ),
    "rtf": lambda t: rtf([f"保密法第九条 {t}", "绝密级国家秘密是最重要的国家秘密。"]),
    "eml": lambda t: eml(f"Lunch {t}", ["Hello.", "This e-mail is confidential and privileged."]),
    "docx": lambda t: docx(
        ["密级划分", "国家秘密的密级分为：", "绝密", "机密", "秘密", f"见 {t}。"]
    ),
    "xlsx": lambda t: xlsx([("文号", "内容"), (t, "涉及商业秘密"), ("2", "个人秘密")]),
    "pdf": lambda t: pdf([f"关于加强保密工作的通知 {t}", "各单位应当妥善保管机密文件。"]),
    "ofd": lambda t: ofd([f"行政处罚决定书 {t}", "你单位侵犯商业秘密一案，现已调查终结。"]),
}
"""One of each format that speaks of secrets and is none."""

SIDECARS: dict[str, str] = {
    "mark": '{"cunzheng_sidecar": 1, "classification": "机密", "case": "TOKEN"}',
    "broken": '{"cunzheng_sidecar": 1, "密级": "绝密", "case": "TOKEN",',
    "star": '{"cunzheng_sidecar": 1, "case": "TOKEN 秘密★10年"}',
}
"""Marks in sidecars of harmless files."""


def token(random_: random.Random) -> str:
    return "tok" + "".join(random_.choices("abcdefghjkmnpqrstuvwxyz", k=20))


def samples(makes: dict[str, Make], seed: int) -> list[Sample]:
    """A drop of each kind; equal seeds make equal drops."""
    random_ = random.Random(seed)
    found = []
    for ending, make in makes.items():
        mark = token(random_)
        found.append(Sample(f"{mark}.{ending}", make(mark), mark))
    return found


def marked_by_sidecar(seed: int) -> list[Sample]:
    random_ = random.Random(seed)
    found = []
    for text in SIDECARS.values():
        mark = token(random_)
        data = f"一份普通的笔录 {mark}\n".encode()
        found.append(Sample(f"{mark}.txt", data, mark, text.replace("TOKEN", mark).encode()))
    return found


def marked_by_name(seed: int) -> list[Sample]:
    random_ = random.Random(seed)
    names = (
        "机密★10年 关于{}.bin",
        "【秘密】{}.txt",
        "{}（绝密）.dat",
        "【ＴＯＰ ＳＥＣＲＥＴ】{}.txt",
    )
    marks = [token(random_) for _ in names]
    return [
        Sample(name.format(mark), f"内容 {mark}\n".encode(), mark)
        for name, mark in zip(names, marks, strict=True)
    ]
