"""Who signed, and whether they could at that moment: the same for every signed kind.

Replays, statements for another archive, stale ones, and people who are not enrolled, suspended,
expired or revoked are refused here; what a person may do is for the rules of each kind.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from archive.errors import FormatError
from archive.registers.act import Act
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf, Value
from archive.statements.body import SignedBody
from archive.statements.kinds import SIGNED
from archive.statements.statement import Statement
from archive.times import parse_time
from signing.digest import Digest

AHEAD = timedelta(minutes=5)
"""How far a signer's clock, or the archive's at acceptance, may be ahead."""
FRESH = timedelta(minutes=15)
FRESH_REGISTRY = timedelta(hours=24)
"""How old a statement may be: what two people sign takes longer."""
FOUNDERS = 2
ENROLLED_WITH = ("account", "roles", "unit", "valid_from", "valid_until")
TERM = (*ENROLLED_WITH, "enrolled_at", "replaced", "suspended")
"""What a certificate's value says of one enrolment: also `replaced` (when another one followed, or
null) and `suspended` ([[from, until or null], …]). The same certificate enrolled before has its
terms in `earlier`, oldest first.
"""


def check_signers(shelf: Shelf, act: Act, body: SignedBody, archive_id: str) -> None:
    """Judge the statements of a body, not what they say; raises Denied."""
    if body.accepted_at > act.at + AHEAD:
        raise denied("STATEMENT_STALE", remark("ACCEPTED_LATER"))
    nonces = {signed.statement.nonce for signed in body.statements}
    if len(nonces) != len(body.statements):
        raise denied("STATEMENT_REPLAYED")
    for signed in body.statements:
        _check_statement(shelf, signed.statement, body, archive_id)
    if _is_founder(body):
        return  # not enrolled yet; the rule of the kind asks for everything else
    people = [_active(shelf, signed.statement, body.accepted_at) for signed in body.statements]
    accounts = {person["account"] for person in people}
    # Of two people one hands the statements in; the other may sit at another desk.
    if None not in accounts and body.account not in accounts:
        raise denied("ACCOUNT_OTHER", body.signers[0])


def spend(shelf: Shelf, body: SignedBody) -> None:
    """Mark the statements as used; none of them, nor its nonce, is accepted again."""
    for signed in body.statements:
        shelf.put("statement", str(signed.statement.digest()), {})
        shelf.put("nonce", nonce_key(signed.statement.nonce), {})


def nonce_key(nonce: str) -> str:
    """Under what a nonce is kept: a digest, so that one can be reserved without being told."""
    return str(Digest.of("sha256", nonce.encode()))


def sole_signer(shelf: Shelf, body: SignedBody) -> Value:
    """The enrolled person who alone signed; FormatError where two did."""
    if len(body.statements) != 1:
        raise FormatError(f"{body.kind} is signed by one person")
    return enrolled(shelf, body.signers[0])


def enrolled(shelf: Shelf, person: str) -> Value:
    """A person's value; Denied PERSON_UNKNOWN."""
    found = shelf.get("person", person)
    if found is None:
        raise denied("PERSON_UNKNOWN", person)
    return found


def known_certificate(shelf: Shelf, certificate: str) -> Value:
    """What somebody was with a certificate; Denied SIGNER_UNKNOWN where it was never enrolled."""
    found = shelf.get("certificate", certificate)
    if found is None:
        raise denied("SIGNER_UNKNOWN")
    return found


def as_of(shelf: Shelf, statement: Statement, at: datetime) -> Value:
    """What the signer was at a moment that may be past: the value of TERM with `person`.

    Whatever came later (another certificate, other roles, a suspension) is without effect; only a
    revocation reaches back. Raises Denied as for a statement of now.
    """
    name = statement.person
    known = known_certificate(shelf, str(statement.certificate))
    if known["person"] != name:
        raise denied("SIGNER_UNKNOWN", name)
    if known["revoked"]:
        _check_revoked(known, at, name)
    terms = (known, *reversed(known["earlier"]))
    term = next((term for term in terms if parse_time(term["enrolled_at"]) <= at), None)
    if term is None or (term["replaced"] and parse_time(term["replaced"]) <= at):
        raise denied("SIGNER_UNKNOWN", name)
    if any(_within(at, since, until) for since, until in term["suspended"]):
        raise denied("SIGNER_SUSPENDED", name)
    if not parse_time(term["valid_from"]) <= at <= parse_time(term["valid_until"]):
        raise denied("SIGNER_EXPIRED", name)
    return {field: term[field] for field in TERM} | {"person": name}


def _within(at: datetime, since: str, until: str | None) -> bool:
    return parse_time(since) <= at and (until is None or at < parse_time(until))


def has_role(person: Value, *roles: str) -> bool:
    """Whether the person has one of these roles."""
    return any(role in person["roles"] for role in roles)


def more_than_handler(person: Value) -> bool:
    """Whether the person has any role but `handler`."""
    return any(role != "handler" for role in person["roles"])


def founders(shelf: Shelf) -> Sequence[str]:
    """Person ids of those who founded the register, in order."""
    found = shelf.get("founding", "register")
    return found["founders"] if found else ()


def founding_is_over(shelf: Shelf) -> bool:
    """Whether anyone was enrolled by others: from then on nothing is founded any more."""
    found = shelf.get("founding", "register")
    return bool(found and found["over"])


def _check_statement(shelf: Shelf, statement: Statement, body: SignedBody, archive_id: str) -> None:
    if statement.archive != archive_id:
        raise denied("STATEMENT_FOREIGN")
    if shelf.get("statement", str(statement.digest())) is not None:
        raise denied("STATEMENT_REPLAYED")
    if shelf.get("nonce", nonce_key(statement.nonce)) is not None:
        raise denied("STATEMENT_REPLAYED")
    longest = FRESH_REGISTRY if SIGNED[body.kind].stream == "registry" else FRESH
    if not body.accepted_at - longest <= statement.at <= body.accepted_at + AHEAD:
        raise denied("STATEMENT_STALE")


def _is_founder(body: SignedBody) -> bool:
    return body.kind == "person.enrolled" and body.bootstrap is True


def _active(shelf: Shelf, statement: Statement, at: datetime) -> Value:
    """The person as enrolled, who can sign at this moment; raises Denied."""
    name, certificate = statement.person, str(statement.certificate)
    known = shelf.get("certificate", certificate)
    if known is not None and known["revoked"] and known["person"] == name:
        _check_revoked(known, at, name)
    person = shelf.get("person", name)
    if person is None or person["certificate"] != certificate:
        raise denied("SIGNER_UNKNOWN", name)
    if person["state"] == "suspended":
        raise denied("SIGNER_SUSPENDED", name)
    if not parse_time(person["valid_from"]) <= at <= parse_time(person["valid_until"]):
        raise denied("SIGNER_EXPIRED", name)
    return person


def _check_revoked(certificate: Value, at: datetime, name: str) -> None:
    if at >= parse_time(certificate["since"]):
        raise denied("SIGNER_REVOKED", name)
