"""The rule book over registers in memory: people, cases and records of one small office.

book = Book()
book.request("li", "own_case", "view")            # -> request id, or raises Denied
book.decide(request, "wang", "approve", "legal_office")
book.start("li", request)                         # -> access id
book.end(access, 12)

Statements are not signed here: who signed is judged elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from archive.ids import new_ulid
from archive.pieces import PIECE_SIZE
from archive.registers import accesses, alerts, concealed, copies, forms, requests
from archive.registers.act import Act
from archive.registers.shelf import MemoryShelf, Value
from archive.statements.body import SignedBody
from archive.statements.kinds import SIGNED, check_data, check_payload
from archive.statements.statement import Signed, Statement
from archive.times import format_time
from signing.digest import Digest

START = datetime(2026, 11, 22, 1, 0, 0, tzinfo=UTC)
ARCHIVE = "cunzheng.local/01test"
RULES = (Path(__file__).parents[2] / "config" / "access.toml").read_text("utf-8")
PEOPLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "li": ("A", ("handler",)),
    "sun": ("A", ("handler",)),
    "qian": ("B", ("handler",)),
    "arch": ("A", ("archivist",)),
    "arch2": ("B", ("archivist",)),
    "wang": ("L", ("legal_office",)),
    "head-a": ("A", ("approver.department_head",)),
    "head-b": ("B", ("approver.department_head",)),
    "lead": ("A", ("approver.division_lead",)),
    "boss": ("A", ("approver.principal",)),
    "county": ("A", ("approver.county_lead",)),
    "above": ("A", ("approver.superior",)),
    "both": ("A", ("approver.principal", "legal_office")),
    "insp": ("I", ("inspector.internal",)),
    "judge": ("J", ("inspector.judicial",)),
    "admin": ("A", ("administrator",)),
}
_RULES = {
    **requests.SIGNED,
    **accesses.SIGNED,
    **copies.SIGNED,
    **concealed.SIGNED,
    **alerts.SIGNED,
}
_OWN = {**requests.OWN, **accesses.OWN, **concealed.OWN, **forms.OWN}
SIZE = 5 * PIECE_SIZE
BEHALF = {
    "name": "某法院",
    "id_kind": "工作证",
    "id_no": "1",
    "unit": None,
    "post": None,
    "contact": None,
}


@dataclass
class Book:
    """Registers, a clock that stands, and acts in short form."""

    shelf: MemoryShelf = field(default_factory=MemoryShelf)
    now: datetime = START
    made: int = 0

    def __post_init__(self) -> None:
        sha256 = Digest.of("sha256", RULES.encode()).value.hex()
        self.shelf.put("rules", "access", {"sha256": sha256, "text": RULES})
        self.shelf.put("rules_text", sha256, {"text": RULES})
        for person, (unit, roles) in PEOPLE.items():
            self.shelf.put("person", person, person_value(person, unit, roles))
            self.shelf.put(
                "certificate", certificate(person), certificate_value(person, unit, roles)
            )
        self.shelf.put("source", "CAM", {"unit": "A"})
        self.shelf.put("source", "NEW", {"unit": None})
        self.record, self.other = self.new_record(), self.new_record()
        self.letter, self.orphan = self.new_record("letters"), self.new_record("NEW")
        self.case = self.new_case("A", ("li",), (self.record,))

    def ulid(self) -> str:
        self.made += 1
        return new_ulid(START, self.made.to_bytes(10, "big"))

    def new_record(self, source: str = "CAM") -> str:
        record = self.ulid()
        self.shelf.put(
            "record", record, {"source": source, "size": SIZE, "sha256": "00" * 32, "tags": []}
        )
        return record

    def new_case(
        self,
        unit: str,
        handlers: Sequence[str],
        records: Sequence[str],
        sensitivity: Sequence[str] = (),
    ) -> str:
        case = self.ulid()
        value = {"unit": unit, "handlers": list(handlers), "sensitivity": list(sensitivity)}
        self.shelf.put("case", case, value)
        for record in records:
            found = self.shelf.get("record_cases", record) or {"cases": []}
            self.shelf.put("record_cases", record, {"cases": [*found["cases"], case]})
        return case

    def value(self, shelf: str, key: str) -> Value:
        found = self.shelf.get(shelf, key)
        assert found is not None
        return found

    def signed(self, person: str, kind: str, payload: Mapping[str, Any]) -> Signed:
        nonce = f"{self.made:032x}"
        self.made += 1
        statement = Statement(
            ARCHIVE, self.now, Digest.parse(certificate(person)), kind, nonce, payload, person
        )
        return Signed(statement, b"not judged here")

    def act(
        self,
        people: Sequence[str],
        kind: str,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        """Judge one signed act; Denied or FormatError."""
        detail = None if data is None else "sha256:" + "00" * 32
        full = {**payload, "detail": detail}
        check_payload(kind, full)
        if data is not None:
            check_data(kind, data)
        statements = tuple(self.signed(person, kind, full) for person in people)
        body = SignedBody(self.now, "1000", "single", statements, detail, detail and self.ulid())
        subject = SIGNED[kind].subject
        about = payload[subject] if subject else None
        act = Act(kind, f"user/{people[0]}", about, body.value(), self.now, lambda: data, _none)
        _RULES[kind](self.shelf, act, body)

    def own(self, kind: str, subject: str | None, body: Mapping[str, Any]) -> None:
        """Judge one act of the archive's own."""
        _OWN[kind](self.shelf, Act(kind, "system/x", subject, body, self.now, lambda: None, _none))

    def request(self, person: str, capacity: str, action: str, **changed: Any) -> str:
        """Ask for a record with everything that any row may want to see."""
        request = changed.get("request") or self.ulid()
        payload, data = self.asking(capacity, action, request)
        for key, value in changed.items():
            (payload if key in payload else data)[key] = value
        self.act([person], "access.requested", payload, data)
        return str(request)

    def asking(
        self, capacity: str, action: str, request: str
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        segments = [{"from": 10, "to": 20}] if action == "excerpt" else None
        payload = {
            "action": action,
            "capacity": capacity,
            "case": self.case,
            "letter": {"record": self.letter, "sha256": "00" * 32},
            "purpose": "case_handling",
            "records": [self.record],
            "request": request,
            "segments": segments,
        }
        data = {
            "reason": "核对",
            "behalf": BEHALF,
            "letter_no": None,
            "task_no": "2026-1",
            "query": None,
        }
        return payload, data

    def decide(
        self,
        request: str,
        person: str,
        decision: str,
        role: str | None = None,
        grant: Mapping[str, Any] | None = None,
    ) -> None:
        payload = {"decision": decision, "grant": grant, "request": request, "role": role}
        self.act([person], "access.decided", payload)

    def grant(self, count: int, hours: float, after: float = 0) -> dict[str, Any]:
        begin = self.now + timedelta(hours=after)
        until = format_time(begin + timedelta(hours=hours))
        return {"count": count, "from": format_time(begin), "until": until}

    def start(self, person: str, request: str, **changed: Any) -> str:
        access = self.ulid()
        found = self.shelf.get("request", request)
        action = found["action"] if found else "view"
        payload = {
            "access": access,
            "action": action,
            "copies": None if action == "view" else {"count": 1, "medium": "文件"},
            "range": found["segments"] and found["segments"][0] if found else None,
            "record": self.record,
            "request": request,
            "resumes": None,
            **changed,
        }
        self.act([person], "access.started", payload)
        return str(payload["access"])

    def end(self, access: str, count: int, code: str | None = None) -> None:
        body: dict[str, Any] = {"access": access, "bytes": count}
        kind = "access.completed" if code is None else "access.aborted"
        record = self.value("access", access)["record"]
        self.own(kind, record, body if code is None else {**body, "code": code})

    def back(self, access: str, count: int, person: str = "arch", kind: str = "returned") -> None:
        self.act([person], f"access.{kind}", {"access": access, "count": count})


def certificate(person: str) -> str:
    return str(Digest.of("sha256", person.encode()))


def person_value(person: str, unit: str, roles: Sequence[str]) -> dict[str, Any]:
    return {
        "certificate": certificate(person),
        "roles": list(roles),
        "unit": unit,
        "account": None,
        "valid_from": format_time(START - timedelta(days=1)),
        "valid_until": format_time(START + timedelta(days=365)),
        "state": "active",
        "revoked_since": None,
        "founder": False,
    }


def certificate_value(person: str, unit: str, roles: Sequence[str]) -> dict[str, Any]:
    """What the person was since a day ago."""
    value = person_value(person, unit, roles)
    return {
        **{key: value[key] for key in ("account", "roles", "unit", "valid_from", "valid_until")},
        "person": person,
        "revoked": False,
        "since": None,
        "enrolled_at": value["valid_from"],
        "replaced": None,
        "suspended": [],
        "earlier": [],
    }


def _none(_digest: str) -> None:
    return None
