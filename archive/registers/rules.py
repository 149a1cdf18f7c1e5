"""The rules in force: adopted by two people, an archivist among them, or by the founders."""

import tomllib
from collections.abc import Callable, Mapping

from archive.access_rules import AccessRules
from archive.errors import FormatError
from archive.record_list import RecordList
from archive.registers.act import Act, SignedRule
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Shelf
from archive.registers.signers import (
    enrolled,
    founders,
    founding_is_over,
    has_role,
    more_than_handler,
)
from archive.statements.body import SignedBody
from signing.digest import Digest


def check_rules(act: Act, name: str, text: str) -> None:
    """Read a rule set strictly; Denied RULES_BAD saying what is wrong, Unknown without a law."""
    try:
        if name == "retention":
            act.lawyer.check(text)
        else:
            _READERS[name](text)
    except FormatError as error:
        raise denied("RULES_BAD", str(error)) from error


def _marked(mark: str) -> Callable[[str], None]:
    """Form only: what knows the rest, such as `archive.oversight`, stands above the registers."""

    def read(text: str) -> None:
        try:
            found = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"not TOML: {error}") from error
        if found.get(mark) != 1:
            raise FormatError(f"{mark} = 1 was expected")

    return read


_READERS: Mapping[str, Callable[[str], object]] = {
    "access": AccessRules.parse,
    "alerts": _marked("cunzheng_alerts"),
    "record_list": RecordList.parse,
}


def _adopted(shelf: Shelf, act: Act, body: SignedBody) -> None:
    if body.bootstrap:
        _check_founders(shelf, body)
    else:
        _check_adopters(shelf, body)
    name, digest = body.payload["name"], body.payload["rules"]
    data = act.detail()
    if data is None:
        raise denied("RULES_BAD", remark("TEXT_UNREADABLE"))
    text: str = data["text"]
    if str(Digest.of("sha256", text.encode())) != digest:
        raise denied("RULES_BAD", remark("TEXT_OTHER"))
    check_rules(act, name, text)
    shelf.put("rules", name, {"sha256": digest, "text": text})
    shelf.put("rules_text", digest, {"text": text})


def _check_founders(shelf: Shelf, body: SignedBody) -> None:
    if founding_is_over(shelf):
        raise denied("FOUNDING_OVER")
    if len(body.signers) < 2 or set(body.signers) != set(founders(shelf)):
        raise denied("VOUCHERS_MISSING")


def _check_adopters(shelf: Shelf, body: SignedBody) -> None:
    adopters = [enrolled(shelf, signer) for signer in body.signers]
    if len(adopters) < 2 or not all(more_than_handler(person) for person in adopters):
        raise denied("VOUCHERS_MISSING")
    if not any(has_role(person, "archivist") for person in adopters):
        raise denied("ROLE_MISSING", "archivist")


SIGNED: Mapping[str, SignedRule] = {"rules.adopted": _adopted}
