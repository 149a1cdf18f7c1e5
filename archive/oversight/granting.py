"""The window and the count of a request, from its approvals and the rules it was made under."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.access_rules import AccessRules
from archive.matrix import requirement
from archive.oversight.events import Decided, Requested


@dataclass(frozen=True, slots=True)
class Granted:
    """From when until when, and how often, a request may be used."""

    start: datetime
    until: datetime
    count: int


def granted(asked: Requested, decisions: Sequence[Decided], rules: AccessRules) -> Granted | None:
    """None while approvals are missing, or where the request was refused or withdrawn first.

    Whoever named no grant of his own gave the rules' count and hours from the last approval on;
    where nobody has to approve they run from the request (docs/formats.md §11, Grants).
    """
    need = requirement(rules, asked.capacity, asked.action, asked.sensitivity)
    approvals: list[Decided] = []
    for decided in decisions:
        if len(approvals) == len(need.approvers) or decided.decision != "approve":
            break
        approvals.append(decided)
    if len(approvals) < len(need.approvers):
        return None
    begin = approvals[-1].at if approvals else asked.at
    usual = Granted(begin, begin + timedelta(hours=need.hours), need.count)
    given = [_named(decided) or usual for decided in approvals] or [usual]
    return Granted(
        max(begin, *(grant.start for grant in given)),
        min(grant.until for grant in given),
        min(grant.count for grant in given),
    )


def _named(decided: Decided) -> Granted | None:
    grant = decided.grant
    if grant is None:
        return None
    start, until = (datetime.fromisoformat(grant[key]) for key in ("from", "until"))
    return Granted(start, until, grant["count"])
