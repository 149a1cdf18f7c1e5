"""What the sweep of an inbox needs of an archive: settings, the register, what was taken."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

from archive.database import Database
from archive.errors import UsageError
from archive.source_rows import terms_of
from cli.clock import SystemClock
from cli.language import say
from cli.one_at_a_time import one_at_a_time, one_at_a_time_in
from cli.settings import Settings
from cli.sidecar_wait import SidecarWait
from cli.wiring_sidecars import mappings_of
from ingest.complete import SETTLED
from ingest.intended import Intended
from ingest.lacking import NAME as LACKING
from ingest.lacking import LackingTold, Seen, read_lacking
from ingest.mounts import Mounts
from ingest.room import Room
from ingest.settle import Settle
from ingest.sidecars.folder import Waits
from ingest.sweep import Share, Sweeper, Watching
from ingest.taken_paths import TakenPaths

_FRESH_SECONDS = 2.0
_HOUR = 3600.0


class WatchBench(Protocol):
    """What is needed of a workbench."""

    home: Path
    settings: Settings
    clock: SystemClock

    @property
    def database(self) -> Database:
        """The catalog."""

    def folder(self, name: str) -> Path:
        """A folder of the home."""


def mounts_of(bench: WatchBench) -> Mounts:
    """The mounts at and below an archive's inbox, as watchers have seen them."""
    return Mounts(bench.folder("locks") / "mounts", bench.clock.monotonic)


def sweeper_of(bench: WatchBench) -> Sweeper:
    """The sweeper of an archive's inbox."""
    settings, clock = bench.settings, bench.clock
    mounts = mounts_of(bench)
    watching = Watching(
        monotonic=clock.monotonic,
        now=lambda: clock.now().timestamp(),
        settle=Settle(seconds=settings.settle_seconds),
        unfinished_seconds=settings.unfinished_hours * _HOUR,
        complete=Rules(bench.database, clock.monotonic),
        taken=TakenPaths(bench.database),
        is_refused=Intended(bench.database, bench.folder("staging")).is_ours,
        is_remote=mounts.is_remote,
        waits=Waits(
            mappings_of(settings, bench.home),
            SidecarWait(bench.database, clock.monotonic, settings.sidecar_wait_seconds),
        ),
    )
    share = Share(settings.batch_entries)
    return Sweeper(os.fsencode(bench.folder("inbox")), watching, share, mounts.is_lost)


@contextmanager
def _only_of_inbox(bench: WatchBench) -> Iterator[bool]:
    """True also where there is no inbox now, which is another trouble."""
    inbox = bench.folder("inbox")
    with one_at_a_time_in(inbox) if inbox.is_dir() else nullcontext(enter_result=True) as mine:
        yield mine


@contextmanager
def only_watcher(bench: WatchBench) -> Iterator[None]:
    """While it lasts no other watcher of the archive can begin; raises UsageError if one has."""
    # The inbox too: it may be the inbox of another archive as well, by a link or a mount.
    with (
        one_at_a_time(bench.folder("locks") / "watch") as mine,
        _only_of_inbox(bench) as alone,
    ):
        if not mine:
            raise UsageError(
                say(
                    "Another watcher is already at work on this archive.",
                    "该存证库已有另一个监视进程在运行。",
                )
            )
        if not alone:
            raise UsageError(
                say(
                    "Another process has the inbox locked, such as a watcher of another"
                    " archive; lslocks(8) names it.",
                    "收件目录已被另一进程锁定（例如另一存证库的监视进程），可用 lslocks(8) 查看。",
                )
            )
        yield


def room_of(bench: WatchBench) -> Room:
    """Room where staging is."""
    return Room(lambda: free_bytes(bench.folder("staging")), bench.settings.reserve_bytes)


def lacking_of(bench: WatchBench) -> LackingTold:
    """Where the watcher says what complete files lack."""
    return LackingTold(bench.folder("locks") / LACKING, bench.clock)


def seen_of(bench: WatchBench) -> Seen | None:
    """What it said last."""
    return read_lacking(bench.folder("locks") / LACKING)


def free_bytes(folder: Path) -> int:
    """Bytes that are free to us on the disk of a folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Rules:
    """Which rule the register gives a source; read anew after a moment."""

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._db = database
        self._monotonic = monotonic
        self._until = 0.0
        self._rules: Mapping[str, str | None] = {}

    def __call__(self, source: str) -> str:
        """One of ingest.complete.RULES."""
        now = self._monotonic()
        if now >= self._until:
            with self._db.read() as connection:
                self._rules = {name: t.complete for name, t in terms_of(connection).items()}
            self._until = now + _FRESH_SECONDS
        return self._rules.get(source) or SETTLED
