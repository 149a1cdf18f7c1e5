"""Sweeps the inbox: every source in turn, so that a large one does not keep the others waiting.

The sweep decides what is there; events only wake it up. One round takes a bounded number of drops
from each source. A walk that has more to give is gone on with in the next round, while sources that
were walked to their end are walked anew.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from ingest.errors import InboxLost
from ingest.faults import is_of_one, what_of
from ingest.found import Drop, Found, Noticed
from ingest.ignored import is_ignored, is_passed_over, kind_of
from ingest.lacking import Lacking
from ingest.names import source_id
from ingest.settle import FileKey
from ingest.walk import RESTED_SECONDS, SourceWalk
from ingest.watching import Watching

__all__ = ["RESTED_SECONDS", "Drop", "Found", "Noticed", "Share", "Sweeper", "Watching"]
__all__ += ["is_ignored", "is_passed_over", "kind_of"]

_TURN = 64
"""Drops that one source gives before the next one has its turn."""
_PATIENT_SECONDS = 60.0
"""What is waited beyond the time in which files settle."""


class Share:
    """How much one source may give in one round: so many drops, or so many bytes."""

    def __init__(self, drops: int = 512, size: int = 4 << 30) -> None:
        self.drops = drops
        self.size = size


class _Walking:
    """A source's walk that is interrupted between rounds."""

    def __init__(self, walk: SourceWalk) -> None:
        self.walk = walk
        self._items: Iterator[Drop | Noticed] | None = None
        self._left = Share(0, 0)

    @property
    def has_more(self) -> bool:
        """Whether the walk is not at its end."""
        return self._items is not None

    def begin(self, share: Share) -> None:
        """A new round."""
        self._left = Share(share.drops, share.size)
        if self._items is None:
            self._items = self.walk.items()

    def turn(self) -> Iterator[Drop | Noticed]:
        """Some of what it has to give."""
        left = min(_TURN, self._left.drops)
        while self._items is not None and left > 0 and self._left.size > 0:
            item = self._next(self._items)
            if item is None:
                self._items = None
                return
            if isinstance(item, Drop):
                left -= 1
                self._left.drops -= 1
                self._left.size -= item.file.key.size
            yield item

    def _next(self, items: Iterator[Drop | Noticed]) -> Drop | Noticed | None:
        """The next item; a walk in which something unforeseen happens is at its end, and told."""
        try:
            item = next(items, None)
        except Exception as error:
            if not is_of_one(error):
                raise
            self._items = None
            return self.walk.failed(what_of(error))
        return item

    @property
    def may_go_on(self) -> bool:
        """Whether it has more to give in this round."""
        return self.has_more and self._left.drops > 0 and self._left.size > 0


class Sweeper:
    """Sweeps one inbox again and again, and is told what was taken."""

    def __init__(
        self,
        inbox: bytes,
        watching: Watching,
        share: Share | None = None,
        is_lost: Callable[[bytes], bool] = lambda _: False,
    ) -> None:
        """`is_lost` says whether a folder was a mount point and is none now."""
        self._inbox = inbox
        self._watching = watching
        self._share = share or Share()
        self._is_lost = is_lost
        self._sources: dict[bytes, _Walking] = {}
        self._noticed: set[tuple[bytes, str]] = set()
        self._current: set[tuple[bytes, str]] = set()

    @property
    def waiting(self) -> int:
        """Files that have not settled: look again soon."""
        return sum(source.walk.waiting for source in self._sources.values())

    @property
    def held(self) -> int:
        """Files that wait for what may still come beside them."""
        return sum(source.walk.held for source in self._sources.values())

    @property
    def lacking(self) -> Mapping[str, Lacking]:
        """What complete files lack, of the sources where any lacks something."""
        found = {source_id(name): one.walk.lacking for name, one in self._sources.items()}
        return {source: lacking for source, lacking in found.items() if any(lacking)}

    @property
    def folders(self) -> int:
        """Folders that were seen, the inbox among them."""
        return 1 + sum(source.walk.folders for source in self._sources.values())

    @property
    def has_more(self) -> bool:
        """Whether sources have more to give at once."""
        return any(source.has_more for source in self._sources.values())

    def sweep(self) -> Iterator[Drop | Noticed]:
        """One round; a drop is offered in every walk until it is taken (`take`).

        Raises InboxLost if the inbox itself cannot be read, and then forgets nothing: a lost
        mount is not an empty folder.
        """
        if self._is_lost(self._inbox):
            raise InboxLost(
                "The inbox was a mounted file system, and is none now.",
                "收件目录原为挂载的文件系统，现已不在挂载中。",
            )
        self._current = set()
        lost: set[bytes] = set()
        yield from self._look_for_sources(lost)
        self._noticed = self._current
        going = deque(source for name, source in self._sources.items() if name not in lost)
        for source in going:
            source.begin(self._share)
        while going:
            source = going.popleft()
            yield from source.turn()
            if source.may_go_on:
                going.append(source)

    def _look_for_sources(self, lost: set[bytes]) -> Iterator[Noticed]:
        names: set[bytes] = set()
        try:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = os.open(self._inbox, flags)
        except OSError as error:
            raise _unreadable(error) from error
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    yield from self._source(entry, names, lost)
        except OSError as error:
            raise _unreadable(error) from error
        finally:
            os.close(fd)
        for name in self._sources.keys() - names:
            del self._sources[name]

    def _source(
        self, entry: os.DirEntry[str], names: set[bytes], lost: set[bytes]
    ) -> Iterator[Noticed]:
        name = os.fsencode(entry.name)
        path = self._inbox + b"/" + name
        if is_ignored(name):
            return
        if not entry.is_dir(follow_symlinks=False):
            try:
                kind = kind_of(entry.stat(follow_symlinks=False).st_mode)
            except OSError:
                return  # it has just gone
            yield from self._notice(path, "no_source" if kind == "file" else kind)
            return
        names.add(name)
        if self._is_lost(path):
            lost.add(name)
            yield from self._notice(path, "mount_lost")
        elif name not in self._sources:
            walk = SourceWalk(source_id(name), path, self._watching)
            self._sources[name] = _Walking(walk)

    def hurry(self) -> None:
        """What is there is all there is: no sidecar waits for a file that is still to come."""
        self._watching.waits.late = 0.0

    @property
    def patience(self) -> float:
        """Seconds within which whatever does not change is complete, and has waited for its own."""
        settle, waits = self._watching.settle, self._watching.waits
        waited = [waits.seconds(source_id(name)) for name in self._sources]
        return max(settle.seconds, settle.seconds_without_lease, *waited, 0) + _PATIENT_SECONDS

    def changing(self) -> Iterator[Noticed]:
        """The files that had not settled at the last look."""
        for source in self._sources.values():
            for path in source.walk.settler.unsettled():
                yield Noticed(path, "changing")

    def take(self, path: bytes, beside: FileKey | None = None) -> None:
        """See Settler."""
        if walk := self._walk_of(path):
            walk.settler.take(path, beside)

    def forget(self, path: bytes) -> None:
        """See Settler."""
        if walk := self._walk_of(path):
            walk.settler.forget(path)

    def _walk_of(self, path: bytes) -> SourceWalk | None:
        name = path[len(self._inbox) + 1 :].partition(b"/")[0]
        source = self._sources.get(name)
        return None if source is None else source.walk

    def _notice(self, path: bytes, reason: str) -> Iterator[Noticed]:
        self._current.add((path, reason))
        if (path, reason) not in self._noticed:
            yield Noticed(path, reason)


_REASONS = {
    errno.ENOENT: "目录不存在",
    errno.ENOTDIR: "不是目录",
    errno.ELOOP: "是链接，不是目录",
    errno.EACCES: "没有权限",
    errno.EIO: "读取出错",
    errno.ESTALE: "网络共享已失效",
    errno.ENOTCONN: "网络共享未连接",
}


def _unreadable(error: OSError) -> InboxLost:
    reason = os.strerror(error.errno or 0)
    chinese = _REASONS.get(error.errno or 0, reason)
    return InboxLost(f"The inbox cannot be read: {reason}.", f"收件目录无法读取：{chinese}。")
