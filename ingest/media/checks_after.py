"""The full check, made behind the seal: every frame decoded, as strictly as ffmpeg can.

One run of ffmpeg decodes, hashes the packets of each stream, and looks for black, frozen and silent
stretches. Only where it could not read to the end is there a second run, which passes errors over.
It is run without `-xerror`: that ends at the first error, and takes our own output for one.
"""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ingest.media import decoding
from ingest.media.checks_before import (
    about_end,
    about_packets,
    about_probe,
    container_of,
    video_and_sound,
)
from ingest.media.complaints import clean, complaints, is_inability, summary
from ingest.media.condition import Noticed
from ingest.media.decoding import Decoded
from ingest.media.derive.child import argv_of
from ingest.media.limits import CHECK
from ingest.media.probe import Probe, packets, probe
from ingest.media.reading import parts
from ingest.media.runner import run, source
from ingest.media.stretches import NONE, noticed_in, read_stretches
from ingest.media.structure.families import STILL, family_of, structure
from ingest.media.tools import Programs

Watch = Callable[[], bool]
_ONLY_PILLOW = STILL - {"photo", "jpeg"}
_PILLOW_SAYS = re.compile(r"(\w+(?:Error|Warning)): (.*)")


class Interrupted(Exception):
    """`watch` said to stop: nothing is known, and the check must be made again."""


class After(NamedTuple):
    """What the full check found; the mappings are those of docs/formats.md §13."""

    noticed: Sequence[Noticed]
    essence: Sequence[Mapping[str, Any]] = ()
    frames: Sequence[Mapping[str, int]] = ()
    stretches: Mapping[str, Sequence[Mapping[str, int]]] = NONE


def check_after(
    programs: Programs,
    file: Path | int,
    watch: Watch = lambda: True,
    name: str = "",
    media_type: str = "application/octet-stream",
) -> After:
    """Check a whole file, given by its path or an open descriptor; what it says never raises.

    `name` is the one it came under. Raises Interrupted where `watch` says to stop, OSError, and
    UsageError without the programs.
    """
    with parts(file) as opened:
        family = family_of(opened.at(0, 4096))
        noticed = structure(opened, name, media_type)
        empty = opened.size == 0
    _go_on(watch)
    if family in STILL and family != "photo":
        noticed += _by_pillow(file, watch)
    if empty or family in _ONLY_PILLOW:
        return After(tuple(noticed))
    asked = probe(programs, file)
    noticed += about_probe(asked)
    found = video_and_sound(asked.streams)
    if asked.error is not None or not found:
        return After(tuple(noticed))
    if family not in STILL:
        _go_on(watch)
        walked = packets(programs, file, watch=watch, container=container_of(asked))
        _go_on(watch)
        noticed += about_packets(walked, asked)
    _go_on(watch)
    after = _decode(programs, file, watch, asked, noticed, still=family in STILL)
    return _without_silence(after) if family == "amr" else after


def _without_silence(after: After) -> After:
    """ffmpeg cannot decode pauses of AMR (SID, NO_DATA) and calls them corrupt.

    Every frame of it has been walked along, and a decoder would see no more than that walk.
    """
    codes = {one.code for one in after.noticed}
    if codes & {"SYNC_LOST", "CUT_SHORT", "STRUCTURE_BAD"}:
        return after
    return after._replace(
        noticed=tuple(one for one in after.noticed if one.code != "DECODE_ERRORS")
    )


def _go_on(watch: Watch) -> None:
    if not watch():
        raise Interrupted


def _decode(
    programs: Programs,
    file: Path | int,
    watch: Watch,
    asked: Probe,
    noticed: list[Noticed],
    *,
    still: bool,
) -> After:
    strict = decoding.decode(programs, file, asked.streams, watch, strict=True)
    whole = strict
    told = list(complaints(strict.outcome.err, levels=True))
    unfinished = about_end(strict.outcome)
    lost = any(line.startswith("in#") for line in told)
    if not unfinished and (strict.outcome.code or lost):
        whole = decoding.decode(programs, file, asked.streams, watch, strict=False)
        unfinished = about_end(whole.outcome)
    if "stopped" in (strict.outcome.ended, whole.outcome.ended):
        raise Interrupted
    noticed = noticed + unfinished + _about_decoding(told, whole, asked)
    seen = NONE if still else read_stretches(whole.outcome.err, whole.decoded, asked.streams)
    return After(
        tuple(noticed + noticed_in(seen)),
        _essence(whole, asked),
        [{"decoded": one.frames, "index": index} for index, one in sorted(whole.decoded.items())],
        seen,
    )


def _about_decoding(told: list[str], whole: Decoded, asked: Probe) -> list[Noticed]:
    unknown = [line for line in told if is_inability(line)]
    if unknown:
        return [Noticed("CHECK_UNFINISHED", unknown[0])]
    noticed = []
    if told:
        noticed.append(Noticed("DECODE_ERRORS", summary(told)))
    elif whole.outcome.ended == "failed":
        noticed.append(Noticed("DECODE_ERRORS", f"ffmpeg ended with {whole.outcome.code}"))
    wanted = [stream["index"] for stream in video_and_sound(asked.streams)]
    frames = {index: one.frames for index, one in whole.decoded.items()}
    if (
        whole.outcome.ended in ("ok", "failed")
        and wanted
        and not any(frames.get(i) for i in wanted)
    ):
        noticed.append(Noticed("NOTHING_DECODED"))
    return noticed


def _essence(whole: Decoded, asked: Probe) -> list[dict[str, Any]]:
    by_index = {stream["index"]: stream for stream in asked.streams}
    return [
        {
            "codec": _text(by_index[index].get("codec_name")),
            "index": index,
            "sha256": digest,
            "type": _text(by_index[index].get("codec_type")),
        }
        for index, digest in sorted(whole.hashes.items())
        if index in by_index
    ]


def _text(value: object) -> str | None:
    return clean(value) if isinstance(value, str) and value else None


def _by_pillow(file: Path | int, watch: Watch) -> list[Noticed]:
    """Open a photograph in a process of its own, down to its last line."""
    with source(file) as opened:
        argv = argv_of(sys.executable, "moving", opened.fds[0], 64)
        outcome = run(argv, CHECK, pass_fds=opened.fds, watch=watch)
    if outcome.ended == "stopped":
        raise Interrupted
    if outcome.ended == "ok":
        return []
    said = _PILLOW_SAYS.findall(outcome.err)
    if not said:
        return about_end(outcome) or [Noticed("CHECK_UNFINISHED", f"Pillow {outcome.code}")]
    kind, message = said[-1]
    if kind.startswith("DecompressionBomb"):
        return [Noticed("PICTURE_TOO_LARGE", clean(message))]
    if kind in ("MemoryError", "ImportError", "ModuleNotFoundError"):
        return [Noticed("CHECK_UNFINISHED", kind)]
    code = "NOTHING_DECODED" if kind == "UnidentifiedImageError" else "DECODE_ERRORS"
    return [Noticed(code, clean(f"{kind}: {message}".split("<_io")[0]))]
