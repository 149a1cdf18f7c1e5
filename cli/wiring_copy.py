"""Copying to the second store beside everything else: in a thread of whoever seals.

with copying(bench, tell):
    …                         # what is sealed here is copied as it comes
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import TYPE_CHECKING

from archive import replica_queue
from archive.copying import Copier
from archive.errors import ArchiveError, StateUnknown, Unreachable
from archive.replica import REPLICA, Copied, Replicator, Side
from archive.status import CopyStatus
from cli.bench import Bench
from cli.language import say
from cli.one_at_a_time import one_at_a_time
from cli.protecting import Spot, protected_copy
from cli.settings import Settings
from cli.wiring_stock import SCRATCH, Stocked, first_of, replica_access, replica_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from archive.stores.s3 import Bucket
    from ingest.outbox import Due
    from ingest.watcher import Pipeline

_PAUSE_SECONDS = 2.0
_TURN_SECONDS = 0.2
_LAST_SECONDS = 10.0
"""At the end what is left may be copied by whoever comes next."""
_BACK_OFF_SECONDS = (5.0, 15.0, 60.0, 300.0)
Tell = Callable[[str], None]


def awaited_copy(
    settings: Settings,
) -> "Callable[[Connection, Sequence[Due]], list[Due]] | None":
    """What receipts wait for besides the first store; None where they do not."""
    if not settings.replica_required:
        return None

    def copied(connection: "Connection", due: "Sequence[Due]") -> "list[Due]":
        asked = [replica_queue.Sealed(item.entry, item.log, item.place) for item in due]
        return list(compress(due, replica_queue.copied(connection, REPLICA, asked)))

    return copied


def replicator_of(bench: Bench) -> Replicator:
    """What copies. Raises Unreachable where the second copy's folder is not there."""
    copy = replica_of(bench)
    protected_copy(bench, replica_spot(bench.settings))
    in_bucket = bench.settings.replica_in_bucket
    root = bench.home if in_bucket else bench.settings.replica_path(bench.home)
    copier = Copier(root / SCRATCH, bench.fs)
    return Replicator(bench.database, side_of(first_of(bench)), side_of(copy), copier, bench.clock)


def replica_spot(settings: Settings) -> Spot:
    """The second copy, as it is tried out before anything is locked there."""

    def opened() -> "Bucket":
        from archive.stores.s3 import Bucket, connect

        return Bucket.at(connect(replica_access(settings)), settings.replica)

    return Spot(
        REPLICA,
        settings.replica,
        settings.replica_endpoint,
        settings.replica_region,
        settings.lock_mode,
        opened if settings.replica_in_bucket else None,
    )


def side_of(place: Stocked) -> Side:
    """A place as copying knows it."""
    assert place.pointer is not None  # noqa: S101 - opened for writing
    return Side(place.evidence, place.live, place.pointer, place.vault)


def copy_status(place: str, connection: "Connection") -> CopyStatus | None:
    """How far the second copy is behind; None where the settings name none."""
    if not place:
        return None
    lag = replica_queue.lag(connection, REPLICA)
    return CopyStatus(place, lag.count, lag.oldest, lag.problems)


def copy_now(
    bench: Bench,
    stop: Callable[[], bool] = lambda: False,
    advance: Callable[[int], None] = lambda _count: None,
) -> Copied | None:
    """Copy what waits; None if another process is at it. Raises Unreachable, StateUnknown."""
    with one_at_a_time(bench.folder("locks") / "replica") as mine:
        return replicator_of(bench).drain(stop, advance) if mine else None


def finish_copied(bench: Bench, pipeline: "Pipeline", tell: Tell) -> bool:
    """Where receipts wait for the second copy: copy all, and write them. False if it is away."""
    if not bench.settings.replica_required:
        return True
    try:
        while copy_now(bench) is None:
            time.sleep(_TURN_SECONDS)
    except Unreachable as error:
        tell(
            say(
                f"Receipts wait for the second copy: {error}",
                f"回执等待第二副本：{error}",
            )
        )
        return False
    pipeline.finish()
    with bench.database.read() as connection:
        return replica_queue.is_empty(connection, REPLICA)


@contextmanager
def copying(bench: Bench, tell: Tell) -> Iterator[None]:
    """Copy in a thread as long as this lasts, and once more at the end; nothing waits for it."""
    if not bench.settings.replica:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_copy, args=(bench, tell, stop), name="replica", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _copy(bench: Bench, tell: Tell, stop: threading.Event) -> None:
    failures = 0
    pause = 0.0
    last = False
    while not last:
        last = stop.wait(pause)
        if last and failures:
            return
        try:
            copy_now(bench, _until(bench, _LAST_SECONDS) if last else stop.is_set)
        except StateUnknown as error:
            tell(_trouble(error))
            return
        except (ArchiveError, OSError) as error:
            if failures == 0:
                tell(_trouble(error))
            pause = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
            failures += 1
        else:
            if failures:
                tell(say("The second copy answers again.", "第二副本恢复应答。"))
            failures, pause = 0, _PAUSE_SECONDS


def _until(bench: Bench, seconds: float) -> Callable[[], bool]:
    end = bench.clock.monotonic() + seconds
    return lambda: bench.clock.monotonic() > end


def _trouble(error: Exception) -> str:
    return say(
        f"The second copy waits: {error} Nothing else does.",
        f"第二副本暂停写入：{error} 其他工作不受影响。",
    )
