"""Places of evidence with their locks: the first store and, where there is one, the second copy.

for place in stocked(bench):          # names are those of the ledger: `first`, `replica`
    place.evidence, place.vault, …
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archive.durable import FileSystem
from archive.errors import Unreachable
from archive.ports import Clock, Inspectable, LiveStore, ObjectStore, Pointer, Vault
from archive.stores.directory import DirectoryPointer, DirectoryStore
from archive.stores.directory_vault import DirectoryVault
from cli.bench import Bench
from cli.language import say
from cli.protecting import remembered_traits
from cli.settings import Settings
from cli.wiring_places import (
    EVIDENCE,
    LIVE,
    POINTER,
    UPLOADS,
    Purpose,
    access_of,
    locks_of,
    stores_to_verify,
)

if TYPE_CHECKING:
    from archive.database import Database
    from archive.stores.s3 import Bucket, S3Access


FIRST, REPLICA = "first", "replica"
SCRATCH = "scratch"
_THREADS = 16
"""Requests at a time about locks in a bucket; a folder is asked one by one."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """One place of evidence by its name in the ledger, and all ways of asking it."""

    name: str
    evidence: ObjectStore
    live: LiveStore
    vault: Vault
    place: Inspectable
    threads: int = 1
    pointer: Pointer | None = None


def stocked(bench: Bench) -> list[Stocked]:
    """Both places for writing, the first one first."""
    found = [first_of(bench)]
    return [*found, replica_of(bench)] if bench.settings.replica else found


def first_of(bench: Bench, purpose: Purpose = Purpose.INGEST) -> Stocked:
    """The first store."""
    places = bench.places if purpose is Purpose.INGEST else bench.opening.places(purpose)
    found = first_to_verify(bench.settings, bench.home, bench.clock, bench.fs, purpose)
    return replace(found, evidence=places.evidence, live=places.live, pointer=places.pointer)


def first_to_verify(
    settings: Settings,
    home: Path,
    clock: Clock,
    fs: FileSystem,
    purpose: Purpose = Purpose.VERIFY,
) -> Stocked:
    """The first store for looking at it; nothing is asked yet."""
    evidence, live = stores_to_verify(settings, home)
    if not settings.in_bucket:
        return in_folder(FIRST, settings.store_path(home), fs, evidence, live)
    from archive.stores.s3 import Bucket, connect

    bucket = Bucket.at(connect(access_of(settings, purpose)), settings.store)
    return _in_bucket(FIRST, settings, clock, bucket, evidence, live)


def in_folder(
    name: str, root: Path, fs: FileSystem, evidence: ObjectStore, live: LiveStore
) -> Stocked:
    """A place in a folder with evidence/ and live/."""
    assert isinstance(evidence, DirectoryStore)  # noqa: S101 - what a folder is opened as
    vault = DirectoryVault(root / EVIDENCE, evidence, fs)
    return Stocked(name, evidence, live, vault, vault)


def _in_bucket(
    name: str,
    settings: Settings,
    clock: Clock,
    bucket: "Bucket",
    evidence: ObjectStore,
    live: LiveStore,
) -> Stocked:
    from archive.stores.s3 import COMPLIANCE, Locks, OpenVault, S3Inspection, S3Vault

    locks = locks_of(settings, clock)
    vault = S3Vault(bucket, locks) if locks else OpenVault(bucket, Locks(COMPLIANCE, clock))
    return Stocked(name, evidence, live, vault, S3Inspection(bucket, clock), _THREADS)


# ── the second copy ──


def replica_of(bench: Bench) -> Stocked:
    """The second copy for writing. Raises Unreachable where its folder is not there."""
    settings = bench.settings
    if not settings.replica_in_bucket:
        root = settings.replica_path(bench.home)
        check_is_there(root)
        return _replica_folder(root, bench.fs)
    return _replica_bucket(settings, bench.home, bench.fs, bench.clock, lambda: bench.database)


def replica_to_verify(settings: Settings, home: Path, clock: Clock, fs: FileSystem) -> Stocked:
    """The second copy for looking at it."""
    if not settings.replica_in_bucket:
        root = settings.replica_path(home)
        check_is_there(root)
        return _replica_folder(root, fs)
    return _replica_bucket(settings, home, fs, clock, None)


def check_is_there(root: Path) -> None:
    """A disk that is not mounted leaves an empty folder: nothing may be written into that."""
    if not (root / EVIDENCE).is_dir():
        raise Unreachable(
            say(
                f"The second copy is not at {root}: mount it, or begin a new one with"
                " `cunzheng replica begin`.",
                f"第二副本不在 {root}：请挂载，或运行 cunzheng replica begin 新建。",
            )
        )


def _replica_folder(root: Path, fs: FileSystem) -> Stocked:
    scratch = root / SCRATCH
    evidence = DirectoryStore(root / EVIDENCE, scratch, fs)
    live = DirectoryStore(root / LIVE, scratch, fs)
    found = in_folder(REPLICA, root, fs, evidence, live)
    pointer = DirectoryPointer(root / LIVE / POINTER, scratch / "checkpoint", fs)
    return replace(found, pointer=pointer)


def _replica_bucket(
    settings: Settings,
    home: Path,
    fs: FileSystem,
    clock: Clock,
    database: "Callable[[], Database] | None",
) -> Stocked:
    """With a database it can be written, and remembers versions; without one it is only read."""
    from archive.locations import Locations
    from archive.stores.s3 import Bucket, NoBook, Parting, S3Pointer, S3Store, connect

    client = connect(replica_access(settings))
    bucket = Bucket.at(client, settings.replica)
    beside = Bucket.at(client, settings.replica_live)
    parting = Parting(home / UPLOADS, fs) if database else None
    evidence = S3Store(
        bucket,
        locks=locks_of(settings, clock) if database else None,
        parting=parting,
        book=Locations(database, REPLICA) if database else NoBook(),
        traits=remembered_traits(database(), REPLICA) if database else None,
    )
    live = S3Store(beside, versioned=False, parting=parting)
    found = _in_bucket(REPLICA, settings, clock, bucket, evidence, live)
    return replace(found, pointer=S3Pointer(beside, POINTER))


def replica_access(settings: Settings) -> "S3Access":
    """How the second copy's server is reached; addressing and CA are those of the first."""
    from archive.stores.s3 import S3Access

    return S3Access(
        endpoint=settings.replica_endpoint,
        region=settings.replica_region,
        addressing=settings.s3_addressing,
        ca=settings.s3_ca,
        profile=settings.replica_profile,
        otherwise="work",
    )
