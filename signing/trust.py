"""What an inspector trusts: the policy file (``docs/formats.md`` §9).

Nothing that selects trust is read from an archive. An unknown key is an error, and so is a policy
that trusts no log key, no CA root or no TSA root.
"""

import base64
import binascii
import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import der
from signing.certificates import load_certificate
from signing.errors import CertificateBad, DerError, TrustPolicyError
from signing.note import NoteKey

TsaKind = Literal["internal", "outside"]
_ARCHIVE = re.compile(r"[a-z0-9.-]{1,64}/[0-9a-z]{1,64}\Z")
_LOG = re.compile(r"[a-z0-9]{1,16}-[0-9]{4}\Z")
_LIMITS = ("max_seal_gap", "max_age", "max_token_delay", "min_crl_number")


@dataclass(frozen=True, slots=True)
class LogKey:
    """An Ed25519 key that may sign checkpoints, and when."""

    key: bytes
    not_before: datetime
    not_after: datetime | None = None

    def __post_init__(self) -> None:
        if len(self.key) != 32:
            raise TrustPolicyError("A log key has 32 bytes.")

    def valid_at(self, moment: datetime) -> bool:
        """Tell whether a note timestamped at ``moment`` may be signed with this key."""
        return self.not_before <= moment and (self.not_after is None or moment <= self.not_after)


@dataclass(frozen=True, slots=True)
class TsaRoot:
    """A root that vouches for time. ``certificate`` is DER; ``policies`` None accepts any."""

    certificate: bytes
    kind: TsaKind
    policies: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in seconds, and the least CRL number."""

    max_seal_gap: int = 7200
    max_age: int = 86400
    max_token_delay: int = 86400
    min_crl_number: int = 0


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Archive id, log keys, CA roots (DER), TSA roots, limits, and roots of people only (DER)."""

    archive: str
    log_keys: tuple[LogKey, ...]
    ca_roots: tuple[bytes, ...]
    tsa_roots: tuple[TsaRoot, ...]
    limits: Limits = field(default_factory=Limits)
    person_roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not _ARCHIVE.match(self.archive):
            raise TrustPolicyError("The policy's archive id is malformed.")
        if not (self.log_keys and self.ca_roots and self.tsa_roots):
            raise TrustPolicyError("A policy needs a log key, a CA root and a TSA root.")

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a policy file. Raises TrustPolicyError."""
        try:
            table = tomllib.loads(data.decode("utf-8"))
        except ValueError as error:
            raise TrustPolicyError(f"The policy is not TOML: {error}.") from error
        top = _Table(table, "the policy")
        if top.take("cunzheng_policy", int) != 1:
            raise TrustPolicyError("The policy has another version than 1.")
        policy = cls(
            archive=top.take("archive", str),
            log_keys=tuple(_log_key(t) for t in top.tables("log_key")),
            ca_roots=tuple(_ca_root(t) for t in top.tables("ca_root")),
            tsa_roots=tuple(_tsa_root(t) for t in top.tables("tsa_root")),
            person_roots=tuple(_ca_root(t) for t in top.tables("person_root")),
            limits=_limits(_Table(top.take("limits", dict, {}), "[limits]")),
        )
        top.end()
        return policy

    def to_toml(self) -> str:
        """Return the text of a policy file; ``parse`` gives the same policy back."""
        parts = [f'cunzheng_policy = 1\narchive = "{self.archive}"\n']
        for key in self.log_keys:
            text = base64.b64encode(key.key).decode("ascii")
            after = "" if key.not_after is None else f"not_after = {_moment(key.not_after)}\n"
            parts.append(
                f'[[log_key]]\nkey = "{text}"\nnot_before = {_moment(key.not_before)}\n{after}'
            )
        parts += [f"[[ca_root]]\n{_pem(root)}" for root in self.ca_roots]
        for tsa in self.tsa_roots:
            names = ", ".join(f'"{name}"' for name in tsa.policies or ())
            policies = "" if tsa.policies is None else f"policies = [{names}]\n"
            parts.append(f'[[tsa_root]]\n{_pem(tsa.certificate)}kind = "{tsa.kind}"\n{policies}')
        parts += [f"[[person_root]]\n{_pem(root)}" for root in self.person_roots]
        limits = "".join(f"{name} = {getattr(self.limits, name)}\n" for name in _LIMITS)
        return "\n".join([*parts, f"[limits]\n{limits}"])

    def log_keys_for(self, origin: str, at: datetime | None = None) -> tuple[NoteKey, ...]:
        """Return the keys that may sign checkpoints of ``origin`` (and were valid ``at``).

        An origin that is not a log of this archive has none, so nothing can verify under it.
        """
        archive, slash, log = origin.rpartition("/")
        if not slash or archive != self.archive or not _LOG.match(log):
            return ()
        keys = (key for key in self.log_keys if at is None or key.valid_at(at))
        return tuple(NoteKey(origin, key.key) for key in keys)


class _Table:
    """A TOML table that is emptied key by key; what is left at the end is unknown."""

    def __init__(self, members: dict[str, Any], where: str) -> None:
        self._left = dict(members)
        self._where = where

    def take(self, key: str, kind: type, default: Any = None) -> Any:
        """Return a member of exactly this type, or the default where one is given."""
        if key not in self._left:
            if default is None:
                raise TrustPolicyError(f"{self._where} has no {key}.".capitalize())
            return default
        value = self._left.pop(key)
        if type(value) is not kind:
            raise TrustPolicyError(f"The value of {key} in {self._where} has a wrong type.")
        return value

    def maybe(self, key: str, kind: type) -> Any:
        """Return a member of this type, or None."""
        return self.take(key, kind) if key in self._left else None

    def tables(self, key: str) -> list["_Table"]:
        """Return the members of an array of tables."""
        members = self.take(key, list, [])
        if not all(isinstance(member, dict) for member in members):
            raise TrustPolicyError(f"Every {key} is a table.")
        return [_Table(member, f"[[{key}]]") for member in members]

    def end(self) -> None:
        """Refuse keys that nobody took."""
        if self._left:
            names = ", ".join(sorted(self._left))
            raise TrustPolicyError(f"Unknown key in {self._where}: {names}.")


def _log_key(table: _Table) -> LogKey:
    text = table.take("key", str)
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TrustPolicyError("A log key is not base64.") from error
    if base64.b64encode(key).decode("ascii") != text:
        raise TrustPolicyError("A log key is not canonical base64.")
    not_before = _aware(table.take("not_before", datetime))
    not_after = table.maybe("not_after", datetime)
    table.end()
    return LogKey(key, not_before, None if not_after is None else _aware(not_after))


def _ca_root(table: _Table) -> bytes:
    certificate = _certificate(table.take("pem", str))
    table.end()
    return certificate


def _tsa_root(table: _Table) -> TsaRoot:
    certificate = _certificate(table.take("pem", str))
    kind = table.take("kind", str)
    if kind not in ("internal", "outside"):
        raise TrustPolicyError("The kind of a TSA root is internal or outside.")
    policies = table.maybe("policies", list)
    table.end()
    if policies is None:
        return TsaRoot(certificate, kind)
    try:
        for name in policies:
            der.oid(name)
    except (DerError, AttributeError, TypeError) as error:
        raise TrustPolicyError("A TSA policy is not an object identifier.") from error
    if not policies:
        raise TrustPolicyError("An empty list of TSA policies accepts no token.")
    return TsaRoot(certificate, kind, tuple(policies))


def _limits(table: _Table) -> Limits:
    found = {name: table.maybe(name, int) for name in _LIMITS}
    table.end()
    given = {name: value for name, value in found.items() if value is not None}
    if any(value < 0 for value in given.values()):
        raise TrustPolicyError("A limit is negative.")
    return Limits(**given)


def _certificate(pem: str) -> bytes:
    """Return the one CA certificate of a PEM text as DER."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        certificate = found[0].public_bytes(Encoding.DER)
        if len(found) != 1 or not load_certificate(certificate).is_authority:
            raise TrustPolicyError("A root is exactly one CA certificate.")
    except (ValueError, CertificateBad) as error:
        raise TrustPolicyError("A root is not a certificate in PEM form.") from error
    return certificate


def _pem(certificate: bytes) -> str:
    text = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM).decode("ascii")
    return f'pem = """\n{text}"""\n'


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise TrustPolicyError("A time in the policy has no time zone.")
    return moment.astimezone(UTC)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
