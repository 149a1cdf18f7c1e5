"""A real archive with people, a schedule and records that end: for tests of real destruction.

office = make_office(tmp_path)
alone = office.keep(b"text")                  # a record that is due after ten days
pack = office.keep_packed([b"a", b"b"])       # members of one pack
office.later(days=11)
name = office.dispose([alone])                # proposed, approved, executed; nothing deleted yet
office.destroyer().run(name)
office.report().outcome
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive_fixture import Archive, make_archive, policy_of
from people_fixture import People, default_rules, desk_of, make_people
from toy_law import SCHEDULE, ToyLaw

from archive import ledger, packing
from archive.desk import disposition, packs
from archive.desk.db_shelf import DbShelf
from archive.layout import detail_key
from archive.ledger import NewEntry, NewObject
from archive.pack import PackBuilder
from archive.ports import ObjectStore, Vault
from archive.registers.disposition import proposal_digest
from archive.report import Report
from archive.stores.directory import DirectoryStore
from archive.stores.directory_vault import DirectoryVault
from archive.times import format_time
from archive.verify import Kit, verify
from retention.execute import Destroyer, Place
from retention.warrant import Warrant, replayed
from signing.digest import Digest

LIMITS = {"max_seal_gap": 10**9, "max_age": 10**9, "max_token_delay": 10**9}


class DisposalOffice:
    """People: founder1 proposes, fa decides, root executes."""

    def __init__(self, archive: Archive, people: People) -> None:
        self.archive = archive
        archive.first_lock = lambda received: ToyLaw().floor(SCHEDULE, received)
        self.people = people

    # ── keeping ──

    def keep(self, content: bytes, name: str = "short", **other: Any) -> str:
        """A record that stands alone, with its class set."""
        record = self.archive.accession(content, **other).record
        self.archive.seal()
        self.set_class([record], name)
        return record

    def keep_packed(self, contents: Sequence[bytes], sidecar: bytes | None = None) -> list[str]:
        """Records in one pack, in the order of their entries, with their class set."""
        archive, builder = self.archive, PackBuilder()
        staged = packing.staged_name(archive.ulid(), "10d")
        entries = []
        now = archive.clock.now()
        for content in contents:
            made = archive.describe(content, sidecar=sidecar)
            place = builder.add(made.record_id, content, made.to_bytes(), sidecar)
            where = {
                "description": place.description,
                "id": staged,
                "offset": place.offset,
                "sidecar": place.sidecar,
            }
            entries.append(self._packed(made, where, staged, now))
        data = b"".join(builder.finish())
        entries[0] = replace(entries[0], objects=(NewObject.of(staged, data),))
        archive.submit(*entries)
        archive.seal()
        records = [str(entry.subject) for entry in entries]
        self.set_class(records)
        return records

    def _packed(self, made: Any, where: dict[str, Any], staged: str, now: datetime) -> NewEntry:
        body = {**self.archive.body_of(made), "pack": where}
        source = f"source/{made.value['source']}"
        number, record = self.archive.ulid(), made.record_id
        return NewEntry(
            number, "record.accessioned", source, "system/ingest", now, record, body, pack=staged
        )

    def set_class(self, records: Sequence[str], name: str = "short") -> None:
        """What the retention sweep writes once class and trigger are known."""
        desk = self.people.desk
        with desk.database.write() as connection:
            now = desk.clock.now()
            end = ToyLaw().class_end(SCHEDULE, name, now)
            body = {
                "class": name,
                "records": sorted(records),
                "schedule": str(Digest.of("sha256", SCHEDULE.encode())),
                "trigger": format_time(now),
                "until": None if end.moment is None else format_time(end.moment),
            }
            desk.submit_own(connection, "retention.set", "registry", None, body, "system/retention")
        self.archive.seal()

    def later(self, **delta: float) -> None:
        self.archive.clock.moment += timedelta(**delta)
        self.archive.heartbeats(1)
        self.archive.seal()

    def hold(self, *records: str) -> str:
        hold = self.archive.ulid()
        payload = {"case": None, "hold": hold, "records": sorted(records)}
        self.people.say("du", "hold.placed", payload, {"reason": "复议", "document_no": None})
        self.archive.seal()
        return hold

    def lift(self, hold: str) -> None:
        self.people.say("du", "hold.lifted", {"hold": hold}, {"reason": "已结"})
        self.archive.seal()

    def link(self, case: str, records: Sequence[str]) -> None:
        """What the archive writes for records that claim a case's number."""
        desk = self.people.desk
        with desk.database.write() as connection:
            body = {"records": sorted(records)}
            desk.submit_own(connection, "case.linked", "registry", case, body, "system/registry")
        self.archive.seal()

    def extend(self, record: str, days: float) -> None:
        until = format_time(self.archive.clock.now() + timedelta(days=days))
        payload = {"cause": "other", "records": [record], "until": until}
        self.people.say("founder1", "retention.extended", payload, {"reason": "续存"})
        self.archive.seal()

    # ── disposition ──

    def proposal(self, records: Sequence[str]) -> dict[str, Any]:
        return {
            "disposition": self.archive.ulid(),
            "records": sorted(records),
            "schedule": str(Digest.of("sha256", SCHEDULE.encode())),
        }

    def propose(self, records: Sequence[str], who: str = "founder1") -> str:
        payload = self.proposal(records)
        with self.archive.db.read() as connection:
            lines = disposition.lines_of(connection, payload["records"])
        data = {"reason": "保管期限届满", "list": lines}
        self.people.say(who, "disposition.proposed", payload, data, do=disposition.propose)
        self.archive.seal()
        return str(payload["disposition"])

    def decide(self, name: str, decision: str = "approve", who: str = "fa") -> None:
        value = self.people.value("disposition", name)
        assert value is not None
        payload = {"decision": decision, "disposition": name, "proposal": value["proposal"]}
        self.people.say(who, "disposition.decided", payload, {"comment": "同意"})
        self.archive.seal()

    def execute(self, name: str, who: str = "root") -> None:
        self.people.say(who, "disposition.executed", {"disposition": name})
        self.archive.seal()

    def dispose(self, records: Sequence[str]) -> str:
        """Everything but the deleting."""
        name = self.propose(records)
        self.decide(name)
        self.execute(name)
        return name

    def split(self, records: Sequence[str]) -> None:
        """Give members of a pack objects of their own."""
        with self.archive.db.read() as connection:
            pack = DbShelf(connection).get("record_pack", records[0])
        assert pack is not None
        payload = {"pack": pack["pack"], "records": sorted(records)}
        who = ("founder1", "fa")
        self.people.say(who, "pack.split", payload, {"reason": "续存"}, do=packs.split)
        self.archive.seal()

    def stores(self) -> list[Place]:
        """The first store and, where there is one, the second."""
        return [Place("first", *place_in(self.archive, "evidence")), *self._replica()]

    def _replica(self) -> list[Place]:
        there = (self.archive.home / "store" / "replica").exists()
        return [Place("replica", *place_in(self.archive, "replica"))] if there else []

    def add_replica(self) -> ObjectStore:
        """A second store that the ledger knows, with everything that is in the first."""
        (self.archive.home / "store" / "replica").mkdir()
        self.introduce("replica")
        self.copy_to_replica()
        return place_in(self.archive, "replica")[0]

    def introduce(self, name: str, level: str = "read-only") -> None:
        """Let the ledger know of a store."""
        data = {"place": name, "server": None, "results": {}}
        detail = self.archive.detail("store.probed", data)
        body = {
            "level": level,
            "missing": [],
            "store": name,
            "detail": str(detail.digest()),
            "detail_id": detail.id,
        }
        desk = self.people.desk
        with desk.database.write() as connection:
            made = desk.submit_own(
                connection, "store.probed", "registry", None, body, "system/storage"
            )
            stored = NewObject.of(detail_key(detail.id), detail.to_bytes())
            ledger.add_objects(connection, made.id, [stored])
        self.archive.seal()

    def copy_to_replica(self) -> None:
        from archive.ports import PutItem, read_all

        first, second = self.archive.places.evidence, place_in(self.archive, "replica")[0]
        second.put([PutItem(i.key, read_all(first, i.key)) for i in first.list("")])

    def destroyer(self, stores: Sequence[Place] | None = None) -> Destroyer:
        return Destroyer(
            self.people.desk,
            self.stores() if stores is None else stores,
            self.archive.places.live,
            self.warrant(),
        )

    def warrant(self) -> Warrant:
        """The ledger in the first store, as it is replayed."""
        places, policy = self.archive.places, policy_of(self.archive, **LIMITS)
        return replayed(places.evidence, places.live, policy, ToyLaw(), self.archive.clock)

    def destroy(self, records: Sequence[str]) -> str:
        """The whole way."""
        name = self.dispose(records)
        outcome = self.destroyer().run(name)
        assert not outcome.left, outcome.left
        return name

    # ── what comes of it ──

    def report(self, law: ToyLaw | None = None) -> Report:
        places = self.archive.places
        return verify(
            places.evidence,
            places.live,
            policy_of(self.archive, **LIMITS),
            now=self.archive.clock.now(),
            kit=Kit(law=law or ToyLaw()),
            workers=1,
        )

    def codes(self) -> set[str]:
        """Codes of findings, without those that every archive of tests has."""
        report = self.report()
        found = {one.code for one in (*report.findings, *report.remarks)}
        return found - {"INTERNAL_TIME", "OUTAGE_RECORDED"}

    def reopened(self) -> "DisposalOffice":
        """The same home after a restart."""
        self.archive.reopen()
        desk = replace(desk_of(self.archive), law=ToyLaw())
        return DisposalOffice(self.archive, replace(self.people, desk=desk))


def place_in(archive: Archive, name: str) -> tuple[DirectoryStore, Vault]:
    """Store and vault of a folder below `store/`."""
    root = archive.home / "store" / name
    store = DirectoryStore(root, archive.home / "scratch", archive.fs)
    return store, DirectoryVault(root, store, archive.fs)


def make_office(folder: Path) -> DisposalOffice:
    """Founded, with a schedule in force and everybody enrolled."""
    archive = make_archive(folder)
    people = make_people(archive, rules=default_rules())
    people.desk = replace(people.desk, law=ToyLaw())
    text = SCHEDULE
    payload = {"name": "retention", "rules": str(Digest.of("sha256", text.encode()))}
    people.say(("founder1", "founder2"), "rules.adopted", payload, {"text": text})
    people.enrol("fa", "legal_office")
    people.enrol("du", "inspector.internal")
    people.enrol("root", "administrator")
    archive.seal()
    return DisposalOffice(archive, people)


__all__ = ["DisposalOffice", "make_office", "proposal_digest"]
