"""What looks at media: before the seal in the intake, and behind it."""

import os
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from archive.errors import FormatError, UsageError
from archive.stored_log import LogTrust
from archive.stores.directory import DirectoryStore
from cli.bench import Bench
from cli.language import say
from cli.settings import Settings
from ingest.media.profiles import Profiles

if TYPE_CHECKING:
    from ingest.media.examiner import Examiner
    from ingest.media.look import Looker
    from ingest.media.originals import Originals


class MediaBench(Bench, Protocol):
    """A workbench that knows the archive's log key."""

    @property
    def own_trust(self) -> LogTrust:
        """As the archive's own policy has it."""


class FirstLook:
    """A `Look` that loads what it takes at the first medium: most archives get texts for hours.

    Profiles of names are read at once, so that a mistake in them is told at the start.
    """

    def __init__(self, settings: Settings, home: Path) -> None:
        """Raises UsageError for profiles that cannot be used."""
        self._folder = settings.programs_folder(home)
        self._profiles = profiles_of(settings, home)
        self._lock = threading.Lock()
        self._looker: Looker | None = None

    def __call__(
        self,
        source: Path | bytes,
        name: str,
        media_type: str,
        claims: Mapping[str, Any] | None,
        received_at: datetime,
        profile: str | None = None,
    ) -> bytes:
        """See ingest.describe.Look."""
        looker = self.looker if profile is None else self.looker.by(profile)
        return looker.described(source, name, media_type, claims, received_at)

    @property
    def looker(self) -> "Looker":
        """What looks."""
        with self._lock:
            if self._looker is None:
                from ingest.media.look import Looker
                from ingest.media.tools import find_programs

                self._looker = Looker(partial(find_programs, self._folder), self._profiles)
        return self._looker


def profiles_of(settings: Settings, home: Path) -> Profiles:
    """Profiles of file names; raises UsageError where the file of one's own cannot be used."""
    try:
        return Profiles.load(settings.profiles_file(home))
    except (FormatError, OSError) as error:
        raise UsageError(
            say(
                f"The profiles of file names cannot be used: {error}",
                f"文件名规则无法使用：{error}",
            )
        ) from error


def originals_of(bench: MediaBench) -> "Originals":
    """Opens sealed contents for programs."""
    from ingest.media.originals import Originals

    evidence = bench.places.evidence
    local = evidence.open_object if isinstance(evidence, DirectoryStore) else None
    return Originals(bench.database, bench.places, bench.own_trust, bench.folder("scratch"), local)


def examiner_of(bench: MediaBench) -> "Examiner":
    """Examines what is sealed."""
    from ingest.media.examiner import Examiner

    look = FirstLook(bench.settings, bench.home)
    return Examiner(
        bench.database, originals_of(bench), look.looker.examined, bench.clock, os.urandom
    )
