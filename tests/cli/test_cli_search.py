"""search and index as people use them: words, fields, pages, stretches of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Cli = Any

TEXTS = {
    "笔录.txt": "现场检查笔录\n文号：沪交执罚〔2026〕12号\n当事人张三驾驶沪A12345号货车超限运输。",
    "询问.txt": "询问笔录\n当事人李四称对超限运输并不知情\u202e。",
    "通知.txt": "责令改正通知书\n占道经营，限期改正。",
}
CLAIMS = '{"cunzheng_sidecar":1,"case":"2026-17","officers":[{"name":"王强","number":"0012"}]}'


@pytest.fixture(scope="module")
def office(at_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    folder = tmp_path_factory.mktemp("search")
    cli = at_home(folder / "home")
    assert cli("init").code == 0
    (folder / "drops").mkdir()
    for name, text in TEXTS.items():
        (folder / "drops" / name).write_text(text, encoding="utf-8")
    (folder / "drops" / "笔录.txt.json").write_text(CLAIMS, encoding="utf-8")
    assert cli("ingest", folder / "drops", "--source", "hand").code == 0
    return cli


def names(cli: Cli, *arguments: object) -> list[str]:
    return sorted(row["name"] for row in cli("search", "--json", *arguments).json["records"])


def test_index(office: Cli) -> None:
    assert office("status", "--json").json["index"]["waiting"] in (0, 3)
    done = office("index", "--rebuild")
    assert (done.code, done.out) == (0, "Indexed: 3; 3 records are in the index.\n")
    found = office("index", "--json").json
    assert {**found, "seconds": 0} == {
        "done": 0,
        "seconds": 0,
        "indexed": 3,
        "waiting": 0,
        "problems": {},
    }
    assert office("index", "--lang", "zh").out == "已索引 0 份；索引中共 3 份记录。\n"
    assert "not in the index yet   0" in office("status").out


def test_words_and_fields(office: Cli) -> None:
    assert names(office, "超限运输") == ["笔录.txt", "询问.txt"]
    assert names(office, "超限运输", "张三") == ["笔录.txt"]
    assert names(office, "超限运输", "--", "-张三") == ["询问.txt"]
    assert names(office, "沪A12345") == names(office, "罚〔2026〕12号") == ["笔录.txt"]
    assert names(office, "张") == names(office, "--officer", "王强") == ["笔录.txt"]
    assert names(office, "改正", "--case", "2026-17") == []
    assert names(office, "当事人", "--kind", "txt", "--from", "2020-01-01") == names(
        office, "当事人"
    )
    assert names(office, "当事人", "--to", "2020-01-01") == []
    assert names(office, "甲骨文") == []


def test_what_people_see(office: Cli) -> None:
    shown = office("search", "超限运输").out
    assert "«超限运输»" in shown
    assert "并不知情\\u{202e}" in shown
    assert "\u202e" not in shown
    table = office("search", "超限运输", "--no-snippets", "--lang", "zh").out
    assert "«" not in table
    assert "案号" in table
    page = office("search", "超限运输", "--limit", 1, "--lang", "zh").out
    assert "以 --page 2 翻页" in page
    first = office("search", "超限运输", "--limit", 1, "--json").json
    assert (first["count"], first["exact"], first["more"], first["waiting"]) == (2, True, True, 0)
    snippet = first["records"][0]["snippet"]
    assert [snippet["text"][a:b] for a, b in snippet["marks"]] == ["超限运输"]
    more = ("--limit", 1, "--page", 2, "--top", first["top"], "--json")
    second = office("search", "超限运输", *more).json
    assert second["records"][0]["record"] != first["records"][0]["record"]
    assert not second["more"]


def test_wrong_use(office: Cli) -> None:
    done = office("search", "--kind", "scroll", "--lang", "zh")
    assert done.code == 2
    assert "种类应为" in done.err
    assert office("search", "--", "-张三").code == 2
    wrong = {
        ("--from", "2026-11-02", "--to", "2026-11-01"): ("ends before", "截止日期早于"),
        ("罚", "--top", str(10**24)): ("top of a search", "top 应为"),
        tuple(f"罚{number}" for number in range(33)): ("at most 32 words", "检索词最多 32 个"),
        ("罚" * 201,): ("200 characters", "最多 200 字"),
        ("\udcff",): ("no text in UTF-8", "UTF-8 文字"),
        ("--party", "罚" * 201): ("200 characters", "最多 200 字"),
    }
    for arguments, sentences in wrong.items():
        for lang, sentence in zip(("en", "zh"), sentences, strict=True):
            done = office("--lang", lang, "search", *arguments)
            assert (done.code, sentence in done.err) == (2, True), done.err


def test_any_day_of_the_calendar(office: Cli) -> None:
    for bound in ("--from", "--to"):
        for day in ("0001-01-01", "1899-12-31", "2100-01-02", "9999-12-31"):
            assert office("search", "当事人", bound, day).code == 0
    always = ("--from", "0001-01-01", "--to", "9999-12-31")
    assert names(office, "当事人", *always) == ["笔录.txt", "询问.txt"]
    assert names(office, "当事人", "--from", "2100-01-02") == []


def test_values_are_codes_or_chinese_words_and_nothing_else(office: Cli) -> None:
    assert office("search", "--category", "处罚").code == 0
    assert (
        office("search", "--stage", "送达", "--importance", "一般", "--tag", "未成年人").code == 0
    )
    for option in ("--stage", "--category", "--tag", "--importance", "--condition"):
        done = office("--lang", "zh", "search", option, "bogus")
        assert (done.code, "可用：" in done.err) == (2, True)


def test_words_without_anything_to_look_for(office: Cli) -> None:
    for word in ("", "，", "*"):
        assert office("search", word).code == 2
    assert "检索词" in office("--lang", "zh", "search", "--", "-罚款").err


def test_a_page_after_the_last_one(office: Cli) -> None:
    assert "there are 2 hits, on earlier pages" in office("search", "超限运输", "--page", 99).out
    assert office("search", "甲骨文", "--page", 99).out == "Page 99 is empty.\n"


def test_without_an_index(office: Cli) -> None:
    """It is found by name and title, and said; nothing is indexed by the search."""
    settings: Path = office.home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    office("index", "--rebuild")
    settings.write_text(text.replace("index = true", "index = false"), encoding="utf-8")
    try:
        assert names(office, "张三") == ["笔录.txt"]
    finally:
        settings.write_text(text, encoding="utf-8")
