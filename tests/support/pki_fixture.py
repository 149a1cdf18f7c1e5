"""A throwaway PKI in one call, for tests of every package."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import authority
from signing.keys import ED25519, P256, MemorySigner
from signing.tsa_embedded import EmbeddedAuthority

ORGANIZATION = "示例市综合行政执法局"
POLICY_OID = "1.3.6.1.4.1.99999.1.1"
NOW = datetime(2026, 11, 22, 4, 5, 6, 123456, tzinfo=UTC)


def to_pem(certificates: Iterable[bytes]) -> str:
    return "".join(
        x509.load_der_x509_certificate(c).public_bytes(Encoding.PEM).decode() for c in certificates
    )


def crls_to_pem(crls: Iterable[bytes]) -> str:
    return "".join(x509.load_der_x509_crl(c).public_bytes(Encoding.PEM).decode() for c in crls)


def serial_of(certificate: bytes) -> int:
    return x509.load_der_x509_certificate(certificate).serial_number


@dataclass(frozen=True, slots=True)
class Pki:
    """Root, issuing CA, sealing and TSA certificates (DER), their signers, and two CRLs."""

    now: datetime
    root: authority.Issuer
    issuing: authority.Issuer
    sealing_certificate: bytes
    sealing_signer: MemorySigner
    tsa_certificate: bytes
    tsa_signer: MemorySigner
    log_signer: MemorySigner
    root_crl: bytes
    issuing_crl: bytes
    serials: Callable[[], int] = field(repr=False)

    @property
    def roots(self) -> tuple[bytes, ...]:
        return (self.root.certificate,)

    @property
    def intermediates(self) -> tuple[bytes, ...]:
        return (self.issuing.certificate,)

    @property
    def crls(self) -> tuple[bytes, ...]:
        return (self.root_crl, self.issuing_crl)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """All four certificates, root first."""
        return (*self.roots, *self.intermediates, self.sealing_certificate, self.tsa_certificate)

    def embedded_authority(
        self, clock: Callable[[], datetime], after: datetime | None = None
    ) -> EmbeddedAuthority:
        return EmbeddedAuthority(
            self.tsa_certificate,
            self.tsa_signer,
            self.intermediates,
            POLICY_OID,
            clock,
            self.serials,
            after,
        )

    def crl(
        self,
        number: int,
        this_update: datetime,
        *,
        hours: float = 48,
        revoked: Sequence[authority.Revocation] = (),
        issuer: authority.Issuer | None = None,
    ) -> bytes:
        return authority.issue_crl(
            issuer or self.issuing,
            number=number,
            this_update=this_update,
            next_update=this_update + timedelta(hours=hours),
            revoked=revoked,
        )

    def write_pem(self, folder: Path) -> None:
        """Write root.pem, ica.pem, crls.pem and trust.pem (root and CRLs) for openssl."""
        (folder / "root.pem").write_text(to_pem(self.roots))
        (folder / "ica.pem").write_text(to_pem(self.intermediates))
        (folder / "crls.pem").write_text(crls_to_pem(self.crls))
        (folder / "trust.pem").write_text(to_pem(self.roots) + crls_to_pem(self.crls))


def subject(common_name: str) -> authority.Subject:
    return authority.Subject(ORGANIZATION, common_name)


def make_pki(now: datetime = NOW, *, leaf_days: int = 365) -> Pki:
    """Make new keys and certificates valid from an hour before ``now``, CRLs of that hour."""
    counter = itertools.count(1000)

    def serials() -> int:
        return next(counter)

    start = (now - timedelta(hours=1)).replace(microsecond=0)
    long = authority.Validity(start, start + timedelta(days=7300))
    short = authority.Validity(start, start + timedelta(days=leaf_days))
    signers = [MemorySigner.generate(P256) for _ in range(4)]
    root_certificate = authority.create_root(signers[0], subject("存证根 CA"), serials(), long)
    root = authority.Issuer(root_certificate, signers[0])
    issuing_certificate = authority.create_issuing(
        root, signers[1].public_key(), subject("存证签发 CA"), serials(), long
    )
    issuing = authority.Issuer(issuing_certificate, signers[1])
    sealing = authority.issue_sealing_certificate(
        issuing, signers[2].public_key(), subject("存证封签"), serials(), short
    )
    tsa = authority.issue_tsa_certificate(
        issuing, signers[3].public_key(), subject("内部时间戳"), serials(), short
    )
    return Pki(
        now=now,
        root=root,
        issuing=issuing,
        sealing_certificate=sealing,
        sealing_signer=signers[2],
        tsa_certificate=tsa,
        tsa_signer=signers[3],
        log_signer=MemorySigner.generate(ED25519),
        root_crl=authority.issue_crl(
            root, number=1, this_update=start, next_update=start + timedelta(days=400)
        ),
        issuing_crl=authority.issue_crl(
            issuing, number=1, this_update=start, next_update=start + timedelta(hours=48)
        ),
        serials=serials,
    )
