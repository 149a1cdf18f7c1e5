"""What makes derivatives of sealed records."""

import os
from typing import TYPE_CHECKING, Protocol

from archive.seal import Sealer
from cli.wiring_media import MediaBench, originals_of

if TYPE_CHECKING:
    from ingest.media.derive.deriver import Deriver


class DerivingBench(MediaBench, Protocol):
    """A workbench that can seal."""

    @property
    def sealer(self) -> Sealer:
        """Needs the passphrase."""


def deriver_of(bench: DerivingBench) -> "Deriver":
    """Makes derivatives; raises UsageError only where a recipe needs programs that are missing."""
    from archive.derivatives import Derivatives
    from ingest.media.derive.deriver import Deriver
    from ingest.media.tools import find_programs

    derivatives = Derivatives(
        bench.database, bench.places.live, bench.sealer, bench.clock, os.urandom
    )
    return Deriver(
        bench.database,
        originals_of(bench),
        derivatives,
        find_programs(bench.settings.programs_folder(bench.home)),
        bench.fs,
        bench.folder("scratch"),
        bench.folder("locks") / "derive",
    )
