"""Packets of an MPEG transport stream (ISO/IEC 13818-1 2.4.3): sync byte and continuity counter."""

from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure.behind import after_row

_LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""Bytes from packet to packet, and place of the sync byte in it: plain, M2TS, with Reed-Solomon."""
_NULL = 0x1FFF
_PIECE = 188 * 192 * 17
"""Bytes read at a time: whole packets in each layout, some 600 KB."""
_MOST_LOSSES = 1000
_WINDOW = 64 << 10
"""Bytes in which packets are looked for again."""


def walk(file: Parts, most: int | None = None) -> list[Noticed]:
    """Look at the first `most` bytes, or at all: some 2 s for a gigabyte."""
    layout = _layout(file)
    if layout is None:
        return [Noticed("STRUCTURE_BAD", "no sync bytes")]
    step, offset = layout
    end = file.size if most is None else min(file.size, most)
    look = _Look()
    place = 0
    while place < end and look.steady:
        piece = file.at(place, min(_PIECE // step * step, end - place))
        whole = len(piece) // step * step
        if whole == 0:
            break
        look.take(piece[:whole], place, step, offset)
        place += whole
    found = look.found()
    if not look.steady:
        found.append(_out_of_step(file, look.lost_at, step, offset))
    elif rest := file.size % step:
        after = file.at(file.size - rest, 1 + offset)
        code = "CUT_SHORT" if after[offset:] in (b"", b"\x47") else "TRAILING_DATA"
        found.append(Noticed(code, f"{rest} bytes after the last packet"))
    return found


def _out_of_step(file: Parts, place: int, step: int, offset: int) -> Noticed:
    """Packets go on further behind, or something else was put after them."""
    for window in (place, max(place, file.size - _WINDOW)):
        piece = file.at(window, _WINDOW)
        for start in range(min(step, len(piece))):
            marks = piece[start + offset :: step]
            steady = marks[-8:] if window != place else marks
            if len(steady) >= 8 and b"\x47" * 8 in steady:
                return Noticed("SYNC_LOST", f"no packet at {place}")
    return after_row(file, place)


class _Look:
    """Goes through packets; stops where sync is lost, and tells how often packets are missing."""

    def __init__(self) -> None:
        self.steady = True
        self.lost_at = 0
        self.losses: list[int] = []
        self.counters: dict[int, int] = {}

    def take(self, piece: bytes, place: int, step: int, offset: int) -> None:
        marks = piece[offset::step]
        if marks.count(0x47) != len(marks):
            bad = next(i for i, mark in enumerate(marks) if mark != 0x47)
            self.steady, self.lost_at = False, place + bad * step
            piece = piece[: bad * step]
        headers = zip(
            piece[offset + 1 :: step], piece[offset + 2 :: step], piece[offset + 3 :: step],
            strict=True,
        )  # fmt: skip
        counters = self.counters
        for number, (high, low, flags) in enumerate(headers):
            pid = (high & 0x1F) << 8 | low
            now, before = flags & 15, counters.get(pid)
            if flags & 0x10 and pid != _NULL:  # only packets with a payload are counted on
                if before is not None and now not in ((before + 1) & 15, before):
                    self._lost(piece, number * step + offset, place)
                counters[pid] = now

    def _lost(self, piece: bytes, start: int, place: int) -> None:
        """A jump is no loss where the packet itself announces it (discontinuity_indicator)."""
        announced = piece[start + 3] & 0x20 and piece[start + 4] and piece[start + 5] & 0x80
        if not announced and len(self.losses) < _MOST_LOSSES:
            self.losses.append(place + start)

    def found(self) -> list[Noticed]:
        if not self.losses:
            return []
        note = f"{len(self.losses)} times, first at {self.losses[0]}"
        return [Noticed("PACKETS_LOST", note)]


def _layout(file: Parts) -> tuple[int, int] | None:
    head = file.at(0, 204 * 5)
    for step, offset in _LAYOUTS:
        marks = head[offset::step]
        if marks and marks == b"\x47" * len(marks):
            return step, offset
    return None
