"""Title, number, date, parties, language: each documented pattern, and what must not be taken."""

import pytest

from archive.document import PARTY_ROLES
from ingest.documents.dates import date_of
from ingest.documents.fields import fields_of, fields_of_named, fields_of_rows, fields_of_sheets
from ingest.documents.language import language_of
from ingest.documents.lines import compact, lines_of
from ingest.documents.parties import MOST, Party

DECISION = """\
上海市交通委员会执法总队
行 政 处 罚 决 定 书
沪交执罚〔2026〕第12号
当事人：上海远通物流有限公司
法定代表人（负责人）：张伟  职务：经理
执法人员：李明（执法证号：09120001）、王芳（执法证号：09120002）
见证人：赵敏
    经查，2026年2月1日，当事人擅自超限运输，参照《关于规范裁量权的通知》（沪府发〔2023〕5号）。
                    二〇二六年三月一日
"""


def test_a_whole_document() -> None:
    found = fields_of(DECISION)
    assert (found.title, found.number) == ("行政处罚决定书", "沪交执罚〔2026〕第12号")
    assert found.date == "2026-03-01"
    assert found.parties == (
        Party("上海市交通委员会执法总队", "agency"),
        Party("上海远通物流有限公司", "party"),
        Party("张伟", "legal_representative"),
        Party("李明", "officer"),
        Party("王芳", "officer"),
        Party("赵敏", "witness"),
    )
    assert {party.role for party in found.parties} == set(PARTY_ROLES)


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("第 1 页 共 3 页\n\n某某市城市管理局\n询 问 笔 录\n", "询问笔录"),
        ("某市文件\n某府发〔2026〕3号\n\n关于加强\n治理工作的通知\n", "关于加强治理工作的通知"),
        ("关于印发《管理\n办法（试行）》的\n通知\n各单位：", "关于印发《管理办法（试行）》的通知"),
        ("关于对张三给予行政处罚的决定\n", "关于对张三给予行政处罚的决定"),
        ("关于同意设立检测站的批复\n", "关于同意设立检测站的批复"),
        ("管理暂行办法\n（征求意见稿）\n第一条", "管理暂行办法（征求意见稿）"),
        ("# 现场检查记录\n正文。", "现场检查记录"),
        ("**送达回证**\n", "送达回证"),
        ("MEMO\nBody camera review report\n", "Body camera review report"),
        ("NOTICE OF VIOLATION\nNo. 1", "NOTICE OF VIOLATION"),
        ("Dear all,\nthe weather was fine.", "Dear all,"),
        ('{"t": 1, "txt": "行政处罚决定书"}\n{"t": 2}\n', ""),
        ("当事人：张三\n", "当事人：张三"),
        ("", ""),
    ],
)  # fmt: skip
def test_titles(page: str, title: str) -> None:
    assert fields_of(page).title == title


@pytest.mark.parametrize(
    ("stated", "title"),
    [
        ("关于某事的说明材料", "关于某事的说明材料"),
        ("Microsoft Word - 文档1", "今日工作一切正常"),
        ("扫描件0012.pdf", "今日工作一切正常"),
    ],
)
def test_what_a_program_wrote_by_itself_is_no_title(stated: str, title: str) -> None:
    assert fields_of("今日工作一切正常\n第二行", title=stated).title == title


@pytest.mark.parametrize(
    "number",
    [
        *("沪交执罚〔2026〕第12号", "京市监罚[2026]0012号", "辽环罚（2026）1号"),
        *("粤卫罚﹝2026﹞3号", "皖交执【2026】罚字第12号", "（2026）京01行初12号"),
        *("(2026)辽12行终33号", "国办发〔2018〕118号"),
        *("沪公（交）行罚决字［2026］第310101-2900012345号", "中华人民共和国国务院令第825号"),
        *("深市监罚听告〔2026〕福田88号", "环勘字2026年第9号", "北市裁催字第22-AB1234567號"),
        *("鲁应急罚〔二〇二六〕第五号", "交执罚字第20260012号", "沪交执罚〔２０２６〕第１２号"),
    ],
)  # fmt: skip
def test_numbers_that_fill_a_line(number: str) -> None:
    assert fields_of(f"决定书\n　　{number}\n正文").number == number
    assert fields_of(f"决定书\n（{number}）\n").number == number
    assert fields_of(f"决定书\n文号：{number}\n").number == number
    assert fields_of(f"送达回证\n案号\t{number}\t案由\t超限运输\n").number == number
    assert fields_of(f"通知\n{number}　　　　　　签发人：王五\n").number == number
    spaced = number.replace("号", " 号").replace("第", " 第 ")
    assert fields_of(f"决定书\n{spaced}\n").number == number
    # Cited, it is not the document's own.
    assert fields_of(f"情况说明\n参照{number}，说明如下。\n备注 见{number}\n").number is None


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("编号：2026-0012", "2026-0012"),
        ("Case No. SHT/2026/12", "SHT/2026/12"),
        ("Docket No.: 2026-AF-0071", "2026-AF-0071"),
        ("Reference: NOV-2026-00012", "NOV-2026-00012"),
        ("caseNo：沪交执罚〔2026〕1号", "沪交执罚〔2026〕1号"),
        ("编号：2026-03-01", None),
        ("编号：", None),
        ("电话号码：021-12345678", None),
        ("note 12 of the plan", None),
        ("See case No. 12 for more.", None),
    ],
)
def test_numbers_behind_labels(line: str, number: str | None) -> None:
    assert fields_of(f"Record\n{line}\n").number == number


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("决定书\n经查，2025年1月1日发生。\n某某局\n2026年3月1日\n", "2026-03-01"),
        ("决定书\n某某局（印章） 二○二六年三月十一日", "2026-03-11"),
        ("决定书\n二〇二六年十二月三十一日（印章）", "2026-12-31"),
        ("决定书\n制作日期：2026/3/1\n2025年1月1日", "2026-03-01"),
        ("登记表\n日期\t2026.03.01\n", "2026-03-01"),
        ("笔录\n时间：2026年3月1日9时10分至10时\n问：……", "2026-03-01"),
        ("笔录\n时间：2026年3月1日9时\n被询问人签名：张三  2026年3月2日", "2026-03-02"),
        ("Report\nDate: March 2, 2026\n", "2026-03-02"),
        ("Report\nDate: Mon, 2 Mar 2026 09:00:00 +0800\n", "2026-03-02"),
        ("裁決書\n中華民國115年2月3日\n", "2026-02-03"),
        ("出生日期：1980年1月1日\n", None),
        ("决定书\n2026年2月30日\n", None),
        ("经查，2026年1月1日9时，当事人驾车。", None),
        ("Report\nDate: 03/14/2026\n", None),
    ],
)  # fmt: skip
def test_dates(text: str, date: str | None) -> None:
    assert fields_of(text).date == date


def test_the_date_of_a_long_text_stands_at_its_end() -> None:
    body = "第一条。\n" * 1_000
    assert fields_of(body[:4_000], "最后一条。\n某某局\n2026年3月1日\n").date == "2026-03-01"
    assert date_of(["2026年1月1日"], ["正文。"]) is None


@pytest.mark.parametrize(
    ("line", "parties"),
    [
        ("执法人员：李明、王芳", [("李明", "officer"), ("王芳", "officer")]),
        ("询问人：李明　　记录人：王芳", [("李明", "officer"), ("王芳", "officer")]),
        ("询问人：李明 记录人：王芳", [("李明", "officer"), ("王芳", "officer")]),
        ("执法人员 李明、王芳 日期 2026年3月1日", [("李明", "officer"), ("王芳", "officer")]),
        ("当事人\t青岛某某（集团）有限公司\t法定代表人\t张三",
         [("青岛某某（集团）有限公司", "party"), ("张三", "legal_representative")]),
        ("被处罚人：张三，男，汉族，住某某路1号", [("张三", "party")]),
        ("当事人（姓名或名称）：欧阳修远", [("欧阳修远", "party")]),
        ("单位名称：某某饭店", [("某某饭店", "party")]),
        ("执法机关：某某市城管局", [("某某市城管局", "agency")]),
        ("Officers: Li Ming and Wang Fang", [("Li Ming", "officer"), ("Wang Fang", "officer")]),
        ("Respondent: Yuantong Logistics Co., Ltd.", [("Yuantong Logistics Co., Ltd", "party")]),
        ("见证人：________", []),
        ("当事人违反了规定，当事人，应予处罚。", []),
        ("执法人员：", []),
    ],
)  # fmt: skip
def test_parties(line: str, parties: list[tuple[str, str]]) -> None:
    assert list(fields_of(f"正文\n{line}\n").parties) == parties


def test_parties_are_bounded() -> None:
    page = "\n".join(f"当事人：张{char}三" for char in "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉")
    assert len(fields_of(page).parties) == MOST


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (DECISION, "zh"),
        ("行政處罰決定書\n當事人違反規定，應於期限內履行。", "zh-Hant"),
        ("The officers of the city looked at the car and it had no lamp.", "en"),
        ("Der Beamte hat den Wagen angehalten und geprüft.", None),
        ("door patrol unit north suspect vehicle", None),
        ("これは日本語の文書です。規則に違反した。", None),
        (
            "Notice of the case to the party: 当事人应当履行义务 " + "and more of the text " * 9,
            "mul",
        ),
        ("12345", None),
        ("", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert language_of(text) == language


def test_named_fields() -> None:
    found = fields_of_named('{"a": {"文书名称": "送达回证", "文号": "某〔2026〕1号"}}', "json")
    assert (found.title, found.number) == ("送达回证", "某〔2026〕1号")
    fields = "<标题>询问笔录</标题><案号>某〔2026〕2号</案号><date>2026-03-01</date>"
    xml = f"<d>{fields}<b>A &amp; B</b></d>"
    found = fields_of_named(xml, "xml")
    assert (found.title, found.number, found.date) == ("询问笔录", "某〔2026〕2号", "2026-03-01")
    cdata = "<d><标题 a='1'>\n <![CDATA[ 送达回证 ]]>\n</标题><c></c></d>"
    assert fields_of_named(cdata, "xml").title == "送达回证"
    # Nothing is read twice: this would take minutes.
    assert fields_of_named("<a>" + "\n" * 60_000 + "<b>", "xml") == fields_of("")
    assert fields_of_named("[" * 100_000, "json") == fields_of("")
    assert fields_of_named('{"title": "x\\ud800y"}', "json").title == "xy"


def test_rows_and_sheets() -> None:
    found = fields_of_rows('处罚台账,,\r\n编号,当事人\r\n"某〔2026〕1号,",张三\r\n')
    assert found.title == "处罚台账"
    assert fields_of_rows("日期,情况\n2026-01-01,正常\n").title == ""
    assert fields_of_sheets("Sheet1\n送达回证\n案号\t某〔2026〕1号\n").number == "某〔2026〕1号"
    assert fields_of_sheets("违法台账2026\n日期\t情况\n").title == "违法台账2026"
    assert fields_of_sheets("").title == ""
    assert fields_of_rows('"never closed\n' * 50).number is None


def test_lines() -> None:
    assert compact("行　政  处 罚 决 定 书") == "行政处罚决定书"
    assert compact("编号 A1 案由 超限") == "编号 A1 案由 超限"
    assert compact("案　号：1") == "案号：1"
    assert lines_of("| 编号 | 1 |\n| --- | --- |\n\n>  引文\n") == ["编号\t1", "---\t---", "引文"]


@pytest.mark.parametrize(
    "page",
    [
        *("（" * 4_000, "〔2026〕" * 800, "当事人：" * 1_000, "一" * 4_000, "关于" * 2_000),
        *("2026年" * 1_000, "字第" * 2_000, "No. " * 1_000, "签名" + " " * 3_990, "(" * 4_000),
        *("文号：" + "A-" * 1_990, "关于\n" * 1_300, "日期 " * 1_300, "a\tb|" * 1_000, "*" * 4_000),
    ],
)
def test_no_pattern_runs_away(page: str) -> None:
    """Bounded: a page that nearly fits costs milliseconds, not seconds (the suite has a limit)."""
    for text in (
        page,
        page.replace("〕", ""),
        "\n".join(page[i : i + 99] for i in range(0, 4_000, 99)),
    ):
        found = fields_of(text, text[-1_500:])
        assert len(found.title) <= 200
        assert found.number is None or len(found.number) <= 80
