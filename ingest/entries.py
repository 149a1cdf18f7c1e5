"""The ledger entries that intake makes: accessions, re-drops, rejections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from archive import layout
from archive.catalog import RECORD
from archive.ledger import NewEntry, NewObject, Prepared
from archive.pack import PackPlace
from archive.ports import Clock
from archive.rows import batched, select_among
from archive.tables import RecordRow
from archive.times import format_time
from ingest.claim import JSON, Claim
from ingest.describe import time_text
from ingest.drops import Accepted, RefusedDrop, Rejected
from ingest.names import decode_name
from ingest.register import ACTOR, Maker
from ingest.staging import Staged
from signing import canonical

CLASSIFIED = "CLASSIFIED_REFUSED"
_BEGINNING = canonical.Form("content", "first_hash_at", "office")
_PLACE = canonical.Form("description", "id", "offset", "sidecar")


@dataclass(frozen=True, slots=True)
class Known:
    """Records that the catalog has with the same contents, oldest first, and this batch's own."""

    by_sha256: dict[bytes, list[RecordRow]]
    of_batch: dict[bytes, str]
    asked: set[bytes]

    @classmethod
    def empty(cls) -> "Known":
        """Nothing looked up yet."""
        return cls({}, {}, set())

    def load(self, connection: Connection, digests: Sequence[bytes]) -> None:
        """Look up a part of a batch at once."""
        fresh = [*({*digests} - self.asked)]
        self.asked.update(fresh)
        found = select_among(connection, RECORD, ("id",), "sha256", fresh)
        ids = [record for (record,) in found]
        for some in batched(ids):
            query = select(RECORD).where(RECORD.c.id.in_(some), ~RECORD.c.lost)
            for row in connection.execute(query.order_by(RECORD.c.id)).mappings():
                self.by_sha256.setdefault(row["sha256"], []).append(RecordRow(**row))
        for rows in self.by_sha256.values():
            rows.sort(key=lambda row: row.id)

    def same_content(self, sha256: bytes, record: str) -> str | None:
        """The first record with this content; a content seen first becomes it."""
        rows = self.by_sha256.get(sha256)
        first = rows[0].id if rows else self.of_batch.setdefault(sha256, record)
        return None if first == record else first


class Facts(NamedTuple):
    """What an accession says besides what lies in the drop.

    `same` is the first record with this content; `retain_until` the first lock; `pack` the place in
    a pack, which is named by its name in staging.
    """

    described: bytes
    """SHA-256 of record.json."""
    same: str | None = None
    retain_until: datetime | None = None
    pack: tuple[str, PackPlace] | None = None


class EntryMaker:
    """Makes entries; `session` is the staging folder's name below staging/."""

    def __init__(self, maker: Maker, clock: Clock, session: str, office: str) -> None:
        self._office = canonical.text(office)
        self._maker = maker
        self._clock = clock
        self._session = session

    def accessioned(self, outcome: Accepted, facts: Facts) -> Prepared:
        """A new record; with all its objects where it is not in a pack."""
        arrival = outcome.arrival
        source = arrival.drop.file.source
        body = b"".join(
            [
                _BEGINNING(arrival.digests, arrival.first_hash_at, self._office)[:-1],
                b"" if facts.pack is None else b',"pack":%b' % _place(*facts.pack),
                b',"received_at":%b,"record":"sha256:%b"'
                % (arrival.received_at, facts.described.hex().encode()),
                b""
                if facts.retain_until is None
                else b',"retain_until":%b' % _lock_text(facts.retain_until),
                b"" if facts.same is None else b',"same_content_as":"%b"' % facts.same.encode(),
                b',"size":%d,"source":%b%b}'
                % (outcome.staged.size, canonical.text(source), _tags(outcome)),
            ]
        )
        objects: tuple[NewObject, ...] = ()
        if facts.pack is None:
            objects = self._objects(outcome, facts.described, facts.retain_until)
        return Prepared(
            arrival.number,
            "record.accessioned",
            f"source/{source}",
            ACTOR,
            outcome.received_at,
            arrival.number,
            body,
            objects,
            facts.pack[0] if facts.pack else None,
        )

    def _objects(
        self, outcome: Accepted, described: bytes, until: datetime | None
    ) -> tuple[NewObject, ...]:
        record, staged = outcome.record, outcome.staged
        assert staged.path is not None  # noqa: S101 - what is held in memory goes into a pack
        sha256 = next(d.value for d in staged.digests if d.algorithm == "sha256")
        content, text = layout.content_key(record), outcome.description
        path = f"{self._session}/{staged.path.name}"
        objects = [
            NewObject(content, staged.size, sha256, path=path, retain_until=until),
            NewObject(layout.record_key(record), len(text), described, text, retain_until=until),
        ]
        if outcome.sidecar is not None:
            data = outcome.sidecar.data
            objects.append(NewObject.of(layout.sidecar_key(record), data, until))
        if staged.pieces_path is not None:
            pieces = staged.pieces_path.read_bytes()
            objects.append(NewObject.of(layout.pieces_key(record), pieces, until))
        return tuple(objects)

    def redropped(self, outcome: Accepted, first: RecordRow) -> NewEntry:
        """The same file once more; the first record stands."""
        body = {**_arrival(outcome), "first": {"log": first.log, "index": first.idx}}
        return self._entry("record.redropped", outcome, first.id, body, ())

    def rejected(self, outcome: Rejected) -> NewEntry:
        """A drop in quarantine; what it was stands in the detail."""
        file, beside = outcome.drop.file, outcome.drop.sidecar_name
        claim = outcome.drop.claim or Claim(JSON, "")
        name, folder = decode_name(file.name), decode_name(file.folder)
        files = [_file(file.name, outcome.content)]
        if beside is not None:
            label = decode_name(beside)
            files.append(
                {
                    "name": label.text,
                    "name_b64": label.b64,
                    "size": outcome.sidecar_size,
                    "digests": [str(digest) for digest in outcome.sidecar],
                }
            )
        data = {
            "name": name.text,
            "name_b64": name.b64,
            "folder": folder.text,
            "folder_b64": folder.b64,
            "quarantine": outcome.number,
            "sentence": outcome.reason.english,
            "files": files,
            "claim": {"kind": claim.kind, "mapping": claim.mapping, "number": claim.number},
            "late": outcome.late,
        }
        now = self._clock.now()
        detail, obj = self._maker.detail("drop.rejected", now, data)
        body = {
            "code": outcome.reason.code,
            "detail": str(detail.digest()),
            "detail_id": detail.id,
            "received_at": format_time(outcome.received_at),
            "source": file.source,
        }
        return self._entry("drop.rejected", outcome, None, body, (obj,))

    def refused(self, outcome: RefusedDrop, refusal: str) -> NewEntry:
        """A state secret: that something was refused, when, and from which source; no more.

        `refusal` is the random end of the name that it has from now on.
        """
        body = {
            "code": CLASSIFIED,
            "detail": None,
            "detail_id": None,
            "received_at": format_time(outcome.received_at),
            "refusal": refusal,
            "source": outcome.drop.file.source,
        }
        return self._entry("drop.rejected", outcome, None, body, ())

    def _entry(
        self,
        kind: str,
        outcome: Accepted | Rejected | RefusedDrop,
        subject: str | None,
        body: Mapping[str, Any],
        objects: tuple[NewObject, ...],
    ) -> NewEntry:
        """An entry is submitted under the number of its drop."""
        number = outcome.record if isinstance(outcome, Accepted) else outcome.number
        stream = f"source/{outcome.drop.file.source}"
        at = outcome.received_at
        return NewEntry(number, kind, stream, ACTOR, at, subject, body, objects)


_lock_text = lru_cache(maxsize=16)(time_text)
"""All of one day have the same first lock."""


def _tags(outcome: Accepted) -> bytes:
    """The last part of an accession's body, where its sidecar states any tags."""
    tags = outcome.sidecar.parsed.claims.get("tags") if outcome.sidecar else None
    return b',"tags":%b' % canonical.encode(tags) if tags else b""


def _place(name: str, place: PackPlace) -> bytes:
    sidecar = b"null" if place.sidecar is None else b"%d" % place.sidecar
    return _PLACE(b"%d" % place.description, canonical.text(name), b"%d" % place.offset, sidecar)


def _arrival(outcome: Accepted) -> dict[str, Any]:
    return {
        "content": [str(digest) for digest in outcome.staged.digests],
        "received_at": format_time(outcome.received_at),
        "size": outcome.staged.size,
        "source": outcome.drop.file.source,
    }


def _file(name: bytes, staged: Staged) -> dict[str, Any]:
    label = decode_name(name)
    return {
        "name": label.text,
        "name_b64": label.b64,
        "size": staged.size,
        "digests": [str(digest) for digest in staged.digests],
    }
