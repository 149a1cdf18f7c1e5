"""Is a certificate a person's, at a past moment? (``docs/formats.md`` §11)

Under a ``ca_root`` a person's certificate is marked with the extended key usage clientAuth, because
the same CA vouches for the sealing certificate. A ``person_root`` vouches for people only, so any
leaf for signatures will do.
"""

from collections.abc import Iterable
from datetime import datetime

from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.certificates import load_certificate
from signing.errors import CertificateBad, CertificateRevoked, RevocationUnknown
from signing.paths import Judgement, PathJudge
from signing.signatures import signing_key
from signing.trust import TrustPolicy

CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string


class PersonJudge:
    """Judges people's certificates by a policy; as ``PathJudge``, not for several threads."""

    def __init__(
        self, policy: TrustPolicy, intermediates: Iterable[bytes], crls: Iterable[bytes]
    ) -> None:
        material = (tuple(intermediates), tuple(crls))
        self._own = PathJudge(policy.ca_roots, *material)
        self._people = PathJudge(policy.person_roots, *material) if policy.person_roots else None

    def learn(self, certificates: Iterable[bytes]) -> None:
        """Take more intermediates. Trusts nothing."""
        found = tuple(certificates)
        for judge in (self._own, self._people):
            if judge is not None:
                judge.learn(found)

    def check(self, certificate: bytes, at: datetime) -> Judgement:
        """Return the judgement for a person's certificate (DER) used at ``at``.

        Raises CertificateBad, CertificateRevoked or RevocationUnknown.
        """
        leaf = load_certificate(certificate)
        signing_key(leaf.public_key)
        try:
            found = self._own.check(certificate, at, "person")
            if CLIENT_AUTH in (leaf.extended_usage or ()):
                return found
            raise CertificateBad("The certificate is not marked as a person's (clientAuth).")
        except CertificateRevoked:
            raise
        except (CertificateBad, RevocationUnknown) as error:
            if self._people is None:
                raise
            own = error
        try:
            return self._people.check(certificate, at, "person")
        except CertificateBad as error:
            # A path of our own that only lacks its CRL says more than no path to another root.
            if isinstance(own, RevocationUnknown) and not isinstance(error, CertificateRevoked):
                raise own from error
            raise


def judge_person(
    policy: TrustPolicy, intermediates: Iterable[bytes], crls: Iterable[bytes]
) -> PersonJudge:
    """Return the judge of people's certificates; intermediates and CRLs (DER) are material only.

    Raises CertificateBad for material that cannot be read.
    """
    return PersonJudge(policy, intermediates, crls)
