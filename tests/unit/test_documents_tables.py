"""Tables as CSV, XLSX and HTML, read back with other code than wrote them."""

import csv
import io
import re
import sys
import tracemalloc
import unicodedata
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from openpyxl import load_workbook

from archive.documents import xlsx_file
from archive.documents.cells import visible
from archive.documents.formats import FORMATS
from archive.documents.table import Chart, Column, Table

MADE = datetime(2026, 11, 22, 12, tzinfo=UTC)
COLUMNS = (
    Column("no", "序号", "number"),
    Column("at", "时间", "moment"),
    Column("who", "调阅人"),
    Column("size", "大小", "size"),
    Column("share", "占比", "share"),
)
MOMENT = datetime(2026, 11, 22, 20, 5, 6, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(A1)",
    "＝1+1",
    "\t=1",
    "\r=1",
    "a\x00b\x1bc",
    "exe.\u202egpj",
    'a"b,c\r\nd',
    "http://example.org/",
    "{=1+1}",
    "&amp; ' \"",
    "_x0041_",
    "\ud800",
)


def table(*rows: tuple, columns=COLUMNS, **more) -> Table:
    return Table("登记簿 <b>", columns, iter(rows), MADE, **more)


def texts(values) -> Table:
    return table(*((value,) for value in values), columns=(Column("t", "文字"),))


def written(name: str, document: Table) -> bytes:
    stream = io.BytesIO()
    FORMATS[name](document, stream)
    return stream.getvalue()


def csv_rows(document: Table) -> list[list[str]]:
    data = written("csv", document)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def xlsx_sheets(document: Table):
    return load_workbook(io.BytesIO(written("xlsx", document))).worksheets


class Page(HTMLParser):
    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.cells: list[str] = []
        self.feed(data.decode())

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data) -> None:
        if self.tags and self.tags[-1] == "td":
            self.cells[-1] += data


ROW = (-1234567, MOMENT, "张三", 1048576, 0.125)


def test_csv_is_exact_and_for_programs() -> None:
    rows = csv_rows(table(ROW, (None,) * 5))
    assert rows[0] == ["序号", "时间", "调阅人", "大小", "占比"]
    assert rows[1] == ["-1234567", "2026-11-23 04:05:06+08:00", "张三", "1048576", "0.125"]
    assert rows[2] == [""] * 5
    assert csv_rows(table((2 / 3,), columns=COLUMNS[4:]))[1] == ["0.6667"]


def test_csv_never_holds_a_formula() -> None:
    cells = [row[0] for row in csv_rows(texts(HOSTILE))[1:]]
    assert cells[1:8] == ["'" + text for text in HOSTILE[1:8]]
    assert cells[8:11] == ["a[U+0000]b[U+001B]c", "exe.[U+202E]gpj", 'a"b,c\r\nd']


def test_xlsx_has_typed_cells_below_a_frozen_header() -> None:
    (sheet,) = xlsx_sheets(table(ROW, subtitle=("档案馆",)))
    assert sheet.title == "登记簿 <b>"
    assert sheet["A1"].value == "登记簿 <b>"
    assert sheet.freeze_panes == "A5"
    assert [cell.value for cell in sheet[4]] == [column.title for column in COLUMNS]
    local = datetime(2026, 11, 23, 4, 5, 6)  # noqa: DTZ001 - Excel knows no zones
    assert [cell.value for cell in sheet[5]] == [-1234567, local, "张三", 1048576, 0.125]
    assert sheet["E5"].number_format == "0.0%"
    assert sheet["A7"].value == "时间为北京时间（UTC+8）。"
    assert sheet.column_dimensions["B"].width > 19


def test_xlsx_never_holds_a_formula_or_link() -> None:
    (sheet,) = xlsx_sheets(texts(HOSTILE))
    cells = [row[0] for row in sheet.iter_rows(min_row=4, max_row=3 + len(HOSTILE))]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)
    assert cells[1].value == HOSTILE[1]
    assert cells[9].value == "exe.[U+202E]gpj"
    assert cells[14].value == "_x005F_x0041_"  # as Excel itself escapes such text


def test_xlsx_says_where_it_cut_and_goes_on_in_another_sheet(monkeypatch) -> None:
    (sheet,) = xlsx_sheets(texts(["长" * 40_000, "𬭎" * 10_000]))
    assert len(sheet["A4"].value) <= 32_767
    assert sheet["A4"].value.endswith("… [cut / 已截断: 40,000]")
    assert sheet["A5"].value == "𬭎" * 10_000
    monkeypatch.setattr(xlsx_file, "LAST_ROW", 8)
    sheets = xlsx_sheets(texts(str(number) for number in range(12)))
    values = [cell.value for sheet in sheets for (cell,) in sheet.iter_rows(max_col=1)]
    assert [value for value in values if value and value.isdigit()] == [str(n) for n in range(12)]
    assert len(sheets) == 3
    assert sheets[2].title.endswith(" 3")


def test_html_escapes_everything_and_loads_nothing() -> None:
    chart = Chart("<i>按单位</i>", (("<u>一</u>", 1), ("二", 4)), "次")
    data = written(
        "html",
        Table(
            "<b>",
            (Column("t", "<i>"),),
            [(t,) for t in HOSTILE],
            MADE,
            ("<u>",),
            ("<s>",),
            (chart,),
        ),
    )
    page = Page(data)
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "svg",
        "rect",
    }
    assert set(page.tags) == allowed
    assert not any(name.startswith("on") or name in ("href", "src") for name, _ in page.attributes)
    assert ("lang", "zh-CN") in page.attributes
    assert any(value and value.startswith("default-src 'none'") for _, value in page.attributes)
    cells = [cell.strip() for cell in page.cells]
    assert HOSTILE[0] in cells
    assert "exe.[U+202E]gpj" in cells
    assert re.findall(rb'<rect width="([0-9.]+)"', data) == [b"25.0", b"100.0"]


def test_every_hidden_character_is_shown() -> None:
    arabic = set(map(chr, (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2)))
    for point in range(sys.maxunicode + 1):
        character = chr(point)
        hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        if hidden and character not in arabic and character not in "\t\n\r":
            assert visible(character).startswith("[U+"), hex(point)
        elif not hidden and unicodedata.category(character) != "Cn":
            assert visible(character) == character, hex(point)


@pytest.mark.parametrize("name", FORMATS)
def test_a_wrong_value_or_row_is_an_error(name: str) -> None:
    with pytest.raises(TypeError):
        written(name, table((1, "yesterday", "a", 1, 0.5)))
    with pytest.raises(ValueError, match="zone"):
        written(name, table((1, MOMENT.replace(tzinfo=None), "a", 1, 0.5)))
    with pytest.raises((ValueError, IndexError)):
        written(name, table((1, MOMENT)))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_table_gives_the_same_bytes(name: str) -> None:
    assert written(name, table(ROW)) == written(name, table(ROW))


@pytest.mark.parametrize("name", ["csv", "html"])
def test_ten_thousand_rows_stay_out_of_memory(name: str) -> None:
    class Sink(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            return len(data)

    tracemalloc.start()
    try:
        FORMATS[name](table(*[]), Sink())
        tracemalloc.reset_peak()
        rows = (ROW for _ in range(10_000))
        FORMATS[name](Table("t", COLUMNS, rows, MADE), Sink())
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_ten_thousand_rows_of_xlsx() -> None:
    (sheet,) = xlsx_sheets(Table("t", COLUMNS, (ROW for _ in range(10_000)), MADE))
    assert sheet.max_row == 3 + 10_000 + 2
