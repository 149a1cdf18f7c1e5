"""From entries to events: one pass in the order of the ledger, joined with the registers so far.

    reader = Reader()
    for line in stored_lines(places, trust):
        event = reader.take(line)

Whether an entry is lawful is for `archive.verify`; what is unlawful still is an event here. Memory
holds people, cases, attachments, holds, and requests and accesses that are open.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from archive.errors import ContentAltered
from archive.oversight import events as ev
from archive.oversight.events import NOTHING, DetailRef, Event
from archive.oversight.lines import CaseState, Line, Value
from archive.parts import DESCRIPTION, part_of
from archive.statements.kinds import SIGNED


class Reader:
    """Makes events; the registers that it follows may be looked at, not changed."""

    def __init__(self) -> None:
        self.units: dict[str, str] = {}
        self.cases: dict[str, CaseState] = {}
        self.record_cases: defaultdict[str, frozenset[str]] = defaultdict(lambda: NOTHING)
        self._tags: dict[str, frozenset[str]] = {}
        self._requests: dict[str, ev.Requested] = {}
        self._accesses: dict[str, ev.Started] = {}
        self._holds: dict[str, tuple[ev.Hold, str | None, tuple[str, ...]]] = {}
        self._held: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)

    def take(self, line: Line) -> Event:
        """The event of the next entry; ContentAltered where the entry has not its form."""
        try:
            return self._take(line)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise ContentAltered(f"The entry {line.place} has not the form of its kind.") from error

    def read(self, lines: Iterable[Line]) -> Iterator[Event]:
        """Events of all entries."""
        for line in lines:
            yield self.take(line)

    def _take(self, line: Line) -> Event:
        kind = line.value["kind"]
        if kind in SIGNED:
            return self._signed(line, kind)
        base = self._base(line)
        make = _PLAIN.get(kind)
        return make(self, base, line.value) if make else Event(**base)

    def _base(self, line: Line) -> dict[str, Any]:
        value = line.value
        body = value["body"]
        written = datetime.fromisoformat(value["at"])
        part, _, name = value["actor"].partition("/")
        person = name if part == "user" else None
        return {
            "place": line.place,
            "kind": value["kind"],
            "at": written,
            "written": written,
            "person": person,
            "unit": self.units.get(name) if person else None,
            "detail": DetailRef.of(body),
        }

    def _signed(self, line: Line, kind: str) -> Event:
        body = line.value["body"]
        statements = [item["statement"] for item in body["statements"]]
        person = statements[0]["person"]
        base = {
            "place": line.place,
            "kind": kind,
            "at": datetime.fromisoformat(body["accepted_at"]),
            "written": datetime.fromisoformat(line.value["at"]),
            "person": person,
            "unit": self.units.get(person),
            "account": body["account"],
            "host": body["host"],
            "signers": tuple(statement["person"] for statement in statements),
            "detail": DetailRef.of(body),
        }
        make = _SIGNED.get(kind)
        return make(self, base, statements[0]["payload"]) if make else Event(**base)

    # accesses

    def _requested(self, base: dict[str, Any], said: Value) -> ev.Requested:
        records = tuple(said["records"])
        cases = NOTHING.union(*(self.record_cases.get(record, NOTHING) for record in records))
        named = frozenset((said["case"],)) if said["case"] else NOTHING
        event = ev.Requested(
            **base,
            request=said["request"],
            capacity=said["capacity"],
            action=said["action"],
            purpose=said["purpose"],
            case=said["case"],
            records=records,
            cases=cases | named,
            sensitivity=self._sensitivity(cases | named, records),
            **ev.asked_part(said),
            letter=said["letter"],
        )
        self._requests[event.request] = event
        return event

    def _decided(self, base: dict[str, Any], said: Value) -> Event:
        return ev.Decided(
            **base,
            request=said["request"],
            asked=self._requests.get(said["request"]),
            decision=said["decision"],
            role=said["role"],
            grant=said["grant"],
        )

    def _started(self, base: dict[str, Any], said: Value) -> ev.Started:
        record = said["record"]
        cases = self.record_cases.get(record, NOTHING)
        known = [self.cases[case] for case in cases if case in self.cases]
        event = ev.Started(
            **base,
            access=said["access"],
            request=said["request"],
            asked=self._requests.get(said["request"]),
            record=record,
            action=said["action"],
            **ev.received_part(said),
            copies=said["copies"],
            resumes=said["resumes"],
            cases=cases,
            handlers=NOTHING.union(*(case.handlers for case in known)),
            sensitivity=self._sensitivity(cases, (record,)),
            holds=self._holds_of(record, cases),
        )
        self._accesses[event.access] = event
        return event

    def _ended(self, base: dict[str, Any], value: Value) -> Event:
        body = value["body"]
        started = self._accesses.pop(body["access"], None)
        if started is not None:
            # The archive itself ends an access whose process died; it still is that person's.
            base |= {"person": started.person, "unit": started.unit}
        return ev.Ended(
            **base,
            access=body["access"],
            started=started,
            bytes=body["bytes"],
            code=body.get("code"),
        )

    def _denied(self, base: dict[str, Any], value: Value) -> Event:
        body = value["body"]
        person = body["person"]
        base |= {
            "person": person,
            "unit": self.units.get(person) if person else None,
            "account": body["account"],
            "host": body["host"],
        }
        return ev.Denied(
            **base,
            code=body["code"],
            action=body["action"],
            records=tuple(body["records"]),
            request=body["request"],
            statement=body["statement"],
        )

    def _closed(self, base: dict[str, Any], value: Value) -> Event:
        request = value["subject"]
        self._requests.pop(request, None)
        return ev.Closed(**base, request=request, code=value["body"]["code"])

    def _returned(self, base: dict[str, Any], said: Value) -> Event:
        destroyed = base["kind"] == "access.destroyed"
        return ev.Returned(**base, access=said["access"], count=said["count"], destroyed=destroyed)

    def _concealed(self, base: dict[str, Any], value: Value) -> Event:
        ended = base["kind"] == "access.concealed_end"
        base["host"] = value["body"].get("host")
        return ev.Concealed(**base, access=value["body"]["access"], ended=ended)

    def _opened(self, base: dict[str, Any], said: Value) -> Event:
        return ev.Opened(**base, access=said["access"])

    def revealed(
        self, begun: ev.Concealed, ended: ev.Concealed | None, data: Value
    ) -> tuple[ev.Requested, ev.Started, ev.Ended | None]:
        """Request, access and end that a concealed access was, as the registers are now.

        `data` is that of the detail of `access.opened`. They stand where the commitments stand.
        """
        try:
            return self._revealed(begun, ended, data)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ContentAltered(
                f"What was opened of the access {begun.access} has not its form."
            ) from error

    def _revealed(
        self, begun: ev.Concealed, ended: ev.Concealed | None, data: Value
    ) -> tuple[ev.Requested, ev.Started, ev.Ended | None]:
        start, end = data["start"], data["end"]
        asking, starting = start["requested"]["statement"], start["started"]["statement"]
        base = {
            "place": begun.place,
            "kind": "access.requested",
            "at": datetime.fromisoformat(start["accepted_at"]),
            "written": begun.written,
            "person": asking["person"],
            "unit": self.units.get(asking["person"]),
            "account": start["account"],
            "host": begun.host,
        }
        asked = self._requested(base, asking["payload"])
        started = self._started({**base, "kind": "access.started"}, starting["payload"])
        self._requests.pop(asked.request, None)
        self._accesses.pop(started.access, None)
        if ended is None or end is None:
            return asked, started, None
        last = {**base, "place": ended.place, "at": ended.at, "written": ended.written}
        over = ev.Ended(
            **{**last, "kind": "access.completed" if end["code"] is None else "access.aborted"},
            access=started.access,
            started=started,
            bytes=end["bytes"],
            code=end["code"],
        )
        return asked, started, over

    # registers

    def _enrolled(self, base: dict[str, Any], said: Value) -> Event:
        self.units[said["person"]] = said["unit"]
        return ev.PersonChanged(
            **base,
            subject=said["person"],
            roles=tuple(said["roles"]),
            bound=said["account"],
            of_unit=said["unit"],
        )

    def _person(self, base: dict[str, Any], said: Value) -> Event:
        return self._of_person(base, said["person"])

    def _expired(self, base: dict[str, Any], value: Value) -> Event:
        return self._of_person(base, value["subject"])

    def _of_person(self, base: dict[str, Any], person: str) -> Event:
        return ev.PersonChanged(
            **base, subject=person, roles=(), bound=None, of_unit=self.units.get(person)
        )

    def _case(self, base: dict[str, Any], said: Value) -> Event:
        if "handlers" in said:
            self.cases[said["case"]] = CaseState(
                said["unit"],
                frozenset(said["handlers"]),
                frozenset(said["sensitivity"]),
                said["category"],
            )
        return self._of_case(base, said["case"], tuple(said.get("records", ())))

    def _linked(self, base: dict[str, Any], value: Value) -> Event:
        return self._of_case(base, value["subject"], tuple(value["body"]["records"]))

    def _of_case(self, base: dict[str, Any], case: str, records: tuple[str, ...]) -> Event:
        one = frozenset((case,))
        for record in records:
            if base["kind"] == "case.detached":
                self.record_cases[record] -= one
            else:
                self.record_cases[record] |= one
        return ev.CaseChanged(**base, case=case, records=records)

    def _placed(self, base: dict[str, Any], said: Value) -> Event:
        case, records = said["case"], tuple(said["records"])
        hold = ev.Hold(place=base["place"], hold=said["hold"], person=base["person"], at=base["at"])
        self._holds[hold.hold] = (hold, case, records)
        for key in (*records, *((case,) if case else ())):
            self._held[key] += (hold.hold,)
        return ev.HoldChanged(**base, hold=hold.hold, case=case, records=records, placed=True)

    def _lifted(self, base: dict[str, Any], said: Value) -> Event:
        found = self._holds.pop(said["hold"], None)
        _, case, records = found if found else (None, None, ())
        return ev.HoldChanged(**base, hold=said["hold"], case=case, records=records, placed=False)

    def _adopted(self, base: dict[str, Any], said: Value) -> Event:
        return ev.RulesAdopted(**base, name=said["name"])

    def _accessioned(self, base: dict[str, Any], value: Value) -> Event:
        body = value["body"]
        if "tags" in body:
            self._tags[value["subject"]] = frozenset(body["tags"])
        return ev.Accessioned(
            **base,
            record=value["subject"],
            source=body["source"],
            size=body["size"],
            received_at=datetime.fromisoformat(body["received_at"]),
            description=body["record"],
            described=part_of(value["subject"], body, base["written"], DESCRIPTION),
        )

    def _kept(self, base: dict[str, Any], said: Value) -> Event:
        records, disposition = tuple(said.get("records") or ()), said.get("disposition")
        return ev.KeptOrGone(**base, records=records, disposition=disposition)

    def _kept_by_archive(self, base: dict[str, Any], value: Value) -> Event:
        body = value["body"]
        records = tuple(body.get("records") or (value["subject"],))
        return ev.KeptOrGone(**base, records=records, disposition=body.get("disposition"))

    def _handled(self, base: dict[str, Any], said: Value) -> Event:
        return ev.AlertHandled(
            **base, alert=said["alert"], rule=said["rule"], disposition=said["disposition"]
        )

    def _inspected(self, base: dict[str, Any], value: Value) -> Event:
        body = value["body"]
        return ev.Inspected(
            **base,
            result=body["result"],
            failed=body["failed"],
            indeterminate=body["indeterminate"],
        )

    def _sensitivity(self, cases: Iterable[str], records: Iterable[str]) -> frozenset[str]:
        tags = (self._tags.get(record, NOTHING) for record in records)
        return NOTHING.union(*(self.cases[c].sensitivity for c in cases if c in self.cases), *tags)

    def _holds_of(self, record: str, cases: Iterable[str]) -> tuple[ev.Hold, ...]:
        if not self._holds:
            return ()
        found = {hold for key in (record, *cases) for hold in self._held.get(key, ())}
        return tuple(self._holds[hold][0] for hold in sorted(found) if hold in self._holds)


_Make = Callable[[Reader, dict[str, Any], Value], Event]
_OF_CASES = tuple(
    f"case.{act}" for act in ("opened", "changed", "closed", "attached", "detached", "filed")
)
_DISPOSAL = tuple(f"disposition.{step}" for step in ("proposed", "decided", "executed"))
_OF_KEEPING = (
    "retention.classed",
    "retention.extended",
    *_DISPOSAL,
    "pack.split",
    "record.spilled",
)
_SIGNED: Mapping[str, _Make] = {
    "person.enrolled": Reader._enrolled,
    **dict.fromkeys(("person.suspended", "person.resumed", "person.revoked"), Reader._person),
    "rules.adopted": Reader._adopted,
    **dict.fromkeys(_OF_CASES, Reader._case),
    "hold.placed": Reader._placed,
    "hold.lifted": Reader._lifted,
    "access.requested": Reader._requested,
    "access.decided": Reader._decided,
    "access.started": Reader._started,
    **dict.fromkeys(("access.returned", "access.destroyed"), Reader._returned),
    "access.opened": Reader._opened,
    "alert.handled": Reader._handled,
    **dict.fromkeys(_OF_KEEPING, Reader._kept),
}
_PLAIN: Mapping[str, _Make] = {
    "person.expired": Reader._expired,
    "case.linked": Reader._linked,
    "derived.made": lambda _reader, base, value: ev.Made.of(base, value),
    **dict.fromkeys(("access.completed", "access.aborted"), Reader._ended),
    "access.denied": Reader._denied,
    "access.closed": Reader._closed,
    **dict.fromkeys(("access.concealed", "access.concealed_end"), Reader._concealed),
    "record.accessioned": Reader._accessioned,
    "inspection.completed": Reader._inspected,
    **dict.fromkeys(
        ("retention.set", "record.destroyed", "record.cleared"), Reader._kept_by_archive
    ),
}
