"""PRONOM identifiers of what our own signatures tell with certainty; None for all else.

From PRONOM (The National Archives, signature file v109 as in opf-fido 1.6.1). Where several formats
share a beginning (PNG 1.0 to 1.2, TIFF and its kinds, Ogg) nothing is said.
"""

import re
from collections.abc import Callable, Mapping

from ingest.media.reading import Parts
from ingest.media.structure.families import family_of
from ingest.media.structure.frames import is_layer_three

_HEAD = 4096
_MP4 = re.compile(rb".{4}ftyp.{0,64}(mp42|mp41|isom|iso2)", re.DOTALL)
_3GP = re.compile(rb".{4}ftyp3g[eghprst][4-9]\x00\x00[\x00-\x03]\x00", re.DOTALL)
_HEIF = re.compile(rb".{4}ftyp(mif1|msf1|hei[cx]|hev[cx])", re.DOTALL)
_EXIF = re.compile(rb"\xff\xd8\xff\xe1..Exif\x00\x00(MM\x00\*|II\*\x00)", re.DOTALL)
_EXIF_VERSION = re.compile(
    rb"(?:\x90\x00\x00\x07\x00\x00\x00\x04|\x00\x90\x07\x00\x04\x00\x00\x00)(02\d\d)"
)
_EXIF_PUIDS = {b"0210": "x-fmt/390", b"0220": "x-fmt/391", b"0221": "fmt/645"}
_JFIF = re.compile(rb"\xff\xd8\xff\xe0..JFIF\x00\x01([\x00-\x02])[\x00-\x02]", re.DOTALL)
_WEBP = {b"VP8 ": "fmt/566", b"VP8L": "fmt/567", b"VP8X": "fmt/568"}


def puid(file: Parts) -> str | None:
    """The identifier, by the first bytes alone: a film that lost its end keeps it."""
    head = file.at(0, _HEAD)
    family = family_of(head)
    if family == "jpeg":
        return _jpeg(file.at(0, 1 << 16))
    if family == "mp3":
        return "fmt/134" if is_layer_three(file) else None
    by_head = _BY_HEAD.get(family or "")
    return by_head(head) if by_head else None


def _film(head: bytes) -> str | None:
    if _3GP.match(head):
        return "fmt/357"
    if head[8:12] == b"qt  ":
        return "x-fmt/384"
    return "fmt/199" if _MP4.match(head) else None


def _jpeg(head: bytes) -> str | None:
    if _EXIF.match(head):
        stated = _EXIF_VERSION.search(head)
        version = stated[1] if stated else b""
        return "fmt/1507" if version[:3] == b"023" else _EXIF_PUIDS.get(version, "fmt/41")
    jfif = _JFIF.match(head)
    return f"fmt/{42 + jfif[1][0]}" if jfif else None


def _wav(head: bytes) -> str | None:
    """By the form of its `fmt ` chunk, where that comes first; in broadcast files others do."""
    if head[12:16] != b"fmt " or b"bext" in head:
        return None
    length, tag = int.from_bytes(head[16:20], "little"), int.from_bytes(head[20:22], "little")
    if tag == 0xFFFE:
        return "fmt/143"
    if length == 16:
        return "fmt/141" if tag == 1 else "fmt/6"
    return "fmt/142"


def _transport(head: bytes) -> str | None:
    """Of 188 bytes, or of 192 as on Blu-ray and in many cameras."""
    if head[0:564:188] == b"GGG":
        return "fmt/585"
    return "fmt/1055" if head[4:580:192] == b"GGG" else None


_BY_HEAD: Mapping[str, Callable[[bytes], str | None]] = {
    "film": _film,
    "photo": lambda head: "fmt/1101" if _HEIF.match(head) else None,
    "avi": lambda _: "fmt/5",
    "wav": _wav,
    "webp": lambda head: _WEBP.get(head[12:16]),
    "matroska": lambda head: "fmt/573" if b"B\x82\x84webm" in head[:64] else "fmt/569",
    "transport": _transport,
    "flv": lambda _: "x-fmt/382",
    "flac": lambda _: "fmt/279",
    "amr": lambda head: "fmt/954" if head.startswith(b"#!AMR-WB\n") else "fmt/356",
    "gif": lambda head: "fmt/3" if head.startswith(b"GIF87a") else "fmt/4",
}
