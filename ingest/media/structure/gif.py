"""Blocks of GIF 89a: pictures and extensions, each a row of sub-blocks, up to the trailer."""

from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure.behind import behind
from ingest.media.structure.pictures import too_large

_MOST_BYTES = 64 << 20
"""A GIF is read whole up to here."""
_MOST_STEPS = 1_000_000
"""Blocks and sub-blocks that are stepped over; 64 MB of full ones are a quarter of that."""
_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_HEAD, _DESCRIPTOR = 13, 10


def walk(file: Parts) -> list[Noticed]:
    """Walk along the blocks to the trailer, without which a GIF is not at its end."""
    if file.size > _MOST_BYTES:
        return [Noticed("CHECK_UNFINISHED", f"{file.size} bytes")]
    data = file.at(0, file.size)
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return [Noticed("STRUCTURE_BAD", "no signature")]
    if len(data) < _HEAD:
        return [Noticed("CUT_SHORT", "no screen")]
    found = too_large(*(int.from_bytes(data[n : n + 2], "little") for n in (6, 8)))
    walking = _Blocks(data)
    try:
        end = walking.end()
    except IndexError:
        return [*found, Noticed("CUT_SHORT", f"no trailer, {walking.pictures} pictures begun")]
    except _Odd as odd:
        return [*found, odd.noticed]
    if not walking.pictures:
        found.append(Noticed("CONTENT_MISSING", "no picture"))
    return found + behind(file, end)


class _Odd(Exception):
    """The walk ends here, before the trailer."""

    def __init__(self, code: str, note: str) -> None:
        self.noticed = Noticed(code, note)


class _Blocks:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pictures = 0
        self.steps = 0

    def end(self) -> int:
        """Where the file ends; raises IndexError where it does not, `_Odd` where it cannot be."""
        data, place = self.data, _HEAD + _colours(self.data[10])
        while (kind := data[place]) != _TRAILER:
            if kind == _EXTENSION:
                place = self._row(place + 2)
            elif kind == _PICTURE:
                self.pictures += 1
                # The size of the codes stands before the row of a picture.
                place = self._row(place + _DESCRIPTOR + _colours(data[place + 9]) + 1)
            else:
                raise _Odd("STRUCTURE_BAD", f"no block at {place}")
        return place + 1

    def _row(self, place: int) -> int:
        """Behind the empty sub-block that ends a row."""
        data = self.data
        while length := data[place]:
            place += length + 1
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise _Odd("CHECK_UNFINISHED", f"{self.steps} blocks")
        self.steps += 1
        return place + 1


def _colours(packed: int) -> int:
    """Bytes of the table of colours that follows; 0 where there is none."""
    return 3 << (packed & 7) + 1 if packed & 0x80 else 0
