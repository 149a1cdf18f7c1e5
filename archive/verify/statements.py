"""The statements of one signed entry: signatures, and certificates at the entry's time.

Runs in a worker, with the bundle. Whether a signer was enrolled, and whether what was said was
lawful, depends on earlier entries: that is judged afterwards (`archive.verify.registers`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum

from archive.layout import pki_key
from archive.statements.body import SignedBody
from archive.statements.statement import Signed
from archive.verify.context import Found
from archive.verify.judges import Judges
from signing.errors import (
    CertificateBad,
    CertificateRevoked,
    RevocationUnknown,
    SignatureBad,
    SigningError,
)
from signing.signatures import check_signature

LATE = timedelta(hours=24)


class Verdict(IntEnum):
    """What came of an entry's statements; the greatest of all its statements counts.

    REVOKED: a revocation list withdraws the certificate from before that time; whether that was
    known then, the register says. UNKNOWN: the certificate is gone, so nothing can be said.
    """

    GOOD = 0
    REVOKED = 1
    UNKNOWN = 2
    BAD = 3


def judge_body(judges: Judges, body: SignedBody, at: datetime, place: str, found: Found) -> Verdict:
    """Judge all statements of an entry made `at`, and how long ago it was accepted."""
    verdict = Verdict.GOOD
    if at - body.accepted_at > LATE:
        hours = (at - body.accepted_at) // timedelta(hours=1)
        found.append(("STATEMENT_LATE", place, {"hours": hours}))
    for signed in body.statements:
        moments = (at, body.accepted_at)
        verdict = max(verdict, judge_statement(judges, signed, moments, place, found))
    return verdict


def judge_statement(
    judges: Judges, signed: Signed, moments: Sequence[datetime], place: str, found: Found
) -> Verdict:
    """Judge the signature of one statement, and its certificate at the first of these moments.

    One that has run out by then counts if it was good at a later one of them.
    """
    statement = signed.statement
    digest = str(statement.certificate)
    who = {"person": statement.person, "certificate": digest}
    certificate = judges.stored(digest)
    if certificate is None:
        key = pki_key(digest.partition(":")[2], "crt")
        if not any(item[:2] == ("PKI_MISSING", key) for item in found):
            found.append(("PKI_MISSING", key, {"named_by": place}))
        return Verdict.UNKNOWN
    try:
        check_signature(certificate, statement.signed_bytes(), signed.signature)
        _judge_path(judges, certificate, moments)
    except SignatureBad as error:
        details = {**who, "code": "STATEMENT_BAD", "reason": str(error)}
        found.append(("STATEMENT_BAD", place, details))
        return Verdict.BAD
    except CertificateRevoked:
        return Verdict.REVOKED
    except RevocationUnknown as error:
        found.append(("REVOCATION_UNKNOWN", place, {**who, "reason": str(error)}))
    except CertificateBad as error:
        details = {**who, "code": "CERTIFICATE_BAD", "reason": str(error)}
        found.append(("SIGNER_INVALID", place, details))
        return Verdict.BAD
    return Verdict.GOOD


def _judge_path(judges: Judges, certificate: bytes, moments: Sequence[datetime]) -> None:
    """Raises as `Judges.person` does at the first moment."""
    first, *others = moments
    try:
        judges.person(certificate, first)
    except CertificateRevoked:
        raise
    except CertificateBad as error:
        for moment in others:
            try:
                return judges.person(certificate, moment)
            except SigningError:
                continue
        raise error
