"""A small picture of a photo: what a camera drops, turned upright, without any of its metadata."""

import sys

import ffmpeg

from ingest.media.derive.child import argv_of, read_ppm
from ingest.media.derive.drawing import jpeg
from ingest.media.derive.subject import OPENING, Drawing, Subject
from ingest.media.runner import ffmpeg_argv, source

LONGEST = 640
_BY_FFMPEG = ("image/heic", "image/heif", "image/avif")


def make(subject: Subject) -> Drawing | None:
    """The picture; None where it cannot be decoded."""
    if subject.media_type in _BY_FFMPEG:
        return _with_ffmpeg(subject)
    with source(subject.file) as opened:
        argv = argv_of(sys.executable, "photo", opened.fds[0], LONGEST)
        outcome = subject.workshop.run(argv, OPENING, opened.fds)
    picture = read_ppm(outcome.out)
    return None if picture is None else Drawing(jpeg(picture), "jpg", None)


def _with_ffmpeg(subject: Subject) -> Drawing | None:
    program, _ = subject.workshop.programs.required()
    with source(subject.file) as opened:
        # ffmpeg itself puts the tiles of one picture together and turns it upright.
        scale = (
            f"scale='min({LONGEST},iw)':'min({LONGEST},ih)':force_original_aspect_ratio=decrease:reset_sar=1"
            ":flags=bicubic+accurate_rnd+bitexact"
        )
        spec = ffmpeg.output(
            ffmpeg.input(opened.url, **opened.options),
            "pipe:1",
            format="image2pipe",
            vcodec="ppm",
            pix_fmt="rgb24",
            vf=scale,
            **{"frames:v": 1},
        )
        outcome = subject.workshop.run(ffmpeg_argv(program, spec), fds=opened.fds)
    picture = read_ppm(outcome.out)
    return None if picture is None else Drawing(jpeg(picture), "jpg", program.sha256)
