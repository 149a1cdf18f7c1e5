"""What the rule book asks of a retention schedule; `retention.law` is the one implementation.

The archive knows nothing of periods (design §1), so whoever replays the registers brings the law
along. Without one, acts of retention cannot be judged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the register of cases says of one case that a record is attached to."""

    category: str
    importance: str
    closed: date | None
    decided: date | None = None


@dataclass(frozen=True, slots=True)
class End:
    """When keeping ends: a moment, never (`moment` None), or not yet known (`open`: case runs).

    Of what is open `moment` says until when at least, if that is known.
    """

    moment: datetime | None
    open: bool = False

    @property
    def permanent(self) -> bool:
        """Whether it is never."""
        return self.moment is None and not self.open

    def due(self, now: datetime) -> bool:
        """Whether keeping has ended; what is not known has not."""
        return not self.open and self.moment is not None and self.moment <= now


def latest(ends: Iterable[End]) -> End:
    """What all of them together ask: for ever if one does, else open if one is.

    An open end still says in `moment` until when at least; of no ends at all nothing is known.
    """
    found = list(ends)
    if any(end.permanent for end in found):
        return End(None)
    moments = [end.moment for end in found if end.moment is not None]
    return End(max(moments, default=None), not found or any(end.open for end in found))


class Law(Protocol):
    """Reads schedules. All methods raise FormatError for a text that is no schedule."""

    def check(self, text: str) -> None:
        """Read a schedule strictly."""

    def floor(self, text: str, received_at: datetime) -> datetime:
        """End of the shortest period, counted from the receipt: the first lock."""

    def floor_class(self, text: str) -> str:
        """Name of the shortest period, as pack ids have it: `6m`."""

    def class_end(self, text: str, name: str, trigger: datetime) -> End:
        """What a class gives for a trigger: open for one that follows its case.

        FormatError for a class that is not in the schedule.
        """

    def cases_end(self, text: str, cases: Sequence[CaseFacts]) -> End | None:
        """The latest end that the cases of a record ask for; None if it has none."""
