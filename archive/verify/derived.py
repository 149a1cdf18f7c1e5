"""Derivatives in live against the entries that speak of them (docs/formats.md §13).

They are no evidence, so one that is missing is only worth knowing; one with other bytes fails,
because people look at it. What nothing names becomes a suspect, as in evidence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice

from archive import layout
from archive.errors import ArchiveError, ObjectMissing
from archive.report import Report
from archive.verify.context import Context, Found, guarded
from archive.verify.index import Index
from archive.verify.workers import Workers

FOLDER = "live/derived"
_AT_ONCE = 32
_MOST_NAMED = 20
_PARENT = """
SELECT d.place, d.id, d.parent FROM derived d WHERE NOT EXISTS
  (SELECT 1 FROM record r, json_each(r.body, '$.content') c WHERE r.id=d.id AND c.value=d.parent)
"""
_LAST = """
SELECT max(rowid) AS n, id, key FROM derived WHERE role NOT IN ('excerpt', 'marked')
GROUP BY id, role
"""
_MISSING = f"""
SELECT DISTINCT id FROM ({_LAST}) WHERE key NOT IN (SELECT key FROM stored)
  AND id NOT IN (SELECT id FROM destroyed UNION SELECT id FROM spilled)
  AND id NOT IN (SELECT id FROM lost) {{scope}} ORDER BY id
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class DerivedJob:
    """A derivative that stands in live: its key, and the digest that its entry states."""

    key: str
    digest: str
    place: str


@dataclass(slots=True)
class DerivedFacts:
    """What came of some of them."""

    checked: int = 0
    found: Found = field(default_factory=list)


def check_derived(
    context: Context, index: Index, report: Report, pool: Workers, *, whole: bool, lost: bool
) -> None:
    """Compare listing, entries and bytes. With `lost` not every entry could be read."""
    if not lost and index.one("SELECT 1 FROM derived") is not None:
        index.run("CREATE INDEX IF NOT EXISTS record_id ON record(id)")
        for place, record, parent in index.rows(_PARENT):
            report.add("REFERENCE_BAD", place, names=f"{record} {parent}")
    listing = _Listing(context, index, report, whole=whole)
    try:
        for facts in pool.map(_read, _chunks(listing.jobs())):
            report.take(facts.found)
            report.count("derivatives", facts.checked)
    except (ArchiveError, OSError) as error:
        report.add("STORE_UNREADABLE", FOLDER, reason=str(error))
        return
    scope = "" if whole else "AND id IN (SELECT id FROM selected)"
    missing = [row[0] for row in index.rows(_MISSING.format(scope=scope))]
    if missing:
        report.add("DERIVED_MISSING", FOLDER, count=len(missing), records=missing[:_MOST_NAMED])


class _Listing:
    """What stands in live: jobs for what an entry names, suspects and findings for the rest."""

    def __init__(self, context: Context, index: Index, report: Report, *, whole: bool) -> None:
        self._context = context
        self._index = index
        self._report = report
        self._whole = whole

    def jobs(self) -> Iterator[DerivedJob]:
        """Everything in scope that has to be read."""
        for prefix in self._prefixes():
            for info in self._context.live.list(prefix):
                safe = info.key.encode("utf-8", "backslashreplace").decode()
                if self._is_destroyed(safe):
                    self._report.add("DESTROYED_STILL_THERE", f"live/{safe}")
                elif named := self._named(safe):
                    self._index.add("stored", [(safe,)])
                    yield DerivedJob(safe, *named)
                elif self._whole:
                    young = self._context.young(info.modified)
                    row = (f"live/{safe}", "derived", f"live/{safe}", young)
                    self._index.add("suspect", [row])

    def _prefixes(self) -> list[str]:
        if self._whole:
            return ["derived/"]
        rows = self._index.rows("SELECT DISTINCT id FROM derived JOIN selected USING(id)")
        return [layout.derived_prefix(row[0]) for row in rows]

    def _named(self, key: str) -> tuple[str, str] | None:
        query = "SELECT digest, place FROM derived WHERE key=? ORDER BY rowid DESC LIMIT 1"
        found = self._index.one(query, key)
        return (found[0], found[1]) if found else None

    def _is_destroyed(self, key: str) -> bool:
        record = key.split("/")[1]
        return self._index.one("SELECT 1 FROM destroyed WHERE id=?", record) is not None


def _chunks(jobs: Iterator[DerivedJob]) -> Iterator[list[DerivedJob]]:
    while chunk := list(islice(jobs, _AT_ONCE)):
        yield chunk


def _read(context: Context, jobs: Sequence[DerivedJob]) -> DerivedFacts:
    """Read some derivatives; one that went away meanwhile was replaced, or swept."""
    facts = DerivedFacts()
    for job in jobs:
        guarded(lambda job=job: _compare(context, job, facts), f"live/{job.key}", facts.found)  # type: ignore[misc]
    return facts


def _compare(context: Context, job: DerivedJob, facts: DerivedFacts) -> None:
    total = sha256()
    try:
        for chunk in context.live.read(job.key):
            total.update(chunk)
    except ObjectMissing:
        return
    facts.checked += 1
    if f"sha256:{total.hexdigest()}" != job.digest:
        facts.found.append(("DERIVED_ALTERED", f"live/{job.key}", {"entry": job.place}))
