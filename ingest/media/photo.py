"""What a photograph says of itself (EXIF 2.32): camera, place, orientation, time of exposure.

Only the block of EXIF is given to the parser, found by our own walk through the file, and the
parser may read only so often: what is crafted to loop, or to claim gigabytes, ends in `EXIF_BAD`.
"""

import io
import logging
import re
from collections.abc import Mapping
from decimal import Decimal, DivisionByZero, InvalidOperation
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import exifread

from ingest.media.complaints import clean
from ingest.media.condition import Noticed
from ingest.media.reading import BytesParts, Parts, parts
from ingest.media.structure.boxwalk import exif_of_photo
from ingest.media.structure.families import family_of
from ingest.media.structure.pictures import exif_of_jpeg

MOST_BYTES = 1 << 20
"""Bytes of EXIF that are read; a segment of JPEG holds 64 KB."""
MOST_READS = 10_000
_NAMES = ("EXIF BodySerialNumber", "MakerNote SerialNumber", "Image CameraSerialNumber")
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
_ZONE = re.compile(r"[+-]\d\d:\d\d", re.ASCII)
_DEGREES = {3: 180, 6: 90, 8: 270, 4: 180, 5: 90, 7: 270}
"""Degrees clockwise by which the picture must be turned; mirrored ones by their turn alone."""

# What it thinks of a file is told by EXIF_BAD; its own lines would go to the log of the service.
logging.getLogger("exifread").setLevel(logging.CRITICAL)


class Photo(NamedTuple):
    """What the EXIF of a photograph states; each part is None where it states none."""

    make: str | None = None
    model: str | None = None
    serial: str | None = None
    taken: str | None = None
    """RFC 3339; with an offset only where one is stated."""
    latitude: str | None = None
    longitude: str | None = None
    altitude: str | None = None
    """Decimal text: degrees, metres above the sea."""
    turned: int | None = None
    """Degrees clockwise by which it must be turned to stand upright."""
    noticed: tuple[Noticed, ...] = ()


def read_photo(file: Path | int | bytes) -> Photo:
    """Read the EXIF of a JPEG, HEIC or TIFF; an empty Photo where there is none. Raises OSError."""
    with parts(file) as opened:
        block = _block(opened)
        if block is None:
            return Photo()
        return _read(block)


def _block(file: Parts) -> Parts | None:
    """The TIFF structure that holds the EXIF."""
    family = family_of(file.at(0, 4096))
    if family == "jpeg":
        found = exif_of_jpeg(file)
        return None if found is None else BytesParts(found)
    if family == "photo":
        found = exif_of_photo(file)
        return None if found is None else BytesParts(found)
    return file if family == "tiff" else None


class _Bounded(io.RawIOBase):
    """A file of which only so much can be read, so often."""

    def __init__(self, file: Parts) -> None:
        self._file = file
        self._place = 0
        self._reads = 0
        self._bytes = 0

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = MOST_BYTES
        found = self._file.at(self._place, min(size, MOST_BYTES))
        self._place += len(found)
        self._reads += 1
        self._bytes += len(found)
        if self._reads > MOST_READS or self._bytes > 4 * MOST_BYTES:
            raise _TooMuch
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        base = (0, self._place, self._file.size)[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place


class _TooMuch(Exception):
    """The structure asks for more than any camera writes."""


def _read(block: Parts) -> Photo:
    try:
        tags = exifread.process_file(
            cast(BinaryIO, _Bounded(block)), details=False, extract_thumbnail=False, strict=False
        )
        return _photo(tags)
    except _TooMuch:
        return Photo(noticed=(Noticed("EXIF_BAD", "it asks for too much"),))
    except Exception as error:  # the parser raises whatever a crafted structure makes of it
        return Photo(noticed=(Noticed("EXIF_BAD", type(error).__name__),))


def _photo(tags: Mapping[str, Any]) -> Photo:
    latitude = _degrees(tags, "Latitude", "S", 90)
    longitude = _degrees(tags, "Longitude", "W", 180)
    there = latitude is not None and longitude is not None
    orientation = _values(tags, "Image Orientation")
    return Photo(
        make=_text(tags, "Image Make"),
        model=_text(tags, "Image Model"),
        serial=next((found for name in _NAMES if (found := _text(tags, name))), None),
        taken=_taken(tags),
        latitude=latitude if there else None,
        longitude=longitude if there else None,
        altitude=_altitude(tags) if there else None,
        turned=_DEGREES.get(orientation[0], 0) if orientation else None,
    )


def _values(tags: Mapping[str, Any], name: str) -> list[Any]:
    values = getattr(tags.get(name), "values", None)
    return values if isinstance(values, list) else []


def _text(tags: Mapping[str, Any], name: str) -> str | None:
    value = getattr(tags.get(name), "values", None)
    if isinstance(value, bytes):
        value = value.decode("gb18030", "replace")
    return clean(value) or None if isinstance(value, str) else None


def _taken(tags: Mapping[str, Any]) -> str | None:
    for name, zone in (
        ("EXIF DateTimeOriginal", "EXIF OffsetTimeOriginal"),
        ("EXIF DateTimeDigitized", "EXIF OffsetTimeDigitized"),
        ("Image DateTime", "EXIF OffsetTime"),
    ):
        match = _TIME.fullmatch(_text(tags, name) or "")
        if match is not None and match[1] > "1970":
            year, month, day, hour, minute, second = match.groups()
            stated = _text(tags, zone) or ""
            offset = stated if _ZONE.fullmatch(stated) else ""
            return f"{year}-{month}-{day}T{hour}:{minute}:{second}{offset}"
    return None


def _degrees(tags: Mapping[str, Any], which: str, negative: str, most: int) -> str | None:
    values = [_decimal(value) for value in _values(tags, f"GPS GPS{which}")]
    if not 1 <= len(values) <= 3 or None in values:
        return None
    whole = sum(
        (value / 60**power for power, value in enumerate(values) if value is not None), Decimal()
    )
    if not 0 <= whole <= most:
        return None
    sign = -1 if _text(tags, f"GPS GPS{which}Ref") == negative else 1
    return decimal_text(sign * whole, 7)


def _altitude(tags: Mapping[str, Any]) -> str | None:
    values = [_decimal(value) for value in _values(tags, "GPS GPSAltitude")]
    if len(values) != 1 or values[0] is None or values[0] > 100_000:
        return None
    below = _values(tags, "GPS GPSAltitudeRef") == [1]
    return decimal_text(-values[0] if below else values[0], 2)


def _decimal(ratio: Any) -> Decimal | None:
    try:
        return Decimal(ratio.num) / Decimal(ratio.den)
    except (AttributeError, ArithmeticError, DivisionByZero, InvalidOperation, ValueError):
        return None


def decimal_text(value: Decimal, places: int) -> str:
    """Plain decimal text without exponent and needless zeros."""
    text = f"{value:.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
