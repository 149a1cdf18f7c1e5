"""A volume's lines in the order that the archive proposes, or that of a person's file."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from archive.errors import UsageError
from archive.filing.volume_table import numbered
from cli.language import say
from cli.output import show_path

Signed = dict[str, str | int]
_MOST_BYTES = 8 << 20
_MOST_PAGES = 100_000
_LEAST_ID = 6
_COLUMNS = {"record": "record", "记录标识": "record", "pages": "pages", "页数": "pages"}
_COLUMNS |= {"title": "title", "题名": "title"}
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def in_order(lines: Sequence[Mapping[str, Any]], order: Path | None) -> list[Signed]:
    """The lines as they are signed, with page numbers that go on.

    A file has one row for each record that goes into the volume, in their order; records that it
    does not name stay out. Raises UsageError for what is no such file.
    """
    if order is None:
        return _numbered(lines)
    chosen: dict[str, Mapping[str, Any]] = {}
    for number, row in enumerate(_read(order), 2):
        line = _found(lines, row.get("record") or "", number)
        if line["record"] in chosen:
            raise _bad(number, f"{line['record']} stands twice", f"{line['record']} 重复")
        chosen[line["record"]] = {**line, **_changed(row, number)}
    if not chosen:
        raise UsageError(say("The order names no record.", "顺序文件未列出任何记录。"))
    return _numbered(chosen.values())


def _numbered(lines: Any) -> list[Signed]:
    found = ((one["record"], one["title"], one["digest"], one["pages"]) for one in lines)
    return numbered(found)


def _read(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError("too large")
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except OSError as error:
        name = show_path(path)
        raise UsageError(say(f"{name} cannot be read.", f"无法读取 {name}。")) from error
    except (ValueError, csv.Error) as error:
        name = show_path(path)
        raise UsageError(
            say(f"{name} is no CSV in UTF-8.", f"{name} 不是 UTF-8 的 CSV。")
        ) from error
    names = [_COLUMNS.get(cell.strip(), "") for cell in rows[0]] if rows else []
    if "record" not in names:
        raise UsageError(
            say("The order needs a column `record`.", "顺序文件须有“记录标识”列（或 record）。")
        )
    for row in rows[1:]:
        if any(cell.strip() for cell in row):
            yield {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}


def _found(lines: Sequence[Mapping[str, Any]], text: str, number: int) -> Mapping[str, Any]:
    """The line of a record that is named by its id or the beginning of it."""
    wanted = text.upper()
    found = [one for one in lines if one["record"].startswith(wanted)]
    if len(wanted) < _LEAST_ID or len(found) != 1:
        raise _bad(
            number,
            f"{text[:40]!r} is no record of the case that is left to be filed",
            f"{text[:40]!r} 不是本案尚未归档的记录",
        )
    return found[0]


def _changed(row: Mapping[str, str], number: int) -> dict[str, Any]:
    """Pages and title that a person gives; empty cells leave them as they are."""
    found: dict[str, Any] = {}
    if pages := row.get("pages"):
        known = pages.isascii() and pages.isdigit() and len(pages) <= len(str(_MOST_PAGES))
        if not known or not 1 <= int(pages) <= _MOST_PAGES:
            raise _bad(number, f"{pages[:20]!r} pages", f"页数 {pages[:20]!r} 有误")
        found["pages"] = int(pages)
    if title := row.get("title"):
        # The archive's own CSV has an apostrophe before what a spreadsheet would compute.
        found["title"] = title[1:] if title[0] == "'" and title[1:2] in _FORMULA else title
    return found


def _bad(number: int, en: str, zh: str) -> UsageError:
    return UsageError(say(f"The order, row {number}: {en}.", f"顺序文件第 {number} 行：{zh}。"))
