"""Lists of sidecars: what of them has come, for how long they wait, and what is left of them.

A list goes last. It waits for the files that it names, like every sidecar: until nothing of it has
come for ten minutes, and while a copy of one of them is under way. What came and was let go of is
not missing. Where it has been taken its rows stay known for half a day, for files that come still.
"""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.claim import TWICE, Claim
from ingest.complete.folder import Folder
from ingest.found import Found
from ingest.names import decode_name
from ingest.sidecars.pairing import NOTHING, Known, Pairs, claim_of, texts_of
from ingest.under_way import Copies

UNBOUND_SECONDS = 600.0
"""So long a sidecar that names no content waits for its file: copies of films take long."""
LEFT_SECONDS = 12 * 3600.0
"""So long rows of a list that was taken are bound to files; after it devices use names again."""
MOST_LEFT = 50_000
"""Such rows of one source that are remembered."""
_EARLIER = 60
"""Seconds by which the archive's clock and the file system's may differ."""


class Around(NamedTuple):
    """What lists are asked of: a clock that never jumps; which paths of a source the archive has
    taken since a moment; whether a path was taken as it was last seen.
    """

    monotonic: Callable[[], float]
    taken: Callable[[str, Sequence[bytes], float], set[bytes]]
    is_taken: Callable[[bytes], bool]


@dataclass(slots=True)
class _List:
    """One list, by its name in its folder; `since` is when something of it came last."""

    file: Found
    known: Known
    names: frozenset[str]
    since: float
    came: set[str] = field(default_factory=set)
    missing: tuple[str, ...] = ()
    asked: bool = False
    """Whether the archive was asked for what is missing."""


@dataclass(slots=True)
class _Left:
    """Rows of a list that was taken, for which nothing had come, by the names in them."""

    rows: dict[str, Claim]
    until: float
    bound: set[str] = field(default_factory=set)


class Lists:
    """What one source's walks remember of its lists, by folder and name."""

    def __init__(self, source: str, around: Around, copies: Copies) -> None:
        self._source = source
        self._around = around
        self._copies = copies
        self._lists: dict[bytes, dict[bytes, _List]] = {}
        self._stand: dict[bytes, dict[bytes, _List]] = {}
        """Of this walk."""
        self._left: dict[bytes, dict[bytes, _Left]] = {}

    def look(
        self, here: Folder, known: Mapping[bytes, Known], pairs: Pairs, jsons: Collection[bytes]
    ) -> Pairs:
        """The same pairs, where lists say what is still missing, with rows of lists that went."""
        lists = {name: one for name, one in known.items() if one.rows}
        before = self._stand.get(here.inside) or self._lists.get(here.inside, {})
        for name in before.keys() - here.files.keys():
            self._went(here, name, before.pop(name))
        for name, one in lists.items():
            before[name] = self._stands(here.files[name], one, before.get(name), pairs)
        if before:
            self._stand[here.inside] = before
        left = self._left.get(here.inside)
        return _bound(here, pairs, left, {*known, *jsons}) if left else pairs

    def _stands(self, file: Found, known: Known, one: _List | None, pairs: Pairs) -> _List:
        """It is there: what has come of it, and whether that is more than before."""
        now = self._around.monotonic()
        if one is None or one.file.key != file.key:
            names = frozenset(row.name for row in known.rows if row.name)
            came = one.came if one is not None else set()
            one = _List(file, known, names, now, came)
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
            one.came.update(self._archived(one))
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

    def _archived(self, one: _List) -> Iterator[str]:
        """Names that a drop had which was taken since the list was written."""
        folder = os.path.dirname(one.file.path)
        paths = {folder + b"/" + raw: name for name in one.missing for raw in _forms(name)}
        since = one.file.key.ctime_ns / 1e9 - _EARLIER
        for path in self._around.taken(self._source, list(paths), since):
            yield paths[path]

    def _went(self, here: Folder, name: bytes, one: _List) -> None:
        """It is not there any more; if it was taken, its rows are still good for what comes, and
        for what has come and was not taken yet.
        """
        if not self._around.is_taken(one.file.path):
            return
        rows: dict[str, Claim] = {}
        waiting = self._waiting(here, one)
        missing = {*one.missing} | waiting
        for row in one.known.rows:
            if row.name and row.name in missing:
                claim = claim_of(one.known.mapping, row, name)
                before = rows.setdefault(row.name, claim)
                if before.data != claim.data:
                    rows[row.name] = before._replace(kind=TWICE)
        if rows:
            left = _Left(rows, self._around.monotonic() + LEFT_SECONDS, waiting)
            self._left.setdefault(here.inside, {})[name] = left

    def _waiting(self, here: Folder, one: _List) -> set[str]:
        """Names of its files that stand in the folder and were not taken: their rows are bound."""
        if not one.came:
            return set()
        there = {text: here.files[name].path for text, name in texts_of(here.files).items()}
        names = one.came & there.keys()
        return {text for text in names if not self._around.is_taken(there[text])}

    def end(self) -> None:
        """The walk is over: forget what is too old, and the oldest where there is too much."""
        self._lists, self._stand = self._stand, {}
        if not self._left:
            return
        now, count = self._around.monotonic(), 0
        every = [(of, *one) for of in self._left.values() for one in of.items()]
        for of, name, left in sorted(every, key=lambda one: -one[2].until):
            count += len(left.rows)
            if now > left.until or not left.rows or count > MOST_LEFT:
                del of[name]
        self._left = {inside: of for inside, of in self._left.items() if of}


def _bound(
    here: Folder, pairs: Pairs, lefts: Mapping[bytes, _Left], taken: Collection[bytes]
) -> Pairs:
    """Rows of lists that went, for files that nothing else speaks of; each row for one file."""
    found = Pairs() if pairs is NOTHING else pairs
    by_text = texts_of(name for name in here.files if name not in taken)
    for name, left in lefts.items():
        for text in left.bound - by_text.keys():
            left.bound.discard(text)
            del left.rows[text]
        for text in left.rows.keys() & by_text.keys():
            if by_text[text] not in found.of:
                found.of[by_text[text]] = (name, left.rows[text])
                left.bound.add(text)
    return found


def _forms(name: str) -> Iterator[bytes]:
    """Bytes that a name may have."""
    for encoding in ("utf-8", "gb18030"):
        yield name.encode(encoding, "replace")
