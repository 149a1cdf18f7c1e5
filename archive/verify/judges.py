"""Certificates judged under the roots of the policy, with one path validation per certificate and
revocation epoch (`signing.paths.PathJudge` keeps them).
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from signing.errors import CertificateBad, SigningError
from signing.paths import PathJudge
from signing.person_paths import PersonJudge
from signing.trust import TrustPolicy, TsaRoot


class Judges:
    """Sealing certificates under the CA roots, timestamping certificates under the TSA roots,
    people's under the roots for people.

    `certificates` and `crls` (DER) help to build paths; only the policy's roots give trust.
    """

    def __init__(
        self, policy: TrustPolicy, certificates: Sequence[bytes], crls: Sequence[bytes]
    ) -> None:
        self._sealing = PathJudge(policy.ca_roots, certificates, crls)
        self._timestamping = [
            (root, PathJudge((root.certificate,), certificates, crls)) for root in policy.tsa_roots
        ]
        self._people = PersonJudge(policy, certificates, crls)
        self._stored = {f"sha256:{sha256(one).hexdigest()}": one for one in certificates}

    def stored(self, digest: str) -> bytes | None:
        """A certificate of the archive's `pki/` (DER) by its digest, or None."""
        return self._stored.get(digest)

    def person(self, certificate: bytes, at: datetime) -> None:
        """Raises CertificateBad, CertificateRevoked or RevocationUnknown if the certificate is not
        a person's at that time.
        """
        self._people.check(certificate, at)

    def sealing(self, certificate: bytes, at: datetime, carried: Sequence[bytes]) -> int | None:
        """Number of the issuer's newest CRL.

        Raises CertificateBad, CertificateRevoked or RevocationUnknown if the certificate may not
        seal at that time. `carried` are certificates that came with the signature.
        """
        self._sealing.learn(carried)
        return self._sealing.check(certificate, at, "sealing").crl_number

    def timestamping(self, certificate: bytes, at: datetime, carried: Sequence[bytes]) -> TsaRoot:
        """The TSA root of the policy under which the certificate gave time; raises as above."""
        problem: SigningError = CertificateBad("The policy has no TSA root.")
        for root, judge in self._timestamping:
            try:
                judge.learn(carried)
                judge.check(certificate, at, "timestamping")
            except SigningError as error:
                # A path to this root that is revoked or unclear says more than no path.
                if type(problem) is CertificateBad:
                    problem = error
                continue
            return root
        raise problem
