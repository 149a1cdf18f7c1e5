"""The one way into the registers: statements first, then the rule of the kind.

    admit(shelf, act, archive_id)     # Denied, FormatError; the registers are changed otherwise

Signatures and certificate paths are checked by the caller; everything that depends on other
entries is checked here.
"""

from collections.abc import Mapping
from dataclasses import replace

from archive.registers import (
    accesses,
    alerts,
    cases,
    concealed,
    copies,
    disposition,
    forms,
    holds,
    people,
    requests,
    retention,
    rules,
    spill,
    volumes,
)
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.keeping import Law
from archive.registers.shelf import Shelf
from archive.registers.signers import check_signers, spend
from archive.statements.body import SignedBody, read_body

_SIGNED: Mapping[str, SignedRule] = {
    **people.SIGNED,
    **rules.SIGNED,
    **cases.SIGNED,
    **holds.SIGNED,
    **requests.SIGNED,
    **accesses.SIGNED,
    **copies.SIGNED,
    **concealed.SIGNED,
    **alerts.SIGNED,
    **retention.SIGNED,
    **disposition.SIGNED,
    **spill.SIGNED,
    **volumes.SIGNED,
}
_OWN: Mapping[str, Rule] = {
    **people.OWN,
    **cases.OWN,
    **requests.OWN,
    **accesses.OWN,
    **concealed.OWN,
    **retention.OWN,
    **disposition.OWN,
    **spill.OWN,
    **forms.OWN,
}
_BY_LAW = frozenset(
    (
        "rules.adopted",
        *retention.SIGNED,
        *retention.OWN,
        *disposition.SIGNED,
        *disposition.OWN,
        *spill.OWN,
    )
)
KINDS = frozenset((*_SIGNED, *_OWN))
"""Every kind that the registers follow."""


def admit(shelf: Shelf, act: Act, archive_id: str, law: Law | None = None) -> SignedBody | None:
    """Judge one act and change the registers; raises Denied or FormatError, changing nothing.

    Returns the body of a signed act. Raises Unknown for acts of retention where there is no `law`.
    """
    if act.kind in _BY_LAW:
        act = replace(act, law=law)
    rule = _SIGNED.get(act.kind)
    if rule is None:
        _OWN[act.kind](shelf, act)
        return None
    body = read_body(act.kind, act.body)
    check_signers(shelf, act, body, archive_id)
    rule(shelf, act, body)
    spend(shelf, body)
    return body
