"""The table of bad tokens: every case is decided exactly as written beside it.

"structure" cases are decided by read_response alone; "path" cases pass it and fall to the path
judgement at genTime, as a verifier does it.
"""

from datetime import timedelta

import pytest
from pki_fixture import NOW, POLICY_OID, Pki, make_pki
from token_forge import EMAIL, ID_DATA, SHA1, TIME_STAMPING, Forge, forge, rsa_tsa, tsa_with

from signing import der, signed_data
from signing.digest import Digest
from signing.errors import CertificateBad, SigningError, TimestampBad, TimestampUnavailable
from signing.paths import PathJudge
from signing.timestamp import check_token, read_response

DIGEST = Digest.of("sha256", b"a seal")
NONCE = 0x1234567890ABCDEF
PKI = make_pki()
FOREIGN = make_pki()
GOOD = forge(PKI, DIGEST.value, NONCE, NOW)
RSA = rsa_tsa(PKI, 2048)
SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
Case = tuple[Forge, type[SigningError] | None, str]


def _with(certificate_and_signer: tuple[bytes, object]) -> Forge:
    certificate, signer = certificate_and_signer
    return GOOD.but(certificate=certificate, signer=signer)


def _attribute(name: str, value: bytes) -> bytes:
    return der.sequence(der.oid(name), der.set_of(value))


_CRITICAL = der.tlv(0xA1, der.sequence(der.oid("1.2.3.4"), der.TRUE, der.octets(b"x")))
_TIME_NOT_AVAILABLE = der.tlv(der.BIT_STRING, b"\x01\x00\x02")
_BAD_ALG = der.tlv(der.BIT_STRING, b"\x07\x80")

CASES: dict[str, Case] = {
    "good": (GOOD, None, ""),
    "granted with mods": (GOOD.but(status=1), None, ""),
    "TSA certificate expired now, valid at genTime": (_with(tsa_with(PKI, days=1)), None, ""),
    "RSA key, sha256WithRSAEncryption": (
        _with(RSA).but(signature_algorithm=SHA256_WITH_RSA, with_null=True),
        None,
        "",
    ),
    "RSA key, rsaEncryption": (_with(RSA).but(signature_algorithm=RSA_ENCRYPTION), None, ""),
    "RSA key, bad signature": (
        _with(RSA).but(signature_algorithm=RSA_ENCRYPTION, flip_signature=True),
        TimestampBad,
        "signature does not hold",
    ),
    "RSA key, ECDSA named": (_with(RSA), TimestampBad, "not accepted for the signer's key"),
    "RSA key, SHA-1 named": (
        _with(RSA).but(signature_algorithm="1.2.840.113549.1.1.5"),
        TimestampBad,
        "not accepted for the signer's key",
    ),
    "RSA key of 1024 bits": (
        _with(rsa_tsa(PKI, 1024)).but(signature_algorithm=SHA256_WITH_RSA),
        TimestampBad,
        "not accepted for the signer's key",
    ),
    "P-256 key, RSA named": (
        GOOD.but(signature_algorithm=SHA256_WITH_RSA),
        TimestampBad,
        "not accepted for the signer's key",
    ),
    "wrong nonce": (GOOD.but(nonce=NONCE + 1), TimestampBad, "nonce"),
    "no nonce": (GOOD.but(nonce=None), TimestampBad, "nonce"),
    "wrong imprint": (GOOD.but(imprint=bytes(32)), TimestampBad, "another digest"),
    "SHA-1 imprint": (GOOD.but(imprint=bytes(20), imprint_oid=SHA1), TimestampBad, "imprint"),
    "imprint OID swapped, same bytes": (
        GOOD.but(imprint_oid="1.2.156.10197.1.401"),
        TimestampBad,
        "another digest",
    ),
    "imprint of wrong length": (GOOD.but(imprint=bytes(31)), TimestampBad, "32 bytes"),
    "bad signature": (GOOD.but(flip_signature=True), TimestampBad, "signature does not hold"),
    "messageDigest wrong": (GOOD.but(digest_attribute=bytes(32)), TimestampBad, "messageDigest"),
    "no EKU": (_with(tsa_with(PKI, None)), TimestampBad, "timeStamping"),
    "wrong EKU": (_with(tsa_with(PKI, [EMAIL])), TimestampBad, "timeStamping"),
    "EKU not critical": (_with(tsa_with(PKI, critical=False)), TimestampBad, "timeStamping"),
    "EKU with extra purpose": (
        _with(tsa_with(PKI, [TIME_STAMPING, EMAIL])),
        TimestampBad,
        "timeStamping",
    ),
    "key usage without signatures": (
        _with(tsa_with(PKI, digital_signature=False)),
        TimestampBad,
        "not for signatures",
    ),
    "CA certificate as TSA": (_with(tsa_with(PKI, is_authority=True)), TimestampBad, "CA"),
    "no ESSCertID": (GOOD.but(with_commitment=False), TimestampBad, "signingCertificateV2"),
    "ESSCertIDv2 of another certificate": (
        GOOD.but(commitment=bytes(32)),
        TimestampBad,
        "another certificate",
    ),
    "contentType attribute = data": (
        GOOD.but(content_attribute=ID_DATA),
        TimestampBad,
        "contentType",
    ),
    "no contentType attribute": (GOOD.but(content_attribute=None), TimestampBad, "contentType"),
    "attribute twice": (
        GOOD.but(extra_attributes=(_attribute(signed_data.CONTENT_TYPE, der.oid("1.2.3")),)),
        TimestampBad,
        "twice",
    ),
    "two signerInfos": (GOOD.but(signer_infos=2), TimestampBad, "one signer"),
    "no signerInfo": (GOOD.but(signer_infos=0), TimestampBad, "one signer"),
    "TSTInfo version 2": (GOOD.but(tst_version=2), TimestampBad, "version"),
    "CMS version 1": (GOOD.but(cms_version=1), TimestampBad, "version"),
    "critical extension": (GOOD.but(tst_tail=_CRITICAL), TimestampBad, "critical extension"),
    "junk in TSTInfo": (GOOD.but(tst_tail=der.NULL), TimestampBad, "do not belong"),
    "no certificates": (GOOD.but(with_certificates=False), TimestampBad, "certificate"),
    "trailing bytes": (GOOD.but(tail=b"\x00\x00"), TimestampBad, "cannot be read"),
    "genTime 100 days ahead": (
        GOOD.but(gen_time=NOW + timedelta(days=100)),
        TimestampBad,
        "future",
    ),
    "expired at genTime": (
        GOOD.but(gen_time=NOW - timedelta(days=2)),
        TimestampBad,
        "not valid at genTime",
    ),
    "policy differs from request": (GOOD.but(policy="1.2.3.4.5"), TimestampBad, "policy"),
    "rejection with token": (
        GOOD.but(status=2, failure=_BAD_ALG),
        TimestampBad,
        "refused",
    ),
    "granted with failure bits": (GOOD.but(failure=_BAD_ALG), TimestampBad, "refused"),
    "granted without token": (GOOD.but(with_token=False), TimestampBad, "no token"),
    "time not available": (
        GOOD.but(status=2, failure=_TIME_NOT_AVAILABLE, with_token=False),
        TimestampUnavailable,
        "cannot answer",
    ),
    "foreign root": (
        forge(FOREIGN, DIGEST.value, NONCE, NOW),
        CertificateBad,
        "not trusted",
    ),
}


def decide(pki: Pki, case: Forge) -> None:
    token = read_response(
        case.response(), digest=DIGEST, nonce=NONCE, policies={POLICY_OID}, now=NOW
    )
    checked = check_token(token, digest=DIGEST)
    judge = PathJudge(pki.roots, (*pki.intermediates, *checked.certificates), pki.crls)
    judge.check(checked.certificate, checked.gen_time, "timestamping")


@pytest.mark.parametrize("name", CASES)
def test_token_is_decided_as_the_table_says(name: str) -> None:
    case, error, words = CASES[name]
    if error is None:
        decide(PKI, case)
        return
    with pytest.raises(error, match=words):
        decide(PKI, case)


def test_the_table_is_complete() -> None:
    assert len(CASES) >= 29


def test_token_itself_with_trailing_bytes_is_refused() -> None:
    with pytest.raises(TimestampBad, match="nothing behind"):
        check_token(GOOD.token() + der.NULL, digest=DIGEST)


def test_indefinite_length_is_refused() -> None:
    token = GOOD.token()
    body = der.only(token, der.SEQUENCE).body
    with pytest.raises(TimestampBad, match="length"):
        check_token(b"\x30\x80" + body + b"\x00\x00", digest=DIGEST)


def test_every_flipped_byte_is_noticed() -> None:
    """Certificates outside the signature may differ; then they are other certificates."""
    token = GOOD.but(chain=()).token()
    good = check_token(token, digest=DIGEST)
    for at in range(len(token)):
        flipped = token[:at] + bytes((token[at] ^ 0x01,)) + token[at + 1 :]
        try:
            found = check_token(flipped, digest=DIGEST)
        except TimestampBad:
            continue
        assert found == good, at
        raise AssertionError(f"byte {at} can be changed without notice")
