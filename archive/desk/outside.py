"""Revocation lists of an outside authority that vouches for people (`person_root`).

Its certificates come with the enrolments, its lists come here, as often as it issues them: a
certificate without a list in force is refused, as in `verify`.
"""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from archive.desk.submit import Desk
from archive.errors import UsageError
from archive.identity import PkiObject
from archive.pki_register import add_pki
from signing.certificates import Certificate, load_certificate

ISSUER = "outside"
"""How the register of certificates calls who is not our own authority."""
_MOST = 20


def take_lists(desk: Desk, lists: Sequence[bytes], authorities: Sequence[bytes]) -> int:
    """Keep lists (DER) that a trusted authority signed, with its certificates; how many.

    `authorities` (DER) may stand between a list and its `person_root`. The next batch names what
    is new. Raises UsageError for a list that is over, unreadable or of somebody else.
    """
    if not lists or len(lists) + len(authorities) > _MOST:
        raise UsageError(f"Bring 1 to {_MOST} lists and certificates.")
    known = [load_certificate(der) for der in (*desk.certificates.person_roots, *authorities)]
    now = desk.clock.now()
    made = [_checked(data, known, now) for data in lists]
    above = [PkiObject("crt", ISSUER, 0, None, der) for der in authorities]
    with desk.database.write() as connection:
        add_pki(connection, [*above, *made])
    return len(made)


def _checked(data: bytes, known: Sequence[Certificate], now: datetime) -> PkiObject:
    try:
        found = x509.load_der_x509_crl(data)
    except ValueError as error:
        raise UsageError("This is no revocation list.") from error
    until = found.next_update_utc
    if until is None or until < now:
        raise UsageError("The revocation list is over; bring the newest one.")
    if not any(_signed_by(found, authority) for authority in known):
        raise UsageError(
            "The revocation list is of no authority that policy.toml trusts for people"
            " (person_root); bring the certificates in between with it."
        )
    return PkiObject("crl", ISSUER, _number(found), until, data)


def _signed_by(found: x509.CertificateRevocationList, authority: Certificate) -> bool:
    key = authority.public_key
    if not authority.is_authority or not isinstance(
        key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    ):
        return False
    try:
        return found.is_signature_valid(key)
    except (TypeError, ValueError):
        return False


def _number(found: x509.CertificateRevocationList) -> int:
    try:
        number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (x509.ExtensionNotFound, ValueError):
        return 0
    # Only our own numbers are compared; a foreign one may be larger than a database's integer.
    return min(number, 2**62)
