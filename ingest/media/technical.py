"""What container, streams and EXIF state, in the form of `technical` (docs/formats.md §13)."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ingest.media.checks_before import micro
from ingest.media.complaints import clean
from ingest.media.photo import Photo, decimal_text, read_photo
from ingest.media.probe import Probe
from ingest.media.puid import puid
from ingest.media.reading import parts
from ingest.media.structure.families import STILL, family_of

_MOST_INTEGER = 2**53 - 1
_NUMBER = re.compile(r"\d{1,16}", re.ASCII)
_RATE = re.compile(r"[1-9]\d{0,11}/[1-9]\d{0,11}", re.ASCII)
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?", re.ASCII)
_TIME = re.compile(
    r"(\d{4})-([01]\d)-([0-3]\d)[T ]([0-2]\d):([0-5]\d):([0-6]\d)(?:\.(\d{1,9}))?"
    r" ?(Z|UTC|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
# ISO 6709 with whole degrees, as devices write it: +31.2304+121.4737+012.5/
_PLACE = re.compile(
    r"([+-]\d\d(?:\.\d{1,12})?)([+-]\d{3}(?:\.\d{1,12})?)([+-]\d{1,6}(?:\.\d{1,6})?)?(CRS\w+)?/?",
    re.ASCII,
)
_NEVER_SET = 1904
"""Year at which the clock of ISO base media files begins."""
_TIMES = ("com.apple.quicktime.creationdate", "creation_time", "date")
_PLACES = ("com.apple.quicktime.location.iso6709", "location", "location-eng")
_MAKES = ("com.apple.quicktime.make", "com.android.manufacturer", "make")
_MODELS = ("com.apple.quicktime.model", "com.android.model", "model")
_SERIALS = ("com.apple.quicktime.serialnumber", "serial_number", "serialnumber")


def technical(asked: Probe | None, file: Path | int, media_type: str) -> dict[str, Any]:
    """What the file itself states; `asked` is None without ffprobe. Raises OSError.

    `segment`, `captured`, `condition` and `tools` are added by who knows them.
    """
    with parts(file) as opened:
        family, identifier = family_of(opened.at(0, 4096)), puid(opened)
    photo = read_photo(file) if family in STILL else Photo()
    still = family in STILL or media_type.startswith("image/")
    said: Mapping[str, Any] = asked.format if asked else {}
    streams = asked.streams if asked else []
    tags = _tags(said)
    return {
        "bit_rate": None if still else _whole(said.get("bit_rate")),
        "container": _text(said.get("format_name")),
        "created_at": photo.taken or _created(tags, streams),
        "device": _device(tags, photo),
        "duration_ms": None if still else _milliseconds(said.get("duration")),
        "place": _place(tags, photo),
        "puid": identifier,
        "streams": [_stream(stream, photo, still=still) for stream in streams],
    }


def _stream(stream: Mapping[str, Any], photo: Photo, *, still: bool) -> dict[str, Any]:
    kind = _text(stream.get("codec_type"))
    picture = kind == "video"
    duration = _milliseconds(stream.get("duration")) or _from_clock(_tags(stream).get("duration"))
    return {
        "bit_rate": _whole(stream.get("bit_rate")),
        "channels": _whole(stream.get("channels")),
        "codec": _text(stream.get("codec_name")),
        "duration_ms": None if still else duration,
        "frame_rate": None if still or not picture else _rate(stream),
        "frames": _whole(stream.get("nb_frames")) if picture else None,
        "height": _whole(stream.get("height")),
        "index": stream["index"],
        "pixel_format": _text(stream.get("pix_fmt")),
        "profile": _profile(stream),
        "rotation": _rotation(stream, photo) if picture else None,
        "sample_rate": _whole(stream.get("sample_rate")),
        "type": kind,
        "width": _whole(stream.get("width")),
    }


def _profile(stream: Mapping[str, Any]) -> str | None:
    found = stream.get("profile")
    return None if found == "unknown" else _text(found if found is None else str(found))


def _rotation(stream: Mapping[str, Any], photo: Photo) -> int:
    """Degrees clockwise, 0 to 359, by which the picture must be turned to stand upright."""
    if photo.turned is not None:
        return photo.turned
    for data in stream.get("side_data_list") or ():
        stated = data.get("rotation") if isinstance(data, dict) else None
        if isinstance(stated, int | float) and abs(stated) < 1e6:
            return -round(stated) % 360  # ffprobe counts against the clock
    return 0


def _rate(stream: Mapping[str, Any]) -> str | None:
    for key in ("avg_frame_rate", "r_frame_rate"):
        stated = str(stream.get(key))
        if _RATE.fullmatch(stated):
            return stated
    return None


def _device(tags: Mapping[str, str], photo: Photo) -> dict[str, Any] | None:
    found = {"make": photo.make, "model": photo.model, "serial": photo.serial}
    by = "exif"
    if not any(found.values()):
        found = {
            "make": _first(tags, _MAKES),
            "model": _first(tags, _MODELS),
            "serial": _first(tags, _SERIALS),
        }
        by = "container"
    return {**found, "by": by} if any(found.values()) else None


def _place(tags: Mapping[str, str], photo: Photo) -> dict[str, Any] | None:
    if photo.latitude is not None:
        return {
            "altitude": photo.altitude,
            "latitude": photo.latitude,
            "longitude": photo.longitude,
        }
    for name in _PLACES:
        match = _PLACE.fullmatch(tags.get(name, ""))
        if match is None:
            continue
        latitude, longitude = Decimal(match[1]), Decimal(match[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return {
                "altitude": decimal_text(Decimal(match[3]), 2) if match[3] else None,
                "latitude": decimal_text(latitude, 7),
                "longitude": decimal_text(longitude, 7),
            }
    return None


def _created(tags: Mapping[str, str], streams: Any) -> str | None:
    for said in (tags, *(_tags(stream) for stream in streams)):
        for name in _TIMES:
            match = _TIME.fullmatch(said.get(name, ""))
            if match is not None and int(match[1]) > _NEVER_SET:
                return _moment(match)
    return None


def _moment(match: re.Match[str]) -> str:
    """RFC 3339, with the part of a second only where there is one, and the zone as it stands."""
    year, month, day, hour, minute, second, part, zone = match.groups()
    part = (part or "").rstrip("0")
    if zone == "UTC":
        zone = "Z"
    elif zone and zone != "Z" and ":" not in zone:
        zone = f"{zone[:3]}:{zone[3:]}"
    fraction = f".{part}" if part else ""
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}{zone or ''}"


def _tags(said: Mapping[str, Any]) -> dict[str, str]:
    """Tags by their name in small letters; the first of each counts."""
    return dict(reversed(list(_tag_pairs(said))))


def _tag_pairs(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tags = said.get("tags")
    for name, value in tags.items() if isinstance(tags, dict) else ():
        if isinstance(value, str):
            yield str(name).lower(), value


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := _text(tags.get(name)))), None)


def _text(value: object) -> str | None:
    return clean(value) or None if isinstance(value, str) else None


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= _MOST_INTEGER else None
    text = str(value)
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= _MOST_INTEGER else None


def _milliseconds(value: object) -> int | None:
    found = micro(value)
    return None if found is None or found < 0 else round(found / 1000)


def _from_clock(value: object) -> int | None:
    """Matroska states the duration of a track as `00:00:02.064000000`."""
    match = _CLOCK.fullmatch(str(value))
    if match is None or len(match[1]) > 6:
        return None
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3])
    return seconds * 1000 + int((match[4] or "0")[:3].ljust(3, "0"))
