"""What recipes work on, what they give back, and where they may put large files."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from ingest.media.limits import MAKE, GiB, Limits
from ingest.media.originals import Stopped
from ingest.media.probe import Probe, probe
from ingest.media.runner import Outcome, run
from ingest.media.tools import Programs

PICTURE: Limits = replace(MAKE, seconds=180, cpu_seconds=240, memory=1 * GiB, files=0)
"""Making one picture by ffmpeg, which may use as much as for decoding; it writes no file."""
OPENING: Limits = replace(PICTURE, memory=2 * GiB)
"""Opening a large photo or a page by Pillow or PDFium."""
_NUMBERS = count()


class Drawing(NamedTuple):
    """What a recipe made: bytes, or a file in the workshop's folder, and with which program."""

    data: bytes | Path
    extension: str
    tool: str | None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all recipes use. `folder` is beside the store; `go_on` is asked while programs run.

    Files of killed processes there begin with their number, and the store removes them.
    """

    programs: Programs
    folder: Path
    go_on: Callable[[], bool] = lambda: True

    def new_file(self, extension: str) -> Path:
        """A name that nobody has; whoever makes the file also removes it."""
        return self.folder.absolute() / f"{os.getpid()}-derive-{next(_NUMBERS)}.{extension}"

    def run(self, argv: list[str], limits: Limits = PICTURE, fds: tuple[int, ...] = ()) -> Outcome:
        """Run a program within limits; raises Stopped where `go_on` says so."""
        outcome = run(argv, limits, pass_fds=fds, watch=self.go_on)
        if outcome.ended == "stopped":
            raise Stopped
        return outcome


@dataclass
class Subject:
    """One record's bytes, as a file or an open descriptor, and what is known of them."""

    record: str
    file: Path | int
    size: int
    media_type: str
    workshop: Workshop
    _shared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def probe(self) -> Probe:
        """What ffprobe says."""
        return probe(self.workshop.programs, self.file)

    @property
    def duration(self) -> float | None:
        """Seconds, where the file states something that can be true."""
        return seconds(self.probe.format.get("duration"), most=1_000_000)

    @property
    def start(self) -> float:
        """The time of the first packet, which a stream may begin with instead of 0."""
        return seconds(self.probe.format.get("start_time"), most=10_000_000) or 0.0

    def stream(self, kind: str) -> Mapping[str, Any] | None:
        """The first stream of a kind; a cover picture in a sound file is no film."""
        for found in self.probe.streams:
            attached = found.get("disposition", {}).get("attached_pic")
            if found.get("codec_type") == kind and not attached:
                return found
        return None

    def shared(self, name: str, make: Callable[[], Any]) -> Any:
        """Something that several recipes use, made once."""
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]


def seconds(text: object, most: float) -> float | None:
    """A positive number of seconds as ffprobe writes it."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if 0 < value <= most else None
