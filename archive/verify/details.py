"""Details: what entries may not say, each against the digest in its entry. Runs in a worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from archive.detail import Detail
from archive.errors import FormatError
from archive.esignatures import check_signatures
from archive.fields import Check
from archive.late_sidecar import WHAT, check_late_sidecar
from archive.layout import detail_key
from archive.source_terms import Terms
from archive.statements.kinds import SIGNED, check_data
from archive.technical import check_amendment
from archive.verify.context import JSON_LIMIT, Context, Found, fetch, guarded

_AMENDMENTS: Mapping[str, Check] = {
    "media": check_amendment,
    "signatures": check_signatures,
    WHAT: check_late_sidecar,
}


@dataclass(frozen=True, slots=True)
class DetailJob:
    """A detail to check: identifier, digest, the kind of its entry and where that stands.

    Of an amendment, `kind` ends with a slash and what was amended.
    """

    id: str
    digest: str
    kind: str
    place: str


def check_details(context: Context, jobs: Sequence[DetailJob]) -> Found:
    """Check some details."""
    found: Found = []
    for job in jobs:
        guarded(lambda job=job: _check(context, job, found), detail_key(job.id), found)  # type: ignore[misc]
    return found


def _check(context: Context, job: DetailJob, found: Found) -> None:
    key = detail_key(job.id)
    data = fetch(context.evidence, key, JSON_LIMIT, found, "DETAIL_MISSING", "DETAIL_ALTERED")
    if data is None:
        return
    if f"sha256:{sha256(data).hexdigest()}" != job.digest:
        found.append(("DETAIL_ALTERED", key, {"entry": job.place}))
        return
    try:
        detail = Detail.parse(data)
    except FormatError as error:
        found.append(("DETAIL_ALTERED", key, {"entry": job.place, "reason": str(error)}))
        return
    kind, _, what = job.kind.partition("/")
    if detail.id != job.id or detail.kind != kind:
        reason = "it belongs to another entry"
        found.append(("DETAIL_ALTERED", key, {"entry": job.place, "reason": reason}))
    else:
        try:
            if job.kind in SIGNED:
                check_data(job.kind, detail.data)
            elif job.kind == "source.confirmed" and "terms" in detail.data:
                Terms.of(detail.data["terms"])
            elif what in _AMENDMENTS:
                _AMENDMENTS[what](detail.data)
        except FormatError as error:
            found.append(("ENTRY_BAD", job.place, {"detail": job.id, "reason": str(error)}))
