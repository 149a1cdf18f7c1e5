"""Handing out what was made of a record for people to look at, in place of the record itself.

    with release.open(order) as retrieval, shown(release, retrieval, "poster", scratch) as picture:
        for part in picture.parts: ...

It shows content, so it goes by the very same access: requested, begun and ended as a view of the
record (docs/formats.md §13). Its entry is proved from the ledger, and live may be changed by
others, so all bytes are held against that entry before the first of them leaves.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from archive import derived_rows, ledger, vocabulary
from archive.desk.release import Order, Release, Retrieval
from archive.durable import disk_errors
from archive.entry import Entry
from archive.errors import ContentAltered, ObjectMissing, UsageError
from archive.stored_log import StoredLog

_PART = 4 << 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A derivative: its role, extension, size, digest (`sha256:…`) and bytes."""

    role: str
    extension: str
    size: int
    digest: str
    parts: Iterable[bytes]


def check_order(order: Order, role: str) -> None:
    """Raise UsageError for no such role, or an access that is no view of the whole record."""
    if role not in vocabulary.STANDING:
        raise UsageError("There is no such kind of derivative.")
    payload: Mapping[str, Any] = order.payload
    plain = payload["range"] is None and payload["resumes"] is None and "form" not in payload
    if payload["action"] != "view" or not plain:
        raise UsageError("A derivative is handed out for a view of the whole record.")


@contextmanager
def shown(release: Release, retrieval: Retrieval, role: str, scratch: Path) -> Iterator[Shown]:
    """The derivative of a role, for a running access.

    Raises ObjectMissing where there is none, ContentAltered where it is not what the ledger states.
    """
    body = _entry(release, retrieval.description.record_id, role).body
    key, digest = str(body["key"]), str(body["digest"])
    with SpooledTemporaryFile(_PART, dir=str(scratch)) as file:
        with disk_errors(str(scratch)):
            size = _checked(release.places.live.read(key), digest, file, key)
        extension = key.rpartition(".")[2]
        yield Shown(role, extension, size, digest, retrieval.counted(_parts(file)))


def _entry(release: Release, record: str, role: str) -> Entry:
    """The entry that counts, proved: the table only says where to look."""
    with release.database.read() as connection:
        row = derived_rows.of_record(connection, record).get(role)
        head = None if row is None else ledger.head_of(connection, row.log)
    if row is None or head is None:
        raise ObjectMissing(f"There is no {role} of {record}; `cunzheng derive` makes it.")
    stored = StoredLog(release.places, release.trust, row.log, head.published)
    entry = Entry.parse(stored.prove(row.idx, head.published).data)
    said = (entry.kind, entry.subject, entry.body.get("role"))
    if said != (derived_rows.MADE, record, role):
        raise ContentAltered(f"The {role} of {record} is not on the ledger: run cunzheng rebuild.")
    return entry


def _checked(chunks: Iterable[bytes], digest: str, file: IO[bytes], key: str) -> int:
    total, size = sha256(), 0
    for chunk in chunks:
        total.update(chunk)
        size += file.write(chunk)
    if f"sha256:{total.hexdigest()}" != digest:
        raise ContentAltered(f"{key} is not what was made; `cunzheng derive` makes it anew.")
    file.seek(0)
    return size


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_PART):
        yield part
