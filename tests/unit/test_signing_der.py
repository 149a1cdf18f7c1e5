from datetime import UTC, datetime

import pytest
from asn1crypto import core

from signing import der
from signing.errors import DerError


@pytest.mark.parametrize(
    "dotted", ["1.2.840.10045.4.3.2", "2.999.3", "0.4.0.1733.2.4", "2.5.29.37"]
)
def test_identifiers_agree_with_asn1crypto(dotted: str) -> None:
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()
    assert der.oid_text(der.oid(dotted)[2:]) == dotted


@pytest.mark.parametrize(
    "dotted", ["", "1", "3.1", "1.40", "1.-2", "a.b", "1.2.", "01.2", "1.2.03"]
)
def test_texts_that_are_no_identifiers(dotted: str) -> None:
    with pytest.raises(DerError):
        der.oid(dotted)


@pytest.mark.parametrize("body", [b"", b"\x2a\x80\x01", b"\x80\x01", b"\x2a\x86"])
def test_malformed_identifiers(body: bytes) -> None:
    with pytest.raises(DerError):
        der.oid_text(body)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536, 1 << 20])
def test_lengths_are_shortest(size: int) -> None:
    element = der.octets(bytes(size))
    assert element == core.OctetString(bytes(size)).dump()
    assert der.only(element, der.OCTET_STRING).body == bytes(size)


@pytest.mark.parametrize(
    "data",
    [
        b"\x04",
        b"\x04\x01",
        b"\x04\x80\x00\x00",
        b"\x04\x81\x01x",
        b"\x04\x82\x00\x80" + bytes(128),
        b"\x04\x85\x00\x00\x00\x00\x01x",
        b"\x04\xff",
        b"\x04\x82\x01",
        b"\x1f\x01\x00",
        b"\x04\x00\x04\x00",
        b"\x05\x00",
        b"",
    ],
)
def test_malformed_elements(data: bytes) -> None:
    with pytest.raises(DerError):
        der.only(data, der.OCTET_STRING)


@pytest.mark.parametrize("body", [b"", b"\x80", b"\x00\x7f", b"\xff"])
def test_malformed_integers(body: bytes) -> None:
    with pytest.raises(DerError):
        der.unsigned(der.only(der.tlv(der.INTEGER, body), der.INTEGER))
    with pytest.raises(DerError):
        der.integer(-1)


def _time(tag: int, text: bytes) -> datetime:
    return der.read_time(der.only(der.tlv(tag, text), tag))


def test_times() -> None:
    moment = datetime(2026, 11, 22, 4, 5, 6, 120000, tzinfo=UTC)
    assert _time(der.GENERALIZED_TIME, b"20261122040506.12Z") == moment
    assert _time(der.GENERALIZED_TIME, b"20261122040506.120000789Z") == moment
    assert _time(der.UTC_TIME, b"491122040506Z").year == 2049
    assert _time(der.UTC_TIME, b"501122040506Z").year == 1950


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (der.GENERALIZED_TIME, b"20261122040506.10Z"),
        (der.GENERALIZED_TIME, b"20261122040506.Z"),
        (der.GENERALIZED_TIME, b"20261122040506"),
        (der.GENERALIZED_TIME, b"20261122040506+0800"),
        (der.GENERALIZED_TIME, b"202611220405Z"),
        (der.GENERALIZED_TIME, b"20261322040506Z"),
        (der.GENERALIZED_TIME, b"20261122040560Z"),
        (der.GENERALIZED_TIME, b"2026112204050 Z"),
        (der.GENERALIZED_TIME, b"\xff0261122040506Z"),
        (der.UTC_TIME, b"261122040506.1Z"),
        (der.UTC_TIME, b"2611220405Z"),
        (der.OCTET_STRING, b"261122040506Z"),
    ],
)
def test_malformed_times(tag: int, text: bytes) -> None:
    with pytest.raises(DerError):
        _time(tag, text)
