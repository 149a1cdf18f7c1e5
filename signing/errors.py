"""Errors of the signing package: one sentence each, never a secret in it.

Two groups, by who must act. ``EvidenceBad`` and its children say that bytes somebody handed in are
wrong, and will stay wrong. ``Unavailable`` and its children say that something could not be reached
or found, and that trying later may help.
"""


class SigningError(Exception):
    """Base of everything this package raises on purpose."""


class EvidenceBad(SigningError):
    """Bytes that were given do not say what they should."""


class DigestError(EvidenceBad):
    """A digest has a wrong form or an algorithm that is not accepted."""


class CanonicalError(EvidenceBad):
    """A value or text is not canonical JSON."""


class DerError(EvidenceBad):
    """Bytes are not the DER that was expected."""


class NoteError(EvidenceBad):
    """A signed note is malformed, or its signature does not hold."""


class CheckpointError(EvidenceBad):
    """The text of a checkpoint is malformed."""


class SignatureBad(EvidenceBad):
    """A signature is malformed, or does not hold."""


class TimestampBad(EvidenceBad):
    """A timestamp request, response or token is malformed, or does not hold."""


class CertificateBad(EvidenceBad):
    """A certificate is not trusted for this purpose at this time."""


class CertificateRevoked(CertificateBad):
    """A certificate of the path had been revoked by that time."""


class TrustPolicyError(EvidenceBad):
    """A policy file is malformed, or selects no trust."""


class KeyLoadError(SigningError):
    """A key file is missing, malformed or of a kind that is not supported."""


class KeyLocked(KeyLoadError):
    """The passphrase does not open the key file."""


class Unavailable(SigningError):
    """Something could not be reached or found; trying again may help."""


class TimestampUnavailable(Unavailable):
    """The timestamp authority did not answer with a token; try later."""


class RevocationUnknown(Unavailable):
    """No CRL in force says whether the certificate was revoked."""


class ClockBehind(TimestampUnavailable):
    """The clock stands behind a time that was already given out."""
