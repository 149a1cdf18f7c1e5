"""The one way by which signed statements become entries: judged and submitted in one transaction.

    accepted = desk.submit([signed], detail, account)     # raises Denied, recorded before it is
    desk.wait(accepted.entries)                            # durable

What depends on no other entry (signatures, certificate paths, form) is checked before the
transaction. Every denial is itself an entry, sealed before it is told.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from archive import layout, ledger, submitting
from archive.database import Database
from archive.desk.certificates import PersonCertificates, stored_certificate
from archive.desk.db_shelf import DbShelf
from archive.desk.destroying import check_not_begun
from archive.detail import Detail
from archive.entry import Entry, check_body
from archive.errors import ArchiveError, Denied, FormatError, StateUnknown
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import UNSTORED, NewEntry, NewObject
from archive.ports import Clock, ObjectStore
from archive.registers.act import Act
from archive.registers.admit import admit
from archive.registers.denials import denied
from archive.registers.keeping import Law
from archive.seal import Sealer
from archive.statements.body import SignedBody, read_body
from archive.statements.kinds import SIGNED, check_data
from archive.statements.statement import Signed
from signing.digest import Digest
from signing.errors import SigningError
from signing.signatures import check_signature

GATE = "system/access"
"""Actor of `access.denied`."""
_MANY = 20
_MINUTE = 60.0
_SLOW = 1.0
_FAR_SEQ = 2**53 - 1
_FAR_PREV = Digest("sha256", bytes(32))


class Pace:
    """Makes answers slow after many denials of one account; nothing is left unrecorded."""

    def __init__(self, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._seen: dict[str, deque[float]] = {}

    def denied(self, account: str) -> None:
        """Count a denial; sleeps a second when it is one of too many within a minute."""
        now = self._monotonic()
        seen = self._seen.setdefault(account, deque(maxlen=_MANY + 1))
        seen.append(now)
        if len(seen) > _MANY and now - seen[0] < _MINUTE:
            self._sleep(_SLOW)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Statements whose form, signatures and certificates hold, at the moment of acceptance."""

    body: SignedBody
    detail: Detail | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """An entry that was submitted, what it says, and entries that go with it."""

    entry: NewEntry
    body: SignedBody
    more: tuple[NewEntry, ...] = ()

    @property
    def entries(self) -> tuple[NewEntry, ...]:
        """All of them, for `Desk.wait`."""
        return (self.entry, *self.more)


After = Callable[[Connection, NewEntry], Iterable[NewEntry]]


@dataclass(frozen=True, slots=True)
class Desk:
    """The archive's side of every statement; `host` is `service` or `single`.

    `law` reads retention schedules; without one nothing about retention can be submitted.
    """

    database: Database
    sealer: Sealer
    evidence: ObjectStore
    clock: Clock
    random: Callable[[int], bytes]
    archive_id: str
    host: str
    certificates: PersonCertificates
    pace: Pace = field(default_factory=lambda: Pace(time.monotonic, time.sleep))
    timeout: float = 60.0
    law: Law | None = None

    def submit(
        self,
        statements: Sequence[Signed],
        detail: Detail | None,
        account: str,
        *,
        bootstrap: bool | None = None,
        fresh: Mapping[str, bytes] | None = None,
        after: After | None = None,
    ) -> Accepted:
        """Judge statements and submit their entry, which is not durable yet.

        `fresh` are certificates (DER by digest) that the archive is about to store; `after` writes
        rows of the caller's into the same transaction and may add entries.
        Raises FormatError for what is malformed, Denied (recorded and sealed) for the rest.
        """
        part = self.prepare(statements, detail, account, bootstrap=bootstrap, fresh=fresh)
        with self.recording(account, part.body), self.database.write() as connection:
            entry = self.submit_prepared(connection, part)
            more = tuple(after(connection, entry)) if after is not None else ()
        return Accepted(entry, part.body, more)

    def prepare(
        self,
        statements: Sequence[Signed],
        detail: Detail | None,
        account: str,
        *,
        bootstrap: bool | None = None,
        fresh: Mapping[str, bytes] | None = None,
        secret: bool = False,
    ) -> Prepared:
        """Judge what depends on no other entry; raises FormatError, or Denied (recorded).

        Of what is `secret` a denial does not say what it was about.
        """
        now = self.clock.now()
        body = self._body(statements, detail, account, now, bootstrap)
        with self.recording(account, body, secret=secret):
            self.check_signatures(statements, now, fresh)
        return Prepared(body, detail, now)

    def submit_prepared(self, connection: Connection, part: Prepared) -> NewEntry:
        """Judge the rest and submit the entry, in the caller's transaction; raises Denied.

        The caller keeps `recording` around the transaction, so that a denial is an entry too.
        """
        detail = part.detail
        entry = self._signed_entry(part.body, detail, part.at)
        self._admit(connection, entry, part.at, None if detail is None else detail.data)
        if detail is not None:
            self._check_detail_is_new(connection, detail)
        ledger.submit(connection, [entry])
        return entry

    @contextmanager
    def recording(self, account: str, body: SignedBody, *, secret: bool = False) -> Iterator[None]:
        """Put a Denied that comes out of the block on the ledger, and raise it again."""
        try:
            yield
        except Denied as error:
            self.record_denial(error, account, body, secret=secret)
            raise

    def wait(self, entries: Iterable[NewEntry]) -> list[tuple[str, int]]:
        """Wait until entries are durable; (log, index) of each. Unreachable after a minute."""
        return self.wait_for([entry.id for entry in entries])

    def wait_for(self, ids: Sequence[str]) -> list[tuple[str, int]]:
        """The same for entries of which only the ids are known."""
        return submitting.wait_for(self.sealer, self.database, ids, self.clock, self.timeout)

    def submit_own(
        self,
        connection: Connection,
        kind: str,
        stream: str,
        subject: str | None,
        body: Mapping[str, Any],
        actor: str,
    ) -> NewEntry:
        """Judge and submit an entry of the archive's own, in the caller's transaction."""
        now = self.clock.now()
        entry = NewEntry(self._id(now), kind, stream, actor, now, subject, body, urgent=True)
        _check_fits(entry)
        self._admit(connection, entry, now, None)
        ledger.submit(connection, [entry])
        return entry

    def record_denial(
        self,
        error: Denied,
        account: str,
        body: SignedBody | None,
        person: str | None = None,
        *,
        secret: bool = False,
    ) -> None:
        """Put a denial on the ledger and seal it; `person` is who claimed to ask.

        What a `secret` one was about (action, records and request) is left out.
        """
        now = self.clock.now()
        payload = body.payload if body and not secret else {}
        signed = body.statements[0].statement if body else None
        said = {
            "account": account,
            "action": payload.get("action"),
            "code": error.code,
            "host": self.host,
            "person": signed.person if signed else person,
            "records": _records_of(payload),
            "request": payload.get("request"),
            "statement": str(signed.digest()) if signed else None,
        }
        entry = NewEntry(
            self._id(now), "access.denied", "access", GATE, now, None, said, urgent=True
        )
        with self.database.write() as connection:
            ledger.submit(connection, [entry])
        try:
            self.wait([entry])
        except StateUnknown:
            raise
        except ArchiveError as late:
            # It is committed and is sealed with the next batch; the denial is what matters now.
            error.add_note(f"The denial is not sealed yet: {late}")
        self.pace.denied(account)

    # --- before the transaction

    def _body(
        self,
        statements: Sequence[Signed],
        detail: Detail | None,
        account: str,
        now: datetime,
        bootstrap: bool | None,  # noqa: FBT001 - null where the kind has none
    ) -> SignedBody:
        kind = statements[0].statement.kind if statements else ""
        if kind not in SIGNED:
            raise FormatError("this is not a kind that people sign")
        body = SignedBody(
            accepted_at=now,
            account=account,
            host=self.host,
            statements=tuple(statements),
            detail=None if detail is None else str(detail.digest()),
            detail_id=None if detail is None else detail.id,
            bootstrap=bootstrap,
        )
        read_body(kind, body.value())
        if detail is not None:
            if detail.kind != kind:
                raise FormatError("the detail was made for an entry of another kind")
            check_data(kind, detail.data)
        return body

    def check_signatures(
        self,
        statements: Sequence[Signed],
        at: datetime,
        fresh: Mapping[str, bytes] | None = None,
    ) -> None:
        """Raise Denied (not recorded here) unless signatures and certificates were good `at`."""
        for signed in statements:
            statement = signed.statement
            digest = str(statement.certificate)
            data = fresh.get(digest) if fresh else None
            if data is None:
                with self.database.read() as connection:
                    data = stored_certificate(connection, digest)
            if data is None:
                raise denied("SIGNER_UNKNOWN", statement.person)
            try:
                check_signature(data, statement.signed_bytes(), signed.signature)
            except SigningError as error:
                raise denied("STATEMENT_BAD") from error
            self.certificates.check(data, at)

    # --- inside the transaction

    def _signed_entry(self, body: SignedBody, detail: Detail | None, now: datetime) -> NewEntry:
        kind = SIGNED[body.kind]
        objects: tuple[NewObject, ...] = ()
        if detail is not None:
            objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
        entry = NewEntry(
            id=self._id(now),
            kind=body.kind,
            stream=kind.stream,
            actor=f"user/{body.signers[0]}",
            at=now,
            subject=body.payload[kind.subject] if kind.subject else None,
            body=body.value(),
            objects=objects,
            urgent=True,
        )
        _check_fits(entry)
        return entry

    def _check_detail_is_new(self, connection: Connection, detail: Detail) -> None:
        """The signer chose the id: one that is taken would stop the sealer at the store."""
        key = layout.detail_key(detail.id)
        waiting = connection.execute(select(UNSTORED.c.id).where(UNSTORED.c.key == key)).first()
        if waiting or self.evidence.stat(key) is not None:
            raise FormatError("there is a detail with this id already")

    def _admit(
        self,
        connection: Connection,
        entry: NewEntry,
        now: datetime,
        data: Mapping[str, Any] | None,
    ) -> None:
        act = Act(
            kind=entry.kind,
            actor=entry.actor,
            subject=entry.subject,
            body=entry.body,
            at=now,
            detail=lambda: data,
            certificate=lambda digest: stored_certificate(connection, digest),
        )
        shelf = DbShelf(connection)
        if len(named := _named(entry.body)) > 1:
            shelf.warm(_ASKED, named)
        admit(shelf, act, self.archive_id, self.law)
        if entry.stream == "registry" and entry.kind != "record.destroyed" and self.law is not None:
            check_not_begun(connection, self.law, now)

    def _id(self, now: datetime) -> str:
        return new_ulid(now, self.random(RANDOM_BYTES))


_ASKED = ("destroyed", "record", "record_cases", "record_holds", "term")


def _named(body: Mapping[str, Any]) -> list[str]:
    """The records that an entry names, whoever wrote it."""
    statements = body.get("statements")
    return _records_of(statements[0]["statement"]["payload"] if statements else body)


def _records_of(payload: Mapping[str, Any]) -> list[str]:
    """The records that a payload names; its form was checked, so they are few and in order."""
    if "record" in payload:
        return [payload["record"]]
    return list(payload.get("records") or ())


def _check_fits(entry: NewEntry) -> None:
    """Raise FormatError now rather than in the sealer, which could not go on."""
    whole = Entry(
        actor=entry.actor,
        at=entry.at,
        body=entry.body,
        kind=entry.kind,
        prev=_FAR_PREV,
        seq=_FAR_SEQ,
        stream=entry.stream,
        subject=entry.subject,
    )
    try:
        check_body(Entry.parse(whole.to_bytes()))
    except SigningError as error:
        raise FormatError(f"an entry cannot hold this: {error}") from error
