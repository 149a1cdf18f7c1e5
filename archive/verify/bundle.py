"""One bundle of 256 entries: read, checked by itself, and boiled down to what the walk needs.

Signatures of people are checked here too, where all cores are at work.

Runs in a worker. Entries are checked one by one and inside their streams; how the bundle joins the
one before is the walk's business (`archive.verify.ledger`).
"""

import json
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from archive.entry import Entry, check_body
from archive.errors import FormatError
from archive.layout import TILE_WIDTH, TileSpan, is_derived_key, pack_key
from archive.merkle import HASH_SIZE, leaf_hash, node_hash
from archive.pack import place_of
from archive.registers.admit import KINDS
from archive.statements.body import read_body
from archive.statements.kinds import SIGNED
from archive.tiles import decode_entries
from archive.times import format_time, parse_time
from archive.usual import Accession, read_accession
from archive.verify.context import Context, Found, guarded
from archive.verify.statements import Verdict, judge_body
from archive.verify.tile_source import read_tile
from archive.vocabulary import FOR_ONE_ACCESS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_MICROSECOND = timedelta(microseconds=1)
NO_TIME = 2**62
"""Stands for the time of an entry that cannot be read: later than any other."""

Rows = dict[str, list[tuple[Any, ...]]]


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
    return (moment - EPOCH) // _MICROSECOND


# The entries of a batch have one time.
_counted = lru_cache(maxsize=512)(microseconds)
_written = lru_cache(maxsize=512)(format_time)


@dataclass(frozen=True, slots=True)
class BundleJob:
    """Bundle number `number` of a log, of which `width` entries belong to the tree."""

    log: str
    number: int
    width: int


@dataclass(slots=True)
class StreamPart:
    """What one stream does inside one bundle: where it comes in and where it goes out."""

    index: int
    seq: int
    prev: bytes | None
    last_seq: int
    last_leaf: bytes


@dataclass(slots=True)
class BundleFacts:
    """`leaves` come from the entries, `stored` from the hash tile; either is None if unreadable.

    `times` are the entries' `at` in microseconds, `claimed` the latest time each one names as past
    (its `at` or when its bytes were received), 0 if unreadable. `control` are the entries that
    open and close the log, `closed_at` the time of the latter. `rows` go into the index.
    """

    job: BundleJob
    leaves: list[bytes] | None = None
    stored: list[bytes] | None = None
    times: "array[int]" = field(default_factory=lambda: array("q"))
    claimed: "array[int]" = field(default_factory=lambda: array("q"))
    streams: dict[str, StreamPart] = field(default_factory=dict)
    control: list[tuple[int, str, Any]] = field(default_factory=list)
    closed_at: datetime | None = None
    rows: Rows = field(default_factory=lambda: defaultdict(list))
    found: Found = field(default_factory=list)
    subjects: dict[int, str] = field(default_factory=dict)


def link_problem(seq: int, prev: bytes | None, last_seq: int, last_leaf: bytes) -> str | None:
    """How an entry fails to follow the last one of its stream, as a code, or None."""
    if seq > last_seq + 1:
        return "STREAM_GAP"
    if seq <= last_seq or prev != last_leaf:
        return "STREAM_FORK"
    return None


def read_bundle(context: Context, job: BundleJob) -> BundleFacts:
    """Read and check one bundle and its tile of leaf hashes."""
    facts = BundleFacts(job)
    guarded(
        lambda: _read(context, facts),
        TileSpan(None, job.number, job.width).key(job.log),
        facts.found,
    )
    return facts


def _read(context: Context, facts: BundleFacts) -> None:
    job = facts.job
    hashes = TileSpan(0, job.number, job.width)
    tile = read_tile(context, job.log, hashes, facts.found)
    if tile is not None:
        facts.stored = _hashes(tile, job, facts.found)
    bundle = TileSpan(None, job.number, job.width)
    data = read_tile(context, job.log, bundle, facts.found)
    if data is None:
        return
    try:
        entries = decode_entries(data)
        if not job.width <= len(entries) <= TILE_WIDTH:
            raise FormatError(f"the bundle holds {len(entries)} entries, not {job.width}")
        if job.width == TILE_WIDTH and len(entries) != TILE_WIDTH:
            raise FormatError("the bundle is not full")
    except FormatError as error:
        facts.found.append(("TILE_ALTERED", bundle.key(job.log), {"reason": str(error)}))
        return
    entries = entries[: job.width]
    facts.leaves = [leaf_hash(entry) for entry in entries]
    _entries(context, facts, entries)


def _hashes(tile: bytes, job: BundleJob, found: Found) -> list[bytes] | None:
    if len(tile) % HASH_SIZE or not job.width * HASH_SIZE <= len(tile) <= TILE_WIDTH * HASH_SIZE:
        key = TileSpan(0, job.number, job.width).key(job.log)
        found.append(("TILE_ALTERED", key, {"reason": "the tile has a wrong length"}))
        return None
    return [tile[i : i + HASH_SIZE] for i in range(0, job.width * HASH_SIZE, HASH_SIZE)]


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root of a full tile of 256 hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def _entries(context: Context, facts: BundleFacts, entries: Sequence[bytes]) -> None:
    assert facts.leaves is not None  # noqa: S101 - set by the only caller
    start = facts.job.number * TILE_WIDTH
    for offset, data in enumerate(entries):
        index = start + offset
        usual = read_accession(data)
        if usual is not None:
            _usual(facts, usual, index, facts.leaves[offset])
            continue
        place = f"{facts.job.log}#{index}"
        try:
            entry = Entry.parse(data)
            known = check_body(entry)
            if (entry.body.get("detail") is None) != (entry.body.get("detail_id") is None):
                raise FormatError("it has a detail without its identifier, or the reverse")
        except (FormatError, RecursionError) as error:
            facts.found.append(("ENTRY_BAD", place, {"reason": str(error)}))
            facts.times.append(NO_TIME)
            facts.claimed.append(0)
            continue
        facts.times.append(_counted(entry.at))
        received = known and "received_at" in entry.body
        facts.claimed.append(_latest(entry) if received else facts.times[-1])
        if entry.subject:
            facts.subjects[offset] = entry.subject
        prev = entry.prev.value if entry.prev else None
        _stream(facts, entry.stream, index, entry.seq, prev, facts.leaves[offset])
        if known:
            _rows(facts, entry, data, index, place)
            if entry.kind in KINDS:
                _act(context, facts, entry, index, place)
        else:
            facts.found.append(("KIND_UNKNOWN", place, {"kind": entry.kind}))


def _latest(entry: Entry) -> int:
    """The latest time that an entry names as past, in microseconds."""
    at = _written(entry.at)
    named = (entry.body.get("received_at", at), entry.body.get("first_hash_at", at))
    latest = max(at, *named)  # times are text of one length, so they compare as text
    return _counted(entry.at) if latest == at else _named(latest)


def _named(text: str) -> int:
    return microseconds(parse_time(text))


def _usual(facts: BundleFacts, entry: Accession, index: int, leaf: bytes) -> None:
    """The same as for any other accession, of one that was read at once."""
    at, place = _written(entry.at), entry.place
    facts.times.append(_counted(entry.at))
    facts.claimed.append(facts.times[-1] if entry.latest == at else _named(entry.latest))
    facts.subjects[index % TILE_WIDTH] = entry.record
    _stream(facts, f"source/{entry.source}", index, entry.seq, entry.prev, leaf)
    key, record = pack_key(entry.pack, entry.at), entry.record
    files = 2 if place.sidecar is None else 3
    span = place.start(record), place.end(record), files
    row = (record, facts.job.log, index, at, entry.body, place.size, key, *span)
    facts.rows["record"].append(row)


def _stream(
    facts: BundleFacts, stream: str, index: int, seq: int, prev: bytes | None, leaf: bytes
) -> None:
    part = facts.streams.get(stream)
    if part is None:
        facts.streams[stream] = StreamPart(index, seq, prev, seq, leaf)
        return
    problem = link_problem(seq, prev, part.last_seq, part.last_leaf)
    if problem:
        details = {"stream": stream, "seq": seq, "after": part.last_seq}
        facts.found.append((problem, f"{facts.job.log}#{index}", details))
    part.last_seq, part.last_leaf = seq, leaf


def _rows(facts: BundleFacts, entry: Entry, data: bytes, index: int, place: str) -> None:
    body, rows, log = entry.body, facts.rows, facts.job.log
    at = _written(entry.at)
    if body.get("detail_id"):
        kind = f"{entry.kind}/{body['what']}" if "what" in body else entry.kind
        # A rejected drop is nobody's subject: it is looked for by its source.
        subject = body["source"] if entry.kind == "drop.rejected" else entry.subject
        detail = (body["detail_id"], body["detail"], kind, subject, at, place)
        rows["detail"].append(detail)
    match entry.kind:
        case "record.accessioned":
            rows["record"].append(_record(entry, data, log, index, at))
            if "same_content_as" in body:
                rows["reference"].append(("record", body["same_content_as"], None, None, place))
        case "derived.made":
            _derived(facts, entry, place)
        case "record.redropped":
            first = body["first"]
            rows["reference"].append(("place", entry.subject, first["log"], first["index"], place))
        case "record.lost":
            lost = body["entry"]
            rows["lost"].append((entry.subject, lost["log"], lost["index"], place))
            rows["reference"].append(("place", entry.subject, lost["log"], lost["index"], place))
        case "record.amended":
            rows["reference"].append(("record", entry.subject, None, None, place))
        case "drop.resolved":
            source = body["source"]
            rows["reference"].append(("quarantine", body["quarantine"], source, index, place))
        case kind if kind.startswith(("log.", "outage.")):
            _control(facts, entry, index, place)


def _body_text(data: bytes) -> str:
    """The body as it stands in an entry's canonical bytes.

    Keys are in order and quotes inside texts are escaped, so the first `body` and the last `kind`
    are the entry's own.
    """
    return data[data.index(b',"body":') + 8 : data.rindex(b',"kind":')].decode()


def _record(entry: Entry, data: bytes, log: str, index: int, at: str) -> tuple[Any, ...]:
    body, record = entry.body, str(entry.subject)
    row = (record, log, index, at, _body_text(data), body["size"])
    found = place_of(body)
    if found is None:
        return *row, None, None, None, None
    pack, place = found
    files = 2 if place.sidecar is None else 3
    return *row, pack_key(pack, entry.at), place.start(record), place.end(record), files


def _derived(facts: BundleFacts, entry: Entry, place: str) -> None:
    body, record = entry.body, str(entry.subject)
    hexadecimal = str(body["digest"]).partition(":")[2]
    if body["role"] in FOR_ONE_ACCESS:  # not kept; the registers judge what it was made for
        named = body["key"] is None
    else:
        named = is_derived_key(body["key"] or "", record, body["role"], hexadecimal)
    if not named:
        reason = "its key is not that of its record, role and digest"
        facts.found.append(("ENTRY_BAD", place, {"reason": reason}))
        return
    row = (record, body["role"], body["key"], body["digest"], body["parent"], place)
    facts.rows["derived"].append(row)


def _act(context: Context, facts: BundleFacts, entry: Entry, index: int, place: str) -> None:
    """What the registers follow: the entry, and what its signatures are worth."""
    verdict = Verdict.GOOD
    if entry.kind in SIGNED:
        body = read_body(entry.kind, entry.body)
        verdict = judge_body(context.judges, body, entry.at, place, facts.found)
    text = _ENCODER.encode(entry.body)
    at = format_time(entry.at)
    row = (None, facts.job.log, index, entry.kind, entry.actor, entry.subject, at, text, verdict)
    facts.rows["act"].append(row)


def _control(facts: BundleFacts, entry: Entry, index: int, place: str) -> None:
    body, rows, log = entry.body, facts.rows, facts.job.log
    for kind, key in (("crt", "certificates"), ("crl", "crls")):
        for digest in body.get(key, ()):
            rows["pki"].append((f"pki/{digest.partition(':')[2]}.{kind}", place))
    if entry.kind == "log.linked":
        seal = body["seal"]
        if seal["size"] != index:
            facts.found.append(
                ("SEAL_LINK_BAD", place, {"reason": "it names a seal of another size"})
            )
        rows["linked"].append((log, seal["size"], seal["note"], seal["p7s"], seal["tst"], place))
        rows["late"].extend(
            (late["log"], late["size"], late["tst"], place) for late in body["tokens"]
        )
    elif entry.kind.startswith("outage."):
        until = microseconds(parse_time(body["until"])) if "until" in body else None
        since = microseconds(parse_time(body["since"]))
        rows["outage"].append((log, body["outage"], since, until, body["reason"]))
    elif entry.kind in ("log.opened", "log.closed"):
        facts.control.append((index, entry.kind, dict(body)))
        if entry.kind == "log.closed":
            facts.closed_at = entry.at
