"""Whether a text may hold a word of a secret's mark at all, before anything is done with it.

What `plain` makes of a text is looked through for 绝密, 機 密, ＳＥＣＲＥＴ and the like; to make
it of 200 MB takes more than a minute. Every such word has 密 in it, or is spelled with letters that
become those of `secret` or `confidential`, one after the other but for what `plain` leaves out.
Texts without either need not be made plain. There may be a word where `may_hold` says so; there is
none where it does not.
"""

import re
import unicodedata
from codecs import charmap_build, charmap_encode
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

HIDDEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
STRAY = re.compile(
    "\x1b\\[[0-9;]{0,20}[A-Za-z]|[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u0300-\u036f\u061c"
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff"
    "\u302a-\u302f\u3099\u309a\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0\ufff9-\uffff"
    "\U000e0000-\U000e0fff]"
)
"""What stands between characters and is none that a reader sees: controls, marks of direction and
variant, fillers, accents, tags; and what stands for bytes that were lost.
"""
SIMPLIFIED = str.maketrans("絕機祕級業別", "绝机秘级业别")
WORDS = ("secret", "confidential")
_STARTS = tuple(word[:end] for word in WORDS for end in range(1, len(word)))
HEADS = ("绝", "机", "秘", *_STARTS)
"""What a plain text may end with whose next character makes a word of it."""
_SPACES = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "
"""The characters of ASCII that are hidden."""
SPELLING = (
    *(range(0x2500), range(0x3000, 0x3400), range(0xA700, 0xA800), range(0xFB00, 0xFB07)),
    range(0xFE00, 0xFFFE),
)
"""Where all characters stand that are hidden or become Latin letters, but for those of _ASTRAL."""
FIRST_HALVES = "绝絕机機秘祕㊙"
"""What becomes 绝, 机 or 秘; nothing but 密 becomes 密."""
_CHINESE = re.compile(f"[{FIRST_HALVES}](?:{HIDDEN.pattern})?密")
_ASTRAL = re.compile("[\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff]")
_LETTERS = "".join(sorted({*"".join(WORDS)}))
_ENDS = tuple(word[start:] for word in WORDS for start in range(1, len(word)))
_NONE = "\ufffe"
"""Says in a table of `charmap_build` that nothing stands there."""


def plain(text: str) -> str:
    """The text as it is looked through: full-width letters, spaces inside a word, capital letters
    and traditional characters hide nothing.
    """
    if text.isascii():
        return _plain_ascii(text).decode("ascii")
    found = HIDDEN.sub("", unicodedata.normalize("NFKC", text)).casefold()
    # Six searches; str.translate takes fifty times as long.
    for traditional, simplified in SIMPLIFIED.items():
        found = found.replace(chr(traditional), chr(simplified))
    return found


def may_hold(text: str) -> bool:
    """False where no word of a mark stands in what `plain` makes of the text."""
    if text.isascii():
        spelled = _plain_ascii(text)
    elif "密" in text and _CHINESE.search(text):
        return True
    else:
        spelled = _spelled(text)
    return b"secret" in spelled or b"confidential" in spelled


def end_of(before: str, text: str, length: int) -> str:
    """The last `length` characters of `before + plain(text)`, without making all of it."""
    size = 2 * length
    while size < len(text):
        start = _seam(text, len(text) - size)
        ending = plain(text[start:])
        if start and len(ending) >= length:
            return ending[-length:]
        size *= 4
    return (before + plain(text))[-length:]


def _seam(text: str, start: int) -> int:
    """A place from `start` on backwards where a text can be cut and made plain in two parts."""
    # Neither ASCII nor an ideograph ever melts into one with what stands before it.
    for place in range(start, 0, -1):
        character = text[place]
        if character.isascii() or "\u4e00" <= character <= "\u9fff":
            return place
    return 0


def _plain_ascii(text: str) -> bytes:
    return text.encode("ascii").translate(None, _SPACES).lower()


def _spelled(text: str) -> bytes:
    """The text with what is hidden left out, and `?` for all that is no letter of the words."""
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text):
        text = _ASTRAL.sub(lambda match: plain(match[0]), text)
    mapping, letters, hidden, ligatures = _alphabet()
    found = charmap_encode(text, "replace", mapping)[0].translate(letters, hidden)
    for one, several in ligatures:
        if one in found:
            found = found.replace(one, several)
    return found


class _Alphabet(NamedTuple):
    """What the codec of single-byte encodings needs to write characters as letters of the words."""

    mapping: Any
    """Characters to bytes, one each; what is in no word becomes `?`."""
    letters: bytes
    """Bytes to small letters of ASCII."""
    hidden: bytes
    ligatures: tuple[tuple[bytes, bytes], ...]
    """Bytes of characters that become several letters, and these."""


@cache
def _alphabet() -> _Alphabet:
    table = [_NONE] * 256
    letters, hidden, ligatures = bytearray(range(256)), bytearray(), []
    used = {*map(ord, _LETTERS.upper() + _LETTERS + "?"), *_SPACES, 0}
    for code in used:
        table[code] = chr(code)
    free = iter({*range(256)} - used)
    for character, found in _counting():
        place = ord(character) if ord(character) in used else next(free)
        table[place] = character
        if not found:
            hidden.append(place)
        elif len(found) == 1:
            letters[place] = ord(found)
        else:
            ligatures.append((bytes((place,)), found.encode("ascii", "replace")))
    mapping = charmap_build("".join(table))
    return _Alphabet(mapping, bytes(letters), bytes(hidden), tuple(ligatures))


def _counting() -> Iterator[tuple[str, str]]:
    """Characters that are hidden, or become letters that may be part of a word, and what they
    become.
    """
    for code in (code for block in SPELLING for code in block):
        found = plain(chr(code))
        inside = any(found in word for word in WORDS)
        if inside or found.startswith(_ENDS) or found.endswith(_STARTS):
            yield chr(code), found
