"""Objects that nothing names. A sealer may have gone on since the snapshot, so suspects are held
against what is sealed now before any of them becomes a finding.
"""

import re
from collections.abc import Iterable

from archive.entry import Entry
from archive.errors import ArchiveError, FormatError
from archive.layout import TILE_WIDTH, TileSpan
from archive.report import Report
from archive.tiles import decode_entries
from archive.verify.context import NOTE_LIMIT, Context, Found, fetch
from archive.verify.index import Index
from archive.verify.inventory import in_order
from archive.verify.logs import Snapshot, judge_note
from archive.verify.tile_source import read_tile
from signing.checkpoint import Checkpoint
from signing.note import Note

_SEAL = re.compile(r"log/([a-z0-9]{1,16}-\d{4})/seals/(\d{16})\.note(?:\.p7s(?:\.tst)?)?", re.ASCII)
_TILE = re.compile(r"log/([a-z0-9]{1,16}-\d{4})/tile/(entries|\d)/((?:x\d{3}/)*)(\d{3})", re.ASCII)
_MAX_NEWER = 64 * TILE_WIDTH


def suspect_log_objects(context: Context, index: Index, sizes: dict[str, int]) -> None:
    """Put what stands under `log/` and belongs to no log of these sizes among the suspects."""
    for info in in_order(context.evidence.list("log/")):
        if _belongs(info.key, sizes) or context.young(info.modified):
            continue
        safe = info.key.encode("utf-8", "backslashreplace").decode()
        index.add("suspect", [(safe, "log", "")])


def _belongs(key: str, sizes: dict[str, int]) -> bool:
    if match := _SEAL.fullmatch(key):
        return 0 < int(match[2]) <= sizes.get(match[1], 0) or _above(match, sizes)
    if match := _TILE.fullmatch(key):
        number = int(match[3].replace("x", "").replace("/", "") + match[4])
        level = 0 if match[2] == "entries" else int(match[2])
        span = TileSpan(None if match[2] == "entries" else level, number, TILE_WIDTH)
        full = sizes.get(match[1], 0) >> (8 * level)
        return (number + 1) * TILE_WIDTH <= full and span.key(match[1]) == key
    return False


def _above(match: re.Match[str], sizes: dict[str, int]) -> bool:
    """A seal file beyond the snapshot was judged when the snapshot was taken."""
    return match[1] in sizes and int(match[2]) > sizes[match[1]]


def report_suspects(
    context: Context,
    index: Index,
    report: Report,
    snapshots: Iterable[Snapshot],
    *,
    entries_lost: bool,
) -> None:
    """Turn suspects into findings, but for those that a newer seal names.

    With `entries_lost` some entries could not be read, which was reported: whether they named a
    record or a detail cannot be said then, and only other objects are judged.
    """
    if index.one("SELECT 1 FROM suspect") is None:
        return
    sizes = {}
    for snapshot in snapshots:
        sizes[snapshot.log] = newer = _newest_size(context, snapshot)
        _forget_named(context, index, snapshot, newer)
    for key, kind, _ in index.rows("SELECT key, kind, id FROM suspect ORDER BY key"):
        if kind in ("record", "detail") and entries_lost:
            continue
        if kind == "log" and _belongs(key, sizes):
            continue
        report.add("OBJECT_UNEXPECTED", key)


def _newest_size(context: Context, snapshot: Snapshot) -> int:
    """How far the log is sealed by now."""
    newest = snapshot.size
    prefix = f"log/{snapshot.log}/seals/"
    for info in context.evidence.list(prefix, f"{prefix}{snapshot.size:016d}.note.p7s.tst"):
        match = _SEAL.fullmatch(info.key)
        if not match or not info.key.endswith(".note"):
            continue
        data = fetch(context.evidence, info.key, NOTE_LIMIT, [], None, "SEAL_SIGNATURE_BAD")
        if data is not None and judge_note(context, snapshot.log, int(match[2]), data) is None:
            newest = max(newest, Checkpoint.parse(Note.parse(data).text).size)
    return newest


def _forget_named(context: Context, index: Index, snapshot: Snapshot, newest: int) -> None:
    """Strike off suspects that entries beyond the snapshot name."""
    newest = min(newest, snapshot.size + _MAX_NEWER)
    ignored: Found = []
    for number in range(snapshot.size // TILE_WIDTH, -(-newest // TILE_WIDTH)):
        width = min(TILE_WIDTH, newest - number * TILE_WIDTH)
        try:
            data = read_tile(context, snapshot.log, TileSpan(None, number, width), ignored)
            for entry in decode_entries(data or b""):
                parsed = Entry.parse(entry)
                names = [parsed.subject, parsed.body.get("detail_id")]
                for key in ("certificates", "crls"):
                    names += [str(item).partition(":")[2] for item in parsed.body.get(key, ())]
                for name in filter(None, names):
                    index.run("DELETE FROM suspect WHERE id=?", name)
        except (ArchiveError, OSError, FormatError):
            continue
