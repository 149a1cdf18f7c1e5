"""Entries the archive makes about itself: openings, links, closings, outages, heartbeats."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from archive import ledger
from archive.identity import Identity
from archive.ids import RANDOM_BYTES, new_ulid
from archive.ledger import Head, NewEntry
from archive.pki_register import PkiRegister
from archive.seals import SEAL, Seal, last_gen_time, late_tokens, seal_at
from archive.tables import OutageRow
from archive.times import format_time, sealing_year
from signing.digest import Digest

OUTAGE = OutageRow.__table__  # type: ignore[attr-defined]
SYSTEM = "system/sealer"
_SILENCE_GRACE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What `log.opened` states: digests in use, heartbeat, software, protection of the store."""

    digests: tuple[str, ...]
    heartbeat_seconds: int
    software: str
    storage: str
    batch: int = 512


class SystemEntries:
    """Makes the `log` stream's entries; the caller appends or submits them."""

    def __init__(
        self, identity: Identity, settings: LogSettings, random: Callable[[int], bytes]
    ) -> None:
        self._identity = identity
        self._settings = settings
        self._random = random

    def entry(
        self, kind: str, now: datetime, body: dict[str, Any], *, urgent: bool = True
    ) -> NewEntry:
        """An entry of the `log` stream."""
        number = new_ulid(now, self._random(RANDOM_BYTES))
        return NewEntry(number, kind, "log", SYSTEM, now, None, body, urgent=urgent)

    def opened(
        self, connection: Connection, closed: Head | None, now: datetime, pki: PkiRegister
    ) -> NewEntry:
        """The first entry of a log; names the final seal of the one before."""
        settings, identity = self._settings, self._identity
        certificates, crls, objects = pki.unlinked(connection, now)
        body = {
            "archive": identity.archive_id,
            "certificates": certificates,
            "crls": crls,
            "digests": list(settings.digests),
            "heartbeat_seconds": settings.heartbeat_seconds,
            "log": next_log(connection, closed, identity.office, now),
            "log_key": base64.b64encode(identity.log_signer.public_key()).decode("ascii"),
            "office": identity.office,
            "previous": self._previous(connection, closed),
            "software": settings.software,
            "storage": settings.storage,
        }
        entry = self.entry("log.opened", now, body)
        ledger.add_objects(connection, entry.id, objects)
        return entry

    def _previous(self, connection: Connection, closed: Head | None) -> dict[str, Any] | None:
        if closed is None:
            return None
        return {"log": closed.log, **_seal_link(seal_at(connection, closed.log, closed.size))}

    def linked(
        self, connection: Connection, head: Head, now: datetime, pki: PkiRegister
    ) -> NewEntry:
        """The first entry of a batch; names the previous seal, late tokens and new CRLs."""
        certificates, crls, objects = pki.unlinked(connection, now)
        body = {
            "certificates": certificates,
            "crls": crls,
            "seal": _seal_link(seal_at(connection, head.log, head.size)),
            "tokens": _late_tokens(connection, head),
        }
        entry = self.entry("log.linked", now, body)
        ledger.add_objects(connection, entry.id, objects)
        return entry

    def closed(self, head: Head, now: datetime) -> NewEntry:
        """The last entry of a log."""
        office = head.log.rpartition("-")[0]
        return self.entry("log.closed", now, {"next": f"{office}-{sealing_year(now)}"})

    def heartbeat(self, now: datetime) -> NewEntry:
        """A sign of life, at least every hour while the archive is at work."""
        return self.entry("log.heartbeat", now, {})

    def silence(self, connection: Connection, now: datetime) -> list[NewEntry]:
        """Start and end of an outage if nothing was sealed for longer than a heartbeat allows.

        A machine that was off cannot write that it goes off; it says so when it is back.
        """
        last = last_gen_time(connection)
        limit = timedelta(seconds=self._settings.heartbeat_seconds) + _SILENCE_GRACE
        if last is None or now - last <= limit or self.open_outage(connection, "tsa"):
            return []
        number = new_ulid(now, self._random(RANDOM_BYTES))
        body = {"outage": number, "reason": "not_running", "since": format_time(last)}
        started = self.entry("outage.started", now, body)
        ended = self.entry("outage.ended", now, {**body, "until": format_time(now)})
        return [started, ended]

    def open_outage(self, connection: Connection, reason: str) -> tuple[str, datetime] | None:
        """Id and start of the outage that has not ended yet."""
        query = select(OUTAGE).where(OUTAGE.c.reason == reason, OUTAGE.c.until.is_(None))
        row = connection.execute(query).first()
        return (row.id, row.since) if row else None

    def outage_starts(self, connection: Connection, reason: str, now: datetime) -> None:
        """Note that an outage began; an outage that is open already goes on."""
        if self.open_outage(connection, reason):
            return
        number = new_ulid(now, self._random(RANDOM_BYTES))
        values = {"id": number, "reason": reason, "since": now, "until": None}
        connection.execute(insert(OUTAGE), [values])
        body = {"outage": number, "reason": reason, "since": format_time(now)}
        ledger.submit(connection, [self.entry("outage.started", now, body)])

    def outage_ends(self, connection: Connection, reason: str, now: datetime) -> None:
        """Note that it is over."""
        found = self.open_outage(connection, reason)
        if found is None:
            return
        number, since = found
        connection.execute(update(OUTAGE).where(OUTAGE.c.id == number).values(until=now))
        body = {
            "outage": number,
            "reason": reason,
            "since": format_time(since),
            "until": format_time(now),
        }
        ledger.submit(connection, [self.entry("outage.ended", now, body)])


def next_log(connection: Connection, closed: Head | None, office: str, now: datetime) -> str:
    """The log to open: the one that `log.closed` named, whatever the clock says by now."""
    if closed is None:
        return f"{office}-{sealing_year(now)}"
    last = ledger.entries_between(connection, closed.log, closed.size - 1, closed.size)[0]
    return str(json.loads(last.data)["body"]["next"])


def _seal_link(seal: Seal | None) -> dict[str, Any]:
    assert seal is not None  # noqa: S101 - a published head has its seal
    return {
        "size": seal.size,
        "note": str(Digest.of("sha256", seal.note)),
        "p7s": str(Digest.of("sha256", seal.p7s)),
        "tst": str(Digest.of("sha256", seal.tst)) if seal.tst is not None else None,
    }


def _late_tokens(connection: Connection, head: Head) -> list[dict[str, Any]]:
    """Tokens that came late and are not named yet, of seals before the previous one."""
    found = late_tokens(connection)
    late = (SEAL.c.late, SEAL.c.tst.is_not(None))
    connection.execute(update(SEAL).where(*late).values(token_linked=True))
    return [
        {"log": log, "size": size, "tst": str(Digest.of("sha256", token))}
        for log, size, token in found
        if (log, size) != (head.log, head.size)
    ]
