"""Statements with their details as operations take them; callers use `cli.service.signed`."""

from collections.abc import Mapping
from typing import Any

from archive.desk.release import Handed
from archive.errors import FormatError
from cli.service.signed import detail_from, statement_from


def handed_from(params: Mapping[str, Any], *kinds: str) -> Handed:
    """Read a statement with its detail, if there is one; FormatError."""
    detail = params.get("detail")
    if params.keys() - {"statement", "detail"}:
        raise FormatError("A statement comes with its detail and nothing else.")
    signed = statement_from(params.get("statement"), *kinds)
    return Handed(signed, None if detail is None else detail_from(detail))
