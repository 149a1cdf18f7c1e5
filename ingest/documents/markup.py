"""Visible words of HTML and words of XML, found in one pass over a text that is at hand.

Own scanner: html.parser takes times that grow with the square for some broken input, and this
runs where files are taken in. Nothing is fetched, run or expanded.
"""

import html
import re
from collections.abc import Callable
from typing import NamedTuple

from ingest.documents.codes import ACTIVE, ENTITIES, EXTERNAL
from ingest.documents.rows import CELL, END, ROW, apart, joined

Notice = Callable[[str, str], None]
_NAME = re.compile(r"/?\s*([A-Za-z][A-Za-z0-9:-]*)")
_HIDDEN = frozenset(("script", "style", "template", "noscript", "head"))
_RAW = frozenset(("script", "style"))
_BLOCKS = frozenset(
    {
        *("p", "br", "div", "tr", "li", "ul", "ol", "table", "hr", "section", "article"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "header", "footer", "pre", "blockquote"),
        *("dt", "dd", "option", "title", "body", "caption", "form"),
    }
)
_ACTIVE_NAME = re.compile(r"(?i)\bon[a-z]+\s*=|javascript:")
_REMOTE = re.compile(r"(?i)\b(?:src|background|data)\s*=\s*[\"']?\s*(?:https?:)?//[^\s\"'>]{1,200}")
_SHEET = re.compile(r"(?i)\bhref\s*=\s*[\"']?\s*(?:https?:)?//[^\s\"'>]{1,200}")
_ENDLESS = re.compile(r"&#[xX]?[0-9A-Fa-f]{9,};?")
_SPACES = re.compile(r"[ \t\r\f\v]+")
_EMPTY_LINES = re.compile(r"\n\s*\n+")


class Visible(NamedTuple):
    """Words and title of a page."""

    text: str
    title: str | None
    rows: str
    """The text with every row of a table on a line of its own, its cells parted by tabs."""


def visible(text: str, notice: Notice, *, xml: bool = False) -> Visible:
    """What a reader sees; scripts, handlers and remote parts are noticed and left alone.

    XML gives the words of all elements, each on a line of its own.
    """
    return _Scan(text, notice, xml=xml).run()


class _Scan:
    """Goes from one `<` to the next."""

    def __init__(self, text: str, notice: Notice, *, xml: bool) -> None:
        self._text = text
        self._notice = notice
        self._xml = xml
        self._out: list[str] = []
        self._title: list[str] = []
        self._in_title = False
        self._hidden = ""
        self._absent: set[str] = set()

    def run(self) -> Visible:
        text, place = self._text, 0
        while True:
            opening = text.find("<", place)
            self._words(text[place:] if opening < 0 else text[place:opening])
            if opening < 0:
                break
            place = self._markup(opening)
        shown = _unescaped("".join(self._out))
        lines = _single(apart(shown)) if CELL in shown else _single(shown)
        rows = _single(joined(shown)).replace(CELL, "\t") if ROW in shown else lines
        title = " ".join(_unescaped("".join(self._title)).split())[:500]
        return Visible(lines, title or None, rows)

    def _words(self, words: str) -> None:
        if self._in_title:
            self._title.append(words)
        if self._xml or (not self._hidden and not self._in_title):
            self._out.append(words)

    def _markup(self, opening: int) -> int:
        text = self._text
        if text.startswith("<!--", opening):
            return self._behind("-->", opening + 4)
        if text.startswith("<![CDATA[", opening):
            end = self._behind("]]>", opening + 9)
            self._words(text[opening + 9 : end - 3])
            return end
        end = self._behind(">", opening + 1)
        if text.startswith("<!", opening) and "<!ENTITY" in text[opening : end + 20]:
            self._notice(ENTITIES, "document type")
            return self._behind("]>", opening + 1)
        match = _NAME.match(text, opening + 1, min(end, opening + 80))
        if match is None:
            if not text.startswith(("<!", "<?"), opening):
                self._words("<")
                return opening + 1
            return end
        return self._element(match[1].lower(), text[opening + 1 : end], end)

    def _element(self, name: str, tag: str, end: int) -> int:
        closing = tag.startswith("/")
        if self._xml:
            self._in_title = name.rpartition(":")[2] == "title" and not closing and not self._title
            self._out.append("\n")
            return end
        if name == "title":
            self._in_title = not closing and not self._title
        elif name in _RAW and not closing:
            if name == "script":
                self._notice(ACTIVE, "script")
            self._remote(name, tag)
            return self._raw_end(name, end)
        elif name == "body":
            self._hidden = ""
        elif name in _HIDDEN:
            self._hide(name, closing=closing)
        if name in _BLOCKS and not self._hidden:
            self._out.append("\n")
        elif name in ("td", "th") and closing:
            self._out.append(CELL)
        if name in ("tr", "table") and not self._hidden:
            self._out.append(END if closing else ROW if name == "tr" else "")
        self._remote(name, tag)
        return end

    def _hide(self, name: str, *, closing: bool) -> None:
        if closing and self._hidden == name:
            self._hidden = ""
        elif not closing and not self._hidden:
            self._hidden = name

    def _remote(self, name: str, tag: str) -> None:
        if "=" not in tag:
            return
        if _ACTIVE_NAME.search(tag[:4000]):
            self._notice(ACTIVE, name)
        remote = (_SHEET if name == "link" else _REMOTE).search(tag[:4000])
        if remote:
            self._notice(EXTERNAL, f"{name}: {remote[0]}")

    def _raw_end(self, name: str, start: int) -> int:
        """Behind `</script>`, whatever its letters' case."""
        place = start
        while True:
            place = self._text.find("</", place)
            if place < 0:
                return len(self._text)
            if self._text[place + 2 : place + 2 + len(name)].lower() == name:
                return self._behind(">", place)
            place += 2

    def _behind(self, mark: str, start: int) -> int:
        """Behind the next mark; one that is found to be absent is not looked for again."""
        if mark in self._absent:
            return len(self._text)
        found = self._text.find(mark, start)
        if found < 0:
            self._absent.add(mark)
            return len(self._text)
        return found + len(mark)


def _single(text: str) -> str:
    return _EMPTY_LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def _unescaped(text: str) -> str:
    """With its entities as characters; endless numbers, at which `html` raises, are left out."""
    return html.unescape(_ENDLESS.sub("", text)) if "&" in text else text
