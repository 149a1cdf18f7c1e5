"""Filing a case and excusing rows of the list, through the real commands."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from cli_people import Person, founders
from demo_drops import Drop, write_drops
from home_copies import copy_home
from reportlab.pdfgen.canvas import Canvas

from archive.desk.reading import Reader
from archive.registers.volumes import volume_digest
from archive.times import SHANGHAI
from cli.clock import SystemClock
from cli.service import gate

PASSPHRASE = "a passphrase for tests"
NUMBER = "滨综执罚〔2026〕12号"
CODE = "0123-XZ·2-2026-D30-0001"
NOW = SystemClock().now()


def printed(pages: int, password: str | None = None) -> bytes:
    """A PDF with so many pages."""
    file = io.BytesIO()
    canvas = Canvas(file, encrypt=password)
    for page in range(pages):
        canvas.drawString(100, 700, str(page + 1))
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def drop(name: str, stage: str | None, content: bytes, hours: float) -> Drop:
    at = NOW - timedelta(hours=hours)
    claims: dict[str, Any] = {"case": NUMBER, "capture_start": stamp(at)}
    if stage:
        claims["stage"] = stage
    return Drop("DSJ1", "", name, content, at, claims=claims)


def replaced(number: str, one: Drop) -> Drop:
    """The drop as one of another case."""
    return replace(one, claims={**(one.claims or {}), "case": number})


def stamp(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


DROPS = (
    drop("送达回证.txt", "serve", "送达回证\n".encode(), 20),
    drop("决定书.pdf", "decide", printed(3), 30),
    drop("现场笔录.txt", "investigate", "现场笔录\n".encode(), 40),
    drop("照片.txt", "investigate", "现场照片说明\n".encode(), 41),
    drop("立案审批表.pdf", "start", printed(4, "secret"), 50),
    drop("信封.bin", None, b"\x00\x01", 60),
)
ORDER = ["立案审批表.pdf", "现场照片说明", "现场笔录", "决定书.pdf", "送达回证", "信封.bin"]


@pytest.fixture(scope="module")
def founded(at_home: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The archive with a case of six records; every test has a copy of its own."""
    cli = at_home(tmp_path_factory.mktemp("filing") / "home")
    assert cli("init").code == 0
    path = cli.home / "cunzheng.toml"
    text = path.read_text(encoding="utf-8").replace("settle_seconds = 2.0", "settle_seconds = 0.0")
    path.write_text(text, encoding="utf-8")
    arrive(cli, *DROPS)
    opening = ("case", "open", NUMBER, "--category", "penalty", "--unit", "main")
    done = gu(cli)(*opening, "--title", "占道经营")
    assert done.code == 0, done.err
    return cli


@pytest.fixture
def cli(founded: Any, at_home: Callable[[Path], Any], tmp_path: Path) -> Any:
    """The case is open."""
    copy_home(founded.home, tmp_path / "home")
    return at_home(tmp_path / "home")


@pytest.fixture
def closed(cli: Any) -> Any:
    assert gu(cli)("case", "close", NUMBER, "--reason", "已办结").code == 0
    return cli


@pytest.fixture
def filed(closed: Any, tmp_path: Path) -> Any:
    """The case with its first volume; one record is left."""
    done = file_first(closed, edited(closed, tmp_path / "first.csv")[0])
    assert done.code == 0, done.err
    return closed


def edited(cli: Any, path: Path) -> tuple[Path, str]:
    """The draft as CSV: another order, pages, a title, and one record left out; which one."""
    done = cli("--lang", "zh", "case", "catalogue", NUMBER, "-o", path)
    assert done.code == 0, done.err
    head, *rows = csv.reader(path.read_text(encoding="utf-8-sig").splitlines())
    assert "记录标识" in head
    last = rows.pop()
    assert last[head.index("题名")] == "信封.bin"
    rows[0][head.index("页数")] = "2"
    rows[0][head.index("题名")] = "立案审批表"
    rows[1], rows[2] = rows[2], rows[1]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path, last[head.index("记录标识")]


def file_first(cli: Any, order: Path) -> Any:
    return gu(cli)("case", "file", NUMBER, "--ref-code", CODE, "--order", order, "--note", "齐全")


def arrive_late(cli: Any) -> None:
    arrive(cli, drop("补充说明.txt", "execute", "后到".encode(), 10))


def file_further(cli: Any) -> Any:
    return gu(cli)("case", "file", NUMBER, "--ref-code", "0123-XZ·2-2026-D30-0002")


def excuse(cli: Any) -> Any:
    excusing = ("case", "excuse", NUMBER, "penalty_interview_note", "--reason", "暴雨，设备失灵")
    return second(cli)(*excusing)


def arrive(cli: Any, *drops: Drop) -> None:
    write_drops(cli.home / "inbox", drops)
    done = cli("watch", "--once")
    assert done.code == 0, done.err


def gu(cli: Any) -> Person:
    """The founder who is an archivist and heads no unit."""
    return founders(cli, cli.home, PASSPHRASE)[0]


def second(cli: Any) -> Person:
    """The founder who heads the unit."""
    return founders(cli, cli.home, PASSPHRASE)[1]


def shown(cli: Any) -> Any:
    return cli("case", "show", NUMBER, "--json").json


def test_what_is_missing_may_be_excused(cli: Any) -> None:
    missing = "penalty_interview_note"

    def state() -> Any:
        rows = cli("case", "check", NUMBER, "--json").json["rows"]
        return next(row for row in rows if row["id"] == missing)

    assert state()["state"] == "missing"
    assert gu(cli)("case", "excuse", NUMBER, missing, "--reason", "暴雨，设备失灵").code == 4
    assert second(cli)("case", "excuse", NUMBER, "no_such_row", "--reason", "x").code == 2
    done = excuse(cli)
    assert done.code == 0, done.err
    found = state()
    assert (found["state"], found["excused"]["by"]) == ("excused", "second")
    assert found["excused"]["reason"] == "暴雨，设备失灵"


def test_the_draft_is_in_the_order_of_the_procedure(cli: Any) -> None:
    done = cli("case", "file", NUMBER, "--dry-run", "--json")
    assert done.code == 0, done.err
    found = done.json
    lines = found["lines"]
    assert [line["title"] for line in lines] == ORDER
    assert [line["pages"] for line in lines] == [1, 1, 1, 3, 1, 1]
    assert [line["page_from"] for line in lines] == [1, 2, 3, 4, 7, 8]
    assert (found["number"], found["closed"]) == (1, None)
    in_chinese = cli("--lang", "zh", "case", "file", NUMBER, "--dry-run")
    assert in_chinese.out.index("立案审批表") < in_chinese.out.index("送达回证")


def test_an_open_case_is_not_filed(cli: Any) -> None:
    done = gu(cli)("case", "file", NUMBER, "--ref-code", CODE)
    assert done.code == 4
    assert "not closed yet" in done.err
    assert done.out == ""  # nobody reads a catalogue first that cannot be signed
    without = gu(cli)("case", "file", NUMBER)
    assert (without.code, without.out) == (2, "")
    assert gu(cli)("case", "close", NUMBER, "--reason", "已办结").code == 0


def bad_orders(lines: list[dict[str, Any]]) -> dict[str, str]:
    first = lines[0]["record"]
    return {
        "no column": "title\nx\n",
        "nothing": "record\n",
        "twice": f"record\n{first}\n{first}\n",
        "unknown": "record\n01ARZ3NDEKTSV4RRFFQ69G5FAV\n",
        "too short": "record\n01\n",
        "no pages": f"record,pages\n{first},0\n",
        "many pages": f"record,pages\n{first},1000000\n",
        "no number": f"record,pages\n{first},二\n",
    }


def test_an_order_that_is_none_is_refused(closed: Any, tmp_path: Path) -> None:
    lines = closed("case", "file", NUMBER, "-n", "--json").json["lines"]
    for name, text in bad_orders(lines).items():
        path = tmp_path / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        done = gu(closed)("case", "file", NUMBER, "--ref-code", CODE, "--order", path)
        assert done.code == 2, (name, done.err)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "binary.csv", tmp_path / "not there.csv"):
        assert gu(closed)("case", "file", NUMBER, "-n", "--order", path).code == 2
    assert shown(closed)["volumes"] == []


def test_a_person_gives_the_order_and_the_pages(closed: Any, tmp_path: Path) -> None:
    """The draft as CSV, edited: another order, pages, a title, and one record left out."""
    path, left = edited(closed, tmp_path / "order.csv")
    done = file_first(closed, path)
    assert done.code == 0, done.err
    assert done.out.index("现场笔录") < done.out.index("现场照片说明")
    assert "Records that stay out of this volume: 1." in done.out

    found = shown(closed)
    (volume,) = found["volumes"]
    assert (volume["number"], volume["ref_code"], volume["records"]) == (1, CODE, 5)
    assert (found["unfiled"], found["late"]) == ([left], [])
    words = next(event for event in found["history"] if event["kind"] == "case.filed")["words"]
    assert str(volume_digest(words["catalogue"])) == volume["volume"]
    assert [line["page_from"] for line in words["catalogue"]] == [1, 3, 4, 5, 8]
    assert [line["title"] for line in words["catalogue"]][:1] == ["立案审批表"]


def test_a_code_is_proposed_by_the_pattern_of_the_archive(filed: Any) -> None:
    """After the last one of that year and period; a person may give another one."""
    path = filed.home / "cunzheng.toml"
    before = path.read_text(encoding="utf-8")

    def proposed(pattern: str) -> Any:
        path.write_text(before.replace('ref_code = ""', f'ref_code = "{pattern}"'), "utf-8")
        return filed("case", "file", NUMBER, "-n", "--json")

    try:
        year = shown(filed)["closed"][:4]
        found = proposed("0123-XZ·2-{year}-{term}-{volume}").json["ref_code"]
        assert found == f"0123-XZ·2-{year}-D30-000{2 if year == '2026' else 1}"
        assert proposed("B-{volume}").json["ref_code"] == "B-0001"
        own = filed("case", "file", NUMBER, "-n", "--json", "--ref-code", "X-1").json["ref_code"]
        assert own == "X-1"
        assert proposed("B-{year}").code == 2
    finally:
        path.write_text(before, encoding="utf-8")
    assert filed("case", "file", NUMBER, "-n", "--json").json["ref_code"] is None


def test_a_code_is_given_once(filed: Any) -> None:
    done = gu(filed)("case", "file", NUMBER, "--ref-code", CODE)
    assert (done.code, done.out) == (4, "")  # nothing is shown that cannot be filed
    assert "given before" in done.err
    assert gu(filed)("case", "file", NUMBER, "--ref-code", "a code").code == 2
    in_chinese = gu(filed)("--lang", "zh", "case", "file", NUMBER, "--ref-code", CODE)
    assert "该档号已被使用" in in_chinese.err


def test_late_additions_are_marked_and_go_into_a_further_volume(filed: Any) -> None:
    arrive_late(filed)
    found = shown(filed)
    (late,) = found["late"]
    assert late in found["unfiled"]
    assert len(found["unfiled"]) == 2
    told = filed("case", "show", NUMBER).out
    assert f"late addition, in no volume: 补充说明.txt ({late})" in told
    assert re.search(r"^handlers +–$", told, re.MULTILINE)
    assert f"{CODE}; 5 records; 齐全" in told
    assert (
        f"归档后补充、尚未入卷：补充说明.txt ({late})"
        in filed("--lang", "zh", "case", "show", NUMBER).out
    )
    done = file_further(filed)
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if "added later" in line] != []
    found = shown(filed)
    assert (found["unfiled"], found["late"]) == ([], [])
    assert [volume["records"] for volume in found["volumes"]] == [5, 2]
    nothing = gu(filed)("case", "file", NUMBER, "--ref-code", "x")
    assert nothing.code == 2
    assert "left to be filed" in nothing.err


def test_a_colleague_is_told_no_titles_of_records_with_tags(
    filed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(filed.home / "cunzheng.db")) as connection:
        connection.execute("UPDATE record SET tags = 'minor' WHERE name = '现场笔录.txt'")
        connection.commit()
    colleague = Reader(("x",), frozenset({"handler"}), frozenset({"main"}))
    for told in (True, False):
        done = filed("case", "catalogue", NUMBER, "--volume", "1", "-o", tmp_path / f"{told}.csv")
        assert done.code == 0, done.err
        text = (tmp_path / f"{told}.csv").read_text(encoding="utf-8-sig")
        assert ("现场笔录" in text) is told
        assert "决定书" in text
        monkeypatch.setattr(gate, "holder_of", lambda *_: colleague)


def test_a_volume_on_paper(filed: Any, tmp_path: Path) -> None:
    arrive_late(filed)
    assert file_further(filed).code == 0
    path = tmp_path / "volume.pdf"
    done = filed("--lang", "zh", "case", "catalogue", NUMBER, "--volume", "1", "-o", path)
    assert done.code == 0, done.err
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path)]
    text = "".join("".join(pages).split())
    for words in (
        "卷内目录",
        CODE,
        "卷内备考表",
        "本卷共5件、8页",
        "齐全",
        "占道经营",
        "5–7",
        "检查人",
    ):
        assert words in text
    assert shown(filed)["volumes"][0]["volume"] in text
    late = filed("case", "catalogue", NUMBER, "--volume", "2", "--format", "csv").out
    assert late.count("added later") == 1
    assert filed("case", "catalogue", NUMBER, "--volume", "3").code == 2
    assert filed("case", "catalogue", NUMBER).code == 2


def test_the_commands_of_the_page_run(cli: Any, tmp_path: Path) -> None:
    """docs/filing.md, line by line, for another case."""
    text = (Path(__file__).parents[2] / "docs" / "filing.md").read_text(encoding="utf-8")
    lines = [
        line.split("#")[0].split()[2:]
        for line in text.splitlines()
        if line.startswith("    $ cunzheng ")
    ]
    assert len(lines) == 7
    arrive(cli, replaced("2026-13", drop("申请书.txt", "start", "申请书\n".encode(), 5)))
    opening = ("case", "open", "2026-13", "--category", "penalty", "--unit", "main")
    assert gu(cli)(*opening).code == 0
    values = {"CASE": "2026-13", "ROW…": "询问笔录", "TEXT": "说明"}
    values["volume.pdf"] = str(tmp_path / "volume.pdf")
    for line in lines:
        by = second(cli) if line[1] == "excuse" else gu(cli)
        done = by(*(values.get(word, word) for word in line))
        assert done.code == (line[1] == "check"), (line, done.err)
    assert (tmp_path / "volume.pdf").read_bytes().startswith(b"%PDF")
    assert cli("verify").code == 0


def test_what_was_filed_stands_the_checks(filed: Any) -> None:
    assert excuse(filed).code == 0
    arrive_late(filed)
    assert file_further(filed).code == 0
    record = filed("search", "决定书", "--json").json["records"][0]["record"]
    assert "filed in a volume" in filed("show", record).out
    before = shown(filed)
    assert filed("verify").code == 0
    done = filed("rebuild")
    assert done.code == 0, done.err
    assert filed("verify").code == 0
    after = shown(filed)
    assert [after[key] for key in ("volumes", "unfiled", "late")] == [
        before[key] for key in ("volumes", "unfiled", "late")
    ]
