"""What every check needs, and reading small objects so that no failure is overlooked."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from archive.errors import ArchiveError, FormatError, ObjectMissing
from archive.parts import Part, read_part
from archive.ports import CHUNK, ObjectStore, read_all
from archive.verify.judges import Judges
from signing.trust import TrustPolicy

Found = list[tuple[str, str, dict[str, Any]]]
"""Findings as workers hand them over: code, subject, details."""

IN_PROGRESS = timedelta(minutes=10)
"""How long an unfinished seal may be the work of a running sealer (design §3)."""

_SKEW = timedelta(seconds=60)

NOTE_LIMIT = 64 * 1024
SIGNATURE_LIMIT = 1024 * 1024
JSON_LIMIT = 16 * 1024 * 1024
BUNDLE_LIMIT = 256 * 65_537


@dataclass(frozen=True, slots=True)
class Context:
    """The two places, what the inspector trusts, and the time of the inspection.

    `started` is the monotonic time at which it was `now`.
    """

    evidence: ObjectStore
    live: ObjectStore
    policy: TrustPolicy
    now: datetime
    judges: Judges
    started: float = field(default_factory=time.monotonic)

    def young(self, modified: datetime) -> bool:
        """Whether a running sealer may still be at work on an object of this age.

        A time that is still to come is no time of writing, whatever the object claims. The
        inspection itself takes time, so the present is later than `now`.
        """
        passed = timedelta(seconds=time.monotonic() - self.started)
        return self.now - IN_PROGRESS < modified <= self.now + passed + _SKEW


def fetch(
    store: ObjectStore,
    key: str,
    limit: int,
    found: Found,
    missing: str | None,
    altered: str,
    size: int = 0,
) -> bytes | None:
    """The bytes of a small object, or None and a finding (none if `missing` is None).

    `size` is what a listing said, if there was one: it saves the read that finds the end.
    """
    return fetch_part(store, Part(key, size=size or None), limit, found, missing, altered)


def fetch_part(
    store: ObjectStore, part: Part, limit: int, found: Found, missing: str | None, altered: str
) -> bytes | None:
    """The same for a small file of a record, which may stand in a pack."""
    key = part.pack or part.own
    try:
        if part.pack is not None or (part.size or limit + 1) <= min(limit, CHUNK):
            return b"".join(read_part(store, part, 0, min(part.size or 0, limit)))
        return read_all(store, part.own, limit)
    except ObjectMissing:
        if missing:
            found.append((missing, key, {}))
    except FormatError as error:
        found.append((altered, key, {"reason": str(error)}))
    except (ArchiveError, OSError) as error:
        found.append(("STORE_UNREADABLE", key, {"reason": str(error)}))
    return None


def guarded(check: Callable[[], None], subject: str, found: Found) -> None:
    """Run a check; whatever it did not foresee becomes a finding, never a pass or a crash."""
    try:
        check()
    except (ArchiveError, OSError) as error:
        found.append(("STORE_UNREADABLE", subject, {"reason": str(error)}))
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        found.append(("CHECK_INCOMPLETE", subject, {"reason": reason[:300]}))
