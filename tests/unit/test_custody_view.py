"""The custody as people read it, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from release_fixture import REASON, Office, make_office

from archive.custody import custody
from archive.errors import Denied
from cli import language
from cli.custody_view import show_custody, show_registers
from cli.output import to_json


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """A request that was tried too early, approved and used; a hold on the case."""
    office = make_office(tmp_path, b"a record")
    request = office.request("li", "own_case", "copy")
    with pytest.raises(Denied), office.release.open(office.start("li", request, "copy")):
        pass
    office.decide("wang", request, "legal_office")
    copies = {"count": 2, "medium": "光盘"}
    with office.release.open(office.start("li", request, "copy", copies=copies)) as retrieval:
        list(retrieval.pieces())
    hold = {"hold": office.people.authors["wang"].id(), "case": office.case, "records": []}
    words = {"reason": "行政复议", "document_no": "复字1号"}
    office.people.say("wang", "hold.placed", hold, words)
    return document(office)


def document(office: Office) -> Any:
    with office.archive.db.read() as connection:
        made = custody(connection, office.archive.places.evidence, office.record)
    parts = {"cases": made.cases, "holds": made.holds, "people": made.people}
    return to_json({**parts, "custody": made.events})


@pytest.fixture
def chinese() -> Iterator[None]:
    language.choose("zh")
    yield
    language.choose("en")


def lines(found: Any, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Each line by the event that it is about, the two lines of the registers by their names."""
    show_registers(found)
    show_custody(found)
    shown = [line.split(None, 1) for line in capsys.readouterr().out.splitlines() if line.strip()]
    kinds = [event["kind"] for event in found["custody"]]
    register, table = shown[:2], shown[4:]
    return {
        **{words[0]: words[1] for words in register},
        **{kind: words[1] for kind, words in zip(kinds, table, strict=True)},
    }


def test_in_english(found: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(found, capsys)
    assert "姓名 li (li)" in shown["belongs"]
    assert "姓名 wang (wang)" in shown["hold"]
    assert f"handler of the case; copy; case handling; {REASON}" in shown["access.requested"]
    assert "The approvals that this needs are not there; " in shown["access.denied"]
    assert "姓名 li (li)" in shown["access.denied"]
    assert "approved; head of the legal office" in shown["access.decided"]
    assert "copies: 2 光盘" in shown["access.started"]
    assert "8 B" in shown["access.completed"]
    assert "not yet" in shown["hold.placed"]


def test_in_chinese(chinese: None, found: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(found, capsys)
    assert "姓名 li（li）" in shown["所属案件"]
    assert "本案承办人；复制；案件办理" in shown["access.requested"]
    assert "尚未取得所需批准" in shown["access.denied"]
    assert "批准；法制机构负责人" in shown["access.decided"]
    assert "副本 2 份" in shown["access.started"]
    assert "尚未" in shown["hold.placed"]


def test_a_full_check_tells_what_it_made_of_the_condition(
    found: Any, chinese: None, capsys: pytest.CaptureFixture[str]
) -> None:
    amended = {"kind": "record.amended", "body": {"what": "media"}, "problem": None}
    bare = {**found["custody"][0], **amended}
    checks = [
        {**bare, "detail": {"condition": {"verdict": verdict}}}
        for verdict in ("damaged", "damaged")
    ]
    technical = {"condition": {"verdict": "sound"}}
    show_custody({**found, "description": {"technical": technical}, "custody": checks})
    first, second = capsys.readouterr().out.splitlines()[-3:-1]
    assert first.rstrip().endswith("完好 → 受损")
    assert second.rstrip().endswith(" 受损")
    assert "→" not in second
