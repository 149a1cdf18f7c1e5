"""Repair: what one of two stores lacks is written again from the other, if the ledger proves it.

    repaired = Repair(…).run()

Objects that the first store lacks are fetched into a spool on our own disk; the first store and the
spool together are verified as one archive; only what that verification finds nothing against is
written, from the very bytes that were verified. Nothing is overwritten: other bytes under a key
stay where they are, and are told.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archive.cause import cause
from archive.copying import Copier, absent
from archive.database import Database
from archive.errors import ObjectConflict, ObjectMissing
from archive.ports import ObjectStore, PutItem
from archive.replica import REPLICA, Replicator, Side
from archive.replica_locks import lock_of
from archive.replica_queue import try_again
from archive.report import KEPT_PER_CODE, Finding, Report
from archive.stores.directory import DirectoryStore
from archive.stores.union import Union
from archive.verify import Kit, verify
from signing.trust import TrustPolicy

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)
_OF_THE_LEDGER = {
    "CHECK_INCOMPLETE",
    "ENTRY_BAD",
    "LEDGER_ALTERED",
    "LEDGER_REWRITTEN",
    "LEDGER_TRUNCATED",
    "LOG_IDENTITY",
    "LOG_MISSING",
    "REGISTERS_UNCHECKED",
    "SPLIT_VIEW",
}
"""With one of these the ledger itself proves nothing, and nothing is written."""
_AT_ONCE = 64


@dataclass(slots=True)
class Repaired:
    """What came of a repair: keys by what became of them, and the verification behind it.

    `restored` stand in the first store again, `copied` is how many went to the second one; of
    `unproved` neither store has bytes that the ledger vouches for.
    """

    report: Report
    restored: list[str] = field(default_factory=list)
    copied: int = 0
    aside: int = 0
    unproved: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What verifies: the policy, what else an inspector brings, the time, and who watches."""

    policy: TrustPolicy
    kit: Kit
    now: datetime
    progress: Callable[[str, int, int], None] | None = None


class Repair:
    """One repair of two stores; `copier` stages on the disk of the first one, if it has one."""

    def __init__(
        self,
        database: Database,
        first: Side,
        copy: Side,
        replicator: Replicator,
        copier: Copier,
    ) -> None:
        self._db = database
        self._first = first
        self._copy = copy
        self._replicator = replicator
        self._copier = copier

    def run(self, inspection: Inspection, fetched: DirectoryStore) -> Repaired:
        """Repair both. `fetched` is an empty store on our own disk, which may be removed after.

        Raises Unreachable, StateUnknown.
        """
        with cause("replica"):
            missing = list(absent(self._copy.evidence, self._first.evidence))
            self._fetch(missing, fetched)
            report = self._verified(inspection, fetched)
            done = Repaired(report)
            proved = Proved(report)
            for key in missing:
                (done.restored if proved.proves(key) else done.unproved).append(key)
            done.restored = [key for key in done.restored if self._restore(key, fetched, done)]
            self._renew_copy(proved, done)
            return done

    def _fetch(self, keys: Sequence[str], fetched: DirectoryStore) -> None:
        for start in range(0, len(keys), _AT_ONCE):
            with self._copier.batch() as staged:
                items = []
                for key in keys[start : start + _AT_ONCE]:
                    items += staged.if_there(self._copy.evidence, key)
                fetched.put(items)

    def _verified(self, inspection: Inspection, fetched: DirectoryStore) -> Report:
        return verify(
            Union(self._first.evidence, fetched),
            Union(self._first.live, self._copy.live),
            inspection.policy,
            now=inspection.now,
            kit=inspection.kit,
            progress=inspection.progress,
        )

    def _restore(self, key: str, fetched: ObjectStore, done: Repaired) -> bool:
        """Write an object into the first store from the bytes that were verified."""
        with self._db.read() as connection:
            lock = lock_of(connection, key)
        if not lock.known:
            done.unproved.append(key)
            return False
        try:
            with self._copier.batch() as staged:
                item = staged.read(fetched, PutItem(key, b"", lock.until))
                self._first.evidence.put([item])
                self._copier.read_back(self._first.evidence, item)
        except (ObjectConflict, ObjectMissing):
            done.unproved.append(key)
            return False
        return True

    def _renew_copy(self, proved: "Proved", done: Repaired) -> None:
        """Queue what the second store lacks and is proved, and copy it now."""
        if proved.nothing:
            return
        with self._db.write() as connection:
            try_again(connection, REPLICA)
        self._replicator.queue_missing(proved.proves)
        copied = self._replicator.drain()
        done.copied, done.aside = copied.objects, copied.aside


class Proved:
    """Which keys a report speaks against; where it had to leave findings out, all of them."""

    def __init__(self, report: Report) -> None:
        found = report.findings
        cut = any(number > KEPT_PER_CODE for number in report.counts.values())
        self.nothing = cut or any(_spoils_all(finding) for finding in found)
        self._words = {word for finding in found for word in _words(finding)}

    def proves(self, key: str) -> bool:
        """Whether nothing was found against an object."""
        if self.nothing or key in self._words:
            return False
        return not any(name in self._words for name in _ULID.findall(key))


def ledger_holds(report: Report) -> bool:
    """Whether a verification found nothing against the ledger itself."""
    return not any(_spoils_all(finding) for finding in report.findings)


def _spoils_all(finding: Finding) -> bool:
    """Whether the ledger does not hold, or entries are lost that may have named anything."""
    entries = finding.code.startswith("TILE_") and "/tile/entries/" in finding.subject
    return entries or finding.code in _OF_THE_LEDGER


def _words(finding: Finding) -> Iterator[str]:
    """Keys and identifiers that a finding is about, also in its details."""
    yield finding.subject
    key = finding.details.get("key")
    if isinstance(key, str):
        yield key
    yield from _ULID.findall(finding.subject)
