"""The page of a case, as data: timeline, verdicts, and which pictures there are.

A picture of a recording is content: none is in here. Who wants them on his page views each of them,
by a request, with a beginning and an end on the ledger (`access.receive`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, select

from archive import derived_rows
from archive.catalog import RECORD
from archive.completeness.answer import completeness_document, timeline_document
from archive.completeness.coverage import examine
from archive.completeness.material import Material
from archive.completeness.page import MOST_BYTES, PICTURES
from archive.completeness.reading import Materials, facts_of, list_in_force
from archive.completeness.timeline import timeline
from archive.desk import cases
from archive.desk.db_shelf import DbShelf
from archive.desk.judging import hidden
from archive.documents.table import Language
from archive.registers.shelf import Value
from archive.registers.volumes import excused_of
from archive.rows import batched
from archive.times import format_time
from archive.vocabulary import CATEGORIES
from cli.service import large
from cli.service.claims import follow_claims
from cli.service.desk import Delivery
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery
from cli.service.operations_oversight import asked_language

_ROLES = {
    "video": ("contact_sheet", "poster"),
    "audio": ("waveform",),
    "photo": ("thumbnail", "poster"),
    "text": ("thumbnail",),
}
"""By kind of record: the first that there is."""


@delivery("case.page")
@contextmanager
def _page(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """What the page shows, but for pictures; for who may see the case."""
    check_params(params, {"case": str, "lang": str})
    lang = asked_language(params)
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        case, value = cases.find_shown(connection, reader, params["case"])
        records = cases.records_of(connection, case)
        restricted = hidden(connection, reader, records)
        materials = Materials(connection, host.bench.evidence).of(records, restricted)
        document = _document(host, connection, case, value, materials, lang)
    yield large.stream(document)


def _document(
    host: Host,
    connection: Connection,
    case: str,
    value: Value,
    materials: Sequence[Material],
    lang: Language,
) -> dict[str, Any]:
    zh = lang == "zh"
    shelf = DbShelf(connection)
    in_force = list_in_force(shelf)
    found = None
    if in_force is not None:
        excused = excused_of(shelf, case)
        found = examine(in_force[1], facts_of(shelf, case, value), materials, excused.keys())
    return {
        "case": case,
        "title": value["number"] or case,
        "facts": _facts(case, value, zh=zh),
        "check": completeness_document(in_force[0], found) if in_force and found else None,
        "stages": timeline_document(timeline(materials, found)),
        "roles": _roles(connection, materials),
        "previews": _previews(connection, materials),
        "notes": _notes(host, listed=in_force is not None, zh=zh),
        "made_at": format_time(host.bench.clock.now()),
    }


def _facts(case: str, value: Value, *, zh: bool) -> list[tuple[str, str]]:
    facts = [
        ("案件标识" if zh else "case", case),
        ("单位" if zh else "unit", value["unit"]),
        ("类别" if zh else "category", CATEGORIES[value["category"]][zh]),
        ("立案" if zh else "opened", value["opened"]),
    ]
    return [*facts, ("结案" if zh else "closed", value["closed"])] if value["closed"] else facts


def _notes(host: Host, *, listed: bool, zh: bool) -> list[str]:
    notes = []
    if not listed:
        notes.append(
            "尚无现行的音像记录事项清单，未作核对。"
            if zh
            else "No list of what is recorded is in force, so nothing was checked."
        )
    archive = host.bench.settings.archive
    return [*notes, f"存证库：{archive}" if zh else f"Archive: {archive}"]


def _roles(connection: Connection, materials: Sequence[Material]) -> dict[str, str]:
    """By record the picture that a page shows, where there is one of a size for it."""
    found: dict[str, str] = {}
    for one in _open(materials):
        made = derived_rows.of_record(connection, one.record)
        role = next((role for role in _ROLES[one.kind] if role in made), None)
        if role is None:
            continue
        row = made[role]
        if row.key.rpartition(".")[2] in PICTURES and row.size <= MOST_BYTES:
            found[one.record] = role
    return found


def _previews(connection: Connection, materials: Sequence[Material]) -> dict[str, str]:
    """Beginnings of the texts, as a search shows them."""
    texts = [one.record for one in _open(materials) if one.kind == "text"]
    found: dict[str, str] = {}
    for some in batched(texts):
        query = select(RECORD.c.id, RECORD.c.preview).where(RECORD.c.id.in_(some))
        found |= {row.id: row.preview for row in connection.execute(query) if row.preview}
    return found


def _open(materials: Sequence[Material]) -> Iterator[Material]:
    """Those of which the page may show something."""
    return (one for one in materials if not one.gone and not one.restricted)
