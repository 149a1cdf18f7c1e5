"""The place as a whole: its locks, versions, rules, rights and clock."""

from datetime import datetime, timedelta
from typing import Any

from archive.ports import PlaceFacts
from archive.storage_check.expected import DATED, Stated
from archive.times import format_time

OFF_SECONDS, WRONG_SECONDS = 5.0, 60.0
"""A clock that is off by more is worth a question; by so much more its locks mean nothing."""
STALE = timedelta(days=1)
"""An upload that rests for so long was given up, and its bytes lie there unlisted."""

Found = list[tuple[str, str, dict[str, Any]]]


def judge_place(facts: PlaceFacts, stated: Stated, now: datetime) -> Found:
    """Everything that is wrong with the settings of one place."""
    place = facts.place
    found: Found = []
    if stated.level in DATED and facts.locking is False:
        found.append(("BUCKET_UNLOCKED", place, {"stated": stated.level}))
    if stated.level in DATED and facts.versioned is False:
        found.append(("BUCKET_UNVERSIONED", place, {}))
    found += [("BUCKET_LIFECYCLE", place, {"rule": rule}) for rule in facts.hiding]
    found += [("BUCKET_PUBLIC", place, {"grant": grant}) for grant in facts.public]
    found += _changes(facts, stated)
    found += _clock(facts)
    for key, upload, begun in facts.uploads:
        if now - begun > STALE:
            details = {"upload": upload, "begun_at": format_time(begun)}
            found.append(("UPLOAD_STALE", key, details))
    for name, reason in facts.unknown.items():
        found.append(("SETTING_UNKNOWN", place, {"setting": name, "reason": reason}))
    return found


def _changes(facts: PlaceFacts, stated: Stated) -> Found:
    found: Found = []
    if stated.server is not None and facts.server != stated.server:
        details = {"probed": stated.server, "now": facts.server}
        found.append(("SERVER_CHANGED", facts.place, details))
    if stated.settings is not None:
        names = sorted({*facts.settings, *stated.settings} - set(facts.unknown))
        changed = [n for n in names if facts.settings.get(n) != stated.settings.get(n)]
        if changed:
            found.append(("BUCKET_CHANGED", facts.place, {"settings": changed}))
    return found


def _clock(facts: PlaceFacts) -> Found:
    if facts.skew <= OFF_SECONDS:
        return []
    code = "STORE_CLOCK_WRONG" if facts.skew > WRONG_SECONDS else "STORE_CLOCK_OFF"
    return [(code, facts.place, {"seconds": round(facts.skew)})]
