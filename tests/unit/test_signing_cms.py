from datetime import timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from pki_fixture import NOW, make_pki, serial_of
from token_forge import forge

from signing import authority, der, signed_data
from signing.certificates import load_certificate
from signing.cms import sign_detached, verify_detached
from signing.errors import CertificateBad, SignatureBad
from signing.keys import ED25519, MemorySigner

PKI = make_pki()
DATA = b"cunzheng.local/01kan/main-2026\n512\n"
SEAL = sign_detached(DATA, PKI.sealing_signer, PKI.sealing_certificate, PKI.intermediates, NOW)


def test_seal_says_who_and_when() -> None:
    signature = verify_detached(SEAL, DATA)
    assert signature.certificate == PKI.sealing_certificate
    assert set(signature.certificates) == {PKI.sealing_certificate, *PKI.intermediates}
    assert signature.signing_time == NOW.replace(microsecond=0)


def test_self_signed_certificates_are_left_out() -> None:
    chain = (*PKI.intermediates, *PKI.roots)
    seal = sign_detached(DATA, PKI.sealing_signer, PKI.sealing_certificate, chain, NOW)
    assert not set(PKI.roots) & set(verify_detached(seal, DATA).certificates)


def test_other_data_fails() -> None:
    with pytest.raises(SignatureBad, match="digest of the content"):
        verify_detached(SEAL, DATA + b"\n")


@pytest.mark.parametrize("tail", [b"\x00", der.NULL, SEAL])
def test_trailing_bytes_fail(tail: bytes) -> None:
    with pytest.raises(SignatureBad):
        verify_detached(SEAL + tail, DATA)


def test_every_flipped_byte_is_noticed() -> None:
    good = verify_detached(SEAL, DATA)
    for at in range(len(SEAL)):
        flipped = SEAL[:at] + bytes((SEAL[at] ^ 0x01,)) + SEAL[at + 1 :]
        try:
            found = verify_detached(flipped, DATA)
        except SignatureBad:
            continue
        # What is left is the carried CA certificate: no longer the one that has a path.
        assert found.certificate == good.certificate, at
        assert found.certificates != good.certificates, at
        assert not set(PKI.intermediates) & set(found.certificates), at


def test_key_of_another_certificate_signs_nothing() -> None:
    with pytest.raises(SignatureBad, match="does not hold"):
        sign_detached(DATA, PKI.tsa_signer, PKI.sealing_certificate, PKI.intermediates, NOW)


@pytest.mark.parametrize(
    ("certificate", "signer", "words"),
    [
        (PKI.tsa_certificate, PKI.tsa_signer, "timestamp authority"),
        (PKI.issuing.certificate, PKI.issuing.signer, "not for signatures"),
    ],
)
def test_certificates_for_other_purposes_sign_no_seals(
    certificate: bytes, signer: MemorySigner, words: str
) -> None:
    with pytest.raises(SignatureBad, match=words):
        sign_detached(DATA, signer, certificate, PKI.intermediates, NOW)


def test_ed25519_signs_no_seals() -> None:
    with pytest.raises(SignatureBad, match="P-256"):
        sign_detached(DATA, MemorySigner.generate(ED25519), PKI.sealing_certificate, (), NOW)


ID_DATA = "1.2.840.113549.1.7.1"


def _attribute(name: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(name), der.set_of(*values))


def _attributes(certificate: bytes) -> dict[str, bytes]:
    import hashlib

    commitment = der.sequence(der.octets(hashlib.sha256(certificate).digest()))
    return {
        "content": _attribute(signed_data.CONTENT_TYPE, der.oid(ID_DATA)),
        "digest": _attribute(signed_data.MESSAGE_DIGEST, der.octets(hashlib.sha256(DATA).digest())),
        "time": _attribute(signed_data.SIGNING_TIME, der.utc_time(NOW)),
        "certificate": _attribute(
            signed_data.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(commitment))
        ),
    }


def _seal(**but: object) -> bytes:
    """Assemble a seal by hand; keywords replace what shall be wrong."""
    sha256 = der.sequence(der.oid(signed_data.SHA256))
    p = SimpleNamespace(
        version=1,
        content=b"",
        digest_set=der.set_of(sha256),
        digest=sha256,
        algorithm=der.sequence(der.oid(signed_data.ECDSA_SHA256)),
        crls=b"",
        unsigned=b"",
        sid=None,
        attributes=_attributes(PKI.sealing_certificate),
        outer=der.oid(signed_data.SIGNED_DATA),
        certificates=(PKI.sealing_certificate, PKI.issuing.certificate),
    )
    for name, value in but.items():
        setattr(p, name, value)
    parsed = load_certificate(PKI.sealing_certificate)
    attributes = der.set_of(*p.attributes.values())
    signer = der.sequence(
        der.integer(1),
        p.sid or der.sequence(parsed.issuer, parsed.serial),
        p.digest,
        b"\xa0" + attributes[1:],
        p.algorithm,
        der.octets(PKI.sealing_signer.sign(attributes)),
        p.unsigned,
    )
    inner = der.sequence(
        der.integer(p.version),
        p.digest_set,
        der.sequence(der.oid(ID_DATA), p.content),
        der.tlv(0xA0, *p.certificates),
        p.crls,
        der.set_of(signer),
    )
    return der.sequence(p.outer, der.tlv(0xA0, inner))


def _without(name: str) -> dict[str, bytes]:
    return {k: v for k, v in _attributes(PKI.sealing_certificate).items() if k != name}


def _with(name: str, value: bytes) -> dict[str, bytes]:
    return {**_attributes(PKI.sealing_certificate), name: value}


def _protection(digest: str) -> bytes:
    value = der.sequence(
        der.sequence(der.oid(digest)), der.tlv(0xA1, der.oid(signed_data.ECDSA_SHA256))
    )
    return _attribute(signed_data.ALGORITHM_PROTECTION, value)


_SHA512 = der.sequence(der.oid(signed_data.SHA512))
_TIME = der.utc_time(NOW)


def test_hand_made_seal_is_good() -> None:
    verify_detached(_seal(), DATA)
    verify_detached(_seal(attributes=_with("p", _protection(signed_data.SHA256))), DATA)


@pytest.mark.parametrize(
    ("but", "words"),
    [
        ({"version": 3}, "version"),
        ({"outer": der.oid(ID_DATA)}, "SignedData"),
        ({"content": der.tlv(0xA0, der.octets(DATA))}, "detached"),
        ({"digest": _SHA512}, "not listed"),
        ({"digest": _SHA512, "digest_set": der.set_of(_SHA512)}, "SHA-256"),
        ({"algorithm": der.sequence(der.oid("1.2.840.10045.4.3.3"))}, "ECDSA with SHA-256"),
        ({"crls": der.tlv(0xA1, PKI.root_crl)}, "CRLs"),
        ({"unsigned": der.tlv(0xA1, _attribute("1.2.3", der.NULL))}, "unsigned"),
        ({"sid": der.tlv(0x80, b"key id")}, "another type"),
        ({"certificates": (PKI.issuing.certificate,)}, "one certificate of its signer"),
        ({"certificates": (PKI.sealing_certificate,) * 2}, "twice"),
        ({"certificates": (PKI.sealing_certificate, b"\xa1\x00")}, "another kind"),
        ({"attributes": _without("content")}, "contentType"),
        ({"attributes": _without("digest")}, "messageDigest"),
        ({"attributes": _without("time")}, "signingTime"),
        ({"attributes": _without("certificate")}, "signingCertificateV2"),
        (
            {"attributes": _attributes(PKI.tsa_certificate)},
            "names another certificate",
        ),
        (
            {"attributes": _with("more", _attribute(signed_data.SIGNING_TIME, _TIME))},
            "twice",
        ),
        (
            {"attributes": _with("time", _attribute(signed_data.SIGNING_TIME, _TIME, der.NULL))},
            "one value",
        ),
        ({"attributes": _with("p", _protection(signed_data.SHA512))}, "other algorithms"),
    ],
)
def test_a_missing_or_extra_thing_fails(but: dict[str, object], words: str) -> None:
    with pytest.raises(SignatureBad, match=words):
        verify_detached(_seal(**but), DATA)


def test_token_is_no_seal() -> None:
    token = forge(PKI, bytes(32), 1, NOW).token()
    with pytest.raises(SignatureBad, match="version"):
        verify_detached(token, DATA)


def test_authority_issues_what_it_says() -> None:
    root, issuing, sealing, tsa = map(x509.load_der_x509_certificate, PKI.certificates)
    for certificate, issuer in ((root, root), (issuing, root), (sealing, issuing), (tsa, issuing)):
        certificate.verify_directly_issued_by(issuer)
    lengths = [
        c.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
        for c in (root, issuing, sealing, tsa)
    ]
    assert lengths == [1, 0, None, None]
    assert "示例市" in sealing.subject.rfc4514_string()
    usage = tsa.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert usage.critical
    assert [u.dotted_string for u in usage.value] == ["1.3.6.1.5.5.7.3.8"]


def test_crl_lists_what_is_revoked() -> None:
    line = authority.Revocation(
        serial_of(PKI.sealing_certificate),
        NOW,
        x509.ReasonFlags.key_compromise,
        NOW - timedelta(days=1),
    )
    crl = x509.load_der_x509_crl(PKI.crl(7, NOW, revoked=[line]))
    issuer = x509.load_der_x509_certificate(PKI.issuing.certificate)
    assert crl.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    assert crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 7
    found = crl.get_revoked_certificate_by_serial_number(line.serial)
    assert found is not None
    invalid = found.extensions.get_extension_for_class(x509.InvalidityDate).value
    assert invalid.invalidity_date_utc == (NOW - timedelta(days=1)).replace(microsecond=0)


def test_authority_refuses_a_wrong_key_or_serial() -> None:
    wrong = authority.Issuer(PKI.issuing.certificate, PKI.tsa_signer)
    with pytest.raises(CertificateBad, match="does not belong"):
        authority.issue_crl(wrong, number=1, this_update=NOW, next_update=NOW)
    validity = authority.Validity(NOW, NOW + timedelta(days=1))
    subject = authority.Subject("o", "c")
    public = PKI.tsa_signer.public_key()
    for serial in (0, 1 << 159):
        with pytest.raises(CertificateBad, match="serial"):
            authority.issue_tsa_certificate(PKI.issuing, public, subject, serial, validity)
    with pytest.raises(CertificateBad, match="SubjectPublicKeyInfo"):
        authority.create_root(MemorySigner.generate(ED25519), subject, 1, validity)
