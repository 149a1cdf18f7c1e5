"""The second store: everything that was published is copied, with the same lock, and read back.

Runs beside the sealer and never holds it up: what is to be copied stands in a queue
(`archive.replica_queue`), and a row leaves it only when its object was read back from the copy. So
a crash, or a second store that is away for a week, costs time and nothing else. An object is copied
only if its bytes are those that were sealed; other bytes stop at its row, which waits for a person.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from archive import replica_queue
from archive.cause import cause
from archive.copying import Copier, absent
from archive.database import Database
from archive.errors import ContentAltered, ObjectConflict, ObjectMissing
from archive.ledger import HEAD
from archive.ports import Clock, LiveStore, ObjectStore, Pointer, PutItem, Vault
from archive.replica_locks import is_going, lock_of
from archive.replica_queue import Waiting
from archive.seals import SEAL

REPLICA = "replica"
"""Name of the second store in queue and ledger."""
MISSING, ALTERED, CONFLICT = "FIRST_MISSING", "FIRST_ALTERED", "COPY_CONFLICT"
LOCK_UNKNOWN = "LOCK_UNKNOWN"
"""Problems of a row: the first store lacks the object or has other bytes than were sealed, the copy
has other bytes already, or nobody knows for how long to lock it."""

_ROWS = 128
_BYTES_AT_ONCE = 32 * 1024 * 1024
_LOG = "log/"


@dataclass(frozen=True, slots=True)
class Side:
    """One store: evidence, what may be replaced, and its locks."""

    evidence: ObjectStore
    live: LiveStore
    pointer: Pointer
    vault: Vault


@dataclass(frozen=True, slots=True)
class Copied:
    """What one run did: objects copied, and rows that were put aside."""

    objects: int = 0
    aside: int = 0


class Replicator:
    """Copies what is queued; one at a time works on one archive."""

    def __init__(self, database: Database, first: Side, copy: Side, copier: Copier, clock: Clock):
        self._db = database
        self._first = first
        self._copy = copy
        self._copier = copier
        self._clock = clock
        self._begun = False

    def drain(
        self,
        stop: Callable[[], bool] = lambda: False,
        advance: Callable[[int], None] = lambda _count: None,
    ) -> Copied:
        """Copy everything that is queued; returns early where `stop` says so.

        `advance` is told how many objects were looked after.
        Raises Unreachable where either store does not answer: what is left stays queued.
        """
        with cause("replica"):
            self._begin()
            objects = aside = last = 0
            while not stop():
                with self._db.read() as connection:
                    rows = replica_queue.waiting(connection, REPLICA, last, _ROWS)
                if not rows:
                    self._follow_live()
                    break
                last = rows[-1].id
                for part in self._parts(rows):
                    done = self._copy_rows(part)
                    objects, aside = objects + done, aside + len(part) - done
                    advance(len(part))
            return Copied(objects, aside)

    # ── a copy that is new ──

    def _begin(self) -> None:
        """A second store without a log is new: everything that there is has to be copied."""
        if not self._begun and next(iter(self._copy.evidence.list(_LOG)), None) is None:
            self.queue_missing()
        self._begun = True

    def queue_missing(self, wanted: Callable[[str], bool] = lambda _: True) -> int:
        """Queue what the first store has and the copy has not; returns how many objects."""
        count, keys = 0, list[str]()
        for key in filter(wanted, absent(self._first.evidence, self._copy.evidence)):
            keys.append(key)
            if len(keys) == _ROWS:
                count, keys = count + self._queue(keys), []
        return count + self._queue(keys)

    def _queue(self, keys: Sequence[str]) -> int:
        with self._db.write() as connection:
            known = replica_queue.queued_keys(connection, REPLICA, keys)
            fresh = [key for key in keys if key not in known]
            replica_queue.queue_keys(connection, REPLICA, fresh, self._clock.now())
        return len(fresh)

    # ── copying ──

    def _parts(self, rows: Sequence[Waiting]) -> Iterator[list[Waiting]]:
        """Rows whose objects fit into memory together; a large one is alone, on the disk."""
        part: list[Waiting] = []
        size = 0
        for row in rows:
            info = self._first.evidence.stat(row.key)
            size += info.size if info else 0
            part.append(row)
            if size >= _BYTES_AT_ONCE:
                yield part
                part, size = [], 0
        if part:
            yield part

    def _copy_rows(self, rows: Sequence[Waiting]) -> int:
        """Copy some objects; those that cannot be are put aside. Returns how many are done."""
        rows = self._without_going(rows)
        with self._copier.batch() as staged:
            items = [(row, item) for row in rows if (item := self._read(row, staged.read))]
            good = [pair for pair in self._put(items) if self._is_there(*pair)]
        with self._db.write() as connection:
            going = [row.key for row, _ in good if is_going(connection, row.key)]
            replica_queue.done(connection, [row for row, _ in good])
        self._take_back(going)
        return len(good)

    def _without_going(self, rows: Sequence[Waiting]) -> list[Waiting]:
        """Nothing is copied of what is destroyed, or being destroyed."""
        with self._db.read() as connection:
            going = [row for row in rows if is_going(connection, row.key)]
        if going:
            with self._db.write() as connection:
                replica_queue.done(connection, going)
        return [row for row in rows if row not in going]

    def _take_back(self, keys: Sequence[str]) -> None:
        """Destruction began while these were copied: it may have looked here before they came."""
        for key in keys:
            for version in versions_of(self._copy.vault, key):
                self._copy.vault.destroy(key, version)

    def _read(
        self, row: Waiting, read: Callable[[ObjectStore, PutItem], PutItem]
    ) -> PutItem | None:
        """An object of the first store with the lock it needs now; None if it was put aside."""
        with self._db.read() as connection:
            lock = lock_of(connection, row.key)
        if not lock.known and row.sha256 is None:
            self._aside(row, LOCK_UNKNOWN)
            return None
        until = row.until
        if lock.known:
            ends = [end for end in (lock.until, row.until) if end is not None]
            until = None if lock.until is None else max(ends)
        try:
            return read(self._first.evidence, PutItem(row.key, b"", until, row.sha256))
        except ObjectMissing:
            self._aside(row, MISSING)
        except ContentAltered:
            self._aside(row, ALTERED)
        return None

    def _put(self, items: Sequence[tuple[Waiting, PutItem]]) -> list[tuple[Waiting, PutItem]]:
        try:
            self._copy.evidence.put([item for _, item in items])
        except ObjectConflict:
            if len(items) > 1:
                return [pair for item in items for pair in self._put([item])]
            self._aside(items[0][0], CONFLICT)
            return []
        return list(items)

    def _is_there(self, row: Waiting, item: PutItem) -> bool:
        """Whether the copy reads back right; then it gets its hold."""
        try:
            self._copier.read_back(self._copy.evidence, item)
        except ContentAltered:
            self._aside(row, CONFLICT)
            return False
        self._lock(row.key)
        return True

    def _aside(self, row: Waiting, problem: str) -> None:
        with self._db.write() as connection:
            replica_queue.set_problem(connection, row, problem)

    def _lock(self, key: str) -> None:
        """A hold comes with the copy, also one that was placed before there was a copy."""
        with self._db.read() as connection:
            lock = lock_of(connection, key)
        if lock.known and lock.held and lock.until is not None:
            for version in versions_of(self._copy.vault, key):
                self._copy.vault.hold(key, version, on=True)

    # ── what may be replaced ──

    def _follow_live(self) -> None:
        """Partial tiles and pointer of the newest seal that was copied whole."""
        with self._db.read() as connection:
            if not replica_queue.is_empty(connection, REPLICA):
                return
            query = (
                select(SEAL.c.note)
                .join(HEAD, (HEAD.c.log == SEAL.c.log) & (HEAD.c.published == SEAL.c.size))
                .order_by(HEAD.c.year.desc())
                .limit(1)
            )
            note = connection.execute(query).scalar()
        if note is None:
            return
        mine = [info.key for info in self._first.live.list(f"{_LOG}") if "/tile/" in info.key]
        there = {info.key for info in self._copy.live.list(f"{_LOG}") if "/tile/" in info.key}
        with self._copier.batch() as staged:
            items = []
            for key in mine:
                if key not in there:
                    items += staged.if_there(self._first.live, key)
            self._copy.live.put(items)
        self._copy.live.discard(sorted(there - set(mine)))
        self._copy.pointer.replace(note)


def versions_of(vault: Vault, key: str) -> list[str]:
    """The versions under one key, delete markers left out."""
    folder = f"{key.rpartition('/')[0]}/"
    found = []
    # Without its last character a key stands just before itself.
    for version in vault.versions(folder, key[:-1]):
        if version.key > key:
            break
        if version.key == key and not version.marker:
            found.append(version.version)
    return found
