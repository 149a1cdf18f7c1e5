"""A timestamp verifier written by others accepts our good tokens."""

import pytest
from cryptography import x509
from pki_fixture import NOW, POLICY_OID, make_pki

from signing.digest import Digest
from signing.timestamp import build_request

rfc3161_client = pytest.importorskip("rfc3161_client", reason="NOT RUN: needs rfc3161-client")
MESSAGE = b"a seal"
NONCE = 0x1234567890ABCDEF


def _verify(message: bytes) -> None:
    pki = make_pki()
    digest = Digest.of("sha256", MESSAGE)
    request = build_request(digest, NONCE, POLICY_OID)
    response = rfc3161_client.decode_timestamp_response(
        pki.embedded_authority(lambda: NOW).respond(request)
    )
    assert response.tst_info.gen_time == NOW.replace(microsecond=0)
    verifier = (
        rfc3161_client.VerifierBuilder()
        .add_root_certificate(x509.load_der_x509_certificate(pki.roots[0]))
        .add_intermediate_certificate(x509.load_der_x509_certificate(pki.intermediates[0]))
        .tsa_certificate(x509.load_der_x509_certificate(pki.tsa_certificate))
        .policy_id(x509.ObjectIdentifier(POLICY_OID))
        .nonce(NONCE)
        .build()
    )
    assert verifier.verify_message(response, message)


def test_good_token_is_accepted() -> None:
    _verify(MESSAGE)


def test_other_message_is_refused() -> None:
    with pytest.raises(rfc3161_client.VerificationError):
        _verify(b"another seal")
