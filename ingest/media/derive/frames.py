"""Pictures out of a film at computed times, each with the time at which it really stands.

The tile filter of ffmpeg with a frame rate gives one picture too few for some lengths, and stepping
through a whole film is slow. So a few times are computed, and the key frame before each is decoded,
which costs some 30 ms a picture whatever the film's length.
"""

import re
from dataclasses import dataclass
from typing import Any

import ffmpeg
from PIL import Image

from ingest.media.derive.subject import Subject
from ingest.media.runner import ffmpeg_argv, source

COUNT = 12
WIDTH, HEIGHT = 960, 540
_FEW = COUNT // 2
_SHORT = 300.0
"""Seconds up to which a film is stepped through whole where it has too few key frames."""
_UNTIMED = 240
"""Key frames looked at where a film does not say how long it is."""
_SHOWN = re.compile(r"showinfo[^\n]* pts_time:(-?\d+(?:\.\d+)?|NOPTS)\b")
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Frame:
    """A picture and its time in seconds from the start, None where the film has no times."""

    at: float | None
    picture: Image.Image


def frames(subject: Subject) -> list[Frame]:
    """Up to twelve pictures in their order; fewer where the film is short or damaged."""
    found: list[Frame] = subject.shared("frames", lambda: _frames(subject))
    return found


def moments(duration: float, count: int = COUNT) -> list[float]:
    """The middles of equal parts of a film, in seconds."""
    return [duration * (2 * number + 1) / (2 * count) for number in range(count)]


def _frames(subject: Subject) -> list[Frame]:
    if subject.stream("video") is None:
        return []
    duration = subject.duration
    if duration is None:
        return _spread(_run(subject, {"skip_frame": "nokey"}, _UNTIMED, 320))
    found = [frame for moment in moments(duration) for frame in _at(subject, moment)]
    unique = _unique(found)
    if len(unique) <= _FEW and duration <= _SHORT:
        return _unique(_stepped(subject, duration)) or unique
    return unique or _spread(_run(subject, {"skip_frame": "nokey"}, _UNTIMED, 320))


def _at(subject: Subject, moment: float) -> list[Frame]:
    """The key frame at or before a moment."""
    options = {"ss": f"{moment:.3f}", "noaccurate_seek": None, "skip_frame": "nokey"}
    return _run(subject, options, 1, WIDTH, base=subject.start)


def _stepped(subject: Subject, duration: float) -> list[Frame]:
    """Decode everything, and keep the first frame at or after each moment."""
    wanted = "+".join(
        f"gte(t,{moment:.3f})*if(isnan(prev_selected_t),1,lt(prev_selected_t,{moment:.3f}))"
        for moment in moments(duration)
    )
    return _run(subject, {}, COUNT, WIDTH, select=wanted, base=subject.start)


def _run(
    subject: Subject,
    options: dict[str, Any],
    count: int,
    width: int,
    *,
    select: str | None = None,
    base: float | None = None,
) -> list[Frame]:
    """Decode; times are told from `base` on, and not at all where it is None."""
    program, _ = subject.workshop.programs.required()
    with source(subject.file) as opened:
        stream = ffmpeg.input(opened.url, **options, **opened.options)["v:0"]
        if select is not None:
            # Times are still those of the file here, as in what showinfo tells.
            shifted = select.replace("(t,", f"(t-{base or 0:.3f},")
            shifted = shifted.replace("prev_selected_t,", f"prev_selected_t-{base or 0:.3f},")
            stream = stream.filter("select", shifted)
        stream = stream.filter("showinfo", checksum=0).filter(
            "scale",
            f"min({width},iw)",
            f"min({width * HEIGHT // WIDTH},ih)",
            force_original_aspect_ratio="decrease",
            force_divisible_by=2,
            reset_sar=1,
            flags="bicubic+accurate_rnd+bitexact",
        )
        spec = ffmpeg.output(
            stream,
            "pipe:1",
            format="image2pipe",
            vcodec="ppm",
            pix_fmt="rgb24",
            fps_mode="passthrough",
            **{"frames:v": count},
        )
        argv = ffmpeg_argv(program, spec, "-v", "info", "-nostats", "-copyts")
        outcome = subject.workshop.run(argv, fds=opened.fds)
    times = [_seconds(text, base) for text in _SHOWN.findall(outcome.err)]
    pictures = _pictures(outcome.out)
    times += [None] * len(pictures)
    return [Frame(*pair) for pair in zip(times, pictures, strict=False)][:count]


def _seconds(text: str, base: float | None) -> float | None:
    return None if base is None or text == "NOPTS" else max(0.0, float(text) - base)


def _pictures(data: bytes) -> list[Image.Image]:
    """The pictures of a row of PPM files: `P6`, width, height, 255, and the dots."""
    found, place = [], 0
    while match := _PPM.match(data, place):
        width, height = int(match[1]), int(match[2])
        size = 3 * width * height
        begin = match.end()
        if not size or size > _LARGEST or begin + size > len(data):
            break
        found.append(Image.frombytes("RGB", (width, height), data[begin : begin + size]))
        place = begin + size
    return found


_PPM = re.compile(rb"P6\s(\d{1,5})\s(\d{1,5})\s255\s")


def _unique(found: list[Frame]) -> list[Frame]:
    """Every frame once: neighbouring moments may have the same key frame."""
    kept: dict[float | None, Frame] = {}
    for frame in found:
        kept.setdefault(frame.at, frame)
    return [*kept.values()] if None not in kept else found


def _spread(found: list[Frame]) -> list[Frame]:
    """Twelve of many, evenly."""
    if len(found) <= COUNT:
        return found
    return [found[int(place)] for place in moments(len(found))]
