"""Errors that ffmpeg and ffprobe tell on standard error, apart from what is no error of the file.

A line is a complaint only where it begins with the part of ffmpeg that speaks, and that part reads
the file: what comes after decoding (filters, output, statistics) speaks of our own wishes.
"""

import re
import unicodedata
from collections.abc import Iterator

_PREFIX = re.compile(r"\[([^\[\]@]{1,80}) @ 0x[0-9a-f]{1,16}\] ")
_LEVEL = re.compile(r"\[(panic|fatal|error|warning|info|verbose|debug|trace)\] ")
_GRAVE = frozenset(("panic", "fatal", "error"))
_OURS = re.compile(
    r"(out#|vost#|aost#|sost#|dost#|ost#|fc#|enc:|Parsed_|auto_|graph|format|null|streamhash"
    r"|swscaler|SWR|AVFilterGraph|AVIOContext|trim_)"
)
_CORRUPT = re.compile(r"corrupt (input packet|decoded frame)")
"""Only warnings, unless ffmpeg is told to end at the first error."""
_AGAIN = re.compile(r"Last message repeated \d+ times")
_ADDRESS = re.compile(r"0x[0-9a-f]{6,16}")
_HARMLESS = (
    "Could not find codec parameters for stream",  # streams of a maker's own (places, speed)
    "Error parsing Opus packet header",
    "Consider increasing the value for",
    "Multiple -",
)
_LONGEST = 160
_UNABLE = re.compile(
    r"[Nn]ot (yet )?implemented|[Uu]nsupported|not supported|n't support|no decoder|patch ?welcome",
    re.ASCII,
)


def is_inability(told: str) -> bool:
    """Whether this is what ffmpeg says of a sound file that it cannot read."""
    return _UNABLE.search(told) is not None


def complaints(err: str, *, levels: bool = False) -> Iterator[str]:
    """Every complaint about the file, `part: message`, as short ASCII text.

    With `levels` the program ran with `-loglevel level+…`, and lines below `error` are passed over.
    """
    for line in err.splitlines():
        rest, speakers = line, []
        while match := _PREFIX.match(rest):
            speakers.append(match[1])
            rest = rest[match.end() :]
        level = _LEVEL.match(rest)
        if level is not None:
            rest = rest[level.end() :]
        if levels and (level is None or level[1] not in _GRAVE) and not _CORRUPT.match(rest):
            continue
        if not speakers or any(_OURS.match(speaker) for speaker in speakers):
            continue
        if not _AGAIN.search(rest) and not rest.startswith(_HARMLESS):
            yield clean(f"{speakers[-1]}: {rest}")


def summary(told: list[str]) -> str:
    """The first complaint, and how many there are."""
    return told[0] if len(told) == 1 else f"{told[0]} (and {len(told) - 1} more)"


def clean(text: str) -> str:
    """Text of a file or program that may be kept: NFC, no control characters, not long."""
    plain = unicodedata.normalize("NFC", _ADDRESS.sub("", text))
    kept = "".join(char if char.isprintable() and not _lone(char) else "?" for char in plain)
    return kept[:_LONGEST].strip()


def _lone(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"
