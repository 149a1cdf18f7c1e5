"""Finds fields named 密级 or classification with a mark as value: forms, JSON, XML, tables."""

import csv
import re
from collections.abc import Sequence

from ingest.mark_words import HIDDEN

_NAME = (
    r"(?:x-)?(?:[a-z]{2,16}[-_])?"
    r"(?:classified|classification(?:[-_]?(?:level|mark|marking))?|(?:security|secrecy)[-_]?(?:level|class)|"
    r"secrecy|sensitivity)|(?:文件|档案|定|原|涉)?密级(?:标志|名称|代码)?|定密|涉密等级|涉密级别|"
    r"保密级别|保密等级|秘密等级|密级[和及与]保密期限"
)
_LEVEL = r"(?:(?:国家|涉密-?|\d[-.])?(?:绝密|机密|秘密)|topsecret|secret|(?:company-)?confidential)"
_AFTER = (
    r"(?=级?[-/·](?:\d|长期)|$|级?[★☆✩✪⭐*※]|级?[\])】〕}>\"'”’|<\\]|级?[,;](?!绝密|机密|秘密)|级?\(|//|级?$|"
    r"级?(?:\d{1,3}|[一二三四五六七八九十]{1,3})年|级?(?:长期|保密期限|期限|紧急|份号|编号|文号|日期|拟稿|签发|第))"
)
_VALUE = rf"[\[{{(【〔<\"'“‘]*{_LEVEL}{_AFTER}"
_TICKED = r"[^。]{0,24}[☑✓√✔■●⊙☒](?:绝密|机密|秘密)"
_FORM = re.compile(rf"(?P<before>[^。]*?)[\[【(]?(?:{_NAME})[\])】]?[:=]+(?:{_VALUE}|{_TICKED})")
_JOINED = re.compile(rf"[\[【(]?(?:{_NAME})[\])】]?{_VALUE}")
_BROKEN = re.compile(rf"[\[【(]?(?:{_NAME})[\])】]?[:=]?")
_CELLS = re.compile(r"\t|\s{2,}|\|")
_CELLED = re.compile(rf"(?:{_NAME}):?[\t|,;]{{1,8}}\s{{0,40}}(?:{_VALUE})")
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
    before = ""
    for line in lines:
        if _CELLED.search(line):
            return True
        cells = _CELLS.split(line)
        for cell in (line, *cells) if len(cells) > 1 else cells:
            compact = HIDDEN.sub("", cell).lstrip("#*>-+|•·")
            found = _FORM.match(compact)
            if found is not None and not _SPEAKS.search(found["before"]):
                return True
            if _JOINED.match(compact):
                return True
            if _BROKEN.fullmatch(before) and _VALUE_LINE.match(compact):
                return True
            before = compact or before
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
