"""The forger's table, continued: destroying what must be kept, with database and store in hand.

lab = DisposalLab(folder)
run(lab, DISPOSALS[0])
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import places_in, policy_of
from disposal_office import LIMITS, DisposalOffice, make_office
from forger import DATABASE, Forgery, Outcome
from forger_lab import Names, Scene
from people_fixture import desk_of
from toy_law import ToyLaw

from archive.desk import disposition
from archive.detail import Detail
from archive.durable import FileSystem
from archive.errors import ContentAltered
from archive.layout import record_prefix
from archive.registers.disposition import proposal_digest
from archive.report import Report
from archive.statements.statement import Signed
from archive.verify import Kit, verify

DISPOSALS: list[Forgery] = []
Act = Callable[["DisposalScene"], str]


def disposal(name: str, remark: str = "", **outcome: Any) -> Callable[[Act], Act]:
    """Put a function into this part of the table."""

    def put(act: Act) -> Act:
        DISPOSALS.append(Forgery(name, DATABASE, Outcome(**outcome), act, remark))  # type: ignore[arg-type]
        return act

    return put


@dataclass(frozen=True)
class Kept:
    """Records of the office: two that are due, one that is not, one on an approved list."""

    due: str
    other: str
    young: str
    listed: str
    ordered: str
    approved: str
    """The list with `listed`, proposed by founder1 and approved by fa."""
    executed: str
    """The list with `ordered`, executed by root; nothing is deleted yet."""


class DisposalLab:
    """Makes the office once and copies it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies = 0

    @cached_property
    def base(self) -> tuple[DisposalOffice, Kept, datetime]:
        """Eleven days old, with a list at every stage."""
        office = make_office(self._folder / "base")
        due, other, listed, ordered = (office.keep(bytes([n])) for n in range(4))
        office.later(days=11)
        young = office.keep(b"young")
        approved = office.propose([listed])
        office.decide(approved)
        executed = office.dispose([ordered])
        kept = Kept(due, other, young, listed, ordered, approved, executed)
        return office, kept, office.archive.clock.moment

    def scene(self) -> "DisposalScene":
        """A copy; the clock stands where the office was left."""
        office, kept, end = self.base
        self._copies += 1
        home = self._folder / f"disposal-{self._copies}"
        office.archive.db.close()
        shutil.copytree(office.archive.home, home)
        office.archive.clock.moment = end
        archive = replace(office.archive, home=home, places=places_in(home, FileSystem()))
        archive.reopen()
        desk = replace(desk_of(archive), law=ToyLaw())
        people = replace(office.people, desk=desk, authors=dict(office.people.authors))
        nothing = Names((kept.due, kept.other), "", "", "", "", "", "")
        return DisposalScene(archive, people, nothing, kept=kept)


@dataclass
class DisposalScene(Scene):
    """A copy of the office in a forger's hands."""

    kept: Kept = Kept("", "", "", "", "", "", "")

    @property
    def office(self) -> DisposalOffice:
        """The same copy in the hands of honest people."""
        return DisposalOffice(self.archive, self.people)

    def report(self, *, checkpoint: bool = False) -> Report:
        """Verify; an empty office of eleven days has nothing to say about silence."""
        del checkpoint
        places = self.archive.places
        return verify(
            places.evidence,
            places.live,
            policy_of(self.archive, **LIMITS),
            now=self.archive.clock.now(),
            kit=Kit(law=ToyLaw()),
            workers=1,
        )

    def proposal(self, who: str, records: Sequence[str]) -> tuple[Signed, Detail | None]:
        """A statement that proposes records, with the list of the catalog."""
        payload = self.office.proposal(records)
        with self.archive.db.read() as connection:
            lines = disposition.lines_of(connection, payload["records"])
        data = {"reason": "到期", "list": lines}
        return self.author(who).make("disposition.proposed", payload, data)

    def decision(self, who: str, name: str, **changed: Any) -> tuple[Signed, Detail | None]:
        value = self.people.value("disposition", name)
        assert value is not None
        payload = {
            "decision": "approve",
            "disposition": name,
            "proposal": value["proposal"],
            **changed,
        }
        return self.author(who).make("disposition.decided", payload, {"comment": "同意"})

    def order(self, who: str, name: str) -> tuple[Signed, Detail | None]:
        return self.author(who).make("disposition.executed", {"disposition": name})

    def twice(self, make: Callable[[], tuple[Signed, Detail | None]]) -> str:
        """Try at the desk, then past it."""

        def attempt() -> object:
            signed, detail = make()
            return self.people.desk.submit([signed], detail, "1000")

        refused = self.refused(attempt)
        self.put(*make())
        return refused

    def delete(self, record: str) -> None:
        """Delete a record's files with the means of the system."""
        shutil.rmtree(self.archive.evidence / record_prefix(record))

    def say_destroyed(self, name: str, record: str, stores: Sequence[str] = ("first",)) -> None:
        """Write what only an execution writes."""
        body = {"disposition": name, "stores": list(stores), "versions": 2}
        self.put_own("record.destroyed", "registry", record, body)


# ── people who go too far ──


@disposal("propose a destruction as administrator", refused="ROLE_MISSING", rule="ROLE_MISSING")
def propose_as_administrator(scene: DisposalScene) -> str:
    return scene.twice(lambda: scene.proposal("root", [scene.kept.due]))


@disposal("approve one's own proposal", refused="DISPOSITION_OWN", rule="DISPOSITION_OWN")
def approve_own(scene: DisposalScene) -> str:
    name = scene.office.propose([scene.kept.due])
    return scene.twice(lambda: scene.decision("founder1", name))


@disposal("execute what one approved", refused="DISPOSITION_OWN", rule="DISPOSITION_OWN")
def execute_own(scene: DisposalScene) -> str:
    name = scene.office.propose([scene.kept.due])
    scene.office.decide(name, who="founder2")
    return scene.twice(lambda: scene.order("founder2", name))


@disposal("approve in fa's name", refused="STATEMENT_BAD", rule="STATEMENT_BAD")
def forge_approval(scene: DisposalScene) -> str:
    name = scene.office.propose([scene.kept.due])
    scene.people.authors["fa"] = scene.author("fa", signer=scene.author("root").signer)
    return scene.twice(lambda: scene.decision("fa", name))


@disposal("execute without an approval", refused="DISPOSITION_STATE", rule="DISPOSITION_STATE")
def execute_unapproved(scene: DisposalScene) -> str:
    name = scene.office.propose([scene.kept.due])
    return scene.twice(lambda: scene.order("root", name))


@disposal("propose what is not due", refused="NOT_DUE", rule="NOT_DUE")
def propose_early(scene: DisposalScene) -> str:
    return scene.twice(lambda: scene.proposal("founder1", [scene.kept.young]))


def keeps(scene: DisposalScene, record: str) -> str:
    """The desk takes the whole order; whoever carries it out replays the ledger and stops."""
    name = scene.office.dispose([record])
    evidence = scene.archive.places.evidence
    before = [info.key for info in evidence.list(record_prefix(record))]
    with pytest.raises(ContentAltered, match="nothing is destroyed"):
        scene.office.destroyer().run(name)
    assert [info.key for info in evidence.list(record_prefix(record))] == before != []
    return ""


@disposal(
    "make a record due in the register table",
    rule="NOT_DUE",
    remark="the desk believes its table; destruction asks the ledger, and deletes nothing",
)
def due_in_table(scene: DisposalScene) -> str:
    until = "2026-11-23T00:00:00.000000Z"
    scene.register("term", scene.kept.young, until=until, trigger="2026-11-10T00:00:00.000000Z")
    scene.edit("UPDATE record SET first_lock=NULL WHERE id=?", scene.kept.young)
    return keeps(scene, scene.kept.young)


# ── holds ──


@disposal("propose what is held", refused="RECORD_HELD", rule="RECORD_HELD")
def propose_held(scene: DisposalScene) -> str:
    scene.office.hold(scene.kept.due)
    return scene.twice(lambda: scene.proposal("founder1", [scene.kept.due]))


@disposal("execute although a hold came", refused="RECORD_HELD", rule="RECORD_HELD")
def execute_held(scene: DisposalScene) -> str:
    scene.office.hold(scene.kept.listed)
    return scene.twice(lambda: scene.order("root", scene.kept.approved))


@disposal("destroy although a hold came", rule="RECORD_HELD")
def destroy_held(scene: DisposalScene) -> str:
    scene.office.hold(scene.kept.ordered)
    assert scene.office.destroyer().run(scene.kept.executed).destroyed == []
    scene.delete(scene.kept.ordered)
    scene.say_destroyed(scene.kept.executed, scene.kept.ordered)
    return ""


@disposal("lift the hold in the register table", rule="RECORD_HELD")
def lift_in_table(scene: DisposalScene) -> str:
    scene.office.hold(scene.kept.due)
    scene.register("record_holds", scene.kept.due, holds=[])
    return keeps(scene, scene.kept.due)


# ── what was never ordered ──


@disposal("delete a record and say nothing", found="CONTENT_MISSING")
def delete_only(scene: DisposalScene) -> str:
    scene.delete(scene.kept.due)
    return ""


@disposal("invent a destruction", rule="DISPOSITION_UNKNOWN")
def invent_destruction(scene: DisposalScene) -> str:
    scene.delete(scene.kept.due)
    scene.say_destroyed(scene.archive.ulid(), scene.kept.due)
    return ""


@disposal("destroy by an approval that nobody executed", rule="DISPOSITION_STATE")
def destroy_unordered(scene: DisposalScene) -> str:
    scene.delete(scene.kept.listed)
    scene.say_destroyed(scene.kept.approved, scene.kept.listed)
    return ""


@disposal("destroy a record that is on no list under cover of one that is", rule="LIST_OTHER")
def destroy_another(scene: DisposalScene) -> str:
    scene.delete(scene.kept.other)
    scene.say_destroyed(scene.kept.executed, scene.kept.other)
    return ""


@disposal("destroy by an order and never say so", found="CONTENT_MISSING")
def never_said(scene: DisposalScene) -> str:
    scene.delete(scene.kept.ordered)
    scene.office.later(hours=25)
    return ""


@disposal("change the list before it is sealed", rule="STATEMENT_BAD")
def change_list(scene: DisposalScene) -> str:
    signed, detail = scene.proposal("founder1", [scene.kept.due])
    scene.people.desk.submit([signed], detail, "1000")
    changed = scene.edit(
        "UPDATE pending SET body=CAST(replace(body, ?, ?) AS BLOB)"
        " WHERE kind='disposition.proposed'",
        scene.kept.due,
        scene.kept.young,
    )
    assert changed == 1
    return ""


@disposal("use an approval for another list", refused="LIST_OTHER", rule="LIST_OTHER")
def approve_another(scene: DisposalScene) -> str:
    name = scene.office.propose([scene.kept.due])
    other = proposal_digest({**scene.office.proposal([scene.kept.other]), "detail": None})
    return scene.twice(lambda: scene.decision("fa", name, proposal=other))


# ── stores ──


@disposal("leave the second copy out", rule="STORES_OTHER")
def leave_replica(scene: DisposalScene) -> str:
    scene.office.add_replica()
    scene.delete(scene.kept.ordered)
    scene.say_destroyed(scene.kept.executed, scene.kept.ordered)
    return ""


@disposal("keep what is said to be destroyed", found="DESTROYED_STILL_THERE")
def keep_it(scene: DisposalScene) -> str:
    scene.say_destroyed(scene.kept.executed, scene.kept.ordered)
    return ""


@disposal("destroy a pack that somebody needs a part of", rule="PACK_PART",
          refused="PACK_PART")  # fmt: skip
def part_of_pack(scene: DisposalScene) -> str:
    members = scene.office.keep_packed([b"a", b"b"])
    scene.office.later(days=11)
    return scene.twice(lambda: scene.proposal("founder1", members[:1]))


@disposal("split a pack alone", refused="VOUCHERS_MISSING", rule="VOUCHERS_MISSING")
def split_alone(scene: DisposalScene) -> str:
    members = scene.office.keep_packed([b"a", b"b"])
    with scene.archive.db.read() as connection:
        from archive.desk.db_shelf import DbShelf

        pack = DbShelf(connection).get("record_pack", members[0])
    assert pack is not None
    payload = {"pack": pack["pack"], "records": [members[0]]}
    return scene.twice(
        lambda: scene.author("founder1").make("pack.split", payload, {"reason": "x"})
    )
