"""An alert: which rule tripped, on which entries, and why in a sentence with its figures."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from archive.oversight.alerts.settings import AlertSettings, Basics
from archive.oversight.events import AlertHandled, Event, Place

MOST_EVIDENCE = 1000
"""Places that an alert names at most, as `alert.handled` takes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `at` is when it tripped; `handled` is the last thing said of it, if any."""

    rule: str
    severity: str
    assignee: str
    evidence: tuple[Place, ...]
    person: str | None
    unit: str | None
    at: datetime
    en: str
    zh: str
    handled: AlertHandled | None = None

    @property
    def id(self) -> str:
        """SHA-256 over rule and evidence: the same entries always are the same alert."""
        text = "\n".join((self.rule, *map(str, self.evidence)))
        return hashlib.sha256(text.encode("ascii")).hexdigest()


class Rule(Protocol):
    """A rule keeps what it needs of the past and is shown every event once, in order."""

    def see(self, event: Event, settings: AlertSettings) -> Iterable[Alert]:
        """The alerts that this event trips."""
        ...


def raised(
    rule: str, basics: Basics, event: Event, evidence: Iterable[Place], words: tuple[str, str]
) -> Alert:
    """The alert of a rule about who acted in an event; `words` in English and Chinese."""
    return Alert(
        rule=rule,
        severity=basics.severity,
        assignee=basics.assignee,
        evidence=tuple(sorted(set(evidence)))[:MOST_EVIDENCE],
        person=event.person,
        unit=event.unit,
        at=event.at,
        en=words[0],
        zh=words[1],
    )
