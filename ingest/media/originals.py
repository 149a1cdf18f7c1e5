"""The sealed content of a record as one open descriptor that programs can read.

    with originals.open(record, go_on) as original:
        probe(programs, original.descriptor)

Every piece is held against what was sealed before the descriptor is handed out. A small content is
in memory, a stored file is opened where it stands, and anything else is copied into a file without
a name, which is gone with its process whatever happens.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from archive import catalog, ledger
from archive.cause import cause
from archive.database import Database
from archive.desk.checked_range import checked_range
from archive.desk.destroying import unfinished
from archive.errors import NotFound, Unreachable
from archive.pieces import PIECE_SIZE
from archive.publish import Places
from archive.record import RecordDescription
from archive.sealed_record import SealedRecord
from archive.stored_log import LogTrust, StoredLog

GoOn = Callable[[], bool]
"""Asked again and again during the work; False: stop. One that has a method `rest` is asked that
between two pieces instead: it may wait there until nothing more urgent is at work.
"""
RESERVE = 1 << 30
"""Bytes of the disk that stay free for what is received."""


class Stopped(Exception):
    """The work was stopped from outside."""


class NoRoom(Unreachable):
    """The disk has no room for a copy of the content to be looked at."""


@dataclass(frozen=True, slots=True)
class Original:
    """A sealed content: `descriptor` is open for reading until the block ends."""

    descriptor: int
    description: RecordDescription


@dataclass(frozen=True, slots=True)
class Originals:
    """Opens contents. `scratch` is on a disk of the archive's.

    `local` opens an object by its key where the store is a folder of this machine.
    """

    database: Database
    places: Places
    trust: LogTrust
    scratch: Path
    local: Callable[[str], int] | None = None

    @contextmanager
    def open(self, record: str, go_on: GoOn = lambda: True) -> Iterator[Original]:
        """Check all pieces and open the content.

        Raises NotFound where the record is lost, blocked, destroyed or about to be; ContentAltered,
        ObjectMissing, Unreachable, and Stopped where `go_on` says so.
        """
        with cause("media"):
            sealed = self._sealed(record)
            sealed.prepare()
            descriptor = self._opened(sealed, go_on)
        try:
            yield Original(descriptor, sealed.description)
        finally:
            os.close(descriptor)

    def _sealed(self, record: str) -> SealedRecord:
        with self.database.read() as connection:
            row = catalog.find_record(connection, record)
            head = ledger.head_of(connection, row.log)
            going = record in unfinished(connection)
        if row.id != record or row.lost or row.destroyed or row.spilled or going:
            raise NotFound(f"The record {record} is gone.")
        size = head.published if head else 0
        stored = StoredLog(self.places, self.trust, row.log, size)
        return SealedRecord(self.places.evidence, stored.prove(row.idx, size), record)

    def _opened(self, sealed: SealedRecord, go_on: GoOn) -> int:
        size, part = sealed.description.size, sealed.content_part
        if size <= PIECE_SIZE:
            descriptor = os.memfd_create("original", os.MFD_CLOEXEC)
        elif self.local is not None and part.pack is None:
            descriptor = self.local(part.own)
            return _kept(descriptor, lambda: _check(sealed, go_on))
        else:
            descriptor = self._temporary(size)
        return _kept(descriptor, lambda: _fill(descriptor, sealed, go_on))

    def _temporary(self, size: int) -> int:
        if shutil.disk_usage(self.scratch).free < size + RESERVE:
            raise NoRoom(f"There is no room for {size} bytes of a record to be looked at.")
        with tempfile.TemporaryFile(dir=self.scratch, buffering=0) as file:
            return os.dup(file.fileno())


def _kept(descriptor: int, work: Callable[[], None]) -> int:
    """The descriptor after the work, closed if that fails."""
    try:
        work()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _pieces(sealed: SealedRecord, go_on: GoOn) -> Iterator[bytes]:
    rested: GoOn = getattr(go_on, "rest", go_on)
    with closing(checked_range(sealed, 0, sealed.description.size)) as pieces:
        for piece in pieces:
            if not rested():
                raise Stopped
            yield piece


def _check(sealed: SealedRecord, go_on: GoOn) -> None:
    for _ in _pieces(sealed, go_on):
        pass


def _fill(descriptor: int, sealed: SealedRecord, go_on: GoOn) -> None:
    try:
        for piece in _pieces(sealed, go_on):
            view = memoryview(piece)
            while view:
                view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise NoRoom(f"The content cannot be copied: {os.strerror(error.errno or 0)}.") from error
