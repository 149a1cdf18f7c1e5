"""What supervision looks at: one frozen event for every entry, joined with what it refers to.

`archive.oversight.reading` makes them. Free text is not in them: `detail` says where it is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from archive.parts import Part

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands."""

    log: str
    index: int

    def __str__(self) -> str:
        return f"{self.log}#{self.index}"


class DetailRef(NamedTuple):
    """A stored detail and the digest that the entry commits to."""

    id: str
    digest: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "DetailRef | None":
        """That of an entry's body, None where it has none."""
        number = body.get("detail_id")
        return cls(number, body["detail"]) if number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry; kinds that supervision does not look into are this and no more.

    `at` is when the archive accepted a signed entry, else when it was written; `written` is the
    entry's own time. `person` acted (the first signer), `unit` is that person's unit then.
    """

    place: Place
    kind: str
    at: datetime
    written: datetime
    person: str | None = None
    unit: str | None = None
    account: str | None = None
    host: str | None = None
    signers: tuple[str, ...] = ()
    detail: DetailRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Event):
    """`cases` are those of all records then, the named one included; `sensitivity` is theirs."""

    request: str
    capacity: str
    action: str
    purpose: str
    case: str | None
    records: tuple[str, ...]
    cases: frozenset[str]
    sensitivity: frozenset[str]
    segments: tuple[tuple[int, int], ...]
    span: tuple[int, int] | None
    letter: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided(Event):
    """`asked` is the request; None where there is none that is open. `grant` as in the payload."""

    request: str
    asked: Requested | None
    decision: str
    role: str | None
    grant: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold that is in force; `person` placed it."""

    place: Place
    hold: str
    person: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Started(Event):
    """An access. `cases`, `handlers`, `sensitivity` and `holds` are the record's at that moment.

    `form` is that of a copy made for it, or None; `span` is milliseconds of a film.
    """

    access: str
    request: str
    asked: Requested | None
    record: str
    action: str
    range: tuple[int, int] | None
    copies: Mapping[str, Any] | None
    resumes: str | None
    form: str | None
    span: tuple[int, int] | None
    cases: frozenset[str]
    handlers: frozenset[str]
    sensitivity: frozenset[str]
    holds: tuple[Hold, ...]

    @property
    def subjects(self) -> frozenset[str]:
        """What the access is about: the record's cases, or the record where it has none."""
        return self.cases or frozenset((self.record,))

    @property
    def capacity(self) -> str | None:
        """The capacity of the request."""
        return self.asked.capacity if self.asked else None

    @property
    def purpose(self) -> str | None:
        """The purpose of the request."""
        return self.asked.purpose if self.asked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The end of an access; `code` is None when it was completed."""

    access: str
    started: Started | None
    bytes: int
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied(Event):
    """A refused try; `person` is who it was said to be, `records` what it named."""

    code: str
    action: str | None
    records: tuple[str, ...]
    request: str | None
    statement: str | None

    @property
    def of_retrieval(self) -> bool:
        """Whether it was about getting at records; else it was any other refused act."""
        return bool(self.action or self.request or self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed(Event):
    """The end of a request: `expired`, `exhausted`, `refused`, `withdrawn`, `returned`."""

    request: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned(Event):
    """Copies that came back or were destroyed."""

    access: str
    count: int
    destroyed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Concealed(Event):
    """The beginning or the end of an access that is only committed."""

    access: str
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Event):
    """A concealed access that was opened; what it was stands in the detail."""

    access: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChanged(Event):
    """Enrolled, suspended, resumed, revoked or expired. `bound` is the account of the person."""

    subject: str
    roles: tuple[str, ...]
    bound: str | None
    of_unit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanged(Event):
    """Anything about a case; `records` are those attached, detached or linked."""

    case: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldChanged(Event):
    """A hold placed or lifted, with the records and the case that it is about."""

    hold: str
    case: str | None
    records: tuple[str, ...]
    placed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOrGone(Event):
    """How long records are kept, or a step towards their destruction; `disposition` is its id.

    Who decides or executes names only the disposition.
    """

    records: tuple[str, ...]
    disposition: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesAdopted(Event):
    """New access or alert rules; the text is in the detail."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accessioned(Event):
    """A record; `description` is the digest of record.json, `described` where that stands."""

    record: str
    source: str
    size: int
    received_at: datetime
    description: str
    described: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertHandled(Event):
    """What became of an alert."""

    alert: str
    rule: str
    disposition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected(Event):
    """A verification that was put on the ledger."""

    result: str
    failed: int
    indeterminate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Event):
    """A derivative; `access` is the one that it was made for, or None."""

    access: str | None
    role: str
    size: int
    span: tuple[int, int] | None

    @classmethod
    def of(cls, base: dict[str, Any], value: Mapping[str, Any]) -> "Made":
        """From an entry `derived.made`; `base` is what every event has."""
        body = value["body"]
        same = {key: body[key] for key in ("access", "role", "size")}
        return cls(**base, **same, span=_pair(body.get("span")))


def asked_part(said: Mapping[str, Any]) -> dict[str, Any]:
    """`segments` and `span` of a request, from its payload."""
    segments = tuple((part["from"], part["to"]) for part in said["segments"] or ())
    return {"segments": segments, "span": _pair(said.get("span"))}


def received_part(said: Mapping[str, Any]) -> dict[str, Any]:
    """`range`, `span` and `form` of an access, from its payload."""
    return {
        "range": _pair(said["range"]),
        "span": _pair(said.get("span")),
        "form": said.get("form"),
    }


def _pair(part: Mapping[str, int] | None) -> tuple[int, int] | None:
    return None if part is None else (part["from"], part["to"])
