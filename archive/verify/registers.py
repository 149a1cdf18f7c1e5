"""The registers, replayed in the order of the ledger: was every signed entry lawful when it came?

Runs once the walks are done, over what they left in the index. An act that breaks a rule is a
finding and changes nothing; one that cannot be judged, because something it needs is gone, ends the
replay, so that what follows is never called unlawful for want of it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from archive.detail import Detail
from archive.errors import Denied, FormatError
from archive.layout import detail_key, pki_key
from archive.parts import DESCRIPTION, part_of
from archive.record import RecordDescription
from archive.registers.act import Act, Data, Unknown
from archive.registers.cases import plain_number
from archive.registers.denials import DENIALS
from archive.registers.keeping import Law
from archive.registers.shelf import Value
from archive.report import Report
from archive.statements.body import SignedBody
from archive.statements.kinds import SIGNED, check_data
from archive.times import format_time, parse_time
from archive.verify import disposals
from archive.verify.context import JSON_LIMIT, Context, Found, fetch, guarded
from archive.verify.first_locks import FirstLocks
from archive.verify.index import Index
from archive.verify.late import LATE_INDEX, LATE_SIDECARS, late_case
from archive.verify.records import read_description
from archive.verify.replay import Replay
from archive.verify.statements import LATE, Verdict
from archive.verify.workers import Workers

OPEN_LONG = timedelta(hours=24)
UNOPENED = timedelta(days=180)
_CLAIMS_AT_ONCE = 128
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_REMEMBERED = 8192
PACK_ID = "json_extract(body, '$.pack.id')"
_NOT_ASKED = """
SELECT 1 FROM lost WHERE id=?
UNION ALL SELECT 1 FROM act WHERE kind='record.destroyed' AND subject=?
UNION ALL SELECT 1 FROM act, json_each(body, '$.statements[0].statement.payload.records') r
  WHERE kind='record.spilled' AND r.value=?
"""
_WITHDRAWN = """
SELECT 1 FROM act WHERE kind='person.revoked' AND subject=? AND verdict<2
  AND json_extract(body, '$.statements[0].statement.payload.since')<=?
"""


class IndexShelf:
    """The registers in the index of one verification. `place` is where the present act stands.

    A record counts from its accession on; `logs` are the logs in the order of the walk.
    """

    def __init__(self, index: Index, logs: Sequence[str]) -> None:
        self.place = (0, 0)
        self._index = index
        self._order = {log: number for number, log in enumerate(logs)}
        self._recent: dict[tuple[str, str], Value] = {}

    @classmethod
    def whole(cls, index: Index, logs: Sequence[str]) -> "IndexShelf":
        """The registers after the last entry of the last log."""
        shelf = cls(index, logs)
        shelf.place = (len(logs), 0)
        return shelf

    def get(self, shelf: str, key: str) -> Value | None:
        """A value, or None."""
        if shelf in _OF_LEDGER:
            return _OF_LEDGER[shelf](self, key)
        value = self._recent.get((shelf, key))
        if value is None:
            row = self._index.one("SELECT value FROM shelf WHERE name=? AND key=?", shelf, key)
            if row is None:
                return None
            value = json.loads(row[0])
            self._remember(shelf, key, value)
        return value

    def put(self, shelf: str, key: str, value: Value) -> None:
        """Set a value."""
        text = _ENCODER.encode(value)
        self._index.run("INSERT OR REPLACE INTO shelf VALUES(?,?,?)", shelf, key, text)
        self._remember(shelf, key, value)

    def _remember(self, shelf: str, key: str, value: Value) -> None:
        if len(self._recent) >= _REMEMBERED:
            self._recent.clear()
        self._recent[shelf, key] = value

    def _record(self, record: str) -> Value | None:
        rows = self._index.rows("SELECT log, idx, body FROM record WHERE id=?", record)
        for log, index, text in rows:
            if (self._order[log], index) < self.place:
                body = json.loads(text)
                digests = dict(item.split(":", 1) for item in body["content"])
                return {
                    "source": body["source"],
                    "size": body["size"],
                    "sha256": digests.get("sha256"),
                    "received_at": body["received_at"],
                    "retain_until": body.get("retain_until"),
                    "tags": body.get("tags", []),
                }
        return None

    def _packed(self, record: str) -> Value | None:
        row = self._index.one("SELECT body FROM record WHERE id=?", record)
        pack = json.loads(row[0]).get("pack") if row else None
        return {"pack": pack["id"]} if pack else None

    def _pack(self, pack: str) -> Value | None:
        rows = self._index.rows(f"SELECT id FROM record WHERE {PACK_ID}=? ORDER BY id", pack)  # noqa: S608
        members = [row[0] for row in rows]
        return {"members": members} if members else None

    def at(self, log: str, index: int) -> None:
        """Go on to the act at this place."""
        self.place = (self._order[log], index)


_OF_LEDGER: Mapping[str, Callable[[IndexShelf, str], Value | None]] = {
    "record": IndexShelf._record,
    "record_pack": IndexShelf._packed,
    "pack": IndexShelf._pack,
}


class RegisterCheck:
    """One replay over the acts of an index."""

    def __init__(
        self,
        context: Context,
        index: Index,
        report: Report,
        logs: Sequence[str],
        law: Law | None = None,
    ) -> None:
        self._context = context
        self._index = index
        self._report = report
        self._shelf = IndexShelf(index, logs)
        self._law = law
        self._first_locks = FirstLocks(index, logs)
        judges = context.judges
        self._replay = Replay(
            self._shelf, context.policy.archive, judges, self._claims, self._withdrawn, law
        )

    def run(self) -> bool:
        """Judge every act, then what has no end; False if the replay did not come to its end."""
        rows = self._index.rows(
            "SELECT log, idx, kind, actor, subject, at, body, verdict FROM act ORDER BY n"
        )
        for log, position, kind, actor, subject, at, text, verdict in rows:
            self._shelf.at(log, position)
            body = json.loads(text)
            act = Act(
                kind=kind,
                actor=actor,
                subject=subject,
                body=body,
                at=parse_time(at),
                detail=partial(self._detail, kind, body),
                certificate=self._certificate,
                place=f"{log}#{position}",
            )
            if not self._take(act, Verdict(verdict)):
                disposals.excuse_unjudged(self._index)
                return False
        self._report_open()
        disposals.excuse_spilled(self._index, self._shelf, self._report, self._context.now)
        if self._law is not None:
            now = self._context.now
            disposals.report_overdue(self._index, self._shelf, self._law, self._report, now)
            self._first_locks.check(self._law, self._report)
        return True

    def _take(self, act: Act, verdict: Verdict) -> bool:
        """Judge one act; False if the replay cannot go on."""
        found: Found = []
        lost: list[str] = []

        def take() -> None:
            try:
                self._judge(act, verdict, found)
            except Unknown as error:
                lost.append(str(error))

        guarded(take, act.place, found)
        self._report.take(found)
        if lost:
            self._report.add("REGISTERS_UNCHECKED", act.place, reason=lost[0])
        return not lost

    def _judge(self, act: Act, verdict: Verdict, found: Found) -> None:
        if verdict is Verdict.BAD:
            return  # said already, when its bundle was read
        try:
            body = self._replay.take(act, verdict, found)
        except Denied as error:
            details = {"code": error.code, "kind": act.kind, "reason": str(error)}
            destroyed = act.kind == "record.destroyed"
            finding = "DESTRUCTION_UNLAWFUL" if destroyed else DENIALS[error.code][0]
            found.append((finding, act.place, details))
        except FormatError as error:
            found.append(("ENTRY_BAD", act.place, {"kind": act.kind, "reason": str(error)}))
        else:
            if body is not None:
                self._note(act, body)
            self._follow(act, body)

    def _note(self, act: Act, body: SignedBody) -> None:
        """Remember who said something, and what a revocation says of what was said before."""
        if act.kind == "person.revoked":
            payload = body.payload
            doubtful = self._index.rows(
                "SELECT place FROM said WHERE person=? AND accepted>=?",
                payload["person"],
                payload["since"],
            )
            for (place,) in doubtful:
                details = {"person": payload["person"], "revoked_by": act.place}
                self._report.add("SIGNER_DOUBTFUL", place, **details)
        accepted = format_time(body.accepted_at)
        self._index.add("said", [(person, accepted, act.place) for person in body.signers])

    def _follow(self, act: Act, body: SignedBody | None) -> None:
        """Follow accesses and dispositions from their beginning to their end."""
        at = format_time(act.at)
        disposals.follow(self._index, self._shelf, act, body, self._context.now)
        match act.kind:
            case "access.started" if body is not None:
                self._index.add("running", [(body.payload["access"], at, act.place)])
            case "access.completed" | "access.aborted":
                self._index.run("DELETE FROM running WHERE access=?", act.body["access"])
            case "access.concealed":
                self._note_late(act)
                row = (act.body["access"], at, act.place)
                self._index.add("running", [row])
                self._index.add("concealed", [row])
            case "access.concealed_end":
                self._index.run("DELETE FROM running WHERE access=?", act.body["access"])
            case "access.opened":
                self._index.run("DELETE FROM concealed WHERE access=?", act.subject)
            case "rules.adopted" if body is not None and body.payload["name"] == "retention":
                text = (act.detail() or {})["text"]
                self._first_locks.adopted(self._shelf.place, act.at, text)

    def _note_late(self, act: Act) -> None:
        """As of a signed entry: long ago accepted, only now written."""
        hours = (act.at - parse_time(act.body["accepted_at"])) / timedelta(hours=1)
        if hours > LATE / timedelta(hours=1):
            self._report.add("STATEMENT_LATE", act.place, hours=int(hours))

    def _report_open(self) -> None:
        now = self._context.now
        for table, code, age in (
            ("running", "ACCESS_OPEN_LONG", OPEN_LONG),
            ("concealed", "ACCESS_UNOPENED", UNOPENED),
        ):
            for access, at, place in self._index.rows(
                f"SELECT * FROM {table} WHERE at<?",  # noqa: S608
                format_time(now - age),
            ):
                self._report.add(code, access, entry=place, since=at)

    # ── what the rules ask for ──

    def _detail(self, kind: str, body: Data) -> Data | None:
        """The data of an act's detail; raises Unknown if it is not there as it was."""
        if body.get("detail_id") is None:
            return None
        key = detail_key(body["detail_id"])
        data = fetch(self._context.evidence, key, JSON_LIMIT, [], None, "DETAIL_ALTERED")
        if data is None or f"sha256:{sha256(data).hexdigest()}" != body["detail"]:
            raise Unknown(f"the detail {key} is missing or altered")
        detail = Detail.parse(data)
        if kind in SIGNED:
            check_data(kind, detail.data)
        return detail.data

    def _certificate(self, digest: str) -> bytes:
        """A certificate that somebody is enrolled with; raises Unknown where it is gone."""
        data = self._context.judges.stored(digest)
        if data is None:
            key = pki_key(digest.partition(":")[2], "crt")
            self._report.add("PKI_MISSING", key)
            raise Unknown(f"the certificate {key} is missing")
        return data

    def _claims(self, record: str, number: str) -> bool:
        """Whether a record's description claims a case number; one that is gone is not asked."""
        row = self._index.one("SELECT number FROM claim WHERE id=?", record)
        if row is not None:
            return row[0] is not None and plain_number(row[0]) == number
        if self._index.one(_NOT_ASKED, record, record, record) is not None:
            return True
        raise Unknown(f"the description of {record} is missing or altered")

    def _withdrawn(self, person: str, at: datetime) -> bool:
        """Whether an entry revokes the person from before a moment."""
        return self._index.one(_WITHDRAWN, person, format_time(at)) is not None


def check_registers(
    context: Context,
    index: Index,
    report: Report,
    pool: Workers,
    logs: Sequence[str],
    law: Law | None = None,
) -> bool:
    """Replay the registers over all acts in the index; `logs` in the order of the walk.

    Without a `law` what follows the first act of retention is unchecked, and said to be. Returns
    whether the replay came to its end.
    """
    index.run("CREATE INDEX IF NOT EXISTS record_id ON record(id)")
    index.run("CREATE INDEX revoked ON act(subject) WHERE kind='person.revoked'")
    index.run("CREATE INDEX gone ON act(subject) WHERE kind='record.destroyed'")
    if index.one("SELECT 1 FROM act WHERE kind IN ('disposition.proposed', 'pack.split')"):
        index.run(f"CREATE INDEX IF NOT EXISTS record_pack_id ON record({PACK_ID})")
    for claims in pool.map(_claims, _claim_jobs(index)):
        index.add("claim", claims)
    return RegisterCheck(context, index, report, logs, law).run()


ClaimJob = list[tuple[str, str, str, str]]


def _claim_jobs(index: Index) -> Iterator[ClaimJob]:
    """Records that a case was linked to by their own word, with the digests of record.json."""
    index.run(LATE_INDEX)
    rows = index.rows(
        f"SELECT DISTINCT record.id, record.at, record.body, {LATE_SIDECARS} FROM act, "  # noqa: S608
        "json_each(act.body, '$.records') AS linked JOIN record ON record.id=linked.value "
        "WHERE act.kind='case.linked'"
    )
    chunk: ClaimJob = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CLAIMS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _claims(context: Context, job: ClaimJob) -> list[tuple[str, str | None]]:
    """The case numbers that records claim; those that cannot be read are left out."""
    claims: list[tuple[str, str | None]] = []

    def ask(record: str, at: str, text: str, late: str) -> None:
        body = json.loads(text)
        part = part_of(record, body, parse_time(at), DESCRIPTION)
        data = read_description(context, record, body["record"], part, [])
        if data is not None:
            said: Any = RecordDescription.parse(data).value["claims"] or {}
            claims.append((record, said.get("case") or late_case(context, late)))

    for row in job:
        guarded(lambda row=row: ask(*row), row[0], [])  # type: ignore[misc]
    return claims
