"""The register of retrieval (调阅登记簿) as values: every request with all that followed from it.

    register = Register(details)
    for line in stored_lines(places, trust):
        register.take(line)
    register.files()        # requests, denied tries, concealed accesses; other refused acts last

Texts stay in the store until a row is written; memory grows with requests, not with records.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from archive.errors import DataBad, NotFound
from archive.oversight import events as ev
from archive.oversight.events import DetailRef, Event
from archive.oversight.lines import Line
from archive.oversight.reading import Reader
from archive.oversight.sources import Details


@dataclass(frozen=True, slots=True)
class Who:
    """A person as enrolled at that moment; name and post stand in the detail."""

    person: str
    unit: str | None
    enrolment: DetailRef | None


@dataclass(slots=True)
class AccessFile:
    """One access with its end, and what came back of its copies."""

    started: ev.Started
    ended: ev.Ended | None = None
    back: list[ev.Returned] = field(default_factory=list)


@dataclass(slots=True)
class RequestFile:
    """One request with decisions, accesses, denied tries and its end.

    `rules` are the access rules that it was made under. `opened` is set where the request was
    concealed until then.
    """

    asked: ev.Requested
    who: Who
    rules: DetailRef | None = None
    decisions: list[tuple[ev.Decided, Who]] = field(default_factory=list)
    accesses: list[AccessFile] = field(default_factory=list)
    tries: list[ev.Denied] = field(default_factory=list)
    closed: ev.Closed | None = None
    opened: ev.Opened | None = None


@dataclass(slots=True)
class DeniedFile:
    """A try that belongs to no request; `cases` are those of the records that it named."""

    tried: ev.Denied
    who: Who
    cases: frozenset[str] = ev.NOTHING


@dataclass(slots=True)
class ConcealedFile:
    """An access of which only the commitment is known."""

    begun: ev.Concealed
    ended: ev.Concealed | None = None


@dataclass(frozen=True, slots=True)
class LedgerState:
    """The ledger that a register was made from: its newest log up to a sealed size."""

    archive: str
    log: str
    entries: int
    root: str


File = RequestFile | DeniedFile | ConcealedFile


class Register:
    """Follows the ledger; `files` may be asked for at any time.

    `last` is where the last entry stood; `state` is set by who read the ledger from a store.
    """

    def __init__(self, details: Details) -> None:
        self.reader = Reader()
        self.last: ev.Place | None = None
        self.state: LedgerState | None = None
        self._details = details
        self._people: dict[str, DetailRef | None] = {}
        self._case_numbers: dict[str, DetailRef | None] = {}
        self._rules: DetailRef | None = None
        self._requests: dict[str, RequestFile] = {}
        self._accesses: dict[str, AccessFile] = {}
        self._others: list[DeniedFile] = []
        self._concealed: dict[str, ConcealedFile] = {}

    def take(self, line: Line) -> Event:
        """Enter the next entry of the ledger; returns its event."""
        event = self.reader.take(line)
        self.last = line.place
        self.enter(event)
        return event

    def enter(self, event: Event) -> None:
        """Enter an event that this register's reader made."""
        match event:
            case ev.Requested():
                self._requests[event.request] = RequestFile(event, self.who(event), self._rules)
            case ev.Decided() if file := self._requests.get(event.request):
                file.decisions.append((event, self.who(event)))
            case ev.Started() if file := self._requests.get(event.request):
                self._accesses[event.access] = access = AccessFile(event)
                file.accesses.append(access)
            case ev.Ended() if found := self._accesses.get(event.access):
                found.ended = event
            case ev.Returned() if found := self._accesses.get(event.access):
                found.back.append(event)
            case ev.Closed() if file := self._requests.get(event.request):
                file.closed = event
            case ev.Denied():
                self._denied(event)
            case ev.Concealed():
                self._conceal(event)
            case ev.Opened():
                self._open(event)
            case _:
                self._registers(event)

    def files(self) -> Iterator[File]:
        """Everything in the order of the ledger, and after it what was no try of retrieval."""
        files: list[File] = [*self._requests.values(), *self._others, *self._concealed.values()]
        yield from sorted(files, key=_order)

    def who(self, event: Event) -> Who:
        """Who acted, as enrolled now."""
        person = event.person or ""
        return Who(person, event.unit, self._people.get(person))

    def case_ref(self, case: str) -> DetailRef | None:
        """Where the number and the title of a case are stored."""
        return self._case_numbers.get(case)

    def _registers(self, event: Event) -> None:
        match event:
            case ev.RulesAdopted() if event.name == "access":
                self._rules = event.detail
            case ev.PersonChanged() if event.kind == "person.enrolled":
                self._people[event.subject] = event.detail
            case ev.CaseChanged() if event.kind == "case.opened":
                self._case_numbers[event.case] = event.detail
            case _:
                pass

    def _denied(self, event: ev.Denied) -> None:
        file = self._requests.get(event.request) if event.request else None
        if file is not None and file.asked.person == event.person:
            file.tries.append(event)
        else:
            known = self.reader.record_cases
            cases = ev.NOTHING.union(*(known.get(one, ev.NOTHING) for one in event.records))
            self._others.append(DeniedFile(event, self.who(event), cases))

    def _conceal(self, event: ev.Concealed) -> None:
        if not event.ended:
            self._concealed[event.access] = ConcealedFile(event)
        elif file := self._concealed.get(event.access):
            file.ended = event

    def _open(self, event: ev.Opened) -> None:
        """Put what a concealed access was in its place; what cannot be read stays concealed."""
        file = self._concealed.get(event.access)
        try:
            data = self._details.read(event.detail)
        except (DataBad, NotFound):
            return
        if file is None or data is None:
            return
        asked, started, ended = self.reader.revealed(file.begun, file.ended, data)
        del self._concealed[event.access]
        who = self.who(asked)
        whole = RequestFile(
            asked, who, self._rules, accesses=[AccessFile(started, ended)], opened=event
        )
        self._requests[asked.request] = whole


def is_other(file: File) -> bool:
    """Whether it is a refused act that was no try of retrieval."""
    return isinstance(file, DeniedFile) and not file.tried.of_retrieval


def _order(file: File) -> tuple[Any, ...]:
    first: Event
    match file:
        case RequestFile():
            first = file.asked
        case DeniedFile():
            first = file.tried
        case ConcealedFile():
            first = file.begun
    log = first.place.log
    return (is_other(file), log.rpartition("-")[2], log, first.place.index)


class Texts:
    """Free texts of the register on demand; `readable` False leaves all of them out."""

    def __init__(self, details: Details, *, readable: bool = True) -> None:
        self._details = details
        self._readable = readable
        self._kept: dict[DetailRef, Mapping[str, Any]] = {}

    def of(self, ref: DetailRef | None, *, keep: bool = False) -> Mapping[str, Any]:
        """The data of a detail; empty without one, `{"problem": sentence}` where it is no good."""
        if ref is None or not self._readable:
            return {}
        if ref in self._kept:
            return self._kept[ref]
        try:
            found = self._details.read(ref) or {}
        except (DataBad, NotFound) as error:
            found = {"problem": str(error)}
        if keep:
            self._kept[ref] = found
        return found
