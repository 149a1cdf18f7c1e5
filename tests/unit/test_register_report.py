"""Register, statistics and chain of custody of an office with everything in it, from its store."""

from __future__ import annotations

import csv
import io
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from archive_builder import ARCHIVE, Builder
from people_office import Office

from archive.documents.formats import FORMATS
from archive.documents.table import Table
from archive.durable import FileSystem
from archive.errors import ContentAltered, NotFound
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.custody_report import custody_bundle, custody_table
from archive.oversight.events import Denied
from archive.oversight.register import Texts
from archive.oversight.register_report import register_table
from archive.oversight.register_rows import ANYBODY, Sight, Wanted
from archive.oversight.sources import sealed_size
from archive.oversight.statistics import NOT_AVAILABLE, Figures, statistics_table
from archive.oversight.survey import Survey
from archive.publish import Places
from archive.stored_log import LogTrust, StoredLog
from archive.stores.directory import DirectoryPointer
from archive.times import format_time

ALERTS = (Path(__file__).parents[2] / "config" / "alerts.toml").read_text(encoding="utf-8")


@dataclass
class World:
    office: Office
    survey: Survey
    places: Places
    trust: LogTrust
    ids: dict[str, str]

    @property
    def now(self) -> datetime:
        return self.office.made.now


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("office")
    made = Builder(folder)
    office = Office(made)
    office.staff()
    one, two = made.accession(b"first\n"), made.accession(b"second\n")
    case = office.case("豫执罚〔2026〕1号", ["chen"])
    office.attach(case, [one, two])
    ids = {"one": one, "two": two, "case": case}
    ids["own"] = office.request("chen", [one], case=case)
    ids["access"] = office.fetch("chen", ids["own"], one)
    ids["copy"] = office.request(
        "chen", [two], case=case, action="copy", data={"reason": "=诉讼\n需要", "letter_no": "函12"}
    )
    window = {"from": format_time(made.now), "until": format_time(made.now.replace(year=2027))}
    office.decide("fa", ids["copy"], role="legal_office", grant={"count": 3, **window})
    copies = {"count": 2, "medium": "光盘"}
    ids["copied"] = office.start("chen", ids["copy"], two, action="copy", copies=copies)
    office.end(ids["copied"], two)
    office.say("gu", "access.returned", {"access": ids["copied"], "count": 1}, {"remarks": "完好"})
    behalf = dict.fromkeys(("id_kind", "id_no", "unit", "post"))
    behalf |= {"name": "张三", "contact": "0371-1"}
    letter = {"record": two, "sha256": "ab" * 32}
    ids["refused"] = office.request(
        "wei", [one], capacity="other_unit", letter=letter, data={"behalf": behalf}
    )
    office.decide("bai", ids["refused"], "refuse", role="approver.department_head")
    denied = {"action": "view", "code": "NO_GRANT", "host": "service", "statement": None}
    denied |= {"account": "1007", "person": "wei", "request": ids["refused"], "records": [one]}
    made.entry("access.denied", "access", None, denied, actor="system/access")
    tried = {**denied, "request": None, "code": "CAPACITY_UNFIT", "records": [two]}
    made.entry("access.denied", "access", None, tried, actor="system/access")
    other = {**denied, "action": None, "request": None, "records": [], "code": "WRONG_PASSPHRASE"}
    made.entry("access.denied", "access", None, other, actor="system/access")
    made.entry(
        "access.closed", "access", ids["refused"], {"code": "refused"}, actor="system/access"
    )
    taken_back = office.request("wei", [two], capacity="other_unit")
    office.decide("bai", taken_back, role="approver.department_head")
    office.decide("fa", taken_back, "refuse", role="legal_office")
    hold = made.new_id()
    said = {"case": case, "hold": hold, "records": []}
    office.say("du", "hold.placed", said, {"reason": "舆情", "document_no": None})
    office.fetch("chen", ids["own"], one)  # on hold by now: A9
    ids["open"] = office.conceal("du", one)["access"]
    hidden = office.conceal("du", two)
    ids["hidden"] = hidden["access"]
    office.open("du", hidden)
    made.seal()
    evidence, live = made.stores()
    pointer = DirectoryPointer(folder / "live/log/checkpoint", folder / "pointer", FileSystem())
    places = Places(evidence, live, pointer, folder / "staging")
    trust = LogTrust(ARCHIVE, made.pki.log_signer.public_key())
    return World(office, Survey(places, trust, AlertSettings.parse(ALERTS)), places, trust, ids)


def rows(table: Table) -> list[dict[str, str]]:
    out = io.BytesIO()
    FORMATS["csv"](table, out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")))


def listed(
    world: World,
    wanted: Wanted | None = None,
    sight: Sight = ANYBODY,
    *,
    readable: bool = True,
) -> list[dict[str, str]]:
    texts = Texts(world.survey.details, readable=readable)
    register = world.survey.register()
    return rows(
        register_table(register, texts, wanted or Wanted(), sight, world.now, "en", form=False)
    )


def test_the_register_has_every_request_access_try_and_decision(world: World) -> None:
    found = listed(world)
    lines = [(row["Line"], row["Request no."]) for row in found]
    ids = world.ids
    assert lines.count(("access", ids["own"])) == 2
    copy = next(
        row for row in found if row["Line"] == "request" and row["Request no."] == ids["copy"]
    )
    assert copy["Name"] == "chen"
    assert copy["Post"] == "科员"
    assert copy["Unit"] == "team1"
    assert copy["Capacity"] == "handler of the case"
    assert copy["Purpose"] == "case handling"
    assert copy["Reason"] == "'=诉讼\n需要"  # harmless in a spreadsheet
    assert copy["Case"] == "豫执罚〔2026〕1号"
    assert copy["Letter or task no."] == "函12"
    assert copy["Records"] == ids["two"]
    assert copy["Decisions"].startswith("fa head of the legal office approved 20")
    assert copy["Decisions"].endswith("同意")
    assert copy["Grant"].endswith("3 times")
    own = next(
        row for row in found if row["Line"] == "request" and row["Request no."] == ids["own"]
    )
    assert own["Grant"].endswith("100 times")  # by the rules, which ask for no approval
    start, until = (
        datetime.fromisoformat(text) for text in own["Grant"].split(", ")[0].split(" – ")
    )
    assert until - start == timedelta(hours=72)
    given = next(row for row in found if row["Access"] == ids["copied"])
    assert (given["Copies"], given["Medium"], given["Returned"], given["Destroyed"]) == (
        "2",
        "光盘",
        "1",
        "0",
    )
    assert (given["Bytes"], given["Result"], given["Remarks"]) == ("4", "completed", "完好")
    refused = [row for row in found if row["Request no."] == ids["refused"]]
    assert [row["Line"] for row in refused] == ["request", "denied"]
    assert refused[0]["Outcome"] == "refused"
    assert refused[0]["Grant"] == ""
    assert refused[1]["Result"].startswith("NO_GRANT: ")


def test_refused_acts_that_were_no_retrieval_stand_after_the_register(world: World) -> None:
    found = listed(world)
    assert [row["Kind"] for row in found] == ["retrieval"] * (len(found) - 1) + [
        "other refused acts"
    ]
    assert found[-1]["Result"].startswith("WRONG_PASSPHRASE: ")
    tried = next(row for row in found if row["Result"].startswith("CAPACITY_UNFIT: "))
    assert (tried["Kind"], tried["Records"]) == ("retrieval", world.ids["two"])
    assert tried["Case"] == "豫执罚〔2026〕1号"
    assert tried in listed(world, Wanted(case=world.ids["case"]))
    form = [row["编号与时间"] for row in rows(paper(world))]
    assert form[-2] == "其他被拒绝的操作"
    assert form[-1].startswith("被拒\n")
    assert form.count("其他被拒绝的操作") == 1


def paper(world: World, wanted: Wanted | None = None, sight: Sight = ANYBODY) -> Table:
    survey = world.survey
    return register_table(
        survey.register(),
        Texts(survey.details),
        wanted or Wanted(),
        sight,
        world.now,
        "zh",
        form=True,
    )


def test_the_form_says_what_it_was_made_from_and_for_whom(world: World) -> None:
    size = sealed_size(world.places, "main-2026")
    _, checkpoint = StoredLog(world.places, world.trust, "main-2026", size).checkpoint(size)
    whole = paper(world)
    assert whole.subtitle == (
        f"存证库：{ARCHIVE}",
        f"账本状态：main-2026，{checkpoint.size} 条，根 sha256:{checkpoint.root.hex()}",
        "期间：账本全部",
        "范围：全部人员",
    )
    for word in ("制表", "审核", "日期"):
        assert word in whole.notes[-1]
    sight = Sight(everything=False, people=frozenset({"wei"}), units=frozenset({"team1"}))
    part = paper(world, Wanted(since=world.now), sight)
    assert part.subtitle[2].endswith(" 至 账本末尾")
    assert part.subtitle[3] == "范围：仅含本人申请（wei）及单位 team1 的申请"


def test_the_form_has_the_contact_of_who_is_acted_for(world: World) -> None:
    (row,) = [row for row in rows(paper(world)) if "张三" in row["调阅人"]]
    assert "代何人调阅: 张三\n联系方式: 0371-1" in row["调阅人"]
    assert f"函件（记录、摘要）: {world.ids['two']} {'ab' * 32}" in row["事由"]


def test_a_concealed_access_is_one_line_until_it_is_opened(world: World) -> None:
    found = listed(world)
    hidden = [row for row in found if row["Line"] == "concealed"]
    assert [row["Access"] for row in hidden] == [world.ids["open"]]
    assert not any(hidden[0][name] for name in ("Name", "Person", "Records", "Reason", "Unit"))
    opened = [row for row in found if row["Access"] == world.ids["hidden"]]
    assert len(opened) == 1
    assert (opened[0]["Person"], opened[0]["Records"]) == ("du", world.ids["two"])
    asked = next(row for row in found if row["Request no."] == opened[0]["Request no."])
    assert asked["Reason"] == "案件复核"
    assert "concealed; opened by main-2026#" in asked["Remarks"]


@pytest.mark.parametrize(
    ("wanted", "people"),
    [
        (Wanted(person="wei"), {"wei"}),
        (Wanted(unit="team1"), {"chen"}),
        (Wanted(case="豫执罚〔2026〕1号"), {"chen", "wei", "du"}),
        (Wanted(purpose="supervision"), {"du"}),
        (Wanted(person="nobody"), set()),
    ],
)
def test_filters(world: World, wanted: Wanted, people: set[str]) -> None:
    assert {row["Person"] for row in listed(world, wanted)} == people


def test_filters_of_time(world: World) -> None:
    everything = listed(world)
    moment = datetime.fromisoformat(everything[3]["Time"])
    before, after = listed(world, Wanted(until=moment)), listed(world, Wanted(since=moment))
    assert len(before) + len(after) == len(everything)
    assert before
    assert after


def test_what_others_did_is_not_for_everybody(world: World) -> None:
    own = listed(world, sight=Sight(everything=False, people=frozenset({"wei"})))
    assert {row["Person"] for row in own} == {"wei"}
    unit = listed(world, sight=Sight(everything=False, units=frozenset({"team1"})))
    assert {row["Person"] for row in unit} == {"chen"}
    bare = listed(world, readable=False)
    assert len(bare) == len(listed(world))
    for row in bare:
        assert not any(row[name] for name in ("Name", "Reason", "Post", "Letter or task no."))
        assert "豫执罚" not in row["Case"]
        assert "同意" not in row["Decisions"]


def test_a_detail_that_was_altered_is_told_in_its_line(world: World, tmp_path: Path) -> None:
    folder = world.office.made.copy(tmp_path / "copy")
    evidence, live = world.office.made.stores(folder)
    places = Places(evidence, live, world.places.pointer, folder / "staging")
    survey = Survey(places, world.trust, AlertSettings.parse(ALERTS))
    asked = next(f for f in survey.register().files() if getattr(f, "asked", None)).asked  # type: ignore[union-attr]
    path = folder / "evidence" / "details" / asked.detail.id[-2:] / f"{asked.detail.id}.json"
    path.write_bytes(path.read_bytes().replace("复核".encode(), "外传".encode()))
    table = register_table(
        survey.register(), Texts(survey.details), Wanted(), ANYBODY, world.now, "en", form=False
    )
    row = next(row for row in rows(table) if row["Request no."] == asked.request)
    assert row["Reason"] == ""
    assert "is not the one that was sealed" in row["Remarks"]


def test_a_ledger_that_was_altered_gives_no_register(world: World, tmp_path: Path) -> None:
    folder = world.office.made.copy(tmp_path / "copy")
    evidence, live = world.office.made.stores(folder)
    tile = next((folder / "live/log/main-2026/tile/entries").rglob("*.p/*"))
    tile.chmod(0o644)
    tile.write_bytes(tile.read_bytes().replace(b'"bytes":4', b'"bytes":5', 1))
    places = Places(evidence, live, world.places.pointer, folder / "staging")
    with pytest.raises(ContentAltered):
        Survey(places, world.trust, AlertSettings.parse(ALERTS)).register()


def test_statistics_count_and_name_what_they_cannot_know(world: World) -> None:
    figures = world.survey.figures(Figures())
    found = rows(statistics_table(figures, world.now, "en"))
    values = {(row["Metric"], row["Of"]): row["Value"] or row["Unit"] for row in found}
    assert values["retrieval_count", ""] == "3"
    assert values["retrieval_count", "purpose: case handling"] == "3"
    assert values["retrieval_count", "unit: team1"] == "3"
    assert values["refused_count", ""] == "2"
    assert values["denied_tries", ""] == "2"
    assert values["denied_tries", "code: NO_GRANT"] == "1"
    assert values["denied_other", ""] == "1"
    assert values["denied_other", "code: WRONG_PASSPHRASE"] == "1"
    assert values["copies_given", ""] == "2"
    assert values["copies_returned", ""] == "1"
    assert values["concealed_count", ""] == "2"
    assert values["abnormal_access_count", "rule: A9"] == "1"
    assert values["case_count", "category: penalty"] == "1"
    assert float(values["median_approval_time", ""]) < 1
    refused_later = world.survey.figures(Figures(unit="team2")).median_approval()
    assert refused_later is not None
    assert refused_later > timedelta(0)
    for metric, why, _ in NOT_AVAILABLE:
        assert values[metric, why] == "not available"
    assert values["fixity_pass_rate", "no inspection is on the ledger"] == "not available"


def test_the_chain_of_custody_is_complete_and_an_outsider_can_check_it(
    world: World, tmp_path: Path
) -> None:
    chain, alerts = world.survey.chain(world.ids["one"])
    assert {alert.rule for alert in alerts} >= {"A9"}
    proofs, files = custody_bundle(world.places, world.trust, chain, alerts, details=True)
    kinds = [event.kind for event in chain.events(alerts)]
    assert kinds == [
        "record.accessioned",
        "case.opened",
        "case.attached",
        "access.requested",
        "access.started",
        "access.completed",
        "access.requested",
        "access.decided",
        "access.denied",
        "access.closed",
        "hold.placed",
        "access.started",
        "access.completed",
    ]
    assert len(proofs.names) == len(kinds)
    table = custody_table(chain, proofs, alerts, world.now, "en")
    assert [row["Proof"] for row in rows(table)] == [
        f"{number:04d}.tlog-proof" for number in range(1, len(kinds) + 1)
    ]
    folder = tmp_path / "custody"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    assert follow(folder, world).count(" ok\n") == len(kinds)
    altered = folder / "0005.entry.json"
    altered.write_bytes(altered.read_bytes().replace(b'"view"', b'"copy"'))
    assert follow(folder, world).count(" ok\n") == len(kinds) - 1


def test_a_refused_try_stands_in_the_chain_of_what_it_named(world: World) -> None:
    chain, alerts = world.survey.chain(world.ids["two"])
    tried = [event for event in chain.events(alerts) if isinstance(event, Denied)]
    assert [(event.code, event.request) for event in tried] == [("CAPACITY_UNFIT", None)]


def follow(folder: Path, world: World) -> str:
    """Run every command of the README as it stands; returns what they print."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = b"".join(
        x509.load_der_x509_certificate(root).public_bytes(Encoding.PEM)
        for root in world.office.made.pki.roots
    )
    (folder / "root.pem").write_bytes(pem)
    text = (folder / "README.txt").read_text(encoding="utf-8")
    script = "\n".join(line[2:] for line in text.splitlines() if line.startswith(("$ ", "> ")))
    done = subprocess.run(
        [
            "bash",
            "-c",
            "set -e\n" + script.replace('&& echo "$proof ok"', '&& echo "$proof ok" || true'),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_the_right_to_texts_the_chain_has_no_details(world: World) -> None:
    chain, alerts = world.survey.chain(world.ids["one"])
    _, files = custody_bundle(world.places, world.trust, chain, alerts, details=False)
    assert not [name for name in files if name.endswith(".detail.json") or name == "record.json"]


def test_there_is_no_chain_of_a_record_that_is_not_there(world: World) -> None:
    chain, alerts = world.survey.chain("01KANAZ8Q4V5X1R7Y2T3W6B9CD")
    with pytest.raises(NotFound):
        custody_bundle(world.places, world.trust, chain, alerts, details=True)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", FORMATS)
def test_all_formats_take_the_documents(world: World, name: str, lang: str) -> None:
    texts = Texts(world.survey.details)
    for form in (False, True):
        table = register_table(
            world.survey.register(),
            texts,
            Wanted(),
            ANYBODY,
            world.now,
            lang,  # type: ignore[arg-type]
            form=form,
        )
        out = io.BytesIO()
        FORMATS[name](table, out)
        assert len(out.getvalue()) > 500
