"""One version's protection against what the ledger asks."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from archive.ports import Protection
from archive.storage_check.expected import DATED, Expected, rank
from archive.storage_check.place import Found
from archive.times import format_time

RENEWAL_DUE = timedelta(days=90)
"""What must be kept on and is locked for less time than this should have been renewed by now."""
FARTHEST = datetime(2099, 12, 31, tzinfo=UTC)
"""Servers hold no later date safely; what is kept for longer is renewed, or has a legal hold."""
_EXACT = timedelta(seconds=1)
"""Servers count whole seconds."""

Recent = Callable[[Expected], bool]
"""Whether the ledger has asked for more only lately, so that the lock may still be on its way."""


def judge_lock(wanted: Expected, got: Protection, now: datetime, recent: Recent) -> Found:
    """What is wrong with the protection of an object."""
    found: Found = [(code, subject, {}) for code, subject in got.remarks]
    if wanted.sha256 is not None and got.sha256 not in (None, wanted.sha256):
        details = {"stored": got.sha256.hex(), "ledger": wanted.sha256.hex()}
        found.append(("STORED_CHECKSUM_DIFFERS", wanted.key, details))
    if rank(got.level) < rank(wanted.level):
        details = {"stated": wanted.level, "level": got.level}
        found.append(("LOCK_MISSING", wanted.key, details))
    elif got.level in DATED:
        found += _dates(wanted, got, now, recent)
    return found


def _dates(wanted: Expected, got: Protection, now: datetime, recent: Recent) -> Found:
    found = _end(wanted, got, now, recent)
    if wanted.held and not got.held:
        code = "LOCK_PENDING" if recent(wanted) else "LEGAL_HOLD_MISSING"
        found.append((code, wanted.key, _of(wanted)))
    elif got.held and not wanted.held:
        found.append(("LEGAL_HOLD_UNEXPECTED", wanted.key, _of(wanted)))
    return found


def _end(wanted: Expected, got: Protection, now: datetime, recent: Recent) -> Found:
    """A lock whose time is over may end; one that is still needed may not."""
    end = got.until or datetime.min.replace(tzinfo=now.tzinfo)
    needed = FARTHEST if wanted.until is None else min(wanted.until, FARTHEST)
    details = {
        **_of(wanted),
        "until": format_time(got.until) if got.until else None,
        "needed": format_time(wanted.until) if wanted.until else "for ever",
    }
    if needed >= now and end + _EXACT < needed:
        return [("LOCK_PENDING" if recent(wanted) else "LOCK_SHORT", wanted.key, details)]
    if (wanted.until is None or wanted.kept) and end < now + RENEWAL_DUE:
        return [("LOCK_EXPIRING", wanted.key, details)]
    return []


def _of(wanted: Expected) -> dict[str, Any]:
    return {"records": list(wanted.records[:10])} if wanted.records else {}
