"""The registers again, replayed from the entries of a new database as verification replays them.

A signed entry that does not count changes nothing here either. Where something is gone that the
replay needs, there is no rebuilding: registers with a hole in them would let people do what a
missing entry forbade.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from sqlalchemy import Connection, insert, select, update

from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf, record_value
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import ContentAltered, DataBad, Denied, FormatError, ObjectMissing
from archive.layout import detail_key
from archive.ledger import ENTRY
from archive.pki_register import REVOCATION
from archive.ports import ObjectStore, read_all
from archive.rebuild_bare import BARE, close, fill
from archive.registers.act import Act, Data, Unknown
from archive.registers.admit import KINDS
from archive.registers.cases import plain_number
from archive.registers.keeping import Law
from archive.registers.shelf import Value
from archive.statements.body import SignedBody, read_body
from archive.statements.kinds import SIGNED, check_data
from archive.tables import AccessRow
from archive.times import parse_time
from archive.verify.judges import Judges
from archive.verify.replay import Replay
from archive.verify.statements import Verdict, judge_body
from signing.certificates import load_certificate
from signing.digest import Digest

ACCESS = AccessRow.__table__  # type: ignore[attr-defined]
Transaction = Callable[[], AbstractContextManager[Connection]]
_STREAMS = ("access", "registry", "inspection")
_AT_ONCE = 2_000
_OBJECT_LIMIT = 16 << 20
_GONE = (b'"kind":"record.destroyed"', b'"kind":"record.spilled"')


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry of the ledger that the registers follow."""

    log: str
    index: int
    entry: Entry


class RegisterRebuilder:
    """Fills the registers, the accesses and the revocations of a database that has its entries.

    `issuers` are the names (DER) of our own authorities, whose lists name what is revoked. The
    catalog has every record of the ledger, if only with a bare line.
    """

    def __init__(
        self,
        evidence: ObjectStore,
        archive_id: str,
        judges: Judges,
        issuers: frozenset[bytes],
        logs: Sequence[str],
        law: Law | None = None,
    ) -> None:
        self._law = law
        self._evidence = evidence
        self._archive_id = archive_id
        self._judges = judges
        self._issuers = issuers
        self._logs = list(logs)
        self._revocations: list[tuple[str, datetime]] = []
        self._gone: set[str] | None = None

    def run(self, transaction: Transaction) -> int:
        """Replay everything; raises ContentAltered where something that it needs is gone.

        Returns how many records are left out because their description is gone.
        """
        with transaction() as connection:
            for found in self._acts(connection):
                if found.entry.kind == "person.revoked":
                    self._note_revocation(found)
        last: _Found | None = None
        while True:
            with transaction() as connection:
                shelf = _Shelf(connection, self._logs)
                replay = self._replay(connection, shelf)
                chunk = list(islice(self._acts(connection, last), _AT_ONCE))
                for found in chunk:
                    shelf.at(found.log, found.index)
                    self._take(connection, replay, shelf, found)
            if len(chunk) < _AT_ONCE:
                break
            last = chunk[-1]
        with transaction() as connection:
            return close(connection, self._evidence)

    def _acts(self, connection: Connection, last: _Found | None = None) -> Iterator[_Found]:
        """What the registers follow, in the order of the ledger, after the last one taken."""
        for log in self._logs[self._logs.index(last.log) if last else 0 :]:
            after = last.index if last and last.log == log else -1
            query = select(ENTRY.c.idx, ENTRY.c.data).where(
                ENTRY.c.log == log, ENTRY.c.idx > after, ENTRY.c.stream.in_(_STREAMS)
            )
            for row in connection.execute(query.order_by(ENTRY.c.idx)):
                entry = Entry.parse(row.data)
                if entry.kind in KINDS:
                    yield _Found(log, row.idx, entry)

    def _note_revocation(self, found: _Found) -> None:
        if self._verdict(found) <= Verdict.REVOKED:
            payload = read_body(found.entry.kind, found.entry.body).payload
            since = parse_time(payload["since"])
            self._revocations.append((payload["person"], since))

    def _withdrawn(self, person: str, at: datetime) -> bool:
        return any(who == person and since <= at for who, since in self._revocations)

    def _verdict(self, found: _Found) -> Verdict:
        entry = found.entry
        if entry.kind not in SIGNED:
            return Verdict.GOOD
        body = read_body(entry.kind, entry.body)
        return judge_body(self._judges, body, entry.at, "", [])

    def _replay(self, connection: Connection, shelf: "_Shelf") -> Replay:
        claims = partial(self._claims, connection)
        return Replay(shelf, self._archive_id, self._judges, claims, self._withdrawn, self._law)

    def _take(self, connection: Connection, replay: Replay, shelf: "_Shelf", found: _Found) -> None:
        entry, place = found.entry, f"{found.log}#{found.index}"
        act = Act(
            kind=entry.kind,
            actor=entry.actor,
            subject=entry.subject,
            body=entry.body,
            at=entry.at,
            detail=partial(self._detail, entry),
            certificate=self._certificate,
            place=place,
        )
        verdict = self._verdict(found)
        if verdict is Verdict.BAD:
            return
        try:
            body = replay.take(act, verdict, [])
        except (Denied, FormatError):
            return
        except Unknown as error:
            raise ContentAltered(
                f"The registers cannot be rebuilt beyond {place}: {error}. Bring it back first;"
                " nothing was changed."
            ) from error
        self._rows(connection, shelf, act, body)

    # ── rows beside the registers ──

    def _rows(
        self, connection: Connection, shelf: "_Shelf", act: Act, body: SignedBody | None
    ) -> None:
        match act.kind:
            case "access.started" if body is not None:
                named = (body.payload["record"], body.signers[0])
                _open(connection, body.payload["access"], *named, body.accepted_at)
            case "access.concealed":
                _open(connection, act.body["access"], "", None, act.at)
            case "access.completed" | "access.aborted" | "access.concealed_end":
                ended = update(ACCESS).where(ACCESS.c.id == act.body["access"])
                connection.execute(ended.values(open=False))
            case "disposition.proposed":
                fill(connection, (act.detail() or {"list": ()})["list"])
            case "person.revoked" if body is not None:
                self._revoke(connection, shelf, body)

    def _revoke(self, connection: Connection, shelf: "_Shelf", body: SignedBody) -> None:
        """Every certificate of the person that our authority issued goes onto its next list."""
        payload = body.payload
        person = shelf.get("person", payload["person"])
        for digest in person["certificates"] if person else ():
            certificate = load_certificate(self._certificate(digest))
            if certificate.issuer not in self._issuers:
                continue
            row = {
                "serial": str(certificate.serial_number),
                "revoked_at": body.accepted_at,
                "since": parse_time(payload["since"]),
                "reason": payload["code"],
            }
            here = REVOCATION.c.serial == row["serial"]
            if connection.execute(select(REVOCATION.c.since).where(here)).first():
                earlier = update(REVOCATION).where(here, REVOCATION.c.since > row["since"])
                connection.execute(earlier.values(since=row["since"]))
            else:
                connection.execute(insert(REVOCATION), [row])

    # ── what the rules ask for ──

    def _certificate(self, digest: str) -> bytes:
        data = self._judges.stored(digest)
        if data is None:
            raise Unknown(f"the certificate {digest} is missing")
        return data

    def _detail(self, entry: Entry) -> Data | None:
        if entry.body.get("detail_id") is None:
            return None
        key = detail_key(entry.body["detail_id"])
        try:
            data = read_all(self._evidence, key, _OBJECT_LIMIT)
        except (DataBad, ObjectMissing) as error:
            raise Unknown(f"the detail {key} is missing") from error
        if str(Digest.of("sha256", data)) != entry.body["detail"]:
            raise Unknown(f"the detail {key} was altered")
        detail = Detail.parse(data)
        if entry.kind in SIGNED:
            check_data(entry.kind, detail.data)
        return detail.data

    def _claims(self, connection: Connection, record: str, number: str) -> bool:
        """As the catalog has it, which was filled from record.json."""
        query = select(RECORD.c.case_no, RECORD.c.lost, RECORD.c.folder_raw)
        row = connection.execute(query.where(RECORD.c.id == record)).first()
        bare = row is None or row.folder_raw == BARE
        if row is not None and (row.lost or (bare and self._is_gone(connection, record))):
            return True
        if row is None or bare:
            raise Unknown(f"the description of {record} is missing or altered")
        return row.case_no is not None and plain_number(row.case_no) == number

    def _is_gone(self, connection: Connection, record: str) -> bool:
        """Whether the ledger says anywhere that a record is destroyed or spilled, so not asked."""
        if self._gone is None:
            query = select(ENTRY.c.data).where(ENTRY.c.stream == "registry")
            found = connection.execute(query).scalars()
            self._gone = {
                record
                for data in found
                if any(kind in data for kind in _GONE)
                for record in _taken_away(Entry.parse(data))
            }
        return record in self._gone


def _taken_away(entry: Entry) -> list[str]:
    """The records that a destruction or a spill is about."""
    if entry.kind == "record.destroyed":
        return [str(entry.subject)]
    return list(entry.body["statements"][0]["statement"]["payload"]["records"])


class _Shelf(DbShelf):
    """Registers in the new database, in which a record counts from its accession on."""

    def __init__(self, connection: Connection, logs: Sequence[str]) -> None:
        super().__init__(connection)
        self._order = {log: number for number, log in enumerate(logs)}
        self._place = (0, 0)

    def at(self, log: str, index: int) -> None:
        """Go on to the act at this place."""
        self._place = (self._order[log], index)

    def get(self, shelf: str, key: str) -> Value | None:
        """A value, or None."""
        if shelf != "record":
            return super().get(shelf, key)
        query = select(RECORD).where(RECORD.c.id == key)
        row = self._connection.execute(query).first()
        if row is None or (self._order[row.log], row.idx) >= self._place:
            return None
        return record_value(self._connection, row)


def _open(
    connection: Connection, access: str, record: str, person: str | None, at: datetime
) -> None:
    row = {"id": access, "record": record, "person": person, "at": at, "open": True}
    connection.execute(insert(ACCESS), [{**row, "concealed": person is None}])
