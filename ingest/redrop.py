"""Is this drop one that the archive has already? (design §3, “Drops and receipts”)

The same source, name bytes, content and sidecar; the record present and just read again. Anything
else is a new record, so a doubt costs a copy and never a loss.
"""

from hashlib import sha256

from archive import ledger
from archive.database import Database
from archive.entry import Entry
from archive.errors import ArchiveError
from archive.parts import CONTENT, DESCRIPTION, SIDECAR, part_of, read_part
from archive.ports import ObjectStore
from archive.tables import RecordRow
from ingest.drops import Accepted
from ingest.entries import Known


def find_first(
    outcome: Accepted, known: Known, evidence: ObjectStore, database: Database
) -> RecordRow | None:
    """The record that the drop repeats, or None."""
    content = next(d for d in outcome.staged.digests if d.algorithm == "sha256")
    beside = outcome.sidecar.digests[0].value if outcome.sidecar else None
    for row in known.by_sha256.get(content.value, ()):
        same = (row.source, row.name_raw) == (outcome.drop.file.source, outcome.drop.file.name)
        if same and row.sidecar_sha256 == beside and _is_present(row, evidence, database):
            return row
    return None


def is_destroyed(outcome: Accepted, known: Known) -> bool:
    """Whether a record of this source, name and content was destroyed by a disposition.

    Its sidecar is not compared: nothing is known of it any more.
    """
    content = next(d for d in outcome.staged.digests if d.algorithm == "sha256")
    file = outcome.drop.file
    return any(
        row.destroyed and (row.source, row.name_raw) == (file.source, file.name)
        for row in known.by_sha256.get(content.value, ())
    )


def is_spilled(outcome: Accepted, known: Known) -> bool:
    """Whether this content was found to be a state secret, under whatever name it came then."""
    content = next(d for d in outcome.staged.digests if d.algorithm == "sha256")
    return any(row.spilled for row in known.by_sha256.get(content.value, ()))


def _is_present(row: RecordRow, evidence: ObjectStore, database: Database) -> bool:
    """Whether the record can be read, whole and as it was, wherever it stands: its sidecar too."""
    with database.read() as connection:
        found = ledger.entries_between(connection, row.log, row.idx, row.idx + 1)
    try:
        entry = Entry.parse(found[0].data)

        def digest(name: str) -> bytes:
            read = sha256()
            for chunk in read_part(evidence, part_of(row.id, entry.body, entry.at, name)):
                read.update(chunk)
            return read.digest()

        if digest(CONTENT) != row.sha256 or entry.body["record"] != _named(digest(DESCRIPTION)):
            return False
        return row.sidecar_sha256 is None or digest(SIDECAR) == row.sidecar_sha256
    except (ArchiveError, IndexError):
        return False


def _named(digest: bytes) -> str:
    return f"sha256:{digest.hex()}"
