"""The body that every signed entry has, whatever its kind (docs/formats.md §11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import fields
from archive.errors import FormatError
from archive.statements.kinds import BOOTSTRAP_KINDS, check_payload
from archive.statements.statement import Signed
from archive.times import format_time, parse_time

HOSTS = ("service", "single")


def _some_statements(value: object) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= 2:
        raise FormatError("one or two statements were expected")


BODY: Mapping[str, fields.Check] = {
    "accepted_at": fields.moment,
    "account": fields.account,
    "detail": fields.maybe(fields.sha256_digest),
    "detail_id": fields.maybe(fields.ulid),
    "host": fields.one_of(HOSTS),
    "statements": _some_statements,
}


@dataclass(frozen=True, slots=True)
class SignedBody:
    """The body of a signed entry. All statements have one kind and one payload."""

    accepted_at: datetime
    account: str
    host: str
    statements: tuple[Signed, ...]
    detail: str | None
    detail_id: str | None
    bootstrap: bool | None = None

    @property
    def kind(self) -> str:
        """Kind of the statements and of the entry."""
        return self.statements[0].statement.kind

    @property
    def payload(self) -> Mapping[str, Any]:
        """What all signers said."""
        return self.statements[0].statement.payload

    @property
    def signers(self) -> tuple[str, ...]:
        """Person ids, in the order of the statements."""
        return tuple(signed.statement.person for signed in self.statements)

    def value(self) -> dict[str, Any]:
        """The body as an object."""
        body: dict[str, Any] = {
            "accepted_at": format_time(self.accepted_at),
            "account": self.account,
            "detail": self.detail,
            "detail_id": self.detail_id,
            "host": self.host,
            "statements": [signed.value() for signed in self.statements],
        }
        return body if self.bootstrap is None else {**body, "bootstrap": self.bootstrap}


def read_body(kind: str, value: Any) -> SignedBody:
    """Read the body of an entry of a signed kind strictly; raises FormatError."""
    extra = {"bootstrap": fields.flag} if kind in BOOTSTRAP_KINDS else {}
    fields.exactly(value, {**BODY, **extra}, {})
    statements = tuple(Signed.from_value(item) for item in value["statements"])
    _check_together(kind, statements)
    payload = statements[0].statement.payload
    if payload["detail"] != value["detail"]:
        raise FormatError("the statements vouch for another detail")
    if (value["detail"] is None) != (value["detail_id"] is None):
        raise FormatError("it has a detail without its identifier, or the reverse")
    return SignedBody(
        accepted_at=parse_time(value["accepted_at"]),
        account=value["account"],
        host=value["host"],
        statements=statements,
        detail=value["detail"],
        detail_id=value["detail_id"],
        bootstrap=value.get("bootstrap"),
    )


def _check_together(kind: str, statements: Sequence[Signed]) -> None:
    first = statements[0].statement
    for signed in statements:
        statement = signed.statement
        if statement.kind != kind:
            raise FormatError("a statement was made for an entry of another kind")
        if statement.payload != first.payload:
            raise FormatError("the statements say different things")
    check_payload(kind, first.payload)
    if len({signed.statement.person for signed in statements}) != len(statements):
        raise FormatError("the statements are of the same person")
