"""Sources: a new folder of the inbox registers itself as unconfirmed; a person confirms it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive.actors import Doer
from archive.catalog import SOURCE
from archive.desk.db_shelf import DbShelf
from archive.detail import Detail
from archive.errors import NotFound
from archive.ids import RANDOM_BYTES, new_ulid
from archive.layout import detail_key
from archive.ledger import NewEntry, NewObject, submit
from archive.registers import cases
from archive.registers.act import Act
from ingest.describe import SALT_BYTES
from ingest.names import decode_name

ACTOR = "system/ingest"


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes entries with details; time and randomness come from outside."""

    random: Callable[[int], bytes]

    def id(self, now: datetime) -> str:
        """A fresh ULID."""
        return new_ulid(now, self.random(RANDOM_BYTES))

    def detail(self, kind: str, now: datetime, data: dict[str, Any]) -> tuple[Detail, NewObject]:
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
    data = {"name": name.text, "name_b64": name.b64, "state": "unconfirmed"}
    values = {
        "id": source,
        "name": folder,
        "state": "unconfirmed",
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
    *,
    label: str | None,
    kind: str | None,
    unit: str | None,
) -> str:
    """Complete a source's register entry; returns the id under which the entry is pending.

    Raises UsageError, NotFound.
    """
    actor = by.actor
    row = connection.execute(select(SOURCE).where(SOURCE.c.id == source)).first()
    if row is None:
        raise NotFound(f"There is no source {source[:64]}.")
    values = {"state": "confirmed", "label": label, "kind": kind, "unit": unit}
    connection.execute(update(SOURCE).where(SOURCE.c.id == source).values(**values))
    folder = decode_name(row.name)
    data = {"name": folder.text, "name_b64": folder.b64, "person": by.name, **values}
    act = Act("source.confirmed", actor, source, {}, now, lambda: data, lambda _: None)
    cases.OWN[act.kind](DbShelf(connection), act)
    # Urgent, as decisions that rest on the unit are: nothing may overtake it on the way.
    return _submit(connection, act.kind, source, actor, now, data, maker, urgent=True)


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
