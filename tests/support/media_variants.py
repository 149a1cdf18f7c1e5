"""Sound media as other recorders write them: nothing may be noticed about these.

What is unusual in them is what careless checks take for damage: edit lists, cut-off starts, tracks
of data, tags behind the sound, lengths that are not stated, indexes in front or in pieces.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

from media_samples import PICTURE, SOUND, amr, ffmpeg, sample
from PIL import Image

_H264 = (
    "-c:v",
    "libx264",
    "-threads",
    "1",
    "-preset",
    "veryfast",
    "-g",
    "15",
    "-pix_fmt",
    "yuv420p",
)
_AAC = ("-c:a", "aac", "-b:a", "32k")
_FILM = (*PICTURE, *SOUND, *_H264, *_AAC)
_COPY = ("-map", "0", "-c", "copy")


class Variant(NamedTuple):
    """A sound file: name with its extension, arguments of ffmpeg that come before the output."""

    name: str
    arguments: tuple[str, ...]


def _of(kind: str, *arguments: str) -> tuple[str, ...]:
    return ("-i", f"file:{sample(kind)}", *arguments)


def variants() -> list[Variant]:
    """Those that ffmpeg writes."""
    return [
        Variant("cut_at_start.mp4", ("-ss", "0.7", *_of("mp4", *_COPY))),
        Variant("cut_at_end.mp4", _of("mp4", "-t", "1.2", *_COPY)),
        Variant("cut_at_start.mkv", ("-ss", "0.7", *_of("mkv", *_COPY))),
        Variant("cut_at_start.ts", ("-ss", "1", *_of("ts", *_COPY))),
        Variant("cut_at_start.mov", ("-ss", "0.7", *_of("mov", *_COPY))),
        Variant("cut_in_sound.m4a", ("-ss", "0.7", *_of("mp4", "-map", "0:a", "-c", "copy"))),
        Variant("begins_late.mp4", _of("mp4", *_COPY, "-output_ts_offset", "30")),
        Variant("begins_late.mkv", _of("mkv", *_COPY, "-output_ts_offset", "3600")),
        Variant("begins_late.ts", _of("ts", *_COPY, "-output_ts_offset", "3600")),
        Variant("picture_begins_later.mp4", (*SOUND, "-itsoffset", "5", *PICTURE, *_H264, *_AAC)),
        Variant("second_segment.mp4", ("-ss", "1", "-copyts", *_of("mp4", *_COPY))),
        Variant("no_b_frames.mp4", (*_FILM, "-bf", "0")),
        Variant("intra_only.mp4", (*_FILM, "-g", "1")),
        Variant("variable_rate.mp4", (*_FILM, "-vf", "setpts=N*N/600/TB", "-fps_mode", "vfr")),
        Variant("slow.mp4", (*_FILM, "-r", "1")),
        Variant("sound_begins_later.mp4", (*PICTURE, "-itsoffset", "0.8", *SOUND, *_H264, *_AAC)),
        Variant("sound_ends_early.mp4", (*_FILM, "-af", "atrim=0:0.8")),
        Variant("timecode.mov", (*_FILM, "-timecode", "08:30:00:00")),
        Variant("rotated.mp4", ("-display_rotation", "90", *_of("mp4", *_COPY))),
        Variant("open_gop.mp4", (*_FILM, "-x264-params", "open-gop=1:keyint=10:bframes=3")),
        Variant("interlaced.mp4", (*_FILM, "-flags", "+ilme+ildct", "-x264-params", "tff=1")),
        Variant("slices.ts", (*_FILM, "-x264-params", "slices=4:intra-refresh=1")),
        Variant("live.mp4", (*_FILM, "-movflags", "frag_keyframe+empty_moov+skip_trailer")),
        Variant("cmaf.mp4", (*_FILM, "-movflags", "cmaf+dash+global_sidx")),
        Variant("hybrid.mp4", (*_FILM, "-movflags", "hybrid_fragmented")),
        Variant("pcm.mov", (*PICTURE, *SOUND, "-c:v", "mjpeg", "-c:a", "pcm_s16le")),
        Variant("phone.3gp", (*PICTURE, *SOUND, "-s", "176x144", "-c:v", "h263", *_AAC)),
        Variant("live.mkv", (*_FILM, "-live", "1")),
        Variant("cues_in_front.mkv", (*_FILM, "-cues_to_front", "1")),
        Variant("vp9_opus.webm", (*PICTURE, *SOUND, "-c:v", "libvpx", "-c:a", "libopus")),
        Variant("mpeg4_mp3.avi", (*PICTURE, *SOUND, "-c:v", "mpeg4", "-c:a", "libmp3lame")),
        Variant("h264_aac.avi", (*_FILM, "-bf", "0")),
        Variant("ntsc.avi", (*_FILM, "-r", "30000/1001")),
        Variant("blu_ray.m2ts", (*_FILM, "-mpegts_m2ts_mode", "1")),
        Variant("mpeg2.ts", (*PICTURE, *SOUND, "-c:v", "mpeg2video", "-c:a", "mp2")),
        Variant("h265.ts", _of("h265", *_COPY)),
        Variant("mpeg2.mpg", (*PICTURE, *SOUND, "-c:v", "mpeg2video", "-c:a", "mp2")),
        Variant("windows.wmv", (*PICTURE, *SOUND, "-c:v", "wmv2", "-c:a", "wmav2")),
        Variant("flash.flv", (*_FILM,)),
        Variant("vorbis.ogg", (*SOUND, "-c:a", "libopus")),
        Variant("wide.wav", (*SOUND, "-c:a", "pcm_s24le", "-ac", "2")),
        Variant("rf64.wav", (*SOUND, "-rf64", "always")),
        Variant("broadcast.wav", (*SOUND, "-write_bext", "1", "-metadata", "description=x")),
        Variant("g711.wav", (*SOUND, "-ar", "8000", "-c:a", "pcm_alaw")),
        Variant("adpcm.wav", (*SOUND, "-c:a", "adpcm_ima_wav")),
        Variant(
            "stereo.mp3", (*SOUND, "-ac", "2", "-ar", "44100", "-q:a", "4", "-write_id3v1", "1")
        ),
        Variant("no_header.mp3", (*SOUND, "-write_xing", "0", "-id3v2_version", "0")),
        Variant("stereo.aac", (*SOUND, "-ac", "2", "-ar", "48000", *_AAC)),
        Variant("short_blocks.flac", (*SOUND, "-c:a", "flac", "-frame_size", "256", "-ac", "2")),
        Variant("h265.h265", _of("h265", "-map", "0:v", "-c", "copy")),
        Variant("field.h264", (*PICTURE, *_H264, "-flags", "+ilme+ildct", "-f", "h264")),
    ]


def variant_bytes(variant: Variant) -> bytes:
    """Make one; nothing is kept."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / variant.name
        ffmpeg(*variant.arguments, f"file:{path}")
        return path.read_bytes()


def by_hand() -> dict[str, bytes]:
    """Those that ffmpeg does not write."""
    film, photo = sample("mp4").read_bytes(), sample("jpg").read_bytes()
    sound = sample("wav").read_bytes()
    return {
        "trimmed.mp4": _trimmed(film),
        "maker_box.mp4": film + (24).to_bytes(4, "big") + b"gpsx" + bytes(16),
        "comfort_noise.amr": amr(20) + b"\x7c" * 30 + b"\x44" + bytes(5) + b"\x7c" * 7,
        "padded.jpg": photo + bytes(512),
        "padded.mp4": film + bytes(70_000),
        "maker_data.jpg": photo + b"SEFH" + bytes(range(64)) + b"SEFT",
        "length_too_short.wav": sound[:4] + (len(sound) - 20).to_bytes(4, "little") + sound[8:],
        "big_endian.wav": b"RIFX" + sound[4:],
        "progressive.jpg": _jpeg("RGB", progressive=True),
        "grey.jpg": _jpeg("L"),
        "cmyk.jpg": _jpeg("CMYK"),
        "restarts.jpg": _jpeg("RGB", restart_marker_rows=1),
        "two_pictures.mpo": _two_pictures(),
        "photo.png": _saved(_picture("RGB"), "PNG"),
        "photo.webp": _saved(_picture("RGB"), "WEBP"),
        "photo.bmp": _saved(_picture("RGB"), "BMP"),
        "photo.tiff": _saved(_picture("RGB"), "TIFF"),
        "photo.gif": _saved(_picture("P"), "GIF"),
        "moving.gif": _moving(),
        "line_end.jpg": photo + b"\n",
        "motion_photo.jpg": motion_photo(film),
        "motion_photo_filled.jpg": motion_photo(bytes(301) + film),
        "motion_photo_and_maker.jpg": motion_photo(film + b"SEFH" + bytes(range(64)) + b"SEFT"),
        "filled_pictures.mpo": _filled(_two_pictures()),
        "stale_mpf.jpg": _first_of(_two_pictures()),
        "gps_box.mp4": film + (100_008).to_bytes(4, "big") + b"gps " + bytes(range(250)) * 400,
        "free_box.mp4": film + (100_008).to_bytes(4, "big") + b"free" + bytes(range(250)) * 400,
        "second_mdat.mp4": film + (100_008).to_bytes(4, "big") + b"mdat" + bytes(range(250)) * 400,
    }


def _picture(mode: str) -> Image.Image:
    return Image.linear_gradient("L").resize((160, 120)).convert(mode)


def _jpeg(mode: str, **more: object) -> bytes:
    return _saved(_picture(mode), "JPEG", **more)


def _two_pictures() -> bytes:
    second = _picture("L")
    return _saved(_picture("RGB"), "MPO", save_all=True, append_images=[second.convert("RGB")])


def _trimmed(film: bytes) -> bytes:
    """Only its last 0.4 s are played, as where a long one was cut without decoding anew.

    ffprobe passes over sound that lies more than a second before the cut, unless told otherwise.
    """
    out, at, stated = bytearray(film), 0, (400).to_bytes(4, "big")
    while (at := film.find(b"elst", at + 1)) > 0:
        unit = film.index(b"mdhd", at) + 16
        begin = int.from_bytes(film[unit : unit + 4], "big") * 16 // 10
        out[at + 12 : at + 20] = stated + begin.to_bytes(4, "big")
    at = film.index(b"mvhd") + 20
    out[at : at + 4] = stated
    return bytes(out)


def motion_photo(follows: bytes) -> bytes:
    """A photograph that says in its XMP that a short film follows, and then `follows`."""
    photo = sample("jpg").read_bytes()
    said = b'http://ns.adobe.com/xap/1.0/\0<x GCamera:MotionPhoto="1"/>'
    return photo[:2] + b"\xff\xe1" + (len(said) + 2).to_bytes(2, "big") + said + photo[2:] + follows


def _second(data: bytes) -> int:
    return data.rindex(b"\xff\xd8\xff")


def _first_of(data: bytes) -> bytes:
    return data[: _second(data)]


def _filled(data: bytes) -> bytes:
    """The second picture at a round place, as its entry in the table of pictures says."""
    at, mark = _second(data), data.index(b"MPF\0") + 4
    order: Literal["big", "little"] = "big" if data[mark : mark + 2] == b"MM" else "little"
    entry = data.index((at - mark).to_bytes(4, order), mark)
    moved = (at - mark + 512).to_bytes(4, order)
    return data[:entry] + moved + data[entry + 4 : at] + bytes(512) + data[at:]


def _moving() -> bytes:
    frames = [_picture("P").rotate(90 * turn) for turn in range(4)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


def _saved(picture: Image.Image, form: str, **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **more)
    return out.getvalue()
