"""PDFs read back with PDFium: text, pages, embedded fonts, and nothing beyond the margins."""

import io
import re
from datetime import UTC, datetime

import pypdfium2
import pytest
from scale import size

from archive.documents import pdf_file
from archive.documents.cover_sheet import (
    Approval,
    Copies,
    CoverItem,
    CoverSheet,
    SealState,
    write_cover_sheet,
)
from archive.documents.table import Column, Table
from archive.documents.typeset import mono, sans

MADE = datetime(2026, 11, 22, 4, 5, 6, tzinfo=UTC)
REASON = "因当事人“复议”申请，依据《行政处罚法》第四十七条调取全过程音像记录；"
DIGESTS = ("sha256:" + "8f" * 32, "sm3:" + "1a" * 32, "sha512:" + "c4" * 64)


def table(rows, *columns: Column) -> bytes:
    stream = io.BytesIO()
    pdf_file.write(Table("调阅登记簿", columns, rows, MADE), stream)
    return stream.getvalue()


def pages(data: bytes) -> list[str]:
    found = pypdfium2.PdfDocument(data)
    return [page.get_textpage().get_text_bounded().replace("\r", "") for page in found]


def joined(data: bytes) -> str:
    return "".join(pages(data)).replace("\n", "")


def ink(data: bytes) -> None:
    """Nothing may be drawn in the outer 25 points of any page."""
    for page in pypdfium2.PdfDocument(data):
        picture = page.render(scale=1).to_pil().convert("L")
        wide, high = picture.size
        for box in ((0, 0, 25, high), (wide - 25, 0, wide, high), (0, 0, wide, 25)):
            assert picture.crop(box).getextrema() == (255, 255)


def sheet(count: int = 3, lang: str = "zh") -> CoverSheet:
    items = tuple(
        CoverItem(
            f"01JD{n:022d}",
            "很长的文件名" * 12 + ".mp4",
            123456789,
            (0, 9) if n else None,
            DIGESTS,
            "cunzheng.example/2026",
            n,
        )
        for n in range(count)
    )
    approvals = (Approval("赵六", "部门负责人", "同意", MADE),)
    note = ("cunzheng.example/2026", "4715", "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=")
    return CoverSheet(
        "某市档案馆",
        "REQ1",
        "ACC1",
        "复制",
        "p1",
        "王珺𬭎",
        "司法局",
        "李四 · 某法院 · 工作证 · 12",
        "介字7号",
        MADE,
        REASON * 3,
        "〔2026〕执罚字第128号",
        approvals,
        items,
        Copies(1, "光盘", "GP-0042"),
        SealState(note, MADE),
        "cunzheng 0.1.0",
        lang,  # type: ignore[arg-type]
    )


def cover(value: CoverSheet) -> bytes:
    stream = io.BytesIO()
    write_cover_sheet(value, stream)
    return stream.getvalue()


def test_sixty_rows_with_long_cells() -> None:
    columns = (
        Column("no", "序号", "number"),
        Column("at", "时间", "moment"),
        Column("who", "调阅人"),
        Column("why", "事由"),
        Column("digest", "摘要"),
    )
    digests = [f"{n * 7919:064x}" for n in range(60)]
    data = table([(n, MADE, "王珺𬭎☑", REASON * 3, digests[n]) for n in range(60)], *columns)
    found = pages(data)
    assert len(found) > 3
    for number, page in enumerate(found, 1):
        assert f"第 {number} 页，共 {len(found)} 页" in page
        assert page.startswith("调阅登记簿")
        assert "调阅人" in page
    assert joined(data).count("王珺𬭎☑") == 60
    text = re.sub(r"\s", "", joined(data))
    assert "2026-11-2212:05:06" in text
    assert "时间为北京时间（UTC+8）。" in text
    wide, high = pypdfium2.PdfDocument(data)[0].get_size()
    assert wide > high
    ink(data)


def test_a_cell_taller_than_a_page_goes_on_overleaf() -> None:
    text = bytes(byte for cell in range(0xA1, 0xF1) for byte in (0xB0, cell)).decode("gb2312") * 125
    data = table(
        [("a", text), ("b", "0" * 10_000), ("c", "x\n" * 200)],
        Column("a", "编号"),
        Column("b", "内容"),
    )
    found = "".join("".join(page.split("\n")) for page in pages(data))
    assert [found.count(character) for character in text[:80]] == [125] * 80
    assert found.count("0") >= 10_000
    assert found.count("x") == 200
    ink(data)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("🙂", "[U+1F642]"),
        ("a\u202eb", "a[U+202E]b"),
        ("\x00", "[U+0000]"),
        ("\ue000", "[U+E000]"),
        ("<b>&", "<b>&"),
        ("㛃䶮𫖯", "㛃䶮𫖯"),
        ("□☑☒→〔〕①", "□☑☒→〔〕①"),
    ],
)
def test_no_character_is_an_empty_box(text: str, shown: str) -> None:
    assert sans().readable(text) == shown
    assert shown in joined(table([(text,)], Column("t", "文字")))


def test_the_fonts_have_gb2312() -> None:
    missing = []
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            character = bytes([row, cell]).decode("gb2312", errors="ignore")
            missing += [character] if sans().readable(character) != character else []
    assert missing == []
    assert {mono().units(chr(point)) for point in range(0x20, 0x7F)} == {600}


def test_lines_fit_and_keep_marks_with_their_words() -> None:
    text = REASON * 20 + "a" * 500 + " word" * 50
    lines = sans().lines(text, 9, 120)
    assert all(sans().width(line, 9) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[0] in "，。；》”" or line[-1] in "《“" for line in lines)


def test_every_font_is_embedded_and_the_bytes_are_the_same() -> None:
    data = cover(sheet())
    assert data == cover(sheet())
    embedded = data.count(b"/FontFile2")
    assert embedded >= 3
    assert embedded == data.count(b"/Type /FontDescriptor")
    assert b"D:20261122120506+08'00'" in data


def test_many_rows() -> None:
    count = size(2_000, 10_000)
    rows = ((n, f"第{n}号", MADE) for n in range(count))
    data = table(
        rows, Column("n", "序号", "number"), Column("t", "案号"), Column("m", "时间", "moment")
    )
    found = pages(data)
    assert "第0号" in found[0]
    assert f"第{count - 1}号" in found[-1]
    assert f"共 {len(found)} 页" in found[0]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_cover_sheet_says_all(count: int, lang: str) -> None:
    data = cover(sheet(count, lang))
    ink(data)
    text = re.sub(r"\s", "", joined(data))
    for digest in DIGESTS[:2]:
        assert text.count(digest.partition(":")[2]) == count
    assert text.count("c4") >= 64 * count
    for words in (
        "REQ1",
        "ACC1",
        "王珺𬭎",
        "sha256sum",
        "签收",
        "2026-11-2212:05:06",
        "李四·某法院·工作证·12",
        "介字7号",
        "GP-0042",
        "部门负责人",
        "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
        "〔2026〕执罚字第128号",
    ):
        assert words in text, words
    wide, high = pypdfium2.PdfDocument(data)[0].get_size()
    assert (round(wide), round(high)) == (595, 842)
