"""One pass over the whole ledger in the store: the events, and what the rules say of them.

survey = Survey(places, trust, defaults)
alerts = survey.alerts()
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from archive.errors import DataBad, NotFound
from archive.oversight import events as ev
from archive.oversight.alerts.alert import Alert
from archive.oversight.alerts.evaluate import Lookups, evaluate
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.custody_report import Chain
from archive.oversight.events import DetailRef, Event
from archive.oversight.reading import Reader
from archive.oversight.register import LedgerState, Register
from archive.oversight.sources import Details, stored_lines
from archive.oversight.statistics import Figures
from archive.publish import Places
from archive.stored_log import LogTrust, StoredLog


class Survey:
    """What supervision sees of one archive; `defaults` hold until rules were adopted."""

    def __init__(self, places: Places, trust: LogTrust, defaults: AlertSettings) -> None:
        self._places = places
        self._trust = trust
        self._defaults = defaults
        self.details = Details(places.evidence)

    def alerts(self) -> list[Alert]:
        """Every alert; raises ContentAltered where the stored ledger is not the signed one."""
        return self._evaluate(Reader().read(stored_lines(self._places, self._trust)))

    def register(self) -> Register:
        """The register of retrieval."""
        register = Register(self.details)
        for line in stored_lines(self._places, self._trust):
            register.take(line)
        if register.last is not None:
            log, size = register.last.log, register.last.index + 1
            _, checkpoint = StoredLog(self._places, self._trust, log, size).checkpoint(size)
            archive = self._trust.archive_id
            register.state = LedgerState(archive, log, size, checkpoint.root.hex())
        return register

    def figures(self, figures: Figures) -> Figures:
        """Count everything into figures, alerts included."""
        reader = Reader()

        def events() -> Iterator[Event]:
            for line in stored_lines(self._places, self._trust):
                event = reader.take(line)
                figures.see(event, reader)
                yield event

        figures.note_alerts(self._evaluate(events()))
        return figures

    def chain(self, record: str) -> tuple[Chain, list[Alert]]:
        """What concerns a record, and the alerts with evidence about it."""
        chain, reader = Chain(record, self._opened_record), Reader()

        def events() -> Iterator[Event]:
            for line in stored_lines(self._places, self._trust):
                event = reader.take(line)
                chain.see(event, line.value["subject"])
                yield event

        alerts = self._evaluate(events())
        own = {event.place for event in chain.events()}
        return chain, [alert for alert in alerts if not own.isdisjoint(alert.evidence)]

    def _evaluate(self, events: Iterable[Event]) -> list[Alert]:
        people: dict[str, DetailRef | None] = {}
        lookups = Lookups(
            settings=self._adopted,
            capture_end=self._capture_end,
            is_filmed=lambda person, record: self._is_filmed(people.get(person), record),
        )
        return evaluate(_noting(events, people), self._defaults, lookups)

    def _adopted(self, event: ev.RulesAdopted) -> AlertSettings:
        data = self.details.read(event.detail) or {}
        return AlertSettings.parse(data["text"])

    def _capture_end(self, event: ev.Accessioned) -> datetime | None:
        """What the sidecar claims; what cannot be read is for `verify` to tell."""
        try:
            text = self.details.claims(event).get("capture_end")
        except (DataBad, NotFound):
            return None
        return datetime.fromisoformat(text) if isinstance(text, str) else None

    def _is_filmed(self, enrolment: DetailRef | None, record: str) -> bool:
        """Whether the officers that a record claims have the certificate number of a person."""
        try:
            data = self.details.read(enrolment) or {}
            claims = self.details.claims(self._accession(record))
        except (DataBad, NotFound, ValueError, KeyError):
            return False
        number = data.get("certificate_no")
        officers: list[dict[str, Any]] = claims.get("officers") or []
        return bool(number) and any(officer.get("certificate") == number for officer in officers)

    def _accession(self, record: str) -> ev.Accessioned:
        """Looked for in the ledger, because it is asked for rarely; raises NotFound."""
        reader = Reader()
        for line in stored_lines(self._places, self._trust):
            if line.value["kind"] == "record.accessioned" and line.value["subject"] == record:
                event = reader.take(line)
                if isinstance(event, ev.Accessioned):
                    return event
        raise NotFound(f"There is no sealed record {record}.")

    def _opened_record(self, event: ev.Opened) -> str | None:
        try:
            data = self.details.read(event.detail) or {}
            record = data["start"]["started"]["statement"]["payload"]["record"]
        except (DataBad, NotFound, KeyError, TypeError):
            return None
        return record if isinstance(record, str) else None


def _noting(events: Iterable[Event], people: dict[str, DetailRef | None]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, ev.PersonChanged) and event.kind == "person.enrolled":
            people[event.subject] = event.detail
        yield event
