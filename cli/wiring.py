"""The composition root: the only place that builds adapters; everything else gets its parts."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from archive.abandon import Abandoner
from archive.database import Database
from archive.durable import FileSystem
from archive.errors import Unreachable, UsageError
from archive.identity import Identity
from archive.inspection import Recorder
from archive.introducing import Stand
from archive.keyring import Keyring, load_identity
from archive.lease import Lease
from archive.locations import REPLICA, Locations
from archive.ports import LiveStore, ObjectStore
from archive.publish import Places
from archive.seal import Sealer
from archive.stored_log import LogTrust
from archive.system_entries import LogSettings, SystemEntries
from cli import passphrase
from cli.clock import SystemClock
from cli.keyrings import keyring_in
from cli.language import say
from cli.loading import loading
from cli.protecting import FIRST, protected, remembered_traits, traits_of
from cli.settings import EMBEDDED, SETTINGS_FILE, Settings
from cli.software import software
from cli.wiring_copy import awaited_copy
from cli.wiring_documents import DocumentBench
from cli.wiring_media import FirstLook
from cli.wiring_places import Opening, Purpose, check_file_system
from cli.wiring_sidecars import mappings_of
from cli.wiring_time import timestamper_of
from cli.wiring_watch import lacking_of, only_watcher, room_of, sweeper_of
from ingest.ahead import Ahead
from ingest.finishing import Finisher, ProcessFinisher, ThreadFinisher, Work
from ingest.intake import Intake, IntakeSettings
from ingest.register import Maker
from ingest.releasing import Releaser, ReleaseSettings
from ingest.session import StagingSession
from ingest.watcher import Pipeline, Reporter, Watcher, WatchSettings
from retention.first_lock import FirstLock
from retention.law import RetentionLaw
from signing.timestamp import Timestamper
from signing.trust import TrustPolicy

if TYPE_CHECKING:
    from archive.desk.conceal import Confidential
    from archive.desk.submit import Desk
    from archive.stores.s3 import Traits


@dataclass
class Workbench:
    """One archive, its parts built when first used."""

    home: Path
    settings: Settings
    clock: SystemClock = field(default_factory=SystemClock)
    fs: FileSystem = field(default_factory=FileSystem)
    secret: str | None = field(default=None, repr=False)
    """Passphrase of the keys; where it is None it is looked for when they are first needed."""
    examined: Stand | None = None
    """What a probe of this moment found, before there was a ledger to say so."""

    def folder(self, name: str) -> Path:
        """A folder of the home."""
        return self.home / name

    @cached_property
    def database(self) -> Database:
        """The catalog and ledger database, at this version."""
        founded = (self.home / SETTINGS_FILE).exists()
        if founded and not self.bare_database.exists():
            # An empty one in its place would look like an archive without records.
            place = self.bare_database.file or self.bare_database
            raise Unreachable(
                say(
                    f"The database {place} is missing; `cunzheng rebuild` makes it from the store.",
                    f"数据库 {place} 不存在；请运行 cunzheng rebuild 由存储重建。",
                )
            )
        database = self.bare_database
        database.prepare()
        return database

    @cached_property
    def bare_database(self) -> Database:
        """The database as it is, perhaps missing or damaged."""
        return Database(self.settings.database_url(self.home))

    @property
    def evidence(self) -> ObjectStore:
        """The place of evidence."""
        return self.places.evidence

    @property
    def live(self) -> LiveStore:
        """The place without locks."""
        return self.places.live

    @cached_property
    def places(self) -> Places:
        """Both stores, the pointer and the staging folder."""
        replicas = (REPLICA,) if self.settings.replica else ()
        return replace(self.opening.places(Purpose.INGEST), replicas=replicas)

    @cached_property
    def release_places(self) -> Places:
        """The same for retrieval, which has credentials of its own."""
        in_bucket = self.settings.in_bucket
        return self.opening.places(Purpose.RELEASE) if in_bucket else self.places

    @cached_property
    def opening(self) -> Opening:
        """What it takes to open the stores."""
        book = Locations(lambda: self.database) if self.settings.in_bucket else None
        traits = self._traits() if self.settings.in_bucket else None
        return Opening(self.settings, self.home, self.fs, self.clock, book, traits)

    def _traits(self) -> "Traits | None":
        if self.examined is not None:
            return traits_of(self.examined.missing)
        return remembered_traits(self.bare_database, FIRST)

    @cached_property
    def stand(self) -> Stand:
        """How well the store protects; a bucket is tried out before the first write.

        Raises UsageError where the server promises too little, Unreachable.
        """
        found = protected(self, fresh=self.examined)
        # Writing must know what the server cannot do, which perhaps was not known until now.
        for name in ("opening", "places", "release_places"):
            self.__dict__.pop(name, None)
        return found

    @cached_property
    def keyring(self) -> Keyring:
        """The keys, with what opens them."""
        return keyring_in(self.home, self.settings, self.secret or passphrase.required())

    @cached_property
    def identity(self) -> Identity:
        """The opened keys; raises KeyLocked for a wrong passphrase."""
        local = self.settings.tsa == EMBEDDED
        return load_identity(
            self.keyring,
            self.settings.archive,
            self.settings.office,
            self.timestamper,
            time_is_local=local,
        )

    @cached_property
    def timestamper(self) -> Callable[[datetime | None], Timestamper]:
        """Makes time sources whose next genTime lies after a given moment."""
        return timestamper_of(self)

    @cached_property
    def log_settings(self) -> LogSettings:
        """What a new log states of itself."""
        return LogSettings(
            digests=self.settings.digests,
            heartbeat_seconds=self.settings.heartbeat_minutes * 60,
            software=software(),
            storage=self.stand.level,
            batch=self.settings.batch_entries,
        )

    @cached_property
    def sealer(self) -> Sealer:
        """The sealer; needs the passphrase. Refuses a store on another file system."""
        check_file_system(self.settings, self.home)
        settings = self.log_settings  # first: nothing is written before the store was tried out
        return Sealer(
            self.database,
            self.places,
            self.identity,
            self.lease,
            self.clock,
            os.urandom,
            settings,
        )

    @cached_property
    def lease(self) -> Lease:
        """The sealer's lock."""
        return Lease(self.folder("locks") / "seal", self.bare_database)

    @cached_property
    def abandoner(self) -> Abandoner:
        """Gives up records whose staged bytes are gone."""
        return Abandoner(self.database, self.places, self.lease, self.clock, os.urandom)

    @cached_property
    def own_policy(self) -> TrustPolicy:
        """The policy that lies in the home; raises UsageError if it cannot be read."""
        try:
            return TrustPolicy.parse((self.home / "policy.toml").read_bytes())
        except OSError as error:
            raise UsageError(
                say(
                    "The archive's policy.toml cannot be read.",
                    "无法读取存证库的 policy.toml。",
                )
            ) from error

    @cached_property
    def own_trust(self) -> LogTrust:
        """The archive's log key as its policy has it; needs no passphrase."""
        return LogTrust(self.settings.archive, self.own_policy.log_keys[-1].key)

    def confidential(self, host: str) -> "Confidential":
        """Releases of records, open (`.release`) and confidential; needs the passphrase."""
        from archive.desk.conceal import Confidential
        from archive.desk.release import Release

        locks = self.folder("locks") / "access"
        release = Release(self.desk(host), self.release_places, LogTrust.of(self.identity), locks)
        return Confidential(release, self.folder("confidential"), self.fs)

    @cached_property
    def recorder(self) -> Recorder:
        """Puts inspections on the ledger; needs the passphrase."""
        return Recorder(self.database, self.sealer, self.clock, os.urandom)

    def desk(self, host: str) -> "Desk":
        """The archive's side of signed statements; needs the passphrase."""
        return replace(self._desk, host=host)

    @cached_property
    def _desk(self) -> "Desk":
        from archive.desk.certificates import PersonCertificates
        from archive.desk.submit import Desk
        from archive.pki_register import PkiRegister

        pki = PkiRegister(self.identity)
        return Desk(
            self.database,
            self.sealer,
            self.evidence,
            self.clock,
            os.urandom,
            self.settings.archive,
            "single",
            PersonCertificates(self.database, self.own_policy, pki),
            law=RetentionLaw(),
        )

    @cached_property
    def maker(self) -> Maker:
        """Makes identifiers and salts."""
        return Maker(os.urandom)

    def releaser(self, tell: Callable[[str], None]) -> Releaser:
        """Lets go of receipted drops."""
        settings = ReleaseSettings(
            inbox=self.folder("inbox"),
            purge=self.folder("purge"),
            taken=self.folder("taken"),
            purge_after=timedelta(hours=self.settings.purge_hours),
        )
        return Releaser(self.fs, self.clock, settings, tell)

    @cached_property
    def documents(self) -> DocumentBench:
        """What reads texts and documents."""
        return DocumentBench(self.settings)

    def intake(
        self,
        releaser: Releaser,
        release: str | None = None,
        session: StagingSession | None = None,
        *,
        again: bool = False,
    ) -> Intake:
        """The intake state machine; `release` overrides the setting.

        `again`: its drops come out of quarantine.
        """
        lock = FirstLock(self.database)
        settings = IntakeSettings(
            office=self.settings.office,
            digests=self.settings.digests,
            release=release or self.settings.release,
            software=software(),
            storage=self.stand.level,
            inbox=self.folder("inbox"),
            staging=self.folder("staging"),
            outbox=self.folder("outbox"),
            quarantine=self.folder("quarantine"),
            pack_up_to=self.settings.pack_up_to,
            floor=lock.until,
            floor_class=lock.name,
            copied=awaited_copy(self.settings),
            look=FirstLook(self.settings, self.home),
            understand=self.documents.understander.understand,
            mappings=mappings_of(self.settings, self.home),
            again=again,
            session=session,
        )
        return Intake(
            self.database,
            self.sealer,
            self.evidence,
            self.fs,
            self.clock,
            self.maker,
            settings,
            releaser,
        )

    @contextmanager
    def watcher(
        self, reporter: Reporter, tell: Callable[[str], None], *, poll: bool = False
    ) -> Iterator[Watcher]:
        """The watcher of this archive's inbox; one per archive."""
        with only_watcher(self):
            releaser = self.releaser(tell)
            sweeper = sweeper_of(self)
            intake = self.intake(releaser)
            finisher = ThreadFinisher(intake, reporter.receipts)
            pipeline = Pipeline(intake, sweeper, reporter, finisher)
            try:
                yield Watcher(
                    self.database,
                    sweeper,
                    pipeline,
                    releaser,
                    SystemEntries(self.identity, self.log_settings, os.urandom),
                    self.clock,
                    WatchSettings(
                        self.settings.batch_entries,
                        timedelta(minutes=self.settings.heartbeat_minutes),
                        room_of(self),
                        lacking_of(self),
                        poll,
                    ),
                    reporter,
                )
            finally:
                pipeline.close()
                intake.close()
                self.documents.close()

    @contextmanager
    def by_hand(
        self, reporter: Reporter, tell: Callable[[str], None], ahead: Ahead | None = None
    ) -> Iterator[Pipeline]:
        """A pipeline for drops that are named by hand and stay where they are.

        With many files, which are read `ahead`, finishing has a process of its own too; it must
        then be asked for first.
        """
        with ExitStack() as stack:
            aside: Finisher | None = None
            if ahead:
                aside = ProcessFinisher(self._seal_aside)
                stack.callback(aside.close)
            session = ahead.session if ahead else None
            intake = self.intake(self.releaser(tell), "keep", session)
            stack.callback(self.documents.close)
            stack.callback(intake.close)
            if ahead:
                stack.callback(ahead.stop)
            finisher = aside or ThreadFinisher(intake, reporter.receipts)
            stack.callback(finisher.close)
            yield Pipeline(intake, None, reporter, finisher)

    def _seal_aside(self) -> Iterator[Work]:
        """What the second process does; it shares nothing with the first one but the home."""
        sealer = Workbench(self.home, self.settings).sealer
        # Takes half a second and is needed at the first seal: better while a batch is staged.
        with loading():
            import_module("pyhanko.sign.signers")

        def seal() -> bool:
            drained = sealer.drain()
            return drained is not None and drained.waiting_for_tsa

        yield seal
