"""A retention law of one number, so that tests of disposition do not depend on a real schedule.

The schedule's text is `days=N`. Class `short` ends N days after its trigger, `ever` never, `case`
follows the case. A case keeps its records twice N days from its closing, a major one for ever.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from archive.errors import FormatError
from archive.registers.keeping import CaseFacts, End, latest

SCHEDULE = "days=10"


class ToyLaw:
    """See `archive.registers.keeping.Law`."""

    def check(self, text: str) -> None:
        days(text)

    def floor(self, text: str, received_at: datetime) -> datetime:
        return received_at + timedelta(days=days(text))

    def floor_class(self, text: str) -> str:
        return f"{days(text)}d"

    def class_end(self, text: str, name: str, trigger: datetime) -> End:
        if name == "short":
            return End(trigger + timedelta(days=days(text)))
        if name == "ever":
            return End(None)
        if name == "case":
            return End(None, open=True)
        raise FormatError(f"there is no class {name}")

    def cases_end(self, text: str, cases: Sequence[CaseFacts]) -> End | None:
        return latest([_case(text, case) for case in cases]) if cases else None


def _case(text: str, case: CaseFacts) -> End:
    if case.importance == "major":
        return End(None)
    if case.closed is None:
        return End(None, open=True)
    closed = datetime(case.closed.year, case.closed.month, case.closed.day, tzinfo=UTC)
    return End(closed + timedelta(days=2 * days(text)))


def days(text: str) -> int:
    name, _, number = text.strip().partition("=")
    if name != "days" or not number.isdigit():
        raise FormatError("days=N was expected")
    return int(number)
