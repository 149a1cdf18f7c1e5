"""What a source's rule makes of a settled drop: taken now, later, or after a long rest, marked.

    for item in rule.enter(folder): …        # once for every folder
    for item in rule.judge(drop, folder): …  # for every settled drop
    for item in rule.close(): …              # at the end of a walk

A rule gives drops that are complete, and tells of those that wait for long.
"""

from collections.abc import Iterator
from typing import Protocol

from ingest.complete import OBSERVED_SECONDS, hours
from ingest.complete.folder import Folder
from ingest.complete.ready import is_marker, markers
from ingest.found import Drop, Found, Noticed

COPY_UNFINISHED = "COPY_UNFINISHED"


class Rests(Protocol):
    """How long files have rested; the walk knows."""

    needed: float
    """Seconds after which an unfinished copy is taken; 0: never."""

    def seconds(self, file: Found) -> float:
        """For how long this process has seen the file unchanged."""

    def enough(self, file: Found) -> bool:
        """Whether it has rested for as long as is needed."""


class Rule(Protocol):
    """Says when the drops of one source are complete."""

    waiting: int
    """How many drops may be complete at the next look, though nothing changes until then."""
    lacking: int
    """How many drops of a walk lack their marker or a manifest; who begins one sets it to 0."""

    def enter(self, here: Folder) -> Iterator[Noticed]:
        """Look at a folder whose files have been settled."""

    def judge(self, drop: Drop, here: Folder) -> Iterator[Drop | Noticed]:
        """The drop, with what is to be noted of it, or nothing while it waits."""

    def close(self) -> Iterator[Drop | Noticed]:
        """What is complete only when everything has been seen."""


class WhenSettled:
    """Every settled file is complete."""

    waiting = 0
    lacking = 0

    def enter(self, here: Folder) -> Iterator[Noticed]:  # noqa: ARG002 - see Rule
        """See Rule."""
        return iter(())

    def judge(self, drop: Drop, here: Folder) -> Iterator[Drop | Noticed]:  # noqa: ARG002
        """See Rule."""
        yield drop

    def close(self) -> Iterator[Drop | Noticed]:
        """See Rule."""
        return iter(())


class WhenReady:
    """A file is complete when its marker stands beside it; the marker goes with it."""

    waiting = 0
    lacking = 0

    def __init__(self, rests: Rests) -> None:
        self._rests = rests

    def enter(self, here: Folder) -> Iterator[Noticed]:
        """See Rule."""
        here.marked = markers(here.files)
        return iter(())

    def judge(self, drop: Drop, here: Folder) -> Iterator[Drop | Noticed]:
        """See Rule."""
        name = drop.file.name
        marker = here.marked.get(name)
        if marker is not None:
            if marker in here.settled:
                own = [here.files[marker]]
                if drop.sidecar and (of_sidecar := here.marked.get(drop.sidecar.name)):
                    own.append(here.files[of_sidecar])
                yield drop._replace(beside=tuple(own))
        elif is_marker(drop.file):
            if name in here.marked.values():
                return
            if self._rests.enough(drop.file):
                # Whoever calls a file so may mean it as one.
                why = f"named as a marker; its file did not come within {hours(self._rests.needed)}"
                yield unfinished(drop, why)
            elif self._rests.seconds(drop.file) >= OBSERVED_SECONDS:
                yield Noticed(drop.file.path, "marker_alone")
        elif self._rests.enough(drop.file):
            yield unfinished(drop, f"no marker came within {hours(self._rests.needed)}")
        else:
            self.lacking += 1
            if self._rests.seconds(drop.file) >= OBSERVED_SECONDS:
                yield Noticed(drop.file.path, "no_marker")

    def close(self) -> Iterator[Drop | Noticed]:
        """See Rule."""
        return iter(())


def unfinished(drop: Drop, why: str) -> Drop:
    """A drop that may be a part of what was to be copied."""
    return drop._replace(notes=(*drop.notes, (COPY_UNFINISHED, why)))
