"""The cheap checks, made before the seal: name, structure, headers; packets of small files.

They cost at most some 60 ms a file, whatever its size. What they cannot see, the full decoding
behind the seal does (`checks_after`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.media.complaints import clean, complaints, is_inability, summary
from ingest.media.condition import Noticed
from ingest.media.limits import PROBE
from ingest.media.photo import read_photo
from ingest.media.probe import BOXES, WALK, Packets, Probe, StreamPackets, packets
from ingest.media.reading import parts
from ingest.media.runner import Outcome
from ingest.media.structure.families import STILL, family_of, structure
from ingest.media.structure.pictures import too_large
from ingest.media.tools import Programs

SMALL = 4 << 20
"""Bytes of a file whose packets are counted before the seal."""
_WALK = replace(PROBE, output=WALK.output)
ROW = 2 << 20
"""Bytes of a long row of frames or packets that are walked through before the seal."""
_UNSEEN = frozenset(("png", "gif", "bmp", "tiff", "webp", "jp2"))
"""Photographs that ffmpeg is not asked about: not every build can read them. Pillow is."""
_EARLY, _EARLY_PART = 500_000, 0.01
"""Microseconds, and part of the duration, by which packets may end before it."""
_BY_SAMPLE = ("pcm_", "adpcm_")
"""Sound of which an index counts the samples."""
_EMPTY, _EMPTY_PART = 3, 0.05
"""Pictures that writers of AVI count and leave empty, to keep the rate."""
_SPACED = 4
"""A gap counts where it is this many times the usual time from packet to packet."""


def check_before(
    programs: Programs,
    source: Path | int,
    name: str,
    media_type: str,
    probe: Probe | None,
) -> list[Noticed]:
    """What the cheap checks notice; `probe` is None where there is no ffprobe. Raises OSError."""
    with parts(source) as file:
        noticed = structure(file, name, media_type, ROW)
        family, size = family_of(file.at(0, 4096)), file.size
    if family in STILL:
        noticed += read_photo(source).noticed
    if probe is None or size == 0 or family in _UNSEEN:
        return noticed
    noticed += about_probe(probe)
    if size <= SMALL and probe.error is None and family not in STILL:
        walked = packets(programs, source, _WALK, container=container_of(probe))
        noticed += about_packets(walked, probe)
    return noticed


def about_probe(probe: Probe) -> list[Noticed]:
    """What ffprobe's answer means for the condition."""
    ended = about_end(probe.outcome)
    if ended:
        return ended
    if probe.error is not None:
        code = "CHECK_UNFINISHED" if is_inability(probe.error) else "PROBE_FAILED"
        return [Noticed(code, clean(probe.error))]
    noticed = []
    kinds = [stream.get("codec_type") for stream in probe.streams]
    if "video" not in kinds and "audio" not in kinds:
        noticed.append(Noticed("NO_STREAMS", f"{len(kinds)} streams"))
    told = list(complaints(probe.outcome.err))
    if told:
        noticed.append(Noticed("HEADER_ERRORS", summary(told)))
    for stream in probe.streams:
        noticed += too_large(_whole(stream.get("width")) or 0, _whole(stream.get("height")) or 0)
    return noticed


def about_end(outcome: Outcome) -> list[Noticed]:
    """A program that did not end by itself; which may lie with the file, or with a busy machine."""
    code = {"limit": "LIMIT_REACHED", "crashed": "READER_CRASHED", "timeout": "CHECK_UNFINISHED"}
    if outcome.ended not in code:
        return []
    return [Noticed(code[outcome.ended], outcome.ended)]


def about_packets(walked: Packets, probe: Probe) -> list[Noticed]:
    """What the packets of a file say against its index and its duration."""
    noticed = about_end(walked.outcome)
    if noticed:
        return noticed
    told = list(complaints(walked.outcome.err))
    if told:
        noticed.append(Noticed("READ_ERRORS", summary(told)))
    for stream in probe.streams:
        seen = walked.streams.get(stream["index"], StreamPackets())
        if stream.get("codec_type") in ("video", "audio") and not _cover(stream):
            noticed += missing(stream, seen.count, container_of(probe))
            noticed += _about_times(stream["index"], seen)
    return noticed + _about_end_of(walked.streams, probe)


def missing(stream: Mapping[str, Any], count: int, container: str) -> list[Noticed]:
    """Fewer packets than the index of this stream states."""
    stated = _whole(stream.get("nb_frames"))
    if not stated or count >= stated or str(stream.get("codec_name")).startswith(_BY_SAMPLE):
        return []
    if container == "avi":  # counts sound in samples, and pictures in fields where that is finer
        film = stream.get("codec_type") == "video"
        fields = count and 1.9 <= stated / count <= 2.1
        if not film or fields or stated - count <= max(_EMPTY, _EMPTY_PART * stated):
            return []
    return [Noticed("FRAMES_MISSING", f"stream {stream['index']}: {count} of {stated}")]


def _about_times(index: int, seen: StreamPackets) -> list[Noticed]:
    noticed = []
    long = [(start, end) for start, end in seen.gaps if _stands_out(seen, end - start)]
    if long:
        start, end = long[0]
        note = f"stream {index}: {len(long)}, first {start / 1e6:.2f} to {end / 1e6:.2f} s"
        noticed.append(Noticed("TIME_GAP", note))
    if seen.backwards:
        noticed.append(Noticed("TIME_BACKWARDS", f"stream {index}: {seen.backwards} times"))
    return noticed


def _stands_out(seen: StreamPackets, gap: int) -> bool:
    return gap > _SPACED * _step(seen) > 0


def _step(seen: StreamPackets) -> int:
    """The usual time from packet to packet in microseconds; 0 where there is none."""
    if seen.first is None or seen.end is None or seen.count < 2:
        return 0
    return (seen.end - seen.first) // seen.count


def _about_end_of(streams: Mapping[int, StreamPackets], probe: Probe) -> list[Noticed]:
    """Packets that end before the duration, where the container states one and guesses none."""
    stated = _stated(probe)
    if stated is None or not container_of(probe).startswith(_STATING):
        return []
    timed = [seen for seen in streams.values() if seen.end is not None]
    end = max((_end(seen, probe) for seen in timed), default=0)
    step = max((_step(seen) for seen in timed), default=0)  # times of decoding run ahead of these
    length = stated - (_start(probe) if _from_zero(probe) else 0)
    if stated - end <= max(_EARLY, length * _EARLY_PART, _SPACED * step):
        return []
    return [Noticed("ENDS_EARLY", f"{end / 1e6:.2f} of {stated / 1e6:.2f} s")]


_STATING = (BOXES, "matroska", "avi", "wav", "flac", "aiff", "au", "caf")


def _stated(probe: Probe) -> int | None:
    """The duration in microseconds, on the same line of time as `_end`."""
    if container_of(probe).startswith(
        BOXES
    ):  # that of the whole has the pauses of edit lists in it
        stated = [micro(stream.get("duration")) or 0 for stream in probe.streams]
        if longest := max(stated, default=0):
            return longest
    return micro(probe.format.get("duration"))


def _end(seen: StreamPackets, probe: Probe) -> int:
    """Where the packets of a stream end."""
    if container_of(probe).startswith(BOXES):
        return (seen.end or 0) - (seen.first or 0)
    return (seen.end or 0) - (0 if _from_zero(probe) else _start(probe))


def _from_zero(probe: Probe) -> bool:
    """Matroska states its duration from time 0, wherever the film begins."""
    return container_of(probe).startswith("matroska")


def _start(probe: Probe) -> int:
    return micro(probe.format.get("start_time")) or 0


def container_of(probe: Probe) -> str:
    """How ffprobe calls the container: names of all that are read alike, with commas."""
    return str(probe.format.get("format_name"))


def _cover(stream: Mapping[str, Any]) -> bool:
    """A picture attached to sound is no film."""
    disposition = stream.get("disposition")
    return isinstance(disposition, dict) and bool(disposition.get("attached_pic"))


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def micro(value: object) -> int | None:
    """Microseconds of ffprobe's decimal seconds."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return int(seconds * 1_000_000) if abs(seconds) < 1e9 else None


def video_and_sound(streams: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The streams that can be decoded as film or sound, without pictures attached to sound."""
    kinds = ("video", "audio")
    return [one for one in streams if one.get("codec_type") in kinds and not _cover(one)]
