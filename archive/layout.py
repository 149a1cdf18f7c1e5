"""Where everything stands in the two places, `evidence/` and `live/`: pure key arithmetic.

See docs/formats.md §4 to §6. Keys use `/`; nothing from outside ever becomes part of one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

POINTER_KEY = "log/checkpoint"
TILE_WIDTH = 256


def record_prefix(record_id: str) -> str:
    """Folder of one record."""
    return f"records/{record_id[-2:]}/{record_id}/"


def content_key(record_id: str) -> str:
    """The original bytes."""
    return f"records/{record_id[-2:]}/{record_id}/content"


def record_key(record_id: str) -> str:
    """The description."""
    return f"records/{record_id[-2:]}/{record_id}/record.json"


def sidecar_key(record_id: str) -> str:
    """The sidecar's original bytes."""
    return f"records/{record_id[-2:]}/{record_id}/sidecar"


def pieces_key(record_id: str) -> str:
    """The piece hashes."""
    return f"records/{record_id[-2:]}/{record_id}/pieces"


def pack_id(log: str, first: int, floor: str) -> str:
    """Identifier of a pack: the log, the index of its first member's entry, and its floor class."""
    return f"{log}-{first:016d}-{floor}"


@lru_cache(maxsize=64)
@lru_cache(maxsize=512)
def pack_key(pack: str, at: datetime) -> str:
    """A pack of small records; `at` is the time of its members' entries."""
    return f"packs/{at.astimezone(UTC):%Y/%m}/{pack}.zip"


def detail_key(detail_id: str) -> str:
    """What an entry may not say."""
    return f"details/{detail_id[-2:]}/{detail_id}.json"


def derived_prefix(record_id: str) -> str:
    """Folder in live of what was made of a record."""
    return f"derived/{record_id}/"


def derived_key(record_id: str, role: str, sha256_hex: str, extension: str) -> str:
    """Something that was made of a record, named by its own SHA-256; `extension` has no dot."""
    return f"derived/{record_id}/{role}-{sha256_hex[:16]}.{extension}"


def is_derived_key(key: str, record_id: str, role: str, sha256_hex: str) -> bool:
    """Whether a key is that of such a derivative, whatever its extension."""
    extension = key.rpartition(".")[2]
    right = extension.isascii() and extension.isalnum() and extension.islower()
    return right and key == derived_key(record_id, role, sha256_hex, extension)


def pki_key(sha256_hex: str, kind: str) -> str:
    """A certificate (`crt`) or revocation list (`crl`), named by its own SHA-256."""
    return f"pki/{sha256_hex}.{kind}"


def seals_prefix(log: str) -> str:
    """Folder of a log's seals."""
    return f"log/{log}/seals/"


def note_key(log: str, size: int) -> str:
    """The checkpoint of a seal."""
    return f"log/{log}/seals/{size:016d}.note"


def cms_key(log: str, size: int) -> str:
    """The CMS signature of a seal."""
    return f"log/{log}/seals/{size:016d}.note.p7s"


def token_key(log: str, size: int) -> str:
    """The timestamp token of a seal."""
    return f"log/{log}/seals/{size:016d}.note.p7s.tst"


def number_path(number: int) -> str:
    """C2SP tlog-tiles numbering: 1234067 -> `x001/x234/067`."""
    path = f"{number % 1000:03d}"
    while number := number // 1000:
        path = f"x{number % 1000:03d}/{path}"
    return path


def hash_tile_key(log: str, level: int, number: int, width: int = TILE_WIDTH) -> str:
    """A tile of hashes; partial when narrower than 256."""
    return f"log/{log}/tile/{level}/{number_path(number)}{_partial(width)}"


def entries_tile_key(log: str, number: int, width: int = TILE_WIDTH) -> str:
    """A bundle of entries; partial when narrower than 256."""
    return f"log/{log}/tile/entries/{number_path(number)}{_partial(width)}"


def _partial(width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError("a tile holds 1 to 256 hashes")
    return "" if width == TILE_WIDTH else f".p/{width}"


@dataclass(frozen=True, slots=True)
class TileSpan:
    """One tile of a tree: level (None for entries), number, and how many hashes it holds."""

    level: int | None
    number: int
    width: int

    def key(self, log: str) -> str:
        """The tile's key in its place."""
        if self.level is None:
            return entries_tile_key(log, self.number, self.width)
        return hash_tile_key(log, self.level, self.number, self.width)


def tiles_between(old_size: int, new_size: int) -> list[TileSpan]:
    """The tiles that a tree growing from one size to another makes anew, full and partial.

    Entry bundles first, then hash tiles from the lowest level up.
    """
    spans = []
    for level in (None, *range(8)):
        shift = 8 * (level or 0)
        old, new = old_size >> shift, new_size >> shift
        if new == 0 or (new == old and level):
            break
        for number in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
            width = min(TILE_WIDTH, new - number * TILE_WIDTH)
            if number * TILE_WIDTH + width > old:
                spans.append(TileSpan(level, number, width))
    return spans
