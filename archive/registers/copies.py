"""Copies that went out: how many came back, and how many were destroyed outside."""

from collections.abc import Mapping

from archive.registers.act import Act, SignedRule
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.requests import one_signer
from archive.registers.shelf import Shelf
from archive.registers.signers import enrolled
from archive.statements.body import SignedBody


def back(shelf: Shelf, act: Act, body: SignedBody) -> None:  # noqa: ARG001 - a SignedRule
    """`access.returned` or `access.destroyed`: an archivist's word, never more than went out."""
    if "archivist" not in enrolled(shelf, one_signer(body))["roles"]:
        raise denied("ROLE_MISSING", "archivist")
    access, count = str(body.payload["access"]), int(body.payload["count"])
    found = shelf.get("access", access)
    if found is None or found["state"] != "completed":
        raise denied("ACCESS_UNKNOWN", access)
    given = found["copies"]["count"] if found["copies"] else 0
    if count < 1 or found["back"] + count > given:
        raise denied("COPIES_BEYOND", remark("BACK_OF_GIVEN", found["back"], given))
    shelf.put("access", access, {**found, "back": found["back"] + count})
    request = shelf.get("request", found["request"])
    if request is not None:
        left = request["copies_out"] - count
        shelf.put("request", found["request"], {**request, "copies_out": left})


SIGNED: Mapping[str, SignedRule] = {"access.returned": back, "access.destroyed": back}
