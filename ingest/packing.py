"""Packs of small records in staging: one file for the records of one portion (formats §12)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from archive.durable import READ_ONLY, FileSystem, disk_errors
from archive.pack import MOST_MEMBERS, PackBuilder, PackPlace
from ingest.drops import Accepted
from ingest.sweep import Drop

if TYPE_CHECKING:
    from archive.ledger import NewObject

HELD_BYTES = 32 << 20
"""Bytes of small files that are held in memory at once; as much goes into one pack."""
_WRITE = 1 << 20
SUFFIX = ".zip"


def portions(drops: Iterable[Drop], pack_up_to: int) -> Iterator[list[Drop]]:
    """Cut a batch so that the small files of each part fit into memory and into one pack."""
    part: list[Drop] = []
    held = 0
    for drop in drops:
        size = drop.file.key.size
        small = size if size <= pack_up_to else 0
        if drop.sidecar is not None:
            small += drop.sidecar.key.size
        if part and (held + small > HELD_BYTES or len(part) == MOST_MEMBERS):
            yield part
            part, held = [], 0
        part.append(drop)
        held += small
    if part:
        yield part


@dataclass(frozen=True, slots=True)
class StagedPack:
    """A pack in the session's folder, complete but not yet synced."""

    file: str
    size: int
    sha256: bytes

    def object(self, session: str, name: str, retain_until: datetime | None) -> "NewObject":
        """What brings it into the store, under the name of its staging."""
        # Imported late: whoever reads ahead writes packs, and has no database.
        from archive.ledger import NewObject

        path = f"{session}/{self.file}"
        return NewObject(name, self.size, self.sha256, path=path, retain_until=retain_until)


class Packer:
    """Takes the records of one portion, in the order of their entries, then writes the pack."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._builder = PackBuilder()
        self.retain_until: datetime | None = None
        """The latest first lock of its members."""

    @property
    def file(self) -> str:
        """Name of the pack's file in staging."""
        return self.name + SUFFIX

    def add(
        self, outcome: Accepted, content: bytes, described: bytes, until: datetime | None
    ) -> tuple[str, PackPlace]:
        """Put a record in, locked until a moment; its place, and the pack's name in staging.

        `content` and `described` are the SHA-256 of the content and of record.json.
        """
        data = outcome.staged.data
        assert data is not None  # noqa: S101 - only what is held goes into packs
        beside = outcome.sidecar.data if outcome.sidecar else None
        files = (outcome.record, data, outcome.description, beside)
        if until is not None:
            self.retain_until = max(until, self.retain_until or until)
        return self.name, self._builder.add(*files, content, described)

    def write(self, folder: Path, fs: FileSystem) -> StagedPack | None:
        """Write the pack into a folder, None if nothing was put in; nothing is synced.

        Raises Unreachable if the disk is full, and leaves nothing then.
        """
        if not self._builder.records:
            return None
        chunks = self._builder.finish()
        total = sha256()
        path = f"{folder}/{self.file}"
        with disk_errors("The staging area"):
            out = fs.create(path)
            try:
                for data in _gathered(chunks):
                    total.update(data)
                    fs.write(out, data)
                fs.chmod(out, READ_ONLY)
            except BaseException:
                fs.unlink(path)
                raise
            finally:
                fs.close(out)
        return StagedPack(self.file, self._builder.size, total.digest())


class WrittenPack:
    """A pack that was written already; gives its members' places, in the order of their writing.

    See Packer. None of them has a sidecar.
    """

    def __init__(self, name: str, staged: StagedPack) -> None:
        self.name = name
        self.retain_until: datetime | None = None
        self._staged = staged
        self._end = 0

    def add(
        self,
        outcome: Accepted,
        content: bytes,  # noqa: ARG002 - see Packer
        described: bytes,  # noqa: ARG002 - see Packer
        until: datetime | None,
    ) -> tuple[str, PackPlace]:
        """See Packer."""
        size, description = outcome.staged.size, len(outcome.description)
        place = PackPlace.behind(self._end, outcome.record, size, description)
        self._end = place.end(outcome.record)
        if until is not None:
            self.retain_until = max(until, self.retain_until or until)
        return self.name, place

    def write(self, folder: Path, fs: FileSystem) -> StagedPack:  # noqa: ARG002 - see Packer
        """See Packer."""
        return self._staged


def _gathered(chunks: Sequence[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer writes."""
    part: list[bytes] = []
    size = 0
    for chunk in chunks:
        part.append(chunk)
        size += len(chunk)
        if size >= _WRITE:
            yield b"".join(part)
            part, size = [], 0
    if part:
        yield b"".join(part)
