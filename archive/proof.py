"""A proof bundle: a record's entry and its way to a signed, timestamped seal (docs/formats.md §8).

It is checked with sha256sum and openssl alone, as its README says, and it never holds the content.
"""

import base64
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from archive import catalog, layout, ledger
from archive.database import Database
from archive.errors import NotFound, Unreachable
from archive.ports import ObjectStore, read_all
from archive.proof_readme import readme, readme_of_destroyed
from archive.publish import Places
from archive.sealed_record import SealedRecord
from archive.seals import SEAL
from archive.stored_log import LogTrust, ProvedEntry, StoredLog
from signing.digest import Digest
from signing.errors import SigningError

_SIGNATURE_LIMIT = 16 << 20
_PEM_LINE = 64


def proof_bundle(
    database: Database, places: Places, trust: LogTrust, record: str
) -> dict[str, bytes]:
    """The bundle's files, by name, for a record's identifier or its unique beginning.

    The seal is the first one with a token that covers the entry: the earliest proof there is. All
    is read from storage and proved on the way. Of a destroyed or
    spilled record there is no record.json.
    Raises NotFound, Unreachable while the seal has no token, ContentAltered or ObjectMissing.
    """
    with database.read() as connection:
        row = catalog.find_record(connection, record)
        head = ledger.head_of(connection, row.log)
        query = select(SEAL.c.size).where(
            SEAL.c.log == row.log, SEAL.c.size > row.idx, SEAL.c.tst.is_not(None)
        )
        seal = connection.execute(query.order_by(SEAL.c.size).limit(1)).first()
    if head is None or row.idx >= head.published:
        raise NotFound(f"The record {row.id} is not sealed yet.")
    if seal is None or seal.size > head.published:
        raise Unreachable(f"The seal of {row.id} has no timestamp yet; try again later.")
    stored = StoredLog(places, trust, row.log, head.published)
    proved = stored.prove(row.idx, seal.size)
    files, gen_time = _seal_files(places.evidence, proved, row.id)
    if row.destroyed or row.spilled:
        text = readme_of_destroyed(row.id, proved, gen_time, blocked=row.spilled)
        return {**files, "README.txt": text}
    sealed = SealedRecord(places.evidence, proved, row.id)
    own = {"record.json": sealed.record_json, "README.txt": readme(sealed, gen_time)}
    return {**files, **own}


def _seal_files(
    evidence: ObjectStore, proved: ProvedEntry, record: str
) -> tuple[dict[str, bytes], datetime]:
    """Everything that proves an entry, and the time of its token."""
    from signing.timestamp import check_token

    p7s = read_all(evidence, layout.cms_key(proved.log, proved.size), _SIGNATURE_LIMIT)
    tst = read_all(evidence, layout.token_key(proved.log, proved.size), _SIGNATURE_LIMIT)
    try:
        gen_time = check_token(tst, digest=Digest.of("sha256", p7s)).gen_time
    except SigningError as error:
        raise Unreachable(f"The timestamp of {record} cannot be used: {error}") from error
    files = {
        "entry.json": proved.data,
        "proof.tlog-proof": tlog_proof(proved),
        "checkpoint.note": proved.note,
        "checkpoint.note.p7s": p7s,
        "checkpoint.note.p7s.tst": tst,
        "certificates.pem": pem(evidence, ".crt", "CERTIFICATE"),
        "crls.pem": pem(evidence, ".crl", "X509 CRL"),
    }
    return files, gen_time


def tlog_proof(proved: ProvedEntry) -> bytes:
    """C2SP tlog-proof: index, inclusion path, and the checkpoint that they lead to."""
    path = [base64.b64encode(step).decode() for step in proved.path]
    lines = ["c2sp.org/tlog-proof@v1", f"index {proved.index}", *path, "", ""]
    return "\n".join(lines).encode() + proved.note


def pem(evidence: ObjectStore, ending: str, label: str) -> bytes:
    """All stored certificates (`.crt`, CERTIFICATE) or lists (`.crl`, X509 CRL) as PEM."""
    return b"".join(_pem(evidence, ending, label))


def _pem(evidence: ObjectStore, ending: str, label: str) -> Iterator[bytes]:
    for info in evidence.list("pki/"):
        if not info.key.endswith(ending):
            continue
        text = base64.b64encode(read_all(evidence, info.key, _SIGNATURE_LIMIT)).decode()
        lines = [text[i : i + _PEM_LINE] for i in range(0, len(text), _PEM_LINE)]
        block = [f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]
        yield "\n".join(block).encode()
