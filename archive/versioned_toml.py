"""TOML files that begin with the version of their form, such as `cunzheng_calendar = 1`."""

import tomllib
from typing import Any

from archive.errors import FormatError


def read_versioned(text: str, field: str, version: int) -> dict[str, Any]:
    """All that stands in the file beside its version; FormatError for another one."""
    try:
        table = tomllib.loads(text)
    # Beside its own error tomllib lets through those of huge numbers and deep nesting.
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not TOML: {error}") from error
    if table.pop(field, None) is not version:
        raise FormatError(f"{field} = {version} was expected")
    return table
