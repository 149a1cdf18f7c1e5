"""An office to forge in: real sealer, real database, real keys, people with statements of theirs.

lab = Lab(folder)
scene = lab.scene()                     # a copy that may be ruined
scene.put(signed, detail)               # what somebody with the database can do
scene.verdict()                         # codes of `verify` with the inspector's policy
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from archive_fixture import START, Archive, make_archive, places_in, policy_of
from people_fixture import ACCOUNT, People, desk_of, make_people
from resealer import History, Keys

from archive import layout
from archive.desk.release import Handed, Order, Release
from archive.detail import Detail
from archive.durable import FileSystem
from archive.entry_kinds import KINDS
from archive.errors import Denied
from archive.keyring import embedded_timestamper, load_identity
from archive.ledger import NewEntry, NewObject
from archive.report import Report
from archive.statements.body import SignedBody
from archive.statements.kinds import BOOTSTRAP_KINDS, SIGNED
from archive.statements.make import Author
from archive.statements.statement import Signed
from archive.stored_log import LogTrust
from archive.times import format_time
from archive.verify import Kit, verify

HEAD = "approver.department_head"
REASONS = {"reason": "案件复核", "behalf": None, "letter_no": None, "task_no": None, "query": None}


@dataclass(frozen=True)
class Names:
    """Identifiers of the office that the attacks use."""

    records: tuple[str, ...]
    case: str
    own: str
    """li's request to see his own case's record."""
    granted: str
    """wang's request for one access, approved by founder2, used up."""
    waiting: str
    """wang's request that nobody has decided on."""
    short: str
    """wang's request whose grant is over."""
    access: str
    """wang's access."""


@dataclass
class Base:
    """The office as it was left, and what an inspector took away from it."""

    archive: Archive
    people: People
    names: Names
    end: datetime
    checkpoint: bytes


class Lab:
    """Makes the office once and copies it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies = 0

    @cached_property
    def base(self) -> Base:
        """People of every kind, a case, requests in every state, two accesses."""
        archive = make_archive(self._folder / "base")
        people = make_people(archive)
        people.enrol("li", "handler")
        people.enrol("wang", "handler", unit="team2")
        people.enrol("zhao", "handler")
        people.enrol("qian", "handler")
        people.enrol("root", "administrator")
        first = archive.accession(b"content of the case").record
        second = archive.accession(b"content of nobody's case").record
        archive.seal()
        case = people.open_case("A-1", handlers=["li"], records=[first])
        scene = Scene(archive, people, Names((first, second), case, "", "", "", "", ""))
        names = scene.retrievals()
        people.say("root", "person.suspended", {"person": "zhao"}, {"reason": "停职"})
        revoked = {
            "person": "qian",
            "code": "key_compromise",
            "since": format_time(archive.clock.now()),
        }
        people.say("root", "person.revoked", revoked, {"reason": "令牌遗失"})
        archive.seal()
        archive.clock.advance(minutes=30)
        archive.heartbeats(1)
        archive.seal()
        checkpoint = (archive.home / "store/live/log/checkpoint").read_bytes()
        return Base(archive, people, names, archive.clock.moment, checkpoint)

    def scene(self) -> "Scene":
        """A copy; the clock stands where the office was left."""
        base = self.base
        self._copies += 1
        home = self._folder / str(self._copies)
        base.archive.db.close()
        shutil.copytree(base.archive.home, home)
        base.archive.clock.moment = base.end
        places = places_in(home, FileSystem())
        archive = replace(base.archive, home=home, places=places)
        archive.reopen()
        people = replace(base.people, desk=desk_of(archive), authors=dict(base.people.authors))
        return Scene(archive, people, base.names, base.checkpoint)


@dataclass
class Scene:
    """A copy of the office in a forger's hands."""

    archive: Archive
    people: People
    names: Names
    checkpoint: bytes = b""
    start: datetime = START

    # ── what people do lawfully ──

    def retrievals(self) -> Names:
        """Requests in every state, and accesses."""
        first = self.names.records[0]
        own = self.request("li", "own_case", case=self.names.case)
        self.receive("li", own)
        granted = self.request("wang", "other_unit")
        self.decide("founder2", granted, count=1)
        access = self.receive("wang", granted)
        short = self.request("wang", "other_unit")
        self.decide("founder2", short, count=5, minutes=10)
        waiting = self.request("wang", "other_unit")
        return replace(
            self.names,
            records=(first, *self.names.records[1:]),
            own=own,
            granted=granted,
            waiting=waiting,
            short=short,
            access=access,
        )

    def author(self, person: str, **changed: Any) -> Author:
        """Somebody's statements; with `signer=` of somebody else they are forged."""
        return replace(self.people.authors[person], **changed)

    def asking(self, capacity: str, **other: Any) -> dict[str, Any]:
        """The payload of a request to see the first record."""
        return {
            "action": "view",
            "capacity": capacity,
            "case": None,
            "letter": None,
            "purpose": "case_handling",
            "records": [self.names.records[0]],
            "request": self.archive.ulid(),
            "segments": None,
            **other,
        }

    def request(self, person: str, capacity: str, **other: Any) -> str:
        """Ask for the first record through the desk."""
        payload = self.asking(capacity, **other)
        self.people.say(person, "access.requested", payload, REASONS)
        return str(payload["request"])

    def grant(self, count: int, minutes: int = 600) -> dict[str, Any]:
        """A grant from now on."""
        now = self.archive.clock.now()
        until = format_time(now + timedelta(minutes=minutes))
        return {"count": count, "from": format_time(now), "until": until}

    def deciding(self, request: str, *, count: int = 1, minutes: int = 600) -> dict[str, Any]:
        """The payload of an approval."""
        grant = self.grant(count, minutes)
        return {"decision": "approve", "grant": grant, "request": request, "role": HEAD}

    def decide(self, person: str, request: str, **grant: int) -> None:
        """Approve through the desk."""
        self.people.say(person, "access.decided", self.deciding(request, **grant))

    def starting(self, request: str, **other: Any) -> dict[str, Any]:
        """The payload of an access to the first record."""
        return {
            "access": self.archive.ulid(),
            "action": "view",
            "copies": None,
            "range": None,
            "record": self.names.records[0],
            "request": request,
            "resumes": None,
            **other,
        }

    def receive(self, person: str, request: str) -> str:
        """A whole access through the desk; its id."""
        payload = self.starting(request)
        started = Handed(*self.author(person).make("access.started", payload))
        trust = LogTrust.of(self.archive.identity)
        locks = self.archive.home / "locks"
        release = Release(self.people.desk, self.archive.places, trust, locks)
        with release.open(Order(started, None, ACCOUNT)) as retrieval:
            list(retrieval.pieces())
        return str(payload["access"])

    def refused(self, attempt: Callable[[], object]) -> str:
        """The code with which the desk refuses; empty where it does not."""
        try:
            attempt()
        except Denied as error:
            return error.code
        return ""

    # ── with database and store ──

    def put(
        self, signed: Signed | Sequence[Signed], detail: Detail | None = None, **other: Any
    ) -> NewEntry:
        """Put an entry in the way to the ledger, past the desk; `other` replaces the body's."""
        statements = (signed,) if isinstance(signed, Signed) else tuple(signed)
        now = self.archive.clock.now()
        bootstrap = False if statements[0].statement.kind in BOOTSTRAP_KINDS else None
        body = SignedBody(
            accepted_at=now,
            account=ACCOUNT,
            host="single",
            statements=statements,
            detail=str(detail.digest()) if detail else None,
            detail_id=detail.id if detail else None,
            bootstrap=bootstrap,
        )
        body = replace(body, **other)
        kind = SIGNED[body.kind]
        objects = ()
        if detail is not None:
            objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
        entry = NewEntry(
            self.archive.ulid(),
            body.kind,
            kind.stream,
            f"user/{body.signers[0]}",
            now,
            body.payload[kind.subject] if kind.subject else None,
            body.value(),
            objects,
            urgent=True,
        )
        self.archive.submit(entry)
        return entry

    def put_own(
        self,
        kind: str,
        stream: str,
        subject: str | None,
        body: dict[str, Any],
        actor: str | None = None,
    ) -> None:
        """The same for what the archive itself writes."""
        now, usual = self.archive.clock.now(), KINDS[kind].actor
        who = actor or (f"{usual}access" if usual.endswith("/") else usual)
        made = NewEntry(self.archive.ulid(), kind, stream, who, now, subject, body)
        self.archive.submit(made)

    def edit(self, sql: str, *values: Any) -> int:
        """Change the database; how many rows."""
        with self.archive.db.write() as connection:
            return int(connection.exec_driver_sql(sql, values).rowcount)

    def register(self, shelf: str, key: str, **changed: Any) -> None:
        """Change a value of the registers in the database."""
        value = {**dict(self.people.value(shelf, key) or {}), **changed}
        data = json.dumps(value, ensure_ascii=False).encode()
        self.edit("UPDATE register SET value=? WHERE shelf=? AND key=?", data, shelf, key)

    def detail_of(self, kind: str) -> Path:
        """The stored detail of the first entry of a kind."""
        for path in sorted((self.archive.evidence / "details").glob("*/*.json")):
            if f'"kind":"{kind}"' in path.read_text():
                return path
        raise LookupError(kind)

    # ── with all keys ──

    def history(self) -> History:
        """The whole ledger, to be edited and written again."""
        return History.read(self.archive.home)

    def keys(self) -> Keys:
        """The archive's own keys, time stamps and all."""
        keys = Keys(None, self.archive.keyring)
        authority = embedded_timestamper(self.archive.keyring, keys._now, keys._next)
        own = self.archive.identity
        keys.identity = load_identity(
            self.archive.keyring, own.archive_id, own.office, authority, time_is_local=True
        )
        return keys

    # ── what comes of it ──

    def report(self, *, checkpoint: bool = False) -> Report:
        """Verify with the inspector's policy, perhaps with the checkpoint that was kept."""
        places = self.archive.places
        known = [("kept", self.checkpoint)] if checkpoint else []
        return verify(
            places.evidence,
            places.live,
            policy_of(self.archive),
            now=self.archive.clock.now(),
            kit=Kit(known=known),
            workers=1,
        )
