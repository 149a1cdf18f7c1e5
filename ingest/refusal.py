"""Refuses state secrets: the drop is put aside under a random name, then one stub tells of it.

    write the id down -> rename -> sync the folder -> commit the stub -> empty the database's log

A crash before the rename leaves the drop as it was, and it is refused at the next look. A crash
after it leaves a `.refused-<id>` without a stub: its id stands in ingest.intended, so the sweep
offers it as a drop, which is not read and gets its stub then. The stub has the random id, the
source and the time, and its row nothing of the drop, unless the drop could not be renamed: then the
row has the file's key, so that it is not told anew at every look.
"""

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from archive import ledger
from archive.database import Database
from archive.durable import FileSystem, disk_errors
from archive.errors import Unreachable
from archive.ids import random_ulid
from archive.ledger import NewEntry
from archive.rows import insert_rows
from archive.source_rows import Counts
from archive.tables import IntakeRow
from ingest import secrecy, sidecar
from ingest.aside import aside_name, refusal_in
from ingest.classification import is_marked_folder
from ingest.drops import RefusedDrop
from ingest.errors import Classified, SidecarBad, SourceChanged
from ingest.found import Found
from ingest.intended import Intended
from ingest.names import decode_name
from ingest.register import Maker, ensure_source
from ingest.release import KEEP, put_back
from ingest.settle import FileKey
from ingest.sources import read_head, read_pieces

INTAKE = IntakeRow.__table__  # type: ignore[attr-defined]
_COLUMNS = (
    *("id", "source", "path", "dev", "ino", "size", "mtime_ns", "ctime_ns"),
    *("sha256", "state", "pending", "release", "at"),
)
NOTHING = FileKey(0, 0, 0, 0, 0)
"""The key that stands for a file of which nothing is kept."""
_NO_RENAME = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.ENAMETOOLONG}
_RANDOM = 16


class Told(NamedTuple):
    """What became of some refused drops."""

    refused: int
    in_place: list[Found]
    """Those that could not be renamed and still stand under their names."""
    changed: list[RefusedDrop]
    """Those that changed, or went, before they could be put aside."""


class _Stub(NamedTuple):
    entry: NewEntry
    row: list[Any]
    folder: bytes
    source: str


class Refusals:
    """Puts refused drops aside and submits their stubs; `inbox` is where drops may be renamed."""

    def __init__(
        self,
        database: Database,
        fs: FileSystem,
        maker: Maker,
        inbox: Path,
        staging: Path,
        entry: Callable[[RefusedDrop, str], NewEntry],
    ) -> None:
        """`entry` makes the stub of a drop and its refusal id."""
        self._db = database
        self._fs = fs
        self._maker = maker
        self._inbox = os.fsencode(inbox) + b"/"
        self._entry = entry
        self._intended = Intended(database, staging)

    def take(self, outcomes: Sequence[RefusedDrop]) -> Told:
        """Put drops aside, and submit a stub for each of them at once, in a commit of their own.

        What lies outside the inbox is a person's own file: it stays as it is.
        """
        told = Told(0, [], [])
        stubs = []
        fresh = self._write_down(outcomes)
        folders: set[bytes] = set()
        for outcome in outcomes:
            try:
                with disk_errors("The inbox"):
                    stubs.append(self._stub(outcome, fresh.get(id(outcome)), told, folders))
            except (SourceChanged, FileNotFoundError):
                told.changed.append(outcome)
        if not stubs:
            return told
        count = self._submit(stubs)
        self._db.empty_log()
        return told._replace(refused=count)

    def _write_down(self, outcomes: Sequence[RefusedDrop]) -> dict[int, str]:
        """New ids for the drops that are to get one, durable before any file has one as its name.

        A name like those that we give, but with an id of which we know nothing, is any drop's name.
        """
        fresh = {}
        for outcome in outcomes:
            name = outcome.drop.file.name
            if refusal_in(name) is None or not self._intended.is_ours(name):
                fresh[id(outcome)] = random_ulid(self._maker.random(_RANDOM))
        if fresh:
            with disk_errors("The staging area"):
                self._intended.write_down(self._fs, fresh.values())
        return fresh

    def _stub(
        self, outcome: RefusedDrop, fresh: str | None, told: Told, folders: set[bytes]
    ) -> _Stub:
        """`fresh` is its new id; None where it was put aside already. `folders`: see below."""
        file = outcome.drop.file
        path, key = b"", NOTHING
        if fresh is None:
            refusal = refusal_in(file.name) or ""
            self._put_aside_rest(file, refusal, folders)
        else:
            refusal = fresh
            if file.path.startswith(self._inbox) and not self._put_aside(outcome, refusal):
                told.in_place.append(file)
                key = (outcome.drop.sidecar or file).key
        if key is NOTHING:
            path = aside_name(refusal)
        entry = self._entry(outcome, refusal)
        row = [entry.id, file.source, path, *key, b"", "refused", entry.id, KEEP]
        return _Stub(entry, [*row, outcome.received_at], _top(file), file.source)

    def _put_aside(self, outcome: RefusedDrop, refusal: str) -> bool:
        """Rename a drop and all that belongs to it; False where the system does not let us.

        The file goes first: what would be left without it is never taken.
        Raises SourceChanged, FileNotFoundError.
        """
        drop = outcome.drop
        beside = [drop.sidecar] if drop.sidecar else []
        try:
            self._rename(drop.file, aside_name(refusal))
        except OSError as error:
            if error.errno in _NO_RENAME:
                return False
            raise
        for number, found in enumerate((*beside, *drop.beside), start=1):
            # Another process has it, or it has just changed: then it is judged anew by itself.
            with suppress(OSError, SourceChanged):
                self._rename(found, aside_name(refusal, number))
        self._fs.fsync_directory(Path(os.fsdecode(os.path.dirname(drop.file.path))))
        return True

    def _put_aside_rest(self, file: Found, refusal: str, folders: set[bytes]) -> None:
        """What a crash left of a drop that was being put aside: its marked sidecar, alone.

        A folder is looked through once in a batch (`folders`): drops are put aside one after the
        other, so only the last one can have left anything.
        """
        folder = os.path.dirname(file.path)
        if folder in folders or os.path.lexists(os.path.join(folder, aside_name(refusal, 1))):
            return
        folders.add(folder)
        for number, path in enumerate(_lone_marked(folder), start=1):
            with suppress(OSError):
                self._fs.rename(path, os.path.join(folder, aside_name(refusal, number)))

    def _rename(self, file: Found, name: bytes) -> None:
        place = os.path.join(os.path.dirname(file.path), name)
        self._fs.rename(file.path, place)
        # All but the change time, which the rename has set.
        if FileKey.of(os.lstat(place))[:4] != file.key[:4]:
            put_back(self._fs, place, file.path)
            raise SourceChanged("The file changed after it had settled.")

    def _submit(self, stubs: Sequence[_Stub]) -> int:
        """Commit the stubs of which another process has not told already; returns how many."""
        counts = Counts()
        with self._db.write() as connection:
            fresh = [stub for stub in stubs if not _is_told(connection, stub)]
            for stub in fresh:
                ensure_source(connection, stub.source, stub.folder, stub.row[-1], self._maker)
                counts.add(stub.source, stub.row[-1], "refused")
            counts.save(connection)
            ledger.submit(connection, [stub.entry for stub in fresh])
            insert_rows(connection, INTAKE, _COLUMNS, [stub.row for stub in fresh])
        return len(fresh)


def _lone_marked(folder: bytes) -> list[bytes]:
    """Sidecars in a folder that are marked, and have no file beside them."""
    names = [name for name in os.listdir(folder) if name.endswith(b".json")]
    alone = [name for name in names if not os.path.lexists(os.path.join(folder, name[:-5]))]
    return [path for name in alone if _is_marked(path := os.path.join(folder, name))]


def _is_marked(path: bytes) -> bool:
    try:
        key = FileKey.of(os.lstat(path))
        data = read_head(path, sidecar.MAX_SIZE + 1, key)
        if not sidecar.is_marked(data[: sidecar.MAX_SIZE]):
            return False
        if key.size > sidecar.MAX_SIZE:
            return secrecy.is_marked_stream(read_pieces(path, key))
        sidecar.parse(data)
    except Classified:
        return True
    except (OSError, SidecarBad, Unreachable):
        return False
    return False


def _is_told(connection: Connection, stub: _Stub) -> bool:
    """Whether its id was told already: by another process, or of a file elsewhere."""
    if not stub.row[2]:
        return False
    here = (INTAKE.c.state == "refused") & (INTAKE.c.path == stub.row[2])
    return connection.execute(select(INTAKE.c.id).where(here).limit(1)).first() is not None


def _top(file: Found) -> bytes:
    """What a source is registered as when it is seen for the first time: its folder's name, unless
    that is a mark.
    """
    if not file.top or is_marked_folder(decode_name(file.top).text):
        return file.source.encode()
    return file.top
