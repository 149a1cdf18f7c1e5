"""What reads texts and documents in the intake; its processes start at the first document."""

from typing import TYPE_CHECKING

from cli.settings import Settings
from ingest.documents.understand import Understander

if TYPE_CHECKING:
    from ingest.documents.readers import Readers


class DocumentBench:
    """The understander of a process, and what it started."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._readers: Readers | None = None
        self.understander = Understander(self._started)

    def _started(self) -> "Readers":
        from ingest.documents.readers import Readers

        self._readers = Readers(
            seconds=self._settings.reader_seconds, memory_mb=self._settings.reader_memory_mb
        )
        return self._readers

    def close(self) -> None:
        """End the processes, where any were started."""
        if self._readers is not None:
            self._readers.close()
