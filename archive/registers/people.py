"""The register of people: who is enrolled with which key, in which roles, from when to when.

Two people vouch for anyone who is more than a handler, and nobody for himself; a handler takes an
archivist, for the word of an administrator alone opens nothing. A key that was ever somebody's is
nobody else's, and once revoked it is nobody's. The first two people found the register: each is
signed by his own key and marked `bootstrap` (docs/formats.md §11).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from archive.errors import FormatError
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf, Value
from archive.registers.signers import (
    AHEAD,
    ENROLLED_WITH,
    FOUNDERS,
    TERM,
    enrolled,
    founders,
    founding_is_over,
    has_role,
    known_certificate,
    more_than_handler,
    sole_signer,
)
from archive.statements.body import SignedBody
from archive.times import format_time, parse_time
from signing.certificates import load_certificate
from signing.digest import Digest
from signing.errors import CertificateBad

_REGISTRARS = ("archivist", "administrator")
_MAY_STOP = (
    *_REGISTRARS,
    "approver.principal",
    "inspector.internal",
    "inspector.judicial",
)


def public_key_digest(certificate: bytes) -> str:
    """Hex SHA-256 of a certificate's key (DER SubjectPublicKeyInfo); raises CertificateBad."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = load_certificate(certificate).public_key
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Digest.of("sha256", spki).value.hex()


# --- enrolling


def _enrolled(shelf: Shelf, act: Act, body: SignedBody) -> None:
    payload = body.payload
    name: str = payload["person"]
    if payload["valid_from"] > payload["valid_until"]:
        raise FormatError("an enrolment that ends after it begins was expected")
    if "administrator" in payload["roles"] and len(payload["roles"]) > 1:
        raise denied("ROLES_CLASH", name)
    if body.bootstrap:
        _check_founder(shelf, body)
    else:
        _check_vouchers(shelf, body, name, payload["roles"])
    key = _key_of(act, payload["certificate"])
    _check_free(shelf, name, key, payload["certificate"])
    _bind_account(shelf, name, payload["account"])
    _note_founding(shelf, name, founder=body.bootstrap is True)
    _put_person(shelf, name, key, body)


def _check_founder(shelf: Shelf, body: SignedBody) -> None:
    already = founders(shelf)
    if founding_is_over(shelf) or len(already) >= FOUNDERS:
        raise denied("FOUNDING_OVER")
    if len(body.statements) != 1:
        raise FormatError("a founder signs alone, with his own key")
    statement, payload = body.statements[0].statement, body.payload
    own = (statement.person, str(statement.certificate))
    if own != (payload["person"], payload["certificate"]) or statement.person in already:
        raise denied("VOUCHERS_MISSING")


def _check_vouchers(shelf: Shelf, body: SignedBody, name: str, roles: Sequence[str]) -> None:
    """Raise Denied unless those who may vouch for a person in these roles did."""
    vouchers = [enrolled(shelf, signer) for signer in body.signers]
    if name in body.signers:
        raise denied("VOUCHERS_MISSING", name)
    if not any(has_role(voucher, *_REGISTRARS) for voucher in vouchers):
        raise denied("ROLE_MISSING", " ".join(_REGISTRARS))
    only_handler = all(role == "handler" for role in roles) and not _replaces(shelf, body, name)
    if only_handler and any(has_role(voucher, "archivist") for voucher in vouchers):
        return
    if len(vouchers) < 2 or not all(more_than_handler(voucher) for voucher in vouchers):
        raise denied("VOUCHERS_MISSING", name)


def _replaces(shelf: Shelf, body: SignedBody, name: str) -> bool:
    """Whether somebody who is there gets another key: one registrar could become him otherwise."""
    return body.kind == "person.enrolled" and shelf.get("person", name) is not None


def _key_of(act: Act, certificate: str) -> str:
    data = act.certificate(certificate)
    if data is None:
        raise denied("CERTIFICATE_BAD", remark("NOT_STORED"))
    try:
        return public_key_digest(data)
    except CertificateBad as error:
        raise denied("CERTIFICATE_BAD", remark("UNREADABLE")) from error


def _check_free(shelf: Shelf, name: str, key: str, certificate: str) -> None:
    for taken in (shelf.get("key", key), shelf.get("certificate", certificate)):
        if taken is not None and (taken["revoked"] or taken["person"] != name):
            raise denied("KEY_TAKEN", name)


def _bind_account(shelf: Shelf, name: str, account: str | None) -> None:
    """Who reads through an account is known: nobody shares it."""
    if account is None:
        return
    bound = shelf.get("account", account)
    other = shelf.get("person", bound["person"]) if bound and bound["person"] != name else None
    if other is not None and other["account"] == account and other["state"] != "revoked":
        raise denied("ACCOUNT_TAKEN", account)
    shelf.put("account", account, {"person": name})


def _note_founding(shelf: Shelf, name: str, *, founder: bool) -> None:
    already = list(founders(shelf))
    both = [*already, name] if founder else already
    shelf.put("founding", "register", {"founders": both, "over": not founder})


def _put_person(shelf: Shelf, name: str, key: str, body: SignedBody) -> None:
    payload, before = body.payload, shelf.get("person", name)
    certificate: str = payload["certificate"]
    shelf.put("key", key, {"person": name, "revoked": False})
    _begin_certificate(shelf, name, before, body)
    shelf.put(
        "person",
        name,
        {
            "account": payload["account"],
            "certificate": certificate,
            "certificates": _with(before, "certificates", certificate),
            "enrolled_at": format_time(body.accepted_at),
            "expired": None,
            "founder": bool(body.bootstrap) or bool(before and before["founder"]),
            "keys": _with(before, "keys", key),
            "public_key": key,
            "revoked_since": None,
            "roles": list(payload["roles"]),
            "state": "active",
            "unit": payload["unit"],
            "valid_from": payload["valid_from"],
            "valid_until": payload["valid_until"],
        },
    )


def _begin_certificate(shelf: Shelf, name: str, before: Value | None, body: SignedBody) -> None:
    """Keep what the person is with a certificate from now on, and until when with another one."""
    at, payload = format_time(body.accepted_at), body.payload
    if before is not None:
        _change_certificate(shelf, before["certificate"], replaced=at)
    known = shelf.get("certificate", payload["certificate"])
    earlier = [*known["earlier"], {field: known[field] for field in TERM}] if known else []
    term = {field: payload[field] for field in ENROLLED_WITH}
    value = {**term, "enrolled_at": at, "replaced": None, "suspended": []}
    own = {"person": name, "revoked": False, "since": None, "earlier": earlier}
    shelf.put("certificate", payload["certificate"], {**own, **value})


def _change_certificate(shelf: Shelf, certificate: str, **changed: Any) -> None:
    shelf.put("certificate", certificate, {**known_certificate(shelf, certificate), **changed})


def _with(before: Value | None, field: str, item: str) -> list[str]:
    """All that were ever the person's."""
    return sorted({*(before[field] if before else ()), item})


# --- stopping, and going on


def _suspended(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    name, person = _check_may_stop(shelf, body)
    if person["state"] != "active":
        raise denied("PERSON_STATE", name)
    _change(shelf, name, state="suspended")
    suspended = known_certificate(shelf, person["certificate"])["suspended"]
    began = [*suspended, [format_time(body.accepted_at), None]]
    _change_certificate(shelf, person["certificate"], suspended=began)


def _resumed(shelf: Shelf, act: Act, body: SignedBody) -> None:
    del act
    name = body.payload["person"]
    person = enrolled(shelf, name)
    _check_vouchers(shelf, body, name, person["roles"])
    if person["state"] != "suspended":
        raise denied("PERSON_STATE", name)
    _change(shelf, name, state="active")
    *over, (since, _) = known_certificate(shelf, person["certificate"])["suspended"]
    ended = [*over, [since, format_time(body.accepted_at)]]
    _change_certificate(shelf, person["certificate"], suspended=ended)


def _revoked(shelf: Shelf, act: Act, body: SignedBody) -> None:
    """Revoking again is possible with an earlier moment: it may turn out later how long ago."""
    del act
    name, person = _check_may_stop(shelf, body)
    since: str = body.payload["since"]
    if parse_time(since) > body.accepted_at + AHEAD:
        raise FormatError("a revocation holds from now on, or from a moment that is past")
    earlier = person["revoked_since"]
    if person["state"] == "revoked" and earlier is not None and since >= earlier:
        raise denied("PERSON_STATE", name)
    for key in person["keys"]:
        shelf.put("key", key, {"person": name, "revoked": True})
    for certificate in person["certificates"]:
        was = known_certificate(shelf, certificate)["since"]
        since_then = min(since, was) if was else since
        _change_certificate(shelf, certificate, revoked=True, since=since_then)
    _change(shelf, name, state="revoked", revoked_since=since)


def _check_may_stop(shelf: Shelf, body: SignedBody) -> tuple[str, Value]:
    name: str = body.payload["person"]
    signer = sole_signer(shelf, body)
    person = enrolled(shelf, name)
    if body.signers[0] != name and not has_role(signer, *_MAY_STOP):
        raise denied("ROLE_MISSING", " ".join(_MAY_STOP))
    return name, person


def _expired(shelf: Shelf, act: Act) -> None:
    name = act.subject or ""
    person, until = enrolled(shelf, name), act.body["valid_until"]
    told = person["expired"] == until or person["state"] == "revoked"
    if told or until != person["valid_until"] or act.at <= parse_time(until):
        raise denied("PERSON_STATE", name)
    _change(shelf, name, expired=until)


def _change(shelf: Shelf, name: str, **changed: Any) -> None:
    shelf.put("person", name, {**enrolled(shelf, name), **changed})


SIGNED: Mapping[str, SignedRule] = {
    "person.enrolled": _enrolled,
    "person.suspended": _suspended,
    "person.resumed": _resumed,
    "person.revoked": _revoked,
}
OWN: Mapping[str, Rule] = {"person.expired": _expired}
