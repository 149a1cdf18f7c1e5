"""The approval matrix: who may have which records, and whose approval that takes.

It answers from `AccessRules` and knows no people: whether a person has a role and belongs to a
unit is for `archive.registers`.

    rules = AccessRules.parse(text)
    need = requirement(rules, "own_case", "copy", frozenset({"minor"}))
    need.approvers  # (Approver("approver.principal", of_unit=False),)
"""

from dataclasses import dataclass

from archive.access_rules import AccessRules, Approver, Row
from archive.errors import UsageError
from archive.vocabulary import SENSITIVITIES

__all__ = ["AccessRules", "Approver", "Explanation", "Requirement", "Row", "explain", "requirement"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """What one request takes; all approvers must approve, each another person."""

    row: Row
    action: str
    sensitivity: frozenset[str]
    approvers: tuple[Approver, ...]
    needs: tuple[str, ...]
    blockable: bool
    conceal: bool
    original: bool
    raised: bool
    count: int
    hours: int


def requirement(
    rules: AccessRules, capacity: str, action: str, sensitivity: frozenset[str]
) -> Requirement:
    """What the rules ask for; UsageError for an unknown capacity, action or sensitivity."""
    unknown = sensitivity - SENSITIVITIES.keys()
    if unknown:
        raise UsageError(f"{min(unknown)!r} is not a sensitivity.")
    row = rules.row(capacity, action)
    raised = bool(sensitivity) and row.blockable
    approvers = rules.ladder.raised(row.approvers) if raised else row.approvers
    return Requirement(
        row=row,
        action=action,
        sensitivity=sensitivity,
        approvers=rules.consent.added(action, approvers),
        needs=row.needs,
        blockable=row.blockable,
        conceal=row.conceal,
        original=row.original,
        raised=raised,
        count=row.count,
        hours=row.hours,
    )


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a request takes what it takes, in codes of `archive.vocabulary`.

    `usual` are the approvers were the records not sensitive, `raised_for` the sensitivities that
    raised them (empty where nothing was raised), `facts` codes of FACTS, `basis` one text (Chinese)
    per rule that took part, `note` (English, Chinese).
    """

    capacity: str
    action: str
    by: tuple[str, ...]
    approvers: tuple[Approver, ...]
    usual: tuple[Approver, ...]
    raised_for: tuple[str, ...]
    needs: tuple[str, ...]
    facts: tuple[str, ...]
    count: int
    hours: int
    basis: tuple[str, ...]
    note: tuple[str, str]


def explain(rules: AccessRules, need: Requirement) -> Explanation:
    """What `request --explain` says about a requirement of these rules."""
    row = need.row
    usual = rules.consent.added(need.action, row.approvers)
    basis = [row.basis]
    if need.raised:
        basis.append(rules.ladder.basis)
    if need.approvers and need.action in rules.consent.actions:
        basis.append(rules.consent.basis)
    return Explanation(
        capacity=row.capacity,
        action=need.action,
        by=row.by,
        approvers=need.approvers,
        usual=usual,
        raised_for=tuple(sorted(need.sensitivity)) if need.raised else (),
        needs=need.needs,
        facts=_facts(need),
        count=need.count,
        hours=need.hours,
        basis=tuple(basis),
        note=row.note,
    )


def _facts(need: Requirement) -> tuple[str, ...]:
    facts = {
        "no_approval": not need.approvers,
        "not_blockable": not need.blockable,
        "may_be_concealed": need.conceal,
        "derivative_only": not need.original,
        "own_records": need.row.own_records,
    }
    return tuple(code for code, holds in facts.items() if holds)
