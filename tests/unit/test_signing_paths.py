"""The cases of judging a certificate at a past moment."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pki_fixture import NOW, make_pki, serial_of

from signing import authority
from signing.certificates import load_certificate
from signing.errors import CertificateBad, CertificateRevoked, RevocationUnknown, SigningError
from signing.paths import PathJudge, judge

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PKI = make_pki(leaf_days=30)
FOREIGN = make_pki()
SERIAL = serial_of(PKI.sealing_certificate)
# Root CRLs over the whole time, so that only the issuing CA's CRLs decide.
ROOT_CRLS = (PKI.root_crl, PKI.crl(2, NOW + 300 * DAY, hours=24 * 400, issuer=PKI.root))


def _revoking(issued: datetime, revoked: datetime, invalid: datetime | None = None) -> bytes:
    line = authority.Revocation(SERIAL, revoked, None, invalid)
    return PKI.crl(99, issued, revoked=[line])


def _judge(at: datetime, *crls: bytes, newest: tuple[bytes, ...] = ()) -> None:
    judge(
        PKI.sealing_certificate,
        at=at,
        roots=PKI.roots,
        intermediates=PKI.intermediates,
        crls=(*ROOT_CRLS, *crls),
        purpose="sealing",
        newest_crls=newest,
    )


GOOD = PKI.issuing_crl


@pytest.mark.parametrize(
    ("at", "crls"),
    [
        (NOW, [GOOD]),
        # A later CRL that revokes after the moment does not reach back.
        (NOW, [GOOD, _revoking(NOW + 30 * DAY, NOW + DAY)]),
        # Expired today, valid then: the moment counts.
        (NOW + 29 * DAY, [PKI.crl(2, NOW + 28.5 * DAY), PKI.crl(3, NOW + 500 * DAY)]),
        # Both ends of a CRL's life count as in force.
        (NOW.replace(microsecond=0) - HOUR, [GOOD]),
        (NOW.replace(microsecond=0) + 47 * HOUR, [GOOD]),
        # The stale one does not hide the one in force.
        (NOW + 3 * DAY, [GOOD, PKI.crl(2, NOW + 2 * DAY)]),
    ],
)
def test_trusted_at_that_moment(at: datetime, crls: list[bytes]) -> None:
    _judge(at, *crls)


@pytest.mark.parametrize(
    ("at", "crls", "error"),
    [
        (NOW, [], RevocationUnknown),
        (NOW + 10 * DAY, [GOOD], RevocationUnknown),
        (NOW, [PKI.crl(2, NOW + HOUR)], RevocationUnknown),
        (NOW, [FOREIGN.issuing_crl], RevocationUnknown),
        (NOW + 40 * DAY, [PKI.crl(2, NOW + 39 * DAY)], CertificateBad),
        (NOW - DAY, [GOOD], CertificateBad),
        (NOW, [_revoking(NOW - HOUR / 2, NOW - HOUR / 2)], CertificateRevoked),
        (NOW, [GOOD, _revoking(NOW + 30 * DAY, NOW - HOUR / 2)], CertificateRevoked),
        (NOW, [GOOD, _revoking(NOW + 30 * DAY, NOW + DAY, NOW - HOUR / 2)], CertificateRevoked),
        # A line that a still later CRL no longer has (the certificate expired) counts on.
        (
            NOW,
            [GOOD, _revoking(NOW + 20 * DAY, NOW - HOUR / 2), PKI.crl(100, NOW + 40 * DAY)],
            CertificateRevoked,
        ),
    ],
)
def test_not_trusted_at_that_moment(
    at: datetime, crls: list[bytes], error: type[SigningError]
) -> None:
    with pytest.raises(error) as caught:
        _judge(at, *crls)
    assert type(caught.value) is error


def test_newest_crl_is_asked_too() -> None:
    _judge(NOW, GOOD)
    with pytest.raises(CertificateRevoked):
        _judge(NOW, GOOD, newest=(_revoking(NOW + 30 * DAY, NOW - HOUR / 2),))


def test_revoked_intermediate_is_noticed() -> None:
    line = authority.Revocation(serial_of(PKI.issuing.certificate), NOW - HOUR / 2)
    with pytest.raises(CertificateRevoked):
        _judge(NOW, GOOD, PKI.crl(3, NOW + DAY, issuer=PKI.root, revoked=[line]))


def test_no_crl_of_the_root_is_unknown() -> None:
    judge = PathJudge(PKI.roots, PKI.intermediates, [GOOD])
    with pytest.raises(RevocationUnknown):
        judge.check(PKI.sealing_certificate, NOW, "sealing")


def test_foreign_root_is_not_trusted() -> None:
    judge = PathJudge(FOREIGN.roots, PKI.intermediates, PKI.crls)
    with pytest.raises(CertificateBad, match="not trusted"):
        judge.check(PKI.sealing_certificate, NOW, "sealing")


def test_no_root_trusts_nothing() -> None:
    with pytest.raises(CertificateBad, match="No root"):
        PathJudge([], PKI.intermediates, PKI.crls)


def test_unreadable_material_is_refused() -> None:
    with pytest.raises(CertificateBad, match="CRL"):
        PathJudge(PKI.roots, PKI.intermediates, [b"junk"])
    with pytest.raises(CertificateBad, match="cannot be read"):
        PathJudge(PKI.roots, [b"junk"], PKI.crls)
    with pytest.raises(CertificateBad, match="cannot be read"):
        load_certificate(PKI.roots[0] + b"\x00")


def test_purposes_are_kept_apart() -> None:
    judge = PathJudge(PKI.roots, PKI.intermediates, PKI.crls)
    judge.check(PKI.tsa_certificate, NOW, "timestamping")
    judge.check(PKI.sealing_certificate, NOW, "sealing")
    with pytest.raises(CertificateBad):
        judge.check(PKI.tsa_certificate, NOW, "sealing")
    with pytest.raises(CertificateBad):
        judge.check(PKI.sealing_certificate, NOW, "timestamping")
    with pytest.raises(CertificateBad):
        judge.check(PKI.issuing.certificate, NOW, "sealing")


def test_judgement_has_path_and_newest_crl_number() -> None:
    newest = PKI.crl(17, NOW + 9 * DAY)
    judge = PathJudge(PKI.roots, PKI.intermediates, (*PKI.crls, newest))
    found = judge.check(PKI.sealing_certificate, NOW, "sealing")
    assert found.path == (*PKI.roots, *PKI.intermediates, PKI.sealing_certificate)
    assert found.crl_number == 17


def test_learnt_intermediates_complete_a_path_but_are_not_trusted() -> None:
    judge = PathJudge(PKI.roots, [], PKI.crls)
    with pytest.raises(CertificateBad):
        judge.check(PKI.sealing_certificate, NOW, "sealing")
    judge.learn([*PKI.intermediates, *FOREIGN.roots, *FOREIGN.intermediates])
    judge.check(PKI.sealing_certificate, NOW, "sealing")
    with pytest.raises(SigningError):
        judge.check(FOREIGN.sealing_certificate, NOW, "sealing")


def test_one_validation_for_crls_that_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    crls = [PKI.crl(n, NOW - HOUR + n * DAY) for n in range(1, 6)]
    judge = PathJudge(PKI.roots, PKI.intermediates, (*PKI.crls, *crls))
    count = 0
    original = judge._validate

    def counting(*arguments: object) -> object:
        nonlocal count
        count += 1
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(judge, "_validate", counting)
    for minute in range(0, 5 * 24 * 60, 5):
        judge.check(PKI.sealing_certificate, NOW + timedelta(minutes=minute), "sealing")
    assert count == 1
    listed = PKI.crl(7, NOW + 6 * DAY, revoked=[authority.Revocation(1, NOW + 9 * DAY)])
    later = PKI.crl(8, NOW + 8 * DAY, revoked=[authority.Revocation(SERIAL, NOW + 8 * DAY)])
    judge = PathJudge(PKI.roots, PKI.intermediates, (*PKI.crls, *crls, listed, later))
    for day in range(7):
        judge.check(PKI.sealing_certificate, NOW + day * DAY + HOUR, "sealing")
    with pytest.raises(CertificateRevoked):
        judge.check(PKI.sealing_certificate, NOW + 8 * DAY + HOUR, "sealing")


def test_crl_of_another_scope_is_not_alike() -> None:
    """One that speaks of authorities only says nothing of the leaf, whatever was good before."""
    judge = PathJudge(PKI.roots, PKI.intermediates, (*PKI.crls, _for_authorities(NOW + 3 * DAY)))
    judge.check(PKI.sealing_certificate, NOW, "sealing")
    with pytest.raises(RevocationUnknown):
        judge.check(PKI.sealing_certificate, NOW + 3 * DAY + HOUR, "sealing")


def _for_authorities(start: datetime) -> bytes:
    issuer = PKI.issuing.parsed()
    scope = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(start)
        .next_update(start + 2 * DAY)
        .add_extension(x509.CRLNumber(9), critical=False)
        .add_extension(scope, critical=True)
    )
    key = PKI.issuing.signer._key  # type: ignore[attr-defined]
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_verdicts_of_one_epoch_are_not_used_in_another() -> None:
    judge = PathJudge(PKI.roots, PKI.intermediates, (*ROOT_CRLS, GOOD))
    judge.check(PKI.sealing_certificate, NOW, "sealing")
    for at in (NOW + 3 * DAY, NOW + 40 * DAY, datetime(2001, 1, 1, tzinfo=UTC)):
        with pytest.raises(SigningError):
            judge.check(PKI.sealing_certificate, at, "sealing")
    judge.check(PKI.sealing_certificate, NOW, "sealing")


def test_every_certificate_of_the_path_must_be_valid_then() -> None:
    """Also the root, which path validation by itself takes as given."""
    start = (NOW - HOUR).replace(microsecond=0)
    old = authority.create_root(
        PKI.root.signer,
        authority.Subject("示例市综合行政执法局", "存证根 CA"),
        1,
        authority.Validity(start - 10 * DAY, start),
    )
    judge = PathJudge([old], PKI.intermediates, PKI.crls)
    with pytest.raises(CertificateBad, match="not valid then"):
        judge.check(PKI.sealing_certificate, NOW, "sealing")


def test_certificate_without_key_usage_seals_nothing() -> None:
    builder = authority._issued(
        PKI.issuing,
        PKI.sealing_signer.public_key(),
        authority.Subject("o", "c"),
        5,
        authority.Validity(NOW - HOUR, NOW + DAY),
    )
    certificate = authority._signed_certificate(builder, PKI.issuing.signer)
    judge = PathJudge(PKI.roots, PKI.intermediates, PKI.crls)
    with pytest.raises(CertificateBad, match="not for signatures"):
        judge.check(certificate, NOW, "sealing")


def test_learning_nothing_new_keeps_the_verdicts() -> None:
    judge = PathJudge(PKI.roots, PKI.intermediates, PKI.crls)
    judge.check(PKI.sealing_certificate, NOW, "sealing")
    judge.learn([PKI.sealing_certificate])
    judge.learn([PKI.sealing_certificate, PKI.issuing.certificate])
    assert judge.check(PKI.sealing_certificate, NOW, "sealing").crl_number == 1
