"""Questions over the whole ledger that the index answers once the walks are done."""

from archive.detail import Detail
from archive.errors import ArchiveError
from archive.layout import detail_key, note_key
from archive.ports import ObjectStore, read_all
from archive.report import Report
from archive.verify.index import Index
from archive.verify.pki import Pki
from signing.digest import Digest

_DANGLING = """
SELECT place, id FROM reference WHERE kind='record' AND id NOT IN (SELECT id FROM record)
UNION ALL
SELECT r.place, r.id FROM reference r WHERE r.kind='place' AND NOT EXISTS
  (SELECT 1 FROM record WHERE record.id=r.id AND record.log=r.log AND record.idx=r.idx)
"""


_REJECTED = (
    "SELECT id, digest, subject, place FROM detail WHERE kind='drop.rejected' ORDER BY rowid"
)


def check_references(index: Index, report: Report) -> None:
    """Every entry that names a record or an accession names one that there is.

    What signed entries and the ends of accesses name is asked for by `archive.verify.registers`.
    """
    if index.one("SELECT 1 FROM reference") is None:
        return
    index.run("CREATE INDEX IF NOT EXISTS record_id ON record(id)")
    for place, name in index.rows(_DANGLING):
        report.add("REFERENCE_BAD", place, names=name)


def check_quarantine(index: Index, report: Report, evidence: ObjectStore) -> None:
    """Every quarantined drop that was resolved was rejected before, from the same source.

    Under which id it lies in quarantine only the detail of its `drop.rejected` says. Where one of
    these cannot be read, that is a finding of its own, and of the others nothing can be said.
    """
    ended = list(index.rows("SELECT place, id, log FROM reference WHERE kind='quarantine'"))
    if not ended:
        return
    rejected: dict[tuple[str, str], str] = {}
    for name, digest, source, place in index.rows(_REJECTED):
        try:
            data = read_all(evidence, detail_key(name))
            if str(Digest.of("sha256", data)) != digest:
                return
            number = Detail.parse(data).data.get("quarantine")
        except (ArchiveError, OSError):
            return
        rejected.setdefault((str(number), source), place)
    for place, number, source in ended:
        before = rejected.get((number, source))
        if before is None or not _is_before(before, place):
            report.add("REFERENCE_BAD", place, names=number)


def _is_before(one: str, other: str) -> bool:
    """Whether a place in the ledger cannot be behind another; of two logs nothing is asked."""
    (log, _, index), (second, _, later) = one.rpartition("#"), other.rpartition("#")
    return log != second or int(index) < int(later)


def check_links(index: Index, report: Report, heads: dict[str, int]) -> None:
    """Every seal but the newest is named, and every seal that is named is stored.

    `heads` are the sizes of the logs whose entries could all be read, 0 where a later log must name
    the last seal too.
    """
    for log, head in heads.items():
        unnamed = index.rows(
            "SELECT s.size FROM seal s LEFT JOIN linked l ON l.log=s.log AND l.size=s.size "
            "WHERE s.log=? AND s.size<>? AND l.log IS NULL ORDER BY s.size",
            log,
            head,
        )
        for (size,) in unnamed:
            report.add("SEAL_LINK_BAD", note_key(log, size), reason="nothing names it")
    absent = index.rows(
        "SELECT l.log, l.size, l.place FROM linked l "
        "LEFT JOIN seal s ON s.log=l.log AND s.size=l.size WHERE s.log IS NULL"
    )
    for log, size, place in absent:
        if log in heads:
            report.add("SEAL_MISSING", note_key(log, size), named_by=place)


def check_pki(index: Index, report: Report, pki: Pki, evidence: ObjectStore) -> list[str]:
    """Certificates and revocation lists that the ledger names; returns keys it does not name."""
    named = dict(index.rows("SELECT key, place FROM pki"))
    for key in sorted(named.keys() - pki.keys):
        try:
            if evidence.stat(key) is None:
                report.add("PKI_MISSING", key, named_by=named[key])
        except (ArchiveError, OSError) as error:
            report.add("STORE_UNREADABLE", key, reason=str(error))
    return sorted(pki.keys - named.keys())
