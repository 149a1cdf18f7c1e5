"""Who may read what in the catalog; archive.desk.finding searches by it.

    reader = reader_of(shelf.every("person"), account, now)      # Denied for who is not enrolled
    if sees_record(connection, reader, row): ...

Names, titles, previews and parties are like content. Archivists, legal office, inspectors and
approvers see all of them, a handler those of his unit's and his own cases; of other records he sees
that they are there. An administrator sees none, nor does an account that one of them has. What is
not shown cannot be searched for either.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from archive.desk.db_shelf import DbShelf
from archive.errors import Denied
from archive.registers.denials import denied
from archive.registers.shelf import Shelf, Value
from archive.tables import RecordRow
from archive.times import parse_time

_OF_EVERYTHING = ("archivist", "legal_office", "inspector.", "approver.")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: the active people who are bound to an account, as one.

    `holder` has the archive's own files in his hands, so that nothing can be hidden from him.
    """

    people: tuple[str, ...]
    roles: frozenset[str]
    units: frozenset[str]
    holder: bool = False

    @property
    def sees_everything(self) -> bool:
        """Whether every record is shown as a whole."""
        if self.holder or self._closed:
            return self.holder
        return any(role.startswith(_OF_EVERYTHING) for role in self.roles)

    @property
    def sees_records(self) -> bool:
        """Whether the catalog is open to the reader at all."""
        return self.sees_everything or ("handler" in self.roles and not self._closed)

    @property
    def _closed(self) -> bool:
        return "administrator" in self.roles

    def check_records(self) -> None:
        """Raise Denied NO_CONTENT for who has nothing to do with records."""
        if not self.sees_records:
            raise denied("NO_CONTENT")

    def check_role(self, *roles: str) -> None:
        """Raise Denied ROLE_MISSING unless the reader has one of these roles, or is the holder."""
        if not self.holder and self.roles.isdisjoint(roles):
            raise denied("ROLE_MISSING", " ".join(roles))


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose a record is: of its source's unit, and of the units and handlers of its cases."""

    units: frozenset[str]
    handlers: frozenset[str]


def reader_of(people: Iterable[tuple[str, Value]], account: str, now: datetime) -> Reader:
    """Who may read through an account; Denied where nobody active is bound to it."""
    bound = [(name, person) for name, person in people if person["account"] == account]
    active = [(name, person) for name, person in bound if _inactive(person, now) is None]
    if not active:
        raise _refusal([person for _, person in bound], now)
    return Reader(
        people=tuple(name for name, _ in active),
        roles=frozenset(role for _, person in active for role in person["roles"]),
        units=frozenset(person["unit"] for _, person in active),
    )


def holder_of(people: Iterable[tuple[str, Value]], account: str, now: datetime) -> Reader:
    """The account that has the archive itself, and who is bound to it, if anybody."""
    try:
        return replace(reader_of(people, account, now), holder=True)
    except Denied:
        return Reader((), frozenset(), frozenset(), holder=True)


def _inactive(person: Value, now: datetime) -> str | None:
    """Why a person may not read; the code of a denial."""
    states = {"suspended": "SIGNER_SUSPENDED", "revoked": "SIGNER_REVOKED"}
    if person["state"] in states:
        return states[person["state"]]
    if not parse_time(person["valid_from"]) <= now <= parse_time(person["valid_until"]):
        return "SIGNER_EXPIRED"
    return None


def _refusal(bound: Sequence[Value], now: datetime) -> Denied:
    codes = {code for person in bound if (code := _inactive(person, now))}
    return denied(min(codes)) if codes else denied("SIGNER_UNKNOWN")


def belonging(shelf: Shelf, source: str, cases: Sequence[str]) -> Belonging:
    """Whose a record is that came from a source and is attached to cases."""
    known = [found for case in cases if (found := shelf.get("case", case))]
    confirmed = shelf.get("source", source)
    unit = confirmed["unit"] if confirmed else None
    return Belonging(
        frozenset(case["unit"] for case in known) | ({unit} if unit else set()),
        frozenset(handler for case in known for handler in case["handlers"]),
    )


def sees(reader: Reader, whose: Belonging, *, tagged: bool) -> bool:
    """Whether a record is shown as a whole, with name, title, preview and custody.

    A tagged one (minors, privacy, trade and work secrets) is not shown to colleagues of the unit.
    """
    if reader.sees_everything:
        return True
    if not reader.sees_records:
        return False
    return is_own(reader, whose) or (not tagged and bool(reader.units & whose.units))


def is_own(reader: Reader, whose: Belonging) -> bool:
    """Whether the reader handles a case of the record."""
    return not whose.handlers.isdisjoint(reader.people)


def sees_record(connection: Connection, reader: Reader, row: RecordRow) -> bool:
    """Whether one record is shown as a whole."""
    if reader.sees_everything:
        return True
    shelf = DbShelf(connection)
    found = shelf.get("record_cases", row.id)
    whose = belonging(shelf, row.source, found["cases"] if found else ())
    return sees(reader, whose, tagged=bool(row.tags))
