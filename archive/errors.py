"""Errors of the archive, in two families by who must act, as in python-tuf.

`DataBad`: what was read is wrong, so evidence or input failed.
`Unreachable`: it could not be determined or done now; trying later may help.
`StateUnknown` is fatal: the process must stop, because durable state is not known (a failed fsync).
"""


class ArchiveError(Exception):
    """Root of every error the archive raises on purpose; the text is one sentence for a person."""


class DataBad(ArchiveError):
    """Bytes that were read are not what they must be."""


class FormatError(DataBad):
    """Bytes that do not have the documented form (docs/formats.md)."""


class ProofError(DataBad):
    """A Merkle proof does not prove what it should (RFC 6962 §2.1)."""


class ContentAltered(DataBad):
    """A piece of a record does not have its hash."""


class ObjectConflict(DataBad):
    """A create-only key is already taken by other bytes."""


class LedgerForked(DataBad):
    """The database does not extend what was signed; signing is refused."""


class NotFound(ArchiveError):
    """There is no such record, source or object."""


class ObjectMissing(NotFound):
    """A key that should be in the store is not there."""


class ProtectionMissing(DataBad):
    """A store accepted a lock and does not have it: what was written is not protected."""


class StillLocked(ArchiveError):
    """A lock or a legal hold forbids what was asked; the text says until when."""


class Unreachable(ArchiveError):
    """A store, a lock or a time-stamping authority does not answer now."""


class ClockBehind(Unreachable):
    """The clock stands before the last seal's time; nothing is sealed with a false time."""


class LedgerBehind(Unreachable):
    """The database is older than the newest seal in storage: rebuild first."""


class LedgerBlocked(Unreachable):
    """A batch cannot be completed because its staged bytes are gone."""


class StateUnknown(ArchiveError):
    """An fsync failed: what is on disk is unknown, the process must stop."""


class UsageError(ArchiveError):
    """What was asked for is not possible as it was asked."""


class CopyNotMade(ArchiveError):
    """An excerpt or a marked copy cannot be made; `code` is one of docs/formats.md §13."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Refused(ArchiveError):
    """Something was refused by rule; it is recorded."""


class Denied(ArchiveError):
    """Not allowed for this person; `code` is one of `archive.registers.denials`.

    `facts` is what it is about, for other languages: a code of `archive.registers.remarks` and
    its values.
    """

    facts: tuple[str, ...] = ()

    def __init__(self, code: str, sentence: str, facts: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts = facts


class DeliveryEnded(ArchiveError):
    """Whoever received bytes is gone or gave up before the end; `code` says how it ended.

    INTERRUPTED, WRITE_FAILED and FAILED are the receiver's own word; CONNECTION_LOST and
    SERVICE_STOPPED are what the service saw.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"The delivery ended early: {code}.")
        self.code = code
