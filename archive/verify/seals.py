"""One seal by itself: note, CMS and token over the root that the walk computed. Runs in a worker.

How seals follow one another in time is `archive.verify.seal_order`'s question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from archive.layout import cms_key, note_key, token_key
from archive.verify.bundle import EPOCH
from archive.verify.context import (
    NOTE_LIMIT,
    SIGNATURE_LIMIT,
    Context,
    Found,
    fetch,
    guarded,
)
from archive.verify.logs import judge_note
from signing.checkpoint import Checkpoint
from signing.cms import verify_detached
from signing.digest import Digest
from signing.errors import (
    CertificateRevoked,
    RevocationUnknown,
    SigningError,
)
from signing.note import Note, verify_note
from signing.timestamp import Token, check_token


@dataclass(frozen=True, slots=True)
class SealJob:
    """A seal to check: the tree's root at its size (None if unknown), and what entries say of it.

    `named` holds the digests of note, p7s and tst in the entry that links to it (None: nothing
    names it), `late` the token digests that later entries name, `oldest` the time of the oldest
    entry it covers and `latest` the latest time that these entries name, in microseconds.
    """

    log: str
    size: int
    root: bytes | None
    oldest: int
    latest: int
    named: tuple[str, str, str | None] | None
    late: tuple[str, ...]


@dataclass(slots=True)
class SealFacts:
    """`gen_time` is None without a good token; `pending`: there is no token and none is named.

    `crl_number` is that of the newest CRL of the sealing certificate's issuer, if `judged`.
    """

    job: SealJob
    gen_time: datetime | None = None
    pending: bool = False
    internal: bool = False
    crl_number: int | None = None
    judged: bool = False
    wrong_root: str | None = None
    found: Found = field(default_factory=list)


def check_seals(context: Context, jobs: Sequence[SealJob]) -> list[SealFacts]:
    """Check a few hundred seals."""
    return [check_seal(context, job) for job in jobs]


def check_seal(context: Context, job: SealJob) -> SealFacts:
    """Check the three files of a seal."""
    facts = SealFacts(job)
    guarded(lambda: _check(context, facts), note_key(job.log, job.size), facts.found)
    return facts


def _check(context: Context, facts: SealFacts) -> None:
    job, found = facts.job, facts.found
    keys = [form(job.log, job.size) for form in (note_key, cms_key, token_key)]
    note = fetch(context.evidence, keys[0], NOTE_LIMIT, found, "SEAL_MISSING", "SEAL_SIGNATURE_BAD")
    cms = fetch(
        context.evidence, keys[1], SIGNATURE_LIMIT, found, "SEAL_MISSING", "SEAL_SIGNATURE_BAD"
    )
    token = fetch(context.evidence, keys[2], SIGNATURE_LIMIT, found, None, "TIMESTAMP_BAD")
    if note is not None:
        _note(context, facts, note)
    if token is not None:
        _token(context, facts, token, cms)
    elif not any(key == keys[2] for _, key, _ in found):
        _no_token(facts, keys[2])
    if note is not None and cms is not None:
        _signature(context, facts, note, cms)
    if note is not None:
        _key_window(context, facts, note)
    _links(facts, keys, (note, cms, token))


def _note(context: Context, facts: SealFacts, data: bytes) -> None:
    job = facts.job
    problem = judge_note(context, job.log, job.size, data)
    if problem:
        facts.found.append((problem, note_key(job.log, job.size), {}))
        return
    signed = Checkpoint.parse(Note.parse(data).text).root
    if job.root is not None and signed != job.root:
        facts.wrong_root = signed.hex()


def _no_token(facts: SealFacts, key: str) -> None:
    named = facts.job.named
    if (named and named[2]) or facts.job.late:
        facts.found.append(("TIMESTAMP_MISSING", key, {}))
    else:
        facts.pending = True


def _token(context: Context, facts: SealFacts, data: bytes, cms: bytes | None) -> None:
    job = facts.job
    key = token_key(job.log, job.size)
    digest = Digest.of("sha256", cms) if cms is not None else None
    try:
        token = check_token(data, digest=digest, now=context.now)
    except SigningError as error:
        facts.found.append(("TIMESTAMP_BAD", key, {"reason": str(error)}))
        return
    facts.gen_time = token.gen_time
    _authority(context, facts, token, key)


def _authority(context: Context, facts: SealFacts, token: Token, key: str) -> None:
    """The token's certificate must descend from a TSA root of the policy that takes its policy."""
    try:
        root = context.judges.timestamping(token.certificate, token.gen_time, token.certificates)
    except SigningError as error:
        _certificate_problem(facts, key, error)
        return
    facts.internal = root.kind == "internal"
    if root.policies and token.policy not in root.policies:
        reason = f"its policy {token.policy} is not accepted"
        facts.found.append(("TIMESTAMP_BAD", key, {"reason": reason}))


def _signature(context: Context, facts: SealFacts, note: bytes, cms: bytes) -> None:
    job = facts.job
    key = cms_key(job.log, job.size)
    try:
        signature = verify_detached(cms, note)
    except SigningError as error:
        facts.found.append(("SEAL_SIGNATURE_BAD", key, {"reason": str(error)}))
        return
    moment = _moment(facts) or signature.signing_time
    try:
        facts.crl_number = context.judges.sealing(
            signature.certificate, moment, signature.certificates
        )
        facts.judged = True
    except SigningError as error:
        _certificate_problem(facts, key, error)


def _moment(facts: SealFacts) -> datetime | None:
    """When it was sealed: the token's time, without one the latest time that its entries name."""
    if facts.gen_time is not None or not facts.job.latest:
        return facts.gen_time
    return EPOCH + timedelta(microseconds=facts.job.latest)


def _certificate_problem(facts: SealFacts, key: str, error: SigningError) -> None:
    if isinstance(error, CertificateRevoked):
        code = "CERTIFICATE_REVOKED"
    elif isinstance(error, RevocationUnknown):
        code = "REVOCATION_UNKNOWN"
    else:
        code = "CERTIFICATE_BAD"
    facts.found.append((code, key, {"reason": str(error)}))


def _key_window(context: Context, facts: SealFacts, data: bytes) -> None:
    """The log key must have been in force when it was sealed."""
    key, moment = note_key(facts.job.log, facts.job.size), _moment(facts)
    if moment is None or any(subject == key for _, subject, _ in facts.found):
        return
    origin = f"{context.policy.archive}/{facts.job.log}"
    try:
        verify_note(Note.parse(data), context.policy.log_keys_for(origin, moment))
    except SigningError:
        reason = "the key was not in force at that time"
        facts.found.append(("SEAL_SIGNATURE_BAD", key, {"reason": reason}))


def _links(facts: SealFacts, keys: Sequence[str], files: Sequence[bytes | None]) -> None:
    """What the next batch says of the files; a file that is bad anyway is not reported twice."""
    named = facts.job.named
    if named is None:
        return
    bad = {subject for _, subject, _ in facts.found}
    expected = [{named[0]}, {named[1]}, {*facts.job.late, *([named[2]] if named[2] else [])}]
    for key, data, wanted in zip(keys, files, expected, strict=True):
        if data is None or not wanted or key in bad:
            continue
        if wanted != {f"sha256:{sha256(data).hexdigest()}"}:
            facts.found.append(("SEAL_LINK_BAD", key, {"reason": "it is not the file named"}))
