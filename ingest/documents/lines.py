"""The first lines of a document as its fields are looked for in them. Pure.

Blanks within a spaced-out title (行 政 处 罚 决 定 书) are left out, and so are marks of Markdown.
A row of a table stays one line, its cells parted by tabs.
"""

import re

MOST_LINES = 60
MOST_WIDTH = 400
"""Characters of a line that are looked at."""
_WIDE = re.compile(r"[ \u3000\xa0]{4,}|[ \u3000\xa0]{2,}(?=[^\s：:]{2,8}[：:])| \| ")
_LABEL = re.compile(r"^([\u3400-\u9fff])[ \u3000\xa0]+([\u3400-\u9fff]{1,2})(?=[：:])")
_MARKDOWN = re.compile(r"^\s*(?:#{1,6}\s+|>\s+|\|\s*(?!-))|\s*#+\s*$|\*\*|__(?=\S)|\s*\|\s*$")
_MARKS = ("  ", "\t", "|", "#", "**", "\u3000", "\xa0")
"""Without these a line is as it stands; the patterns cost more than everything else."""
_MARKED = "#>|*_\ufeff"
_SPACED = 0.6
"""Share of single characters among the words of a line that is spaced out."""


def compact(line: str) -> str:
    """A line with single blanks; without any where it is spaced out."""
    shown = " ".join(line.split())
    if shown.isascii() or " " not in shown:
        return shown
    words = shown.split(" ")
    if sum(len(word) == 1 for word in words) >= _SPACED * len(words):
        return "".join(words)
    return _LABEL.sub(r"\1\2", shown)


def lines_of(page: str) -> list[str]:
    """The first lines that are not empty; spaced-out titles closed, cells parted by tabs."""
    if page.isascii() and not any(mark in page for mark in _MARKS):
        plain = page.splitlines()[:MOST_LINES]
        return [line.strip()[:MOST_WIDTH] for line in plain if line and not line.isspace()]
    found: list[str] = []
    for raw in page.splitlines():
        line = raw[:MOST_WIDTH]
        if line.isspace() or not line:
            continue
        words = line.split()
        if len(words) == 1 and "\t" not in line:
            line = words[0]
            if line[0] in _MARKED or line[-1] in _MARKED:
                line = _MARKDOWN.sub("", line)
        else:
            cells = _cells(_MARKDOWN.sub("", line))
            line = "\t".join(filter(None, map(compact, cells)))
        if line:
            found.append(line)
            if len(found) == MOST_LINES:
                break
    return found


def _cells(line: str) -> list[str]:
    if "\t" in line:
        return line.split("\t")
    parts = _WIDE.split(line.strip())
    if len(parts) > 1 and len(parts[0].strip()) <= 1:
        return [line]  # spaced out, however wide
    return parts
