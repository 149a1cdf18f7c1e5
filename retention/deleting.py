"""What it takes to delete a unit in a store: its keys, its versions, and the locks on them.

Shared by dispositions (`execute`) and spills (`clearing`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.entry import Entry
from archive.errors import StillLocked
from archive.ledger import ENTRY, HEAD, PENDING
from archive.ports import ObjectStore, StoredVersion, Vault
from archive.times import format_time
from retention.warrant import Unit


@dataclass(frozen=True, slots=True)
class Place:
    """One store by its name in the ledger, with what reads it and what deletes in it."""

    name: str
    store: ObjectStore
    vault: Vault


def keys_of(unit: Unit, pack: str | None) -> list[str]:
    """Every key that may have stood there."""
    return unit.keys if pack is None else [*unit.keys, pack]


def versions_of(vault: Vault, unit: Unit, pack: str | None) -> Iterator[StoredVersion]:
    """Every version and marker of a unit in a store."""
    for folder in unit.folders:
        yield from vault.versions(folder)
    if pack is not None:
        yield from _of_key(vault, pack)


def _of_key(vault: Vault, key: str) -> Iterator[StoredVersion]:
    """The versions of one key, without listing its whole folder."""
    folder = key.rpartition("/")[0] + "/"
    # Without its last character a key stands before itself; somebody's own may stand in between.
    for version in vault.versions(folder, key[:-1]):
        if version.key > key:
            return
        if version.key == key:
            yield version


def check_free(place: Place, version: StoredVersion, now: datetime) -> None:
    """Raise StillLocked where a lock or a legal hold stands on a version."""
    if version.marker:
        return
    found = place.vault.protection(version.key, version.version)
    if found.held:
        raise StillLocked(f"{version.key} has a legal hold in the store {place.name}.")
    if found.until is not None and found.until > now:
        until = format_time(found.until)
        raise StillLocked(f"{version.key} is locked in the store {place.name} until {until}.")


def accession(connection: Connection, record: str) -> Entry:
    """The entry by which a record came in."""
    query = (
        select(ENTRY.c.data)
        .join(RECORD, (RECORD.c.log == ENTRY.c.log) & (RECORD.c.idx == ENTRY.c.idx))
        .where(RECORD.c.id == record)
    )
    return Entry.parse(connection.execute(query).scalar_one())


def unsealed(connection: Connection) -> list[str]:
    """Entries of the registry that are submitted and not durable yet.

    An order that only the database has would be lost with it, and what it destroyed would not.
    """
    waiting = select(PENDING.c.id).where(PENDING.c.stream == "registry")
    appended = (
        select(ENTRY.c.pending)
        .join(HEAD, HEAD.c.log == ENTRY.c.log)
        .where(ENTRY.c.stream == "registry", ENTRY.c.idx >= HEAD.c.published)
        .where(ENTRY.c.pending.is_not(None))
    )
    found = [*connection.execute(waiting).scalars(), *connection.execute(appended).scalars()]
    return [str(number) for number in found]
