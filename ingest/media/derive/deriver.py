"""Makes derivatives of records: of those in the queue behind the seal, and of those named.

    deriver.step(go_on)                          # one record of the queue; False where none waits
    deriver.wished(go_on)                        # one that somebody asked the service for
    deriver.derive(record, Wish(proxy=True))     # one that somebody names, sealed at the end

What is killed on the way leaves an object without an entry at most; the record is still in the
queue then, or is named again, and every turn begins with sweeping what such a death left behind.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from archive import looking
from archive.access_lock import AccessLock
from archive.database import Database
from archive.derivatives import Derivatives, Made, Product
from archive.durable import READ_ONLY, FileSystem, disk_errors
from archive.errors import Unreachable
from archive.looking import DERIVE, WISH, Waiting
from archive.tables import DerivedRow
from ingest.media.derive.recipes import Recipe, recipes_for
from ingest.media.derive.subject import Drawing, Subject, Workshop
from ingest.media.originals import GoOn, NoRoom, Original, Originals, Stopped
from ingest.media.queue_step import QueueStep
from ingest.media.tools import Programs

_PROXY, _MISSING = "--proxy", "--missing"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a record: `roles`, None for all that are made at once.

    `proxy` asks for a copy for browsers also where that takes decoding. `missing` asks only for
    what the ledger has and live has not, and for what an older recipe made.
    """

    roles: frozenset[str] | None = None
    proxy: bool = False
    missing: bool = False

    def text(self) -> str:
        """The wish as the queue keeps it."""
        flags = (_PROXY if self.proxy else "", _MISSING if self.missing else "")
        return " ".join(filter(None, (*sorted(self.roles or ()), *flags)))

    @staticmethod
    def parse(text: str) -> "Wish":
        """A wish of the queue."""
        words = frozenset(text.split())
        return Wish(words - {_PROXY, _MISSING} or None, _PROXY in words, _MISSING in words)


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one record: what was made, and roles of which nothing could be made."""

    made: tuple[Made, ...] = ()
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deriver:
    """Works on one record at a time; `locks` is a folder for the lock of each."""

    database: Database
    originals: Originals
    derivatives: Derivatives
    programs: Programs
    fs: FileSystem
    scratch: Path
    locks: Path

    def step(self, go_on: GoOn = lambda: True) -> bool:
        """Take the next record of the queue; see QueueStep."""
        return QueueStep(self.database, DERIVE, self._take)(go_on)

    def wished(self, go_on: GoOn = lambda: True) -> bool:
        """The same with the next record of which somebody wished for something."""
        return QueueStep(self.database, WISH, self._take)(go_on)

    def derive(self, record: str, wish: Wish, go_on: GoOn = lambda: True) -> Turn:
        """Make what is wished of one record, seal it, and remove what it replaces.

        Raises NotFound, ContentAltered, ObjectMissing, NoRoom, Unreachable, UsageError, Stopped.
        """
        with self.database.read() as connection:
            waits = looking.since_when(connection, record, DERIVE)
        with self._alone(record):
            turn = self._turn(record, wish, go_on)
            self.derivatives.settle(turn.made)
            self.derivatives.sweep(record)
        if waits is not None and (wish.roles is not None or wish.missing):
            # What was made took it out of the queue; the rest of it is still to come.
            with self.database.write() as connection:
                looking.put_back(connection, record, DERIVE, waits)
        return turn

    def sweep_all(self) -> int:
        """Remove what killed runs left behind, of all records; how many objects."""
        count = 0
        for record in self.derivatives.stored_records():
            with AccessLock(self.locks, record) as lock:
                count += self.derivatives.sweep(record) if lock.held else 0
        return count

    def _take(self, row: Waiting, go_on: GoOn) -> None:
        with self._alone(row.record):
            self._turn(row.record, Wish.parse(row.wish), go_on, _out_of_queue(row))

    def _turn(
        self,
        record: str,
        wish: Wish,
        go_on: GoOn,
        beside: Callable[[Connection], object] = lambda _: None,
    ) -> Turn:
        """Sweep, make and submit."""
        self.derivatives.sweep(record)
        files: list[Path] = []
        products: list[Product] = []
        empty: list[str] = []
        try:
            with self.originals.open(record, go_on) as original:
                subject = self._subject(record, original, go_on)
                for recipe in self._chosen(subject, wish):
                    if not go_on():
                        raise Stopped
                    drawing = self._drawn(recipe, subject, wish)
                    if drawing is None:
                        empty.append(recipe.role)
                    else:
                        products.append(self._product(recipe, drawing, files))
            made = self.derivatives.submit(record, products, beside)
        finally:
            for path in files:
                self.fs.unlink(path)
        return Turn(tuple(made), tuple(empty))

    def _drawn(self, recipe: Recipe, subject: Subject, wish: Wish) -> Drawing | None:
        """A disk without room for a large copy keeps nobody from the pictures."""
        try:
            return recipe.make(subject)
        except NoRoom:
            if wish.proxy or wish.roles is not None:
                raise
            return None

    def _subject(self, record: str, original: Original, go_on: GoOn) -> Subject:
        description = original.description
        media_type = str(description.value["media"]["type"])
        workshop = Workshop(self.programs, self.scratch, go_on)
        return Subject(record, original.descriptor, description.size, media_type, workshop)

    def _chosen(self, subject: Subject, wish: Wish) -> list[Recipe]:
        """The recipes that a wish means, for what this file is."""
        chosen = recipes_for(subject)
        if wish.missing:
            standing = self.derivatives.standing(subject.record)
            absent = self.derivatives.missing(subject.record)
            return [one for one in chosen if _is_missing(one, standing.get(one.role), absent)]
        if wish.roles is not None:
            return [one for one in chosen if one.role in wish.roles]
        asked = frozenset({"proxy"} if wish.proxy else ())
        return [one for one in chosen if one.role in asked or one.at_once(subject)]

    def _product(self, recipe: Recipe, drawing: Drawing, files: list[Path]) -> Product:
        if isinstance(drawing.data, Path):
            files.append(drawing.data)
            self._finished(drawing.data)
        return Product(recipe.role, drawing.extension, recipe.name, drawing.data, drawing.tool)

    def _finished(self, path: Path) -> None:
        """A file that another program wrote gets the mode of objects.

        It is not synced: the store does that before the ledger names it, and one that a power cut
        tears before is named by no entry and swept.
        """
        with disk_errors("the folder for derivatives"):
            descriptor = self.fs.append(path)
            try:
                self.fs.chmod(descriptor, READ_ONLY)
            finally:
                self.fs.close(descriptor)

    @contextmanager
    def _alone(self, record: str) -> Iterator[None]:
        """One process at a time makes derivatives of a record; the others come again later."""
        with AccessLock(self.locks, record) as lock:
            if not lock.held:
                raise Unreachable(f"Another process is making derivatives of {record}.")
            yield


def _out_of_queue(row: Waiting) -> Callable[[Connection], object]:
    if row.task == WISH:
        return lambda connection: looking.granted(connection, row)
    return lambda connection: looking.done(connection, row.record, DERIVE)


def _is_missing(recipe: Recipe, row: DerivedRow | None, absent: Sequence[str]) -> bool:
    return row is not None and (recipe.role in absent or row.recipe != recipe.name)
