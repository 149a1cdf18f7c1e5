"""RTF: words of headers, body and text boxes (RTF 1.9.1). One pass, nothing kept of objects.

striprtf was tried: it leaves out headers, where the line of classification stands.
"""

import re
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from ingest.documents.codes import EMBEDDED, EXTERNAL
from ingest.documents.reading import BYTES, Reached, Reading

_TOKEN = re.compile(
    rb"\\bin(\d{1,9}) ?|\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\(.)|([{}])"
    rb"|([^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)
_SKIPPED = frozenset(
    b"fonttbl colortbl stylesheet info pict object objdata themedata colorschememapping datastore"
    b" latentstyles listtable listoverridetable revtbl rsidtbl generator xmlnstbl fldinst sp sn sv"
    b" filetbl private1 bkmkstart bkmkend mmathPr pgptbl nonshppict falt panose".split()
)
_KEPT = frozenset(b"shpinst shptxt fldrslt shppict nesttableprops".split())
"""Starred destinations that hold words, or hold others that do."""
_FRONT = frozenset(b"header headerl headerr headerf".split())
_ASIDE = frozenset(b"footer footerl footerr footerf footnote annotation".split())
_BREAKS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"row": "\n", b"cell": "\t", b"nestcell": "\t",
    b"tab": "\t", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"bullet": "•", b"emspace": " ", b"enspace": " ",
}  # fmt: skip
_CHARSETS = {
    134: "gb18030", 136: "big5", 128: "cp932", 129: "cp949", 204: "cp1251", 161: "cp1253",
    162: "cp1254", 177: "cp1255", 178: "cp1256", 186: "cp1257", 238: "cp1250", 222: "cp874",
}  # fmt: skip
_PAGES = {936: "gb18030", 950: "big5", 932: "cp932", 949: "cp949", 65001: "utf-8"}
_DEEPEST = 2000


class _State(NamedTuple):
    """What ends with a group."""

    skipped: bool
    put: Callable[[str], None]
    unicode_skip: int
    font: int


def read(file: BinaryIO, reading: Reading) -> None:
    """Put the words of an RTF into the reading."""
    if file.seek(0, 2) > BYTES:
        raise Reached(f"size: more than {BYTES} bytes")
    file.seek(0)
    _Walk(reading).run(file.read())


class _Walk:
    """Goes through the tokens once."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._state = _State(skipped=False, put=reading.add, unicode_skip=1, font=-1)
        self._groups: list[_State] = []
        self._page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._in_fonts = 0
        self._title: list[str] | None = None
        self._starred = False
        self._to_skip = 0
        self._pending = bytearray()
        self._high = ""

    def run(self, data: bytes) -> None:
        place = 0
        while match := _TOKEN.match(data, place):
            place = match.end()
            binary, hexed, word, number, symbol, brace, text = match.groups()
            if hexed is not None:
                self._byte(int(hexed, 16))
            elif text is not None:
                self._plain(text)
            elif word is not None:
                self._word(word, int(number) if number else None)
            elif brace is not None:
                self._brace(brace)
            elif symbol is not None:
                self._symbol(symbol)
            elif binary is not None:
                place += int(binary)
            if brace == b"}" and not self._groups:
                break
        self._flush()

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._to_skip = 0
        if brace == b"{":
            if len(self._groups) >= _DEEPEST:
                raise Reached(f"depth: more than {_DEEPEST} groups within each other")
            self._groups.append(self._state)
            self._starred = False
        elif self._groups:
            if len(self._groups) <= self._in_fonts:
                self._in_fonts = 0
            self._state = self._groups.pop()
            if self._title is not None:
                self._reading.title = self._reading.title or "".join(self._title)
                self._title = None

    def _word(self, word: bytes, number: int | None) -> None:
        if word != b"u":
            self._flush()
            self._to_skip = 0
        starred, self._starred = self._starred, False
        if word in _SKIPPED or (starred and word not in _KEPT):
            self._destination(word)
        elif word in _FRONT:
            self._state = self._state._replace(put=self._reading.front)
            self._emit("\n")
        elif word in _ASIDE or word == b"shptxt":
            self._state = self._state._replace(put=self._reading.aside)
            self._emit("\n")
        elif word == b"title" and self._state.skipped:
            self._title = []
        elif number is not None:
            self._numbered(word, number)
        elif word == b"page" and self._state.put == self._reading.add:
            self._emit("\n")
            if not self._state.skipped:
                self._reading.page()
        elif word in _BREAKS:
            self._emit(_BREAKS[word])

    def _destination(self, word: bytes) -> None:
        if word == b"fonttbl":
            self._in_fonts = len(self._groups)
        elif word in (b"object", b"objdata"):
            self._reading.notice(EMBEDDED, "object")
        elif word == b"template":
            self._reading.notice(EXTERNAL, "template")
        self._state = self._state._replace(skipped=True)

    def _numbered(self, word: bytes, number: int) -> None:
        if word == b"u":
            self._unicode(number & 0xFFFF)
        elif word == b"uc":
            self._state = self._state._replace(unicode_skip=min(max(number, 0), 16))
        elif word == b"ansicpg":
            self._page = _PAGES.get(number, f"cp{number}" if 1250 <= number <= 1258 else "cp1252")
        elif word == b"f":
            self._state = self._state._replace(font=number)
        elif word == b"fcharset" and self._in_fonts and number in _CHARSETS:
            self._fonts[self._state.font] = _CHARSETS[number]

    def _unicode(self, unit: int) -> None:
        self._flush(keep_high=True)
        self._to_skip = self._state.unicode_skip
        if 0xD800 <= unit < 0xDC00:
            self._high = chr(unit)
            return
        pair, self._high = self._high + chr(unit), ""
        self._emit(pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._starred = True
        elif symbol in (b"\\", b"{", b"}"):
            self._plain(symbol)
        elif symbol in (b"\n", b"\r"):
            self._emit("\n")
        elif symbol == b"~":
            self._emit(" ")
        elif symbol == b"_":
            self._emit("-")

    def _byte(self, value: int) -> None:
        if self._to_skip:
            self._to_skip -= 1
        else:
            self._pending.append(value)

    def _plain(self, text: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        self._pending += text

    def _flush(self, *, keep_high: bool = False) -> None:
        if not keep_high:
            self._high = ""
        if self._pending:
            encoding = self._fonts.get(self._state.font, self._page)
            self._emit(self._pending.decode(encoding, "replace"))
            self._pending.clear()

    def _emit(self, text: str) -> None:
        if self._title is not None:
            self._title.append(text[:500])
        elif not self._state.skipped:
            self._state.put(text)
