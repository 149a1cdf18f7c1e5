"""When the keeping of a record ends: one pure function over the registers and the law.

    end = end_of(shelf, law, record)
    end.due(now) and not held_by(shelf, record)

The end is the latest of the first lock, of everything that was set or extended, and of what the
schedule in force asks for the record's class and cases. What is not known is open, and not due.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from archive.errors import FormatError
from archive.registers.cases import cases_of
from archive.registers.holds import holds_of
from archive.registers.keeping import CaseFacts, End, Law, latest
from archive.registers.retention import term_of
from archive.registers.shelf import Shelf, Value
from archive.times import parse_time

UNKNOWN = End(None, open=True)


def end_of(shelf: Shelf, law: Law, record: str) -> End:
    """When keeping ends, by everything that the registers say; open for a record they lack."""
    return latest(_ends(shelf, law, record))


def held_by(shelf: Shelf, record: str) -> Sequence[str]:
    """Ids of the open holds on a record, its own and those of its cases."""
    return holds_of(shelf, record, cases_of(shelf, record))


def case_facts(shelf: Shelf, record: str) -> list[CaseFacts]:
    """What the register says of the cases that a record is attached to."""
    found = (shelf.get("case", case) for case in cases_of(shelf, record))
    return [_facts(case) for case in found if case is not None]


def _facts(case: Value) -> CaseFacts:
    closed, decided = case["closed"], case["decided"]
    return CaseFacts(
        category=case["category"],
        importance=case["importance"],
        closed=None if closed is None else date.fromisoformat(closed),
        decided=None if decided is None else date.fromisoformat(decided),
    )


def _ends(shelf: Shelf, law: Law, record: str) -> Iterator[End]:
    known, term = shelf.get("record", record), term_of(shelf, record)
    if known is None:
        yield UNKNOWN
        return
    for text in (known["retain_until"], term["until"]):
        if text is not None:
            yield End(parse_time(text))
    if term["permanent"]:
        yield End(None)
    schedule = shelf.get("rules", "retention")
    if schedule is None:
        yield UNKNOWN
        return
    try:
        yield from _by_schedule(law, schedule["text"], term, case_facts(shelf, record))
    except FormatError:
        # A class that the schedule in force does not have: somebody has to say what it is now.
        yield UNKNOWN


def _by_schedule(law: Law, text: str, term: Value, cases: Sequence[CaseFacts]) -> Iterator[End]:
    of_cases = law.cases_end(text, cases)
    if of_cases is not None:
        yield of_cases
    if term["set"] is None:
        yield UNKNOWN
        return
    trigger = parse_time(term["trigger"])
    yield law.class_end(text, term["set"], trigger)
    said = term["class"]
    if said is None or said == term["set"]:
        return
    if not law.class_end(text, said, trigger).open or of_cases is None:
        # The class was said anew and its end is not set yet.
        yield UNKNOWN
