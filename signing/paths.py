"""Is a certificate to be trusted at a past moment?

The path is built and validated by pyhanko_certvalidator as of that moment (RFC 5280 6), with the
CRLs that were in force then. Then every later CRL is asked too, so that a revocation that was
published afterwards, but dates back, is found. ``PathJudge`` validates once per certificate and
kind of CRL; a hundred thousand seals, or years of daily CRLs, cost as much as a few.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signing.certificates import TIME_STAMPING, Certificate, load_certificate
from signing.errors import CertificateBad, CertificateRevoked, RevocationUnknown, SigningError

Purpose = Literal["sealing", "timestamping", "person"]
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A good certificate: its path (DER, root first) and its issuer's newest CRL number."""

    path: tuple[bytes, ...]
    crl_number: int | None


@dataclass(frozen=True, slots=True)
class _Crl:
    """One CRL whose signature holds under a known authority."""

    der: bytes
    parsed: x509.CertificateRevocationList
    this_update: datetime
    next_update: datetime | None
    number: int | None
    likeness: tuple[object, ...]
    """Issuer, algorithm and extensions but for the number: what does not change every day."""

    def revoked_from(self, serial: int) -> datetime:
        """Return from when on the certificate is not to be trusted; far future if not listed."""
        line = self.parsed.get_revoked_certificate_by_serial_number(serial)
        if line is None:
            return _NEVER
        try:
            invalid = line.extensions.get_extension_for_class(x509.InvalidityDate).value
        except x509.ExtensionNotFound:
            return line.revocation_date_utc
        return min(line.revocation_date_utc, invalid.invalidity_date_utc)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The outcome of one validation: a path, or the error to raise."""

    path: tuple[Certificate, ...] = ()
    error: tuple[type[SigningError], str] | None = None


class PathJudge:
    """Judges certificates against fixed roots, intermediates and CRLs (all DER).

    Only roots are trusted; intermediates and CRLs are material, and a CRL counts only if its
    signature holds under a root or intermediate. Raises CertificateBad for material that cannot
    be read or without any root. Not for use from several threads at once, nor from inside a
    running event loop.
    """

    def __init__(
        self, roots: Iterable[bytes], intermediates: Iterable[bytes], crls: Iterable[bytes]
    ) -> None:
        self._roots = tuple(load_certificate(root) for root in dict.fromkeys(roots))
        if not self._roots:
            raise CertificateBad("No root is trusted, so no certificate can be.")
        self._intermediates: tuple[Certificate, ...] = ()
        self._raw_crls = tuple(dict.fromkeys(crls))
        self._learnt: set[bytes] = set()
        self._rebuild(intermediates)

    def learn(self, certificates: Iterable[bytes]) -> None:
        """Take more intermediates, for example those that a token carries. Trusts nothing."""
        fresh = [c for c in certificates if c not in self._learnt]
        if any(load_certificate(c).is_authority for c in fresh):
            self._rebuild(fresh)
        self._learnt.update(fresh)

    def check(self, certificate: bytes, at: datetime, purpose: Purpose) -> Judgement:
        """Return the judgement for a certificate (DER) used at ``at``.

        Raises CertificateBad, CertificateRevoked or RevocationUnknown.
        """
        leaf = load_certificate(certificate)
        current = self._in_force(at)
        alive = tuple(c.valid_at(at) for c in (leaf, *self._intermediates, *self._roots))
        key = (certificate, purpose, alive, tuple(id(crl) for crl in current))
        verdict = self._verdicts.get(key)
        if verdict is None:
            alike = (certificate, purpose, alive, tuple(crl.likeness for crl in current))
            verdict = self._unlisted(alike)
            if verdict is None:
                verdict = self._validate(leaf, at, purpose, [crl.der for crl in current])
            self._verdicts[key] = verdict
            if verdict.error is None:
                self._good[alike] = verdict
        if verdict.error is not None:
            kind, sentence = verdict.error
            raise kind(sentence)
        for issuer, member in zip(verdict.path, verdict.path[1:], strict=False):
            if self._revoked_from(member, issuer) <= at:
                raise CertificateRevoked("A certificate of the path had been revoked by then.")
        issuer = verdict.path[-2] if len(verdict.path) > 1 else leaf
        return Judgement(tuple(c.der for c in verdict.path), self._numbers.get(issuer.der))

    def _unlisted(self, alike: tuple[object, ...]) -> _Verdict | None:
        """A path that was good with CRLs that differ only in times, number and whom they list.

        It is as good with these, which are in force too, if none ever listed one of its members;
        else the whole validation decides. So the daily CRLs of years cost one validation.
        """
        known = self._good.get(alike)
        if known is None:
            return None
        pairs = zip(known.path, known.path[1:], strict=False)
        if any(self._revoked_from(member, issuer) != _NEVER for issuer, member in pairs):
            return None
        return known

    def _rebuild(self, more: Iterable[bytes]) -> None:
        known = dict.fromkeys(c.der for c in self._intermediates)
        known.update(dict.fromkeys(more))
        loaded = (load_certificate(c) for c in known)
        self._intermediates = tuple(c for c in loaded if c.is_authority)
        self._crls: dict[bytes, list[_Crl]] = {}
        for raw in self._raw_crls:
            self._file(raw)
        for listed in self._crls.values():
            listed.sort(key=lambda crl: crl.this_update)
        self._starts = {
            issuer: [crl.this_update for crl in listed] for issuer, listed in self._crls.items()
        }
        self._numbers = {
            issuer: max((crl.number for crl in listed if crl.number is not None), default=None)
            for issuer, listed in self._crls.items()
        }
        self._verdicts: dict[tuple[object, ...], _Verdict] = {}
        self._good: dict[tuple[object, ...], _Verdict] = {}
        self._revocations: dict[tuple[bytes, bytes], datetime] = {}

    def _file(self, raw: bytes) -> None:
        """Put a CRL under every known authority whose signature on it holds."""
        try:
            parsed = x509.load_der_x509_crl(raw)
            name = parsed.issuer.public_bytes()
            crl = _Crl(
                raw,
                parsed,
                parsed.last_update_utc,
                parsed.next_update_utc,
                _crl_number(parsed.extensions),
                _likeness(parsed),
            )
        except Exception as error:
            # As for certificates: whatever the parser says of hostile bytes.
            raise CertificateBad("A CRL cannot be read.") from error
        for authority in (*self._roots, *self._intermediates):
            if authority.subject == name and _signed_by(parsed, authority):
                self._crls.setdefault(authority.der, []).append(crl)

    def _in_force(self, at: datetime) -> list[_Crl]:
        """Return every authority's newest CRL of those in force at ``at``."""
        found = []
        for issuer, listed in self._crls.items():
            for index in range(bisect_right(self._starts[issuer], at) - 1, -1, -1):
                end = listed[index].next_update
                if end is not None and at <= end:
                    found.append(listed[index])
                    break
        return found

    def _revoked_from(self, member: Certificate, issuer: Certificate) -> datetime:
        """Return the earliest date from which any CRL of the issuer withdraws the certificate."""
        key = (member.der, issuer.der)
        if key not in self._revocations:
            serial = member.serial_number
            dates = [crl.revoked_from(serial) for crl in self._crls.get(issuer.der, ())]
            self._revocations[key] = min(dates, default=_NEVER)
        return self._revocations[key]

    def _validate(
        self, leaf: Certificate, at: datetime, purpose: Purpose, crls: Sequence[bytes]
    ) -> _Verdict:
        """Validate the path as of ``at`` with exactly these CRLs."""
        # Imported here because asn1crypto and the validator take 0.1 s.
        from pyhanko_certvalidator import errors

        try:
            path = asyncio.run(self._build(leaf, at, purpose, crls))
        except errors.RevokedError:
            sentence = "A certificate of the path had been revoked by then."
            return _Verdict(error=(CertificateRevoked, sentence))
        except errors.InsufficientRevinfoError:
            sentence = "No CRL that was in force then covers a certificate of the path."
            return _Verdict(error=(RevocationUnknown, sentence))
        except (errors.ValidationError, errors.PathError, ValueError) as error:
            return _Verdict(error=(CertificateBad, f"The certificate is not trusted: {error}"))
        if not all(member.valid_at(at) for member in path):
            return _Verdict(error=(CertificateBad, "A certificate of the path was not valid then."))
        if not _suits(leaf, purpose):
            return _Verdict(error=(CertificateBad, "The certificate is not for signatures."))
        return _Verdict(path=path)

    async def _build(
        self, leaf: Certificate, at: datetime, purpose: Purpose, crls: Sequence[bytes]
    ) -> tuple[Certificate, ...]:
        from asn1crypto import x509 as asn1_x509
        from pyhanko_certvalidator import CertificateValidator, ValidationContext

        def load(certificate: Certificate) -> asn1_x509.Certificate:
            return asn1_x509.Certificate.load(certificate.der)

        context = ValidationContext(
            trust_roots=[load(root) for root in self._roots],
            other_certs=[load(other) for other in self._intermediates],
            moment=at,
            crls=list(crls),
            revocation_mode="require",
            allow_fetching=False,
            time_tolerance=timedelta(0),
        )
        validator = CertificateValidator(load(leaf), validation_context=context)
        extended = {"time_stamping"} if purpose == "timestamping" else set()
        path = await cast(Any, validator).async_validate_usage(set(), extended)
        members = (member.dump() for member in path.iter_certs(include_root=True))
        return tuple(load_certificate(member) for member in members)


def judge(
    certificate: bytes,
    *,
    at: datetime,
    roots: Iterable[bytes],
    intermediates: Iterable[bytes],
    crls: Iterable[bytes],
    purpose: Purpose,
    newest_crls: Iterable[bytes] = (),
) -> Judgement:
    """Judge one certificate; ``PathJudge`` is for many. Raises as ``PathJudge.check``."""
    return PathJudge(roots, intermediates, (*crls, *newest_crls)).check(certificate, at, purpose)


def _suits(leaf: Certificate, purpose: Purpose) -> bool:
    """Tell whether the leaf is made for this purpose, beyond what the validator asks."""
    if purpose == "sealing":
        # No extended usage at all: neither a TSA nor a person can seal (docs/formats.md §5).
        return leaf.may_sign and not leaf.is_authority and leaf.extended_usage is None
    if purpose == "person":
        stamps = TIME_STAMPING in (leaf.extended_usage or ())
        return leaf.usage_allows_signing and not leaf.is_authority and not stamps
    return True


def _likeness(crl: x509.CertificateRevocationList) -> tuple[object, ...]:
    """Everything that decides how far a CRL speaks, beside its times and its number."""
    kept = (e for e in crl.extensions if not isinstance(e.value, x509.CRLNumber))
    extensions = frozenset((e.oid.dotted_string, e.critical, repr(e.value)) for e in kept)
    algorithm = crl.signature_algorithm_oid.dotted_string
    return crl.issuer.public_bytes(), algorithm, extensions


def _crl_number(extensions: x509.Extensions) -> int | None:
    try:
        return extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return None


def _signed_by(crl: x509.CertificateRevocationList, authority: Certificate) -> bool:
    key = authority.public_key
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return False
    try:
        return crl.is_signature_valid(key)
    except (TypeError, ValueError):
        return False
