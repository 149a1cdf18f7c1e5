"""Sidecars in a walk: what was read of them is remembered, and files wait for theirs.

A file waits while something beside it that may be its sidecar, by its name, is still being written;
for a list only so long, for a list may be written to for ever. A file without any sidecar waits as
long as its source's terms say. A sidecar whose file is not there has a file that is still to come,
or that was taken without it: that is asked once it has rested.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from archive.errors import Unreachable
from ingest.claim import FILE, LIST
from ingest.complete.folder import Folder
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.faults import is_of_one, what_of
from ingest.found import Drop, Found
from ingest.settle import FileKey, Settled
from ingest.sidecar import MAX_SIZE
from ingest.sidecars.lists import UNBOUND_SECONDS, Around, Lists
from ingest.sidecars.mapping import Mappings
from ingest.sidecars.pairing import NOTHING, Known, Pairs, look, may_be, owners_of, pair
from ingest.sources import read_head
from ingest.under_way import Copies

JSON = b".json"
LATE_SECONDS = 30.0
"""So long a sidecar without its file waits at least for a file that is still to come."""
LIST_SECONDS = 10.0
"""So long files wait at least for a list of their folder that is not complete."""
MISSING = "LIST_FILE_MISSING"
UNUSED = "SIDECAR_UNUSED"
UNUSED_NOTE = "it is written like a sidecar, but goes with no file or with several"
_MOST_NAMED = 10


@dataclass(slots=True)
class Waits:
    """How long files wait for their sidecars. Seconds."""

    mappings: Mappings = field(default_factory=Mappings)
    seconds: Callable[[str], float] = lambda _: 0.0
    """Of a source, for a file without a sidecar."""
    late: float = LATE_SECONDS
    """At least so long a sidecar waits for its file; 0: no file is still to come."""


class FolderSidecars:
    """What one source's walks remember of its sidecars."""

    def __init__(self, source: str, waits: Waits, around: Around) -> None:
        self._source = source
        self._waits = waits
        self._around = around
        self._copies = Copies()
        self._lists = Lists(source, around, self._copies)
        self._seen: dict[bytes, tuple[FileKey, Known | None]] = {}
        self._alive: set[bytes] = set()
        self._digests: dict[bytes, tuple[FileKey, bool]] = {}
        self._alone: set[bytes] = set()
        self.endings = (JSON, *waits.mappings.endings)
        """Ends of the names that are looked into."""
        self.wait = 0.0
        """Seconds that a file of this source waits for its sidecar."""

    def begin(self) -> None:
        """A new walk."""
        self.wait = self._waits.seconds(self._source)
        self._alive, self._alone = set(), set()
        self._copies.clear()

    def end(self) -> None:
        """The walk is over: forget what is gone."""
        self._lists.end()
        self._digests = {path: self._digests[path] for path in self._alone}
        if len(self._seen) > len(self._alive):
            self._seen = {path: kept for path, kept in self._seen.items() if path in self._alive}

    @property
    def late(self) -> float:
        """Seconds after which a sidecar without its file is held against what was taken."""
        return max(self.wait, self._waits.late) if self._waits.late else 0.0

    def may_be_late(self, file: Found, rested: float) -> bool:
        """Whether a sidecar without its file, at rest for so long, may be held against what was
        taken: no copy is under way, and it claims a SHA-256 or has rested for longer.
        """
        long = not self._waits.late or rested >= max(self.wait, UNBOUND_SECONDS)
        return (long or self._names_content(file)) and not self._copies.has(file.path)

    def _names_content(self, file: Found) -> bool:
        """Whether it may claim a SHA-256; it is read once."""
        kept = self._digests.get(file.path)
        if kept is None or kept[0] != file.key:
            try:
                found = b"sha256" in read_head(file.path, MAX_SIZE, file.key).lower()
            except (SourceChanged, SourceUnreadable):
                return False
            kept = self._digests[file.path] = (file.key, found)
        self._alone.add(file.path)
        return kept[1]

    def pairs(self, here: Folder, jsons: set[bytes]) -> Pairs:
        """What the settled files of a folder are to each other.

        One that cannot be read now, or has changed, leaves `settled` and is looked at again.
        """
        mapped = self._waits.mappings.endings
        if not mapped:
            return NOTHING
        known: dict[bytes, Known] = {}
        for name in [name for name in here.settled if name.endswith(mapped)]:
            try:
                found = self._look(here.files[name])
            except Exception as error:
                if not is_of_one(error):
                    raise
                del here.settled[name]
                if not isinstance(error, Unreachable):
                    here.faults.append((here.files[name].path, what_of(error)))
                continue
            if found is not None:
                known[name] = found
        taken = {name[: -len(JSON)] for name in jsons} | jsons
        pairs = pair(here.files.keys(), known, taken) if known else NOTHING
        return self._lists.look(here, known, pairs, taken)

    def _look(self, file: Found) -> Known | None:
        self._alive.add(file.path)
        kept = self._seen.get(file.path)
        if kept is not None and kept[0] == file.key:
            return kept[1]
        found = look(
            self._waits.mappings,
            file.name,
            file.key.size,
            lambda most: read_head(file.path, min(most, MAX_SIZE), file.key),
        )
        self._seen[file.path] = (file.key, found)
        return found

    def key_of(self, name: bytes, here: Folder, pairs: Pairs) -> FileKey | None:
        """Key of the file that is a file's sidecar by a mapping."""
        beside, claim = pairs.of.get(name, (b"", None))
        return here.files[beside].key if claim is not None and claim.kind == FILE else None

    def may_wait(self, here: Folder, pairs: Pairs) -> "Waiting | None":
        """What holds files of a folder back; None where nothing does."""
        names: set[bytes] = set()
        lists = False
        mapped = self._waits.mappings.endings
        unsettled = len(here.files) > len(here.settled)
        for name in here.files.keys() - here.settled.keys() if mapped and unsettled else ():
            if not name.endswith(mapped):
                continue
            for mapping in may_be(self._waits.mappings, name):
                lists = lists or mapping.is_list
                for owner, is_stem in owners_of(mapping, name):
                    names.add(owner + b"." if is_stem else owner)
        if not (names or lists or pairs.lists or self.wait):
            return None
        longest = max(self.wait, UNBOUND_SECONDS) if self._waits.late else self.wait
        incomplete = {
            name
            for name in pairs.lists.keys() & here.settled.keys()
            if not self._around.is_taken(here.files[name].path)
            and self._lists.waits(here, name, pairs, longest)
        }
        of = pairs.of.items() if pairs.lists else ()
        incomplete |= {beside for name, (beside, _) in of if name not in here.settled}
        return Waiting(names, self.wait, LIST_SECONDS if lists else 0.0, incomplete)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why files of one folder may be held back.

    `names` are those that may have a sidecar which is not complete (a stem ends with a dot); `wait`
    and `lists` are seconds; `incomplete` are lists that wait for files which are still to come
    or have not settled.
    """

    names: set[bytes]
    wait: float
    lists: float
    incomplete: Collection[bytes] = ()

    def holds(self, drop: Drop, rested: float) -> bool:
        """Whether a file waits that has been complete for so many seconds."""
        name, claim = drop.file.name, drop.claim
        if claim is not None and claim.kind == LIST:
            # It goes last, for with it goes what it says of the others.
            return name in self.incomplete
        if drop.has_sidecar:
            return False
        if name in self.names or name.rpartition(b".")[0] + b"." in self.names:
            return True
        return rested < max(self.wait, self.lists)


def is_sidecar_of(name: bytes, names: Collection[bytes], jsons: Collection[bytes]) -> bool:
    """Whether a name is one of the JSON sidecars, and its file is among the names."""
    owner = name[: -len(JSON)]
    return name in jsons and owner in names and owner not in jsons


def paired(file: Found, state: Settled, beside: Found, other: Settled, is_sidecar: bool) -> Drop:  # noqa: FBT001
    """The drop of a file with the `<name>.json` that stands beside it."""
    if not is_sidecar:
        return Drop(file, None, state)
    both = Settled(state.lease and other.lease, min(state.seconds, other.seconds))
    return Drop(file, beside, both)


def paired_by_mapping(name: bytes, here: Folder, pairs: Pairs) -> Drop:
    """The drop of a file that has a sidecar by a mapping, or is a list, or only looks like one."""
    file, state = here.files[name], here.settled[name]
    if name in pairs.lists:
        claim = pairs.lists[name]
        missing = ((MISSING, missing_note(claim.missing)),) if claim.missing else ()
        return Drop(file, None, state, missing, claim=claim)
    if name in pairs.unused:
        return Drop(file, None, state, ((UNUSED, UNUSED_NOTE),))
    beside, claim = pairs.of[name]
    other = here.settled.get(beside, state)  # a list may have gone before the file came
    both = Settled(state.lease and other.lease, min(state.seconds, other.seconds))
    return Drop(file, here.files[beside] if claim.kind == FILE else None, both, claim=claim)


def missing_note(names: Sequence[str]) -> str:
    """What the record of a list says of names that are no files."""
    shown = ", ".join(name[:60] for name in names[:_MOST_NAMED])
    more = "" if len(names) <= _MOST_NAMED else f" and {len(names) - _MOST_NAMED} more"
    return f"rows that name no file of its folder: {len(names)} ({shown}{more})"
