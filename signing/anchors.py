"""Does a token come from an authority we know? A quick look before it is stored.

Signatures and validity at genTime are checked up to a root; revocation is not, since lists for that
moment are issued later. The verifier judges fully (signing.paths).
"""

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from signing.errors import CertificateBad
from signing.timestamp import Token

_LONGEST = 8


def check_anchor(token: Token, roots: Sequence[bytes]) -> None:
    """Find a chain from the token's certificate to one of the roots (DER); CertificateBad."""
    anchors = [x509.load_der_x509_certificate(root) for root in roots]
    pool = [x509.load_der_x509_certificate(der) for der in token.certificates]
    current = x509.load_der_x509_certificate(token.certificate)
    for _ in range(_LONGEST):
        if not current.not_valid_before_utc <= token.gen_time <= current.not_valid_after_utc:
            break
        if current in anchors or any(_issued(current, anchor) for anchor in anchors):
            return
        above = [found for found in pool if found != current and _issued(current, found)]
        if not above:
            break
        current = above[0]
    raise CertificateBad("The token's authority does not lead to a timestamp root of the policy.")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
