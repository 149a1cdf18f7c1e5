"""Reading tiles of a tree that may still grow: full ones are evidence, partial ones live."""

from collections.abc import Iterator

from archive.errors import ArchiveError
from archive.layout import TILE_WIDTH, TileSpan
from archive.ports import read_all
from archive.verify.context import BUNDLE_LIMIT, Context, Found, fetch


def read_tile(context: Context, log: str, span: TileSpan, found: Found) -> bytes | None:
    """The bytes of a tile, or None and a finding.

    A running sealer may have filled a partial tile since the snapshot: then the full tile, or a
    wider partial one, is read in its place. Its first part is what was asked for.
    """
    key = span.key(log)
    if span.width == TILE_WIDTH:
        return fetch(context.evidence, key, BUNDLE_LIMIT, found, "TILE_MISSING", "TILE_ALTERED")
    mine: Found = []
    data = fetch(context.live, key, BUNDLE_LIMIT, mine, None, "TILE_ALTERED")
    if data is None and not mine:
        full = TileSpan(span.level, span.number, TILE_WIDTH).key(log)
        data = fetch(context.evidence, full, BUNDLE_LIMIT, mine, None, "TILE_ALTERED")
    if data is None and not mine:
        for width in sorted(partial_widths(context, log, span), reverse=True):
            if width > span.width:
                wider = TileSpan(span.level, span.number, width).key(log)
                data = fetch(context.live, wider, BUNDLE_LIMIT, mine, None, "TILE_ALTERED")
                break
    if data is None and not mine:
        mine.append(("TILE_MISSING", key, {}))
    found.extend(mine)
    return data


def partial_widths(context: Context, log: str, span: TileSpan) -> Iterator[int]:
    """The widths in which a partial tile is stored."""
    folder = TileSpan(span.level, span.number, TILE_WIDTH).key(log) + ".p/"
    for info in context.live.list(folder):
        width = info.key.removeprefix(folder)
        if width.isascii() and width.isdigit() and 0 < int(width) < TILE_WIDTH:
            yield int(width)


def check_older_partials(
    context: Context, log: str, span: TileSpan, data: bytes, found: Found
) -> None:
    """Every partial tile of the same span that is still stored must be the beginning of `data`."""
    for width in partial_widths(context, log, span):
        if width >= span.width:
            continue
        key = TileSpan(span.level, span.number, width).key(log)
        try:
            stored = read_all(context.live, key, BUNDLE_LIMIT)
        except (ArchiveError, OSError):
            continue  # superseded, and perhaps just pruned
        if not data.startswith(stored) or (span.level is not None and len(stored) != 32 * width):
            found.append(("TILE_ALTERED", key, {}))
