"""What the tables say of an outcome: its line, its source, and by what its drop is known."""

from datetime import datetime
from typing import Any

from archive.source_rows import ARRIVALS, Counts
from ingest.aside import refusal_in
from ingest.batch import Taken
from ingest.beside import to_text
from ingest.claim import ALONE
from ingest.drops import Accepted, Rejected
from ingest.found import Drop, Found
from ingest.refusal import NOTHING
from ingest.release import KEEP
from ingest.returned import Key


def row_of(
    outcome: Taken, pending: str, record: str | None, release: str, now: datetime
) -> list[Any]:
    """A line of the table `intake`, in the order of COLUMNS; it has the entry's number."""
    file, path, key = outcome.drop.file, outcome.drop.file.path, outcome.drop.file.key
    state = "staged"
    if isinstance(outcome, Rejected):
        content = outcome.content.digests[0].value
        beside = outcome.sidecar[0].value if outcome.sidecar else None
        judged = outcome.drop.sidecar
        if release == KEEP and judged is not None:
            # It stays where it is: known by its sidecar, so that a corrected one is looked at.
            path, key = judged.path, judged.key
    else:
        content = content_of(outcome)
        beside = outcome.sidecar.digests[0].value if outcome.sidecar else None
    further = to_text(outcome.drop.beside)
    at = _sidecar_path(outcome.drop)
    ours = (state, record, pending, release, now, further, at)
    return [pending, file.source, path, *key, content, beside, *ours]


def count(counts: Counts, kind: str, outcome: Taken) -> None:
    """Count what came of a source, as its entry will say it."""
    source, at = outcome.drop.file.source, outcome.received_at
    if isinstance(outcome, Accepted) and kind == "record.accessioned":
        counts.add(source, at, "records", outcome.staged.size)
    else:
        counts.add(source, at, ARRIVALS[kind])


def content_of(outcome: Accepted) -> bytes:
    """SHA-256 of the drop's bytes."""
    return outcome.staged.sha256()


def source_folder(file: Found) -> bytes:
    """Name of the folder directly below the inbox."""
    depth = 1 + (file.folder.count(b"/") + 1 if file.folder else 0)
    parts = file.path.split(b"/")
    return parts[-1 - depth] if len(parts) > depth else file.source.encode()


def is_alone(drop: Drop) -> bool:
    """Whether it is a sidecar that came without its file."""
    return drop.claim is not None and drop.claim.kind == ALONE


def _sidecar_path(drop: Drop) -> bytes | None:
    """Where a sidecar stands that is not at the path with `.json`; empty: nowhere by itself."""
    if drop.claim is None or not drop.has_sidecar:
        return None
    return b"" if drop.sidecar is None else drop.sidecar.path


def keys_of(drop: Drop) -> list[Key]:
    """Under which keys a drop may be known: its own, and those of a refusal's stub."""
    if refusal_in(drop.file.name) is not None:
        return [(drop.file.name, NOTHING)]  # put aside: nobody knows it by anything else
    own = drop.file.key
    keys: list[Key] = [(drop.file.path, own), (b"", own)]
    if drop.sidecar is not None:
        key = drop.sidecar.key
        keys += [(b"", key), (drop.sidecar.path, key)]
    return keys
