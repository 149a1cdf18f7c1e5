"""Tokens for seals: at once, or late when the time-stamping authority is away (design §3).

While it is away accessions wait on disk; access, decision and hold entries are signed and stored at
once and their token follows. Start and end of the outage are entries.
"""

import time
from datetime import datetime

from sqlalchemy import Connection, update

from archive import layout, publish, replica_queue
from archive.database import Database
from archive.errors import StateUnknown
from archive.identity import Identity
from archive.ledger import Head, NewObject
from archive.ports import Clock
from archive.publish import Places
from archive.seals import SEAL, last_gen_time, late_tokens, seal_at, tokens_missing
from archive.system_entries import SystemEntries
from signing.digest import Digest
from signing.errors import EvidenceBad, TimestampUnavailable

_PROBE = Digest.of("sha256", b"cunzheng: is the time-stamping authority there?")

_TRIES = 3
_NEXT_SECOND = 0.6
_UNUSABLE = (TimestampUnavailable, EvidenceBad)
"""An authority that answers with a bad token is as good as away: the next one may be right."""


class Stamping:
    """Step 5 of the sealer; remembers whether the TSA answered."""

    def __init__(
        self,
        database: Database,
        places: Places,
        identity: Identity,
        system: SystemEntries,
        clock: Clock,
    ) -> None:
        self._db = database
        self._places = places
        self._identity = identity
        self._system = system
        self._clock = clock
        self.away = False

    def stamp(self, head: Head) -> None:
        """Give the newest seal its token; without a TSA it goes on and the token follows."""
        with self._db.read() as connection:
            seal = seal_at(connection, head.log, head.signed)
            earlier = tokens_missing(connection, leave_out=(head.log, head.signed))
            last = last_gen_time(connection)
        if seal is None or seal.tst is not None:
            return
        if not self.away and not earlier:
            try:
                self._add_token(head.log, head.signed, seal.p7s, last)
                return
            except _UNUSABLE:
                self._goes_away()
        with self._db.write() as connection:
            _update(connection, head.log, head.signed, late=True, token_linked=False)

    def try_out(self) -> None:
        """Ask an outside TSA for a token over nothing before a batch is appended.

        So accessions wait instead of being appended when it is away.
        """
        if self.away or self._identity.time_is_local:
            return
        try:
            self._identity.timestamper(None).timestamp(_PROBE)
        except _UNUSABLE:
            self._goes_away()

    def recover(self) -> None:
        """Fetch the tokens that are missing, oldest first; the outage ends when none is."""
        with self._db.read() as connection:
            missing = tokens_missing(connection)
            outage = self._system.open_outage(connection, "tsa")
        if not missing and outage is None:
            self._store_late()
            return
        self.away = False
        self._store_late()
        for log, size, p7s in missing:
            try:
                self._late_token(log, size, p7s)
            except _UNUSABLE:
                self._goes_away()
                return
        self.try_out()
        if not self.away:
            with self._db.write() as connection:
                self._system.outage_ends(connection, "tsa", self._clock.now())

    def _late_token(self, log: str, size: int, p7s: bytes) -> None:
        with self._db.read() as connection:
            last = last_gen_time(connection)
        self._add_token(log, size, p7s, last, late=True)
        self._store_late()

    def _store_late(self) -> None:
        """Store late tokens that no entry names yet; a crash may have come before storing one."""
        with self._db.read() as connection:
            found = late_tokens(connection)
        tokens = [NewObject.of(layout.token_key(log, size), token) for log, size, token in found]
        for token in tokens:
            publish.store_seal(self._places, [token])
        if tokens and (stores := self._places.replicas):
            with self._db.write() as connection:
                replica_queue.queue_once(connection, stores, tokens, self._clock.now())

    def _add_token(
        self, log: str, size: int, p7s: bytes, after: datetime | None, *, late: bool = False
    ) -> None:
        from signing.timestamp import check_token

        digest = Digest.of("sha256", p7s)
        for _ in range(_TRIES):
            token = self._identity.timestamper(after).timestamp(digest)
            gen_time = check_token(token, digest=digest).gen_time
            if after is None or gen_time > after:
                break
            # Many authorities count whole seconds (RFC 3161 §2.4.2 leaves it to them).
            time.sleep(_NEXT_SECOND)
        else:
            raise TimestampUnavailable("The time-stamping authority's time does not rise.")
        with self._db.write() as connection:
            values = {"tst": token, "gen_time": gen_time, "token_linked": not late}
            _update(connection, log, size, **values)

    def _goes_away(self) -> None:
        self.away = True
        with self._db.write() as connection:
            self._system.outage_starts(connection, "tsa", self._clock.now())


def _update(connection: Connection, log: str, size: int, **values: object) -> None:
    where = (SEAL.c.log == log, SEAL.c.size == size, SEAL.c.tst.is_(None))
    changed = connection.execute(update(SEAL).where(*where).values(**values))
    if changed.rowcount != 1:
        raise StateUnknown("Another sealer has stamped this seal; this one stops.")
