"""Finds fields named 密级 or classification with a mark as value: forms, JSON, XML, tables."""

import csv
import re
from collections.abc import Sequence
from itertools import pairwise

from ingest.mark_words import HIDDEN

_IN_ENGLISH = (
    r"(?:x-)?(?:[a-z]{2,16}[-_])?"
    r"(?:classified|classification(?:[-_]?(?:level|mark|marking))?|(?:security|secrecy)[-_]?(?:level|class)|"
    r"secrecy|sensitivity)"
)
_IN_CHINESE = (
    r"(?:文件|档案|定|原|涉)?密[级别](?:标志|名称|代码)?|定密|涉密等级|涉密级别|"
    r"保密级别|保密等级|秘密等级|密级[和及与]保密期限"
)
_NAME = rf"{_IN_ENGLISH}|{_IN_CHINESE}"
_CHINESE = r"(?:国家|涉密-?|\d[-.])?(?:绝密|机密|秘密)"
_ENGLISH = r"(?:topsecret|secret|(?:company-)?confidential)"
_LEVEL = rf"(?:{_CHINESE}|{_ENGLISH})"
_PROSE = r"绝密|机密|秘密|internal|public|and|or|but|which|when|as"
"""What comes behind a comma where a level is only spoken of."""
_AFTER = (
    r"(?=级?[-/·](?:\d|长期)|$|级?[★☆✩✪⭐*※]|级?[\])】〕}>\"'”’|<\\]|"
    rf"级?[,;](?!{_PROSE})|级?\((?![_\s]{{0,8}}\)|含)|//|级?$|"
    r"级?(?:\d{1,3}|[一二三四五六七八九十]{1,3})年|级?(?:长期|保密期限|期限|紧急|份号|编号|文号|日期|拟稿|签发|第))"
)
_OPEN = r"[\[{(【〔<\"'“‘]*"
_VALUE = rf"{_OPEN}{_LEVEL}{_AFTER}"
_BOX = r"(?:[(\[【]_{0,8}[)\]】]|[□☐○◯])"
_TICK = r"(?:[(\[【][☑✓√✔■●⊙☒vx×][)\]】]|[☑✓√✔■●⊙☒])"
_OPTION = (
    r"(?:(?P<level>绝密|机密|(?<!工作)(?<!商业)秘密)|(?:工作|商业)秘密|公开|内部|普通|一般|敏感|非密|不涉密|无)"
    rf"级?(?:{_BOX}|(?P<tick>{_TICK}))"
)
"""A level, or what stands beside the levels in a form, with its box behind it."""
_TICKED = rf"[^。]{{0,24}}{_TICK}(?:绝密|机密|秘密)"
_FORM = re.compile(rf"(?P<before>[^。]*?)[\[【(]?(?:{_NAME})[\])】]?[:=]+(?:{_VALUE}|{_TICKED})")
_BOXED = re.compile(_OPTION)
_NAMED = re.compile(rf"(?P<before>[^。]*?)[\[【(]?(?:{_NAME})[\])】]?[:=|]*(?={_OPTION})")
_BETWEEN = re.compile(r"[,;、/|]*")
_NO_BOX = re.compile(r"绝密|机密|秘密|公开|内部")
_JOINED = re.compile(
    rf"[\[【(]?(?:(?:{_NAME})[\])】]?{_OPEN}{_CHINESE}{_AFTER}|(?:{_IN_CHINESE})[\])】]?{_VALUE}"
    rf"|{_IN_ENGLISH}[\])]?{_OPEN}{_ENGLISH}(?=[\])\"'>]{{0,4}}$|//|[★☆*]))"
)
_BROKEN = re.compile(rf"[\[【(]?(?:{_NAME})[\])】]?[:=]?")
_CELLS = re.compile(r"\t|\s{2,}|\|")
_CELLED = re.compile(rf"(?:{_NAME}):?[\t|]{{1,8}}\s{{0,40}}(?:{_VALUE})")
_SPEAKS = re.compile(r"标注|标明|注明|例如|示例|应|写|填|如|的|是|为")
_QUOTED = re.compile(rf"[\"'](?:{_NAME})[\"']:(?:{_VALUE})")
_ELEMENT = re.compile(
    rf"<(?:[\w.-]+:)?(?:{_NAME})(?:[^\s=<>\"'/]{{1,40}}=[\"'][^\"'<>]*[\"'])*>(?:<!\[cdata\[)?(?:{_VALUE})"
    rf"|[\"'](?:{_NAME})[\"'][^<>]{{0,40}}(?:>|(?:content|value)=)(?:{_VALUE})"
    rf"|<[^<>]{{0,400}}?(?<![\w-])(?:{_NAME})=[\"'](?:{_VALUE})"
)
_ROWS = 200
_FORM_LINES = 40
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_VALUE_LINE = re.compile(_VALUE)
_TICKED_LINE = re.compile(rf"{_TICK}(?:绝密|机密|秘密)")
_EXACT_NAME = re.compile(_NAME)


def unescaped(text: str) -> str:
    r"""The text with its `\uXXXX` as characters."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def has_marked_field(plain: str, lines: Sequence[str]) -> bool:
    """Whether a field of classification names a level.

    `plain` is normalised (NFKC, small letters, simplified), `lines` are its lines with text.
    """
    if _in_form(lines[:_FORM_LINES]) or _in_columns(lines[:_ROWS]):
        return True
    compact = HIDDEN.sub("", plain)
    return _QUOTED.search(compact) is not None or _ELEMENT.search(compact) is not None


def _in_form(lines: Sequence[str]) -> bool:
    field = _Field()
    for line in lines:
        if _CELLED.search(line) or _in_commas(line):
            return True
        cells = _CELLS.split(line)
        for cell in (line, *cells) if len(cells) > 1 else cells:
            compact = HIDDEN.sub("", cell).lstrip("#*>-+|•·")
            if field.is_marked(compact):
                return True
    return field.has_lone_box


class _Field:
    """A field of classification whose value, or whose boxes, may stand in the cells behind it."""

    def __init__(self) -> None:
        self._is_open = False
        self._boxes = 0
        self._levels = 0

    @property
    def has_lone_box(self) -> bool:
        """Whether the only thing to be ticked was a level: its brackets were for a period."""
        return self._boxes == self._levels == 1

    def is_marked(self, compact: str) -> bool:
        """Whether the next cell of the page says that the level is one of a secret."""
        named = _options(compact)
        if named:
            self._boxes = self._levels = 0
            return self._tick(named)
        if _says_it(compact):
            return True
        if not compact:
            return False
        return self._is_value(compact) if self._is_open else self._begins(compact)

    def _is_value(self, compact: str) -> bool:
        """The same of a cell behind the name of an open field."""
        if _VALUE_LINE.match(compact) or _TICKED_LINE.match(compact):
            return True
        if boxes := _boxes_of(compact):
            return self._tick(boxes)
        return self.has_lone_box or self._begins(compact)

    def _begins(self, compact: str) -> bool:
        """Another field begins with the cell, or none."""
        self._is_open = _BROKEN.fullmatch(compact) is not None
        self._boxes = self._levels = 0
        return False

    def _tick(self, boxes: Sequence[re.Match[str]]) -> bool:
        self._is_open = True
        self._boxes += len(boxes)
        self._levels += sum(box["level"] is not None for box in boxes)
        return any(box["level"] and box["tick"] for box in boxes)


def _says_it(compact: str) -> bool:
    """Whether a cell has a field's name and a level as its value."""
    form = _FORM.match(compact)
    if form is not None and not _SPEAKS.search(form["before"]):
        return True
    return _JOINED.match(compact) is not None


def _options(compact: str) -> Sequence[re.Match[str]]:
    """The boxes of a named field, where they stand behind what they are for."""
    if not _BOXED.search(compact):
        return ()
    named = _NAMED.match(compact)
    if named is None or _SPEAKS.search(named["before"]):
        return ()
    return _boxes_of(compact, named.end())


def _boxes_of(compact: str, start: int = 0) -> Sequence[re.Match[str]]:
    """Nothing where one behind them has no box: then they stand before what they are for."""
    found = []
    while box := _BOXED.match(compact, start):
        found.append(box)
        between = _BETWEEN.match(compact, box.end())
        start = between.end() if between else box.end()
    return () if _NO_BOX.match(compact, start) else found


def _in_commas(line: str) -> bool:
    """Whether a cell of that name has a level behind it, in a row and not in a sentence."""
    if "。" in line:
        return False
    for mark in ",;":
        cells = [cell for cell in _cells(line, mark) if cell]
        if len(cells) > 2 and f"{mark} " in line:
            continue
        for name, value in pairwise(cells):
            if _EXACT_NAME.fullmatch(name.rstrip(":")) and _VALUE_LINE.match(value):
                return True
    return False


def _in_columns(lines: Sequence[str]) -> bool:
    """Whether a column of that name has a mark below it, in a table of commas or tabs."""
    for start, line in enumerate(lines[:5]):
        for mark in ",\t;|":
            names = _cells(line, mark)
            columns = [n for n, name in enumerate(names) if _EXACT_NAME.fullmatch(name)]
            if not columns or len(names) < 2:
                continue
            rows = (_cells(row, mark) for row in lines[start + 1 :])
            if any(n < len(row) and _VALUE_LINE.match(row[n]) for row in rows for n in columns):
                return True
    return False


def _cells(line: str, mark: str) -> list[str]:
    if mark not in line:
        return []
    try:
        row = next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        row = line.split(mark)
    return [HIDDEN.sub("", cell).strip("\"'*") for cell in row]
