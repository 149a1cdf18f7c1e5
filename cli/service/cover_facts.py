"""What the cover sheet of a released copy says, as far as the archive knows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive.checkpoint_files import newest_seal
from archive.desk import ask
from archive.desk.db_shelf import DbShelf
from archive.errors import NotFound
from archive.people_names import enrolments_of
from archive.registers.cases import cases_of
from archive.registers.concealed import Start
from archive.registers.shelf import Shelf
from archive.times import format_time
from cli.output import to_json
from cli.service.desk import Document
from cli.software import software
from cli.wiring import Workbench

_BEHALF = ("name", "unit", "post", "id_kind", "id_no")


@dataclass(frozen=True, slots=True)
class Released:
    """An access and its request; `said` and `noted` are the data of their details."""

    request: str
    person: str
    at: str
    case: str | None
    record: str
    copies: Mapping[str, Any] | None
    approvals: list[Mapping[str, Any]]
    said: Mapping[str, Any]
    noted: Mapping[str, Any]


def open_release(
    bench: Workbench, access: str, request: str, noted: Mapping[str, Any] | None
) -> Released:
    """An access that stands in the register; raises NotFound."""
    with bench.database.read() as connection:
        shelf = DbShelf(connection)
        asked, begun = shelf.get("request", request), shelf.get("access", access)
    if asked is None or begun is None:
        raise NotFound(f"There is no request {request}.")
    return Released(
        request=request,
        person=asked["person"],
        at=begun["at"],
        case=asked["case"],
        record=begun["record"],
        copies=begun["copies"],
        approvals=asked["approvals"],
        said=ask.words(bench.evidence, asked["detail_id"]) or {},
        noted=noted or {},
    )


def concealed_release(start: Start) -> Released:
    """A confidential access, of which no register says anything yet; nobody approves one."""
    asked, begun = start.requested.statement, start.started.statement
    return Released(
        request=str(asked.payload["request"]),
        person=asked.person,
        at=format_time(start.accepted_at),
        case=asked.payload["case"],
        record=str(begun.payload["record"]),
        copies=begun.payload["copies"],
        approvals=[],
        said=start.requested_detail.data,
        noted=start.started_detail.data if start.started_detail else {},
    )


def cover_facts(bench: Workbench, released: Released) -> Document:
    """The facts of one access; the receiver adds digests of what he wrote."""
    people = {released.person, *(item["person"] for item in released.approvals)}
    with bench.database.read() as connection:
        shelf = DbShelf(connection)
        enrolled = enrolments_of(connection, bench.evidence, people)
        person = shelf.get("person", released.person)
        case_no = _case_no(shelf, released)
    behalf = released.said.get("behalf") or {}
    return {
        "archive": bench.settings.archive,
        "request": released.request,
        "person": released.person,
        "names": {name: str(words["name"]) for name, words in enrolled.items()},
        "unit": _unit(person["unit"] if person else "", enrolled.get(released.person, {})),
        "on_behalf": " · ".join(behalf[key] for key in _BEHALF if behalf.get(key)) or None,
        "letter_no": released.said.get("letter_no"),
        "released_at": released.at,
        "reason": released.said.get("reason") or "",
        "case_no": case_no,
        "approvals": released.approvals,
        "copies": released.copies,
        "medium_no": released.noted.get("medium_no"),
        "seal": _seal(bench),
        "software": software(),
    }


def _unit(code: str, words: Mapping[str, Any]) -> str:
    name = words.get("unit_name")
    return f"{name} ({code})" if name and name != code else code


def _case_no(shelf: Shelf, released: Released) -> str | None:
    """The number of the request's case, else of the cases that the record belongs to."""
    cases = [released.case] if released.case else cases_of(shelf, released.record)
    found = [(case, shelf.get("case", case)) for case in cases]
    return ", ".join(value["number"] or case for case, value in found if value) or None


def _seal(bench: Workbench) -> Document:
    """The newest seal with a timestamp; none while the first one still waits for it."""
    try:
        seal = newest_seal(bench.database, bench.evidence, bench.own_trust)
    except NotFound:
        return {"note": [], "gen_time": None}
    return {"note": seal.note.decode().split("\n")[:3], "gen_time": to_json(seal.gen_time)}
