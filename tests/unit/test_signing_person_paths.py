"""Whose certificate may sign statements, and that nobody's can seal."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pki_fixture
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from pki_fixture import NOW, Pki, make_pki, serial_of, subject

from signing import authority
from signing.cms import sign_detached
from signing.errors import CertificateBad, CertificateRevoked, RevocationUnknown, SignatureBad
from signing.keys import P256, MemorySigner
from signing.paths import PathJudge
from signing.person_paths import PersonJudge, judge_person
from signing.trust import LogKey, TrustPolicy, TsaRoot

PKI = make_pki()
with patch.object(pki_fixture, "ORGANIZATION", "省级电子认证"):
    OUTSIDE = make_pki()
HOUR = timedelta(hours=1)
LIFE = authority.Validity(NOW - HOUR, NOW + timedelta(days=30))
POLICY = TrustPolicy(
    "cunzheng.local/01kan",
    (LogKey(PKI.log_signer.public_key(), NOW),),
    PKI.roots,
    (TsaRoot(PKI.roots[0], "internal"),),
)
BOTH = replace(POLICY, person_roots=OUTSIDE.roots)


def person(pki: Pki, signer: MemorySigner | None = None) -> bytes:
    key = (signer or MemorySigner.generate(P256)).public_key()
    return authority.issue_person_certificate(
        pki.issuing, key, subject("zhang"), pki.serials(), LIFE
    )


def judge(policy: TrustPolicy = POLICY, *crls: bytes) -> PersonJudge:
    material = (*PKI.intermediates, *OUTSIDE.intermediates)
    return judge_person(policy, material, (*PKI.crls, *OUTSIDE.crls, *crls))


def test_what_a_persons_certificate_says():
    parsed = x509.load_der_x509_certificate(person(PKI))
    usage = parsed.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    extended = parsed.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert list(extended.value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extended.critical
    assert not parsed.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_people_of_our_own_ca():
    certificate = person(PKI)
    found = judge().check(certificate, NOW)
    assert found.path == (PKI.roots[0], PKI.intermediates[0], certificate)
    strong = MemorySigner(rsa.generate_private_key(65537, 2048))
    assert judge().check(person(PKI, strong), NOW).crl_number == 1


@pytest.mark.parametrize("policy", [POLICY, BOTH])
def test_certificates_of_the_archive_are_no_persons(policy):
    for certificate in (
        PKI.sealing_certificate,
        PKI.tsa_certificate,
        PKI.issuing.certificate,
        PKI.roots[0],
    ):
        with pytest.raises(CertificateBad):
            judge(policy).check(certificate, NOW)


def test_a_person_root_needs_no_extended_usage():
    outside = OUTSIDE.sealing_certificate
    with pytest.raises(CertificateBad):
        judge().check(outside, NOW)
    assert judge(BOTH).check(outside, NOW).path[0] == OUTSIDE.roots[0]
    assert judge(BOTH).check(person(OUTSIDE), NOW)
    for other in (OUTSIDE.tsa_certificate, OUTSIDE.issuing.certificate):
        with pytest.raises(CertificateBad):
            judge(BOTH).check(other, NOW)


def test_a_person_root_vouches_for_people_only():
    sealing = PathJudge(BOTH.ca_roots, PKI.intermediates, PKI.crls)
    with pytest.raises(CertificateBad):
        sealing.check(OUTSIDE.sealing_certificate, NOW, "sealing")


def test_time_and_revocation():
    certificate = person(PKI)
    for moment in (NOW - 2 * HOUR, NOW + timedelta(days=31)):
        with pytest.raises((CertificateBad, RevocationUnknown)):
            judge(BOTH).check(certificate, moment)
    line = authority.Revocation(serial_of(certificate), NOW + 2 * HOUR, None, NOW + HOUR)
    later = PKI.crl(2, NOW + 2 * HOUR, revoked=[line])
    for policy in (POLICY, BOTH):
        told = judge(policy, later)
        assert told.check(certificate, NOW)
        for moment in (NOW + HOUR, NOW + 3 * HOUR):
            with pytest.raises(CertificateRevoked):
                told.check(certificate, moment)


@pytest.mark.parametrize("policy", [POLICY, BOTH])
def test_without_a_revocation_list_nothing_is_known(policy):
    blind = PersonJudge(policy, (), ())
    blind.learn((*PKI.intermediates, *OUTSIDE.intermediates))
    with pytest.raises(RevocationUnknown):
        blind.check(person(PKI), NOW)
    if policy.person_roots:
        with pytest.raises(RevocationUnknown):
            blind.check(person(OUTSIDE), NOW)


def test_a_person_cannot_seal():
    signer = MemorySigner.generate(P256)
    certificate = person(PKI, signer)
    sealing = PathJudge(PKI.roots, PKI.intermediates, PKI.crls)
    with pytest.raises(CertificateBad, match="not for signatures"):
        sealing.check(certificate, NOW, "sealing")
    with pytest.raises(SignatureBad, match="a person's"):
        sign_detached(b"note", signer, certificate, PKI.intermediates, NOW)


def test_a_leaf_without_key_usage_may_sign_statements_but_not_seal():
    assert isinstance(OUTSIDE.root.signer, MemorySigner)
    root_key = OUTSIDE.root.signer._key
    parent = x509.load_der_x509_certificate(OUTSIDE.roots[0])
    key = load_der_public_key(MemorySigner.generate(P256).public_key())
    plain = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "li")]))
        .issuer_name(parent.subject)
        .public_key(key)
        .serial_number(99)
        .not_valid_before(LIFE.not_before)
        .not_valid_after(LIFE.not_after)
        .sign(root_key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
    assert judge(BOTH).check(plain, NOW)
    sealing = PathJudge(OUTSIDE.roots, (), OUTSIDE.crls)
    with pytest.raises(CertificateBad):
        sealing.check(plain, NOW, "sealing")
