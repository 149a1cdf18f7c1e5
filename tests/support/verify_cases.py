"""The table of verification cases: every way an archive can be wrong, and what must be said of it.

A case is a function that gets a `Given`, damages or builds an archive, and returns the report with
the findings that are expected: code -> part of the subject. Nothing else may be found.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archive_builder import Builder, small_archive
from pki_fixture import Pki, make_pki

from archive.report import Report

Expected = dict[str, str]
Made = tuple[Report, Expected]
CASES: dict[str, "Case"] = {}


@dataclass(frozen=True)
class Case:
    name: str
    codes: tuple[str, ...]
    run: Callable[["Given"], Made]


def case(*codes: str) -> Callable[[Callable[["Given"], Made]], Callable[["Given"], Made]]:
    """Register a case with the codes that it must produce, remarks included."""

    def register(function: Callable[["Given"], Made]) -> Callable[["Given"], Made]:
        name = function.__name__
        assert name not in CASES, name
        CASES[name] = Case(name, codes, function)
        return function

    return register


class Given:
    """What cases start from. Finished archives are made once and copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._ready: dict[str, Builder] = {}
        self.pki: Pki = make_pki()

    def path(self) -> Path:
        self._count += 1
        return self._folder / str(self._count)

    def empty(self) -> Builder:
        return Builder(self.path(), self.pki)

    def small(self) -> Builder:
        """A copy of the small archive that may be damaged."""
        return self.copy("small", lambda: small_archive(self.path(), self.pki))

    def large(self) -> Builder:
        """600 entries: two full tiles, two seals."""
        return self.copy("large", self._large)

    def _large(self) -> Builder:
        made = self.empty()
        made.open()
        for number in range(599):
            if number == 299:
                made.seal()
            made.refuse(f"DSJ-{number % 7}")
        made.seal()
        return made

    def two_logs(self) -> Builder:
        """A closed log of 2026 and a log of 2027."""
        return self.copy("two", self._two_logs)

    def _two_logs(self) -> Builder:
        made = self.empty()
        made.open()
        made.accession(b"old")
        made.seal()
        made.roll_over("main-2027")
        made.accession(b"new")
        made.seal()
        return made

    def copy(self, name: str, make: Callable[[], Builder]) -> Builder:
        """A copy of what `make` makes once."""
        if name not in self._ready:
            self._ready[name] = make()
        ready = self._ready[name]
        made = copy.copy(ready)
        made.root = ready.copy(self.path())
        made.heads = dict(ready.heads)
        made.records = list(ready.records)
        made.logs = copy.deepcopy(ready.logs)
        made.log = made.logs[-1]
        made.tsa = made.pki.embedded_authority(lambda: made.now, made.now)
        return made


def findings_of(report: Report) -> dict[str, list[str]]:
    """Subjects by code, remarks included."""
    found: dict[str, list[str]] = {}
    for finding in (*report.findings, *report.remarks):
        found.setdefault(finding.code, []).append(finding.subject)
    return found
