"""Operations of filing a case: its volumes, their catalogues, and the draft of the next one.

Who may see a case sees the titles of its records, but for those with tags that are not his. The
draft counts the pages of PDFs, so the archive reads them; nothing of them leaves it but their
number, and only an archivist can ask.
"""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection

from archive.completeness.coverage import Completeness, examine
from archive.completeness.material import Material
from archive.completeness.reading import Materials, facts_of, list_in_force
from archive.desk import cases, registry
from archive.desk.db_shelf import DbShelf
from archive.desk.judging import hidden
from archive.desk.reading import Reader
from archive.errors import ArchiveError, NotFound
from archive.filing.catalogue import Line, proposed
from archive.filing.ref_codes import CodePattern
from archive.filing.volume_form import write_form
from archive.filing.volume_table import Listed, VolumeSheet, numbered, volume_table
from archive.filing.volumes import Filing, filing_of, lines_of, without_secrets
from archive.people_names import names_of
from archive.registers.shelf import Value
from archive.times import SHANGHAI, parse_time
from cli.language import say
from cli.service import large
from cli.service.claims import follow_claims
from cli.service.desk import MAX_PIECE, Delivery, Stream
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery
from cli.service.operations_oversight import asked_language, written
from cli.wiring_media import originals_of
from ingest.media.page_count import count_pages
from retention.law import schedule_of

_TURNS = threading.BoundedSemaphore(1)


@delivery("case.filing")
@contextmanager
def _filing(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """What is filed of a case, for who may see it: volumes, and records that stand in none."""
    check_params(params, {"case": str})
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        case, _ = _seen(connection, reader, params["case"])
        found = filing_of(connection, case)
    shown = ("number", "ref_code", "volume", "by", "filed_at")
    volumes = [
        {**{key: one[key] for key in shown}, "records": len(one["records"])}
        for one in found.volumes
    ]
    yield large.stream(
        {
            "case": case,
            "volumes": volumes,
            "unfiled": list(found.unfiled),
            "late": found.late,
        }
    )


@delivery("case.draft")
@contextmanager
def _draft(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The lines of the next volume as the archive proposes them; for an archivist.

    `ref_code` is the code that is asked about, else that by the pattern; `taken`: it was given.
    """
    check_params(params, {"case": str}, {"ref_code": str})
    case, value, number, lines = _next(host, caller, params["case"])
    shown = [{**asdict(one), "day": one.day.isoformat()} for one in lines]
    head = {"case": case, "case_number": value["number"], "closed": value["closed"]}
    code = params.get("ref_code") or _code(host, value)
    with host.bench.database.read() as connection:
        taken = code is not None and DbShelf(connection).get("ref_code", code) is not None
    named = {"number": number, "ref_code": code, "taken": taken}
    yield large.stream({**head, **named, "lines": shown})


@delivery("case.catalogue")
@contextmanager
def _catalogue(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The catalogue of a volume as a document; without `volume` the draft of the next one."""
    check_params(params, {"case": str, "format": str, "lang": str}, {"volume": int})
    lang, number = asked_language(params), params.get("volume")
    if number is None:
        case, value, following, drafted = _next(host, caller, params["case"])
        sheet = _sheet(host, case, value, following)
        lines = _drafted(drafted)
    else:
        sheet, lines = _filed(host, caller, params["case"], number)
    now = host.bench.clock.now()
    if params["format"] == "pdf":
        form = io.BytesIO()
        write_form(sheet, lines, now, lang, form)
        head = {"format": "pdf", "size": form.tell()}
        yield Stream(
            head, (form.getvalue()[at : at + MAX_PIECE] for at in range(0, form.tell(), MAX_PIECE))
        )
        return
    with written(host, volume_table(sheet, lines, now, lang), params["format"]) as stream:
        yield stream


def _seen(connection: Connection, reader: Reader, text: str) -> tuple[str, Value]:
    reader.check_records()
    return cases.find_shown(connection, reader, text)


def _next(host: Host, caller: Caller, text: str) -> tuple[str, Value, int, list[Line]]:
    """Case, its register entry, number and lines of its next volume; NotFound for none."""
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_role("archivist")
        case, value = _seen(connection, reader, text)
        found = filing_of(connection, case)
        lines = _proposed(host, connection, case, value, found)
    if not lines:
        raise NotFound(
            say(
                "No record of the case is left to be filed.",
                "本案没有尚未归档的记录。",
            )
        )
    counted = [replace(one, pages=_pages(host, one)) for one in lines]
    return case, value, len(found.volumes) + 1, counted


def _code(host: Host, case: Value) -> str | None:
    """The next reference code by the archive's pattern; None without one, or for an open case."""
    pattern = host.bench.settings.ref_code
    if not pattern or case["closed"] is None:
        return None
    with host.bench.database.read() as connection:
        shelf = DbShelf(connection)
        rules = shelf.get("rules", "retention")
        taken = [code for code, _ in shelf.every("ref_code")]
    period = None
    if rules is not None:
        period = schedule_of(rules["text"]).for_case(case["category"], case["importance"]).period
    year = case["closed"][:4]
    return CodePattern.parse(pattern).next(year, str(period) if period else None, taken)


def _proposed(
    host: Host, connection: Connection, case: str, value: Value, found: Filing
) -> list[Line]:
    records = cases.records_of(connection, case)
    materials = Materials(connection, host.bench.evidence).of(records)
    examined = _examined(connection, case, value, materials)
    return proposed(connection, materials, examined, set(found.unfiled), found.later)


def _examined(
    connection: Connection, case: str, value: Value, materials: Sequence[Material]
) -> Completeness | None:
    """What counts for which row of the list in force, which tells the stage."""
    shelf = DbShelf(connection)
    in_force = list_in_force(shelf)
    return examine(in_force[1], facts_of(shelf, case, value), materials) if in_force else None


def _pages(host: Host, line: Line) -> int:
    """Pages of a PDF; 1 for what has none, and for what cannot be opened."""
    if line.pages is not None:
        return line.pages
    try:
        with _TURNS, originals_of(host.bench).open(line.record) as original:
            return count_pages(original.descriptor) or 1
    except (ArchiveError, OSError):
        return 1


def _drafted(lines: Sequence[Line]) -> list[Listed]:
    signed = numbered((one.record, one.title, one.digest, one.pages or 1) for one in lines)
    return [_listed(line, one) for line, one in zip(signed, lines, strict=True)]


def _listed(line: Any, one: Line | None) -> Listed:
    if one is None:
        return Listed(**line)
    day = one.day.isoformat()
    return Listed(**line, day=day, stage=one.stage, kind=one.kind, late=one.late)


def _filed(host: Host, caller: Caller, text: str, number: int) -> tuple[VolumeSheet, list[Listed]]:
    """A volume as it was signed, with stage and date of its records beside it."""
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        case, value = _seen(connection, reader, text)
        filing = filing_of(connection, case)
        volume = filing.volume(number)
        signed = lines_of(host.bench.evidence, volume)
        unseen = hidden(connection, reader, volume["records"])
        catalogue = without_secrets(connection, signed["catalogue"], unseen)
        materials = Materials(connection, host.bench.evidence).of(volume["records"])
        examined = _examined(connection, case, value, materials)
        records = set(volume["records"])
        lines = proposed(connection, materials, examined, records, filing.later)
        beside = {one.record: one for one in lines}
        names = names_of(connection, host.bench.evidence, [volume["by"]])
    listed = [_listed(line, beside.get(line["record"])) for line in catalogue]
    by, name = volume["by"], names.get(volume["by"])
    sheet = replace(
        _sheet(host, case, value, number),
        ref_code=volume["ref_code"],
        volume=volume["volume"],
        note=signed["note"],
        filed_by=f"{name} ({by})" if name else by,
        filed_at=parse_time(volume["filed_at"]).astimezone(SHANGHAI),
    )
    return sheet, listed


def _sheet(host: Host, case: str, value: Value, number: int) -> VolumeSheet:
    with host.bench.database.read() as connection:
        words = registry.history(connection, host.bench.evidence, case)
    title = next((one["data"]["title"] for one in words if "title" in (one["data"] or ())), None)
    return VolumeSheet(value["number"] or case, title, value["unit"], number)
