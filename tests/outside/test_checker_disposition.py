"""Retention, disposition and packs, checked by a program that knows only docs/formats.md.

Triggers lie a month before the receipt, so that a period of ten days is over without any waiting.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archive_builder import Builder
from disposal_book import line
from people_office import FOUNDERS, Office
from pki_fixture import make_pki

from archive import layout
from archive.registers.disposition import proposal_digest
from archive.times import format_time
from archive.verify import Kit, verify
from retention.law import RetentionLaw
from signing.digest import Digest

CHECKER = Path(__file__).with_name("checker.py")
if shutil.which("openssl") is None:
    pytest.skip("NOT RUN: needs openssl", allow_module_level=True)
SCHEDULE = """\
cunzheng_retention = 1
[[class]]
name = "short"
en = "short"
zh = "短期"
trigger = "capture_end"
period = "10d"
basis = "x"
[[class]]
name = "material"
en = "material"
zh = "材料"
trigger = "case_close"
same_as_case = true
basis = "x"
[[class]]
name = "file"
en = "file"
zh = "案卷"
trigger = "case_close"
period = "1m"
basis = "x"
[[class]]
name = "ever"
en = "ever"
zh = "永久"
trigger = "flag"
period = "permanent"
basis = "x"
"""
DIGEST = str(Digest.of("sha256", SCHEDULE.encode()))


class Keeper:
    """An office with a schedule, two records that stand alone, and a pack of two."""

    def __init__(self, folder: Path) -> None:
        hour_ago = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251
        self.made = Builder(folder, make_pki(hour_ago))
        self.office = Office(self.made)
        self.office.staff()
        payload = {"name": "retention", "rules": DIGEST}
        self.office.say(FOUNDERS, "rules.adopted", payload, {"text": SCHEDULE}, bootstrap=False)
        self.one, self.two = self.made.accession(b"one"), self.made.accession(b"two")
        self.made.seal()
        self.pack = self.made.pack(b"three", b"four")
        self.packed = self.made.records[-2:]
        self.made.seal()

    def ended(self, *records: str, name: str = "short", **changed: object) -> None:
        trigger = self.made.now - timedelta(days=29)
        end = RetentionLaw().class_end(SCHEDULE, name, trigger).moment
        until = None if end is None else format_time(end)
        body = {
            "class": name,
            "records": sorted(records),
            "schedule": DIGEST,
            "trigger": format_time(trigger),
            "until": until,
            **changed,
        }
        self.made.entry("retention.set", "registry", None, body)
        self.made.tick()

    def propose(self, records: Sequence[str], who: str = "gu") -> tuple[str, str]:
        name = self.made.new_id()
        payload = {"disposition": name, "records": sorted(records), "schedule": DIGEST}
        data = {"reason": "到期", "list": [line(record) for record in sorted(records)]}
        first, detail = self.office.authors[who].make("disposition.proposed", payload, data)
        self.office.put([first], detail)
        return name, proposal_digest(first.statement.payload)

    def decide(self, name: str, digest: str, who: str = "zhu", decision: str = "approve") -> None:
        said = {"decision": decision, "disposition": name, "proposal": digest}
        self.office.say(who, "disposition.decided", said, {"comment": "同意"})

    def order(self, records: Sequence[str], who: str = "gu") -> str:
        name, digest = self.propose(records)
        self.decide(name, digest)
        self.office.say(who, "disposition.executed", {"disposition": name})
        return name

    def say(self, name: str, record: str, *stores: str) -> None:
        body = {"disposition": name, "stores": list(stores or ("first",)), "versions": 2}
        self.made.entry("record.destroyed", "registry", record, body)

    def delete(self, record: str) -> None:
        shutil.rmtree(self.made.path(layout.record_prefix(record)))

    def hold(self, *records: str) -> None:
        payload = {"case": None, "hold": self.made.new_id(), "records": sorted(records)}
        self.office.say("du", "hold.placed", payload, {"reason": "复议", "document_no": None})

    def split(self, *records: str) -> None:
        pack = self.pack.rpartition("/")[2].removesuffix(".zip")
        payload = {"pack": pack, "records": sorted(records)}
        self.office.say(("gu", "zhu"), "pack.split", payload, {"reason": "续存"})

    def check(self) -> tuple[int, list[str]]:
        """What the checker says; the product has to agree whether it passes."""
        self.made.seal()
        policy = self.made.root / "policy.toml"
        policy.write_text(self.made.policy.to_toml())
        command = [sys.executable, "-I", str(CHECKER), str(self.made.root), str(policy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        evidence, live = self.made.stores()
        kit = Kit(law=RetentionLaw())
        report = verify(evidence, live, self.made.policy, now=self.made.now, kit=kit, workers=1)
        assert (done.returncode == 1) == (report.outcome == "FAILED"), report.to_value()
        return done.returncode, done.stdout.splitlines()


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "archive")


def test_a_lawful_life_passes(keeper: Keeper) -> None:
    keeper.ended(keeper.one, keeper.packed[0])
    keeper.ended(keeper.two, name="ever")
    name = keeper.order([keeper.one])
    keeper.delete(keeper.one)
    keeper.say(name, keeper.one)
    files = {"content": b"four"}
    keeper.split(keeper.packed[1])
    for part in ("content", "record.json"):
        data = files.get(part) or member(keeper, part)
        keeper.made.write(f"{layout.record_prefix(keeper.packed[1])}{part}", data)
    name = keeper.order([keeper.packed[0]])
    keeper.made.path(keeper.pack).unlink()
    keeper.say(name, keeper.packed[0])
    code, lines = keeper.check()
    assert (code, lines[-1]) == (0, "PASSED"), lines


def member(keeper: Keeper, part: str) -> bytes:
    import zipfile

    with zipfile.ZipFile(keeper.made.path(keeper.pack)) as pack:
        return pack.read(f"{keeper.packed[1]}/{part}")


def early(keeper: Keeper) -> None:
    keeper.order([keeper.one])


def held(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    name, digest = keeper.propose([keeper.one])
    keeper.decide(name, digest)
    keeper.hold(keeper.one)
    keeper.office.say("gu", "disposition.executed", {"disposition": name})


def held_at_last(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    name = keeper.order([keeper.one])
    keeper.hold(keeper.one)
    keeper.delete(keeper.one)
    keeper.say(name, keeper.one)


def running_case(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    keeper.office.attach(keeper.office.case("A-1", ["chen"]), [keeper.one])
    keeper.order([keeper.one])


def by_one(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    name, digest = keeper.propose([keeper.one])
    keeper.decide(name, digest, who="gu")


def other_list(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    name, _ = keeper.propose([keeper.one])
    keeper.decide(name, "sha256:" + "ab" * 32)


def unordered(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    name, digest = keeper.propose([keeper.one])
    keeper.decide(name, digest)
    keeper.delete(keeper.one)
    keeper.say(name, keeper.one)


def unlisted(keeper: Keeper) -> None:
    keeper.ended(keeper.one, keeper.two)
    keeper.say(keeper.order([keeper.one]), keeper.two)


def other_stores(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    keeper.delete(keeper.one)
    keeper.say(keeper.order([keeper.one]), keeper.one, "first", "third")


def part_of_pack(keeper: Keeper) -> None:
    keeper.ended(*keeper.packed)
    keeper.order(keeper.packed[:1])


def still_there(keeper: Keeper) -> None:
    keeper.ended(keeper.one)
    keeper.say(keeper.order([keeper.one]), keeper.one)


def pack_still_there(keeper: Keeper) -> None:
    keeper.ended(*keeper.packed)
    name = keeper.order(keeper.packed)
    for record in keeper.packed:
        keeper.say(name, record)


def too_early_a_trigger(keeper: Keeper) -> None:
    trigger = keeper.made.now - timedelta(days=31)
    end = RetentionLaw().class_end(SCHEDULE, "short", trigger).moment
    assert end is not None
    keeper.ended(keeper.one, trigger=format_time(trigger), until=format_time(end))


def too_short(keeper: Keeper) -> None:
    keeper.ended(keeper.one, until=format_time(keeper.made.now - timedelta(days=28)))


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (early, "DESTRUCTION_UNLAWFUL"),
        (held, "DESTRUCTION_UNLAWFUL"),
        (held_at_last, "DESTRUCTION_UNLAWFUL"),
        (running_case, "DESTRUCTION_UNLAWFUL"),
        (by_one, "REGISTER_UNLAWFUL"),
        (other_list, "DESTRUCTION_UNLAWFUL"),
        (unordered, "DESTRUCTION_UNLAWFUL"),
        (unlisted, "DESTRUCTION_UNLAWFUL"),
        (other_stores, "DESTRUCTION_UNLAWFUL"),
        (part_of_pack, "DESTRUCTION_UNLAWFUL"),
        (still_there, "DESTROYED_STILL_THERE"),
        (pack_still_there, "DESTROYED_STILL_THERE"),
        (too_early_a_trigger, "RETENTION_UNLAWFUL"),
        (too_short, "RETENTION_UNLAWFUL"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_unlawful_fails(keeper: Keeper, act: Callable[[Keeper], None], code: str) -> None:
    act(keeper)
    status, lines = keeper.check()
    assert status == 1
    assert any(found.startswith(code) for found in lines), lines


def test_what_is_just_being_destroyed_is_no_failure(keeper: Keeper) -> None:
    keeper.ended(keeper.one, *keeper.packed)
    keeper.order([keeper.one, *keeper.packed])
    keeper.delete(keeper.one)
    keeper.made.path(keeper.pack).unlink()
    code, lines = keeper.check()
    assert code == 0, lines
    assert sum("DESTRUCTION_UNFINISHED" in one for one in lines) == 3


# --- spills


def spill(keeper: Keeper, *records: str, who: tuple[str, ...] = FOUNDERS) -> str:
    name = keeper.made.new_id()
    payload = {"records": sorted(records), "spill": name}
    keeper.office.say(who, "record.spilled", payload, {"reason": "依保密部门通知"})
    return name


def test_a_spill_needs_no_term_and_heeds_no_hold(keeper: Keeper) -> None:
    keeper.hold(keeper.one)
    keeper.delete(keeper.one)
    keeper.say(spill(keeper, keeper.one), keeper.one)
    spill(keeper, keeper.two, keeper.packed[0])
    assert keeper.check() == (0, ["PASSED"])


def spilled_by_one(keeper: Keeper) -> str:
    spill(keeper, keeper.one, who=("gu",))
    return "REGISTER_UNLAWFUL"


def spilled_out_of_a_pack(keeper: Keeper) -> str:
    keeper.made.path(keeper.pack).unlink()
    keeper.say(spill(keeper, keeper.packed[0]), keeper.packed[0])
    return "DESTRUCTION_UNLAWFUL"


def asked_for_after_a_spill(keeper: Keeper) -> str:
    spill(keeper, keeper.one)
    keeper.office.request("du", [keeper.one], capacity="internal_supervision", purpose="training")
    return "ACCESS_AFTER_SPILL"


def spilled_and_there(keeper: Keeper) -> str:
    keeper.say(spill(keeper, keeper.one), keeper.one)
    return "DESTROYED_STILL_THERE"


def locked_and_gone(keeper: Keeper) -> str:
    """Whoever has the keys of two people does not get past a lock of the ledger."""
    detail = keeper.made.detail(
        "store.probed", {"configuration": "x", "server": None, "settings": {}}
    )
    body = {"level": "compliance", "missing": [], "store": "first", **detail}
    keeper.made.entry("store.probed", "registry", None, body, actor="system/storage")
    keeper.ended(keeper.one, name="ever")
    keeper.delete(keeper.one)
    keeper.say(spill(keeper, keeper.one), keeper.one)
    return "DESTRUCTION_UNLAWFUL"


@pytest.mark.parametrize(
    "wrong",
    [
        spilled_by_one,
        spilled_out_of_a_pack,
        asked_for_after_a_spill,
        spilled_and_there,
        locked_and_gone,
    ],
)
def test_a_spill_that_breaks_a_rule(keeper: Keeper, wrong: Callable[[Keeper], str]) -> None:
    code = wrong(keeper)
    found, lines = keeper.check()
    assert found == 1
    assert any(code in one for one in lines), lines


def test_what_a_spill_took_may_be_gone_before_it_is_said(keeper: Keeper) -> None:
    spill(keeper, keeper.one)
    keeper.delete(keeper.one)
    code, lines = keeper.check()
    assert code == 0  # the product says that it cannot be told
    assert any("SPILL_UNFINISHED" in one for one in lines), lines
