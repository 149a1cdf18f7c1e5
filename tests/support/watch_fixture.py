"""A sweep with a clock of its own over a folder, for tests of what is offered and what waits."""

import os
from pathlib import Path
from typing import Any

from station_sidecars import MAPPINGS

from ingest.found import Drop, Noticed
from ingest.settle import Settle
from ingest.sidecars.folder import Waits
from ingest.sweep import Sweeper, Watching


class Watched:
    """An inbox with one source `S`; `wait` is how long its files wait for sidecars."""

    def __init__(self, home: Path, wait: float = 0.0, late: float = 30.0) -> None:
        self.now = 1000.0
        self.folder = home / "inbox/S"
        self.folder.mkdir(parents=True)
        waits = Waits(MAPPINGS, lambda _: wait, late)
        settle = Settle(seconds=1.0, seconds_without_lease=1.0)
        self.archived: set[bytes] = set()
        watching = Watching(
            lambda: self.now,
            lambda: self.now,
            settle,
            taken=lambda _, paths, __: self.archived & {*paths},
            waits=waits,
        )
        self.sweeper = Sweeper(os.fsencode(home / "inbox"), watching)

    def put(self, **files: bytes) -> None:
        """Write files; a name has `_` for its dots, `__` for an underscore is not needed."""
        for name, data in files.items():
            (self.folder / name.replace("_", ".")).write_bytes(data)

    def after(self, seconds: float) -> list[Any]:
        """What a sweep gives so much later."""
        self.now += seconds
        return list(self.sweeper.sweep())

    def offered(self, seconds: float, *, take: bool = True) -> dict[str, tuple[str, str]]:
        """Drops by name: their sidecar's name, and the kind of their claim."""
        found = {}
        for item in self.after(seconds):
            if isinstance(item, Drop):
                kind = item.claim.kind if item.claim else ""
                beside = item.sidecar_name
                found[item.file.name.decode()] = (beside.decode() if beside else "", kind)
                if take:
                    key = item.sidecar.key if item.sidecar else None
                    self.sweeper.take(item.file.path, key)
        return found

    def remove(self, *names: str) -> None:
        """They are let go of, or taken away."""
        for name in names:
            (self.folder / name).unlink()

    def told(self, seconds: float) -> list[tuple[str, str]]:
        """What is left alone."""
        return [
            (os.path.basename(item.path).decode(), item.reason)
            for item in self.after(seconds)
            if isinstance(item, Noticed)
        ]
