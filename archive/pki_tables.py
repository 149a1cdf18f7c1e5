"""The database's tables of certificates that our own CA has issued and revoked."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel


class PkiRow(SQLModel, table=True):
    """A certificate or revocation list of ours, in DER, and whether the ledger names it yet."""

    __tablename__ = "pki"
    sha256: str = Field(primary_key=True)
    kind: str
    issuer: str
    number: int = Field(default=0, sa_type=BigInteger)
    next_update: datetime | None = None
    data: bytes = Field(sa_type=LargeBinary)
    linked: bool = False


class RevocationRow(SQLModel, table=True):
    """A certificate of our own CA that was revoked: the next CRL lists it (RFC 5280 5.3)."""

    __tablename__ = "revocation"
    serial: str = Field(primary_key=True)
    revoked_at: datetime
    since: datetime
    reason: str
