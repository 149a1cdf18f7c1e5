"""Reads documents in processes of their own, which stay and are held to limits."""

from __future__ import annotations

from pathlib import Path

from ingest.documents.extract import MOST, Extracted


class Readers:
    """Takes documents apart; made once for a process, closed at its end."""

    def read(
        self, source: Path | bytes | int, media_type: str, name: str, *, most: int = MOST
    ) -> Extracted:
        """What stands in a document (a path, its bytes or an open descriptor); never raises."""
        del source, media_type, name, most
        return Extracted(readable=False, findings=(("FORMAT_NOT_READ", "no reader yet"),))

    def close(self) -> None:
        """End the processes."""
