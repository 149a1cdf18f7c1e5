"""What an inspection looks at: the archive's home, a bare store, or the second copy."""

import os
import secrets
from functools import partial
from pathlib import Path

from archive.catalog_check import check_catalog
from archive.cause import cause
from archive.database_check import LedgerCopy
from archive.durable import FileSystem
from archive.errors import ArchiveError, FormatError, Unreachable, UsageError
from archive.ids import check_ulid
from archive.report import Report
from archive.storage_check import Storage
from archive.verify import Cases, Everything, Kit, OneRecord, Sample, Scope, Since, verify
from archive.verify.storage import StorageKit
from cli.clock import SystemClock
from cli.dates import day_start
from cli.findings_view import PhaseProgress
from cli.invocation import Invocation
from cli.kept import PolicyFile
from cli.language import say
from cli.output import show_path
from cli.settings import Settings
from cli.wiring import Workbench
from cli.wiring_places import stores
from cli.wiring_stock import (
    FIRST,
    REPLICA,
    Stocked,
    first_to_verify,
    in_folder,
    replica_to_verify,
)


class Inspection:
    """Where the bytes are, and what the archive's own machine can add to them."""

    def __init__(self, invocation: Invocation, store: Path | None, *, replica: bool) -> None:
        self.home: Path | None = None
        self.workbench: Workbench | None = None
        self.database: LedgerCopy | None = None
        self._clock = SystemClock()
        self._fs = FileSystem()
        self._settings: Settings | None = None
        self._folder = Path()
        self._problems: list[tuple[str, str]] = []
        if store is not None:
            self._open_store(store)
        else:
            self._open_home(invocation)
        self._looked = self._place(store, replica=replica)

    def _open_store(self, store: Path) -> None:
        if store.is_file():
            self._settings, self._folder = Settings.load(store), store.parent
        elif not (store / "evidence").is_dir():
            name = show_path(store)
            raise UsageError(say(f"{name} holds no evidence/.", f"{name} 中没有 evidence/。"))

    def _open_home(self, invocation: Invocation) -> None:
        self.home, settings = invocation.settings()
        self._settings, self._folder = settings, self.home
        self.workbench = Workbench(self.home, settings)
        try:
            self.database = LedgerCopy(settings.database_url(self.home))
        except Unreachable as error:
            self._problems.append(("cunzheng.db", str(error)))

    def _place(self, store: Path | None, *, replica: bool) -> Stocked:
        settings = self._settings
        if replica:
            if settings is None or not settings.replica:
                raise UsageError(
                    say("The settings name no second copy.", "设置中没有第二副本（replica）。")
                )
            return replica_to_verify(settings, self._folder, self._clock, self._fs)
        if settings is not None:
            return first_to_verify(settings, self._folder, self._clock, self._fs)
        assert store is not None  # noqa: S101 - without settings it is a folder
        return in_folder(FIRST, store, self._fs, *stores(store, store))

    @property
    def _of_copy(self) -> bool:
        return self._looked.name == REPLICA

    def notes(self) -> list[tuple[str, bytes]]:
        """Notes that the archive's own database has; they prove themselves.

        A second copy that is known to be behind need not have the newest.
        """
        if self.database is None or (self._of_copy and self.database.is_behind(REPLICA)):
            return []
        return [(f"database: {log}", note) for log, note in self.database.notes()]

    @property
    def store(self) -> str:
        """The name of the store whose bytes are read."""
        return self._looked.name

    def storage_kit(self) -> StorageKit:
        """The places whose locks, versions and settings are looked at too."""
        place = _storage(self._looked)
        settings = self._settings
        if self._of_copy or settings is None or not settings.replica:
            return StorageKit([place], read=self._looked.name)
        try:
            copy = replica_to_verify(settings, self._folder, self._clock, self._fs)
        except Unreachable as error:
            self._problems.append(("the second copy", str(error)))
            return StorageKit([place])
        database = self.database
        if database is None:
            return StorageKit([place, _storage(copy)], copy.evidence)
        queued = partial(database.is_queued, REPLICA)
        return StorageKit([place, _storage(copy)], copy.evidence, queued)

    def scope(
        self,
        record: str | None,
        cases: list[str] | None,
        since: str | None,
        sample: int | None,
        seed: str | None,
    ) -> Scope:
        """The one scope that was asked for."""
        if sum(bool(item) for item in (record, cases, since, sample)) > 1:
            raise UsageError(
                say(
                    "Choose one of --record, --case, --since and --sample.",
                    "--record、--case、--since、--sample 只能选一个。",
                )
            )
        if record:
            return OneRecord(self._record_id(record))
        if cases:
            return Cases(frozenset(cases))
        if since:
            return Since(day_start(since))
        if sample:
            return Sample(sample, seed or secrets.token_hex(8))
        return Everything()

    def _record_id(self, text: str) -> str:
        """A whole identifier stands for itself, even if no catalog knows it."""
        try:
            return check_ulid(text.strip().upper())
        except FormatError:
            if self.database is not None:
                return self.database.record_id(text)
            raise UsageError(
                say("Give the whole id of the record.", "请给出完整的记录标识。")
            ) from None

    def verify(self, trusted: PolicyFile, scope: Scope, kit: Kit) -> Report:
        """Run it with a progress line."""
        start = self._clock.monotonic()
        with cause("verify"), PhaseProgress() as progress:
            report = verify(
                self._looked.evidence,
                self._looked.live,
                trusted.policy,
                now=self._clock.now(),
                scope=scope,
                kit=kit,
                progress=progress,
            )
        report.seconds = self._clock.monotonic() - start
        if self.database is not None:
            self._check_catalog(self.database, scope, report)
            self.database.close()
        for subject, reason in self._problems:
            report.add("STORE_UNREADABLE", subject, reason=reason)
        return report

    def _check_catalog(self, database: LedgerCopy, scope: Scope, report: Report) -> None:
        """The catalog too, where everything is asked for and the ledger could be read."""
        if not isinstance(scope, Everything) or self._of_copy:
            return
        try:
            cores = len(os.sched_getaffinity(0))
            check_catalog(database, self._looked.evidence, report, workers=cores)
        except (ArchiveError, OSError) as error:
            report.add("STORE_UNREADABLE", "cunzheng.db", reason=str(error))


def _storage(place: Stocked) -> Storage:
    return Storage(place.name, place.vault, place.place, place.threads)
