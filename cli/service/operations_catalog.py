"""Operations that read the archive: how it stands, what is in it, the custody of a record."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from archive import catalog, doctor
from archive.custody import custody
from archive.desk.db_shelf import DbShelf
from archive.desk.reading import Reader, sees_record
from archive.desk.words import may_read_words
from archive.index.lookup import state_of
from archive.introducing import said_of, stated_level
from archive.registers.denials import denied
from archive.registers.spill import is_removed
from archive.replica import REPLICA
from archive.source_rows import states
from archive.source_stats import read_stands, sort_by_urgency, source_warnings
from archive.status import DiskStatus, Warned, read_status, warnings
from archive.storage_level import NO_LOCKS
from archive.tables import RecordRow
from cli.measuring import measure, shelf_of
from cli.output import to_json
from cli.protecting import FIRST, acceptable, examined, introductions, look_of
from cli.service import files, large
from cli.service.desk import Delivery, Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery, operation
from cli.service.operations_sources import amount, registered
from cli.wiring_copy import copy_status
from cli.wiring_places import disk_of
from cli.wiring_watch import WatchBench, mounts_of, room_of, seen_of
from ingest.holding import waiting_of
from ingest.lacking import Lacking, Seen
from ingest.names import decode_name
from ingest.overview import look

MOST_SOURCES = 20
"""Sources that `status` shows, the most urgent."""
_CAPTURE = ("capture_start", "capture_end", "received_at")
_BARE = (
    "record",
    "log",
    "index",
    "source",
    "size",
    "media_type",
    "kind",
    "lost",
    "destroyed",
    "spilled",
    *_CAPTURE,
)
"""What is shown of a record to who may only know that it is there."""


@operation("status")
def _status(host: Host, caller: Caller, params: Params) -> Document:
    """How the archive stands; for everybody who is enrolled."""
    check_params(params, {})
    bench = host.bench
    inbox = os.fsencode(bench.home / "inbox")
    with gate(host, caller):
        now = bench.clock.now()
        shelf = shelf_of(bench)
        altered, blocked = shelf.wrong().get("QUARANTINE_ALTERED", 0), shelf.blocked()
        with bench.database.read() as connection:
            status = read_status(connection)
            drops = look(connection, bench.home, now, blocked)
            drops = replace(drops, quarantine_altered=altered)
            level = stated_level(connection) or NO_LOCKS
            copy = copy_status(bench.settings.replica, connection)
            if copy is not None:
                copy = replace(copy, begun=said_of(connection, REPLICA) is not None)
            indexed = state_of(connection)
            stands = sort_by_urgency(read_stands(connection, now))
            held = {s.source: waiting_of(connection, inbox, s) for s in stands if s.holds_back}
    seen = seen_of(bench)
    found = os.statvfs(disk_of(bench.settings, bench.home))
    free, total = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    disk = DiskStatus(free, total, level)
    return _json(
        {
            "archive": bench.settings.archive,
            "now": now,
            "ledger": status,
            "drops": drops,
            "lacking": {"at": seen.at, **seen.total._asdict()} if seen else None,
            "storage": disk,
            "copy": copy,
            "index": indexed.document(),
            "sources": [
                {
                    **registered(stand),
                    "day": amount(stand.day),
                    "waiting": held.get(stand.source),
                    "lacking": _lacking(seen, stand.source),
                }
                for stand in stands[:MOST_SOURCES]
            ],
            "sources_more": max(len(stands) - MOST_SOURCES, 0),
            "warnings": [
                *warnings(status, drops, disk, now, copy),
                *source_warnings(stands, held),
                *_of_watching(bench),
            ],
        }
    )


def _lacking(seen: Seen | None, source: str) -> Document | None:
    """What complete files of a source lack; None where no watcher has looked."""
    return None if seen is None else seen.sources.get(source, Lacking())._asdict()


def _of_watching(bench: WatchBench) -> list[Warned]:
    """Intake takes nothing while less is free than it leaves, nor from a mount that is away."""
    warned = []
    if not room_of(bench).free():
        warned.append(Warned("NO_ROOM", {"reserve": bench.settings.staging_reserve_mb}))
    for path in mounts_of(bench).lost():
        warned.append(Warned("MOUNT_LOST", {"path": decode_name(path).text}))
    return warned


@operation("doctor")
def _doctor(host: Host, caller: Caller, params: Params) -> Document:
    """Whether the machine is in order; for everybody who is enrolled."""
    check_params(params, {})
    with gate(host, caller):
        checks = list(measure(host.bench))
    return _json({"state": doctor.worst(checks), "checks": checks})


@operation("doctor.store")
def _doctor_store(host: Host, caller: Caller, params: Params) -> Document:
    """Try the store out now and put on the ledger what is new; by an archivist or administrator."""
    check_params(params, {})
    with gate(host, caller) as reader:
        reader.check_role("archivist", "administrator")
    bench = host.bench
    found = examined(bench)
    told = False
    if bench.settings.in_bucket and acceptable(bench.settings, found.missing):
        sealer = bench.sealer
        told = introductions(bench).say(FIRST, found)
        sealer.drain()
    return _json({**look_of(bench.settings, found), "told": told})


# --- records


@delivery("record.show")
@contextmanager
def _show(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """One record and its custody; of a record that is not the caller's, that it is there."""
    check_params(params, {"record": str})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        row, whole = _find(connection, reader, params["record"])
        document = _custody(host, connection, reader, row.id) if whole else _BARE_CUSTODY
        state_of_source = states(connection).get(row.source)
        removed = is_removed(DbShelf(connection), row.id)
    state = {"lost": row.lost, "destroyed": row.destroyed, "spilled": row.spilled}
    head = {"record": row.id, "log": row.log, "index": row.idx, **state, "removed": removed}
    catalogued = {**record_line(row, whole=whole), "source_state": state_of_source}
    yield large.stream({**head, **document, "catalog": catalogued})


def _find(connection: Connection, reader: Reader, text: str) -> tuple[RecordRow, bool]:
    reader.check_records()
    row = catalog.find_record(connection, text)
    return row, sees_record(connection, reader, row)


_BARE_CUSTODY: Document = {
    "description": None,
    "problem": None,
    "custody": [],
    "cases": {},
    "holds": {},
    "people": {},
}


def _custody(host: Host, connection: Connection, reader: Reader, record: str) -> Document:
    found = custody(connection, host.bench.evidence, record)
    shelf = DbShelf(connection)
    events = [
        event
        if may_read_words(shelf, reader, event.kind, event.body)
        else replace(event, detail=None)
        for event in found.events
    ]
    return _json(
        {
            "description": found.description.value if found.description else None,
            "problem": found.problem,
            "custody": events,
            "cases": found.cases,
            "holds": found.holds,
            "people": found.people,
        }
    )


@delivery("record.proof")
@contextmanager
def _proof(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The files of a proof bundle; for who may see the record as a whole."""
    # Only needed for a proof: it loads what judges signatures.
    from archive.proof import proof_bundle

    check_params(params, {"record": str})
    bench = host.bench
    with gate(host, caller) as reader, bench.database.read() as connection:
        row, whole = _find(connection, reader, params["record"])
        if not whole:
            raise denied("ROLE_MISSING", row.id)
    bundle = proof_bundle(bench.database, bench.places, bench.own_trust, row.id)
    yield large.stream({"record": row.id, "files": files.packed(bundle)})


def record_line(row: RecordRow, *, whole: bool) -> Document:
    """A line of the catalog; `restricted` where all that is like content is left out."""
    line = {
        "record": row.id,
        "log": row.log,
        "index": row.idx,
        "source": row.source,
        "name": row.name,
        "folder": row.folder,
        "size": row.size,
        "sha256": row.sha256,
        "media_type": row.media_type,
        "kind": row.kind,
        "case": row.case_no,
        "category": row.category,
        "stage": row.stage,
        "unit": row.unit,
        "officers": row.officers,
        "capture_start": row.captured_start,
        "capture_end": row.captured_end,
        "received_at": row.received_at,
        "title": row.title,
        "preview": row.preview,
        "number": row.doc_number,
        "date": row.doc_date,
        "parties": row.parties,
        "language": row.language,
        "pages": row.pages,
        "readable": row.readable,
        "tags": row.tags.split() if row.tags else [],
        "device": row.device,
        "duration_ms": row.duration_ms,
        "condition": row.condition,
        "lost": row.lost,
        "destroyed": row.destroyed,
        "spilled": row.spilled,
    }
    bare = {name: value if name in _BARE else None for name, value in line.items()}
    return _json({**(line if whole else bare), "restricted": not whole})


def _json(value: Any) -> Document:
    found = to_json(value)
    if not isinstance(found, dict):
        raise TypeError("an answer is an object")
    return found
