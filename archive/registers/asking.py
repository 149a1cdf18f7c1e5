"""What asking takes: in which capacity, whose the records are, and what the rules want to see.

    need = requirement_of(shelf, "own_case", "view", records)
    check_capacity(shelf, asked, need.row.by, own_records=need.row.own_records)
    needed_approvals(shelf, need, records)  # [{"role": "legal_office", "unit": None}]

`Asked` is what a request says of itself; whether its statement holds was checked before.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from archive.errors import FormatError
from archive.matrix import AccessRules, Requirement, Row, requirement
from archive.registers.denials import denied
from archive.registers.forms import check_asked_span
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf
from archive.registers.signers import enrolled
from archive.source_terms import LETTERS

Needed = dict[str, str | None]
"""One approval: `role`, and `unit` that the approver must belong to, None for any."""

_BEHALF = frozenset(("authority", "party", "publicity", "outside_unit"))
_ROLE = {
    "own_case": "handler",
    "internal_supervision": "inspector.internal",
    "judicial_bureau": "inspector.judicial",
    **dict.fromkeys(_BEHALF, "archivist"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what; `payload` and `data` as in docs/formats.md §11."""

    person: str
    payload: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def capacity(self) -> str:
        """In which capacity."""
        return str(self.payload["capacity"])

    @property
    def case(self) -> str | None:
        """The case that is named."""
        case = self.payload["case"]
        return None if case is None else str(case)

    @property
    def records(self) -> Sequence[str]:
        """The records."""
        return list(self.payload["records"])


def rules_in_force(shelf: Shelf) -> AccessRules:
    """The access rules as last adopted; Denied where there are none or they cannot be read."""
    found = shelf.get("rules", "access")
    if found is None:
        raise denied("RULES_NONE")
    try:
        return _parsed(found["sha256"], found["text"])
    except FormatError as error:
        raise denied("RULES_BAD") from error


@lru_cache(maxsize=8)
def _parsed(_sha256: str, text: str) -> AccessRules:
    return AccessRules.parse(text)


def requirement_of(shelf: Shelf, capacity: str, action: str, records: Sequence[str]) -> Requirement:
    """What the rules in force ask for, raised by the sensitivity of the records and their cases."""
    return requirement(rules_in_force(shelf), capacity, action, sensitivity_of(shelf, records))


def sensitivity_of(shelf: Shelf, records: Sequence[str]) -> frozenset[str]:
    """Of all records, by the tags of their accession, and of all their cases."""
    tags = frozenset(tag for record in records for tag in tags_of(shelf, record))
    cases = {case for record in records for case in cases_of(shelf, record)}
    found = (shelf.get("case", case) for case in cases)
    return tags.union(*(case["sensitivity"] for case in found if case))


def tags_of(shelf: Shelf, record: str) -> Sequence[str]:
    """The tags with which a record was accessioned."""
    known = shelf.get("record", record)
    return known["tags"] if known else ()


def cases_of(shelf: Shelf, record: str) -> list[str]:
    """The cases that a record is attached to."""
    found = shelf.get("record_cases", record)
    return list(found["cases"]) if found else []


def units_of(shelf: Shelf, record: str) -> frozenset[str]:
    """The units that own a record: those of its cases and that of its source; empty for none."""
    cases = [shelf.get("case", case) for case in cases_of(shelf, record)]
    units = frozenset(str(case["unit"]) for case in cases if case)
    unit = source_unit(shelf, record)
    return units if unit is None else units | {unit}


def source_unit(shelf: Shelf, record: str) -> str | None:
    """The unit of a record's source as last confirmed; None where nobody said."""
    known = shelf.get("record", record)
    source = shelf.get("source", known["source"]) if known else None
    return str(source["unit"]) if source and source["unit"] is not None else None


def needed_approvals(shelf: Shelf, need: Requirement, records: Sequence[str]) -> list[Needed]:
    """Every approval that is needed; one of each owning unit where the rules name the unit.

    Where nobody owns the records, any unit's approver will do.
    """
    units = sorted({unit for record in records for unit in units_of(shelf, record)})
    owners: list[str | None] = [*units] or [None]
    return [
        {"role": approver.role, "unit": unit}
        for approver in need.approvers
        for unit in (owners if approver.of_unit else [None])
    ]


def check_records(shelf: Shelf, asked: Asked) -> None:
    """Denied where a record or the case is not there, or an excerpt does not say from where.

    A destroyed record cannot be asked for, there is nothing to give, nor a spilled one.
    """
    for record in asked.records:
        if shelf.get("record", record) is None:
            raise denied("RECORD_UNKNOWN", record)
        if shelf.get("spilled", record) is not None:
            raise denied("RECORD_SPILLED", record)
        if shelf.get("destroyed", record) is not None:
            raise denied("RECORD_DESTROYED", record)
    if asked.case is not None and shelf.get("case", asked.case) is None:
        raise denied("CASE_UNKNOWN", asked.case)
    excerpt = asked.payload["action"] == "excerpt"
    if excerpt and asked.payload["segments"] is None:
        raise denied("NEED_MISSING", "segments")
    if not excerpt and asked.payload["segments"] is not None:
        raise denied("NOT_COVERED", remark("SEGMENTS_FOR_EXCERPTS"))
    check_asked_span(asked.payload)


def check_capacity(shelf: Shelf, asked: Asked, by: Collection[str], *, own_records: bool) -> None:
    """Denied where the person has not this capacity; `by`, `own_records` as in the rules' row."""
    person = enrolled(shelf, asked.person)
    roles = set(person["roles"])
    if "administrator" in roles:
        raise denied("NO_CONTENT", asked.person)
    role = _ROLE.get(asked.capacity)
    if role is not None and role not in roles:
        raise denied("CAPACITY_UNFIT", remark("NEEDS_ROLE", asked.capacity, role))
    if not roles & set(by):
        raise denied("CAPACITY_UNFIT", remark("NEEDS_ONE_OF", asked.capacity, ", ".join(by)))
    if asked.capacity in ("same_unit", "other_unit"):
        _check_unit(shelf, asked, person["unit"])
    if asked.capacity == "own_case":
        _check_handler(shelf, asked)
    if asked.capacity == "own_case" or own_records:
        _check_attached(shelf, asked)


def _check_handler(shelf: Shelf, asked: Asked) -> None:
    case = shelf.get("case", asked.case) if asked.case else None
    if case is None:
        raise denied("NEED_MISSING", "case")
    if asked.person not in case["handlers"]:
        raise denied("CAPACITY_UNFIT", remark("NO_HANDLER", asked.person, asked.case))


def _check_attached(shelf: Shelf, asked: Asked) -> None:
    for record in asked.records:
        if asked.case not in cases_of(shelf, record):
            raise denied("CAPACITY_UNFIT", remark("NOT_OF_CASE", record))


def _check_unit(shelf: Shelf, asked: Asked, unit: str) -> None:
    own = asked.capacity == "same_unit"
    for record in asked.records:
        if (unit in units_of(shelf, record)) != own:
            other = "OF_OTHER_UNIT" if own else "OF_OWN_UNIT"
            raise denied("CAPACITY_UNFIT", remark(other, record))


def check_letter(shelf: Shelf, asked: Asked) -> None:
    """Denied where a letter is named that is not one, or has another content, or is asked for."""
    letter = asked.payload["letter"]
    if letter is None:
        return
    found = shelf.get("record", letter["record"])
    sealed = found is not None and (found["source"], found["sha256"]) == (LETTERS, letter["sha256"])
    if not sealed or letter["record"] in asked.records:
        raise denied("LETTER_OTHER", str(letter["record"]))


def missing_needs(shelf: Shelf, asked: Asked, row: Row) -> list[str]:
    """What the rules want to see and the request does not bring, as codes of NEEDS or `behalf`."""
    missing = [need for need in row.needs if not _SEEN[need](shelf, asked)]
    if asked.capacity in _BEHALF and not _behalf(asked, "name"):
        missing.append("behalf")
    if asked.capacity == "judicial_bureau" and "task" not in missing and not _task(shelf, asked):
        missing.append("task")
    return missing


def _said(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _behalf(asked: Asked, *keys: str) -> bool:
    behalf = asked.data["behalf"]
    return behalf is not None and all(_said(behalf[key]) for key in keys)


def _letter(_shelf: Shelf, asked: Asked) -> bool:
    return asked.payload["letter"] is not None


def _identity(_shelf: Shelf, asked: Asked) -> bool:
    return _behalf(asked, "id_kind", "id_no")


def _task(_shelf: Shelf, asked: Asked) -> bool:
    return _said(asked.data["task_no"])


_SEEN: Mapping[str, Callable[[Shelf, Asked], bool]] = {
    "reason": lambda _, asked: _said(asked.data["reason"]),
    "letter": _letter,
    "identity": _identity,
    "letter_or_identity": lambda shelf, asked: _letter(shelf, asked) or _identity(shelf, asked),
    "task": _task,
    "case": lambda _, asked: asked.case is not None,
}
