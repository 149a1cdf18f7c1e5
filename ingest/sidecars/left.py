"""Rows of lists that were taken, for which nothing had come: known for half a day.

    kept = LeftOnDisk(home / "locks" / NAME, fs, monotonic, now, mappings)
    lefts = kept.load("S1")          # those of a watcher that ended
    kept.save("S1", lefts)           # when a list was taken, or a file that one of its rows was for

On disk they outlive their watcher.
"""

import base64
import json
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from archive.durable import FileSystem, replace
from ingest.claim import ROW, TWICE, Claim

NAME = "lists"
"""Of the folder, among the watcher's others."""
LEFT_SECONDS = 12 * 3600.0
"""So long rows of a list that was taken are bound to files; after it devices use names again."""
MOST_LEFT, MOST_LISTS = 50_000, 1_000
"""Such rows, and lists with such rows, of one source that are remembered."""


class Ident(NamedTuple):
    """A list: its folder within the source, its name there, and when the file system changed it."""

    inside: bytes
    name: bytes
    ctime_ns: int


@dataclass(slots=True)
class Left:
    """Rows by the names in them; `until` is by a clock that never jumps."""

    rows: dict[str, Claim]
    until: float


Lefts = dict[Ident, Left]


class LeftRows(Protocol):
    """Where they are kept."""

    def load(self, source: str) -> Lefts:
        """Those of a source, the too old ones too; none where what is kept cannot be read."""

    def save(self, source: str, lefts: Mapping[Ident, Left]) -> None:
        """Keep them in the place of those before; raises OSError, Unreachable for a full disk."""

    def is_kept(self, source: str) -> bool:
        """Whether anything is; a spill takes it away."""


class LeftInMemory:
    """They end with their watcher."""

    def load(self, source: str) -> Lefts:  # noqa: ARG002 - there is nothing of any source
        """See LeftRows."""
        return {}

    def save(self, source: str, lefts: Mapping[Ident, Left]) -> None:
        """See LeftRows."""

    def is_kept(self, source: str) -> bool:  # noqa: ARG002 - as if it were
        """See LeftRows."""
        return True


@dataclass(frozen=True, slots=True)
class LeftOnDisk:
    """One small file for each source that has any; `mappings` are the names of those in use."""

    folder: Path
    fs: FileSystem
    monotonic: Callable[[], float]
    now: Callable[[], float]
    mappings: Container[str]

    def load(self, source: str) -> Lefts:
        """See LeftRows."""
        try:
            said = json.loads(path_of(self.folder, source).read_bytes())
            return dict(self._left(one) for one in said["lists"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _left(self, said: Mapping[str, Any]) -> tuple[Ident, Left]:
        ident = Ident(_bytes(said["inside"]), _bytes(said["name"]), int(said["ctime_ns"]))
        rows = {
            str(text): Claim(str(mapping), kind, _bytes(data), int(number), ident.name)
            for text, (mapping, kind, data, number) in said["rows"].items()
            if mapping in self.mappings and kind in (ROW, TWICE)
        }
        # A clock that was set back shall not keep them for longer than they are good.
        seconds = min(float(said["until"]) - self.now(), LEFT_SECONDS)
        return ident, Left(rows, self.monotonic() + seconds)

    def save(self, source: str, lefts: Mapping[Ident, Left]) -> None:
        """See LeftRows."""
        path = path_of(self.folder, source)
        if not lefts:
            path.unlink(missing_ok=True)
            return
        self.folder.mkdir(mode=0o700, exist_ok=True)
        later = self.now() - self.monotonic()
        said = [_said(ident, left, later) for ident, left in lefts.items()]
        data = json.dumps({"lists": said}).encode()
        replace(self.fs, path, data, path.with_suffix(".new"), 0o600)

    def is_kept(self, source: str) -> bool:
        """See LeftRows."""
        return path_of(self.folder, source).exists()


def path_of(folder: Path, source: str) -> Path:
    """The file of a source."""
    return folder / f"{source}.json"


def _said(ident: Ident, left: Left, later: float) -> dict[str, Any]:
    rows = {
        text: [claim.mapping, claim.kind, _text(claim.data or b""), claim.number]
        for text, claim in left.rows.items()
    }
    where = {"inside": _text(ident.inside), "name": _text(ident.name), "ctime_ns": ident.ctime_ns}
    return {**where, "until": left.until + later, "rows": rows}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
