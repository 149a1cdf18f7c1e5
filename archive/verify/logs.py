"""Which logs there are, how far each is sealed, and whether they follow one another.

The snapshot: a log is verified up to its newest note that a key of the policy signed and whose CMS
is stored. What lies beyond is the work of a running sealer, or damage; `beyond` tells them apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.layout import cms_key, note_key, seals_prefix
from archive.report import Report
from archive.verify.context import NOTE_LIMIT, Context, Found, fetch
from archive.verify.index import Index
from archive.verify.ledger import LogWalk
from signing.checkpoint import Checkpoint
from signing.errors import SigningError
from signing.note import Note, verify_note

_SEAL_FILE = re.compile(r"(\d{16})\.note(\.p7s(\.tst)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far a log is verified, and the note that says so."""

    log: str
    size: int
    note: bytes


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A seal beyond the snapshot that lacks a file."""

    log: str
    size: int
    missing: str
    modified: datetime
    note: bytes | None = None


def log_names(context: Context) -> list[str]:
    """The logs that have evidence, oldest first within an office."""
    names = []
    after = ""
    while (info := next(iter(context.evidence.list("log/", after)), None)) is not None:
        name = info.key.split("/")[1]
        after = f"log/{name}0" if info.key.count("/") > 1 else info.key
        try:
            names.append(fields.log_name(name))
        except FormatError:
            continue
    return sorted(set(names), key=lambda name: (name[:-5], name[-4:]))


def chains(names: Sequence[str]) -> list[list[str]]:
    """The logs of every office, oldest first."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name[:-5], []).append(name)
    return list(found.values())


def list_seals(context: Context, index: Index, log: str) -> None:
    """Put the stored seals of a log into the index."""
    prefix = seals_prefix(log)

    def rows() -> Iterator[tuple[Any, ...]]:
        size, files, modified = -1, set[str](), 0.0
        for info in context.evidence.list(prefix):
            match = _SEAL_FILE.fullmatch(info.key.removeprefix(prefix))
            if not match or int(match[1]) == 0:
                continue
            if int(match[1]) != size:
                if files:
                    yield (log, size, "" in files, ".p7s" in files, modified, None, None, None)
                size, files, modified = int(match[1]), set(), 0.0
            files.add(match[2] or "")
            modified = max(modified, info.modified.timestamp())
        if files:
            yield (log, size, "" in files, ".p7s" in files, modified, None, None, None)

    batch: list[tuple[Any, ...]] = []
    for row in rows():
        batch.append(row)
        if len(batch) >= 1000:
            index.add("seal", batch)
            batch.clear()
    index.add("seal", batch)


def judge_note(context: Context, log: str, size: int, data: bytes) -> str | None:
    """What is wrong with a stored note, as a code, or None."""
    try:
        note = Note.parse(data)
        checkpoint = Checkpoint.parse(note.text)
    except SigningError:
        return "SEAL_SIGNATURE_BAD"
    if checkpoint.origin != f"{context.policy.archive}/{log}" or checkpoint.size != size:
        return "SEAL_MISPLACED"
    try:
        verify_note(note, context.policy.log_keys_for(checkpoint.origin))
    except SigningError:
        return "SEAL_SIGNATURE_BAD"
    return None


def take_snapshot(
    context: Context, index: Index, report: Report, log: str
) -> tuple[Snapshot | None, list[Unfinished]]:
    """Find how far a log is sealed; reports what is wrong beyond, and forgets those seals."""
    fallback: Snapshot | None = None
    unfinished: list[Unfinished] = []
    beyond: Found = []
    seals = "SELECT size, note, cms, modified FROM seal WHERE log=? ORDER BY size DESC"
    for size, has_note, has_cms, modified in index.rows(seals, log):
        time = datetime.fromtimestamp(modified, UTC)
        if not has_note:
            unfinished.append(Unfinished(log, size, note_key(log, size), time))
            continue
        key = note_key(log, size)
        data = fetch(
            context.evidence, key, NOTE_LIMIT, beyond, "SEAL_MISSING", "SEAL_SIGNATURE_BAD"
        )
        problem = judge_note(context, log, size, data) if data is not None else None
        if data is not None and problem is None and has_cms:
            report.take(beyond)
            index.run("DELETE FROM seal WHERE log=? AND size>?", log, size)
            return Snapshot(log, size, data), unfinished
        if problem:
            beyond.append((problem, key, {}))
        elif data is not None:
            unfinished.append(Unfinished(log, size, cms_key(log, size), time, data))
        if data is not None and fallback is None and problem != "SEAL_MISPLACED" and has_cms:
            fallback = Snapshot(log, size, data)
    if fallback is None:
        report.take(beyond)
        report.add("SEAL_MISSING", seals_prefix(log), reason="no seal of this log can be read")
    return fallback, [u for u in unfinished if fallback is None or u.size > fallback.size]


class Succession:
    """Logs of one office: opened, closed and named by one another as docs/formats.md §5 asks."""

    def __init__(self, context: Context, index: Index, report: Report, names: list[str]) -> None:
        self._context = context
        self._index = index
        self._report = report
        self._names = names
        self._before: tuple[LogWalk, Snapshot] | None = None

    def add(self, walk: LogWalk, snapshot: Snapshot) -> None:
        """Check the next log after its walk."""
        self._check_opening(walk)
        self._check_closing(walk)
        self._before = (walk, snapshot)

    def _check_opening(self, walk: LogWalk) -> None:
        opened = [(i, body) for i, kind, body in walk.control if kind == "log.opened"]
        for index, _ in opened:
            if index:
                self._report.add("LOG_ORDER", f"{walk.log}#{index}", reason="opened twice")
        first = next((body for index, body in opened if index == 0), None)
        if first is None:
            if walk.complete:
                self._report.add("LOG_ORDER", walk.log, reason="it does not begin with log.opened")
            return
        if first["archive"] != self._context.policy.archive or first["log"] != walk.log:
            self._report.add("LOG_IDENTITY", walk.log)
        self._check_previous(walk, first["previous"])

    def _check_previous(self, walk: LogWalk, previous: Any) -> None:
        position = self._names.index(walk.log)
        expected = self._names[position - 1] if position else None
        named = previous["log"] if previous else None
        if named != expected:
            if named is not None and named not in self._names:
                self._report.add("LOG_MISSING", named, named_by=f"{walk.log}#0")
            else:
                reason = f"it names {named} as its predecessor, not {expected}"
                self._report.add("LOG_ORDER", walk.log, reason=reason)
        if previous is None:
            return
        row = (previous["note"], previous["p7s"], previous["tst"], f"{walk.log}#0")
        self._index.add("linked", [(named, previous["size"], *row)])
        if self._before is None or named != self._before[0].log:
            return
        size = self._before[0].size
        if size < previous["size"]:
            self._report.add("LEDGER_TRUNCATED", named, size=size, sealed=previous["size"])
        elif size > previous["size"]:
            self._report.add("ENTRY_AFTER_CLOSE", f"{named}#{previous['size']}")

    def _check_closing(self, walk: LogWalk) -> None:
        closed = [(i, body) for i, kind, body in walk.control if kind == "log.closed"]
        position = self._names.index(walk.log)
        following = self._names[position + 1] if position + 1 < len(self._names) else None
        if not closed:
            if following is not None and walk.complete:
                self._report.add("LOG_ORDER", walk.log, reason=f"not closed before {following}")
            return
        index, body = closed[0]
        if index != walk.size - 1:
            more = walk.size - 1 - index
            self._report.add("ENTRY_AFTER_CLOSE", f"{walk.log}#{index + 1}", entries=more)
        named = str(body["next"])
        if named == following:
            return
        if named in self._names:
            self._report.add("LOG_ORDER", walk.log, reason=f"it names {named} as the next log")
        # By the time that is signed with the entry: that of a file is anybody's to set.
        elif following is None and self._context.young(walk.closed_at):
            self._report.add("SEALING_IN_PROGRESS", named)
        else:
            self._report.add("LOG_MISSING", named, named_by=f"{walk.log}#{index}")
