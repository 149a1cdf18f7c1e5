"""The report of a verification: findings, counts, and what was looked at.

Findings stream in; the counts are complete, the kept list is bounded, so that a report on a ruined
archive does not need memory in proportion to the ruin.
"""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archive.findings import FINDINGS, Outcome
from archive.times import format_time

KEPT_PER_CODE = 1000


def printable(text: str) -> str:
    """A subject that can be written anywhere: no control characters, no lone surrogates."""
    clean = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in clean)[:300]


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `subject` names what it is about: a record id, a key, `main-2026#17`."""

    code: str
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """How it counts."""
        return FINDINGS[self.code].outcome

    def sentence(self, language: str = "en") -> str:
        """What was found, for a person."""
        return FINDINGS[self.code].describe(self.subject, language)

    def advice(self, language: str = "en") -> str:
        """What to do about it."""
        return FINDINGS[self.code].advice[language]

    def to_value(self) -> dict[str, Any]:
        """For the JSON report."""
        return {
            "code": self.code,
            "details": dict(self.details),
            "outcome": self.outcome.value,
            "sentence": {"en": self.sentence("en"), "zh": self.sentence("zh")},
            "subject": self.subject,
        }


@dataclass(frozen=True, slots=True)
class LogHead:
    """Where a log stood: size, root in hex, and the newest token's time."""

    log: str
    size: int
    root: str
    gen_time: datetime | None


@dataclass(frozen=True, slots=True)
class KeptNote:
    """A signed note that proves a misbehaviour: give it to whoever judges."""

    name: str
    data: bytes


class Report:
    """Collects findings and figures; `outcome` is what it all comes to.

    `findings` holds what FAILED or is INDETERMINATE, `remarks` what is only INFO; both keep at most
    `KEPT_PER_CODE` of one code, `counts` counts all of them.
    """

    def __init__(self, scope: str, started_at: datetime) -> None:
        self.scope = scope
        self.started_at = started_at
        self.seconds = 0.0
        self.findings: list[Finding] = []
        self.remarks: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.checked: Counter[str] = Counter()
        self.heads: list[LogHead] = []
        self.evidence: list[KeptNote] = []
        self._lock = threading.Lock()

    def add(self, code: str, subject: str, /, **details: Any) -> None:
        """Note a finding; KeyError for a code that is not in the table."""
        outcome = FINDINGS[code].outcome
        with self._lock:
            self.counts[code] += 1
            if self.counts[code] > KEPT_PER_CODE:
                return
            kept = self.remarks if outcome is Outcome.INFO else self.findings
            kept.append(Finding(code, printable(subject), _clean(details)))

    def take(self, findings: "list[tuple[str, str, dict[str, Any]]]") -> None:
        """Note what a worker found."""
        for code, subject, details in findings:
            self.add(code, subject, **details)

    def count(self, what: str, number: int = 1) -> None:
        """Add to a figure such as `records` or `bytes`."""
        self.checked[what] += number

    def keep(self, name: str, data: bytes) -> None:
        """Keep a signed note as portable evidence; at most a few hundred."""
        note = KeptNote(name, data)
        if len(self.evidence) < 200 and note not in self.evidence:
            self.evidence.append(note)

    def number(self, outcome: Outcome) -> int:
        """How many findings count as this."""
        return sum(n for code, n in self.counts.items() if FINDINGS[code].outcome is outcome)

    @property
    def outcome(self) -> Outcome:
        """FAILED over INDETERMINATE over PASSED."""
        for outcome in (Outcome.FAILED, Outcome.INDETERMINATE):
            if self.number(outcome):
                return outcome
        return Outcome.PASSED

    def to_value(self) -> dict[str, Any]:
        """The JSON report."""
        return {
            "checked": dict(sorted(self.checked.items())),
            "counts": dict(sorted(self.counts.items())),
            "cunzheng_report": 1,
            "failed": self.number(Outcome.FAILED),
            "findings": [finding.to_value() for finding in self.findings],
            "heads": [
                {
                    "gen_time": format_time(head.gen_time) if head.gen_time else None,
                    "log": head.log,
                    "root": head.root,
                    "size": head.size,
                }
                for head in self.heads
            ],
            "indeterminate": self.number(Outcome.INDETERMINATE),
            "outcome": self.outcome.value,
            "remarks": [finding.to_value() for finding in self.remarks],
            "scope": self.scope,
            "seconds_milli": round(self.seconds * 1000),
            "started_at": format_time(self.started_at),
        }


def _clean(details: Mapping[str, Any]) -> dict[str, Any]:
    return {k: printable(v) if isinstance(v, str) else v for k, v in details.items()}
