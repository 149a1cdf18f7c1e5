"""JSON documents as they cross the boundary: strict, bounded, the same in both directions."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from archive.errors import FormatError, UsageError

PROTOCOL = 1
"""Version of what is said over the socket."""
MAX_DOCUMENT = 1 << 20
"""Bytes of one document."""


def encode(document: Mapping[str, Any]) -> bytes:
    """UTF-8 JSON; UsageError where it is too large, FormatError where it is no document."""
    try:
        data = json.dumps(
            document, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError("That is no JSON document.") from error
    if len(data) > MAX_DOCUMENT:
        raise UsageError("This is too much for one message (1 MiB); ask for less at a time.")
    return data


def decode(data: bytes) -> dict[str, Any]:
    """Read a document; FormatError for anything that is none."""
    try:
        document = json.loads(data, parse_constant=_refuse)
        json.dumps(document, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise FormatError("That is no JSON document.") from error
    if not isinstance(document, dict):
        raise FormatError("That is no JSON object.")
    return document


def same(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as the other side of a connection would get it."""
    return decode(encode(document))


def check_params(
    params: Mapping[str, Any],
    required: Mapping[str, type],
    optional: Mapping[str, type] | None = None,
) -> None:
    """Raise UsageError unless exactly these are there, of these types; null will do for optional.

    Types are `str`, `int`, `bool`, `list` or `dict`.
    """
    may = optional or {}
    for name in required.keys() - params.keys():
        raise UsageError(f"The parameter {name} is missing.")
    for name, value in params.items():
        kind = required.get(name) or may.get(name)
        if kind is None:
            raise UsageError(f"There is no parameter {name[:64]!r} here.")
        if type(value) is not kind and not (value is None and name in may):
            raise UsageError(f"The parameter {name} must be: {_KINDS[kind]}.")


_KINDS = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)
