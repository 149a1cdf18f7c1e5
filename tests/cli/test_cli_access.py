"""Supervised retrieval by the commands: asking, deciding, receiving, giving back, opening."""

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from home_copies import copy_home, settle
from office_cli import OfficeHome, Result, make_office_home

from archive.handout import Handout
from archive.pieces import PIECE_SIZE
from archive.status import read_status
from cli.clock import SystemClock

CONTENT = b"".join(b"line %07d of the record\n" % number for number in range(200_000))
WORDS = ("--purpose", "case_handling", "--reason", "核对笔录")
CASE = ("--case", "2026-17")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeHome]:
    """One office; every test leaves its requests in it. At the end the whole of it is verified."""
    office = make_office_home(tmp_path_factory.mktemp("office"), CONTENT)
    yield office
    done = office("verify", "--json")
    assert done.code == 0, done.text


@pytest.fixture
def own(shared: OfficeHome, tmp_path: Path) -> OfficeHome:
    """A copy, to be damaged or moved in time."""
    copy_home(shared.home, tmp_path / "own")
    return replace(shared, home=tmp_path / "own")


def fetched(office: OfficeHome, person: str, *arguments: object) -> Result:
    return office("fetch", office.record, *arguments, "--json", person=person)


def last_denial(office: OfficeHome) -> tuple[str, str | None]:
    body = office.entries("access.denied")[-1]
    return body["code"], body["person"]


def test_a_view_of_the_own_case_is_one_command(shared: OfficeHome) -> None:
    done = fetched(shared, "li", *WORDS, *CASE)
    assert (done.code, done.out) == (0, CONTENT)
    told = json.loads(done.err)
    assert (told["record"], told["size"], told["person"]) == (shared.record, len(CONTENT), "li")
    started = shared.entries("access.started")[-1]
    asked = shared.entries("access.requested")[-1]
    assert started["host"] == "single"
    request = started["statements"][0]["statement"]["payload"]["request"]
    assert asked["statements"][0]["statement"]["payload"]["request"] == request
    assert shared.entries("access.completed")[-1]["bytes"] == len(CONTENT)


def test_a_view_makes_no_file(shared: OfficeHome, tmp_path: Path) -> None:
    done = fetched(shared, "li", *WORDS, *CASE, "-o", tmp_path / "out")
    assert done.code == 2
    assert not (tmp_path / "out").exists()
    assert fetched(shared, "li", *WORDS, *CASE, "-o", "-").out == CONTENT


def test_asked_decided_by_two_fetched_given_back(shared: OfficeHome, tmp_path: Path) -> None:
    asked = shared("request", shared.record, "--action", "copy", *WORDS, person="sun")
    assert asked.code == 0, asked.err
    assert "decide" in asked.text
    request = asked.text.split()[1]
    early = shared("fetch", shared.record, "--request", request, "-o", tmp_path, person="sun")
    assert early.code == 4
    assert "still needed: approver.principal, legal_office" in early.err
    assert (
        shared.decide("boss", request, "approve", "--comment", "同意").json["state"] == "submitted"
    )
    done = shared.decide("wang", request, "approve", "--count", 1)
    assert (done.json["state"], done.json["count"]) == ("granted", 1)
    done = fetched(shared, "sun", "--request", request, "-o", tmp_path, "--copies", 2)
    assert done.code == 0, done.err
    assert Path(done.json["path"]).read_bytes() == CONTENT
    assert Path(done.json["cover_sheet"]).read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [Path(done.json["path"]).name, f"{done.json['access']}.pdf"]
    )
    access = done.json["access"]
    assert shared("return", access, person="sun").code == 4
    assert shared("return", access, "--json", person="arch").json["back"] == 1
    assert shared("destroyed", access, "--count", 2, person="arch").code == 4
    assert "2 of 2" in shared("destroyed", access, "--remarks", "碎", person="arch").text
    again = shared("fetch", shared.record, "--request", request, "-o", tmp_path, person="sun")
    assert (again.code, last_denial(shared)) == (4, ("GRANT_EXHAUSTED", "sun"))
    shown = shared("requests", "show", request, "--json").json
    assert (shown["ended"], shown["copies_out"]) == ("returned", 0)
    assert shown["words"]["reason"] == "核对笔录"
    assert [item and item["comment"] for item in shown["comments"]] == ["同意", None]
    assert [item["access"] for item in shown["accesses"]] == [access]
    text = shared("requests", "show", request, "--lang", "zh").text
    assert "已关闭" in text
    assert "核对笔录" in text


def test_refused_and_withdrawn(shared: OfficeHome, tmp_path: Path) -> None:
    refused, withdrawn = shared.ask("li", "copy"), shared.ask("li", "copy")
    listed = shared("requests", "list", "--json").json["requests"]
    assert {refused, withdrawn} <= {item["request"] for item in listed}
    assert (
        shared.decide("wang", refused, "refuse", "--comment", "无必要").json["state"] == "refused"
    )
    assert shared.decide("li", withdrawn, "withdraw").json["state"] == "withdrawn"
    for request in (refused, withdrawn):
        assert fetched(shared, "li", "--request", request, "-o", tmp_path).code == 4
        assert shared.decide("wang", request, "approve").code == 4
    listed = shared("requests", "list", "--json").json["requests"]
    assert refused not in {item["request"] for item in listed}
    listed = shared("requests", "list", "--all", "--json").json["requests"]
    assert refused in {item["request"] for item in listed}
    assert not list(tmp_path.iterdir())


def test_nobody_approves_his_own(shared: OfficeHome) -> None:
    done = shared("request", shared.record, *WORDS, "--json", person="boss")
    request = done.json["request"]
    assert done.json["capacity"] == "same_unit"
    assert shared.decide("boss", request, "approve").code == 4
    assert last_denial(shared) == ("SELF_APPROVAL", "boss")
    wrong = shared.decide("wang", request, "approve")
    assert (wrong.code, last_denial(shared)) == (4, ("NOT_APPROVER", "wang"))
    assert "Still needed: approver.principal." in wrong.err


def test_an_administrator_receives_nothing(shared: OfficeHome) -> None:
    done = shared("fetch", shared.record, *WORDS, *CASE, person="admin")
    assert (done.code, done.out) == (4, b"")
    assert last_denial(shared) == ("NO_CONTENT", "admin")


def test_a_wrong_passphrase_is_on_the_ledger(shared: OfficeHome) -> None:
    done = shared(
        "fetch", shared.record, *WORDS, *CASE, person="li", CUNZHENG_KEY_PASSPHRASE="wrong"
    )
    assert (done.code, done.out) == (4, b"")
    assert last_denial(shared) == ("WRONG_PASSPHRASE", "li")


def test_denials_say_what_to_do(shared: OfficeHome, tmp_path: Path) -> None:
    words = ("fetch", shared.record, "--action", "copy", *WORDS, *CASE, "-o", tmp_path)
    english = shared(*words, person="li")
    assert english.code == 4
    assert f"Ask first: cunzheng request {shared.record} --action copy" in english.err
    chinese = shared("--lang", "zh", *words, person="li")
    assert "尚未取得所需批准" in chinese.err
    assert "请先申请" in chinese.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--purpose", "case_handling", *CASE),
        ("--reason", "x", *CASE),
        ("--purpose", "curiosity", "--reason", "x", *CASE),
        (*WORDS, *CASE, "--action", "burn"),
        (*WORDS, *CASE, "--bytes", "9-3"),
        (*WORDS, *CASE, "--capacity", "boss"),
        (*WORDS, *CASE, "--resume", "01KAN4"),
        (*WORDS, "--case", "2026-18"),
        (*WORDS, *CASE, "--bytes", f"0-{len(CONTENT) + 1}"),
    ],
)
def test_wrong_usage(shared: OfficeHome, arguments: tuple[str, ...]) -> None:
    before = len(shared.entries("access.requested"))
    assert fetched(shared, "li", *arguments).code == 2
    assert len(shared.entries("access.requested")) == before


def test_usage_names_the_option(shared: OfficeHome, tmp_path: Path) -> None:
    request = shared.ask("sun", "copy")
    past = shared.decide("boss", request, "approve", "--until", "2020-01-01")
    assert (past.code, "--until" in past.err) == (2, True)
    short = shared("return", "01KAN4", person="arch")
    assert (short.code, "ACCESS" in short.err) == (2, True)
    missing = shared("reveal", tmp_path / "nofile", person="insp")
    assert missing.code == 2
    assert str(tmp_path / "nofile") in missing.err
    assert "No such file" in missing.err


def test_a_fetch_after_a_refusal_says_so(shared: OfficeHome, tmp_path: Path) -> None:
    request = shared.ask("sun", "copy")
    assert shared.decide("boss", request, "refuse", "--comment", "无关").code == 0
    done = fetched(shared, "sun", "--request", request, "-o", tmp_path)
    assert done.code == 4
    assert "The request was refused." in done.err


def test_hints_to_who_forgets_the_case_or_never_asks(shared: OfficeHome) -> None:
    forgot = shared("request", shared.record, "--explain", person="li")
    assert "--case 2026-17" in forgot.err
    assert "--case" not in shared("request", shared.record, "--explain", person="sun").err
    told = shared("request", shared.record, "--explain", *CASE, person="li")
    assert (told.code, told.err) == (0, "")
    never = shared("request", shared.record, "--explain", person="admin")
    assert "may never ask" in never.text


def test_explained_with_its_basis(shared: OfficeHome) -> None:
    words = ("request", shared.record, "--action", "excerpt", "--explain")
    done = shared(*words, *CASE, person="li")
    assert done.code == 0, done.err
    assert "legal_office" in done.text
    assert "[S79]" in done.text
    found = shared(*words, *CASE, "--json", person="li").json
    assert [item["role"] for item in found["needed"]] == ["legal_office", "archivist"]
    assert "同意" in shared("--lang", "zh", *words, *CASE, person="li").text


def test_an_excerpt_is_only_that(shared: OfficeHome, tmp_path: Path) -> None:
    request = shared.ask("li", "excerpt", "--bytes", "100-300")
    shared.decide("wang", request, "approve")
    shared.decide("arch", request, "approve")
    done = fetched(shared, "li", "--request", request, "-o", tmp_path, "--bytes", "99-300")
    assert (done.code, last_denial(shared)) == (4, ("NOT_COVERED", "li"))
    done = fetched(shared, "li", "--request", request, "-o", tmp_path)
    assert done.code == 0, done.err
    path = Path(done.json["path"])
    assert path.name == "笔录 [100-300].txt"
    assert path.read_bytes() == CONTENT[100:300]


def test_a_bundle_for_a_court(shared: OfficeHome, tmp_path: Path) -> None:
    request = shared.ask("li", "court_bundle")
    shared.decide("wang", request, "approve")
    done = fetched(shared, "li", "--request", request, "-o", tmp_path)
    assert done.code == 0, done.err
    folder = tmp_path / done.json["access"]
    assert (folder / "笔录.txt").read_bytes() == CONTENT
    assert json.loads((folder / "record.json").read_bytes())["id"] == shared.record
    assert (folder / "proof" / "README.txt").is_file()
    assert (folder / f"{done.json['access']}.pdf").is_file()
    assert shared.entries("access.completed")[-1]["bytes"] == len(CONTENT)


def test_a_full_disk_and_going_on(
    shared: OfficeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = shared.ask("li", "copy")
    shared.decide("wang", request, "approve", "--count", 1)

    def full(_self: Handout, _piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Handout, "write", full)
        done = fetched(shared, "li", "--request", request, "-o", tmp_path)
    assert done.code == 3
    assert "No space left" in done.err
    aborted = shared.entries("access.aborted")[-1]
    assert (aborted["bytes"], aborted["code"]) == (PIECE_SIZE, "WRITE_FAILED")
    assert not list(tmp_path.iterdir())
    assert fetched(shared, "li", "--request", request, "-o", tmp_path).code == 4
    rest = ("--resume", aborted["access"], "--bytes", f"{PIECE_SIZE}-{len(CONTENT)}")
    done = fetched(shared, "li", "--request", request, "-o", tmp_path, *rest[:2])
    assert done.code == 0, done.err
    assert Path(done.json["path"]).read_bytes() == CONTENT[PIECE_SIZE:]
    assert fetched(shared, "li", "--request", request, "-o", tmp_path, *rest).code == 4
    started = shared.entries("access.started")[-1]["statements"][0]["statement"]["payload"]
    assert started["copies"] == {"count": 1, "medium": "file"}


def test_a_copy_never_replaces_a_file(shared: OfficeHome, tmp_path: Path) -> None:
    request = shared.ask("li", "copy")
    shared.decide("wang", request, "approve")
    for name in ("笔录.txt", "笔录 (2).txt"):
        done = fetched(shared, "li", "--request", request, "-o", tmp_path)
        assert Path(done.json["path"]).name == name
    inside = fetched(shared, "li", "--request", request, "-o", shared.home / "inbox" / "x")
    assert (inside.code, (shared.home / "inbox" / "x").exists()) == (2, False)
    done = shared("fetch", shared.record, "--request", request, "-o", tmp_path, person="li")
    assert "digest       sha256:" in done.text


def test_the_grant_ends_by_itself(
    own: OfficeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = own.ask("li", "copy")
    own.decide("wang", request, "approve")
    today = SystemClock.now

    def later(clock: SystemClock) -> datetime:
        return today(clock) + timedelta(hours=73)

    monkeypatch.setattr(SystemClock, "now", later)
    done = fetched(own, "li", "--request", request, "-o", tmp_path)
    assert (done.code, last_denial(own)) == (4, ("GRANT_EXPIRED", "li"))
    assert own.entries("access.closed")[-1] == {"code": "expired"}


def test_an_altered_byte_stops_it(own: OfficeHome, tmp_path: Path) -> None:
    path = own.home / "store/evidence/records" / own.record[-2:] / own.record / "content"
    data = bytearray(path.read_bytes())
    data[PIECE_SIZE + 5] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    request = own.ask("li", "copy")
    own.decide("wang", request, "approve")
    out = tmp_path / "out"
    done = fetched(own, "li", "--request", request, "-o", out)
    assert done.code == 1
    assert "not what was sealed" in done.err
    assert not list(out.iterdir())
    aborted = own.entries("access.aborted")[-1]
    assert (aborted["bytes"], aborted["code"]) == (PIECE_SIZE, "PIECE_ALTERED")


def test_a_letter_is_sealed_and_named(shared: OfficeHome, tmp_path: Path) -> None:
    letter = tmp_path / "介绍信.pdf"
    letter.write_bytes(b"%PDF-1.4 a scan")
    behalf = ("--behalf-name", "某法院", "--id-kind", "工作证", "--id-no", "12")
    words = ("--capacity", "authority", "--purpose", "reconsideration", "--reason", "审理")
    done = fetched(shared, "arch", *words, *behalf)
    assert (done.code, last_denial(shared)) == (4, ("NEED_MISSING", "arch"))
    done = fetched(shared, "arch", *words, *behalf, "--letter", letter, "--letter-no", "7号")
    assert (done.code, done.out) == (0, CONTENT), done.err
    payload = shared.entries("access.requested")[-1]["statements"][0]["statement"]["payload"]
    sealed = shared("show", payload["letter"]["record"], "--json").json
    assert sealed["catalog"]["source"] == "letters"
    sources = {item["source"]: item for item in shared("sources", "list", "--json").json["sources"]}
    assert sources["letters"]["name"] == "letters"
    unconfirmed = [one for one in sources.values() if one["state"] == "unconfirmed"]
    assert "letters" in {one["source"] for one in unconfirmed}
    bench = shared.bench()
    with bench.database.read() as connection:
        assert read_status(connection).unconfirmed == len(unconfirmed) - 1
    bench.database.close()


def test_a_letter_has_an_end(shared: OfficeHome, tmp_path: Path) -> None:
    letter = tmp_path / "letter.tiff"
    with letter.open("wb") as file:
        file.truncate((32 << 20) + 1)
    words = ("--capacity", "authority", "--purpose", "reconsideration", "--reason", "审理")
    done = fetched(shared, "arch", *words, "--behalf-name", "x", "--letter", letter)
    assert done.code == 2
    assert "32 MiB" in done.err


def test_a_confidential_access_is_opened_later(shared: OfficeHome, tmp_path: Path) -> None:
    words = ("--action", "copy", "--purpose", "supervision", "--reason", "督察")
    done = fetched(shared, "insp", *words, "--confidential", "-o", tmp_path)
    assert done.code == 0, done.err
    assert Path(done.json["path"]).read_bytes() == CONTENT
    access = done.json["access"]
    opening = tmp_path / f"{access}.opening.json"
    assert stat.S_IMODE(opening.stat().st_mode) == 0o600
    assert shared.entries("access.concealed")[-1]["access"] == access
    assert shared("reveal", opening, person="li").code == 4
    assert shared("reveal", opening, person="insp").code == 0
    assert shared("reveal", opening, person="insp").code == 4
    opened = shared.entries("access.opened")[-1]["statements"][0]["statement"]["payload"]
    assert opened["access"] == access
    sheet = printed(Path(done.json["cover_sheet"]))
    assert access in sheet
    assert "督察" in sheet


def printed(path: Path) -> str:
    """The text of a PDF, without space."""
    pages = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(path)]
    return "".join("".join(pages).split())


def test_a_cover_sheet_says_for_whom_and_on_what(shared: OfficeHome, tmp_path: Path) -> None:
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.4 another scan")
    asked = shared(
        *("request", shared.record, "--action", "copy", "--capacity", "authority"),
        *("--purpose", "reconsideration", "--reason", "审理", "--letter", letter),
        *("--behalf-name", "王法官", "--behalf-unit", "某法院", "--id-kind", "工作证"),
        *("--id-no", "A-12", "--letter-no", "介字9号", "--json"),
        person="arch",
    )
    assert asked.code == 0, asked.err
    request = asked.json["request"]
    for role in asked.json["still_needed"]:
        person = {"legal_office": "wang", "approver.principal": "boss"}[role["role"]]
        assert shared.decide(person, request, "approve").code == 0
    given = ("--copies", 1, "--medium", "disc", "--medium-no", "GP-42")
    done = fetched(shared, "arch", "--request", request, "-o", tmp_path, *given)
    assert done.code == 0, done.err
    sheet = printed(Path(done.json["cover_sheet"]))
    for words in ("王法官·某法院·工作证·A-12", "介字9号", "GP-42", "2026-17"):
        assert words in sheet


def test_until_it_is_opened_nothing_tells_of_it(own: OfficeHome, tmp_path: Path) -> None:
    words = ("--action", "copy", "--purpose", "supervision", "--reason", "督察线索")
    done = fetched(own, "insp", *words, "--confidential", "-o", tmp_path)
    assert done.code == 0, done.err
    access = done.json["access"]
    start = json.loads((tmp_path / f"{access}.opening.json").read_text("utf-8"))["start"]
    payload = start["started"]["statement"]["payload"]
    hidden = [payload["request"], "督察线索", start["salt"]]
    hidden += [start[part]["statement"]["nonce"] for part in ("requested", "started")]
    kept = own.home / "confidential" / f"{access}.json"
    assert all(word in kept.read_text("utf-8") for word in hidden)
    settle()
    for path in own.home.rglob("*"):
        if path.is_file() and path != kept:
            data = path.read_bytes()
            assert not [word for word in hidden if word.encode() in data], path
    for command in (
        ("show", own.record, "--json"),
        ("search", "--json"),
        ("status", "--json"),
        ("requests", "list", "--all", "--json"),
        ("alerts", "--json"),
        ("report", "custody", own.record, "-o", tmp_path / "custody"),
    ):
        shown = own(*command)
        assert shown.code == 0, shown.err
        assert access not in shown.text
        assert payload["request"] not in shown.text
    report = own("report", "access", "--format", "csv", "-o", tmp_path / "register.csv")
    assert report.code == 0, report.err
    (line,) = [
        line
        for line in (tmp_path / "register.csv").read_text("utf-8-sig").splitlines()
        if access in line
    ]
    assert "insp" not in line
    assert own.record not in line


def test_only_supervision_is_confidential(shared: OfficeHome, tmp_path: Path) -> None:
    done = fetched(shared, "li", *WORDS, *CASE, "--confidential")
    assert (done.code, last_denial(shared)) == (4, ("NOT_CONCEALABLE", "li"))
    assert not list(tmp_path.iterdir())
