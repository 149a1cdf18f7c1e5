"""Signed statements with their details as JSON, in both directions across the boundary."""

from collections.abc import Mapping
from typing import Any

from archive import fields
from archive.detail import Detail
from archive.errors import FormatError
from archive.statements.kinds import check_payload
from archive.statements.statement import Signed
from cli.service.desk import Document
from signing import canonical
from signing.errors import SigningError


def packed(signed: Signed, detail: Detail | None) -> Document:
    """A statement and its detail as an operation takes them."""
    statement: Document = {"statement": signed.value()}
    return statement if detail is None else {**statement, "detail": detail_value(detail)}


def detail_value(detail: Detail) -> Document:
    """A detail as an object."""
    return fields.decode_object(detail.to_bytes(), "a detail")


def statement_from(value: Any, *kinds: str) -> Signed:
    """Read a signed statement of one of these kinds; FormatError for anything else."""
    signed = Signed.from_value(value)
    if signed.statement.kind not in kinds:
        raise FormatError("The statement was made for something else.")
    check_payload(signed.statement.kind, signed.statement.payload)
    return signed


def detail_from(value: Mapping[str, Any]) -> Detail:
    """Read a detail; FormatError."""
    try:
        return Detail.parse(canonical.encode(dict(value)))
    except SigningError as error:
        raise FormatError("That is no detail.") from error
