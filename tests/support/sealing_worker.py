"""A process that submits and seals as fast as it can: `sealing_worker.py HOME NUMBER SECONDS`.

Prints one line for every entry once it is durable: its id, log and index.
"""

import os
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from archive_fixture import ARCHIVE_ID, PASSPHRASE, open_database, places_in

from archive.durable import FileSystem
from archive.errors import Unreachable
from archive.ids import new_ulid
from archive.keyring import Keyring, embedded_timestamper, load_identity
from archive.lease import Lease
from archive.ledger import NewEntry
from archive.seal import Sealer
from archive.submitting import wait_until_sealed
from archive.system_entries import LogSettings


class RealClock:
    """The machine's clock, as the command line has it."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - a process of its own

    def monotonic(self) -> float:
        return time.monotonic()


def real_sealer(home: Path) -> Sealer:
    """A sealer as another process of the archive makes it."""
    clock = RealClock()
    keyring = Keyring(home / "keys", PASSPHRASE)
    numbers = random.SystemRandom()
    timestamper = embedded_timestamper(keyring, clock.now, lambda: numbers.getrandbits(120))
    identity = load_identity(keyring, ARCHIVE_ID, "main", timestamper, time_is_local=True)
    settings = LogSettings(("sha256", "sm3"), 3600, "cunzheng test", "read-only", 16)
    database = open_database(home)
    return Sealer(
        database,
        places_in(home, FileSystem()),
        identity,
        Lease(home / "seal.lock", database),
        clock,
        os.urandom,
        settings,
    )


def main() -> None:
    """Submit entries of one's own stream and of a shared one until the time is over."""
    home, number, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    sealer, clock, database = real_sealer(home), RealClock(), open_database(home)
    print("ready", flush=True)
    sys.stdin.readline()
    end = clock.monotonic() + seconds
    turn = 0
    while clock.monotonic() < end:
        turn += 1
        new = [_entry(clock, number, part) for part in range(1 + turn % 4)]
        try:
            found = wait_until_sealed(sealer, database, new, clock, 120)
        except Unreachable as error:
            sys.exit(f"worker {number}: {error}")
        for entry, (log, index) in zip(new, found, strict=True):
            print(entry.id, log, index, flush=True)


def _entry(clock: RealClock, number: int, part: int) -> NewEntry:
    now = clock.now()
    body = {"outage": new_ulid(now, os.urandom(10)), "reason": "not_running", "worker": number}
    kind = "test.shared" if part % 2 else "test.own"
    stream = "source/shared" if part % 2 else f"source/worker-{number}"
    return NewEntry(new_ulid(now, os.urandom(10)), kind, stream, "system/test", now, None, body)


if __name__ == "__main__":
    main()
