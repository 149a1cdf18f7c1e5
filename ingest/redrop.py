"""Is this drop one that the archive has already? (design §3, “Drops and receipts”)

The same source, name bytes, content and sidecar; the record present and just read again. Anything
else is a new record, so a doubt costs a copy and never a loss.
"""

from hashlib import sha256

from archive.errors import ArchiveError
from archive.layout import content_key, record_key
from archive.ports import ObjectStore, read_all
from archive.record import RecordDescription
from archive.tables import RecordRow
from ingest.drops import Accepted
from ingest.entries import Known


def find_first(outcome: Accepted, known: Known, evidence: ObjectStore) -> RecordRow | None:
    """The record that the drop repeats, or None."""
    content = next(d for d in outcome.staged.digests if d.algorithm == "sha256")
    beside = outcome.sidecar.digests[0].value if outcome.sidecar else None
    for row in known.by_sha256.get(content.value, ()):
        same = (row.source, row.name_raw) == (outcome.drop.file.source, outcome.drop.file.name)
        if same and row.sidecar_sha256 == beside and _is_present(row, evidence):
            return row
    return None


def _is_present(row: RecordRow, evidence: ObjectStore) -> bool:
    try:
        found = RecordDescription.parse(read_all(evidence, record_key(row.id)))
        digest = sha256()
        for chunk in evidence.read(content_key(row.id)):
            digest.update(chunk)
    except ArchiveError:
        return False
    described = next(d.value for d in found.digests if d.algorithm == "sha256")
    return digest.digest() == row.sha256 == described
