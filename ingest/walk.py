"""Walks one source of the inbox and says which of its drops are complete.

    inbox/<source>/…/NAME            a drop
    inbox/<source>/…/NAME.json       its sidecar, if it says "cunzheng_sidecar": 1; else a record

Paths are bytes throughout. Links, FIFOs, sockets and devices are left alone and noticed once;
temporary and hidden names are not looked at until they have rested for long. Nothing in the inbox
is ever changed here.
"""

import os
from collections.abc import Iterator

from ingest import sidecar
from ingest.aside import aside_of, refusal_in
from ingest.claim import ALONE, LIST, Claim
from ingest.claim import JSON as JSON_MAPPING
from ingest.complete import MANIFEST, READY, hours
from ingest.complete.docking import WhenListed
from ingest.complete.folder import Folder
from ingest.complete.rules import Rule, WhenReady, WhenSettled, unfinished
from ingest.dir_entries import look
from ingest.errors import SourceChanged, SourceForbidden, SourceUnreadable
from ingest.faults import is_of_one, what_of
from ingest.found import Drop, Found, Noticed
from ingest.ignored import LONGEST_PATH, is_being_copied, is_ignored, is_passed_over
from ingest.lacking import Lacking
from ingest.settle import FileKey, Settled, Settler
from ingest.sidecars.folder import (
    JSON,
    FolderSidecars,
    Waiting,
    is_sidecar_of,
    paired,
    paired_by_mapping,
)
from ingest.sidecars.lists import Around
from ingest.sidecars.pairing import Pairs
from ingest.sources import read_head, writer_of
from ingest.watching import Rests, Watching

_SUFFIX = JSON
RESTED_SECONDS = 3600
"""After how long a temporary or hidden name is told: nobody is still writing it."""
CROWDED = 500_000
"""Files of one source from which on it is said that memory grows with them."""
HARD_LINKED = ("HARD_LINKED", "the file has other names too, by which it can still be changed")


class SourceWalk:
    """One source, walked again and again; it remembers between the walks."""

    def __init__(self, source: str, top: bytes, watching: Watching) -> None:
        self._source = source
        self._top = top
        self._watching = watching
        self._markers: dict[bytes, tuple[FileKey, bool]] = {}
        self._noticed: set[tuple[bytes, str]] = set()
        self._current: set[tuple[bytes, str]] = set()
        self._resting: dict[bytes, tuple[FileKey, float]] = {}
        self._still: dict[bytes, tuple[FileKey, float]] = {}
        self._remote = False
        self._name = ""
        self._rule: Rule = WhenSettled()
        self.settler = Settler(watching.settle)
        self._rests = Rests(self.settler, watching)
        around = Around(watching.monotonic, watching.taken, self.settler.is_taken)
        self._beside = FolderSidecars(source, watching.waits, around)
        self.held = 0
        """Files of this walk, or the last one, that wait for something beside them."""
        self.waiting = 0
        """Files of this walk, or the last one, that have not settled: look again soon."""
        self.folders = 0
        """Folders of this walk, or the last one."""
        self.lacking = Lacking()
        """What complete files lacked in the last walk that came to its end."""
        self._bare = 0

    def items(self) -> Iterator[Drop | Noticed]:
        """One walk; a drop is offered in every walk until it is taken (`Settler.take`).

        Where the source itself cannot be read, it forgets nothing: a lost mount is no empty folder.
        """
        self._begin()
        alive: set[bytes] = set()
        stack: list[tuple[bytes, Folder]] = [(self._top, Folder(b""))]
        while stack:
            path, here = stack.pop()
            inner: list[bytes] = []
            yield from self._list(path, here, inner)
            if (self._top, "unreadable") in self._current:
                self._noticed |= self._current
                return
            try:
                yield from self._judge(here, alive) if here.whole else ()
            except Exception as error:
                if not is_of_one(error):
                    raise
                yield from self._notice(path, "fault", what_of(error))
            for name in inner:
                inside = here.inside + b"/" + name if here.inside else name
                below = Folder(inside, here.device, here.remote, listings=here.listings)
                stack.append((path + b"/" + name, below))
        for item in self._rule.close():
            yield from self._told(item)
        self.waiting += self._rule.waiting
        self.lacking = self._lacking()
        if len(self.settler) > CROWDED:
            yield from self._notice(self._top, "crowded")
        self._markers = {path: kept for path, kept in self._markers.items() if path in alive}
        self._noticed, self._resting = self._current, self._still
        self._beside.end()
        self.settler.end_round()

    def failed(self, what: str) -> Noticed | None:
        """The walk has come to an early end; told once, while it is for the same reason."""
        self._noticed |= self._current
        if (self._top, what) in self._noticed:
            return None
        self._noticed.add((self._top, what))
        return Noticed(self._top, "fault", what)

    def _begin(self) -> None:
        self.waiting = self.folders = self.held = self._bare = 0
        self._beside.begin()
        self._current, self._still = set(), {}
        name = self._watching.complete(self._source)
        if name != self._name:
            self._name = name
            self._rule = self._new_rule(name)
        self._rule.lacking = 0

    def _new_rule(self, name: str) -> Rule:
        if name == READY:
            return WhenReady(self._rests)
        if name == MANIFEST:
            return WhenListed(self._source, self._top, self._watching.taken, self._rests)
        return WhenSettled()

    def _lacking(self) -> Lacking:
        lacking = self._rule.lacking
        if self._name == MANIFEST:
            return Lacking(manifest=lacking, sidecar=self._bare)
        return Lacking(marker=lacking, sidecar=self._bare)

    def _list(self, path: bytes, here: Folder, inner: list[bytes]) -> Iterator[Drop | Noticed]:
        """Read one directory: files go to `here`, names of folders to `inner`."""
        try:
            # Not by path alone: a folder that became a link since it was seen is not followed.
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            if not here.inside:
                yield from self._notice(path, "unreadable")
            return  # a folder below that has just gone is nothing to tell
        except OSError:
            here.whole = False
            yield from self._notice(path, "unreadable")
            return
        self.folders += 1
        try:
            yield from self._on_device(fd, path, here)
            with os.scandir(fd) as entries:
                for entry in entries:
                    yield from self._enter(entry, path, here, inner)
        except OSError:
            here.whole = False
            yield from self._notice(path, "unreadable")
        finally:
            os.close(fd)

    def _on_device(self, fd: int, path: bytes, here: Folder) -> Iterator[Noticed]:
        """A share may be mounted anywhere below the source."""
        device = os.fstat(fd).st_dev
        if device != here.device:
            here.device, here.remote = device, self._watching.is_remote(path)
            if here.remote:
                yield from self._notice(path, "network")

    def _enter(
        self, entry: os.DirEntry[str], path: bytes, here: Folder, inner: list[bytes]
    ) -> Iterator[Drop | Noticed]:
        name = os.fsencode(entry.name)
        whole = path + b"/" + name
        if is_ignored(name):
            refused = aside_of(name) is not None
            if refused and entry.is_file(follow_symlinks=False) and self._watching.is_refused(name):
                yield from self._aside(entry, name, whole, here)
            elif refused or is_passed_over(name):
                yield from self._pass_over(entry, name, whole, here)
            return
        kind, key, links = look(entry)
        if len(whole) > LONGEST_PATH:
            yield from self._notice(whole, "path_long")
        elif kind == "folder":
            inner.append(name)
        elif key is None:
            if kind != "gone":
                yield from self._notice(whole, kind)
        else:
            here.files[name] = Found(self._source, here.inside, name, whole, key)
            if links > 1:
                here.linked.add(name)

    def _judge(self, here: Folder, alive: set[bytes]) -> Iterator[Drop | Noticed]:
        """Settle the files of one folder, pair them with their sidecars, and ask the rule."""
        found, self._remote = here.files, here.remote
        alive.update(file.path for name, file in found.items() if name.endswith(_SUFFIX))
        unreadable: list[bytes] = []
        settled = here.settled = self._settled(found, unreadable)
        sidecars = self._sidecars(found, settled, unreadable)
        pairs = self._beside.pairs(here, sidecars)
        for path in unreadable:
            yield from self._notice(path, "unreadable")
        for path, what in here.faults:
            yield from self._notice(path, "fault", what)
        for noticed in self._rule.enter(here):
            yield from self._told(noticed)
        may_wait = self._beside.may_wait(here, pairs)
        # Lists go last: with them goes what they say of the others.
        for name in sorted(settled, key=pairs.lists.__contains__) if pairs.lists else settled:
            item = self._offer(name, here, sidecars, pairs)
            if isinstance(item, Noticed):
                ripe = self._ripe(item, here, pairs)
                yield from [ripe] if ripe else self._told(item)
            elif item is not None and not (may_wait and self._must_wait(item, may_wait)):
                if item.claim is not None and item.claim.missing:
                    yield from self._notice(item.file.path, "list_missing")
                for judged in self._rule.judge(item, here):
                    yield from self._told(judged)
        for file in here.copies:
            yield from self._unfinished(file)

    def _offer(
        self, name: bytes, here: Folder, sidecars: set[bytes], pairs: Pairs
    ) -> Drop | Noticed | None:
        """The drop of a settled file, with its sidecar; None where it is a sidecar, or must wait,
        or was taken.
        """
        found, settled = here.files, here.settled
        file, state = found[name], settled[name]
        if self._is_alone(name, here, sidecars, pairs):
            return Noticed(file.path, "sidecar_alone")
        beside = name + _SUFFIX
        if name in pairs.sidecars or is_sidecar_of(name, found, sidecars):
            return None
        key = found[beside].key if beside in sidecars else self._beside.key_of(name, here, pairs)
        if self.settler.is_taken(file.path, key):
            return None
        if name in pairs.of or name in pairs.lists or name in pairs.unused:
            drop = paired_by_mapping(name, here, pairs)
        elif beside not in found:
            drop = Drop(file, None, state)
        elif beside in settled:
            drop = paired(file, state, found[beside], settled[beside], beside in sidecars)
        else:
            return None
        return drop._replace(notes=(*drop.notes, HARD_LINKED)) if name in here.linked else drop

    def _is_alone(self, name: bytes, here: Folder, sidecars: set[bytes], pairs: Pairs) -> bool:
        """Whether it is a sidecar whose file is not there. One too large for that is a record."""
        if name in sidecars and not is_sidecar_of(name, here.files, sidecars):
            return here.files[name].key.size <= sidecar.MAX_SIZE
        return name in pairs.alone

    def _must_wait(self, drop: Drop, waiting: Waiting) -> bool:
        """Whether a file is held back for what may still come beside it."""
        rested = self.settler.rested(drop.file.path, self._watching.monotonic())
        held = waiting.holds(drop, rested - self._watching.settle.seconds)
        self.held += held
        self._bare += held and (drop.claim is None or drop.claim.kind != LIST)
        return held

    def _ripe(self, noticed: Noticed, here: Folder, pairs: Pairs) -> Drop | None:
        """A sidecar whose file is not there, once it has rested: its file may have been taken.

        Whoever takes it tells of it where nothing comes of it, so here it counts as told.
        """
        file = here.files[os.path.basename(noticed.path)]
        rested = self.settler.rested(file.path, self._watching.monotonic())
        early = rested - self._watching.settle.seconds < self._beside.late
        if early or self.settler.is_taken(file.path):
            return None
        if not self._beside.may_be_late(file, rested - self._watching.settle.seconds):
            return None
        self._current.add((noticed.path, noticed.reason))
        mapping = pairs.alone.get(file.name)
        claim = Claim(mapping.name if mapping else JSON_MAPPING, ALONE)
        return Drop(file, None, here.settled[file.name], claim=claim)

    def _settled(self, found: dict[bytes, Found], unreadable: list[bytes]) -> dict[bytes, Settled]:
        """The files that are complete; the others wait, but for those that cannot be read."""
        settled: dict[bytes, Settled] = {}
        for name, file in found.items():
            try:
                state = self._settle(file)
            except SourceForbidden:
                unreadable.append(file.path)
                continue
            if state is None:
                self.waiting += 1
            else:
                settled[name] = state
        return settled

    def _settle(self, file: Found) -> Settled | None:
        path, key = file.path, file.key
        now = self._watching.monotonic()
        return self.settler.observe(path, key, now, lambda: self._writer(path, key))

    def _writer(self, path: bytes, key: FileKey) -> bool | None:
        """On a share, that nobody here writes says nothing of other machines."""
        writing = writer_of(path, key)
        return None if self._remote and writing is False else writing

    def _sidecars(
        self, found: dict[bytes, Found], settled: dict[bytes, Settled], unreadable: list[bytes]
    ) -> set[bytes]:
        """Names of the settled sidecars; a .json that cannot be read now leaves `settled`."""
        marked = set()
        for name in [name for name in settled if name.endswith(_SUFFIX)]:
            try:
                if self._is_sidecar(found[name]):
                    marked.add(name)
            except SourceChanged:
                del settled[name]
                self.waiting += 1
            except SourceUnreadable:
                # Its file waits too: who knows what the sidecar says of it.
                del settled[name]
                unreadable.append(found[name].path)
        return marked

    def _is_sidecar(self, file: Found) -> bool:
        known = self._markers.get(file.path)
        if known is not None and known[0] == file.key:
            return known[1]
        marked = sidecar.is_marked(read_head(file.path, sidecar.MAX_SIZE, file.key))
        self._markers[file.path] = (file.key, marked)
        return marked

    def _pass_over(
        self, entry: os.DirEntry[str], name: bytes, whole: bytes, here: Folder
    ) -> Iterator[Noticed]:
        """Tell of an ignored name that has not changed for an hour; a copy may be taken at last."""
        kind, key, _ = look(entry, folders=True)
        if key is None:
            return
        now = self._watching.monotonic()
        known = self._resting.get(whole)
        since = known[1] if known is not None and known[0] == key else now
        self._still[whole] = (key, since)
        if kind == "file" and is_being_copied(name) and self._rests.is_long(now - since, key):
            here.copies.append(Found(self._source, here.inside, name, whole, key))
        elif now - since >= RESTED_SECONDS:
            yield from self._notice(whole, "passed_over")

    def _aside(
        self, entry: os.DirEntry[str], name: bytes, whole: bytes, here: Folder
    ) -> Iterator[Drop]:
        """A drop that was refused and put aside; a crash may have come before its stub."""
        kind, key, _ = look(entry)
        if kind != "file" or key is None or refusal_in(name) is None:
            return  # what belonged to it needs no stub
        self.settler.observe(whole, key, self._watching.monotonic(), lambda: False)
        if not self.settler.is_taken(whole):
            found = Found(self._source, here.inside, name, whole, key)
            yield Drop(found, None, Settled(lease=False, seconds=0))

    def _unfinished(self, file: Found) -> Iterator[Drop | Noticed]:
        """A copy that nobody has gone on with for long: taken as it is, under its own name."""
        try:
            state = self._settle(file)
        except SourceForbidden:
            yield from self._notice(file.path, "unreadable")
            return
        if state is None:
            self.waiting += 1
        elif not self.settler.is_taken(file.path):
            since = hours(self._watching.unfinished_seconds)
            why = f"a temporary name, at rest for {since}"
            yield unfinished(Drop(file, None, state), why)

    def _told(self, item: Drop | Noticed) -> Iterator[Drop | Noticed]:
        if isinstance(item, Noticed):
            yield from self._notice(item.path, item.reason, item.what)
        else:
            yield item

    def _notice(self, path: bytes, reason: str, what: str = "") -> Iterator[Noticed]:
        self._current.add((path, reason))
        if (path, reason) not in self._noticed:
            yield Noticed(path, reason, what)
