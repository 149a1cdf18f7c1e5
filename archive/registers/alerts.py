"""Alerts that were handled: by somebody who is more than a handler, and no administrator."""

from collections.abc import Mapping

from archive.registers.act import Act, SignedRule
from archive.registers.denials import denied
from archive.registers.requests import one_signer
from archive.registers.shelf import Shelf
from archive.registers.signers import enrolled
from archive.statements.body import SignedBody

_NOT_ENOUGH = frozenset(("handler", "administrator"))


def handled(shelf: Shelf, act: Act, body: SignedBody) -> None:  # noqa: ARG001 - a SignedRule
    """`alert.handled`: the last disposition is the one that counts."""
    person = one_signer(body)
    if not set(enrolled(shelf, person)["roles"]) - _NOT_ENOUGH:
        raise denied("ROLE_MISSING", person)
    value = {"disposition": body.payload["disposition"], "person": person}
    shelf.put("alert", str(body.payload["alert"]), value)


SIGNED: Mapping[str, SignedRule] = {"alert.handled": handled}
