"""An archive with a second copy: in folders, or in buckets in memory; either can be away."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archive_fixture import Archive, make_archive, policy_of
from memory_bucket import MemoryBucket

from archive import replica_queue
from archive.copying import Copier
from archive.durable import FileSystem
from archive.errors import Unreachable
from archive.replica import REPLICA, Replicator, Side
from archive.report import Report
from archive.storage_check import Storage
from archive.stores.directory import DirectoryPointer, DirectoryStore
from archive.stores.directory_vault import DirectoryVault
from archive.verify import Kit, verify
from archive.verify.storage import StorageKit


class MemoryPointer:
    def __init__(self, live: MemoryBucket) -> None:
        self._live = live

    def replace(self, data: bytes) -> None:
        if self._live.away:
            raise Unreachable("away")
        self._live.discard(["log/checkpoint"])
        self._live.over("log/checkpoint", data)


@dataclass
class TwoPlaces:
    """`first` and `copy` as the replicator has them; `archive` is real."""

    archive: Archive
    first: Side
    copy: Side
    staging: Path

    def replicator(self) -> Replicator:
        """A new one, as after a restart."""
        copier = Copier(self.staging, self.archive.fs)
        return Replicator(self.archive.db, self.first, self.copy, copier, self.archive.clock)

    def lag(self) -> replica_queue.Lag:
        with self.archive.db.read() as connection:
            return replica_queue.lag(connection, REPLICA)

    def verify_copy(self) -> Report:
        """The second copy by itself, as an inspector elsewhere has it."""
        return self._verify(self.copy, None)

    def verify_both(self) -> Report:
        """The first place, with the second one beside it."""
        places = [Storage("first", self.first.vault, self.first.vault)]  # type: ignore[arg-type]
        places.append(Storage("replica", self.copy.vault, self.copy.vault))  # type: ignore[arg-type]

        def queued(key: str) -> bool:
            with self.archive.db.read() as connection:
                return bool(replica_queue.queued_keys(connection, REPLICA, [key]))

        return self._verify(self.first, StorageKit(places, self.copy.evidence, queued))

    def _verify(self, side: Side, storage: StorageKit | None) -> Report:
        archive = self.archive
        return verify(
            side.evidence,
            side.live,
            policy_of(archive),
            now=archive.clock.now(),
            kit=Kit(storage=storage),
            workers=1,
        )


def folder_side(root: Path, scratch: Path, fs: FileSystem) -> Side:
    for name in ("evidence", "live"):
        (root / name).mkdir(parents=True, exist_ok=True)
    scratch.mkdir(exist_ok=True)
    evidence = DirectoryStore(root / "evidence", scratch, fs)
    live = DirectoryStore(root / "live", scratch, fs)
    pointer = DirectoryPointer(root / "live/log/checkpoint", scratch / "pointer", fs)
    return Side(evidence, live, pointer, DirectoryVault(root / "evidence", evidence, fs))


def bucket_side(clock: Any, level: str = "compliance") -> Side:
    evidence, live = MemoryBucket(clock, level), MemoryBucket(clock, "none")
    return Side(evidence, live, MemoryPointer(live), evidence)


def two_places(folder: Path, kind: str = "folder") -> TwoPlaces:
    """An archive on a folder with a copy in another one, or with both in buckets."""
    archive = make_archive(folder)
    root = folder / "copy"
    if kind == "folder":
        first = folder_side(folder / "store", folder / "scratch", archive.fs)
        copy = folder_side(root, root / "scratch", archive.fs)
    else:
        first, copy = bucket_side(archive.clock), bucket_side(archive.clock)
        archive.settings = replace(archive.settings, storage="compliance")
    archive.places = replace(
        archive.places,
        evidence=first.evidence,
        live=first.live,
        pointer=first.pointer,
        replicas=(REPLICA,),
    )
    archive.sealer = archive.new_sealer(places=archive.places)
    return TwoPlaces(archive, first, copy, root / "scratch")
