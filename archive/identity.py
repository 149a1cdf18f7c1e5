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


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate of our issuing CA that was revoked at a time; not to be trusted from `since`.

    `code` is that of the `person.revoked` entry (docs/formats.md §11).
    """

    serial: int
    revoked_at: datetime
    since: datetime
    code: str


class RevocationIssuer(Protocol):
    """Issues the CRLs that a seal is judged by."""

    def due(
        self, known: Sequence[PkiObject], now: datetime, revoked: Sequence[Revoked]
    ) -> list[PkiObject]:
        """CRLs that must exist before a seal is made now.

        The issuing CA's is daily, and due at once when somebody in `revoked` is not on it yet.
        """


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
