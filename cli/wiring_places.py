"""Building the stores that the settings name: a folder of this machine, or two buckets."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from archive.durable import FileSystem
from archive.errors import UsageError
from archive.ports import Clock, LiveStore, ObjectStore
from archive.publish import Places
from archive.stores.directory import DirectoryPointer, DirectoryStore
from cli.language import say
from cli.settings import Settings

if TYPE_CHECKING:
    from archive.stores.s3 import (
        Bucket,
        Locks,
        Parting,
        S3Access,
        S3Store,
        Traits,
        VersionBook,
    )

EVIDENCE, LIVE = "evidence", "live"
POINTER = "log/checkpoint"
UPLOADS = "uploads"
_LINKED_FROM = ("staging", "scratch")


class Purpose(StrEnum):
    """What a store is opened for; each has its own credentials, if the settings name any."""

    INGEST = "ingest"
    RELEASE = "release"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open the places of one archive.

    `book` remembers versions and `traits` what the server cannot do; both only matter for buckets.
    """

    settings: Settings
    home: Path
    fs: FileSystem
    clock: Clock
    book: "VersionBook | None" = None
    traits: "Traits | None" = None

    def places(self, purpose: Purpose) -> Places:
        """Both stores, the pointer and the staging folder. Nothing is asked of a server yet."""
        if self.settings.in_bucket:
            return self._buckets(purpose)
        root = self.settings.store_path(self.home)
        immutable = self.settings.immutable_files
        evidence, live = stores(root, self.home / "scratch", self.fs, immutable=immutable)
        temporary = self.home / "scratch" / f"checkpoint-{os.getpid()}"
        pointer = DirectoryPointer(root / LIVE / POINTER, temporary, self.fs)
        return Places(evidence, live, pointer, self.home / "staging")

    def _buckets(self, purpose: Purpose) -> Places:
        from archive.stores.s3 import Bucket, S3Pointer, S3Store, connect

        client = connect(access_of(self.settings, purpose))
        live = Bucket.at(client, self.settings.store_live)
        return Places(
            self._evidence(Bucket.at(client, self.settings.store)),
            S3Store(live, versioned=False, parting=self._parting()),
            S3Pointer(live, POINTER),
            self.home / "staging",
        )

    def _evidence(self, bucket: "Bucket") -> "S3Store":
        from archive.stores.s3 import S3Store

        return S3Store(
            bucket,
            locks=locks_of(self.settings, self.clock),
            parting=self._parting(),
            book=self.book,
            traits=self.traits,
        )

    def _parting(self) -> "Parting":
        from archive.stores.s3 import Parting

        return Parting(self.home / UPLOADS, self.fs)


def stores(
    root: Path, scratch: Path, fs: FileSystem | None = None, *, immutable: bool = False
) -> tuple[DirectoryStore, DirectoryStore]:
    """Evidence and live below a folder; for reading only, `scratch` may be any folder."""
    system = fs or FileSystem()
    evidence = DirectoryStore(root / EVIDENCE, scratch, system, immutable=immutable)
    return evidence, DirectoryStore(root / LIVE, scratch, system)


def stores_to_verify(settings: Settings, home: Path) -> tuple[ObjectStore, LiveStore]:
    """Both stores for verification alone: no database is asked, nothing large can be written."""
    if not settings.in_bucket:
        return stores(settings.store_path(home), home / "scratch")
    from archive.stores.s3 import Bucket, S3Store, connect

    client = connect(access_of(settings, Purpose.VERIFY))
    evidence = S3Store(Bucket.at(client, settings.store))
    return evidence, S3Store(Bucket.at(client, settings.store_live), versioned=False)


def disk_of(settings: Settings, home: Path) -> Path:
    """A folder on the disk that fills up first: the store's, or with buckets staging's."""
    return home / "staging" if settings.in_bucket else settings.store_path(home)


def folder_of(settings: Settings, home: Path) -> Path | None:
    """Root of the store where it is a folder, else None."""
    return None if settings.in_bucket else settings.store_path(home)


def access_of(settings: Settings, purpose: Purpose) -> "S3Access":
    """How the server is reached for a purpose."""
    from archive.stores.s3 import S3Access

    return S3Access(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        addressing=settings.s3_addressing,
        ca=settings.s3_ca,
        profile=getattr(settings, f"s3_profile_{purpose.value}"),
        otherwise="verify" if purpose is Purpose.VERIFY else "work",
    )


def locks_of(settings: Settings, clock: Clock) -> "Locks | None":
    """How evidence is locked; None where the settings say that it is not."""
    from archive.stores.s3 import Locks

    return None if settings.lock_mode == "none" else Locks(settings.lock_mode.upper(), clock)


def check_file_system(settings: Settings, home: Path) -> None:
    """Files get their place in a folder by link(2); UsageError where that cannot be."""
    if settings.in_bucket:
        return
    store = settings.store_path(home)
    devices = {path.stat().st_dev for path in (store, *(home / name for name in _LINKED_FROM))}
    if len(devices) > 1:
        raise UsageError(
            say(
                f"The store {store} must be on the same file system as staging/ and scratch/"
                f" of {home}.",
                f"存储 {store} 必须与 {home} 中的 staging/、scratch/ 位于同一文件系统。",
            )
        )
