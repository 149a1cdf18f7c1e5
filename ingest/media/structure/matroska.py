"""Elements of Matroska and WebM (RFC 9559, RFC 8794): segment, clusters, cues."""

from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure.behind import behind

_EBML, _SEGMENT, _CLUSTER, _TRACKS, _VOID = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1654AE6B, 0xEC
_TOP = {
    0x114D9B74: "SeekHead", 0x1549A966: "Info", _TRACKS: "Tracks", 0x1C53BB6B: "Cues",
    _CLUSTER: "Cluster", 0x1043A770: "Chapters", 0x1254C367: "Tags", 0x1941A469: "Attachments",
    _VOID: "Void", 0xBF: "CRC-32",
}  # fmt: skip
_IN_CLUSTER = frozenset((0xE7, 0xA7, 0xAB, 0xA3, 0xA0, 0x5854, _VOID, 0xBF))
_UNKNOWN = -1
_MOST_ELEMENTS = 20_000
"""Elements that are looked at before the walk is given up; a day of film has some 17,000 clusters.
Only a live recording, whose clusters have no length, has more."""


def walk(file: Parts) -> list[Noticed]:
    """Walk along the elements of the segment; those of unknown length are walked through."""
    head = _element(file, 0)
    if head is None or head[0] != _EBML or head[2] == _UNKNOWN:
        return [Noticed("STRUCTURE_BAD", "does not begin with EBML")]
    place = head[1] + head[2]
    segment = _element(file, place)
    while segment is not None and segment[0] == _VOID and segment[2] != _UNKNOWN:
        place = segment[1] + segment[2]
        segment = _element(file, place)
    if segment is None or segment[0] != _SEGMENT:
        return [Noticed("INDEX_MISSING", "no segment")]
    start, length = segment[1], segment[2]
    end = file.size if length == _UNKNOWN else start + length
    found = []
    if end > file.size:
        found.append(Noticed("CUT_SHORT", f"the segment lacks {end - file.size} bytes"))
    found += _segment(file, start, min(end, file.size), known=length != _UNKNOWN)
    return found + _after(file, end)


def _after(file: Parts, end: int) -> list[Noticed]:
    if end >= file.size:
        return []
    again = _element(file, end)
    if again is not None and again[0] == _EBML:
        return [Noticed("SECOND_FILE", f"EBML again at {end}")]
    return behind(file, end)


def _segment(file: Parts, place: int, end: int, *, known: bool) -> list[Noticed]:
    seen: set[int] = set()
    for _ in range(_MOST_ELEMENTS):
        if place >= end:
            break
        element = _element(file, place)
        if element is None:
            return [Noticed("SYNC_LOST", f"no element at {place}")]
        kind, start, length = element
        if kind == _EBML and not known:
            return [Noticed("SECOND_FILE", f"EBML again at {place}")]
        inside = not known and kind in _IN_CLUSTER
        if kind not in _TOP and not inside:
            code = "SYNC_LOST" if known or _CLUSTER not in seen else "TRAILING_DATA"
            return [Noticed(code, f"{end - place} bytes from {place}")]
        seen.add(kind)
        if length == _UNKNOWN:
            place = start  # a live recording: step inside
        elif start + length > end:
            lacks = start + length - end
            name = _TOP.get(kind, "a block")
            return [Noticed("CUT_SHORT", f"{name} lacks {lacks} bytes")]
        else:
            place = start + length
    must = (_TRACKS, _CLUSTER)
    return [Noticed("CONTENT_MISSING", f"no {_TOP[kind]}") for kind in must if kind not in seen]


def _element(file: Parts, place: int) -> tuple[int, int, int] | None:
    """Identifier, place of the content and its length (-1: unknown); None if there is none."""
    head = file.at(place, 12)
    if not head:
        return None
    wide = 9 - head[0].bit_length()
    if wide > 4 or len(head) <= wide:
        return None
    long = 9 - head[wide].bit_length()
    if long > 8 or len(head) < wide + long:
        return None
    mask = (1 << 7 * long) - 1
    length = int.from_bytes(head[wide : wide + long], "big") & mask
    return int.from_bytes(head[:wide], "big"), place + wide + long, -1 if length == mask else length
