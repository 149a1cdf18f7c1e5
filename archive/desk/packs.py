"""Packs that are split: members that are kept get objects of their own, so that the pack can go.

    accepted = split(desk, statements, detail, account)      # of `pack.split`, two people

The bytes come out of the pack, are held against their accession, and are stored with the entry as
any other object is: under locks of their own, read back before the seal is complete.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from archive import layout, ledger
from archive.catalog import RECORD
from archive.desk.db_shelf import DbShelf
from archive.desk.destroying import unfinished
from archive.desk.submit import Accepted, Desk
from archive.detail import Detail
from archive.entry import Entry
from archive.errors import ContentAltered, UsageError
from archive.ledger import ENTRY, NewObject
from archive.pack import place_of
from archive.parts import CONTENT, DESCRIPTION, SIDECAR, part_of, read_part
from archive.ports import CHUNK, ObjectStore, read_all
from archive.record import RecordDescription
from archive.registers.denials import denied
from archive.registers.keeping import Law
from archive.registers.terms import end_of
from archive.statements.statement import Signed
from archive.times import parse_time
from signing.digest import Digest

MOST_BYTES = 64 << 20
"""What one split may copy: it passes through the database."""
_LEAST = timedelta(days=1)
_UNSET = timedelta(days=30)


def split(
    desk: Desk, statements: Sequence[Signed], detail: Detail | None, account: str
) -> Accepted:
    """Submit a split with the objects that it makes; raises Denied, FormatError, ContentAltered.

    UsageError where it is too much at once.
    """
    part = desk.prepare(statements, detail, account)
    records = part.body.payload["records"]
    with desk.database.read() as connection:
        accessions = dict(_accessions(connection, records))
    found = {
        record: list(_files(desk.evidence, record, entry)) for record, entry in accessions.items()
    }
    if sum(len(data) for files in found.values() for _, data in files) > MOST_BYTES:
        raise UsageError("These records are too large to be split off at once; name fewer.")
    with desk.recording(account, part.body), desk.database.write() as connection:
        for record in unfinished(connection):
            if record in accessions or _same_pack(connection, record, part.body.payload["pack"]):
                raise denied("BEING_DESTROYED", record)
        entry = desk.submit_prepared(connection, part)
        shelf, now = DbShelf(connection), desk.clock.now()
        for record, files in found.items():
            until = lock_of(shelf, desk.law, record, now)
            objects = [NewObject.of(key, data, until) for key, data in files]
            ledger.add_objects(connection, entry.id, objects)
    return Accepted(entry, part.body)


def _same_pack(connection: Connection, record: str, pack: str) -> bool:
    found = DbShelf(connection).get("record_pack", record)
    return found is not None and found["pack"] == pack


def _accessions(connection: Connection, records: Sequence[str]) -> Iterator[tuple[str, Entry]]:
    query = (
        select(RECORD.c.id, ENTRY.c.data)
        .join(ENTRY, (RECORD.c.log == ENTRY.c.log) & (RECORD.c.idx == ENTRY.c.idx))
        .where(RECORD.c.id.in_(records))
    )
    for row in connection.execute(query):
        yield row.id, Entry.parse(row.data)


def check_alone(store: ObjectStore, record: str, entry: Entry) -> None:
    """Whether a record that was split off has objects of its own, with the bytes that were sealed.

    Raises ObjectMissing or ContentAltered; `entry` is its accession.
    """
    description = read_all(store, layout.record_key(record), CHUNK)
    if str(Digest.of("sha256", description)) != entry.body["record"]:
        raise ContentAltered(f"The description of {record} is not what was sealed.")
    content = read_all(store, layout.content_key(record), CHUNK)
    _check(content, [Digest.parse(text) for text in entry.body["content"]], record)
    digests = RecordDescription.parse(description).sidecar
    if digests:
        _check(read_all(store, layout.sidecar_key(record), CHUNK), digests, record)


def _files(store: ObjectStore, record: str, entry: Entry) -> Iterator[tuple[str, bytes]]:
    """Keys and bytes of a packed record's files, checked; nothing for one that stands alone."""
    if place_of(entry.body) is None:
        return
    description = _read(store, record, entry, DESCRIPTION)
    if str(Digest.of("sha256", description)) != entry.body["record"]:
        raise ContentAltered(f"The description of {record} in its pack is not what was sealed.")
    content = _read(store, record, entry, CONTENT)
    _check(content, [Digest.parse(text) for text in entry.body["content"]], record)
    yield layout.content_key(record), content
    yield layout.record_key(record), description
    digests = RecordDescription.parse(description).sidecar
    if digests:
        sidecar = _read(store, record, entry, SIDECAR)
        _check(sidecar, digests, record)
        yield layout.sidecar_key(record), sidecar


def _read(store: ObjectStore, record: str, entry: Entry, name: str) -> bytes:
    return b"".join(read_part(store, part_of(record, entry.body, entry.at, name)))


def _check(data: bytes, digests: Sequence[Digest], record: str) -> None:
    if any(Digest.of(digest.algorithm, data) != digest for digest in digests):
        raise ContentAltered(f"What is stored of {record} is not what was sealed.")


def lock_of(shelf: DbShelf, law: Law | None, record: str, now: datetime) -> datetime | None:
    """The lock of a record's new objects: its end as far as it is known, None for ever.

    Where nothing is known yet a month, which the retention sweep lengthens.
    """
    known = shelf.get("record", record)
    first = known["retain_until"] if known else None
    end = end_of(shelf, law, record) if law is not None else None
    if end is not None and end.permanent:
        return None
    moments = [end.moment] if end is not None and end.moment is not None else []
    moments += [parse_time(first)] if first else []
    return max([now + _LEAST, *(moments or [now + _UNSET])])
