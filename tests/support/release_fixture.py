"""A small office with one case of one record, and orders for it, for tests of release.

office = make_office(tmp_path, content)
order = office.view()                       # request and start in one, by the handler
with office.release.open(order) as retrieval: ...
"""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive_fixture import Archive, make_archive, places_in
from people_fixture import ACCOUNT, People, desk_of, make_people
from sqlalchemy import select

from archive.desk.conceal import Confidential
from archive.desk.release import Handed, Order, Release
from archive.durable import FileSystem
from archive.entry import Entry
from archive.ledger import ENTRY
from archive.stored_log import LogTrust

REASON = "核对询问笔录"


@dataclass
class Office:
    """An archive with its people, one case and its record."""

    archive: Archive
    people: People
    record: str
    case: str

    @property
    def release(self) -> Release:
        archive = self.archive
        trust = LogTrust.of(archive.identity)
        return Release(self.people.desk, archive.places, trust, archive.home / "locks")

    @property
    def confidential(self) -> Confidential:
        folder = self.archive.home / "confidential"
        return Confidential(self.release, folder, self.archive.fs)

    def reopen(self) -> None:
        """As another process would have it."""
        self.archive.reopen()
        self.people.desk = desk_of(self.archive)

    def asking(self, capacity: str, action: str, request: str, **changed: Any) -> Any:
        payload = {
            "action": action,
            "capacity": capacity,
            "case": self.case,
            "letter": None,
            "purpose": "case_handling",
            "records": [self.record],
            "request": request,
            "segments": None,
        }
        data = {
            "reason": REASON,
            "behalf": None,
            "letter_no": None,
            "task_no": None,
            "query": None,
        }
        for key, value in changed.items():
            (payload if key in payload else data)[key] = value
        return payload, data

    def request(self, person: str, capacity: str, action: str, **changed: Any) -> str:
        """Submit a request; its id."""
        request = self.people.authors[person].id()
        payload, data = self.asking(capacity, action, request, **changed)
        self.people.say(person, "access.requested", payload, data)
        return request

    def decide(self, person: str, request: str, role: str, decision: str = "approve") -> None:
        payload = {"decision": decision, "grant": None, "request": request, "role": role}
        self.people.say(person, "access.decided", payload)

    def start(self, person: str, request: str, action: str = "view", **changed: Any) -> Order:
        """An order under a request that was made before."""
        return Order(self._started(person, request, action, changed), None, ACCOUNT)

    def view(
        self, person: str = "li", capacity: str = "own_case", action: str = "view", **changed: Any
    ) -> Order:
        """Request and start in one order."""
        author = self.people.authors[person]
        request = author.id()
        payload, data = self.asking(capacity, action, request)
        asked = Handed(*author.make("access.requested", payload, data))
        return Order(self._started(person, request, action, changed), asked, ACCOUNT)

    def _started(
        self, person: str, request: str, action: str, changed: Mapping[str, Any]
    ) -> Handed:
        author = self.people.authors[person]
        payload = {
            "access": author.id(),
            "action": action,
            "copies": None if action == "view" else {"count": 1, "medium": "文件"},
            "range": None,
            "record": self.record,
            "request": request,
            "resumes": None,
            **changed,
        }
        return Handed(*author.make("access.started", payload))

    def access_entries(self) -> list[Entry]:
        """The access stream as far as it is published."""
        published = self.archive.head().published
        with self.archive.db.read() as connection:
            query = select(ENTRY).where(ENTRY.c.stream == "access", ENTRY.c.idx < published)
            rows = connection.execute(query.order_by(ENTRY.c.idx)).all()
        return [Entry.parse(row.data) for row in rows]

    def ends(self) -> list[tuple[str, int, str | None]]:
        found = self.access_entries()
        return [(e.kind, e.body["bytes"], e.body.get("code")) for e in found if "bytes" in e.body]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.access_entries()]

    def denials(self) -> list[str]:
        found = self.access_entries()
        return [entry.body["code"] for entry in found if entry.kind == "access.denied"]


_MADE: dict[tuple[bytes, bytes | None], tuple[Office, datetime]] = {}


def make_office(tmp_path: Path, content: bytes, *, sidecar: bytes | None = None) -> Office:
    """A handler `li`, an approver `wang` (legal office), inspectors `insp` and `insp2`.

    A copy of an office that is made once per test process and content.
    """
    known = (sha256(content).digest(), sidecar)
    if known not in _MADE:
        home = Path(tempfile.mkdtemp(prefix="cunzheng-test-office-"))
        atexit.register(shutil.rmtree, home, ignore_errors=True)
        made = _make_office(home, content, sidecar)
        made.archive.db.close()
        _MADE[known] = (made, made.archive.clock.moment)
    office, moment = _MADE[known]
    office.archive.clock.moment = moment
    shutil.copytree(office.archive.home, tmp_path, dirs_exist_ok=True)
    fs = FileSystem()
    places = places_in(tmp_path, fs)
    archive = replace(office.archive, home=tmp_path, places=places, fs=fs)
    archive.reopen()
    made = office.people
    own = {"authors": dict(made.authors), "keys": dict(made.keys)}
    people = replace(made, desk=desk_of(archive), certificates=dict(made.certificates), **own)
    return Office(archive, people, office.record, office.case)


def _make_office(home: Path, content: bytes, sidecar: bytes | None) -> Office:
    archive = make_archive(home)
    people = make_people(archive)
    made = archive.accession(content, sidecar=sidecar, staged=True)
    people.enrol("li", "handler")
    people.enrol("wang", "legal_office")
    people.enrol("insp", "inspector.internal", unit="I")
    people.enrol("insp2", "inspector.internal", unit="I")
    archive.seal()
    case = people.open_case("2026-17", handlers=("li",), records=(made.record,))
    archive.seal()
    return Office(archive, people, made.record, case)
