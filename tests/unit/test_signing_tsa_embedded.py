from datetime import datetime, timedelta

import pytest
from pki_fixture import NOW, POLICY_OID, make_pki

from signing import der
from signing.digest import ALGORITHMS, Digest
from signing.errors import ClockBehind, SignatureBad, TimestampBad, TimestampUnavailable
from signing.keys import ED25519, MemorySigner
from signing.timestamp import build_request, check_token, read_response
from signing.tsa_embedded import EmbeddedAuthority

PKI = make_pki()
DIGEST = Digest.of("sha256", b"a seal")


class Clock:
    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def _answer(request: bytes, nonce: int = 5, digest: Digest = DIGEST) -> bytes:
    response = PKI.embedded_authority(Clock()).respond(request)
    return read_response(response, digest=digest, nonce=nonce, policies=None, now=NOW)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 255, 256, 2**64 - 1])
def test_request_and_response(algorithm: str, nonce: int) -> None:
    digest = Digest.of(algorithm, b"x")
    token = _answer(build_request(digest, nonce, POLICY_OID), nonce, digest)
    found = check_token(token, digest=digest, nonce=nonce, policies={POLICY_OID}, now=NOW)
    assert (found.gen_time, found.policy, found.nonce) == (NOW, POLICY_OID, nonce)
    assert found.imprint == digest
    assert found.certificate == PKI.tsa_certificate
    assert set(found.certificates) == {PKI.tsa_certificate, *PKI.intermediates}


def test_times_rise_strictly_while_the_clock_stands() -> None:
    authority = PKI.embedded_authority(Clock())
    tokens = [check_token(authority.timestamp(DIGEST), digest=DIGEST) for _ in range(20)]
    times = [token.gen_time for token in tokens]
    assert times == [NOW + timedelta(microseconds=n) for n in range(20)]
    assert len({token.serial for token in tokens}) == 20


def test_small_step_back_is_bridged_and_a_large_one_refused() -> None:
    clock = Clock()
    authority = PKI.embedded_authority(clock)
    authority.timestamp(DIGEST)
    clock.now = NOW - timedelta(seconds=1.9)
    token = check_token(authority.timestamp(DIGEST), digest=DIGEST)
    assert token.gen_time == NOW + timedelta(microseconds=1)
    clock.now = NOW - timedelta(seconds=2.1)
    with pytest.raises(ClockBehind):
        authority.timestamp(DIGEST)
    response = authority.respond(build_request(DIGEST, 1))
    with pytest.raises(TimestampUnavailable):
        read_response(response, digest=DIGEST, nonce=1, policies=None, now=NOW)
    clock.now = NOW + timedelta(seconds=1)
    assert check_token(authority.timestamp(DIGEST), digest=DIGEST).gen_time == clock.now


def test_last_time_of_an_earlier_process_counts() -> None:
    authority = PKI.embedded_authority(Clock(), after=NOW + timedelta(seconds=10))
    with pytest.raises(ClockBehind):
        authority.timestamp(DIGEST)
    other = PKI.embedded_authority(Clock())
    other.advance(NOW + timedelta(seconds=1))
    other.advance(NOW - timedelta(days=1))
    token = check_token(other.timestamp(DIGEST), digest=DIGEST)
    assert token.gen_time == NOW + timedelta(seconds=1, microseconds=1)


@pytest.mark.parametrize("microsecond", [0, 100_000, 120_000, 123_456, 1])
def test_fractions_of_a_second_are_in_der_form(microsecond: int) -> None:
    now = NOW.replace(microsecond=microsecond)
    token = PKI.embedded_authority(Clock(now)).timestamp(DIGEST)
    assert check_token(token, digest=DIGEST).gen_time == now


def test_token_without_certificates_where_none_are_asked_for() -> None:
    request = der.sequence(
        der.integer(1),
        der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octets(DIGEST.value)),
    )
    response = PKI.embedded_authority(Clock()).respond(request)
    assert PKI.tsa_certificate not in response


def _request(**but: bytes) -> bytes:
    parts = {
        "version": der.integer(1),
        "imprint": der.sequence(
            der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octets(DIGEST.value)
        ),
        "policy": b"",
        "nonce": der.integer(5),
        "certificate": der.TRUE,
        "extensions": b"",
    }
    return der.sequence(*{**parts, **but}.values())


@pytest.mark.parametrize(
    "request_der",
    [
        b"",
        b"junk",
        _request() + b"\x00",
        _request(version=der.integer(2)),
        _request(nonce=b"\x02\x01\xff"),
        _request(nonce=b"\x02\x02\x00\x05"),
        _request(certificate=b"\x01\x01\x01"),
        _request(policy=der.oid("1.2.3")),
        _request(extensions=der.tlv(0xA0, der.sequence())),
        _request(
            imprint=der.sequence(der.sequence(der.oid("1.3.14.3.2.26")), der.octets(bytes(20)))
        ),
        _request(
            imprint=der.sequence(
                der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octets(bytes(31))
            )
        ),
    ],
)
def test_bad_requests_are_rejected(request_der: bytes) -> None:
    with pytest.raises(TimestampBad, match="refused"):
        _answer(request_der)


def test_good_request_by_hand_is_granted() -> None:
    assert _answer(_request())


def test_only_p256_keys() -> None:
    signer = MemorySigner.generate(ED25519)
    with pytest.raises(SignatureBad):
        EmbeddedAuthority(PKI.tsa_certificate, signer, (), POLICY_OID, Clock(), lambda: 1)


def test_wrong_key_gives_no_token() -> None:
    authority = EmbeddedAuthority(
        PKI.tsa_certificate, PKI.sealing_signer, (), POLICY_OID, Clock(), lambda: 1
    )
    with pytest.raises(TimestampBad, match="does not hold"):
        authority.timestamp(DIGEST)


def test_response_beyond_all_size_is_refused() -> None:
    with pytest.raises(TimestampBad, match="larger"):
        read_response(bytes(2 << 20), digest=DIGEST, nonce=1, policies=None, now=NOW)
