"""Who the archive is when it seals: its name, its keys, its certificates and its time source."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from signing.keys import Signer
from signing.timestamp import Timestamper


@dataclass(frozen=True, slots=True)
class PkiObject:
    """A certificate or revocation list in DER; `issuer` is `root` or `issuing` for our own CA."""

    kind: str
    issuer: str
    number: int
    next_update: datetime | None
    data: bytes


class RevocationIssuer(Protocol):
    """Issues the CRLs that a seal is judged by."""

    def due(self, known: Sequence[PkiObject], now: datetime) -> list[PkiObject]:
        """CRLs that must exist before a seal is made now: the issuing CA's is daily."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a sealer signs with.

    `timestamper(after)` gives a time source whose next genTime will lie after that moment.
    `time_is_local` says that the TSA runs in this process and needs no trial before a batch.
    """

    archive_id: str
    office: str
    log_signer: Signer
    cms_signer: Signer
    certificate: bytes
    chain: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    timestamper: Callable[[datetime | None], Timestamper]
    time_is_local: bool
    revocation: RevocationIssuer

    def origin(self, log: str) -> str:
        """Checkpoint origin and note key name of a log."""
        return f"{self.archive_id}/{log}"
