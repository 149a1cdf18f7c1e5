"""An RFC 3161 timestamp authority inside the process, for one machine that works offline.

It shares the archive's keys and clock, so its tokens prove order, not time against the operator.
Tokens are assembled as DER by hand: this is on the path of every seal.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signing import der, signed_data
from signing.certificates import Certificate, load_certificate
from signing.digest import Digest
from signing.errors import ClockBehind, DerError, DigestError, SignatureBad
from signing.keys import P256, Signer
from signing.timestamp import TIME_NOT_AVAILABLE, TST_INFO, check_token, read_imprint, write_imprint

MAX_STEP_BACK = timedelta(seconds=2)
_TICK = timedelta(microseconds=1)
_BAD_ALG, _BAD_REQUEST, _BAD_DATA_FORMAT = 0, 2, 5
_UNACCEPTED_POLICY, _UNACCEPTED_EXTENSION = 15, 16
_REJECTION = 2
# Set by the clock of the machine: accuracy of one second is claimed, as RFC 3161 has no "unknown".
_ACCURACY = der.sequence(der.integer(1))


@dataclass(frozen=True, slots=True)
class _Request:
    """TimeStampReq (RFC 3161 2.4.1)."""

    digest: Digest
    policy: str | None
    nonce: int | None
    wants_certificate: bool


class _RejectedError(Exception):
    """A request that is answered with a rejection: failure bit and text."""

    def __init__(self, bit: int, text: str) -> None:
        super().__init__(text)
        self.bit = bit
        self.text = text


class EmbeddedAuthority:
    """Gives tokens whose genTime rises strictly, from ``after`` on.

    ``certificate`` and ``chain`` are DER, ``policy_oid`` is dotted, ``serial`` gives a new
    number at each call. Small steps of the clock are bridged by microseconds; when it stands more
    than two seconds behind the last token, ClockBehind is raised. Threads may share it.
    """

    def __init__(
        self,
        certificate: bytes,
        signer: Signer,
        chain: Sequence[bytes],
        policy_oid: str,
        clock: Callable[[], datetime],
        serial: Callable[[], int],
        after: datetime | None = None,
    ) -> None:
        if signer.algorithm != P256:
            raise SignatureBad("A timestamp authority signs with P-256 keys only.")
        self._signer = signer
        self._policy = policy_oid
        self._clock = clock
        self._serial = serial
        self._last = after
        self._lock = threading.Lock()
        self._parts = _Parts.of(load_certificate(certificate), chain, policy_oid)

    def timestamp(self, digest: Digest) -> bytes:
        """Return a checked token, as ``Timestamper`` asks. Raises ClockBehind."""
        token = self._token(_Request(digest, None, None, wants_certificate=True))
        check_token(token, digest=digest, policies={self._policy})
        return token

    def respond(self, request: bytes) -> bytes:
        """Answer a DER TimeStampReq with a DER TimeStampResp; a bad one with a rejection."""
        try:
            token = self._token(_read_request(request, self._policy))
        except _RejectedError as error:
            return _rejection(error.bit, error.text)
        except ClockBehind:
            return _rejection(TIME_NOT_AVAILABLE, "the clock stands behind the last token")
        return der.sequence(der.sequence(der.integer(0)), token)

    def advance(self, after: datetime) -> None:
        """Give no token at or before ``after`` from now on."""
        with self._lock:
            if self._last is None or after > self._last:
                self._last = after

    def _next_time(self) -> datetime:
        now = self._clock().astimezone(UTC)
        if self._last is not None and now <= self._last:
            if self._last - now > MAX_STEP_BACK:
                raise ClockBehind("The clock stands more than 2 seconds behind the last timestamp.")
            now = self._last + _TICK
        self._last = now
        return now

    def _token(self, request: _Request) -> bytes:
        with self._lock:
            now = self._next_time()
            serial = self._serial()
        nonce = b"" if request.nonce is None else der.integer(request.nonce)
        info = der.sequence(
            der.integer(1),
            self._parts.policy,
            write_imprint(request.digest),
            der.integer(serial),
            der.generalized_time(now),
            _ACCURACY,
            der.TRUE,
            nonce,
            self._parts.name,
        )
        return self._parts.assemble(
            info, now, self._signer, with_certificates=request.wants_certificate
        )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The encoded pieces that are the same in every token."""

    policy: bytes
    name: bytes
    signer_id: bytes
    commitment: bytes
    certificates: bytes

    @classmethod
    def of(cls, certificate: Certificate, chain: Sequence[bytes], policy: str) -> "_Parts":
        issuer = der.sequence(der.sequence(der.tlv(0xA4, certificate.issuer)), certificate.serial)
        identifier = der.sequence(der.octets(hashlib.sha256(certificate.der).digest()), issuer)
        return cls(
            policy=der.oid(policy),
            name=der.tlv(0xA0, der.tlv(0xA4, certificate.subject)),
            signer_id=der.sequence(certificate.issuer, certificate.serial),
            commitment=_attribute(
                signed_data.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence(identifier))
            ),
            certificates=der.tlv(0xA0, *sorted({certificate.der, *chain})),
        )

    def assemble(
        self, info: bytes, now: datetime, signer: Signer, *, with_certificates: bool
    ) -> bytes:
        """Sign TSTInfo and wrap it (RFC 5652 5, RFC 5816)."""
        attributes = der.set_of(
            _attribute(signed_data.CONTENT_TYPE, der.oid(TST_INFO)),
            _attribute(signed_data.SIGNING_TIME, der.utc_time(now)),
            _attribute(signed_data.MESSAGE_DIGEST, der.octets(hashlib.sha256(info).digest())),
            self.commitment,
        )
        signer_info = der.sequence(
            der.integer(1),
            self.signer_id,
            _SHA256,
            b"\xa0" + attributes[1:],
            _ECDSA_SHA256,
            der.octets(signer.sign(attributes)),
        )
        content = der.sequence(
            der.integer(3),
            der.set_of(_SHA256),
            der.sequence(der.oid(TST_INFO), der.tlv(0xA0, der.octets(info))),
            self.certificates if with_certificates else b"",
            der.set_of(signer_info),
        )
        return der.sequence(der.oid(signed_data.SIGNED_DATA), der.tlv(0xA0, content))


# RFC 5754 2: parameters of SHA-2 digests and of ECDSA are absent.
_SHA256 = der.sequence(der.oid(signed_data.SHA256))
_ECDSA_SHA256 = der.sequence(der.oid(signed_data.ECDSA_SHA256))


def _attribute(name: str, value: bytes) -> bytes:
    return der.sequence(der.oid(name), der.set_of(value))


def _read_request(data: bytes, policy: str) -> _Request:
    """Parse a request strictly and refuse what cannot be granted (RFC 3161 2.4.1, 2.4.2)."""
    try:
        members = der.fields(der.only(data, der.SEQUENCE).body)
        version = der.unsigned(members.take(der.INTEGER))
        imprint = members.take(der.SEQUENCE)
        wanted = members.maybe(der.OID_TAG)
        nonce = members.maybe(der.INTEGER)
        certificate = members.maybe(der.BOOLEAN)
        extensions = members.maybe(0xA0)
        members.end()
        wanted_policy = None if wanted is None else der.oid_text(wanted.body)
        number = None if nonce is None else der.unsigned(nonce)
    except DerError as error:
        raise _RejectedError(_BAD_DATA_FORMAT, "the request cannot be read") from error
    if version != 1 or (certificate is not None and certificate.raw != der.TRUE):
        raise _RejectedError(_BAD_REQUEST, "the request has another version or form")
    if wanted_policy not in (None, policy):
        raise _RejectedError(_UNACCEPTED_POLICY, "the policy is not offered")
    if extensions is not None:
        raise _RejectedError(_UNACCEPTED_EXTENSION, "extensions are not supported")
    try:
        digest = read_imprint(imprint)
    except (DerError, DigestError) as error:
        raise _RejectedError(_BAD_ALG, "the imprint is not accepted") from error
    return _Request(digest, wanted_policy, number, certificate is not None)


def _rejection(bit: int, text: str) -> bytes:
    """Return a TimeStampResp with PKIStatus rejection and one failure bit (X.690 11.2.2)."""
    size = bit // 8 + 1
    bits = bytes(size - 1) + bytes((0x80 >> bit % 8,))
    failure = der.tlv(der.BIT_STRING, bytes((7 - bit % 8,)), bits)
    words = der.sequence(der.tlv(der.UTF8, text.encode()))
    return der.sequence(der.sequence(der.integer(_REJECTION), words, failure))
