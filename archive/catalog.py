"""The catalog: a projection of ledger and record.json that people search (design §3, §5)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from archive import derived_rows, late_sidecar, layout
from archive.errors import FormatError, NotFound
from archive.ids import check_ulid
from archive.index import places
from archive.kinds import short_kind
from archive.later_rows import LaterRows
from archive.ledger import Appended
from archive.record import RecordDescription
from archive.rows import insert_rows, select_among
from archive.tables import RecordRow, SourceRow
from archive.times import claimed_time
from signing import canonical

RECORD = RecordRow.__table__  # type: ignore[attr-defined]
SOURCE = SourceRow.__table__  # type: ignore[attr-defined]


def project(
    connection: Connection,
    log: str,
    entries: Sequence[Appended],
    description: Callable[[str], bytes | None],
    values: Sequence[Mapping[str, Any]] | None = None,
    *,
    bare: Callable[[str, int, Mapping[str, Any]], dict[str, Any]] | None = None,
) -> None:
    """Bring the catalog up to date with newly published entries.

    `description(key)` gives the bytes of record.json or a detail, or None if they cannot be had:
    then a record that has no line yet gets that of `bare` (log, index, entry). Without that, it is
    one of a pack that was given up before it was stored, and is marked as lost. `values` are the
    decoded entries, where the caller has them.
    """
    rows: list[list[Any]] = []
    lost, undescribed = [], []
    later = LaterRows()
    derived: list[derived_rows.Said] = []
    decoded: Sequence[Any] = values or [*map(_decoded, entries)]
    for appended, entry in zip(entries, decoded, strict=True):
        kind, subject = entry["kind"], entry["subject"]
        if kind == "record.accessioned":
            data = description(layout.record_key(subject))
            if data is not None:
                found: Any = canonical.reread(data)
                row = record_row(log, appended.index, RecordDescription(found))
                row.update(kept_columns(entry["body"]))
                rows.append([*row.values()])
                later.media.accessioned(entry, found)
            else:
                undescribed.append((bare or lost_row)(log, appended.index, entry))
        elif kind == "record.lost":
            lost.append(subject)
        elif derived_rows.is_followed(kind):
            derived.append((appended.index, entry))
        else:
            later.take(connection, entry, description)
    if rows:
        insert_rows(connection, RECORD, tuple(row), rows)
    if undescribed:
        _insert_new(connection, undescribed)
    for record in lost:
        connection.execute(update(RECORD).where(RECORD.c.id == record).values(lost=True))
        places.remove(connection, record)
    later.save(connection, lost)
    if derived:
        derived_rows.follow(connection, log, derived)


def _insert_new(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert lines of records that have none; `rebuild` wrote those of a batch it found begun."""
    ids = [row["id"] for row in rows]
    known = {row[0] for row in select_among(connection, RECORD, ("id",), "id", ids)}
    if fresh := [row for row in rows if row["id"] not in known]:
        connection.execute(insert(RECORD), fresh)


def _decoded(appended: Appended) -> Any:
    return canonical.reread(appended.data)


def kept_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    """What an accession's body says of where the record lies, and how long it stays at least."""
    pack, until = body.get("pack"), body.get("retain_until")
    lock = _lock(until) if until else None
    return {
        "pack": pack["id"] if pack else None,
        "pack_place": canonical.encode(pack) if pack else None,
        "first_lock": lock,
        "retain_until": lock,
        "permanent": False,
        "destroyed": False,
    }


def record_row(log: str, index: int, found: RecordDescription) -> dict[str, Any]:
    """The catalog's line for one record, as far as record.json gives it."""
    value: Mapping[str, Any] = found.value
    claims: Mapping[str, Any] = value["claims"] or {}
    text: Mapping[str, Any] = value["text"] or {}
    register: Mapping[str, Any] = value.get("register") or {}
    return {
        "id": found.record_id,
        "log": log,
        "idx": index,
        "source": value["source"],
        "name": value["name"],
        "name_raw": found.name_bytes,
        "folder": value["folder"],
        "folder_raw": found.folder_bytes,
        "size": found.size,
        "sha256": _sha256(value["digests"]),
        "sidecar_sha256": _sha256(value["sidecar"]["digests"]) if value["sidecar"] else None,
        "media_type": value["media"]["type"],
        "case_no": claims.get("case"),
        "category": claims.get("category"),
        "stage": claims.get("stage"),
        "unit": claims.get("unit") or register.get("unit"),
        "officers": _officers(claims, value.get("technical")) or register.get("officer"),
        "captured_start": claimed_time(claims.get("capture_start")),
        "captured_end": claimed_time(claims.get("capture_end")),
        "received_at": _moment(value["received_at"]),
        "title": text.get("title"),
        "preview": text.get("preview"),
        "lost": False,
        **_media_columns(claims, value.get("technical"), register),
        **_document_columns(value),
    }


def _document_columns(value: Mapping[str, Any]) -> dict[str, Any]:
    """What it is, and what a text or document says of itself."""
    found: Mapping[str, Any] = value.get("document") or {}
    return {
        "kind": short_kind(value["media"]["type"]),
        "doc_number": found.get("number"),
        "doc_date": found.get("date"),
        "parties": "；".join([party["name"] for party in found.get("parties", ())]) or None,
        "language": found.get("language"),
        "pages": found.get("pages"),
        "readable": found.get("readable"),
    }


def _media_columns(
    claims: Mapping[str, Any], technical: Any, register: Mapping[str, Any]
) -> dict[str, Any]:
    """What the list of recordings, the file and the register say, in this order."""
    found: Mapping[str, Any] = technical or {}
    segment = found.get("segment") or {}
    captured = found.get("captured") or {}
    chosen = {
        "captured_start": claimed_time(captured.get("start")),
        "captured_end": claimed_time(captured.get("end")),
    }
    return {
        **(chosen if captured.get("start") else {}),
        "item": claims.get("item"),
        "subject": claims.get("subject"),
        "place": claims.get("place"),
        "importance": claims.get("importance"),
        "tags": " ".join(claims.get("tags") or ()) or None,
        "device": claims.get("device") or segment.get("device") or register.get("device"),
        "segment": segment.get("number"),
        "duration_ms": found.get("duration_ms"),
        "condition": (found.get("condition") or {}).get("verdict"),
    }


def bare_row(log: str, index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The catalog's line for a record without a description: what its accession alone says."""
    body = entry["body"]
    return {
        **dict.fromkeys(_OPTIONAL),
        "id": entry["subject"],
        "log": log,
        "idx": index,
        "source": body["source"],
        "name": "",
        "name_raw": b"",
        "folder": "",
        "folder_raw": b"",
        "size": body["size"],
        "sha256": _sha256(body["content"]),
        "media_type": "",
        "received_at": _moment(body["received_at"]),
        "lost": False,
        **kept_columns(body),
    }


def lost_row(log: str, index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The same for one that was lost before it was stored, with its description."""
    return {**bare_row(log, index, entry), "lost": True}


_OPTIONAL = (
    *("sidecar_sha256", "case_no", "category", "stage", "unit", "officers"),
    *("captured_start", "captured_end", "title", "preview"),
)


def _officers(claims: Mapping[str, Any], technical: Any) -> str | None:
    """Those that the sidecar claims, else the number that a device wrote into the name."""
    claimed = late_sidecar.officers_text(claims)
    segment = (technical or {}).get("segment") or {}
    return claimed or segment.get("officer")


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


_lock = lru_cache(maxsize=16)(datetime.fromisoformat)
"""All of one day have the same first lock."""


def _sha256(digests: Sequence[str]) -> bytes:
    found = next(text for text in digests if text.startswith("sha256:"))
    return bytes.fromhex(found.partition(":")[2])


@dataclass(frozen=True, slots=True)
class Query:
    """What people search by; every part that is given must match.

    `before` goes on with an earlier search: only records older than this id.
    """

    words: tuple[str, ...] = ()
    case: str | None = None
    category: str | None = None
    stage: str | None = None
    officer: str | None = None
    unit: str | None = None
    source: str | None = None
    media: str | None = None
    condition: str | None = None
    device: str | None = None
    kind: str | None = None
    number: str | None = None
    party: str | None = None
    place: str | None = None
    subject: str | None = None
    importance: str | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 100
    before: str | None = None


def search(
    connection: Connection, query: Query, *, only: Any = None, skip: int = 0
) -> list[RecordRow]:
    """Records that match, newest first, `only` among some, without the first few (`skip`).

    Dates look at the capture, else at the reception. Only what stands in the catalog is looked at:
    archive.desk.finding also finds words of the contents.
    """
    moment = _coalesced()
    wanted = [
        or_(*(_like(connection, column, f"%{_escaped(word)}%") for column in _TEXT_COLUMNS))
        for word in query.words
    ]
    for column, value in (
        (RECORD.c.case_no, query.case),
        (RECORD.c.category, query.category),
        (RECORD.c.stage, query.stage),
        (RECORD.c.source, query.source),
        (RECORD.c.condition, query.condition),
        (RECORD.c.kind, query.kind),
        (RECORD.c.importance, query.importance),
    ):
        if value is not None:
            wanted.append(column == value)
    for column, value in (
        (RECORD.c.officers, query.officer),
        (RECORD.c.unit, query.unit),
        (RECORD.c.doc_number, query.number),
        (RECORD.c.parties, query.party),
        (RECORD.c.place, query.place),
        (RECORD.c.subject, query.subject),
        (RECORD.c.tags, query.tag),
    ):
        if value is not None:
            wanted.append(_like(connection, column, f"%{_escaped(value)}%"))
    if query.device is not None:  # names of files have it in either case
        wanted.append(_like(connection, RECORD.c.device, _escaped(query.device)))
    if query.media is not None:
        wanted.append(_like(connection, RECORD.c.media_type, f"{_escaped(query.media)}%"))
    if query.since is not None:
        wanted.append(moment >= query.since)
    if query.until is not None:
        wanted.append(moment < query.until)
    if query.before is not None:
        wanted.append(RECORD.c.id < query.before)
    if only is not None:
        wanted.append(only)
    found = select(RECORD).where(*wanted)
    rows = connection.execute(found.order_by(RECORD.c.id.desc()).limit(query.limit).offset(skip))
    return [RecordRow(**row) for row in rows.mappings()]


def _like(connection: Connection, column: Any, pattern: str) -> Any:
    """Like a pattern, whatever the case of A to Z: SQLite's LIKE, PostgreSQL's ILIKE under "C"."""
    if connection.dialect.name == "postgresql":
        return column.ilike(pattern, escape="/")
    return column.like(pattern, escape="/")


def _escaped(text: str) -> str:
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def _coalesced() -> Any:
    from sqlalchemy import func

    return func.coalesce(RECORD.c.captured_start, RECORD.c.received_at)


_TEXT_COLUMNS = (
    *(RECORD.c.name, RECORD.c.title, RECORD.c.preview, RECORD.c.case_no),
    *(RECORD.c.officers, RECORD.c.unit, RECORD.c.doc_number, RECORD.c.parties),
    *(RECORD.c.subject, RECORD.c.place, RECORD.c.id),
)


def find_record(connection: Connection, text: str) -> RecordRow:
    """The record with this id, or with this unique beginning of an id; raises NotFound."""
    wanted = text.strip().upper()
    query = select(RECORD).where(RECORD.c.id.startswith(wanted, autoescape=True)).limit(2)
    rows = connection.execute(query).mappings().all()
    if len(rows) == 1:
        return RecordRow(**rows[0])
    try:
        check_ulid(wanted)
    except FormatError:
        if len(rows) > 1:
            raise NotFound(f"Several records begin with {wanted}; give more of the id.") from None
    raise NotFound(f"There is no record {wanted[:40]}.")
