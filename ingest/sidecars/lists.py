"""Lists of sidecars: what of them has come, for how long they wait, and what is left of them.

A list goes last. It waits for the files that it names, like every sidecar: until nothing of it has
come for ten minutes, and while a copy of one of them is under way. What came and was let go of is
not missing. Once it has been taken its rows stay known for half a day, for files that come still
(ingest.sidecars.left).
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from archive.errors import Unreachable
from ingest.claim import TWICE, Claim
from ingest.complete.folder import Folder
from ingest.found import Found
from ingest.names import decode_name
from ingest.sidecars.left import (
    LEFT_SECONDS,
    MOST_LEFT,
    MOST_LISTS,
    Ident,
    Left,
    LeftRows,
    Lefts,
)
from ingest.sidecars.pairing import NOTHING, Known, Pairs, claim_of, texts_of
from ingest.under_way import Copies

UNBOUND_SECONDS = 600.0
"""So long a sidecar that names no content waits for its file: copies of films take long."""
_EARLIER = 60
"""Seconds by which the archive's clock and the file system's may differ."""


class Around(NamedTuple):
    """What lists are asked of: a clock that never jumps; which paths of a source the archive has
    taken since a moment; whether a path was taken as it was last seen.
    """

    monotonic: Callable[[], float]
    taken: Callable[[str, Sequence[bytes], float], set[bytes]]
    is_taken: Callable[[bytes], bool]
    used: Callable[[str, Mapping[bytes, bytes]], set[bytes]]
    """Which paths of a source were taken with these bytes as their sidecar."""
    left: LeftRows


@dataclass(slots=True)
class _List:
    """One list, by its name in its folder; `since` is when something of it came last."""

    file: Found
    known: Known
    names: frozenset[str]
    since: float
    came: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    """Names of files that were taken beside it."""
    missing: tuple[str, ...] = ()
    asked: bool = False
    """Whether the archive was asked for what is missing."""

    def ident(self, inside: bytes) -> Ident:
        """Under which its rows are left."""
        return Ident(inside, self.file.name, self.file.key.ctime_ns)


class Lists:
    """What one source's walks remember of its lists, by folder and name."""

    def __init__(self, source: str, top: bytes, around: Around, copies: Copies) -> None:
        self._source = source
        self._top = top
        self._around = around
        self._copies = copies
        self._lists: dict[bytes, dict[bytes, _List]] = {}
        self._stand: dict[bytes, dict[bytes, _List]] = {}
        """Of this walk."""
        self._left: Lefts | None = None
        self._changed = False
        """Whether they are other than they are kept."""

    def look(
        self, here: Folder, known: Mapping[bytes, Known], pairs: Pairs, jsons: Collection[bytes]
    ) -> Pairs:
        """The same pairs, where lists say what is still missing, with rows of lists that went."""
        lists = {name: one for name, one in known.items() if one.rows}
        before = self._stand.get(here.inside) or self._lists.get(here.inside, {})
        for name in before.keys() - here.files.keys():
            self._went(here.inside, before.pop(name))
        for name, one in lists.items():
            before[name] = self._stands(here.files[name], one, before.get(name), pairs)
        if before:
            self._stand[here.inside] = before
        return self._bound(here, before, pairs, {*known, *jsons}) if self._lefts() else pairs

    def _stands(self, file: Found, known: Known, one: _List | None, pairs: Pairs) -> _List:
        """It is there: what has come of it, and whether that is more than before."""
        now = self._around.monotonic()
        if one is None or one.file.key != file.key:
            names = frozenset(row.name for row in known.rows if row.name)
            came, done = (one.came, one.done) if one is not None else (set(), set())
            one = _List(file, known, names, now, came, done)
        claim = pairs.lists[file.name]
        one.came |= one.names.difference(claim.missing)
        self._still_missing(one, claim, pairs, now)
        return one

    def _still_missing(self, one: _List, claim: Claim, pairs: Pairs, now: float) -> None:
        missing = tuple(name for name in claim.missing if name not in one.came)
        if missing != one.missing:
            one.missing, one.since, one.asked = missing, now, False
        pairs.lists[one.file.name] = claim._replace(missing=missing)

    def waits(self, here: Folder, name: bytes, pairs: Pairs, seconds: float) -> bool:
        """Whether a list still waits for files; `seconds` is for how long nothing must have come.

        One that does not says for good what is missing: the archive may have it from before.
        """
        one = self._stand.get(here.inside, {}).get(name)
        if one is None or not one.missing:
            return False
        now = self._around.monotonic()
        if now - one.since < seconds or (seconds and self._is_on_its_way(one)):
            return True
        if not one.asked:
            one.came.update(self._archived(one, one.missing))
            self._still_missing(one, pairs.lists[name], pairs, now)
            one.asked = True
        return False

    def _is_on_its_way(self, one: _List) -> bool:
        """Whether a temporary name of something that is missing stands beside the list."""
        copies = self._copies.names(os.path.dirname(one.file.path))
        if not copies:
            return copies is None  # who knows
        wanted = {name.lower() for name in one.missing}
        for copy in copies:
            parts = decode_name(copy).text.lower().lstrip(".").rstrip("~").split(".")
            if any(".".join(parts[:end]) in wanted for end in range(1, len(parts) + 1)):
                return True
        return False

    def _archived(self, one: _List, names: Collection[str]) -> Iterator[str]:
        """Those of some names that a drop had which was taken since the list was written."""
        folder = os.path.dirname(one.file.path)
        paths = {folder + b"/" + raw: name for name in names for raw in _forms(name)}
        since = one.file.key.ctime_ns / 1e9 - _EARLIER
        for path in self._around.taken(self._source, list(paths), since):
            yield paths[path]

    def use(self, inside: bytes, name: bytes) -> None:
        """A file was taken: its row is used. Of a list the rows are left that are not."""
        text, of = decode_name(name).text, self._stand.get(inside) or self._lists.get(inside, {})
        for one in of.values():
            one.done.add(text)
        for ident, left in (self._left or {}).items():
            if ident.inside == inside and left.rows.pop(text, None) is not None:
                self._changed = True
        if name in of:
            with suppress(Exception):  # whatever it is, it is met again when the list goes
                self._leave(inside, of[name])

    def _went(self, inside: bytes, one: _List) -> None:
        """It is not there any more; if it was taken, its rows are still good for what comes."""
        path, since = one.file.path, one.file.key.ctime_ns / 1e9 - _EARLIER
        if self._around.is_taken(path) or self._around.taken(self._source, [path], since):
            self._leave(inside, one)

    def _leave(self, inside: bytes, one: _List) -> None:
        """Remember the rows of which no file was taken."""
        ident = one.ident(inside)
        if ident in self._lefts() or not one.names - one.done:
            return
        one.done.update(self._archived(one, one.names - one.done))
        rows: dict[str, Claim] = {}
        for row in one.known.rows:
            if row.name and row.name not in one.done:
                claim = claim_of(one.known.mapping, row, one.file.name)
                before = rows.setdefault(row.name, claim)
                if before.data != claim.data:
                    rows[row.name] = before._replace(kind=TWICE)
        left = Left(rows, self._around.monotonic() + LEFT_SECONDS)
        self._without_used(ident, left)
        self._lefts()[ident] = left
        self._changed = True
        with suppress(OSError, Unreachable):  # the end of the walk tries again, and says so
            self._keep()  # what is used up meanwhile the archive knows

    def _without_used(self, ident: Ident, left: Left) -> None:
        """Forget rows with which a file was taken before we began: the list may be older than it
        looks, as stations append to their lists.
        """
        folder = b"/".join(filter(None, (self._top, ident.inside)))
        rows, names = dict[bytes, bytes](), dict[bytes, str]()
        for text, claim in left.rows.items():
            for raw in _forms(text):
                names[path := folder + b"/" + raw] = text
                rows[path] = claim.data or b""
        for path in self._around.used(self._source, rows) if rows else ():
            left.rows.pop(names[path], None)

    def _lefts(self) -> Lefts:
        """What is left, also by an earlier watcher."""
        if self._left is None:
            self._left = self._around.left.load(self._source)
            self._prune(self._left)
            for ident, left in self._left.items():
                self._without_used(ident, left)
        return self._left

    def _prune(self, lefts: Lefts) -> None:
        """Forget what is too old, and the oldest where there is too much."""
        now, rows = self._around.monotonic(), 0
        newest_first = sorted(lefts.items(), key=lambda one: -one[1].until)
        for number, (ident, left) in enumerate(newest_first):
            rows += len(left.rows)
            many = rows > MOST_LEFT or number >= MOST_LISTS
            if now > left.until or not left.rows or many:
                del lefts[ident]
                self._changed = True

    def _bound(
        self, here: Folder, stand: Mapping[bytes, _List], pairs: Pairs, known: Collection[bytes]
    ) -> Pairs:
        """Rows of lists that went, for files that nothing else speaks of; each row for one file."""
        found = Pairs() if pairs is NOTHING else pairs
        by_text: dict[str, bytes] | None = None
        for ident, left in self._lefts().items():
            one = stand.get(ident.name)
            if ident.inside != here.inside or (one and one.ident(here.inside) == ident):
                continue  # of another folder, or it stands and speaks for itself
            if by_text is None:
                by_text = texts_of(name for name in here.files if name not in known)
            for text in left.rows.keys() & by_text.keys():
                if by_text[text] not in found.of:
                    found.of[by_text[text]] = (ident.name, left.rows[text])
        return found

    def _keep(self) -> None:
        if self._changed:
            self._around.left.save(self._source, self._lefts())
            self._changed = False

    def end(self) -> None:
        """The walk is over."""
        self._lists, self._stand = self._stand, {}
        if self._lefts() and not self._changed and not self._around.left.is_kept(self._source):
            self._lefts().clear()  # a spill took them away
        self._prune(self._lefts())
        self._keep()


def _forms(name: str) -> Iterator[bytes]:
    """Bytes that a name may have."""
    for encoding in ("utf-8", "gb18030"):
        yield name.encode(encoding, "replace")
