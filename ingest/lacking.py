"""What complete files of a source still lack, as the watcher's last look found it: for `status`.

    told = LackingTold(home / "locks" / NAME, clock)
    told.tell(sweeper.lacking)                      # the watcher, after every look
    read_lacking(home / "locks" / NAME)             # anybody

Only the watcher knows for how long a file was at rest and what its manifests list. The small file
that it writes is not synced: what a crash takes is written again at the next look.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from archive import fields
from archive.errors import FormatError
from archive.ports import Clock
from archive.times import format_time, parse_time

NAME = "lacking"
"""Of the file, among the watcher's others."""
_AGAIN_SECONDS = 60.0
"""After which it is written anew though nothing has changed: it says when the inbox was seen."""


class Lacking(NamedTuple):
    """Numbers of files that are complete but for their marker, a manifest, or their sidecar."""

    marker: int = 0
    manifest: int = 0
    sidecar: int = 0


class Seen(NamedTuple):
    """What a look at the inbox found; sources that lack nothing are not in it."""

    at: datetime
    sources: Mapping[str, Lacking]

    @property
    def total(self) -> Lacking:
        """Of all sources."""
        return Lacking(*map(sum, zip(*self.sources.values(), strict=True)))


class LackingTold:
    """Writes it, when it has changed or once a minute."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._told: Mapping[str, Lacking] | None = None
        self._due = 0.0

    def tell(self, sources: Mapping[str, Lacking]) -> None:
        """After a look at the whole inbox."""
        now = self._clock.monotonic()
        if sources == self._told and now < self._due:
            return
        said = {source: lacking._asdict() for source, lacking in sources.items()}
        text = json.dumps({"at": format_time(self._clock.now()), "sources": said}, indent=1)
        new = self._path.with_name(self._path.name + ".new")
        with suppress(OSError):  # a full disk is told of elsewhere
            new.write_text(text + "\n", encoding="utf-8")
            new.replace(self._path)
            self._told, self._due = sources, now + _AGAIN_SECONDS


def read_lacking(path: Path) -> Seen | None:
    """None where no watcher has looked yet, or it cannot be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        sources = {source: _lacking(value) for source, value in said["sources"].items()}
        return Seen(parse_time(said["at"]), sources)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, FormatError):
        return None


def _lacking(value: Any) -> Lacking:
    fields.exactly(value, dict.fromkeys(Lacking._fields, fields.count), {})
    return Lacking(**value)
