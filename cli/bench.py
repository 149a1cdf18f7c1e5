"""What the builders of stores need of a workbench; `cli.wiring.Workbench` is the one there is."""

from pathlib import Path
from typing import Protocol

from archive.database import Database
from archive.durable import FileSystem
from archive.ports import Clock
from archive.publish import Places
from cli.settings import Settings
from cli.wiring_places import Opening


class Bench(Protocol):
    """One archive, its parts built when first used."""

    @property
    def home(self) -> Path:
        """Its folder."""

    @property
    def settings(self) -> Settings:
        """Its settings."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def fs(self) -> FileSystem:
        """The disk."""

    @property
    def database(self) -> Database:
        """Catalog and ledger."""

    @property
    def places(self) -> Places:
        """The first store."""

    @property
    def opening(self) -> Opening:
        """What it takes to open the stores."""

    def folder(self, name: str) -> Path:
        """A folder of the home."""
