"""Stretches of a film in which it is black, stands still, or is silent: findings, no damage."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.media.condition import Noticed
from ingest.media.decoding import Count

Stretches = Mapping[str, Sequence[Mapping[str, int]]]
NONE: Stretches = {"black": (), "frozen": (), "silent": ()}
MOST = 1000
"""Stretches of one kind that are kept."""

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BLACK = re.compile(rf"black_start:{_NUMBER} black_end:{_NUMBER}")
_FROZEN = re.compile(rf"freeze_(start|end): {_NUMBER}")
_SILENT = re.compile(rf"silence_(start|end): {_NUMBER}")


def read_stretches(
    err: str, decoded: Mapping[int, Count], streams: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, int]]]:
    """What the filters said; what is still frozen or silent at the end lasts to the end."""
    black = [(float(start), float(end)) for start, end in _BLACK.findall(err)]
    end = _end(decoded, streams)
    found = {
        "black": black,
        "frozen": _paired(_FROZEN.findall(err), end),
        "silent": _paired(_SILENT.findall(err), end),
    }
    return {what: [_span(*one) for one in spans[:MOST]] for what, spans in found.items()}


def noticed_in(stretches: Stretches) -> list[Noticed]:
    """One finding for each kind of stretch."""
    noticed = []
    for what, spans in sorted(stretches.items()):
        if spans:
            whole = sum(span["to_ms"] - span["from_ms"] for span in spans) / 1000
            first = spans[0]["from_ms"] / 1000
            note = f"{len(spans)}, together {whole:.1f} s, first at {first:.1f} s"
            noticed.append(Noticed(what.upper(), note))
    return noticed


def _paired(events: Sequence[tuple[str, str]], end: float) -> list[tuple[float, float]]:
    spans, began = [], None
    for what, seconds in events:
        if what == "start":
            began = float(seconds)
        elif began is not None:
            spans.append((began, float(seconds)))
            began = None
    if began is not None:
        spans.append((began, max(began, end)))
    return spans


def _span(start: float, end: float) -> dict[str, int]:
    begin = max(0, round(start * 1000))
    return {"from_ms": begin, "to_ms": max(begin, round(end * 1000))}


def _end(decoded: Mapping[int, Count], streams: Sequence[Mapping[str, Any]]) -> float:
    """Seconds that were decoded, by frames and rate, or by samples."""
    longest = 0.0
    for stream in streams:
        count = decoded.get(stream["index"])
        if count is not None:
            longest = max(longest, _seconds(count, stream))
    return longest


def _seconds(count: Count, stream: Mapping[str, Any]) -> float:
    above, _, below = str(stream.get("avg_frame_rate")).partition("/")
    hertz = str(stream.get("sample_rate"))
    if count.samples and hertz.isdigit() and int(hertz):
        return count.samples / int(hertz)
    if above.isdigit() and below.isdigit() and int(above) and int(below):
        return count.frames * int(below) / int(above)
    return 0.0
