"""What stands behind the end of a recording: nothing but zeros, a camera's own data, or more."""

from ingest.media.condition import Noticed
from ingest.media.reading import Parts

_MOST = 16 << 20
"""Bytes of zeros that are looked through; recorders that reserve room leave less."""
_PIECE = 1 << 20
_FEW = 4
"""Zeros and line ends at the end of a file that programs leave there, and that mean nothing."""
# Trailers of telephones and cameras, as ExifTool 13 knows them (Samsung, Vivo, Photo Mechanic).
_MAKERS = (b"SEFT", b"\x1b*9HWfu\x84\x93\xa2\xb1", b"cbipcbbl")


def behind(file: Parts, end: int) -> list[Noticed]:
    """What is told about the bytes from `end` on; nothing where there are none or few."""
    rest = file.size - end
    if rest <= 0:
        return []
    if rest <= _FEW and not file.at(end, rest).strip(b"\0\r\n"):
        return []
    note = f"{rest} bytes from {end}"
    if rest <= _MOST and _all_zero(file, end):
        return [Noticed("PADDED", note)]
    if file.at(file.size - 16, 16).endswith(_MAKERS):
        return [Noticed("MAKER_DATA", note)]
    return [Noticed("TRAILING_DATA", note)]


def after_row(file: Parts, place: int) -> Noticed:
    """The same where a row of frames or packets ends, which states no end.

    Zeros there may be what was lost when the power went, so they are not passed over.
    """
    zeros = " zero" if _all_zero(file, max(place, file.size - _PIECE)) else ""
    return Noticed("TRAILING_DATA", f"{file.size - place}{zeros} bytes from {place}")


def _all_zero(file: Parts, place: int) -> bool:
    return not any(any(file.at(at, _PIECE)) for at in range(place, file.size, _PIECE))
