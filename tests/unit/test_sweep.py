"""The sweep over a real archive: terms, locks that follow, holds, kills, a store that fails."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from memory_vault import FARTHEST, VERSION, MemoryVault
from packed_fixture import Packed
from people_fixture import People, default_rules, make_people
from sqlalchemy import insert, select, update

from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf
from archive.desk.keeping import KEEPING
from archive.ledger import ENTRY
from archive.registers.terms import end_of, held_by
from archive.times import format_time
from retention.first_lock import FirstLock
from retention.law import RetentionLaw
from retention.locks import LOCATION
from retention.setting import TermSetter
from retention.sweep import Sweep, Swept

NONE = timedelta(0)
HALF_A_YEAR = datetime(2027, 5, 22, 16, tzinfo=UTC)
LARGE = b"x" * 300_000


class Kept:
    """An archive with a schedule, one store, and two small records and a large one."""

    def __init__(self, home: Path) -> None:
        self.lock: FirstLock | None = None
        floor = {"floor": self._until, "floor_class": self._name}
        self.packed = Packed(home, changed=floor)
        self.archive = self.packed.archive
        self.people: People = make_people(self.archive, rules=default_rules(retention=True))
        self.lock = FirstLock(self.archive.db)
        self.vault = MemoryVault(self.archive.places.evidence)
        self.sweep = Sweep(self.people.desk, {"first": self.vault})

    def _until(self, moment: datetime) -> datetime | None:
        assert self.lock is not None
        return self.lock.until(moment)

    def _name(self) -> str:
        assert self.lock is not None
        return self.lock.name()

    def take(self, files: dict[str, bytes]) -> dict[str, str]:
        """Records by the names of their files."""
        self.packed.take(files)
        return self.names()

    def names(self) -> dict[str, str]:
        with self.archive.db.read() as connection:
            rows = connection.execute(select(RECORD.c.name, RECORD.c.id)).all()
        return {row.name: row.id for row in rows}

    def run(self, **changed: Any) -> Swept:
        return self.sweep.run(**{"grace": NONE, **changed})

    def row(self, record: str) -> Any:
        with self.archive.db.read() as connection:
            return connection.execute(select(RECORD).where(RECORD.c.id == record)).one()

    def keys(self, record: str) -> list[str]:
        """The keys that keep a record."""
        pack = self.row(record).pack
        found = self.archive.places.evidence.list("")
        return [i.key for i in found if record in i.key or (pack and pack in i.key)]

    def term(self, record: str) -> Any:
        return self.people.value("term", record)

    def waiting(self) -> list[Any]:
        with self.archive.db.read() as connection:
            return list(connection.execute(select(KEEPING)).all())

    def entries(self, kind: str) -> int:
        with self.archive.db.read() as connection:
            found = connection.execute(select(ENTRY.c.data)).scalars().all()
        return sum(f'"kind":"{kind}"'.encode() in data for data in found)

    def say(self, kind: str, records: Sequence[str], who: str = "founder1", **payload: Any) -> None:
        whole = {**payload, "records": sorted(records)}
        self.people.say(who, kind, whole, {"reason": "x"})
        self.people.seal()

    def extend(self, record: str, until: datetime | None) -> None:
        said = None if until is None else format_time(until)
        self.say("retention.extended", [record], cause="evidence_used", until=said)

    def hold(self, records: Sequence[str], case: str | None = None) -> str:
        hold = self.people.authors["founder1"].id()
        payload = {"case": case, "hold": hold, "records": sorted(records)}
        self.people.say("founder1", "hold.placed", payload, {"reason": "x", "document_no": None})
        self.people.seal()
        return hold

    def lift(self, hold: str) -> None:
        self.people.say("founder1", "hold.lifted", {"hold": hold}, {"reason": "x"})
        self.people.seal()

    def close(self, case: str, day: str) -> None:
        payload = {"case": case, "closed": day, "decided": None}
        self.people.say("founder1", "case.closed", payload, {"reason": "x"})
        self.people.seal()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


# ── terms ──


def test_first_locks_are_the_shortest_period_and_terms_follow_by_class(kept: Kept) -> None:
    names = kept.take({"a.txt": b"one", "b.txt": b"two", "c.bin": LARGE})
    small, large = names["a.txt"], names["c.bin"]
    assert kept.row(small).pack.endswith("-6m")
    assert kept.row(small).retain_until == kept.row(small).first_lock == HALF_A_YEAR
    swept = kept.run()
    assert (swept.entries, swept.records, swept.failures) == (1, 3, [])
    assert kept.term(small)["set"] == kept.term(large)["set"] == "document_unlinked"
    ten_years = datetime(2036, 11, 22, 16, tzinfo=UTC)
    assert kept.row(small).retain_until == ten_years
    for record in (small, large):
        assert {kept.vault.until[key] for key in kept.keys(record)} == {ten_years}
    assert kept.waiting() == []
    again = kept.run()
    assert (again.entries, again.locked, kept.entries("retention.set")) == (0, 0, 1)


def test_a_record_gets_a_day_to_come_to_its_case(kept: Kept) -> None:
    kept.take({"a.txt": b"one"})
    assert kept.sweep.run().entries == 0
    kept.archive.clock.advance(hours=25)
    assert kept.sweep.run().entries == 1


def test_material_of_a_case_waits_for_its_closing(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    case = kept.people.open_case("1", records=[record])
    kept.people.seal()
    assert kept.run().entries == 0
    kept.close(case, "2026-11-22")
    assert kept.run().records == 1
    assert kept.term(record)["set"] == "case_file"
    assert kept.row(record).retain_until == datetime(2056, 11, 22, 16, tzinfo=UTC)


def test_a_case_that_is_closed_in_the_future_is_waited_for(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    case = kept.people.open_case("1", records=[record])
    kept.close(case, "2026-11-24")
    assert kept.run().entries == 0
    kept.archive.clock.advance(days=2)
    assert kept.run().entries == 1


def test_a_class_that_a_person_says_and_one_that_nobody_has(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    kept.run()
    kept.say("retention.classed", [record], **{"class": "incident", "trigger": None})
    swept = kept.run()
    assert (swept.entries, kept.row(record).permanent) == (1, True)
    text = default_rules(retention=True)["retention"].replace('"incident"', '"incidents"')
    adopt(kept.people, text)
    assert kept.run().unplaced == 1


def adopt(people: People, text: str) -> None:
    from signing.digest import Digest

    payload = {"name": "retention", "rules": str(Digest.of("sha256", text.encode()))}
    people.say(["founder1", "founder2"], "rules.adopted", payload, {"text": text})
    people.seal()


def test_a_longer_schedule_lengthens_what_was_set(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    kept.run()
    text = default_rules(retention=True)["retention"]
    adopt(kept.people, text.replace('period = "10y"', 'period = "20y"'))
    assert kept.run().records == 1
    assert kept.row(record).retain_until == datetime(2046, 11, 22, 16, tzinfo=UTC)
    adopt(kept.people, text)
    assert kept.run().entries == 0
    assert kept.row(record).retain_until == datetime(2046, 11, 22, 16, tzinfo=UTC)


def test_a_thousand_records_share_an_entry(kept: Kept) -> None:
    kept.take({"a.txt": b"one"})
    with kept.archive.db.write() as connection:
        row = dict(connection.execute(select(RECORD)).mappings().one())
        rows = [{**row, "id": kept.archive.ulid(), "pack": None} for _ in range(1200)]
        connection.execute(insert(RECORD), rows)
    terms = TermSetter(kept.people.desk, NONE).run()
    assert (len(terms.entries), terms.records) == (2, 1201)


# ── locks ──


def test_a_kill_after_the_entry_loses_no_lock(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    terms = TermSetter(kept.people.desk, NONE).run()
    assert terms.entries
    assert kept.vault.until == {}
    # Not durable yet: nothing is done in the store before the entry is.
    assert kept.sweep._locks.work().units == 0
    assert kept.waiting()
    kept.people.seal()
    fresh = Sweep(kept.people.desk, {"first": kept.vault})
    assert fresh.step().locked == 1
    assert kept.vault.until[kept.keys(record)[0]] == datetime(2036, 11, 22, 16, tzinfo=UTC)


def test_what_a_store_does_not_keep_is_told_and_tried_again(kept: Kept) -> None:
    names = kept.take({"a.txt": b"one", "c.bin": LARGE})
    kept.vault.refused.add("packs/")
    swept = kept.run()
    assert [(one.store, one.unit) for one in swept.failures] == [
        ("first", kept.row(names["a.txt"]).pack)
    ]
    assert (swept.locked, swept.waiting) == (1, 1)
    assert "not locked" in kept.waiting()[0].problem
    kept.vault.refused.clear()
    assert (kept.run().failures, kept.waiting()) == ([], [])


def test_a_store_that_is_away_holds_nothing_up(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    other = MemoryVault(kept.archive.places.evidence, away=True)
    sweep = Sweep(kept.people.desk, {"first": kept.vault, "replica": other})
    swept = sweep.run(grace=NONE)
    assert [one.store for one in swept.failures] == ["replica"]
    assert kept.vault.until
    other.away = False
    assert sweep.run().failures == []
    assert other.until == kept.vault.until
    assert kept.row(record).retain_until is not None


def test_a_pack_is_kept_as_long_as_its_longest_member(kept: Kept) -> None:
    names = kept.take({"a.txt": b"one", "b.txt": b"two"})
    kept.run()
    until = datetime(2050, 1, 1, tzinfo=UTC)
    kept.extend(names["b.txt"], until)
    kept.run()
    (key,) = kept.keys(names["a.txt"])
    assert kept.vault.until[key] == until
    kept.extend(names["a.txt"], datetime(2040, 1, 1, tzinfo=UTC))
    kept.run()
    assert kept.vault.until[key] == until
    kept.extend(names["a.txt"], None)
    kept.run()
    assert (kept.vault.until[key], kept.vault.held) == (FARTHEST, {key})


def test_a_folder_has_no_dates_and_is_content(kept: Kept) -> None:
    kept.vault.level = "read-only"
    record = kept.take({"a.txt": b"one"})["a.txt"]
    kept.hold([record])
    assert kept.run().failures == []
    assert kept.waiting() == []


# ── holds ──


def test_a_hold_keeps_at_once_and_its_legal_hold_follows(kept: Kept) -> None:
    names = kept.take({"a.txt": b"one", "b.txt": b"two"})
    record = names["a.txt"]
    (key,) = kept.keys(record)
    kept.vault.refused.add("")
    first, second = kept.hold([record]), kept.hold([record])
    with kept.archive.db.read() as connection:
        assert len(held_by(DbShelf(connection), record)) == 2, "protected before the lock"
    assert kept.run().failures
    assert kept.vault.held == set()
    kept.vault.refused.clear()
    kept.run()
    assert kept.vault.held == {key}
    kept.lift(first)
    kept.run()
    assert kept.vault.held == {key}, "the other hold is still there"
    kept.lift(second)
    kept.run()
    assert kept.vault.held == set()


def test_a_member_that_is_held_keeps_its_pack_held(kept: Kept) -> None:
    names = kept.take({"a.txt": b"one", "b.txt": b"two"})
    (key,) = kept.keys(names["a.txt"])
    on_a, on_b = kept.hold([names["a.txt"]]), kept.hold([names["b.txt"]])
    kept.run()
    kept.lift(on_a)
    kept.run()
    assert kept.vault.held == {key}
    kept.lift(on_b)
    kept.extend(names["b.txt"], None)
    kept.run()
    assert kept.vault.held == {key}, "it is kept for ever"


def test_a_hold_on_a_case_follows_its_records_in_and_out(kept: Kept) -> None:
    names = kept.take({"c.bin": LARGE, "d.bin": LARGE + b"y"})
    case = kept.people.open_case("1", records=[names["c.bin"]])
    hold = kept.hold([], case)
    kept.run()
    assert kept.vault.held == set(kept.keys(names["c.bin"]))
    kept.say("case.attached", [names["d.bin"]], case=case)
    kept.run()
    assert kept.vault.held >= set(kept.keys(names["d.bin"]))
    kept.say("case.detached", [names["c.bin"]], case=case)
    kept.run()
    assert kept.vault.held == set(kept.keys(names["d.bin"]))
    kept.lift(hold)
    kept.run()
    assert kept.vault.held == set()


def test_records_of_a_held_sensitive_or_major_case_stand_alone(kept: Kept) -> None:
    people = kept.people
    held, plain = people.open_case("held"), people.open_case("plain")
    people.open_case("sensitive", sensitivity=["minor"])
    people.seal()
    kept.hold([], held)
    change = {"case": plain, "category": "penalty", "handlers": [], "sensitivity": []}
    files = {}
    for number in ("held", "plain", "sensitive", "none"):
        files[f"{number}.txt"] = number.encode()
        claim = f'{{"cunzheng_sidecar":1,"case":"{number}"}}'
        files[f"{number}.txt.json"] = claim.encode()
    names = kept.take(files)
    packed = {name for name, record in names.items() if kept.row(record).pack}
    assert packed == {"plain.txt", "none.txt"}
    major = {**change, "importance": "major", "unit": "main"}
    people.say("founder1", "case.changed", major, {"reason": "x"})
    people.seal()
    second = {"more.txt": b"more", "more.txt.json": b'{"cunzheng_sidecar":1,"case":"plain"}'}
    kept.packed.take(second, "second")
    assert kept.row(kept.names()["more.txt"]).pack is None


# ── renewal ──


def test_dates_that_come_near_are_renewed_before_they_are_needed(kept: Kept) -> None:
    record = kept.take({"c.bin": LARGE})["c.bin"]
    kept.extend(record, None)
    kept.run()
    keys = [*kept.keys(record), "log/x.note"]
    near = datetime(2029, 1, 1, tzinfo=UTC)
    first = next(kept.archive.places.evidence.list("log/")).key
    keys[-1] = first
    with kept.archive.db.write() as connection:
        for key in keys:
            kept.vault.until[key] = near
            row = {"store": "first", "key": key, "version": VERSION, "until": near, "held": True}
            connection.execute(insert(LOCATION), [row])
    swept = kept.run()
    assert swept.failures == []
    assert {kept.vault.until[key] for key in keys} == {FARTHEST}
    with kept.archive.db.read() as connection:
        known = connection.execute(select(LOCATION.c.until)).scalars().all()
    assert set(known) == {FARTHEST}
    assert kept.run().renewed == 0


def test_every_permanent_object_can_be_asked(kept: Kept) -> None:
    log = [info.key for info in kept.archive.places.evidence.list("log/")]
    assert kept.run().renewed == 0
    assert kept.run(every=True).renewed > len(log)
    assert all(kept.vault.until[key] == FARTHEST for key in log)


# ── the loop ──


def test_steps_do_what_is_due_and_no_more(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    kept.archive.clock.advance(days=2)
    assert kept.sweep.step().entries == 1
    kept.hold([record])
    assert kept.sweep.step().locked == 1, "holds do not wait for the hour"
    kept.vault.calls.clear()
    assert kept.sweep.step() == Swept()
    assert kept.vault.calls == []


def test_the_end_by_the_registers_is_that_of_the_catalog(kept: Kept) -> None:
    record = kept.take({"a.txt": b"one"})["a.txt"]
    kept.run()
    with kept.archive.db.read() as connection:
        end = end_of(DbShelf(connection), RetentionLaw(), record)
    assert end.moment == kept.row(record).retain_until


def test_lost_and_destroyed_records_have_no_lock(kept: Kept) -> None:
    record = kept.take({"c.bin": LARGE})["c.bin"]
    hold = kept.hold([record])
    with kept.archive.db.write() as connection:
        connection.execute(update(RECORD).values(lost=True))
    assert kept.run().failures == []
    assert kept.waiting() == []
    kept.lift(hold)
