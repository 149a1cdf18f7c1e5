"""The page of a case: timeline, verdicts and, for the archive's holder, pictures.

A picture of a recording is content, and content is handed out on a request alone. So only who has
the archive's own files in his hands, from whom nothing can be hidden, gets pictures; everybody else
who may see the case gets the same page without them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from tempfile import TemporaryFile

from sqlalchemy import Connection, select

from archive import derived_rows
from archive.catalog import RECORD
from archive.completeness.answer import completeness_document, timeline_document
from archive.completeness.coverage import examine
from archive.completeness.material import Material
from archive.completeness.page import CasePage, Picture, write
from archive.completeness.reading import Materials, facts_of, list_in_force
from archive.completeness.timeline import timeline
from archive.desk import cases
from archive.desk.db_shelf import DbShelf
from archive.documents.table import Language
from archive.errors import ArchiveError
from archive.ports import read_all
from archive.registers.shelf import Value
from archive.registers.volumes import excused_of
from archive.rows import batched
from archive.vocabulary import CATEGORIES
from cli.service.claims import follow_claims
from cli.service.desk import MAX_PIECE, Delivery, Stream
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
_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_LARGEST = 2 << 20
_MOST = 48 << 20


@delivery("case.page")
@contextmanager
def _page(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The page as UTF-8; for who may see the case."""
    check_params(params, {"case": str, "lang": str})
    lang = asked_language(params)
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_records()
        case, value = cases.find_shown(connection, reader, params["case"])
        records = cases.records_of(connection, case)
        materials = Materials(connection, host.bench.evidence).of(records)
        pictures = _pictures(host, connection, materials) if reader.holder else {}
        page = _made(host, connection, case, value, materials, pictures, lang)
    with TemporaryFile(dir=host.bench.folder("scratch")) as spool:
        write(page, spool)
        size = spool.tell()
        spool.seek(0)
        head = {"size": size, "pictures": sum(map(len, pictures.values()))}
        yield Stream(head, iter(lambda: spool.read(MAX_PIECE), b""))


def _made(
    host: Host,
    connection: Connection,
    case: str,
    value: Value,
    materials: Sequence[Material],
    pictures: Mapping[str, Sequence[Picture]],
    lang: Language,
) -> CasePage:
    zh = lang == "zh"
    shelf = DbShelf(connection)
    in_force = list_in_force(shelf)
    found = None
    if in_force is not None:
        excused = excused_of(shelf, case)
        found = examine(in_force[1], facts_of(shelf, case, value), materials, excused.keys())
    return CasePage(
        title=value["number"] or case,
        facts=_facts(case, value, zh=zh),
        check=completeness_document(in_force[0], found) if in_force and found else None,
        stages=timeline_document(timeline(materials, found)),
        pictures=pictures,
        previews=_previews(connection, materials),
        notes=_notes(host, bool(pictures), listed=in_force is not None, zh=zh),
        made_at=host.bench.clock.now(),
        lang=lang,
    )


def _facts(case: str, value: Value, *, zh: bool) -> list[tuple[str, str]]:
    facts = [
        ("案件标识" if zh else "case", case),
        ("单位" if zh else "unit", value["unit"]),
        ("类别" if zh else "category", CATEGORIES[value["category"]][zh]),
        ("立案" if zh else "opened", value["opened"]),
    ]
    return [*facts, ("结案" if zh else "closed", value["closed"])] if value["closed"] else facts


def _notes(host: Host, pictured: bool, *, listed: bool, zh: bool) -> list[str]:  # noqa: FBT001
    notes = []
    if not listed:
        notes.append(
            "尚无现行的音像记录事项清单，未作核对。"
            if zh
            else "No list of what is recorded is in force, so nothing was checked."
        )
    if pictured:
        notes.append(
            "图片为派生件，不作为证据；原件以存证库中的记录为准。"
            if zh
            else "The pictures are derivatives and no evidence; the records in the archive are."
        )
    archive = host.bench.settings.archive
    return [*notes, f"存证库：{archive}" if zh else f"Archive: {archive}"]


def _pictures(
    host: Host, connection: Connection, materials: Sequence[Material]
) -> dict[str, list[Picture]]:
    """Pictures that are there and are what the ledger says, within the size of a page."""
    found: dict[str, list[Picture]] = {}
    left = _MOST
    for one in materials:
        made = derived_rows.of_record(connection, one.record)
        role = next((role for role in _ROLES[one.kind] if role in made), None)
        kind = _TYPES.get(made[role].key.rpartition(".")[2]) if role else None
        if role is None or kind is None or made[role].size > min(left, _LARGEST):
            continue
        try:
            data = read_all(host.bench.places.live, made[role].key, _LARGEST)
        except ArchiveError:
            continue  # `cunzheng derive --missing` makes it anew
        if sha256(data).digest() == made[role].digest:
            found[one.record] = [Picture(role, kind, data)]
            left -= len(data)
    return found


def _previews(connection: Connection, materials: Sequence[Material]) -> dict[str, str]:
    """Beginnings of the texts, as a search shows them."""
    texts = [one.record for one in materials if one.kind == "text" and not one.gone]
    found: dict[str, str] = {}
    for some in batched(texts):
        query = select(RECORD.c.id, RECORD.c.preview).where(RECORD.c.id.in_(some))
        found |= {row.id: row.preview for row in connection.execute(query) if row.preview}
    return found
