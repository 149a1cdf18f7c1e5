"""Who is revoked is on a list that is sealed at once, stays on it, and is judged by it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive
from cryptography import x509
from cryptography.x509 import ReasonFlags
from pki_fixture import serial_of, subject
from sqlalchemy import delete, insert, select, update

from archive.keyring import EmbeddedRevocation
from archive.pki_register import PKI, REVOCATION
from signing.authority import Issuer, Validity, issue_person_certificate
from signing.errors import CertificateRevoked
from signing.keys import P256, MemorySigner
from signing.paths import PathJudge

HALF = timedelta(milliseconds=500)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = make_archive(tmp_path)
    made.seal()
    return made


def lists(archive: Archive) -> list[x509.CertificateRevocationList]:
    """The issuing CA's lists, oldest first."""
    query = select(PKI.c.data).where(PKI.c.kind == "crl", PKI.c.issuer == "issuing")
    with archive.db.read() as connection:
        found = connection.execute(query.order_by(PKI.c.number)).all()
    return [x509.load_der_x509_crl(row.data) for row in found]


def revoke(archive: Archive, serial: int, since: datetime, code: str = "key_compromise") -> None:
    row = {
        "serial": str(serial),
        "revoked_at": archive.clock.now(),
        "since": since,
        "reason": code,
    }
    with archive.db.write() as connection:
        connection.execute(insert(REVOCATION), [row])


def number(crl: x509.CertificateRevocationList) -> int:
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def seal_something(archive: Archive) -> None:
    archive.clock.advance(minutes=1)
    archive.heartbeats(1)
    archive.seal()


def test_a_revocation_makes_a_list_at_once(archive: Archive) -> None:
    seal_something(archive)
    assert [number(crl) for crl in lists(archive)] == [1]
    since = archive.clock.now() - timedelta(hours=5)
    revoke(archive, 2**130 + 7, since)
    seal_something(archive)
    assert [number(crl) for crl in lists(archive)] == [1, 2]
    line = lists(archive)[-1].get_revoked_certificate_by_serial_number(2**130 + 7)
    assert line is not None
    date = line.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert timedelta() <= date.invalidity_date_utc - since < timedelta(seconds=1)
    reason = line.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is ReasonFlags.key_compromise
    seal_something(archive)
    assert len(lists(archive)) == 2
    with archive.db.read() as connection:
        unlinked = connection.execute(select(PKI).where(PKI.c.linked.is_(False))).all()
    assert unlinked == []


def test_everybody_stays_on_later_lists(archive: Archive) -> None:
    codes = ["left", "superseded", "other"]
    for serial, code in enumerate(codes, start=70):
        revoke(archive, serial, archive.clock.now(), code)
        seal_something(archive)
    archive.clock.advance(days=1)
    with archive.db.write() as connection:
        connection.execute(delete(REVOCATION).where(REVOCATION.c.serial == "71"))
    seal_something(archive)
    newest = lists(archive)[-1]
    assert number(newest) == 5
    assert sorted(line.serial_number for line in newest) == [70, 71, 72]
    other = newest.get_revoked_certificate_by_serial_number(72)
    assert other is not None
    with pytest.raises(x509.ExtensionNotFound):
        other.extensions.get_extension_for_class(x509.CRLReason)


def test_an_earlier_date_makes_a_list_too(archive: Archive) -> None:
    revoke(archive, 70, archive.clock.now())
    seal_something(archive)
    earlier = archive.clock.now() - timedelta(days=3)
    with archive.db.write() as connection:
        connection.execute(update(REVOCATION).values(since=earlier))
    seal_something(archive)
    assert [number(crl) for crl in lists(archive)] == [1, 2, 3]


def test_the_path_of_a_revoked_person_fails_from_that_moment(archive: Archive) -> None:
    issuing = archive.keyring.certificate("issuing")
    issuer = Issuer(issuing, archive.keyring.signer("issuing"))
    start = archive.clock.now().replace(microsecond=0)
    certificate = issue_person_certificate(
        issuer,
        MemorySigner.generate(P256).public_key(),
        subject("zhang"),
        77,
        Validity(start, start + timedelta(days=30)),
    )
    archive.clock.advance(minutes=10)
    since = archive.clock.now().replace(microsecond=0) + HALF
    archive.clock.advance(seconds=30)
    revoke(archive, serial_of(certificate), since)
    seal_something(archive)
    with archive.db.read() as connection:
        crls = [row.data for row in connection.execute(select(PKI).where(PKI.c.kind == "crl"))]
    judge = PathJudge((archive.keyring.certificate("root"),), (issuing,), crls)
    # A statement of the same second, but earlier than `since`, still counts.
    judge.check(certificate, since - HALF / 2, "person")
    with pytest.raises(CertificateRevoked):
        judge.check(certificate, since + HALF, "person")
    # The list that names a person says nothing against the seal.
    judge.check(archive.keyring.certificate("seal"), archive.clock.now(), "sealing")


def test_a_root_list_is_not_renewed_for_a_person(archive: Archive) -> None:
    issuer = EmbeddedRevocation(archive.keyring)
    first = issuer.due([], archive.clock.now(), [])
    assert [(item.issuer, item.number) for item in first] == [("issuing", 1), ("root", 1)]
    assert issuer.due(first, archive.clock.now(), []) == []
