"""People's certificates on the archive's side: stored ones by digest, and whether one is good now.

The lists that a certificate is judged by are those that the next batch names: they are renewed
here first where they are due, so an archive that was idle for a week still knows them.
"""

import threading
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from archive.database import Database
from archive.pki_register import PKI, REVOCATION, PkiRegister
from archive.registers.denials import denied
from archive.times import SHANGHAI
from signing.digest import Digest
from signing.errors import CertificateRevoked, SigningError
from signing.person_paths import PersonJudge, judge_person
from signing.trust import TrustPolicy


def stored_certificate(connection: Connection, digest: str) -> bytes | None:
    """A certificate (DER) by its `sha256:…`, None where the archive has none."""
    number = Digest.parse(digest).value.hex()
    query = select(PKI.c.data).where(PKI.c.sha256 == number, PKI.c.kind == "crt")
    found = connection.execute(query).scalar()
    return None if found is None else bytes(found)


class PersonCertificates:
    """Judges people's certificates by the archive's own policy. Safe for several threads."""

    def __init__(self, database: Database, policy: TrustPolicy, pki: PkiRegister) -> None:
        self._db = database
        self._policy = policy
        self._pki = pki
        self._lock = threading.Lock()
        self._known: tuple[object, ...] = ()
        self._judge: PersonJudge | None = None
        self._renewed: tuple[object, ...] = ()

    @property
    def person_roots(self) -> tuple[bytes, ...]:
        """Roots (DER) of outside authorities that the policy trusts for people."""
        return tuple(self._policy.person_roots)

    def issued_here(self, certificate: bytes) -> bool:
        """Whether our own authority issued it, so that its revocation stands on our list."""
        return self._pki.issued(certificate)

    def check(self, certificate: bytes, at: datetime, chain: Sequence[bytes] = ()) -> None:
        """Raise Denied SIGNER_REVOKED or CERTIFICATE_BAD unless it is a person's, and good.

        `chain` are certificates that may lead to a root; they are not trusted for that.
        """
        try:
            with self._lock:
                judge = self._current(at)
                judge.learn(chain)
                judge.check(certificate, at)
        except CertificateRevoked as error:
            raise denied("SIGNER_REVOKED") from error
        except SigningError as error:
            raise denied("CERTIFICATE_BAD", str(error).rstrip(".")) from error

    def _current(self, at: datetime) -> PersonJudge:
        self._renew(at)
        with self._db.read() as connection:
            known = self._material(connection, at)
            if self._judge is None or known != self._known:
                self._judge = self._rebuilt(connection, at)
                self._known = known
        return self._judge

    def _renew(self, at: datetime) -> None:
        """Issue the lists that are due, at most once for a day and a number of revocations."""
        with self._db.read() as connection:
            revoked = connection.execute(select(func.count()).select_from(REVOCATION)).scalar_one()
            moment = (at.astimezone(SHANGHAI).date(), revoked)
            if moment == self._renewed:
                return
            due = self._pki.due(connection, at)
        if due:
            with self._db.write() as connection:
                self._pki.refresh(connection, at)
        self._renewed = moment

    def _material(self, connection: Connection, at: datetime) -> tuple[object, ...]:
        crls = select(PKI.c.sha256).where(PKI.c.kind == "crl", PKI.c.next_update >= at)
        count = select(func.count()).select_from(PKI).where(PKI.c.kind == "crt")
        return (
            connection.execute(count).scalar_one(),
            *connection.execute(crls.order_by(PKI.c.sha256)).scalars(),
        )

    def _rebuilt(self, connection: Connection, at: datetime) -> PersonJudge:
        crts = connection.execute(select(PKI.c.data).where(PKI.c.kind == "crt")).scalars().all()
        lists = select(PKI.c.data).where(PKI.c.kind == "crl", PKI.c.next_update >= at)
        crls = connection.execute(lists).scalars().all()
        return judge_person(self._policy, crts, crls)
