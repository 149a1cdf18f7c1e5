"""Sound as pictures: its loudness over time, and its pitches over time."""

from typing import Any

import ffmpeg
from PIL import Image, ImageDraw

from ingest.media.derive.drawing import (
    CAPTION,
    GREY,
    LINE,
    PAPER,
    SHORT,
    caption,
    clock,
    font,
    jpeg,
)
from ingest.media.derive.subject import Drawing, Subject
from ingest.media.runner import ffmpeg_argv, source

WIDTH = 1200
WAVE, PITCHES = 160, 320
_AXIS = 24
_LEFT = 16
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400)
_MOST_MARKS = 10
_RATES = ((3600.0, 16_000), (4 * 3600.0, 8_000))
"""ffmpeg keeps all samples until the picture is drawn: up to so many seconds, so many a second."""


def waveform(subject: Subject) -> Drawing | None:
    """Loudness over time; None where there is no sound, or none can be decoded."""
    chain: Chain = [
        ("aformat", (), {"channel_layouts": "mono"}),
        ("showwavespic", (), {"s": f"{WIDTH}x{WAVE}", "colors": "#1f4e79", "scale": "sqrt"}),
    ]
    return _drawn(subject, chain, WAVE, "RGBA")


def spectrogram(subject: Subject) -> Drawing | None:
    """Pitches over time; None also for sound of more than four hours, see `_RATES`."""
    length = subject.duration or 0.0
    rate = next((rate for most, rate in _RATES if length <= most), None)
    if rate is None:
        return None
    stated = str((subject.stream("audio") or {}).get("sample_rate", ""))
    rate = min(rate, int(stated)) if stated.isdigit() and int(stated) > 0 else rate
    picture = {"s": f"{WIDTH}x{PITCHES}", "legend": 0, "scale": "log", "color": "magma"}
    chain: Chain = [
        ("aresample", (rate,), {}),
        ("aformat", (), {"channel_layouts": "mono"}),
        ("showspectrumpic", (), picture),
    ]
    return _drawn(subject, chain, PITCHES, "RGB", top_hertz=rate // 2)


Chain = list[tuple[str, tuple[Any, ...], dict[str, Any]]]


def _drawn(
    subject: Subject, chain: Chain, height: int, mode: str, top_hertz: int | None = None
) -> Drawing | None:
    if subject.stream("audio") is None:
        return None
    program, _ = subject.workshop.programs.required()
    with source(subject.file) as opened:
        stream = ffmpeg.input(opened.url, vn=None, **opened.options)["a:0"]
        for name, plain, named in chain:
            stream = stream.filter(name, *plain, **named)
        dots = mode.lower() if mode == "RGBA" else "rgb24"
        spec = ffmpeg.output(stream, "pipe:1", format="rawvideo", pix_fmt=dots, **{"frames:v": 1})
        outcome = subject.workshop.run(ffmpeg_argv(program, spec), fds=opened.fds)
    if len(outcome.out) != WIDTH * height * len(mode):
        return None
    drawn = Image.frombytes(mode, (WIDTH, height), outcome.out)
    made = _framed(drawn, subject, top_hertz)
    return Drawing(jpeg(made), "jpg", program.sha256)


def _framed(drawn: Image.Image, subject: Subject, top_hertz: int | None) -> Image.Image:
    """The picture on white paper, with a line of times under it."""
    left = _LEFT + (52 if top_hertz else 0)
    size = (left + WIDTH + _LEFT, 12 + drawn.height + _AXIS + CAPTION)
    made = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(made)
    floor = 12 + drawn.height
    middle = 12 + drawn.height // 2
    draw.line((left, middle, left + WIDTH - 1, middle), fill="#1f4e79")
    made.paste(drawn, (left, 12), drawn if drawn.mode == "RGBA" else None)
    draw.line((left, floor, left + WIDTH, floor), fill=LINE)
    for share, text in marks(subject.duration):
        place = left + round(share * WIDTH)
        draw.line((place, floor, place, floor + 5), fill=GREY)
        anchor = "lt" if share == 0 else "rt" if share > 0.98 else "mt"
        draw.text((place, floor + 7), text, fill=GREY, font=font(12, digits=True), anchor=anchor)
    if top_hertz:
        _pitch_marks(draw, left, drawn.height, top_hertz)
    audio = subject.stream("audio") or {}
    facts = (str(audio.get("codec_name", "")), _rate(audio.get("sample_rate")))
    caption(made, subject.record, " · ".join(filter(None, facts)))
    return made


def _pitch_marks(draw: ImageDraw.ImageDraw, left: int, height: int, top: int) -> None:
    for quarter in range(1, 5):
        place = 12 + height - round(height * quarter / 4)
        draw.line((left - 5, place, left, place), fill=GREY)
        text = f"{top * quarter / 4000:g} kHz"
        draw.text((left - 8, place), text, fill=GREY, font=font(12, digits=True), anchor="rm")


def marks(duration: float | None) -> list[tuple[float, str]]:
    """Where round times stand on a line of length 1, and how they are written."""
    if duration is None:
        return []
    step = next((one for one in _STEPS if duration / one <= _MOST_MARKS), duration)
    short = duration < SHORT
    times = [number * step for number in range(int(duration / step) + 1)]
    return [(time / duration, clock(time, tenths=short)) for time in times]


def _rate(text: object) -> str:
    return f"{int(str(text)) / 1000:g} kHz" if str(text).isdigit() else ""
