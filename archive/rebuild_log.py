"""One log from storage into a new database, checked entry by entry against its signed roots.

Everything is read once and in order; what is kept in memory does not grow with the ledger.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive import layout
from archive.entry import Entry, check_body
from archive.errors import ContentAltered, FormatError
from archive.layout import TILE_WIDTH
from archive.ledger import ENTRY, HEAD, Appended
from archive.merkle import CompactRange, leaf_hash
from archive.ports import read_all
from archive.publish import TILE_ROOT, Places
from archive.rebuild_rows import Projection
from archive.seals import SEAL
from archive.stored_log import CMS, NOTE, NOTE_LIMIT, TOKEN, LogTrust, StoredLog, seal_sizes
from signing.digest import Digest
from signing.errors import SigningError

SIGNATURE_LIMIT = 16 << 20
_BUNDLES_PER_COMMIT = 64


@dataclass(frozen=True, slots=True)
class StoredSeal:
    """A seal's files as they stand in storage; only the newest of a log may lack its CMS."""

    size: int
    note: bytes
    root: bytes
    p7s: bytes | None
    tst: bytes | None
    gen_time: datetime | None

    def names(self) -> dict[str, Any]:
        """What the next batch should say of it."""
        files = {"note": self.note, "p7s": self.p7s, "tst": self.tst}
        digests = {k: str(Digest.of("sha256", v)) if v else None for k, v in files.items()}
        return {"size": self.size, **digests}


@dataclass
class Chain:
    """What goes from one log to the next: stream positions and the final seal."""

    streams: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    log: str | None = None
    seal: StoredSeal | None = None
    closes_for: str | None = None
    gen_time: datetime | None = None


class LogRebuilder:
    """Rebuilds one log; `sign_cms` makes the CMS of a newest note that a crash left without one.

    Raises ContentAltered or ObjectMissing where storage is not one consistent, signed history.
    """

    def __init__(
        self,
        places: Places,
        trust: LogTrust,
        log: str,
        chain: Chain,
        projection: Projection,
        sign_cms: Callable[[bytes], bytes],
    ) -> None:
        self._places = places
        self._trust = trust
        self._log = log
        self._chain = chain
        self._projection = projection
        self._sign_cms = sign_cms
        self._tree = CompactRange()
        self._roots: list[CompactRange] = []
        self._tile_rows: list[dict[str, Any]] = []
        self._sealed = 0
        self._last_kind = ""
        self.size = 0
        self.published = 0
        self.seals = 0

    def run(
        self,
        transaction: Callable[[], AbstractContextManager[Connection]],
        progress: Callable[[int, int], None],
    ) -> None:
        """Read everything; `transaction()` opens one that commits at the end of its `with`."""
        self._survey()
        stored = StoredLog(self._places, self._trust, self._log, self.size)
        seals = self._seals()
        before: StoredSeal | None = None
        due = next(seals)
        bundles = stored.bundles()
        while self._tree.size < self.size:
            with transaction() as connection:
                for bundle in islice(bundles, _BUNDLES_PER_COMMIT):
                    rows = []
                    for data in bundle:
                        if self._tree.size == due.size:
                            self._close_seal(connection, due)
                            before, due = due, next(seals)
                        rows.append(self._entry(connection, data, before))
                    self._save(connection, rows)
            progress(self._tree.size, self.size)
        with transaction() as connection:
            self._close_seal(connection, due)
            self._finish(connection)
        self._chain.log, self._chain.seal = self._log, due

    def _survey(self) -> None:
        """See how far the log is sealed; only the newest seal may lack its CMS."""
        size, whole = 0, True
        for found, endings in seal_sizes(self._places.evidence, self._log):
            if not whole or found == 0 or NOTE not in endings:
                raise ContentAltered(f"A seal of {self._log} before {found} is not complete.")
            if endings == {NOTE, TOKEN}:
                raise ContentAltered(f"The seal of {self._log} at {found} lost its signature.")
            whole = CMS in endings
            self.published = found if whole else size
            size = found
        if size == 0:
            raise ContentAltered(f"The log {self._log} has no seal in storage.")
        self.size = size

    def _seals(self) -> Iterator[StoredSeal]:
        for size, _ in seal_sizes(self._places.evidence, self._log):
            self.seals += 1
            yield self._read_seal(size)

    def _read_seal(self, size: int) -> StoredSeal:
        log, evidence = self._log, self._places.evidence
        note = read_all(evidence, layout.note_key(log, size), NOTE_LIMIT)
        root = self._trust.check(log, size, note).root
        files = []
        for key in (layout.cms_key(log, size), layout.token_key(log, size)):
            there = evidence.stat(key) is not None
            files.append(read_all(evidence, key, SIGNATURE_LIMIT) if there else None)
        p7s, tst = files
        return StoredSeal(size, note, root, p7s, tst, self._gen_time(size, note, p7s, tst))

    def _gen_time(
        self, size: int, note: bytes, p7s: bytes | None, tst: bytes | None
    ) -> datetime | None:
        from signing.cms import verify_detached
        from signing.timestamp import check_token

        if p7s is None:
            return None
        try:
            verify_detached(p7s, note)
            if tst is None:
                return None
            gen_time = check_token(tst, digest=Digest.of("sha256", p7s)).gen_time
        except SigningError as error:
            raise ContentAltered(f"The seal of {self._log} at {size} is bad: {error}") from error
        if self._chain.gen_time is not None and gen_time <= self._chain.gen_time:
            raise ContentAltered(f"The time of the seal of {self._log} at {size} does not rise.")
        self._chain.gen_time = gen_time
        return gen_time

    def _close_seal(self, connection: Connection, seal: StoredSeal) -> None:
        """The tree has the seal's size: compare roots and write the seal's row."""
        if (self._tree.size, self._tree.root()) != (seal.size, seal.root):
            raise ContentAltered(
                f"The entries of {self._log} are not those of its seal at {seal.size}."
            )
        late = seal.tst is None and seal.p7s is not None
        row = {
            "log": self._log,
            "size": seal.size,
            "previous": self._sealed,
            "note": seal.note,
            "p7s": seal.p7s or self._sign_cms(seal.note),
            "tst": seal.tst,
            "gen_time": seal.gen_time,
            "late": late,
            "token_linked": not late,
        }
        connection.execute(insert(SEAL), [row])
        self._sealed = seal.size

    def _entry(
        self, connection: Connection, data: bytes, before: StoredSeal | None
    ) -> dict[str, Any]:
        """Check one entry and make its row."""
        index = self._tree.size
        leaf = leaf_hash(data)
        try:
            entry = Entry.parse(data)
            check_body(entry)
        except FormatError as error:
            raise self._bad(index, str(error)) from error
        seq, prev = self._chain.streams.get(entry.stream, (0, None))
        if entry.seq != seq or (entry.prev.value if entry.prev else None) != prev:
            raise self._bad(index, f"it does not continue the stream {entry.stream}")
        self._chain.streams[entry.stream] = (seq + 1, leaf)
        self._check_place(connection, index, entry, before)
        self._tree.append(leaf)
        self._grow(0, index, leaf)
        self._last_kind = entry.kind
        self._projection.add(self._log, Appended(index, data, None), entry)
        return {
            "log": self._log,
            "idx": index,
            "stream": entry.stream,
            "seq": entry.seq,
            "leaf": leaf,
            "data": data,
            "pending": None,
        }

    def _check_place(
        self, connection: Connection, index: int, entry: Entry, before: StoredSeal | None
    ) -> None:
        """A log begins with log.opened, every later batch with log.linked, and nothing else is."""
        starts_batch = index == (before.size if before else 0)
        kind = "log.opened" if index == 0 else "log.linked"
        if starts_batch != (entry.kind == kind) or (index and entry.kind == "log.opened"):
            raise self._bad(index, "a seal before it is missing, or it begins no batch")
        if self._last_kind == "log.closed":
            raise self._bad(index, "the log was closed before it")
        if entry.kind == "log.opened":
            self._check_opened(connection, index, entry)
        elif entry.kind == "log.linked" and before is not None:
            self._check_named(connection, index, self._log, entry.body["seal"], before)
            for token in entry.body["tokens"]:
                self._late_token(connection, index, token)
        elif entry.kind == "log.closed":
            self._chain.closes_for = str(entry.body["next"])

    def _check_opened(self, connection: Connection, index: int, entry: Entry) -> None:
        body, chain = entry.body, self._chain
        if (body["archive"], body["log"]) != (self._trust.archive_id, self._log):
            raise self._bad(index, "it opens another log")
        previous = body["previous"]
        if (previous is None) != (chain.seal is None):
            raise self._bad(index, "the log before it is missing, or not named")
        if previous is not None and chain.seal is not None:
            if (previous["log"], chain.closes_for) != (chain.log, self._log):
                raise self._bad(index, "it does not follow the log before it")
            named = {key: previous[key] for key in ("size", "note", "p7s", "tst")}
            self._check_named(connection, index, str(chain.log), named, chain.seal)
        chain.closes_for = None

    def _check_named(
        self, connection: Connection, index: int, log: str, named: dict[str, Any], seal: StoredSeal
    ) -> None:
        """The seal that a batch names is the one in storage; its token may have come later."""
        found = seal.names()
        if named["tst"] is None:
            found["tst"] = None
            where = (SEAL.c.log == log, SEAL.c.size == seal.size)
            connection.execute(update(SEAL).where(*where).values(late=True, token_linked=False))
        if named != found:
            raise self._bad(index, f"the seal at {seal.size} before it is not the one it names")

    def _late_token(self, connection: Connection, index: int, token: dict[str, Any]) -> None:
        where = (SEAL.c.log == token["log"], SEAL.c.size == token["size"])
        row = connection.execute(select(SEAL.c.tst).where(*where)).first()
        if not row or not row.tst or token["tst"] != str(Digest.of("sha256", row.tst)):
            raise self._bad(index, f"the token of {token['size']} is not the one it names")
        connection.execute(update(SEAL).where(*where).values(token_linked=True))

    def _grow(self, level: int, index: int, value: bytes) -> None:
        """Keep the roots of full tiles, level upon level."""
        if level == len(self._roots):
            self._roots.append(CompactRange())
        tile = self._roots[level]
        tile.append(value)
        if tile.size == TILE_WIDTH:
            number, root = index // TILE_WIDTH, tile.root()
            self._roots[level] = CompactRange()
            if (number + 1) * TILE_WIDTH << (8 * level) <= self.published:
                row = {"log": self._log, "level": level, "number": number, "hash": root}
                self._tile_rows.append(row)
            self._grow(level + 1, number, root)

    def _save(self, connection: Connection, rows: list[dict[str, Any]]) -> None:
        connection.execute(insert(ENTRY), rows)
        if self._tile_rows:
            connection.execute(insert(TILE_ROOT), self._tile_rows)
            self._tile_rows = []
        self._projection.save(connection)

    def _finish(self, connection: Connection) -> None:
        row = {
            "log": self._log,
            "year": int(self._log.rpartition("-")[2]),
            "size": self.size,
            "signed": self.size,
            "published": self.published,
            "frontier": b"".join(self._tree.hashes),
            "fence": 0,
            "closed": self._last_kind == "log.closed",
        }
        connection.execute(insert(HEAD), [row])

    def _bad(self, index: int, reason: str) -> ContentAltered:
        return ContentAltered(f"Entry {index} of {self._log} in storage does not hold: {reason}.")
