"""Sources: a new folder of the inbox registers itself as unconfirmed; a person confirms it.

Whoever confirms says what it is and what may come from it (`archive.source_terms`); a retired one
is not taken from until it is confirmed again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from archive.actors import Doer
from archive.desk.db_shelf import DbShelf
from archive.detail import SALT_BYTES, Detail
from archive.errors import NotFound
from archive.ids import RANDOM_BYTES, new_ulid
from archive.layout import detail_key
from archive.ledger import NewEntry, NewObject, submit
from archive.registers import cases
from archive.registers.act import Act
from archive.source_rows import SOURCE
from archive.source_terms import CONFIRMED, RETIRED, UNCONFIRMED, Terms
from ingest.names import decode_name

ACTOR = "system/ingest"
LABELS = ("label", "kind", "unit")
"""What is said of a source for people and for the register of cases."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes entries with details; time and randomness come from outside."""

    random: Callable[[int], bytes]

    def id(self, now: datetime) -> str:
        """A fresh ULID."""
        return new_ulid(now, self.random(RANDOM_BYTES))

    def detail(self, kind: str, now: datetime, data: Mapping[str, Any]) -> tuple[Detail, NewObject]:
        """A salted detail and the object it becomes."""
        made = Detail(self.id(now), kind, self.random(SALT_BYTES), data)
        return made, NewObject.of(detail_key(made.id), made.to_bytes())


def ensure_source(
    connection: Connection, source: str, folder: bytes, now: datetime, maker: Maker
) -> None:
    """Register a source that is seen for the first time; note when it was last seen."""
    seen = update(SOURCE).where(SOURCE.c.id == source).values(last_seen=now)
    if connection.execute(seen).rowcount:
        return
    name = decode_name(folder)
    data = {"name": name.text, "name_b64": name.b64, "state": UNCONFIRMED}
    values = {
        "id": source,
        "name": folder,
        "state": UNCONFIRMED,
        "first_seen": now,
        "last_seen": now,
    }
    connection.execute(insert(SOURCE), [values])
    _submit(connection, "source.registered", source, ACTOR, now, data, maker)


def confirm_source(
    connection: Connection,
    source: str,
    by: Doer,
    now: datetime,
    maker: Maker,
    said: Mapping[str, Any],
) -> str:
    """Complete or change a source's register entry; returns the id of the pending entry.

    `said` has any of `label`, `kind`, `unit` and of the fields of Terms; None takes a thing back,
    and what is not in it stays as it is. Raises NotFound, FormatError.
    """
    row = _known(connection, source)
    stays = {**Terms.parse(row.terms).value(), **{name: getattr(row, name) for name in LABELS}}
    whole = {**stays, **said}
    labels = {name: whole.pop(name) for name in LABELS}
    terms = Terms.of({**whole, "kinds": sorted({*(whole["kinds"] or ())})})
    values = {"state": CONFIRMED, **labels}
    change = update(SOURCE).where(SOURCE.c.id == source)
    connection.execute(change.values(**values, terms=terms.text()))
    data = {**_folder(row), "person": by.name, **values, "terms": terms.value()}
    act = Act("source.confirmed", by.actor, source, {}, now, lambda: data, lambda _: None)
    cases.OWN[act.kind](DbShelf(connection), act)
    # Urgent, as decisions that rest on the unit are: nothing may overtake it on the way.
    return _submit(connection, act.kind, source, by.actor, now, data, maker, urgent=True)


def retire_source(
    connection: Connection, source: str, by: Doer, now: datetime, maker: Maker, reason: str
) -> str:
    """Take nothing more of a source until it is confirmed again; returns as `confirm_source` does.

    Raises NotFound.
    """
    row = _known(connection, source)
    connection.execute(update(SOURCE).where(SOURCE.c.id == source).values(state=RETIRED))
    data = {**_folder(row), "state": RETIRED, "person": by.name, "reason": reason}
    return _submit(connection, "source.retired", source, by.actor, now, data, maker, urgent=True)


def _known(connection: Connection, source: str) -> Row[Any]:
    row = connection.execute(select(SOURCE).where(SOURCE.c.id == source)).first()
    if row is None:
        raise NotFound(f"There is no source {source[:64]}.")
    return row


def _folder(row: Row[Any]) -> dict[str, Any]:
    folder = decode_name(row.name)
    return {"name": folder.text, "name_b64": folder.b64}


def _submit(
    connection: Connection,
    kind: str,
    source: str,
    actor: str,
    now: datetime,
    data: dict[str, Any],
    maker: Maker,
    *,
    urgent: bool = False,
) -> str:
    detail, obj = maker.detail(kind, now, data)
    body = {"detail": str(detail.digest()), "detail_id": detail.id}
    pending = maker.id(now)
    entry = NewEntry(pending, kind, "registry", actor, now, source, body, (obj,), urgent)
    submit(connection, [entry])
    return pending
