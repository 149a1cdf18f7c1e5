"""What the ledger says of the places where evidence stands: `store.probed`.

    known = introductions.known("first")          # what was said last, as far as it can be read
    introductions.say("first", stand)             # with the next seal; nothing if it was said

A place is introduced before the first write that relies on its locks, and again when its server or
its own configuration changed. What others changed in the settings of a bucket is only taken as the
new state when a person asks for it (`doctor --store`): until then `verify --storage` reports it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from archive import layout, ledger
from archive.database import Database
from archive.desk.db_shelf import DbShelf
from archive.detail import Detail
from archive.errors import DataBad, ObjectMissing
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import UNSTORED, NewEntry, NewObject
from archive.ports import Clock, ObjectStore, read_all
from archive.registers.act import Act
from archive.registers.admit import admit
from archive.registers.shelf import Value
from signing.digest import Digest

KIND = "store.probed"
ACTOR = "system/storage"


@dataclass(frozen=True, slots=True)
class Stand:
    """What a place was found to be. `missing` are names of guarantees that it does not give.

    `server` is what it calls itself, `configuration` the digest of how we were told to use it,
    `settings` digests of its own settings by name. `more` is kept for people, as JSON.
    """

    level: str
    missing: tuple[str, ...] = ()
    server: str | None = None
    configuration: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def same_place(self, other: "Stand") -> bool:
        """Whether both speak of the same server, used in the same way."""
        return (self.server, self.configuration) == (other.server, other.configuration)

    def data(self) -> dict[str, Any]:
        """The data of the detail."""
        return {
            **self.more,
            "configuration": self.configuration,
            "server": self.server,
            "settings": dict(self.settings),
        }


@dataclass(frozen=True, slots=True)
class Introductions:
    """Reads and writes what the ledger says of places. `evidence` is where details stand."""

    database: Database
    evidence: ObjectStore
    clock: Clock
    random: Callable[[int], bytes]
    archive_id: str

    def known(self, name: str) -> Stand | None:
        """What was said of a place last; None if nothing, or if it cannot be read any more."""
        with self.database.read() as connection:
            said = said_of(connection, name)
            waiting = _waiting(connection, said) if said else None
        if said is None:
            return None
        try:
            data = waiting or read_all(self.evidence, layout.detail_key(said["detail_id"]))
            if str(Digest.of("sha256", data)) != said["detail"]:
                return None
            found = Detail.parse(data).data
            return Stand(
                said["level"],
                tuple(said["missing"]),
                found["server"],
                found["configuration"],
                found["settings"],
                {k: v for k, v in found.items() if k not in _OWN},
            )
        except (DataBad, ObjectMissing, KeyError):
            return None

    def say(self, name: str, stand: Stand) -> bool:
        """Submit an entry unless the last one said the same; returns whether it did."""
        if self.known(name) == stand:
            return False
        with self.database.write() as connection:
            now = self.clock.now()
            detail = Detail(self._id(), KIND, self.random(16), stand.data())
            body = {
                "detail": str(detail.digest()),
                "detail_id": detail.id,
                "level": stand.level,
                "missing": sorted(stand.missing),
                "store": name,
            }
            objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
            act = Act(KIND, ACTOR, None, body, now, lambda: detail.data, lambda _: None)
            admit(DbShelf(connection), act, self.archive_id)
            entry = NewEntry(
                self._id(), KIND, "registry", ACTOR, now, None, body, objects, urgent=True
            )
            ledger.submit(connection, [entry])
        return True

    def _id(self) -> str:
        return new_ulid(self.clock.now(), self.random(RANDOM_BYTES))


_OWN = ("configuration", "server", "settings")


def said_of(connection: Connection, name: str) -> Value | None:
    """What the register says of a place: `level`, `missing`, `detail`, `detail_id`."""
    return DbShelf(connection).get("store", name)


def stated_level(connection: Connection) -> str | None:
    """The level that the ledger last stated of the first store; None before the first log."""
    said = said_of(connection, "first")
    if said is not None:
        return str(said["level"])
    head = ledger.current_head(connection)
    if head is None:
        return None
    first = ledger.entries_between(connection, head.log, 0, 1)
    return str(json.loads(first[0].data)["body"]["storage"]) if first else None


def _waiting(connection: Connection, said: Value) -> bytes | None:
    """The detail, as long as its entry is not sealed."""
    key = layout.detail_key(said["detail_id"])
    query = select(UNSTORED.c.data).where(UNSTORED.c.key == key)
    row = connection.execute(query).first()
    return bytes(row.data) if row and row.data is not None else None
