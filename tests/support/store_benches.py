"""Stores for the contract suite: each with a second handle, and source that makes it elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ceph_server import Ceph
from s3_servers import Weed, admin_client, fresh_bucket

from archive.durable import FileSystem
from archive.ports import CHUNK, LiveStore
from archive.stores.directory import DirectoryStore

_NUMBERS = itertools.count(1)


@dataclass
class Bench:
    """A store to be tested, another handle on the same one, and a folder to stage files in."""

    store: LiveStore
    again: LiveStore
    staging: Path
    worker: str
    """Python source that makes `store` in another process."""
    memory: int = 6 * CHUNK
    """Peak of Python's own memory while 96 MiB go through it."""


@dataclass(frozen=True)
class Kind:
    """A kind of store; `live` says that objects may be discarded, `full` that it needs tools."""

    make: Callable[[pytest.FixtureRequest, Path], Bench]
    live: bool = True
    full: bool = False


def directory_store(_request: pytest.FixtureRequest, folder: Path) -> Bench:
    for name in ("store", "scratch", "staging"):
        (folder / name).mkdir()

    def make() -> DirectoryStore:
        return DirectoryStore(folder / "store", folder / "scratch", FileSystem())

    worker = (
        "from pathlib import Path\n"
        "from archive.durable import FileSystem\n"
        "from archive.stores.directory import DirectoryStore\n"
        f"folder = Path({str(folder)!r})\n"
        "store = DirectoryStore(folder / 'store', folder / 'scratch', FileSystem())\n"
    )
    return Bench(make(), make(), folder / "staging", worker)


_BUCKET_STORE = """
from datetime import UTC, datetime
from pathlib import Path
from archive.durable import FileSystem
from archive.stores.s3 import Bucket, Locks, Parting, S3Access, S3Store, Traits, connect
class Clock:
    now = staticmethod(lambda: datetime.now(UTC))
def make():
    client = connect(S3Access({endpoint!r}, addressing="path", ca={ca!r}))
    parting = Parting(Path({uploads!r}), FileSystem(), 5 << 20, 3)
    bucket = Bucket.at(client, {place!r})
    return S3Store(bucket, versioned={versioned}, locks={locks}, parting=parting, traits={traits})
store = make()
"""


def bucket_store(folder: Path, endpoint: str, place: str, **options: str) -> Bench:
    """A store in a bucket; the options are Python source: `versioned`, `locks`, `traits`, `ca`."""
    (folder / "staging").mkdir()
    values = {"versioned": "True", "locks": "None", "traits": "None", "ca": "", **options}
    source = _BUCKET_STORE.format(
        endpoint=endpoint, place=place, uploads=str(folder / "uploads"), **values
    )
    scope: dict[str, Callable[[], LiveStore]] = {}
    exec(source, scope)
    return Bench(scope["make"](), scope["make"](), folder / "staging", source, 8 * CHUNK)


def _evidence(*, tls: bool) -> Callable[[pytest.FixtureRequest, Path], Bench]:
    """A locked bucket of the shared SeaweedFS, below a prefix."""

    def make(request: pytest.FixtureRequest, folder: Path) -> Bench:
        request.getfixturevalue("aws")
        weed: Weed = request.getfixturevalue("weed")
        place = f"s3://{_shared(weed, locked=True)}/office/{next(_NUMBERS)}"
        endpoint, ca = (weed.https, str(weed.ca)) if tls else (weed.http, "")
        return bucket_store(folder, endpoint, place, ca=ca, locks="Locks('GOVERNANCE', Clock())")

    return make


def _live(request: pytest.FixtureRequest, folder: Path) -> Bench:
    request.getfixturevalue("aws")
    weed: Weed = request.getfixturevalue("weed")
    place = f"s3://{_shared(weed, locked=False)}/{next(_NUMBERS)}"
    return bucket_store(folder, weed.http, place, versioned="False")


def _ceph(request: pytest.FixtureRequest, folder: Path) -> Bench:
    """A locked bucket of an old gateway: nothing but the list of versions says who was first."""
    request.getfixturevalue("aws")
    ceph: Ceph = request.getfixturevalue("ceph")
    place = f"s3://{_shared_of(ceph.http, True)}/{next(_NUMBERS)}"
    degraded = "Traits(create_only=False, create_only_parts=False)"
    locks = "Locks('GOVERNANCE', Clock())"
    return bucket_store(folder, ceph.http, place, locks=locks, traits=degraded)


@cache
def _shared_of(endpoint: str, locked: bool) -> str:
    return fresh_bucket(admin_client(endpoint), "contract", locked=locked)


def _shared(weed: Weed, *, locked: bool) -> str:
    """One bucket for all tests of the suite: the first write to a new one takes its time."""
    return _shared_of(weed.http, locked)


KINDS: dict[str, Kind] = {
    "directory": Kind(directory_store),
    "weed http": Kind(_evidence(tls=False), live=False),
    "weed https": Kind(_evidence(tls=True), live=False),
    "weed live": Kind(_live),
    "ceph degraded": Kind(_ceph, live=False, full=True),
}


def params(*, live: bool = False) -> list[Any]:
    """The names of all kinds, or of those with objects that may be discarded, for `fixture`."""
    full = pytest.mark.full
    found = [(name, kind) for name, kind in KINDS.items() if kind.live or not live]
    return [pytest.param(name, marks=full) if kind.full else name for name, kind in found]
