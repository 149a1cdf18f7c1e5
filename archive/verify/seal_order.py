"""Seals in their order: times rise, no silence is too long, no token too late, none is pending."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from archive.layout import TILE_WIDTH, token_key
from archive.report import Report
from archive.verify.bundle import NO_TIME, microseconds
from archive.verify.context import Context
from archive.verify.index import Index
from archive.verify.seals import SealFacts, SealJob

Interval = tuple[int, int]
_SECOND = 1_000_000
_CLOCKS_AGREE = 300 * _SECOND
_CHUNK = TILE_WIDTH // 4


def seal_jobs(index: Index, log: str) -> Iterator[list[SealJob]]:
    """The seals of a log in order of size, in chunks for the workers."""
    chunk: list[SealJob] = []
    rows = index.rows(
        "SELECT s.size, s.root, s.oldest, s.latest, l.note, l.p7s, l.tst, "
        "(SELECT group_concat(DISTINCT tst) FROM late WHERE late.log=s.log AND late.size=s.size) "
        "FROM seal s LEFT JOIN linked l ON l.log=s.log AND l.size=s.size "
        "WHERE s.log=? ORDER BY s.size",
        log,
    )
    for size, root, oldest, latest, note, p7s, tst, late in rows:
        named = (note, p7s, tst) if note is not None else None
        tokens = tuple(late.split(",")) if late else ()
        first = NO_TIME if oldest is None else oldest
        chunk.append(SealJob(log, size, root, first, latest or 0, named, tokens))
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def recorded_outages(index: Index, logs: Sequence[str], report: Report) -> list[Interval]:
    """Outages of these logs in microseconds, merged; one without an end lasts until one ends it."""
    spans: dict[str, tuple[str, int, int]] = {}
    for log in logs:
        rows = index.rows("SELECT id, since, until, reason FROM outage WHERE log=?", log)
        for identifier, since, until, reason in rows:
            spans[identifier] = (reason, since, NO_TIME if until is None else until)
    merged: list[Interval] = []
    for reason, since, until in sorted(spans.values(), key=lambda span: span[1:]):
        lasted = None if until == NO_TIME else (until - since) // _SECOND
        report.add("OUTAGE_RECORDED", f"{_moment(since)} ({reason})", seconds=lasted)
        if merged and since <= merged[-1][1] and NO_TIME not in (until, merged[-1][1]):
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged


def recorded_stops(index: Index, logs: Sequence[str]) -> list[Interval]:
    """Times in which the machine was off, as it said when it was back."""
    query = "SELECT since, until FROM outage WHERE log=? AND reason='not_running'"
    rows = [row for log in logs for row in index.rows(query, log)]
    return sorted({(since, until) for since, until in rows if until is not None})


def _moment(microsecond: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microsecond)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def uncovered(start: int, end: int, outages: Sequence[Interval], slack: int) -> int:
    """Microseconds between two times that lie in no outage.

    An outage whose end is not recorded excuses only the silence in which it began: otherwise one
    entry would switch the check off for good.
    """
    covered = 0
    for since, until in outages:
        if until != NO_TIME or since >= start - slack:
            covered += max(0, min(end, until) - max(start, since))
    return end - start - covered


class SealOrder:
    """Takes the seals of one office's logs in order."""

    def __init__(
        self,
        context: Context,
        report: Report,
        outages: list[Interval],
        stops: list[Interval],
    ) -> None:
        self.newest: datetime | None = None
        self._last: SealFacts | None = None
        self.internal = False
        self._limits = context.policy.limits
        self._now = microseconds(context.now)
        self._report = report
        self._outages = outages
        self._stops = stops
        self._wrong_roots: dict[str, int] = {}

    def take(self, facts: SealFacts) -> None:
        """Check one seal against the ones before."""
        self._report.take(facts.found)
        self._report.count("seals")
        self._last = facts
        job = facts.job
        if facts.wrong_root is not None:
            self._wrong_root(facts)
        if facts.pending:
            self._pending(job)
        if facts.gen_time is None:
            return
        self.internal = self.internal or facts.internal
        key = token_key(job.log, job.size)
        if self.newest is not None:
            self._compare(key, self.newest, facts.gen_time)
        delay = self._delay(job.oldest, facts.gen_time)
        if delay > self._limits.max_token_delay * _SECOND:
            self._report.add("TIMESTAMP_LATE", key, seconds=delay // _SECOND)
        ahead = job.latest - microseconds(facts.gen_time)
        if ahead > _CLOCKS_AGREE:
            self._report.add("CLOCK_DIFFERS", key, seconds=ahead // _SECOND)
        if self.newest is None or facts.gen_time > self.newest:
            self.newest = facts.gen_time

    def _delay(self, oldest: int, time: datetime) -> int:
        """Microseconds from a batch's oldest entry to its token.

        A power cut in the middle of a batch is excused, and only that: the stop began with the
        token before. Who signs a history anew has no such token to begin with.
        """
        delay = microseconds(time) - oldest
        if delay <= self._limits.max_token_delay * _SECOND or self.newest is None:
            return delay
        before = microseconds(self.newest) - _SECOND
        stops = [stop for stop in self._stops if stop[0] >= before]
        return uncovered(oldest, microseconds(time), stops, 0)

    def _wrong_root(self, facts: SealFacts) -> None:
        """One alteration makes every later root wrong: the first one is reported."""
        log = facts.job.log
        self._wrong_roots[log] = self._wrong_roots.get(log, 0) + 1
        if self._wrong_roots[log] > 1:
            return
        root = facts.job.root.hex() if facts.job.root else None
        self._report.add(
            "LEDGER_ALTERED", log, size=facts.job.size, signed=facts.wrong_root, root=root
        )

    def _pending(self, job: SealJob) -> None:
        delay = self._now - job.oldest
        late = delay > self._limits.max_token_delay * _SECOND
        code = "TIMESTAMP_LATE" if late else "TIMESTAMP_PENDING"
        self._report.add(code, token_key(job.log, job.size), seconds=max(0, delay // _SECOND))

    def _compare(self, key: str, before: datetime, time: datetime) -> None:
        if time <= before:
            self._report.add("TIMESTAMP_ORDER", key, time=str(time), before=str(before))
            return
        limit = self._limits.max_seal_gap * _SECOND
        silence = microseconds(time) - microseconds(before)
        if silence > limit:
            silence = uncovered(microseconds(before), microseconds(time), self._outages, limit)
        if silence > limit:
            self._report.add("SEAL_GAP", key, seconds=silence // _SECOND)

    def finish(self, name: str) -> None:
        """After the newest seal: is it recent, and whose time is it."""
        if self.newest is not None:
            age = self._now - microseconds(self.newest)
            if age > self._limits.max_age * _SECOND:
                self._report.add("STALE", name, seconds=age // _SECOND)
        if self.internal:
            self._report.add("INTERNAL_TIME", name)
        if self._last is not None and self._last.judged:
            self._crl_number(name, self._last.crl_number)

    def _crl_number(self, name: str, number: int | None) -> None:
        """A policy may know of a newer CRL than the archive shows: then one was withheld."""
        least = self._limits.min_crl_number
        if (number or 0) < least:
            self._report.add("REVOCATION_UNKNOWN", name, newest_crl=number, policy_asks=least)
