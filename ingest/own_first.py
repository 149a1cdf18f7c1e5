"""Files of named rows, of which an office may put its own before those that come with cunzheng:
profiles of file names and mappings of sidecars.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from archive import fields
from archive.errors import FormatError
from archive.versioned_toml import read_versioned

VERSION = 1
_MOST_TEXT = 256 << 10
_MOST_ROWS = 100
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


class Named(Protocol):
    """A row as it was read."""

    @property
    def name(self) -> str:
        """Its name among all rows."""


Row = TypeVar("Row", bound=Named)


def own_first(
    own: Path | None, shipped: Path, parse: Callable[[str], Iterable[Row]]
) -> tuple[Row, ...]:
    """Rows of the file of one's own, if there is one, then those that are shipped; of two with the
    same name the first.

    Raises FormatError naming the file, or OSError where it cannot be read.
    """
    by_name: dict[str, Row] = {}
    for path in [own, shipped] if own else [shipped]:
        try:
            parsed = parse(path.read_text(encoding="utf-8"))
        except (FormatError, UnicodeDecodeError) as error:
            raise FormatError(f"{path.name}: {error}") from error
        for one in parsed:
            by_name.setdefault(one.name, one)
    return tuple(by_name.values())


def read_table(
    text: str, field: str, key: str, more: Mapping[str, fields.Check] | None = None
) -> dict[str, Any]:
    """The table of a file of `[[key]]` rows, with what else may stand beside them; FormatError.

    `field` has the file's version. What is in the rows is not checked yet.
    """
    if len(text) > _MOST_TEXT:
        title = field.removeprefix("cunzheng_").replace("_", " ")
        raise FormatError(f"{title} have at most 256 KiB")
    table = read_versioned(text, field, VERSION)
    fields.exactly(table, {key: fields.each(fields.anything)}, more or {})
    if not 1 <= len(table[key]) <= _MOST_ROWS:
        raise FormatError(f"there are 1 to {_MOST_ROWS} {key}s in a file")
    return table


def check_name(value: object) -> None:
    """The name of a row; FormatError."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise FormatError("a name has a to z, digits and _, at most 32")
