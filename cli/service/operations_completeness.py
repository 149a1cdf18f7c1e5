"""Operations of completeness: a case against the list in force, its timeline, the report.

Who may see a case sees all of its records, but for those with tags: these count for everybody, and
whoever is not shown them as a whole (`archive.desk.reading`) is told their ids alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from archive import fields
from archive.completeness.answer import completeness_document, timeline_document
from archive.completeness.coverage import Completeness, examine
from archive.completeness.material import Material
from archive.completeness.reading import Materials, facts_of, list_in_force, records_by_case
from archive.completeness.report import CaseLine, completeness_table
from archive.completeness.timeline import timeline
from archive.desk import cases, registry
from archive.desk.db_shelf import DbShelf
from archive.desk.judging import hidden
from archive.desk.reading import Reader
from archive.errors import NotFound
from archive.record_list import RecordList
from archive.registers.shelf import Value
from archive.registers.volumes import excused_of
from cli.founding import CONFIG, RULES
from cli.language import say
from cli.service import large
from cli.service.claims import follow_claims
from cli.service.desk import Delivery, Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery
from cli.service.operations_oversight import asked_language, unit_seen, written


@delivery("case.check")
@contextmanager
def _check(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """What a case has of every row of the list in force; for who may see the case."""
    check_params(params, {"case": str})
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        case, value = _seen(connection, reader, params["case"])
        digest, rules = _list(connection)
        materials = _materials(host, connection, reader, case)
        found = _examined(connection, rules, case, value, materials)
        excused = _excuses(host, connection, case)
    document = completeness_document(digest, found)
    for row in document["rows"]:
        row["excused"] = excused.get(row["id"]) if row["state"] == "excused" else None
    head = {"case": case, **{key: value[key] for key in ("number", "category", "unit", "closed")}}
    yield large.stream({**head, **document})


@delivery("case.timeline")
@contextmanager
def _timeline(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The records of a case by stage and time; `list` is null where no list is in force."""
    check_params(params, {"case": str})
    follow_claims(host)
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        case, value = _seen(connection, reader, params["case"])
        in_force = list_in_force(DbShelf(connection))
        materials = _materials(host, connection, reader, case)
        found = _examined(connection, in_force[1], case, value, materials) if in_force else None
    stages = timeline_document(timeline(materials, found))
    yield large.stream({"case": case, "list": in_force[0] if in_force else None, "stages": stages})


@delivery("report.completeness")
@contextmanager
def _report(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Cases opened from one day to another, by unit; of his own unit for a head of department."""
    required = {"format": str, "lang": str}
    check_params(params, required, {"unit": str, "since": str, "until": str})
    since, until = (params.get(key) for key in ("since", "until"))
    for day in (since, until):
        if day is not None:
            fields.date_text(day)
    follow_claims(host)
    with gate(host, caller) as reader:
        unit = unit_seen(reader, params.get("unit"))
        with host.bench.database.read() as connection:
            digest, rules = _list(connection)
            wanted = {
                case: value
                for case, value in DbShelf(connection).every("case")
                if unit in (None, value["unit"])
                and (since is None or value["opened"] >= since)
                and (until is None or value["opened"] <= until)
            }
            lines = _lines(host, connection, rules, wanted)
    now, lang = host.bench.clock.now(), asked_language(params)
    form = params["format"]
    table = completeness_table(lines, digest, (since, until), now, lang, coded=form == "json")
    with written(host, table, form) as stream:
        yield stream


def _seen(connection: Connection, reader: Reader, text: str) -> tuple[str, Value]:
    reader.check_records()
    return cases.find_shown(connection, reader, text)


def _list(connection: Connection) -> tuple[str, RecordList]:
    """Digest and list in force; NotFound saying how to get one."""
    found = list_in_force(DbShelf(connection))
    if found is None:
        path = CONFIG / RULES["record_list"]
        raise NotFound(
            say(
                "No list of what is recorded is in force. Two people adopt one with"
                f" `cunzheng rules adopt record_list FILE`, such as {path}.",
                "尚无现行的音像记录事项清单，请由两人以"
                f" cunzheng rules adopt record_list 文件 采纳，例如 {path}。",
            )
        )
    return found


def _materials(host: Host, connection: Connection, reader: Reader, case: str) -> list[Material]:
    records = cases.records_of(connection, case)
    restricted = hidden(connection, reader, records)
    return Materials(connection, host.bench.evidence).of(records, restricted)


def _examined(
    connection: Connection, rules: RecordList, case: str, value: Value, materials: list[Material]
) -> Completeness:
    shelf = DbShelf(connection)
    excused = excused_of(shelf, case)
    return examine(rules, facts_of(shelf, case, value), materials, excused.keys())


def _excuses(host: Host, connection: Connection, case: str) -> dict[str, Document]:
    """Who excused which row, when and why."""
    found: dict[str, Document] = {}
    for row, value in excused_of(DbShelf(connection), case).items():
        words: Any = registry.read_words(host.bench.evidence, value)
        reason = words["reason"] if words else None
        found[row] = {"by": value["by"], "at": value["at"], "reason": reason}
    return found


def _lines(
    host: Host, connection: Connection, rules: RecordList, wanted: dict[str, Value]
) -> list[CaseLine]:
    records = records_by_case(connection, wanted.keys())
    reading = Materials(connection, host.bench.evidence)
    return [
        CaseLine(
            value["unit"],
            value["number"] or case,
            value["category"],
            value["opened"],
            _examined(connection, rules, case, value, reading.of(records[case])),
        )
        for case, value in wanted.items()
    ]
