"""Wishes for pictures and copies for browsers: the service's own background work makes them."""

from typing import Any

from sqlalchemy import Connection, Select, select

from archive import catalog, derived_rows, looking
from archive.catalog import RECORD
from archive.desk.reading import Reader, sees_record
from archive.errors import UsageError
from archive.registers.denials import denied
from archive.tables import RecordRow
from archive.vocabulary import STANDING
from cli.media_work import again, take_up
from cli.one_at_a_time import one_at_a_time
from cli.service.desk import Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, operation

MOST_WISHES = 10_000
"""Records of one call."""


@operation("derive.wish")
def _wish(host: Host, caller: Caller, params: Params) -> Document:
    """Queue what is wished of records, or of a case, or of all that have derivatives.

    For whoever may see the records as a whole; of a case, and of all, those that he may see.
    """
    from ingest.media.derive.deriver import Wish

    check_params(params, {"records": list, "wish": str}, {"case": str})
    wish = Wish.parse(params["wish"])
    if not (wish.roles or frozenset()) <= frozenset(STANDING):
        raise UsageError("There is no such kind of derivative.")
    named, case = [str(one) for one in params["records"]], params.get("case")
    bench = host.bench
    with gate(host, caller) as reader, bench.database.read() as connection:
        reader.check_records()
        records = _named(connection, reader, named) if named else []
        if case is not None:
            records += _of_case(connection, reader, case)
        elif not named:
            records += _of_all(connection, reader)
    if len(records) > MOST_WISHES:
        raise UsageError(f"At most {MOST_WISHES} records at a time.")
    now = bench.clock.now()
    with bench.database.write() as connection:
        for record in dict.fromkeys(records):
            looking.wish(connection, record, wish.text(), now)
    return {"queued": list(dict.fromkeys(records)), **_queue(host)}


@operation("derive.again")
def _again(host: Host, caller: Caller, params: Params) -> Document:
    """Take up again what was put aside, or lost from the queue; by an archivist."""
    check_params(params, {})
    with gate(host, caller) as reader:
        reader.check_role("archivist")
    with one_at_a_time(host.bench.folder("locks") / "media") as mine:
        again(host.bench) if mine else take_up(host.bench)
    return _queue(host)


@operation("derive.roles")
def _roles(host: Host, caller: Caller, params: Params) -> Document:
    """Which derivatives a record has, and which its kind can have; null for who may not see it."""
    from ingest.media.derive.recipes import roles_of

    check_params(params, {"record": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        row = catalog.find_record(connection, params["record"])
        if not sees_record(connection, reader, row):
            return {"made": None, "possible": None}
        standing = derived_rows.of_record(connection, row.id)
    made = [role for role in STANDING if role in standing]
    return {"made": made, "possible": roles_of(row.media_type)}


def _queue(host: Host) -> Document:
    with host.bench.database.read() as connection:
        found = looking.lag(connection)
    return {"waiting": found.count - found.problems, "works": host.bench.settings.media_examine}


def _named(connection: Connection, reader: Reader, named: list[str]) -> list[str]:
    found = [catalog.find_record(connection, text) for text in named[: MOST_WISHES + 1]]
    for row in found:
        if not sees_record(connection, reader, row):
            raise denied("ROLE_MISSING", row.id)
    return [row.id for row in found]


def _of_case(connection: Connection, reader: Reader, case: str) -> list[str]:
    kept = ~RECORD.c.lost & ~RECORD.c.destroyed & ~RECORD.c.spilled
    query = select(RECORD).where(RECORD.c.case_no == case, kept).order_by(RECORD.c.id)
    return _seen(connection, reader, query)


def _of_all(connection: Connection, reader: Reader) -> list[str]:
    made = select(derived_rows.DERIVED.c.record)
    query = select(RECORD).where(RECORD.c.id.in_(made), ~RECORD.c.lost).order_by(RECORD.c.id)
    return _seen(connection, reader, query)


def _seen(connection: Connection, reader: Reader, query: Select[Any]) -> list[str]:
    rows = [RecordRow(**row) for row in connection.execute(query).mappings()]
    return [row.id for row in rows if sees_record(connection, reader, row)]
