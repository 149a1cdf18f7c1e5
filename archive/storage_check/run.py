"""One place, object by object, in the order of the keys: what is there beside what should be.

Both sides are streamed, so memory is flat. On a server every lock costs a request, so a bounded
number of them runs at once.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Protocol

from archive.cause import carried
from archive.errors import ArchiveError, ObjectMissing, Unreachable
from archive.ports import Inspectable, Protection, StoredVersion, Vault
from archive.storage_check.expected import DATED, Expected, Stated
from archive.storage_check.locks import judge_lock
from archive.storage_check.place import Found, judge_place
from archive.storage_check.versions import judge_versions, ours

LOG = "log/"
STAGED = timedelta(minutes=10)


class Ledgered(Protocol):
    """What the ledger says of one place."""

    def stated(self) -> Stated:
        """Of the place as a whole."""

    def objects(self) -> Iterator[Expected]:
        """Everything outside `log/` that may stand there, keys ascending."""

    def of_log(self, key: str) -> Expected | None:
        """What a key below `log/` is; None for one that does not belong there."""

    def recent(self, wanted: Expected) -> bool:
        """Whether the ledger asked for more than before in the last day."""


class Sink(Protocol):
    """Where findings go."""

    def take(self, found: Found) -> None:
        """Note findings about keys of this place."""

    def missing(self, wanted: Expected) -> None:
        """An object that must be there has no version at all."""

    def unexpected(self, key: str, listed: Sequence[StoredVersion]) -> None:
        """There is something that the ledger does not name."""

    def checked(self, count: int) -> None:
        """So many objects were looked at."""


@dataclass(frozen=True, slots=True)
class Storage:
    """One place to check: its name in the ledger (`first`, `replica`), and what it is asked by."""

    name: str
    vault: Vault
    place: Inspectable
    threads: int = 1


_Job = tuple[Expected, StoredVersion]


def check_storage(storage: Storage, ledger: Ledgered, sink: Sink, now: datetime) -> None:
    """Check one place; whatever it did not foresee is raised, never passed over."""
    facts = storage.place.facts()
    sink.take(judge_place(facts, ledger.stated(), now))
    jobs = _jobs(storage, ledger, sink, versioned=bool(facts.versioned))
    for found in _protections(storage, jobs, ledger, now):
        sink.checked(1)
        sink.take(found)


def _jobs(storage: Storage, ledger: Ledgered, sink: Sink, *, versioned: bool) -> Iterator[_Job]:
    """Judge every key's versions; what is there and should be has its protection judged next."""
    for wanted, listed in _beside(storage.vault, ledger):
        if wanted is None:
            sink.unexpected(listed[0].key, listed)
            continue
        sink.take(judge_versions(wanted, listed, versioned=versioned))
        version = ours(wanted, listed, storage.place)
        if version is not None:
            sink.take(_size(wanted, version))
            yield wanted, version
        elif wanted.needed:
            sink.missing(wanted)


def _beside(
    vault: Vault, ledger: Ledgered
) -> Iterator[tuple[Expected | None, Sequence[StoredVersion]]]:
    """Every key that is stored or needed, with what the ledger has of it, and its versions."""
    expected = ledger.objects()
    wanted = next(expected, None)
    last = ""
    for key, group in groupby(vault.versions(""), lambda version: version.key):
        listed = list(group)
        if key.startswith(LOG):
            yield ledger.of_log(key), listed
            continue
        if key <= last:
            raise Unreachable(f"the store's listing is not in order at {key}")
        last = key
        while wanted is not None and wanted.key < key:
            yield wanted, ()
            wanted = next(expected, None)
        if wanted is not None and wanted.key == key:
            yield wanted, listed
            wanted = next(expected, None)
        else:
            yield None, listed
    while wanted is not None:
        yield wanted, ()
        wanted = next(expected, None)


def _size(wanted: Expected, version: StoredVersion) -> Found:
    if wanted.size is None or wanted.size == version.size:
        return []
    return [("OBJECT_SIZE", wanted.key, {"stored": version.size, "ledger": wanted.size})]


def _protections(
    storage: Storage, jobs: Iterable[_Job], ledger: Ledgered, now: datetime
) -> Iterator[Found]:
    """Ask for every lock, a few at a time, and judge it; in the order of the jobs."""

    def ask(job: _Job) -> Any:
        key, version = job[0].key, job[1].version
        try:
            got = storage.vault.protection(key, version)
            bare = job[0].level in DATED and got.level not in DATED
            # Absence counts only for who would have been shown a lock.
            if bare and not storage.place.shows_locks(key, version):
                return Unreachable("this account may not see locks")
            return got
        except (ArchiveError, OSError) as error:
            return error

    def judge(job: _Job, got: Any) -> Found:
        wanted, version = job
        if isinstance(got, Exception):
            gone = isinstance(got, ObjectMissing)
            reason = "it was listed and is gone" if gone else str(got)
            return [("STORE_UNREADABLE", wanted.key, {"reason": reason})]
        return judge_lock(wanted, _settled(got, version, now), now, ledger.recent)

    if storage.threads <= 1:
        for job in jobs:
            yield judge(job, ask(job))
        return
    waiting: deque[tuple[_Job, Future[Any]]] = deque()
    with ThreadPoolExecutor(storage.threads) as threads:
        for job in jobs:
            waiting.append((job, threads.submit(carried(ask), job)))
            if len(waiting) >= 8 * storage.threads:
                done, future = waiting.popleft()
                yield judge(done, future.result())
        for done, future in waiting:
            yield judge(done, future.result())


def _settled(got: Protection, version: StoredVersion, now: datetime) -> Protection:
    """Without the second name that a file has while its batch is finished: its staged one."""
    if now - version.modified > STAGED:
        return got
    kept = tuple(remark for remark in got.remarks if remark[0] != "FILE_LINKED")
    return replace(got, remarks=kept)
