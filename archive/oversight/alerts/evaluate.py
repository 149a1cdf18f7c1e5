"""All rules over all events, in one pass.

    alerts = evaluate(events, defaults, Lookups.none())

The settings are those in force at each event: `rules.adopted` in the ledger replaces the defaults.
What a rule remembers stays; what it asks changes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from archive.oversight.alerts.alert import Alert, Rule
from archive.oversight.alerts.approvals import SamePair
from archive.oversight.alerts.breadth import ManyCases, ManyPeople
from archive.oversight.alerts.clocks import DeviceAhead, Dormant, StepsBack
from archive.oversight.alerts.hours import NewAccount, OutsideHours
from archive.oversight.alerts.pieces import AlteredPiece
from archive.oversight.alerts.refusals import BeyondGrant, NotAssigned, RepeatedRefusals
from archive.oversight.alerts.settings import AlertSettings, Basics
from archive.oversight.alerts.subjects import OnHold, OwnConduct, SensitiveForOther
from archive.oversight.alerts.volume import ExportedUnseen
from archive.oversight.events import Accessioned, AlertHandled, Event, RulesAdopted


@dataclass(frozen=True, slots=True)
class Lookups:
    """What only the store knows, asked for on demand; may raise DataBad or NotFound."""

    settings: Callable[[RulesAdopted], AlertSettings | None]
    capture_end: Callable[[Accessioned], datetime | None]
    is_filmed: Callable[[str, str], bool]

    @classmethod
    def none(cls) -> "Lookups":
        """For events alone: the defaults hold, nothing is known of records."""
        return cls(lambda _: None, lambda _: None, lambda _person, _record: False)


def evaluate(events: Iterable[Event], defaults: AlertSettings, lookups: Lookups) -> list[Alert]:
    """Every alert in the order in which it tripped, with what became of it."""
    found: dict[str, Alert] = {}
    for item in _pass(events, defaults, lookups):
        if isinstance(item, Alert):
            found.setdefault(item.id, item)
        elif item.alert in found:
            found[item.alert] = replace(found[item.alert], handled=item)
    return list(found.values())


def _pass(
    events: Iterable[Event], settings: AlertSettings, lookups: Lookups
) -> Iterator[Alert | AlertHandled]:
    rules = _rules(lookups)
    for event in events:
        if isinstance(event, AlertHandled):
            yield event
        elif isinstance(event, RulesAdopted) and event.name == "alerts":
            settings = lookups.settings(event) or settings
        for basics, rule in rules:
            for alert in rule.see(event, settings):
                if basics(settings).enabled:
                    yield alert


def _rules(lookups: Lookups) -> list[tuple[Callable[[AlertSettings], Basics], Rule]]:
    return [
        (lambda settings: settings.a1, OutsideHours()),
        (lambda settings: settings.a1, NewAccount()),
        (lambda settings: settings.a2, ManyCases()),
        (lambda settings: settings.a3, NotAssigned()),
        (lambda settings: settings.a4, RepeatedRefusals()),
        (lambda settings: settings.a5, ExportedUnseen()),
        (lambda settings: settings.a6, BeyondGrant()),
        (lambda settings: settings.a7, SamePair()),
        (lambda settings: settings.a8, ManyPeople()),
        (lambda settings: settings.a9, OnHold()),
        (lambda settings: settings.a12, StepsBack()),
        (lambda settings: settings.a12, DeviceAhead(lookups.capture_end)),
        (lambda settings: settings.a13, Dormant()),
        (lambda settings: settings.a14, SensitiveForOther()),
        (lambda settings: settings.a15, OwnConduct(lookups.is_filmed)),
        (lambda settings: settings.piece, AlteredPiece()),
    ]
