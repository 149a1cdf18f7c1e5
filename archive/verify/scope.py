"""What a verification looks at. The ledger and its seals are always checked whole."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from archive.times import format_time


@dataclass(frozen=True, slots=True)
class Everything:
    """Every record, every detail, and that nothing else stands there."""

    def __str__(self) -> str:
        return "everything"


@dataclass(frozen=True, slots=True)
class OneRecord:
    """One record and its details."""

    record: str

    def __str__(self) -> str:
        return f"record {self.record}"


@dataclass(frozen=True, slots=True)
class Cases:
    """The records whose claims name one of these case numbers."""

    numbers: frozenset[str]

    def __str__(self) -> str:
        return "case " + ", ".join(sorted(self.numbers))


@dataclass(frozen=True, slots=True)
class Since:
    """The records and details whose entries were made at this time or later."""

    at: datetime

    def __str__(self) -> str:
        return f"since {format_time(self.at)}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of records; the same seed chooses the same records from the same ledger."""

    count: int
    seed: str

    def __str__(self) -> str:
        return f"sample of {self.count}, seed {self.seed}"

    def choose(self, records: Iterable[str]) -> list[str]:
        """The records with the lowest H(seed, id): uniform, repeatable, in bounded memory."""
        ranked = (
            (sha256(f"{self.seed}\n{record}".encode()).digest(), record) for record in records
        )
        return sorted(record for _, record in heapq.nsmallest(self.count, ranked))


Scope = Everything | OneRecord | Cases | Since | Sample
