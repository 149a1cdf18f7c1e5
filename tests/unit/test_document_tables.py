"""Fields of forms and tables: the document's own are found, another document's are left alone."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import marked_documents as documents
import pytest

from ingest.classification import is_marked_page
from ingest.documents.extract import Extracted
from ingest.documents.fields import fields_of, fields_of_rows, fields_of_sheets
from ingest.documents.language import language_of
from ingest.documents.markup import visible
from ingest.documents.rows import CELL, END, ROW, joined
from ingest.documents.tables import without_tables
from ingest.documents.take_apart import take_apart
from ingest.documents.understand import Understander
from ingest.errors import Classified

N = "沪交执罚〔2026〕第12号"
LEDGER = (
    f"案号,当事人,案由,处罚日期\n{N},张三,超限运输,2026-03-05\n某〔2026〕3号,李四,超载,2026-03-06\n"
)


class Here:
    """Takes documents apart in this process."""

    def read(self, source: Any, media_type: str, name: str, *, most: int) -> Extracted:
        return take_apart(io.BytesIO(source), media_type, most=max(most, 1))


def understood(name: str, data: bytes) -> Any:
    return json.loads(Understander(Here).understand(data, data, True, name, len(data)).document)


def page(table: str) -> bytes:
    return f"<!DOCTYPE html><html><body>\n<h1>检查笔录</h1>{table}</body></html>".encode()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"送达回证\n受送达人\n张三\n送达文书\n{N}\n送达人：李明\n", None),
        (f"送达回证\n受送达人\t张三\n送达文书\t行政处罚决定书\n文书文号\t{N}\n", None),
        (f"送达回证\n某〔2026〕8号\n送达文书\n{N}\n", "某〔2026〕8号"),
        (f"送达回证\n案号\t{N}\t案由\t超限运输\n", N),
        (f"送达回证\n文书编号：{N}\n", N),
        (f"行政处罚缴款书\n决定书文号：{N}\n缴款人：张三\n", None),
        (f"情况说明\n决定书文号：{N}\n", None),
        (f"情况说明\n送达文书\n{N}\n", None),
        (f"情况说明\n送达文书\t决定书\t文号\t{N}\n", None),
        (f"行政处罚决定书\n决定书文号：{N}\n", N),
        (f"行政处罚信息公示表\n行政处罚决定书文号\t{N}\n", N),
        (f"{N}\t张三\t超限\n某〔2026〕3号\t李四\t超载\n", None),
        (f"{N}\t张三\n某〔2026〕3号\t李四\n", None),
        (f"{N}\t签发人：王五\n", N),
    ],
)
def test_the_number_of_another_document_is_left_alone(text: str, number: str | None) -> None:
    assert fields_of(text).number == number


@pytest.mark.parametrize(
    "found",
    [
        fields_of_rows(LEDGER),
        fields_of_rows("处罚台账\n" + LEDGER),
        fields_of_rows(LEDGER.replace("日期", "时间"), LEDGER),
        fields_of_sheets("台账\n" + LEDGER.replace(",", "\t")),
        fields_of("处罚台账\n" + LEDGER.replace(",", "    ")),
        fields_of_rows("当事人,金额\n张三,2000\n李四,3000\n"),
        fields_of_rows("当事人,金额\n"),
        fields_of_rows("case_no,respondent,amount,date\nSHT/2026/12,Li Ming,200,2026-03-05\n"),
        fields_of("清单\n序号\t名称\t取得时间\n1\t照片\t2026年3月1日\n2\t笔录\t2026年2月28日\n"),
        # Only the end of a long table is at hand.
        fields_of("台账", "张三\t超限\t2026-03-01\n李四\t超载\t2026-03-02\n"),
        fields_of("台账", "1\t张三\t2026-03-01\n李四\t超载\t2026-03-02\n"),
    ],
)
def test_a_table_with_a_head_gives_no_fields(found: Any) -> None:
    assert (found.number, found.date, found.parties) == (None, None, ())


def test_what_stands_around_a_table_does() -> None:
    table = "编号\t名称\t数量\n1\t手机\t1\n黑色。\n2\t电脑\t1\n填表人：王芳\t数量：2\n"
    found = fields_of(f"清单\n某〔2026〕5号\n{table}当事人\t张三\n办案单位\t某分局\t2026年3月5日\n")
    assert (found.number, found.date) == ("某〔2026〕5号", "2026-03-05")
    assert [party.name for party in found.parties] == ["张三", "某分局"]
    left = without_tables(table.splitlines())
    assert left == ["黑色。", "填表人：王芳\t数量：2"]
    # A form: labels before values; a blank one names nobody.
    form = ["当事人\t张三\t案由\t超限运输", "案由\t当事人\t李四"]
    assert without_tables(form) == form
    assert fields_of("笔录\n当事人\t性别\t年龄\n检查时间\t2026年3月1日\n").parties == ()
    assert fields_of("笔录\n检查人 李四    2026年3月1日\n记录人 王五    2026年3月1日").date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("决定书\n某某局\n２０２６年３月５日\n", "2026-03-05"),
        ("决定书\n日期：２０２６－０３－０５\n", "2026-03-05"),
        ("笔录\n检查时间：２０２６年３月５日９时\n", "2026-03-05"),
        ("笔录\n签名：张三 ２０２６．３．５ 上午\n", "2026-03-05"),
        ("决定书\n公元2026年3月5日\n", "2026-03-05"),
        ("决定书\n日期:20260305\n", "2026-03-05"),
        ("登记表\n登记日期：2026年3月5日\n", "2026-03-05"),
        ("缴款书\n填制日期：2026年3月5日\n", "2026-03-05"),
        ("决定书\n日期:202603051\n", None),
        ("决定书\n编号:20260305\n", None),
        ("报告\n案发时间：2026年3月5日\n", None),
    ],
)
def test_days(text: str, date: str | None) -> None:
    assert fields_of(text).date == date


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("当事人：上海鲜の味餐饮有限公司，应当自收到本决定书之日起十五日内履行。", "zh"),
        ("当事人：阿卜杜拉・买买提", "zh"),
        ("これは日本語の文書です。規則に違反した。", None),
        ("大韓民國 법률 제1호", None),
    ],
)
def test_one_kana_makes_no_japanese(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_a_row_of_a_docx_is_a_line() -> None:
    served = documents.docx(["送达回证"], cells=["送达文书", N, "当\n事\n人", "张三"])
    found = understood("a.docx", served)
    assert (found["number"], [party["name"] for party in found["parties"]]) == (None, ["张三"])
    checked = documents.docx(["检查笔录"], cells=["检查时间", "2026年3月1日9时"])
    assert understood("a.docx", checked)["date"] == "2026-03-01"
    heading = documents.docx(["当事人：张三"], cells=["检查笔录", "编号：2026-0012"])
    assert understood("a.docx", heading)["number"] == "2026-0012"
    assert fields_of("检查笔录\t编号：2026-0012\n当事人：张三").title == "检查笔录"


@pytest.mark.parametrize("gap", ["", "\n\t\t"])
def test_a_row_of_a_page_is_a_line(gap: str) -> None:
    cells = f"{gap}<td><p>检查\n时间</p></td>{gap}<td>2026年3月1日9时</td>{gap}"
    found = understood("a.html", page(f"<table>{gap}<tr>{cells}</tr>{gap}</table>"))
    assert found["date"] == "2026-03-01"
    outer = page(f"<table><tr><td>\n{N}<table><tr><td>当事人</td><td>张三</td></tr></table>")
    found = understood("a.html", outer)
    assert (found["number"], found["parties"][0]["name"]) == (N, "张三")


def test_rows() -> None:
    row = f"{ROW}意见\n{CELL}同意。\n局长\n2026年3月1日\n{CELL}{END}"
    assert joined(f"前{row}后") == f"前意见{CELL}同意。\n局长 2026年3月1日\n后"
    # One cell, or more than a line holds, stay as they were.
    assert joined(f"{ROW}决定书\n{N}{CELL}{END}") == f"决定书\n{N}\t\n"
    for text in ("字" * 500, " " * 5_000):
        assert joined(f"{ROW}意见\n{CELL}{text}{CELL}{END}") == f"意见\n\t{text}\t\n"


def test_a_mark_in_a_cell_is_found_whatever_stands_beside_it() -> None:
    beside = "姓名：张三，男"
    assert not is_marked_page(f"机密\t{beside}\n正文\n")
    with pytest.raises(Classified):
        understood("a.docx", documents.docx(["正文"], cells=["机密", beside, beside]))
    row = f"<table>\n<tr>\n<td>机密</td>\n<td>{beside}</td>\n</tr></table>"
    with pytest.raises(Classified):
        understood("a.html", page(row))


@pytest.mark.parametrize("part", [ROW, CELL, f"{ROW}a{CELL}", f"a{CELL}", "当事人\t", "号\t1\n"])
def test_tables_take_time_in_proportion(part: str) -> None:
    text = part * (200_000 // len(part))
    began = time.process_time()
    joined(text)
    without_tables(text.splitlines()[:60])
    visible("<tr><td>" * 20_000 + "</td>" * 20_000, lambda _code, _note: None)
    assert time.process_time() - began < 2
