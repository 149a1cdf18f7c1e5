"""What the walks of an inbox go by: clocks, rules of the sources, how long files have rested."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.complete import SETTLED, has_rested
from ingest.found import Found
from ingest.settle import FileKey, Settle, Settler
from ingest.sidecars.folder import Waits


@dataclass(frozen=True, slots=True)
class Watching:
    """What a walk needs from outside."""

    monotonic: Callable[[], float]
    now: Callable[[], float]
    """Seconds since 1970, to compare with times that the system gave to files."""
    settle: Settle = field(default_factory=Settle)
    unfinished_seconds: float = 24 * 3600
    """After what rest an unfinished copy is taken; 0: never."""
    complete: Callable[[str], str] = lambda _: SETTLED
    """The rule of a source, one of ingest.complete.RULES."""
    taken: Callable[[str, Sequence[bytes], float], set[bytes]] = lambda _, __, ___: set()
    """See ingest.complete.docking."""
    waits: Waits = field(default_factory=Waits)
    """Sidecars of stations, and how long files wait for theirs."""
    is_refused: Callable[[bytes], bool] = lambda _: False
    """Whether a name was given by us to a refused drop, or to what belonged to one."""
    is_remote: Callable[[bytes], bool] = lambda _: False
    """Whether a folder is on a file system that other machines write to unseen."""


class Rests:
    """How long files have rested: seen by us, and by the times that the system gave them."""

    def __init__(self, settler: Settler, watching: Watching) -> None:
        self._settler = settler
        self._watching = watching
        self.needed = watching.unfinished_seconds

    def seconds(self, file: Found) -> float:
        """See ingest.complete.rules.Rests."""
        return self._settler.rested(file.path, self._watching.monotonic())

    def enough(self, file: Found) -> bool:
        """See ingest.complete.rules.Rests."""
        return self.is_long(self.seconds(file), file.key)

    def is_long(self, observed: float, key: FileKey) -> bool:
        """Whether something that was seen unchanged for so many seconds has rested for long."""
        age = self._watching.now() - key.ctime_ns / 1e9
        return has_rested(observed, age, self.needed)
