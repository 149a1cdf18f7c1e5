"""What is made of records to be looked at: stored in live, on the ledger, removed when replaced.

    made = derivatives.made(record, [Product("poster", "jpg", "poster/1", data, tool)])

An object stands in live, durable and read back, before its entry is submitted; one that it
replaces goes only after that entry is durable. So a crash leaves an object without an entry at
most, never the reverse, and `sweep` removes such leftovers. Nothing here is evidence: what is lost
is made anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection, select

from archive import catalog, derived_rows, layout, ledger
from archive.cause import cause
from archive.database import Database
from archive.derived_rows import DERIVED
from archive.desk.destroying import DESTROYING
from archive.errors import ContentAltered, NotFound
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import NewEntry
from archive.ports import Clock, LiveStore, PutItem, StagedFile
from archive.seal import Sealer
from archive.submitting import wait_for
from archive.tables import DerivedRow

ACTOR = "system/media"


@dataclass(frozen=True, slots=True)
class Product:
    """Something that was made. `source` is its bytes or a synced file beside the store.

    `tool` is the SHA-256 (hex) of the program that made it, None where it was this one. What is
    made for one access is not kept, see archive.desk.making.
    """

    role: str
    extension: str
    recipe: str
    source: bytes | Path
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A derivative that stands in live; `entry` is the id under which its entry was submitted.

    None where the ledger had the same one already, and only its bytes were put back.
    """

    record: str
    role: str
    key: str
    digest: bytes
    size: int
    entry: str | None


class Derivatives:
    """The use case. One process at a time makes standing derivatives of one archive."""

    def __init__(
        self,
        database: Database,
        live: LiveStore,
        sealer: Sealer,
        clock: Clock,
        random: Callable[[int], bytes],
        timeout: float = 60.0,
    ) -> None:
        self._db = database
        self._live = live
        self._sealer = sealer
        self._clock = clock
        self._random = random
        self._timeout = timeout

    def made(self, record: str, products: Sequence[Product]) -> list[Made]:
        """Store and submit, seal, and remove what was replaced.

        Raises NotFound where the record is gone, or being destroyed; Unreachable, then the entries
        are sealed later.
        """
        done = self.submit(record, products)
        self.settle(done)
        return done

    def submit(
        self,
        record: str,
        products: Sequence[Product],
        beside: Callable[[Connection], object] = lambda _: None,
    ) -> list[Made]:
        """Store and submit only; the next batch makes the entries durable.

        `beside` changes other rows in the same transaction. Raises NotFound, ContentAltered where
        an object does not read back, Unreachable.
        """
        standing = self.standing(record)
        done = [self._store(record, product, standing) for product in products]
        try:
            with self._db.write() as connection:
                parent = _parent(connection, record)
                entries = [
                    self._entry(made, product, parent, made.entry)
                    for made, product in zip(done, products, strict=True)
                    if made.entry is not None
                ]
                ledger.submit(connection, entries)
                beside(connection)
        except NotFound:
            self._live.discard([made.key for made in done])
            raise
        return done

    def settle(self, done: Sequence[Made]) -> None:
        """Wait until entries are durable, then remove what they replace; raises Unreachable."""
        numbers = [made.entry for made in done if made.entry is not None]
        if numbers:
            wait_for(self._sealer, self._db, numbers, self._clock, self._timeout)
        for record in sorted({made.record for made in done}):
            self.sweep(record)

    def standing(self, record: str) -> dict[str, DerivedRow]:
        """What counts for a record by the ledger, by role; whether it is there is not asked."""
        with self._db.read() as connection:
            return derived_rows.of_record(connection, record)

    def missing(self, record: str) -> list[str]:
        """Roles of which the ledger has a derivative and live has not."""
        rows = self.standing(record).values()
        return [row.role for row in rows if self._live.stat(row.key) is None]

    def records(self) -> list[str]:
        """Every record of which the ledger has a derivative."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(DERIVED.c.record).distinct().order_by(DERIVED.c.record)
            )
            return [row.record for row in rows]

    def sweep(self, record: str) -> int:
        """Remove of a record what no entry names, or a later one replaced; how many objects."""
        listed = self._live.list(layout.derived_prefix(record))
        return self._sweep(record, [info.key for info in listed])

    def stored_records(self) -> list[str]:
        """Every record of which something stands in live."""
        listed = (info.key for info in self._live.list("derived/"))
        return [record for record, _ in groupby(listed, key=_folder) if record]

    def discard(self, record: str) -> None:
        """Remove everything that was made of a record."""
        prefix = layout.derived_prefix(record)
        self._live.discard([info.key for info in self._live.list(prefix)])

    # ── one object ──

    def _store(self, record: str, product: Product, standing: Mapping[str, DerivedRow]) -> Made:
        source = product.source
        digest, size = _measured(source)
        key = layout.derived_key(record, product.role, digest.hex(), product.extension)
        staged = source if isinstance(source, bytes) else StagedFile(source)
        with cause("media"):
            if self._differs(key, digest):
                # Only a derivative may be replaced: the name says whose bytes should stand there.
                self._live.discard([key])
            self._live.put([PutItem(key, staged, sha256=digest)])
            if _digest(self._live.read(key)) != digest:
                raise ContentAltered(f"{key} does not read back as it was written.")
        row = standing.get(product.role)
        same = row is not None and (row.key, row.recipe) == (key, product.recipe)
        number = None if same else new_ulid(self._clock.now(), self._random(RANDOM_BYTES))
        return Made(record, product.role, key, digest, size, number)

    def _differs(self, key: str, digest: bytes) -> bool:
        return self._live.stat(key) is not None and _digest(self._live.read(key)) != digest

    def _entry(self, made: Made, product: Product, parent: bytes, number: str) -> NewEntry:
        body = {
            "access": None,
            "digest": f"sha256:{made.digest.hex()}",
            "key": made.key,
            "parent": f"sha256:{parent.hex()}",
            "recipe": product.recipe,
            "role": product.role,
            "size": made.size,
            "tool": None if product.tool is None else f"sha256:{product.tool}",
        }
        now = self._clock.now()
        return NewEntry(number, derived_rows.MADE, "registry", ACTOR, now, made.record, body)

    # ── leftovers ──

    def _sweep(self, record: str, keys: Sequence[str]) -> int:
        if not keys:
            return 0
        with self._db.read() as connection:
            rows = connection.execute(select(DERIVED.c.key).where(DERIVED.c.record == record))
            named = {row.key for row in rows} | derived_rows.unsealed_keys(connection)
        left = [key for key in keys if key not in named]
        self._live.discard(left)
        return len(left)


def _parent(connection: Connection, record: str) -> bytes:
    """SHA-256 of a record's content; NotFound where it is destroyed, or about to be."""
    row = catalog.find_record(connection, record)
    going = select(DESTROYING.c.record).where(DESTROYING.c.record == row.id)
    gone = row.destroyed or row.spilled
    if row.id != record or gone or connection.execute(going).first() is not None:
        raise NotFound(f"The record {record} is blocked or destroyed, or about to be.")
    return row.sha256


def _measured(source: bytes | Path) -> tuple[bytes, int]:
    if isinstance(source, bytes):
        return sha256(source).digest(), len(source)
    with source.open("rb") as file:
        chunks = iter(lambda: file.read(1 << 20), b"")
        return _digest(chunks), source.stat().st_size


def _digest(chunks: Iterable[bytes]) -> bytes:
    total = sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.digest()


def _folder(key: str) -> str:
    """The record that a key below `derived/` is of."""
    parts = key.split("/")
    return parts[1] if len(parts) > 2 else ""


__all__ = ["ACTOR", "Derivatives", "Made", "Product"]
