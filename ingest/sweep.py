"""Walks the inbox and says which drops are complete. The sweep decides; events only wake it up.

    inbox/<source>/…/NAME            a drop
    inbox/<source>/…/NAME.json       its sidecar, if it says "cunzheng_sidecar": 1; else a record

Paths are bytes throughout. Links, FIFOs, sockets and devices are left alone and noticed once;
temporary and hidden names are not looked at. Nothing in the inbox is ever changed here.
"""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from archive.errors import Unreachable
from ingest import sidecar
from ingest.errors import SourceChanged, SourceForbidden, SourceUnreadable
from ingest.names import source_id
from ingest.settle import FileKey, Settled, Settler
from ingest.sources import read_head, writer_of

_TEMPORARY = (b".part", b".partial", b".filepart", b".crdownload", b".tmp", b".swp", b".!ut", b"~")
_OF_MACHINES = {b".cunzheng-purge", b".DS_Store"}
_IGNORED = {b"Thumbs.db", b"desktop.ini", b"@eaDir", b"System Volume Information", b"$RECYCLE.BIN"}
_SUFFIX = b".json"
RESTED_SECONDS = 3600
"""After how long a temporary or hidden name is told: nobody is still writing it."""


class Found(NamedTuple):
    """A regular file as it was seen; `folder` is below the source's folder, b"" at its top."""

    source: str
    folder: bytes
    name: bytes
    path: bytes
    key: FileKey


class Drop(NamedTuple):
    """A complete file with its sidecar, if it has one; both have settled."""

    file: Found
    sidecar: Found | None
    settled: Settled
    """The weaker of the two, where there are two."""
    notes: tuple[tuple[str, str], ...] = ()
    """Code and note of what was found about its arrival; they become findings of record.json."""
    beside: tuple[Found, ...] = ()
    """Further files that are released together with it, such as the marker that it is ready."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that is left alone, said once while it stays there.

    `reason` is one of `link`, `fifo`, `socket`, `device`, `unreadable`, `no_source` (a file beside
    the source folders), `sidecar_alone` (it waits for its file), `late_sidecar` (its file is sealed
    without it), `passed_over` (a temporary or hidden name that has rested for an hour). Of what is
    named by hand also `changed` (while it was read), `sidecar_of` (the sidecar of a file that was
    not named).
    """

    path: bytes
    reason: str


def is_ignored(name: bytes) -> bool:
    """Whether a name is hidden, temporary, or left by the system of another machine."""
    return name.startswith((b".", b"~$")) or name in _IGNORED or name.lower().endswith(_TEMPORARY)


def is_passed_over(name: bytes) -> bool:
    """Whether a name is ignored that a person may have given, by mistake, to something of worth."""
    if name in _IGNORED or name in _OF_MACHINES or name.startswith((b"._", b"~$")):
        return False
    return is_ignored(name)


class Sweeper:
    """Sweeps one inbox again and again; `settler` remembers between the sweeps."""

    def __init__(self, inbox: bytes, settler: Settler, monotonic: Callable[[], float]) -> None:
        self._inbox = inbox
        self._settler = settler
        self._monotonic = monotonic
        self._markers: dict[bytes, tuple[FileKey, bool]] = {}
        self._noticed: set[tuple[bytes, str]] = set()
        self._current: set[tuple[bytes, str]] = set()
        self._resting: dict[bytes, tuple[FileKey, float]] = {}
        self._still: dict[bytes, tuple[FileKey, float]] = {}
        self.waiting = 0
        """Files of the last sweep that have not settled: look again soon."""

    def sweep(self) -> Iterator[Drop | Noticed]:
        """One walk; a drop is offered in every sweep until it is taken (`Settler.take`).

        Raises Unreachable if the inbox itself cannot be read, and then forgets nothing: a lost
        mount is not an empty folder.
        """
        self.waiting = 0
        self._current = set()
        self._still = {}
        alive: set[bytes] = set()
        stack: list[tuple[str | None, bytes, bytes]] = [(None, b"", self._inbox)]
        while stack:
            source, folder, path = stack.pop()
            found: dict[bytes, Found] = {}
            yield from self._list(source, folder, path, found, stack)
            yield from self._judge(found, alive)
        self._markers = {path: kept for path, kept in self._markers.items() if path in alive}
        self._noticed = self._current
        self._resting = self._still
        self._settler.end_round()

    def _list(
        self,
        source: str | None,
        folder: bytes,
        path: bytes,
        found: dict[bytes, Found],
        stack: list[tuple[str | None, bytes, bytes]],
    ) -> Iterator[Noticed]:
        """Read one directory: files go to `found`, folders to `stack`."""
        try:
            # Not by path alone: a folder that became a link since it was seen is not followed.
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if source is None:
                reason = os.strerror(error.errno or 0)
                raise Unreachable(f"The inbox cannot be read: {reason}.") from error
            yield from self._notice(path, "unreadable")
            return
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    name = os.fsencode(entry.name)
                    whole = path + b"/" + name
                    if is_ignored(name):
                        if is_passed_over(name):
                            yield from self._pass_over(entry, whole)
                        continue
                    kind, key = _look(entry)
                    if kind == "folder":
                        inner = name if not folder else folder + b"/" + name
                        below = (source_id(name), b"") if source is None else (source, inner)
                        stack.append((*below, whole))
                    elif kind != "file" or key is None:
                        yield from self._notice(whole, kind)
                    elif source is None:
                        yield from self._notice(whole, "no_source")
                    else:
                        found[name] = Found(source, folder, name, whole, key)
        except OSError:
            yield from self._notice(path, "unreadable")
        finally:
            os.close(fd)

    def _judge(self, found: dict[bytes, Found], alive: set[bytes]) -> Iterator[Drop | Noticed]:
        """Settle the files of one folder and pair them with their sidecars."""
        alive.update(file.path for name, file in found.items() if name.endswith(_SUFFIX))
        unreadable: list[bytes] = []
        settled = self._settled(found, unreadable)
        sidecars = self._sidecars(found, settled, unreadable)
        for path in unreadable:
            yield from self._notice(path, "unreadable")
        for name, state in settled.items():
            file = found[name]
            if name in sidecars:
                owner = name[: -len(_SUFFIX)]
                if owner in found and owner not in sidecars:
                    continue
                # One too large for a sidecar, without a file beside it, is a record.
                if file.key.size <= sidecar.MAX_SIZE:
                    yield from self._notice(file.path, "sidecar_alone")
                    continue
            beside = name + _SUFFIX
            key = found[beside].key if beside in sidecars else None
            if self._settler.is_taken(file.path, key):
                continue
            if beside not in found:
                yield Drop(file, None, state)
            elif beside in settled:
                yield _paired(file, state, found[beside], settled[beside], beside in sidecars)

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
        return self._settler.observe(path, key, self._monotonic(), lambda: writer_of(path, key))

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

    def _pass_over(self, entry: os.DirEntry[str], whole: bytes) -> Iterator[Noticed]:
        """Tell of an ignored name that has not changed for an hour."""
        try:
            key = FileKey.of(entry.stat(follow_symlinks=False))
        except OSError:
            return
        now = self._monotonic()
        known = self._resting.get(whole)
        since = known[1] if known is not None and known[0] == key else now
        self._still[whole] = (key, since)
        if now - since >= RESTED_SECONDS:
            yield from self._notice(whole, "passed_over")

    def _notice(self, path: bytes, reason: str) -> Iterator[Noticed]:
        self._current.add((path, reason))
        if (path, reason) not in self._noticed:
            yield Noticed(path, reason)


def _paired(file: Found, state: Settled, beside: Found, other: Settled, is_sidecar: bool) -> Drop:  # noqa: FBT001
    if not is_sidecar:
        return Drop(file, None, state)
    both = Settled(state.lease and other.lease, min(state.seconds, other.seconds))
    return Drop(file, beside, both)


def _look(entry: os.DirEntry[str]) -> tuple[str, FileKey | None]:
    """What a directory entry is; `file` comes with its key."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return "folder", None
        found = entry.stat(follow_symlinks=False)
    except OSError:
        return "unreadable", None
    kind = kind_of(found.st_mode)
    return kind, FileKey.of(found) if kind == "file" else None


def kind_of(mode: int) -> str:
    """`file`, or the reason for which it is left alone."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISFIFO(mode):
        return "fifo"
    return "socket" if stat.S_ISSOCK(mode) else "device"
