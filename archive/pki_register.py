"""Our certificates and CRLs: which there are, and which the ledger must name next."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from archive.identity import Identity, PkiObject, Revoked
from archive.layout import pki_key
from archive.ledger import NewObject
from archive.pki_tables import PkiRow, RevocationRow
from signing.certificates import load_certificate
from signing.digest import Digest

PKI = PkiRow.__table__  # type: ignore[attr-defined]
REVOCATION = RevocationRow.__table__  # type: ignore[attr-defined]


class PkiRegister:
    """Registers what a seal is judged by before the seal is made, so that it can be stored."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def unlinked(
        self, connection: Connection, now: datetime
    ) -> tuple[list[str], list[str], list[NewObject]]:
        """Digests of new certificates and CRLs, and their objects; marks them as named."""
        self.refresh(connection, now)
        query = select(PKI).where(PKI.c.linked.is_(False)).order_by(PKI.c.sha256)
        rows = connection.execute(query).all()
        connection.execute(update(PKI).values(linked=True).where(PKI.c.linked.is_(False)))
        named = {kind: [f"sha256:{r.sha256}" for r in rows if r.kind == kind] for kind in _KINDS}
        objects = [NewObject.of(pki_key(row.sha256, row.kind), row.data) for row in rows]
        return named["crt"], named["crl"], objects

    def refresh(self, connection: Connection, now: datetime) -> None:
        """Issue what is due; the next batch names it."""
        own = [PkiObject("crt", "", 0, None, der) for der in self._identity.certificates]
        add_pki(connection, [*own, *self.due(connection, now)])

    def issued(self, certificate: bytes) -> bool:
        """Whether a certificate names an authority of ours as its issuer."""
        own = {load_certificate(der).subject for der in self._identity.certificates}
        return load_certificate(certificate).issuer in own

    def due(self, connection: Connection, now: datetime) -> list[PkiObject]:
        """Lists that are due, not registered yet."""
        query = select(PKI).where(PKI.c.kind == "crl")
        known = [
            PkiObject(r.kind, r.issuer, r.number, r.next_update, r.data)
            for r in connection.execute(query)
        ]
        return self._identity.revocation.due(known, now, _revoked(connection))


def add_pki(connection: Connection, found: Iterable[PkiObject]) -> None:
    """Register certificates and lists; the next batch names and stores those that are new."""
    for item in found:
        number = Digest.of("sha256", item.data).value.hex()
        if connection.execute(select(PKI.c.sha256).where(PKI.c.sha256 == number)).first():
            continue
        values = {
            "sha256": number,
            "kind": item.kind,
            "issuer": item.issuer,
            "number": item.number,
            "next_update": item.next_update,
            "data": item.data,
            "linked": False,
        }
        connection.execute(insert(PKI), [values])


def _revoked(connection: Connection) -> list[Revoked]:
    query = select(REVOCATION).order_by(REVOCATION.c.revoked_at, REVOCATION.c.serial)
    return [
        Revoked(int(row.serial), row.revoked_at, row.since, row.reason)
        for row in connection.execute(query)
    ]


_KINDS = ("crt", "crl")
