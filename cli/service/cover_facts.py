"""What the cover sheet of a released copy says, as far as the archive knows it."""

from typing import Any

from archive.checkpoint_files import newest_seal
from archive.desk import ask
from archive.desk.db_shelf import DbShelf
from archive.errors import NotFound
from archive.people_names import names_of
from cli.output import to_json
from cli.service.desk import Document
from cli.wiring import Workbench, software


def cover_facts(bench: Workbench, access: str, request: str) -> Document:
    """The facts of one access; the receiver adds digests of what he wrote."""
    with bench.database.read() as connection:
        shelf = DbShelf(connection)
        asked, begun = shelf.get("request", request), shelf.get("access", access)
        if asked is None or begun is None:
            raise NotFound(f"There is no request {request}.")
        people = {asked["person"], *(item["person"] for item in asked["approvals"])}
        names = names_of(connection, bench.evidence, people)
        person = shelf.get("person", asked["person"])
        case = shelf.get("case", asked["case"]) if asked["case"] else None
    said = ask.words(bench.evidence, asked["detail_id"]) or {}
    behalf: dict[str, Any] = said.get("behalf") or {}
    return {
        "archive": bench.settings.archive,
        "request": request,
        "person": asked["person"],
        "names": names,
        "unit": person["unit"] if person else "",
        "on_behalf": behalf.get("name"),
        "released_at": begun["at"],
        "reason": said.get("reason") or "",
        "case_no": case["number"] if case else None,
        "approvals": asked["approvals"],
        "copies": begun["copies"],
        "seal": _seal(bench),
        "software": software(),
    }


def _seal(bench: Workbench) -> Document:
    """The newest seal with a timestamp; none while the first one still waits for it."""
    try:
        seal = newest_seal(bench.database, bench.evidence, bench.own_trust)
    except NotFound:
        return {"note": [], "gen_time": None}
    return {"note": seal.note.decode().split("\n")[:3], "gen_time": to_json(seal.gen_time)}
