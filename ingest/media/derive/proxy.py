"""A copy that every browser plays: the same packets in another wrapping, or decoded and made anew.

H.264 with AAC or MP3 only gets an MP4 whose index stands in front (some 290 times as fast as it
plays); other sound beside H.264 is made AAC on the way. All else takes decoding (four times as fast
as it plays, for 1080p) and is made on demand only. Where the original plays by itself, nothing is
made unless somebody asks for it.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import ffmpeg

from ingest.media.derive.subject import Drawing, Subject
from ingest.media.limits import MAKE, GiB, MiB
from ingest.media.originals import NoRoom
from ingest.media.runner import ffmpeg_argv, source

HEIGHT = 480
_SPARE = 1 * GiB
"""Room that stays free on the disk."""
_DOTS = ("yuv420p", "yuvj420p")
_COPIED_SOUND = ("aac", "mp3")
_PLAYED_SOUND = {
    "mp3": ("mp3",),
    "aac": ("aac",),
    "mov,mp4,m4a,3gp,3g2,mj2": ("aac", "mp3"),
    "wav": ("pcm_s16le", "pcm_u8"),
    "flac": ("flac",),
    "ogg": ("vorbis", "opus", "flac"),
}
_BOXES = 64
_EXACT = {"fflags": "+bitexact", "flags:v": "+bitexact", "flags:a": "+bitexact"}
_PLAIN: dict[str, Any] = {"map_metadata": "-1", "map_chapters": "-1", **_EXACT}


def at_once(subject: Subject) -> bool:
    """Whether it costs little: no picture has to be decoded, and the original does not play."""
    if plays(subject):
        return False
    if subject.stream("video") is None:
        return subject.stream("audio") is not None
    return _copies_video(subject)


def make(subject: Subject) -> Drawing | None:
    """Make it by whichever way is the cheapest; None where the file cannot be read so far.

    The file it gives is the caller's to remove. Raises NoRoom.
    """
    sound_only = subject.stream("video") is None
    if sound_only and subject.stream("audio") is None:
        return None
    program, _ = subject.workshop.programs.required()
    extension = "m4a" if sound_only else "mp4"
    made = subject.workshop.new_file(extension)
    if shutil.disk_usage(made.parent).free < 2 * subject.size + _SPARE:
        raise NoRoom(f"There is no room on the disk for a copy of {subject.record} for browsers.")
    try:
        whole = _make(subject, made)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    if not whole:
        made.unlink(missing_ok=True)
        return None
    return Drawing(made, extension, program.sha256)


def plays(subject: Subject) -> bool:
    """Whether a browser plays the original as it is."""
    wrapping = str(subject.probe.format.get("format_name", ""))
    audio, video = subject.stream("audio"), subject.stream("video")
    if video is None:
        return audio is not None and audio.get("codec_name") in _PLAYED_SOUND.get(wrapping, ())
    return (
        wrapping.startswith("mov,mp4")
        and _copies_video(subject)
        and (audio is None or audio.get("codec_name") in _COPIED_SOUND)
        and index_in_front(subject.file)
    )


def index_in_front(file: Path | int) -> bool:
    """Whether the index of an MP4 stands before its packets, so that it plays while it comes."""
    path = f"/proc/self/fd/{file}" if isinstance(file, int) else file
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        place = 0
        for _ in range(_BOXES):
            head = os.pread(descriptor, 16, place)
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if kind in (b"moov", b"mdat") or len(head) < 16:
                return kind == b"moov"
            size = int.from_bytes(head[8:], "big") if size == 1 else size
            if size < 8:
                return False
            place += size
        return False
    finally:
        os.close(descriptor)


def _copies_video(subject: Subject) -> bool:
    video = subject.stream("video") or {}
    return video.get("codec_name") == "h264" and video.get("pix_fmt") in _DOTS


def _make(subject: Subject, made: Path) -> bool:
    """Copy packets where that can be; where the copy fails the caller may ask for a new try."""
    program, _ = subject.workshop.programs.required()
    limits = replace(MAKE, files=2 * subject.size + 256 * MiB)
    with source(subject.file) as opened:
        film = ffmpeg.input(opened.url, fflags="+genpts", **opened.options)
        streams, options = _streams(subject, film)
        spec = ffmpeg.output(
            *streams, f"file:{made}", format="mp4", movflags="+faststart", **options
        )
        argv = ffmpeg_argv(program, spec)
        outcome = subject.workshop.run(argv, limits, opened.fds)
    return outcome.ended == "ok" and made.is_file() and made.stat().st_size > 0


def _streams(subject: Subject, film: Any) -> tuple[list[Any], dict[str, Any]]:
    """What goes in, and how."""
    streams, options = [], dict(_PLAIN)
    if subject.stream("video") is not None:
        if _copies_video(subject):
            streams.append(film["v:0"])
            options |= {"c:v": "copy"}
        else:
            fit = {"force_original_aspect_ratio": "decrease", "force_divisible_by": 2}
            width, height = f"min({HEIGHT * 16 // 9},iw)", f"min({HEIGHT},ih)"
            scaled = film["v:0"].filter("scale", width, height, reset_sar=1, **fit)
            streams.append(scaled.filter("format", "yuv420p"))
            options |= {"c:v": "libx264", "preset": "veryfast", "crf": 28, "threads": 2}
    audio = subject.stream("audio")
    if audio is not None:
        streams.append(film["a:0"])
        if audio.get("codec_name") in _COPIED_SOUND:
            options |= {"c:a": "copy"}
        else:
            options |= {"c:a": "aac", "b:a": "64k", "ac": min(2, int(audio.get("channels") or 1))}
    return streams, options
