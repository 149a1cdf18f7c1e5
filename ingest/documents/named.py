"""JSON and XML as lines `name：value`: their fields are found like those of a form. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

_MOST = 400
_LONGEST = 400
_ELEMENT = re.compile(
    r"<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<>]*)(?:<!\[CDATA\[([^<>]*)\]\]>([^<>]*))?</"
)
"""Each part ends where the next begins: nothing is read twice."""
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_TITLES = (
    *(
        "title",
        "标题",
        "題名",
        "题名",
        "文书名称",
        "文書名稱",
        "文书标题",
        "文件标题",
        "文件名称",
        "doctitle",
        "docname",
    ),
    *("documenttitle", "名称", "subject", "主题", "案由", "name"),
)


def of_json(text: str) -> list[tuple[str, str]]:
    """Names and texts of an object, at any depth; nothing of what is not JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found: list[tuple[str, str]] = []
    for pair in _walk(value, "", 0):
        found.append(pair)
        if len(found) == _MOST:
            break
    return found


def _walk(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > 20:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, str(key), depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, name, depth + 1)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        # JSON escapes can name half characters, which no text may hold.
        yield name.encode(errors="ignore").decode(), str(value).encode(errors="ignore").decode()


def of_xml(text: str) -> list[tuple[str, str]]:
    """Names and texts of elements that hold nothing but text; nothing is parsed or expanded."""
    found = []
    for match in _ELEMENT.finditer(text):
        value = "".join(filter(None, match.groups()[1:])).strip()
        if not 0 < len(value) <= _LONGEST:
            continue
        for entity, char in _ENTITIES if "&" in value else ():
            value = value.replace(entity, char)
        found.append((match[1], value))
        if len(found) == _MOST:
            break
    return found


def title_in(pairs: list[tuple[str, str]]) -> str:
    """The text of the field that is most likely the title."""
    by_name: dict[str, str] = {}
    for name, value in pairs:
        by_name.setdefault(name.lower().replace("_", ""), value)
    return next((by_name[name] for name in _TITLES if by_name.get(name)), "")


def as_lines(pairs: list[tuple[str, str]]) -> str:
    """One line for each pair."""
    return "\n".join(f"{name}：{' '.join(value.split())}" for name, value in pairs)
