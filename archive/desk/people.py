"""Use cases of people: certificates, enrolling, suspending, revoking, expiry.

A certificate gives no right: only an enrolment with the statements that it takes does. One that was
issued and never enrolled is stored nowhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from archive import fields
from archive.desk.certificates import stored_certificate
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import Accepted, Desk
from archive.detail import Detail
from archive.errors import UsageError
from archive.identity import PkiObject
from archive.keyring import LEAF_LIFE
from archive.ledger import NewEntry
from archive.pki_register import REVOCATION, add_pki
from archive.registers.shelf import Value
from archive.statements.statement import Signed
from archive.times import parse_time
from signing import authority
from signing.authority import Issuer, Subject, Validity
from signing.certificates import load_certificate
from signing.digest import Digest

REGISTRAR = "system/registry"
"""Actor of what the archive itself says about people and cases."""
_SLACK = timedelta(minutes=5)
_MOST_CHAIN = 4


@dataclass(frozen=True, slots=True)
class CertificateOffice:
    """The embedded CA as far as people are concerned; `issuer` opens its key when it is needed."""

    issuer: Callable[[], Issuer]
    serial: Callable[[], int]

    def issue(
        self, public_key: bytes, person: str, unit: str, now: datetime, life: timedelta = LEAF_LIFE
    ) -> bytes:
        """A certificate (DER) for a person's key (DER SPKI); raises FormatError, CertificateBad."""
        fields.person_id(person)
        fields.unit_id(unit)
        if not timedelta(0) < life <= LEAF_LIFE:
            raise UsageError(f"A certificate lives for 1 to {LEAF_LIFE.days} days.")
        start = now.replace(microsecond=0) - _SLACK
        validity = Validity(start, start + _SLACK + life)
        subject = Subject(unit, person)
        return authority.issue_person_certificate(
            self.issuer(), public_key, subject, self.serial(), validity
        )


def enrol(
    desk: Desk,
    statements: Sequence[Signed],
    detail: Detail | None,
    account: str,
    certificate: bytes,
    chain: Sequence[bytes] = (),
    *,
    bootstrap: bool = False,
) -> Accepted:
    """Enrol a person with a certificate (DER) that is stored with the entry.

    `chain` are certificates of an outside authority between it and its root. Raises Denied,
    FormatError, UsageError for another certificate than was vouched for.
    """
    if len(chain) > _MOST_CHAIN:
        raise UsageError(f"A chain has at most {_MOST_CHAIN} certificates.")
    digest = str(Digest.of("sha256", certificate))
    named = [signed.statement.payload.get("certificate") for signed in statements]
    if any(name != digest for name in named):
        raise UsageError("The statements vouch for another certificate.")
    certificates = [certificate, *chain]
    for member in certificates:
        load_certificate(member)

    part = desk.prepare(
        statements, detail, account, bootstrap=bootstrap, fresh={digest: certificate}
    )
    with desk.recording(account, part.body):
        desk.certificates.check(certificate, part.at, chain)
        with desk.database.write() as connection:
            add_pki(connection, [PkiObject("crt", "", 0, None, der) for der in certificates])
            entry = desk.submit_prepared(connection, part)
    return Accepted(entry, part.body)


def change(
    desk: Desk, statements: Sequence[Signed], detail: Detail | None, account: str
) -> Accepted:
    """Suspend, resume or revoke, as the statements say; raises Denied, FormatError."""

    def after(connection: Connection, entry: NewEntry) -> Sequence[NewEntry]:
        if entry.kind == "person.revoked":
            payload = statements[0].statement.payload
            _list_revocation(desk, connection, payload, entry.at)
        return ()

    return desk.submit(statements, detail, account, after=after)


def expire_due(desk: Desk) -> list[NewEntry]:
    """Say of everybody whose time is over that it is; once each. Not durable yet."""
    now = desk.clock.now()
    with desk.database.read() as connection:
        due = [name for name, person in DbShelf(connection).every("person") if _is_due(person, now)]
    if not due:
        return []
    with desk.database.write() as connection:
        shelf = DbShelf(connection)
        found = [(name, shelf.get("person", name)) for name in due]
        return [
            desk.submit_own(
                connection,
                "person.expired",
                "registry",
                name,
                {"valid_until": person["valid_until"]},
                REGISTRAR,
            )
            for name, person in found
            if person is not None and _is_due(person, now)
        ]


def state_of(person: Value, now: datetime) -> str:
    """`active`, `suspended`, `revoked`, `expired` or `waiting` (not valid yet) at a moment."""
    if person["state"] != "active":
        return str(person["state"])
    if now > parse_time(person["valid_until"]):
        return "expired"
    return "waiting" if now < parse_time(person["valid_from"]) else "active"


def _is_due(person: Value, now: datetime) -> bool:
    over = now > parse_time(person["valid_until"]) and person["state"] != "revoked"
    return over and person["expired"] != person["valid_until"]


def _list_revocation(desk: Desk, connection: Connection, payload: Value, now: datetime) -> None:
    """Put all certificates of the person that our CA issued on the next revocation list."""
    person = DbShelf(connection).get("person", payload["person"])
    for digest in person["certificates"] if person else ():
        found = stored_certificate(connection, digest)
        if found is None or not desk.certificates.issued_here(found):
            continue
        row = {
            "serial": str(load_certificate(found).serial_number),
            "revoked_at": now,
            "since": parse_time(payload["since"]),
            "reason": payload["code"],
        }
        here = REVOCATION.c.serial == row["serial"]
        if connection.execute(select(REVOCATION.c.since).where(here)).first():
            earlier = update(REVOCATION).where(here, REVOCATION.c.since > row["since"])
            connection.execute(earlier.values(since=row["since"]))
        else:
            connection.execute(insert(REVOCATION), [row])
