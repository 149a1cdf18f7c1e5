"""One run of ffmpeg over a whole file: decodes all film and sound, hashes all packets."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import ffmpeg

from ingest.media.checks_before import video_and_sound
from ingest.media.limits import DECODE
from ingest.media.runner import Outcome, ffmpeg_argv, run, source
from ingest.media.tools import Programs

MOST_STREAMS = 64
BLACK_SECONDS, FROZEN_SECONDS, SILENT_SECONDS = 0.5, 2, 2
"""Stretches that are shorter are not told."""
FROZEN_NOISE, SILENT_NOISE = "-60dB", "-50dB"

_READ = re.compile(
    r"Input stream #0:(\d+) \(\w+\): (\d+) packets read .*?(?:(\d+) frames decoded;"
    r"(?: (\d+) decode errors)?(?: \((\d+) samples\))?)?;? *$",
    re.MULTILINE | re.ASCII,
)
_HASH = re.compile(rb"^(\d+),\w,SHA256=([0-9a-f]{64})$", re.MULTILINE)


class Count(NamedTuple):
    """What became of one stream."""

    packets: int
    frames: int
    errors: int
    samples: int
    """Of sound; 0 for film."""


class Decoded(NamedTuple):
    """What one run found: counts and SHA-256 of the packets, by number of the stream."""

    outcome: Outcome
    decoded: Mapping[int, Count]
    hashes: Mapping[int, str]


def decode(
    programs: Programs,
    file: Path | int,
    streams: Sequence[Mapping[str, Any]],
    watch: Callable[[], bool],
    *,
    strict: bool,
) -> Decoded:
    """Decode every film and sound among `streams`, with one thread, so as not to be in the way.

    With `strict` it takes as an error what players pass over, and gives up the frame.
    """
    program, _ = programs.required()
    hashed = [stream["index"] for stream in streams][:MOST_STREAMS]
    more = ["-loglevel", "level+verbose", "-nostats"]
    with source(file) as opened:
        options = {**opened.options, "threads": 1}
        if strict:
            options["err_detect"] = "crccheck+explode"
        whole = ffmpeg.input(opened.url, **options)
        shown = ffmpeg.output(*_filtered(whole, streams), "-", format="null")
        copied = ffmpeg.output(
            *(whole[str(index)] for index in hashed), "pipe:1",
            c="copy", copy_unknown=None, format="streamhash", hash="sha256",
        )  # fmt: skip
        argv = ffmpeg_argv(program, ffmpeg.merge_outputs(shown, copied), *more)
        outcome = run(argv, DECODE, pass_fds=opened.fds, watch=watch)
    return Decoded(outcome, read_counts(outcome.err), read_hashes(outcome.out, hashed))


def _filtered(whole: Any, streams: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The streams to be decoded; the first film and the first sound are looked at as well."""
    wanted, first = [], set()
    for stream in video_and_sound(streams)[:MOST_STREAMS]:
        kind, one = stream["codec_type"], whole[str(stream["index"])]
        if kind in first:
            wanted.append(one)
            continue
        first.add(kind)
        if kind == "video":
            black = one.filter("blackdetect", d=BLACK_SECONDS)
            wanted.append(black.filter("freezedetect", n=FROZEN_NOISE, d=FROZEN_SECONDS))
        else:
            wanted.append(one.filter("silencedetect", n=SILENT_NOISE, d=SILENT_SECONDS))
    return wanted


def read_counts(err: str) -> dict[int, Count]:
    """The counts that ffmpeg gives at its end, by number of the stream."""
    found = {}
    for index, read, frames, errors, samples in _READ.findall(err):
        found[int(index)] = Count(int(read), *(int(n or 0) for n in (frames, errors, samples)))
    return found


def read_hashes(out: bytes, streams: Sequence[int]) -> dict[int, str]:
    """The digests of `streamhash`, which numbers the streams in the order they were given."""
    found = {int(at): digest.decode("ascii") for at, digest in _HASH.findall(out)}
    return {stream: found[at] for at, stream in enumerate(streams) if at in found}
