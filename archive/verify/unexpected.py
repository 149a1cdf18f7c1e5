"""Objects that nothing names. A sealer may have gone on since the snapshot, so suspects are held
against what is sealed now before any of them becomes a finding.
"""

import re
from collections.abc import Iterable

from archive.entry import Entry, check_body
from archive.errors import ArchiveError, FormatError
from archive.layout import TILE_WIDTH, TileSpan, pack_key
from archive.pack import place_of
from archive.report import Report
from archive.statements.body import read_body
from archive.verify.context import NOTE_LIMIT, Context, fetch
from archive.verify.index import Index
from archive.verify.inventory import in_order
from archive.verify.ledger import Database
from archive.verify.logs import Snapshot, judge_note
from archive.verify.newer import entries_beyond
from signing.checkpoint import Checkpoint
from signing.note import Note

_SEAL = re.compile(r"log/([a-z0-9]{1,16}-\d{4})/seals/(\d{16})\.note(?:\.p7s(?:\.tst)?)?", re.ASCII)
_TILE = re.compile(r"log/([a-z0-9]{1,16}-\d{4})/tile/(entries|\d)/((?:x\d{3}/)*)(\d{3})", re.ASCII)


def suspect_log_objects(context: Context, index: Index, sizes: dict[str, int]) -> None:
    """Put what stands under `log/` and belongs to no log of these sizes among the suspects."""
    for info in in_order(context.evidence.list("log/")):
        if belongs(info.key, sizes):
            continue
        safe = info.key.encode("utf-8", "backslashreplace").decode()
        index.add("suspect", [(safe, "log", "", context.young(info.modified))])


def belongs(key: str, sizes: dict[str, int]) -> bool:
    """Whether a key below `log/` is a seal file or full tile of a log of such a size."""
    if match := _SEAL.fullmatch(key):
        return 0 < int(match[2]) <= sizes.get(match[1], 0) or _above(match, sizes)
    if match := _TILE.fullmatch(key):
        number = int(match[3].replace("x", "").replace("/", "") + match[4])
        level = 0 if match[2] == "entries" else int(match[2])
        span = TileSpan(None if match[2] == "entries" else level, number, TILE_WIDTH)
        full = sizes.get(match[1], 0) >> (8 * level)
        return (number + 1) * TILE_WIDTH <= full and span.key(match[1]) == key
    return False


def entry_of(key: str) -> tuple[str, int] | None:
    """The last entry that a seal file or full tile covers, as log and index."""
    if match := _SEAL.fullmatch(key):
        return match[1], int(match[2]) - 1
    if match := _TILE.fullmatch(key):
        number = int(match[3].replace("x", "").replace("/", "") + match[4])
        level = 0 if match[2] == "entries" else int(match[2])
        return match[1], (number + 1) * TILE_WIDTH ** (level + 1) - 1
    return None


def _above(match: re.Match[str], sizes: dict[str, int]) -> bool:
    """A seal file beyond the snapshot was judged when the snapshot was taken."""
    return match[1] in sizes and int(match[2]) > sizes[match[1]]


def report_suspects(
    context: Context,
    index: Index,
    report: Report,
    snapshots: Iterable[Snapshot],
    database: Database | None,
    *,
    entries_lost: bool,
) -> None:
    """Turn suspects into findings, but for those that a newer seal names.

    What is left and young, or waits for its seal in the database, may be the work of a running
    sealer: that cannot be told yet. With `entries_lost` some entries could not be read, which was
    reported: whether they named a record or a detail cannot be said then, and only other objects
    are judged.
    """
    if index.one("SELECT 1 FROM suspect") is None:
        return
    # The database first: what leaves it now is named by the seals that are looked for then.
    waiting = _waiting(database, report)
    sizes = {}
    for snapshot in snapshots:
        newest = _newest(context, snapshot)
        sizes[snapshot.log] = newest.size if newest else snapshot.size
        if newest:
            _forget_named(context, index, snapshot, newest)
    for key, kind, _, young in index.rows("SELECT * FROM suspect ORDER BY key"):
        if kind in ("record", "detail", "pack", "split", "derived") and entries_lost:
            continue
        if kind == "log" and belongs(key, sizes):
            continue
        code = "SEALING_IN_PROGRESS" if young or key in waiting else "OBJECT_UNEXPECTED"
        report.add(code, key)


def _waiting(database: Database | None, report: Report) -> frozenset[str]:
    try:
        return database.unsealed() if database else frozenset()
    except (ArchiveError, OSError) as error:
        report.add("STORE_UNREADABLE", "the database", reason=str(error))
        return frozenset()


def _newest(context: Context, snapshot: Snapshot) -> Checkpoint | None:
    """How far the log is signed by now, if that is beyond the snapshot."""
    newest = None
    prefix = f"log/{snapshot.log}/seals/"
    for info in context.evidence.list(prefix, f"{prefix}{snapshot.size:016d}.note.p7s.tst"):
        match = _SEAL.fullmatch(info.key)
        if not match or not info.key.endswith(".note"):
            continue
        data = fetch(context.evidence, info.key, NOTE_LIMIT, [], None, "SEAL_SIGNATURE_BAD")
        if data is not None and judge_note(context, snapshot.log, int(match[2]), data) is None:
            newest = Checkpoint.parse(Note.parse(data).text)
    return newest


def _forget_named(context: Context, index: Index, snapshot: Snapshot, newest: Checkpoint) -> None:
    """Strike off suspects that entries beyond the snapshot name."""
    try:
        for entry in entries_beyond(context, snapshot.log, snapshot.size, newest):
            names, split = _names(entry)
            for name in names:
                index.run("DELETE FROM suspect WHERE id=? AND kind<>'split'", name)
            for record in split:
                index.run("DELETE FROM suspect WHERE id=? AND kind='split'", record)
    except (ArchiveError, OSError):
        return  # whether that is damage is judged where unfinished seals are


def _names(data: bytes) -> tuple[set[str], list[str]]:
    """What an entry lets stand: names of objects, and packed records that get their own."""
    try:
        entry = Entry.parse(data)
        check_body(entry)
    except FormatError:
        return set(), []
    names = {entry.subject, entry.body.get("detail_id")}
    for key in ("certificates", "crls"):
        names |= {str(item).partition(":")[2] for item in entry.body.get(key, ())}
    if entry.kind == "derived.made":
        names = {f"live/{entry.body['key']}"}
    split: list[str] = []
    if entry.kind == "pack.split":
        split = read_body(entry.kind, entry.body).payload["records"]
    elif entry.kind == "record.accessioned" and (found := place_of(entry.body)):
        names.add(pack_key(found[0], entry.at))
    return {str(name) for name in names if name}, split
