"""What is read out of each format, from files that were put together by hand."""

import io
import tarfile
import zipfile
from email.message import EmailMessage

import pytest
from ole_files import compound, doc, xls
from packages import W, header, ofd, ofd_line, package, paragraphs, sheet, word
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.documents.extract import DOCX, PPTX, XLSX, Extracted, mixed, plain
from ingest.documents.take_apart import take_apart

_SECOND = ['<w:br w:type="page"/>', "第二页", "<w:delText>删去</w:delText>"]


def read(data: bytes, media_type: str) -> Extracted:
    return take_apart(io.BytesIO(data), media_type)


def codes(found: Extracted) -> list[str]:
    return [code for code, _ in found.findings]


def test_docx_headers_text_boxes_and_pages_in_a_readers_order():
    box = (
        '<mc:AlternateContent xmlns:mc="m"><mc:Choice><w:txbxContent>'
        + paragraphs(["文本框"])
        + "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
        + paragraphs(["文本框"])
        + "</w:txbxContent></mc:Fallback></mc:AlternateContent>"
    )
    body = paragraphs(
        ["行政处罚决定书", box, "<w:instrText>PAGE</w:instrText>", "<w:tab/>", *_SECOND]
    )
    found = read(
        word(
            body,
            {
                "word/header1.xml": header("内部资料"),
                "word/footnotes.xml": header("脚注"),
                "docProps/core.xml": '<c xmlns:dc="d"><dc:title>标题</dc:title></c>',
                "docProps/app.xml": "<Properties><Pages>2</Pages></Properties>",
                "_xmlsignatures/sig1.xml": "<Signature/>",
            },
        ),
        DOCX,
    )
    assert found.first_page.split() == ["内部资料", "行政处罚决定书", "文本框"]
    assert found.first_page.count("文本框") == 1
    assert found.text.partition("\f")[2].split() == ["第二页", "脚注"]
    assert "删去" not in found.text
    assert "PAGE" not in found.text
    assert (found.pages, found.title, found.puid) == (2, "标题", "fmt/412")
    assert (found.signatures, found.readable, found.findings) == (1, True, ())


def test_docx_macros_links_and_embedded_files_are_noticed():
    links = (
        '<Relationships><Relationship TargetMode="External" Type="x/attachedTemplate"'
        ' Target="http://127.0.0.1:9/t.dotm"/><Relationship TargetMode="External"'
        ' Type="x/hyperlink" Target="http://example.invalid/"/></Relationships>'
    )
    found = read(
        word(
            paragraphs(["正文"]),
            {
                "word/_rels/document.xml.rels": links,
                "word/vbaProject.bin": b"x",
                "word/embeddings/oleObject1.bin": b"x",
                "../../etc/cron.d/x": b"x",
            },
        ),
        DOCX,
    )
    assert sorted(set(codes(found))) == [
        "EMBEDDED_FILES", "EXTERNAL_LINKS", "MACROS_PRESENT", "MEMBER_NAMES",
    ]  # fmt: skip
    assert codes(found).count("EXTERNAL_LINKS") == 1
    assert found.text.strip() == "正文"


def test_xlsx_cells_days_headers_and_sheet_names():
    rows = (
        '<row><c t="s"><v>0</v></c><c s="1"><v>46098</v></c><c><v>500</v></c></row>'
        '<row><c t="inlineStr"><is><t>张三</t></is></c><c t="s"><v>99</v></c></row>'
    )
    found = read(
        sheet(
            rows,
            {
                "xl/sharedStrings.xml": "<sst><si><t>案号</t><rPh><t>anhao</t></rPh></si></sst>",
                "xl/styles.xml": '<s><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></s>',
                "xl/drawings/drawing1.xml": '<x xmlns:a="a"><a:p><a:t>图中文字</a:t></a:p></x>',
            },
        ),
        XLSX,
    )
    assert found.text.splitlines() == ["登记表", "案号\t2026-03-17\t500", "张三", "图中文字"]
    assert (found.pages, found.puid) == (1, "fmt/214")


def test_xlsx_header_stands_first():
    extra = {
        "xl/worksheets/sheet1.xml": "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData>"
        '<headerFooter><oddHeader>&amp;C&amp;"宋体"&amp;14内部资料</oddHeader></headerFooter>'
        "</worksheet>"
    }
    assert read(sheet("", extra), XLSX).first_page.split() == ["内部资料", "登记表", "1"]


def test_pptx_slides_in_their_order():
    slides = {
        f"ppt/slides/slide{number}.xml": f'<x xmlns:a="a"><a:p><a:t>第{number}张</a:t></a:p></x>'
        for number in (10, 2, 1)
    }
    found = read(package(slides), PPTX)
    assert [page.strip() for page in found.text.split("\f")] == ["第1张", "第2张", "第10张"]
    assert found.pages == 3


def test_doc_pieces_headers_boxes_and_fields():
    body = "Notice\r行政处罚决定书\r\x13 PAGE \x14 1\x15\r当事人：张三\x07\x07\x0c第二页\r"
    found = read(
        doc(body, headers="内部资料\r", notes="脚注\r", boxes="文本框\r"), "application/msword"
    )
    assert found.first_page.split() == [
        "内部资料",
        "Notice",
        "行政处罚决定书",
        "1",
        "当事人：张三",
        "文本框",
    ]
    assert found.text.partition("\f")[2].split() == ["第二页", "脚注", "文本框"]
    assert (found.pages, found.title, found.puid) == (3, "Notice", "fmt/40")
    assert found.findings == ()


def test_doc_locked_macros_and_of_others():
    locked = read(doc("密码", locked=True), "application/msword")
    assert codes(locked) == ["ENCRYPTED"]
    assert not locked.readable
    macros = compound({"WordDocument": b"\0" * 1000}, ["Macros"])
    assert codes(read(macros, "application/msword")) == ["MACROS_PRESENT", "DOCUMENT_BROKEN"]
    package_locked = read(compound({"EncryptedPackage": b"x"}), "application/x-ole-storage")
    assert codes(package_locked) == ["ENCRYPTED"]


def test_xls_cells_and_header():
    found = read(
        xls([["案号", "当事人"], ["12", 500.0]], header="&C内部资料"), "application/vnd.ms-excel"
    )
    assert found.first_page.split() == ["内部资料", "登记表", "案号", "当事人", "12", "500"]
    assert (found.pages, found.puid) == (1, "fmt/61")
    locked = read(xls([["x"]], locked=True), "application/vnd.ms-excel")
    assert codes(locked) == ["ENCRYPTED"]


def test_rtf_header_code_pages_unicode_and_what_is_left_out():
    words = "行政处罚".encode("gbk")
    hexed = "".join(f"\\'{byte:02x}" for byte in words)
    data = (
        r"{\rtf1\ansi\ansicpg936\uc1{\fonttbl{\f0\fcharset134 SimSun;}{\f1\fcharset0 Arial;}}"
        r"{\info{\title " + hexed + r"}{\author X}}{\header\pard \u20869?\u37096?\par}"
        r"{\*\generator Msftedit}\f0 " + hexed + r"\u20915?\u23450?\u20070?\par"
        r"{\pict\pngblip 89504e47}{\object\objdata 0102}{\field{\*\fldinst HYPERLINK http://x}"
        r"{\fldrslt link}}{\*\shpinst{\shptxt box\par}}\page second\bin4 }}}}\par}"
    )  # fmt: skip
    found = read(data.encode("ascii"), "application/rtf")
    assert found.first_page.split() == ["内部", "行政处罚决定书", "link", "box"]
    assert found.text.partition("\f")[2].split() == ["second", "box"]
    assert found.title == "行政处罚"
    assert codes(found) == ["EMBEDDED_FILES"]


def test_mail_headers_words_and_attachments():
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "李四 <li@example.invalid>", "现场笔录"
    mail["Sensitivity"], mail["X-Level"] = "Private", "内部"
    mail.set_content("请查收附件。")
    mail.add_alternative("<p>请查收<script>x()</script></p>", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="笔录.pdf")
    found = read(mail.as_bytes(), "message/rfc822")
    lines = found.first_page.splitlines()
    assert lines[:3] == [
        "Subject: 现场笔录",
        "From: 李四 <li@example.invalid>",
        "Sensitivity: Private",
    ]
    assert "X-Level: 内部" in lines
    assert "请查收附件。" in found.text
    assert "x()" not in found.text
    assert "[笔录.pdf]" in found.text
    assert found.title == "现场笔录"
    assert set(codes(found)) == {"ACTIVE_CONTENT", "EMBEDDED_FILES"}


def test_mail_of_raw_gbk():
    data = "From: a@b\r\nSubject: 现场笔录\r\n\r\n当事人张三\r\n".encode("gbk")
    found = read(data, "message/rfc822")
    assert found.title == "现场笔录"
    assert found.text.splitlines()[-1] == "当事人张三"


def test_pdf_words_pages_title_and_version():
    found = read(_pdf(["first page", "second page"]), "application/pdf")
    assert (found.text.split("\f")[0].strip(), found.pages) == ("first page", 2)
    assert (found.title, found.puid, found.signatures) == ("A title", "fmt/18", 0)


def test_pdf_without_words_is_not_readable():
    found = read(_pdf(["", ""]), "application/pdf")
    assert (found.pages, found.readable) == (2, False)


def test_docx_whose_document_has_another_name():
    """As Office on the web writes it; a decoy with the usual name hides nothing."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    relations = {
        "_rels/.rels": f'<Relationships><Relationship Type="{kind}" Target="/word/document2.xml"/>'
        "</Relationships>",
        "word/document2.xml": f'<w:document xmlns:w="{W}"><w:body>{paragraphs(["机密★10年"])}'
        "</w:body></w:document>",
    }
    assert "机密★10年" in read(package(relations), DOCX).first_page
    assert read(package(relations), DOCX).findings == ()
    found = read(word(paragraphs(["送达回证"]), relations), DOCX)
    assert found.text.split() == ["机密★10年", "送达回证"]


def _scanned(words: str, text: str, share: float = 1.0) -> Extracted:
    """A page with a picture on it and some words, and one with text."""
    file = io.BytesIO()
    canvas = Canvas(file)
    picture = ImageReader(Image.new("RGB", (20, 30), "gray"))
    canvas.drawImage(picture, 0, 0, A4[0] * share, A4[1])
    canvas.drawString(100, 20, words)
    canvas.showPage()
    canvas.drawString(100, 700, text)
    canvas.save()
    return read(file.getvalue(), "application/pdf")


def test_pdf_whose_first_page_is_a_scan():
    assert codes(_scanned("", "text on page two")) == ["FIRST_PAGE_SCANNED"]
    assert codes(_scanned("CamScanner", "")) == ["FIRST_PAGE_SCANNED"]
    assert codes(_scanned("CamScanner", "", share=0.3)) == []  # a letterhead
    assert codes(_scanned("many words that somebody wrote beside a picture", "x")) == []
    assert codes(_scanned("", "")) == []


def test_pdf_locked():
    found = read(_pdf(["x"], encrypt=StandardEncryption("secret")), "application/pdf")
    assert codes(found) == ["ENCRYPTED"]
    assert not found.readable


@pytest.mark.parametrize(
    ("name", "code"),
    [(b"/JavaScript", "ACTIVE_CONTENT"), (b"/J#61vaScript", "ACTIVE_CONTENT"),
     (b"/Launch", "ACTIVE_CONTENT"), (b"/GoToR", "EXTERNAL_LINKS")],
)  # fmt: skip
def test_pdf_actions(name, code):
    data = _pdf(["x"]) + b"\n%% 9 0 obj << /S %s >> endobj" % name
    assert codes(read(data, "application/pdf")) == [code]


def test_ofd_lines_pages_and_signatures():
    pages = [
        ofd_line("行政处罚", 20) + ofd_line("决定书", 20) + ofd_line("当事人", 30),
        ofd_line("二", 1),
    ]
    found = read(ofd(pages), "application/ofd")
    assert found.first_page.splitlines() == ["行政处罚决定书", "当事人"]
    assert (found.pages, found.signatures, found.title) == (2, 1, "决定书")
    assert codes(read(ofd([""]), "application/ofd")) == []
    assert not read(ofd([""]), "application/ofd").readable


def test_ofd_parts_lie_in_the_package_and_nowhere_else():
    found = read(
        ofd([], extra={"OFD.xml": "<x><DocRoot>../../../etc/passwd</DocRoot></x>"}),
        "application/ofd",
    )
    assert codes(found) == ["EXTERNAL_LINKS"]


def test_archives_are_listed():
    data = package({"a/证据.jpg": b"x", "../b": b"x"})
    found = read(data, "application/zip")
    assert found.text.split() == ["a/证据.jpg", "../b"]
    assert codes(found) == ["MEMBER_NAMES"]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    found = read(packed.getvalue(), "application/x-tar")
    assert found.text.split() == ["link"]
    assert codes(found) == ["MEMBER_NAMES"]


def test_html_visible_words_only():
    page = (
        "<!doctype html><html><head><title>标题</title><style>p{}</style></head><body onload=x()>"
        "<p>一&amp;二</p><script>bad()</script><!-- hidden --><img src='http://x.invalid/a.png'>"
        "<td>甲</td><td>乙</td><template>no</template></body></html>"
    )
    found = plain(page.encode(), "utf-8", form="html")
    assert found.text.split() == ["一&二", "甲", "乙"]
    assert found.title == "标题"
    assert set(codes(found)) == {"ACTIVE_CONTENT", "EXTERNAL_LINKS"}


def test_xml_words_and_refused_entities():
    page = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>甲</b>&x;</a>'
    found = plain(page.encode(), "utf-8", form="xml")
    assert found.text.split() == ["甲", "&x;"]
    assert codes(found) == ["ENTITIES_REFUSED"]


@pytest.mark.parametrize(
    "end", [b"<script>" * 30000, b"<!--" * 30000, b"<" * 90000, b"&#" + b"9" * 9000 + b";"]
)
def test_markup_of_the_worst_kind_takes_no_time(end):
    found = plain(b"<html><body>x" + end, "utf-8", form="html")
    assert found.text.startswith("x")


@pytest.mark.parametrize(
    "part",
    [
        '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">]><d>&a;</d>',
        '<?xml version="1.0"?><!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd"><d/>',
    ],
)
def test_docx_entities_are_refused(part):
    found = read(word("", {"word/document.xml": part}), DOCX)
    assert codes(found) == ["ENTITIES_REFUSED"]


def test_docx_depth_and_truncation():
    deep = read(word("<w:p>" * 1000), DOCX)
    assert deep.findings[0][0] == "LIMIT_REACHED"
    assert deep.findings[0][1].startswith("depth")
    whole = word(paragraphs(["x"]))
    assert codes(read(whole[: len(whole) // 2], DOCX)) == ["DOCUMENT_BROKEN"]


def test_text_is_bounded_and_what_was_read_stays():
    data = word(paragraphs(["字" * 1000] * 100))
    found = take_apart(io.BytesIO(data), DOCX, most=5000)
    assert len(found.text) == 5000
    assert found.findings == ()  # the caller asked for no more


def test_ratio_of_a_bomb():
    bomb = word("", {"word/document.xml": f'<w:document xmlns:w="{W}">' + " " * (60 << 20)})
    found = read(bomb, DOCX)
    assert [code for code in codes(found) if code == "LIMIT_REACHED"]


def test_members_beyond_count():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for number in range(10_001):
            made.writestr(f"{number}", b"")
    assert codes(read(file.getvalue(), DOCX)) == ["LIMIT_REACHED"]


def _pdf(pages: list[str], **options: object) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pdfVersion=(1, 4), **options)
    canvas.setTitle("A title")
    for words in pages:
        canvas.drawString(100, 700, words)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def test_a_text_of_several_encodings_is_read_line_by_line():
    data = "现场笔录\n".encode() + "当事人张三\n".encode("gbk") + "a乙\n".encode("utf-16-le")
    found = mixed(data)
    assert found.text.split() == ["现场笔录", "当事人张三"]
    assert found.findings == (("MIXED_ENCODINGS", "gb18030, utf-8, 2 lost"),)
    assert found.confidence == 0
    assert mixed(b"\0" * 500) is None
    assert mixed(bytes(range(256)) * 40) is None


def test_a_text_whose_lines_all_have_one_encoding_has_it():
    rare = "赟\n" * 3
    found = mixed(rare.encode("gb18030"))
    assert (found.text.split(), found.encoding, found.findings) == (["赟"] * 3, "gb18030", ())
    page = "臺北市政府\n行政處罰決定書\n當事人：陳大文"
    found = mixed(page.encode("big5"))
    assert (found.text, found.encoding, found.findings) == (page, "big5", ())
    assert found.confidence > 90
