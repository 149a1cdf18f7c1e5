"""The whole rule book over registers in memory, with real keys and certificates of a few people.

office = Office()                               # founded by gu and zhu, access rules adopted
office.enrol("li", ["handler"], by=["gu"])      # Denied, or enrolled
office.say(["gu"], "person.suspended", {"person": "li"}, {"reason": "x"})

Signatures are not made: the rule book is handed statements whose signatures were checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pki_fixture import Pki, make_pki

from archive.ids import new_ulid
from archive.registers.act import Act
from archive.registers.admit import admit
from archive.registers.keeping import Law
from archive.registers.shelf import MemoryShelf, Value
from archive.statements.body import SignedBody
from archive.statements.kinds import BOOTSTRAP_KINDS, SIGNED, check_data
from archive.statements.statement import Signed, Statement
from archive.times import format_time
from signing import authority
from signing.digest import Digest
from signing.keys import P256, MemorySigner

START = datetime(2026, 11, 22, 1, 0, 0, tzinfo=UTC)
ARCHIVE = "cunzheng.local/01test"
RULES = (Path(__file__).parents[2] / "config" / "access.toml").read_text("utf-8")
GU = ("approver.principal", "archivist")
ZHU = ("approver.department_head", "legal_office")
_BY_DIGEST: dict[str, bytes] = {}


@cache
def _pki() -> Pki:
    return make_pki()


@cache
def _signer(key: str) -> MemorySigner:
    return MemorySigner.generate(P256)


@cache
def certificate_of(key: str, number: int = 0) -> str:
    """Digest of the certificate of a named key; another number is another certificate for it."""
    pki = _pki()
    life = authority.Validity(START - timedelta(days=1), START + timedelta(days=900 + number))
    der = authority.issue_person_certificate(
        pki.issuing, _signer(key).public_key(), authority.Subject("A", "x"), pki.serials(), life
    )
    digest = str(Digest.of("sha256", der))
    _BY_DIGEST[digest] = der
    return digest


@dataclass
class Office:
    """Registers and a clock that stands until it is moved."""

    founded: bool = True
    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    now: datetime = START
    made: int = 0
    last: SignedBody | None = None
    law: Law | None = None

    def __post_init__(self) -> None:
        if self.founded:
            self.found("gu", GU)
            self.found("zhu", ZHU)
            self.adopt("access", RULES, ["gu", "zhu"], bootstrap=True)

    # --- acts

    def say(
        self,
        who: Sequence[str],
        kind: str,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        *,
        bootstrap: bool = False,
        readable: bool = True,
        account: str = "1000",
        **changed: Any,
    ) -> None:
        """Judge one signed act; `changed` replaces fields of its statements."""
        if data is not None:
            check_data(kind, data)
        detail = None if data is None else "sha256:" + "00" * 32
        full = {**payload, "detail": detail}
        statements = tuple(self.statement(person, kind, full, **changed) for person in who)
        body = SignedBody(
            accepted_at=self.now,
            account=account,
            host="single",
            statements=statements,
            detail=detail,
            detail_id=None if detail is None else self.ulid(),
            bootstrap=bootstrap if kind in BOOTSTRAP_KINDS else None,
        )
        self.judge(body, data if readable else None)

    def judge(self, body: SignedBody, data: Mapping[str, Any] | None) -> None:
        """Judge a body as it stands."""
        self.last = body
        subject = SIGNED[body.kind].subject
        act = Act(
            kind=body.kind,
            actor=f"user/{body.signers[0]}",
            subject=body.payload[subject] if subject else None,
            body=body.value(),
            at=self.now,
            detail=lambda: data,
            certificate=_BY_DIGEST.get,
        )
        admit(self.shelf, act, ARCHIVE, self.law)

    def own(self, kind: str, subject: str, body: Mapping[str, Any]) -> None:
        """Judge an act of the archive's own."""
        act = Act(kind, "system/x", subject, body, self.now, lambda: None, _BY_DIGEST.get)
        admit(self.shelf, act, ARCHIVE, self.law)

    def statement(
        self, person: str, kind: str, payload: Mapping[str, Any], **changed: Any
    ) -> Signed:
        self.made += 1
        value = self.shelf.get("person", person)
        named = value["certificate"] if value else certificate_of(person)
        fields: dict[str, Any] = {
            "archive": ARCHIVE,
            "at": self.now,
            "certificate": Digest.parse(named),
            "kind": kind,
            "nonce": f"{self.made:032x}",
            "payload": payload,
            "person": person,
        }
        return Signed(Statement(**{**fields, **changed}), b"checked elsewhere")

    def ulid(self) -> str:
        self.made += 1
        return new_ulid(START, self.made.to_bytes(10, "big"))

    # --- people

    def found(self, person: str, roles: Sequence[str]) -> None:
        payload, data = self.enrolment(person, roles), words(person)
        certificate = Digest.parse(payload["certificate"])
        self.say(
            [person], "person.enrolled", payload, data, bootstrap=True, certificate=certificate
        )

    def enrol(
        self, person: str, roles: Sequence[str], *, by: Sequence[str], **changed: Any
    ) -> None:
        payload = {**self.enrolment(person, roles), **changed}
        self.say(by, "person.enrolled", payload, words(person))

    def enrolment(self, person: str, roles: Sequence[str]) -> dict[str, Any]:
        return {
            "account": None,
            "certificate": certificate_of(person),
            "key": "own",
            "person": person,
            "roles": sorted(roles),
            "unit": "A",
            "valid_from": format_time(self.now),
            "valid_until": format_time(self.now + timedelta(days=365)),
        }

    def revoke(self, person: str, by: str = "gu", since: datetime | None = None) -> None:
        moment = format_time(since or self.now)
        payload = {"person": person, "code": "key_compromise", "since": moment}
        self.say([by], "person.revoked", payload, {"reason": "x"})

    def person(self, person: str) -> Value:
        found = self.shelf.get("person", person)
        assert found is not None
        return found

    # --- rules, cases, holds

    def adopt(self, name: str, text: str, by: Sequence[str], *, bootstrap: bool = False) -> None:
        rules = str(Digest.of("sha256", text.encode()))
        payload = {"name": name, "rules": rules}
        self.say(by, "rules.adopted", payload, {"text": text}, bootstrap=bootstrap)

    def open_case(self, *by: str, number: str = "1", **changed: Any) -> str:
        case = changed.get("case") or self.ulid()
        readable = changed.pop("readable", True)
        payload = {
            "case": case,
            "category": "penalty",
            "handlers": [],
            "importance": "ordinary",
            "opened": "2026-11-22",
            "sensitivity": [],
            "unit": "A",
            **changed,
        }
        data = {"number": number, "title": None}
        self.say(by or ["gu"], "case.opened", payload, data, readable=readable)
        return str(case)

    def change_case(self, case: str, *by: str, **changed: Any) -> None:
        now = self.shelf.get("case", case)
        assert now is not None
        kept = ("category", "handlers", "importance", "sensitivity", "unit")
        payload = {"case": case, **{field: now[field] for field in kept}, **changed}
        self.say(by or ["gu"], "case.changed", payload, {"reason": "x"})

    def move(self, kind: str, case: str, *records: str, by: str = "gu") -> None:
        payload = {"case": case, "records": sorted(records)}
        self.say([by], f"case.{kind}", payload, {"reason": "x"})

    def record(self) -> str:
        record = self.ulid()
        self.shelf.put("record", record, {"source": "CAM", "tags": []})
        return record


def words(person: str) -> dict[str, Any]:
    return {
        "name": person,
        "post": "—",
        "unit_name": "A",
        "certificate_no": None,
        "certificate_until": None,
    }
