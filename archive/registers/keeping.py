"""What the rule book asks of a retention schedule; `retention.law` is the one implementation.

The archive knows nothing of periods (design §1), so whoever replays the registers brings the law
along. Without one, acts of retention cannot be judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the register of cases says of one case that a record is attached to."""

    category: str
    importance: str
    closed: date | None


@dataclass(frozen=True, slots=True)
class End:
    """When keeping ends: a moment, never (`moment` None), or not yet known (`open`: case runs)."""

    moment: datetime | None
    open: bool = False


class Law(Protocol):
    """Reads schedules. All methods raise FormatError for a text that is no schedule."""

    def check(self, text: str) -> None:
        """Read a schedule strictly."""

    def floor(self, text: str, received_at: datetime) -> datetime:
        """End of the shortest period, counted from the receipt: the first lock."""

    def floor_class(self, text: str) -> str:
        """Name of the shortest period, as pack ids have it: `6m`."""

    def class_end(self, text: str, name: str, trigger: datetime) -> End:
        """What a class gives for a trigger; FormatError for a class that is not in the schedule."""

    def cases_end(self, text: str, cases: Sequence[CaseFacts]) -> End | None:
        """The latest end that the cases of a record ask for; None if it has none."""
