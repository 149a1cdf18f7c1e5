"""A3, A4, A6: refused tries, and accesses that no grant covers."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings, Tries
from archive.oversight.alerts.windows import Span
from archive.oversight.events import Closed, Decided, Denied, Ended, Event, Place, Started
from archive.registers.denials import DENIALS

NOT_ASSIGNED = frozenset({"CAPACITY_UNFIT", "NOT_COVERED", "NOT_REQUESTER", "NO_GRANT"})
BEYOND_GRANT = frozenset({"GRANT_EXHAUSTED", "GRANT_EXPIRED"})
_MOST_NAMED = 5
"""Records that a sentence names; the evidence has them all."""


def _who(event: Event) -> str:
    return event.person or f"account {event.account}"


class RepeatedRefusals:
    """A4: denials and refused requests of one person in a short time; once a series."""

    def __init__(self) -> None:
        self._spans: defaultdict[str, Span[Place]] = defaultdict(Span)
        self._told: dict[str, datetime] = {}

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        concerned = _refused(event)
        if concerned is None:
            return
        basics, who = settings.a4, _who(concerned)
        span, window = self._spans[who], timedelta(minutes=basics.minutes)
        span.drop(event.at, window)
        span.add(event.at, event.place)
        told = self._told.get(who)
        if told and event.at - told <= window:
            self._told[who] = event.at
        elif len(span) >= basics.refusals:
            self._told[who] = event.at
            words = (
                f"{who} was refused {len(span)} times within {basics.minutes} minutes.",
                f"{who} 在 {basics.minutes} 分钟内被拒绝 {len(span)} 次。",
            )
            alert = raised("A4", basics, event, span, words)
            yield replace(alert, person=concerned.person, unit=concerned.unit)


def _refused(event: Event) -> Event | None:
    """The event of who was refused, if this is a refusal."""
    if isinstance(event, Decided):
        return event.asked if event.decision == "refuse" else None
    return event if isinstance(event, Denied) else None


class _Tried:
    """Refused tries of some codes, per person; told, it begins again."""

    def __init__(self, codes: frozenset[str]) -> None:
        self._codes = codes
        self._spans: defaultdict[str, Span[Denied]] = defaultdict(Span)

    def see(self, event: Denied, tries: Tries) -> list[Denied] | None:
        """Enough tries, else None."""
        if event.code not in self._codes:
            return None
        span = self._spans[_who(event)]
        span.drop(event.at, timedelta(days=tries.days))
        span.add(event.at, event)
        if len(span) < tries.tries:
            return None
        found = list(span)
        span.clear()
        return found


class NotAssigned:
    """A3: somebody else's case without a grant, received or tried for."""

    def __init__(self) -> None:
        self._tried = _Tried(NOT_ASSIGNED)
        self._told: set[tuple[str | None, str]] = set()

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        basics = settings.a3
        if isinstance(event, Denied) and (found := self._tried.see(event, basics)):
            yield raised("A3", basics, event, _places(found), _tries(event, basics, found))
        elif isinstance(event, Started) and (why := _not_his(event)):
            key = (event.person, event.request)
            if key not in self._told:
                self._told.add(key)
                places = [event.place, *((event.asked.place,) if event.asked else ())]
                yield raised("A3", basics, event, places, why)


def _not_his(event: Started) -> tuple[str, str] | None:
    asked, person = event.asked, event.person
    if asked is None:
        return (
            f"{person} received {event.record} without an open request.",
            f"{person} 在没有有效申请的情况下调阅 {event.record}。",
        )
    if asked.person != person:
        return (
            f"{person} received {event.record} with a request of {asked.person}.",
            f"{person} 以 {asked.person} 的申请调阅 {event.record}。",
        )
    if asked.capacity == "own_case" and person not in event.handlers:
        return (
            f"{person} received {event.record} as handler, but handles none of its cases.",
            f"{person} 以承办人身份调阅 {event.record}，但并非其任何案件的承办人。",
        )
    return None


@dataclass
class _Grant:
    """What approvals left of a request: its end, its count, and the accesses counted."""

    until: datetime
    count: int
    used: int = 0


class BeyondGrant:
    """A6: after the end of a grant or more often than it allows, received or tried for."""

    def __init__(self) -> None:
        self._tried = _Tried(BEYOND_GRANT)
        self._grants: dict[str, _Grant] = {}
        self._told: set[str] = set()

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        basics = settings.a6
        if isinstance(event, Decided) and event.decision == "approve" and event.grant:
            self._approve(event.request, event.grant)
        elif isinstance(event, Closed):
            self._grants.pop(event.request, None)
        elif isinstance(event, Denied) and (found := self._tried.see(event, basics)):
            yield raised("A6", basics, event, _places(found), _tries(event, basics, found))
        elif isinstance(event, Ended) and event.code and not event.bytes and event.started:
            if grant := self._grants.get(event.started.request):
                grant.used -= 1  # nothing was handed out, so it does not count
        elif isinstance(event, Started) and (grant := self._grants.get(event.request)):
            grant.used += event.resumes is None
            if event.request in self._told:
                return
            if event.at > grant.until or grant.used > grant.count:
                self._told.add(event.request)
                places = [event.place, *((event.asked.place,) if event.asked else ())]
                yield raised("A6", basics, event, places, _beyond(event, grant))

    def _approve(self, request: str, given: Mapping[str, Any]) -> None:
        until, count = datetime.fromisoformat(given["until"]), given["count"]
        grant = self._grants.setdefault(request, _Grant(until, count))
        grant.until, grant.count = min(grant.until, until), min(grant.count, count)


def _beyond(event: Started, grant: _Grant) -> tuple[str, str]:
    late = round((event.at - grant.until).total_seconds())
    if late > 0:
        return (
            f"{event.person} received {event.record} {late} seconds after the grant had ended.",
            f"{event.person} 在授权到期 {late} 秒后调阅 {event.record}。",
        )
    return (
        f"{event.person} received {event.record}: access {grant.used} of {grant.count} granted.",
        f"{event.person} 调阅 {event.record}：授权 {grant.count} 次，此为第 {grant.used} 次。",
    )


def _places(tries: list[Denied]) -> list[Place]:
    return [tried.place for tried in tries]


def _reasons(codes: list[str], position: int) -> str:
    """Why, in sentences of the denials; a code that is not known stands for itself."""
    mark = ("", "; ", "；")[position]
    return mark.join(
        DENIALS[code][position].rstrip(".。") if code in DENIALS else code for code in codes
    )


def _tries(event: Event, basics: Tries, tries: list[Denied]) -> tuple[str, str]:
    who, codes = _who(event), sorted({tried.code for tried in tries})
    named, named_zh = (_reasons(codes, position) for position in (1, 2))
    records = sorted({record for tried in tries for record in tried.records})
    told = ", ".join(records[:_MOST_NAMED]) + (", …" if len(records) > _MOST_NAMED else "")
    about, about_zh = (f" Records: {told}.", f"记录：{told}。") if records else ("", "")
    return (
        f"{who} tried {len(tries)} times within {basics.days} days and was refused:"
        f" {named}.{about}",
        f"{who} 在 {basics.days} 天内尝试 {len(tries)} 次均被拒绝：{named_zh}。{about_zh}",
    )
