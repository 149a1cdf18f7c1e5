"""The rule book of retention over registers in memory, with the real law and the default schedule.

book = RetentionBook()
record = book.kept()                              # received now, first lock by the schedule
book.set([record], "av_unlinked", book.now)       # retention.set, Denied unless lawful
book.end(record)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from registers_fixture import Office

from archive.errors import FormatError
from archive.registers.keeping import End, Law
from archive.registers.terms import end_of, held_by
from archive.times import format_time
from retention.law import RetentionLaw
from signing.digest import Digest

SCHEDULE_FILE = Path(__file__).parents[2] / "config" / "retention-schedule.toml"
SCHEDULE = SCHEDULE_FILE.read_text("utf-8")
LAW = RetentionLaw()


@dataclass
class RetentionBook(Office):
    """An office whose schedule is in force, with somebody of every role that has to do with it."""

    law: Law | None = field(default_factory=RetentionLaw)
    schedule: str = SCHEDULE

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.founded:
            self.adopt("retention", self.schedule, ["gu", "zhu"], bootstrap=True)
            for person, role in (
                ("arch", "archivist"),
                ("du", "inspector.internal"),
                ("head", "approver.department_head"),
                ("li", "handler"),
                ("adm", "administrator"),
            ):
                who = ["gu"] if role == "handler" else ["gu", "zhu"]
                self.enrol(person, [role], by=who)

    def readopt(self, text: str) -> None:
        """Another schedule from now on."""
        self.schedule = text
        self.adopt("retention", text, ["gu", "zhu"])

    @property
    def digest(self) -> str:
        return str(Digest.of("sha256", self.schedule.encode()))

    def kept(self, received: datetime | None = None, **changed: Any) -> str:
        """A record with its first lock."""
        record, moment = self.ulid(), received or self.now
        value = {
            "source": "CAM",
            "size": 1,
            "sha256": "00" * 32,
            "received_at": format_time(moment),
            "retain_until": format_time(LAW.floor(self.schedule, moment)),
            **changed,
        }
        self.shelf.put("record", record, value)
        return record

    def set(self, records: Sequence[str], name: str, trigger: datetime, /, **changed: Any) -> None:
        """`retention.set` as the sweep would write it; `changed` replaces fields."""
        until = None
        try:
            end = LAW.class_end(self.schedule, name, trigger)
            until = None if end.moment is None else format_time(end.moment)
        except FormatError:
            until = format_time(trigger)
        body = {
            "class": name,
            "records": sorted(records),
            "schedule": self.digest,
            "trigger": format_time(trigger),
            "until": until,
            **changed,
        }
        self.own("retention.set", "", body)

    def classed(
        self, who: str, records: Sequence[str], name: str, trigger: datetime | None = None
    ) -> None:
        said = None if trigger is None else format_time(trigger)
        payload = {"class": name, "records": sorted(records), "trigger": said}
        self.say([who], "retention.classed", payload, {"reason": "x"})

    def extended(
        self,
        who: str,
        records: Sequence[str],
        until: datetime | None,
        cause: str = "evidence_used",
    ) -> None:
        said = None if until is None else format_time(until)
        payload = {"cause": cause, "records": sorted(records), "until": said}
        self.say([who], "retention.extended", payload, {"reason": "x"})

    def hold(self, *records: str, by: str = "du", case: str | None = None) -> str:
        name = self.ulid()
        payload = {"case": case, "hold": name, "records": sorted(records)}
        self.say([by], "hold.placed", payload, {"reason": "x", "document_no": None})
        return name

    def lift(self, hold: str, by: str = "du") -> None:
        self.say([by], "hold.lifted", {"hold": hold}, {"reason": "x"})

    def close(self, case: str, closed: str, decided: str | None = None) -> None:
        payload = {"case": case, "closed": closed, "decided": decided}
        self.say(["gu"], "case.closed", payload, {"reason": "x"})

    def end(self, record: str) -> End:
        return end_of(self.shelf, LAW, record)

    def due(self, record: str) -> bool:
        """Whether it may be destroyed now."""
        return self.end(record).due(self.now) and not held_by(self.shelf, record)

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def stay(self, *people: str) -> None:
        """Let enrolments last until now, as if they had been renewed."""
        for person in people:
            until = format_time(self.now + timedelta(days=1))
            self.shelf.put("person", person, {**self.person(person), "valid_until": until})
