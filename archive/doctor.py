"""Is the archive's machine in order? Pure judgements over values that the caller has measured.

Each gives a `Check` with a stable code and a state; the sentences are the command line's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from archive.boundary import Wider

CLOCK_TOLERANCE = timedelta(seconds=2)
TSA_TOLERANCE = timedelta(seconds=30)
NEAR_EXPIRY = timedelta(days=30)
ROOT_CRL_SOON = timedelta(days=30)
LOW_DISK_SHARE = 0.05
LOW_DISK_BYTES = 2 << 30
KEYS_OPEN_TO = 0o077
DATABASE_WANTED: Mapping[str, tuple[str, ...]] = {
    "journal_mode": ("wal",),
    "integrity": ("ok",),
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
    "server_encoding": ("UTF8",),
}
"""What keeps a commit through a power cut: the first two of SQLite, the others of PostgreSQL."""


class State(StrEnum):
    """How one check ended."""

    FINE = "fine"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One judgement: a stable code, its state, and values for its sentence."""

    code: str
    state: State
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expiring:
    """A certificate or CRL: whose it is, and until when it holds (None: for ever)."""

    name: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file of keys/ or the folder itself, with its permission bits."""

    name: str
    mode: int


def judge_clock(now: datetime, last_seal: datetime | None) -> Check:
    """The clock may not stand before the last seal."""
    if last_seal is None:
        return Check("CLOCK", State.UNKNOWN, {"reason": "no seal"})
    behind = last_seal - now
    state = State.WRONG if behind > CLOCK_TOLERANCE else State.FINE
    return Check("CLOCK", state, {"seconds": max(0, round(behind.total_seconds()))})


def judge_tsa(now: datetime, answered: datetime | None, problem: str | None) -> Check:
    """A time-stamping authority must answer, with a time near our own."""
    if answered is None:
        return Check("TSA", State.UNKNOWN, {"reason": problem or "no answer"})
    apart = abs(answered - now)
    state = State.WRONG if apart > TSA_TOLERANCE else State.FINE
    return Check("TSA", state, {"seconds": round(apart.total_seconds())})


def judge_disk(name: str, free: int, total: int) -> Check:
    """Room for what is to come; `free` and `total` in bytes."""
    low = free < LOW_DISK_BYTES or free < total * LOW_DISK_SHARE
    return Check("DISK", State.WRONG if low else State.FINE, {"name": name, "free": free})


def judge_certificates(found: Sequence[Expiring], now: datetime) -> list[Check]:
    """Certificates that have expired or soon will."""
    checks = []
    for item in found:
        near = item.until is not None and item.until - now < NEAR_EXPIRY
        state = State.WRONG if near else State.FINE
        checks.append(Check("CERTIFICATE", state, {"name": item.name, "until": item.until}))
    return checks


def judge_crls(found: Sequence[Expiring], now: datetime, *, root_key: bool) -> list[Check]:
    """CRLs in force: the issuing CA's is renewed with every day's first seal, so old is no fault
    while the archive rests; the root's cannot be renewed without its key.
    """
    checks = []
    for item in found:
        left = None if item.until is None else item.until - now
        wrong = left is not None and (item.name == "root" and not root_key and left < ROOT_CRL_SOON)
        values = {
            "name": item.name,
            "until": item.until,
            "expired": bool(left and left < timedelta()),
        }
        checks.append(Check("CRL", State.WRONG if wrong else State.FINE, values))
    if not found:
        checks.append(Check("CRL", State.UNKNOWN))
    return checks


def judge_keys(files: Sequence[KeyFile]) -> list[Check]:
    """Nobody but the owner may reach the keys."""
    open_ = [item for item in files if item.mode & KEYS_OPEN_TO]
    if not open_:
        return [Check("KEYS", State.FINE, {"count": len(files)})]
    return [Check("KEYS", State.WRONG, {"name": i.name, "mode": f"{i.mode:04o}"}) for i in open_]


def judge_boundary(found: Sequence[Wider]) -> list[Check]:
    """Nothing of a home may be open to more accounts than it has to be."""
    if not found:
        return [Check("BOUNDARY", State.FINE)]
    values = [(str(i.path), f"{i.mode:04o}", f"{i.allowed:04o}") for i in found]
    return [
        Check("BOUNDARY", State.WRONG, {"name": name, "mode": mode, "allowed": allowed})
        for name, mode, allowed in values
    ]


def judge_store(problem: str | None) -> Check:
    """The store must take new objects."""
    if problem is not None:
        return Check("STORE", State.WRONG, {"reason": problem})
    return Check("STORE", State.FINE)


def judge_database(settings: Mapping[str, str]) -> list[Check]:
    """The settings that a database was found with, by name."""
    checks = []
    for name, found in settings.items():
        wanted = DATABASE_WANTED[name]
        state = State.FINE if found in wanted else State.WRONG
        values = {"name": name, "found": found, "wanted": wanted[0]}
        checks.append(Check("DATABASE", state, values))
    return checks


def worst(checks: Sequence[Check]) -> State:
    """WRONG over UNKNOWN over FINE."""
    states = {check.state for check in checks}
    return next((s for s in (State.WRONG, State.UNKNOWN) if s in states), State.FINE)
