"""Chunks of RIFF files: AVI, WAV, WebP, and RF64 where the sizes stand in a chunk of their own."""

from ingest.media.condition import Noticed
from ingest.media.reading import Parts
from ingest.media.structure.behind import behind

_UNSET = (0, 0xFFFF_FFFF)
_MOST_CHUNKS = 10_000
_SLACK = 64
"""Bytes by which some writers state the whole too short."""


def walk(file: Parts) -> list[Noticed]:
    """Compare every announced length with what is there."""
    head = file.at(0, 12)
    if head[:4] == b"RIFX":
        return []  # big-endian numbers: no device writes it, and ffmpeg does not read it
    if head[:4] == b"RF64":
        return _wide(file)
    if head[:4] != b"RIFF" or len(head) < 12:
        return [Noticed("STRUCTURE_BAD", "does not begin with RIFF")]
    stated = int.from_bytes(head[4:8], "little")
    if stated in _UNSET:
        return [Noticed("NOT_CLOSED", "RIFF without a length")]
    end, found, parts = 8 + stated + (stated & 1), [], 0
    if end - (stated & 1) > file.size:
        found.append(Noticed("CUT_SHORT", f"RIFF lacks {8 + stated - file.size} bytes"))
    if 0 < file.size - end <= _SLACK and _ends(file, 12) == file.size:
        end = file.size  # the length was not set right, and the last chunk says where the end is
    found += _chunks(file, 12, min(end, file.size), head[8:12])
    while end < file.size and head[8:12] == b"AVI " and parts < _MOST_CHUNKS:
        more = file.at(end, 12)  # OpenDML: films above 1 GB go on in RIFF AVIX
        if more[:4] != b"RIFF" or more[8:12] != b"AVIX":
            break
        length = int.from_bytes(more[4:8], "little")
        end, parts = end + 8 + length + (length & 1), parts + 1
        if end > file.size + 1:
            found.append(Noticed("CUT_SHORT", f"RIFF AVIX lacks {end - file.size} bytes"))
    return found + _rest(file, end)


def _rest(file: Parts, end: int) -> list[Noticed]:
    if file.at(end, 4) == b"RIFF":
        return [Noticed("SECOND_FILE", f"RIFF again at {end}")]
    return behind(file, end)


def _chunks(file: Parts, place: int, end: int, form: bytes) -> list[Noticed]:
    names, found = set(), []
    for _ in range(_MOST_CHUNKS):
        if place + 8 > end:
            break
        head = file.at(place, 12)
        name, length = head[:4], int.from_bytes(head[4:8], "little")
        if not all(0x20 <= byte < 0x7F for byte in name):
            found.append(Noticed("STRUCTURE_BAD", f"no chunk at {place}"))
            break
        names.add(head[8:12] if name == b"LIST" else name)
        if place + 8 + length > end:
            if name == b"data" and length in _UNSET:
                found.append(Noticed("NOT_CLOSED", "data without a length"))
            elif place + 8 + length > file.size:
                found.append(_lacks(name, place + 8 + length - file.size))
            else:
                found.append(Noticed("STRUCTURE_BAD", f"the chunk at {place} passes the end"))
            break
        place += 8 + length + (length & 1)
    missing = [must for must in _MUST.get(form, ()) if must not in names]
    if missing and not found:
        found.append(Noticed("CONTENT_MISSING", "no " + ", ".join(_text(name) for name in missing)))
    return found


_MUST = {b"WAVE": (b"fmt ", b"data"), b"AVI ": (b"hdrl", b"movi")}


def _ends(file: Parts, place: int) -> int:
    """Where the last chunk ends that begins in the file."""
    for _ in range(_MOST_CHUNKS):
        head = file.at(place, 8)
        if len(head) < 8:
            break
        place += 8 + int.from_bytes(head[4:8], "little")
        place += place & 1 if place < file.size else 0
    return place


def _lacks(name: bytes, count: int) -> Noticed:
    return Noticed("CUT_SHORT", f"{_text(name)} lacks {count} bytes")


def _text(name: bytes) -> str:
    return name.decode("ascii", "replace").strip()


def _wide(file: Parts) -> list[Noticed]:
    """RF64 (EBU Tech 3306): the length stands in the chunk ds64, which comes first."""
    head = file.at(12, 24)
    if head[:4] != b"ds64" or len(head) < 24:
        return [Noticed("STRUCTURE_BAD", "RF64 without ds64")]
    end = 8 + int.from_bytes(head[8:16], "little")
    if end > file.size:
        return [Noticed("CUT_SHORT", f"RF64 lacks {end - file.size} bytes")]
    return _rest(file, end)
