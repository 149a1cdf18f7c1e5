"""How long files wait for their sidecars: by the register, else by the setting."""

from collections.abc import Callable, Mapping

from archive.database import Database
from archive.source_rows import terms_of

_FRESH_SECONDS = 2.0


class SidecarWait:
    """Seconds that files of a source wait: by its terms, else by the setting."""

    def __init__(self, database: Database, monotonic: Callable[[], float], usual: float) -> None:
        self._db = database
        self._monotonic = monotonic
        self._usual = usual
        self._until = 0.0
        self._waits: Mapping[str, int | None] = {}

    def __call__(self, source: str) -> float:
        """See ingest.sidecars.folder.Waits; the register is read anew after a moment."""
        now = self._monotonic()
        if now >= self._until:
            with self._db.read() as connection:
                found = terms_of(connection).items()
                self._waits = {name: terms.sidecar_wait_seconds for name, terms in found}
            self._until = now + _FRESH_SECONDS
        stated = self._waits.get(source)
        return self._usual if stated is None else float(stated)
