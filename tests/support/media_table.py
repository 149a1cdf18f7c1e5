"""The table of damages: what is done to which kind of medium, and which checks notice it.

make media-table
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from damage_media import BLIND, FACTS, NOT_REPRODUCED, TABLE_KINDS, damaged, damages_of, flipped
from media_samples import KINDS, dense, sample

from ingest.media.checks_after import After, check_after
from ingest.media.checks_before import about_packets, about_probe, check_before, container_of
from ingest.media.condition import Noticed, is_no_record, verdict
from ingest.media.probe import packets, probe
from ingest.media.reading import parts
from ingest.media.structure.families import structure
from ingest.media.tools import Programs, find_programs

COLUMNS = ("structure", "name", "probe", "count", "times", "decode", "essence")
_OF_CODE = {
    "NAME_DIFFERS": "name",
    **dict.fromkeys(("READ_ERRORS", "FRAMES_MISSING"), "count"),
    **dict.fromkeys(("TIME_GAP", "TIME_BACKWARDS", "ENDS_EARLY"), "times"),
    **dict.fromkeys(("PROBE_FAILED", "NO_STREAMS", "HEADER_ERRORS"), "probe"),
    **dict.fromkeys(("DECODE_ERRORS", "NOTHING_DECODED"), "decode"),
}
PLACES = 20
RATES = {"h264": "95 %", "flac": "100 %", "h265": "8 %", "aac": "32 %", "jpg": "27 %"}
RATES |= {"mjpeg_avi": "15 %", "mp3": "5 %", "wav": "0 %", "ts": "96 %"}
"""How often the facts noticed one flipped bit, of 25 to 60 places in other samples."""
UNKNOWN = "application/octet-stream"


class Row(NamedTuple):
    """One damaged file: the columns that noticed, the verdicts before and after the seal."""

    kind: str
    damage: str
    cells: frozenset[str]
    before: str
    after: str
    no_record: bool
    milliseconds: Mapping[str, float]

    @property
    def noticed(self) -> bool:
        """Whether anything that needs no original noticed."""
        return bool(self.cells - {"essence"})


def row(programs: Programs, kind: str, damage: str | None) -> Row:
    """Do one damage and look at what came of it; None: the sound file."""
    data, name = damaged(kind, damage) if damage else (sample(kind).read_bytes(), _name(kind))
    return look(programs, kind, damage or "sound", data, name, essence_of(programs, kind))


def look(
    programs: Programs,
    kind: str,
    damage: str,
    data: bytes,
    name: str,
    essence: Iterable[str] | None = None,
) -> Row:
    """Every check for itself, with its time, and both verdicts."""
    spent: dict[str, float] = {}
    with in_memory(data) as file:
        with _timed(spent, "structure"), parts(file) as opened:
            noticed = structure(opened, name, UNKNOWN)
        with _timed(spent, "probe"):
            asked = probe(programs, file)
        noticed += about_probe(asked)
        with _timed(spent, "packets"):
            walked = packets(programs, file, container=container_of(asked))
        noticed += about_packets(walked, asked) if asked.error is None else []
        with _timed(spent, "before"):
            before = check_before(programs, file, name, UNKNOWN, asked)
        with _timed(spent, "after"):
            after = check_after(programs, file, name=name)
    cells = {_column(one) for one in (*noticed, *after.noticed)} - {None}
    cells |= _dependent({one.code for one in noticed})
    if essence is not None and _hashes(after) != tuple(essence):
        cells.add("essence")
    shown = frozenset(cell for cell in cells if cell)
    no_record = is_no_record(before)
    return Row(kind, damage, shown, verdict(before), verdict(after.noticed), no_record, spent)


def essence_of(programs: Programs, kind: str) -> tuple[str, ...]:
    """The digests of the packets of the sound sample."""
    if kind not in _ESSENCE:
        _ESSENCE[kind] = _hashes(check_after(programs, sample(kind)))
    return _ESSENCE[kind]


_ESSENCE: dict[str, tuple[str, ...]] = {}


def rows(programs: Programs, kinds: Iterable[str] = TABLE_KINDS) -> Iterator[Row]:
    """The whole table, the sound file of each kind first."""
    for kind in kinds:
        yield row(programs, kind, None)
        for damage in damages_of(kind):
            yield row(programs, kind, damage)


def rates(programs: Programs) -> Iterator[tuple[str, str, int]]:
    """What is flipped in, the kind in the facts, and how often one bit was noticed."""
    for kind, like in (("mp4", "h264"), ("ts", "ts"), ("jpg", "jpg")):
        yield f"dense {kind}", like, rate(programs, dense(kind), f"drop.{kind}", PLACES)
    for kind in ("flac", "h265", "aac", "mjpeg_avi", "mp3", "wav"):
        yield kind, kind, rate(programs, sample(kind).read_bytes(), _name(kind), PLACES)


def worse(one: Row) -> frozenset[str]:
    """The columns that noticed in the facts and do not notice now."""
    key = (one.kind, one.damage)
    return FACTS.get(key, frozenset()) - NOT_REPRODUCED.get(key, frozenset()) - one.cells


def rate(programs: Programs, data: bytes, name: str, places: int) -> int:
    """At how many of so many random places one flipped bit is noticed."""
    noticed = 0
    for seed in range(places):
        with in_memory(flipped(data, 1, seed)) as file:
            noticed += verdict(check_after(programs, file, name=name).noticed) != "sound"
    return noticed


@contextmanager
def in_memory(data: bytes) -> Iterator[int]:
    """A file without a name, as intake has small ones."""
    descriptor = os.memfd_create("medium", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, data)
        yield descriptor
    finally:
        os.close(descriptor)


def _dependent(codes: set[str]) -> set[str | None]:
    """What ffprobe cannot open cannot be counted or decoded either, which is not tried then."""
    if "PROBE_FAILED" in codes:
        return {"count", "decode"}
    return {"decode"} if "NO_STREAMS" in codes else set()


def _column(one: Noticed) -> str | None:
    if one.code in ("BLACK", "FROZEN", "SILENT"):
        return None
    return _OF_CODE.get(one.code, "structure")


def _hashes(after: After) -> tuple[str, ...]:
    return tuple(one["sha256"] for one in after.essence)


def _name(kind: str) -> str:
    return f"drop.{KINDS[kind].suffix}"


@contextmanager
def _timed(spent: dict[str, float], what: str) -> Iterator[None]:
    begun = _cpu()
    yield
    spent[what] = 1000 * (_cpu() - begun)


def _cpu() -> float:
    """Seconds of processor time of this process and the ones it started."""
    return sum(os.times()[:4])


def main() -> int:
    """Print the table; 1 where it is worse than the facts or alarms falsely."""
    programs = find_programs()
    begun, bad, spent = time.monotonic(), 0, {}
    print(f"{'kind':11} {'damage':20} {' '.join(f'{name:9}' for name in COLUMNS)} verdict")
    for one in rows(programs, sys.argv[1:] or TABLE_KINDS):
        cells = " ".join(f"{'X' if name in one.cells else '.':9}" for name in COLUMNS)
        says = one.after if one.before == one.after else f"{one.before} -> {one.after}"
        remark = _remark(one)
        bad += remark.startswith("!")
        print(f"{one.kind:11} {one.damage:20} {cells} {says:24} {remark}".rstrip())
        for check, cost in one.milliseconds.items():
            spent.setdefault(check, []).append(cost)
    print("\nmilliseconds of processor time a file, median and most:")
    for check, costs in spent.items():
        print(f"  {check:10} {statistics.median(costs):6.1f} {max(costs):6.1f}")
    print(f"\none flipped bit, noticed at so many of {PLACES} random places:")
    for what, kind, seen in rates(programs):
        print(f"  {what:10} {seen:3}   facts {RATES.get(kind, '-')}")
    print(f"{len(FACTS)} rows have cells in the facts; {bad} rows are worse or alarm falsely.")
    print(f"{time.monotonic() - begun:.0f} s, ffmpeg {programs.required()[0].version}")
    return 1 if bad else 0


def _remark(one: Row) -> str:
    lost = worse(one)
    if lost:
        return f"! WORSE: {', '.join(sorted(lost))}"
    if one.damage == "sound":
        return "! FALSE ALARM" if one.noticed else ""
    if one.noticed:
        return "no record: quarantine" if one.no_record else ""
    reason = BLIND.get((one.kind, one.damage))
    return reason or "! NOT NOTICED"


if __name__ == "__main__":
    sys.exit(main())
