"""The law that the registers ask (`archive.registers.keeping.Law`): schedules read and counted."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from archive.errors import FormatError
from archive.registers.keeping import CaseFacts, End
from retention import ends
from retention.schedule import Schedule


@lru_cache(maxsize=16)
def schedule_of(text: str) -> Schedule:
    """A schedule by its text, read once; FormatError."""
    return Schedule.parse(text)


class RetentionLaw:
    """Counts by the schedule that it is handed; it keeps none itself."""

    def check(self, text: str) -> None:
        """Read a schedule strictly; FormatError."""
        schedule_of(text)

    def floor(self, text: str, received_at: datetime) -> datetime:
        """End of the shortest period, counted from the receipt."""
        end = schedule_of(text).shortest.end(received_at)
        if end is None:
            raise FormatError("no period of the schedule ends")
        return end

    def floor_class(self, text: str) -> str:
        """The shortest period as pack ids have it, such as `6m`."""
        return str(schedule_of(text).shortest)

    def class_end(self, text: str, name: str, trigger: datetime) -> End:
        """What a class gives for a trigger; open for one that follows its case."""
        return ends.retain_until(schedule_of(text).named(name), trigger)

    def cases_end(self, text: str, cases: Sequence[CaseFacts]) -> End | None:
        """The latest end that the cases of a record ask for."""
        return ends.cases_end(schedule_of(text), cases)
