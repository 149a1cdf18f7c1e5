"""Which small records do not go into a pack, because they may have to be kept or go apart."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from archive.database import Database
from archive.desk.db_shelf import DbShelf
from archive.registers.cases import plain_number

Claims = Mapping[str, Any]
_SENSITIVE = {"sensitive", "敏感"}


def is_sensitive(claims: Claims) -> bool:
    """Whether a sidecar says that its file is sensitive, or why."""
    return claims.get("classification") in _SENSITIVE or bool(claims.get("tags"))


class Apart:
    """Judges the records of one batch: by a rule over the claims, and by the case they claim.

    What is under a hold, sensitive, or of a major case goes its own way from what lies beside it.

    A hold that is placed later protects the whole pack.
    """

    def __init__(self, rule: Callable[[Claims], bool], database: Database) -> None:
        self._rule = rule
        self._db = database
        self._cases: dict[str, bool] = {}

    def __call__(self, claims: Claims) -> bool:
        """Whether a record with these claims gets objects of its own."""
        if self._rule(claims):
            return True
        number = claims.get("case")
        if number is None:
            return False
        if number not in self._cases:
            with self._db.read() as connection:
                self._cases[number] = _stands_apart(connection, number)
        return self._cases[number]


def _stands_apart(connection: Connection, number: str) -> bool:
    """Whether the case of this number is under a hold, sensitive or major."""
    shelf = DbShelf(connection)
    named = shelf.get("case_number", plain_number(number))
    case = shelf.get("case", named["case"]) if named else None
    if named is None or case is None:
        return False
    holds = shelf.get("case_holds", named["case"])
    held = bool(holds and holds["holds"])
    return held or bool(case["sensitivity"]) or case["importance"] == "major"
