"""The access rules as a value: `config/access.toml`, read strictly. It is explained there.

The rules adopted stand in the ledger (docs/formats.md §11); `archive.matrix` answers from them.
"""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from archive import fields
from archive.errors import FormatError, UsageError
from archive.fields import Check
from archive.vocabulary import ACTIONS, CAPACITIES, NEEDS, ROLES

VERSION = 1
MOST = 1_000_000
"""The most accesses, or hours (114 years), that rules can grant at all."""

_UNIT = "@unit"
_ASKING = ROLES.keys() - {"administrator"}
_APPROVING = _ASKING - {"handler"}


@dataclass(frozen=True, slots=True)
class Approver:
    """One person of this role must approve; `of_unit`: of the unit that owns the records."""

    role: str
    of_unit: bool

    @classmethod
    def parse(cls, value: object) -> "Approver":
        """`ROLE` or `ROLE@unit`; FormatError unless the role is one that can approve."""
        text = fields.text(value)
        role = text.removesuffix(_UNIT)
        if role not in _APPROVING:
            raise FormatError(f"{text[:60]!r} is not a role that can approve")
        return cls(role, role != text)

    def __str__(self) -> str:
        return self.role + _UNIT * self.of_unit


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the rules; `note` is (English, Chinese), `basis` is Chinese."""

    capacity: str
    actions: tuple[str, ...]
    by: tuple[str, ...]
    approvers: tuple[Approver, ...]
    needs: tuple[str, ...]
    blockable: bool
    conceal: bool
    original: bool
    own_records: bool
    basis: str
    note: tuple[str, str]
    count: int
    hours: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps from the lowest up, and what becomes of roles (`beside`) that are not on it."""

    steps: tuple[Approver, ...]
    beside: Mapping[str, Approver]
    basis: str

    def above(self, approver: Approver) -> Approver:
        """One step higher; the highest stays, and so does a role raised to itself."""
        roles = [step.role for step in self.steps]
        if approver.role in roles:
            higher = roles.index(approver.role) + 1
            return self.steps[higher] if higher < len(roles) else approver
        raised = self.beside[approver.role]
        return approver if raised.role == approver.role else raised

    def raised(self, approvers: tuple[Approver, ...]) -> tuple[Approver, ...]:
        """Everyone one step higher; the lowest step where nobody was needed."""
        return tuple(self.above(approver) for approver in approvers) or self.steps[:1]


@dataclass(frozen=True, slots=True)
class Consent:
    """Where one of the actions needs any approval, this approver is needed too."""

    actions: tuple[str, ...]
    approver: Approver
    basis: str

    def added(self, action: str, approvers: tuple[Approver, ...]) -> tuple[Approver, ...]:
        """The approvers with the custodian where he must consent."""
        asked = {approver.role for approver in approvers}
        if action not in self.actions or not asked or self.approver.role in asked:
            return approvers
        return (*approvers, self.approver)


@dataclass(frozen=True, slots=True)
class Limits:
    """Accesses and hours of a grant: what holds if nothing is said, and the most there can be."""

    count: int
    hours: int
    max_count: int
    max_hours: int


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Access rules that cover every capacity and action exactly once."""

    rows: tuple[Row, ...]
    ladder: Ladder
    consent: Consent
    limits: Limits

    @classmethod
    def parse(cls, text: str) -> "AccessRules":
        """Read TOML; FormatError naming the row for whatever is unknown, missing or twice."""
        try:
            table = tomllib.loads(text)
        # Beside its own error tomllib lets through those of huge numbers and deep nesting.
        except (ValueError, RecursionError) as error:
            raise FormatError(f"the access rules are not TOML: {error}") from error
        _checked("the access rules", table, _RULES, {})
        limits = _limits(table["grant"])
        ladder = _ladder(table["ladder"])
        rows = tuple(_row(number, row, limits) for number, row in enumerate(table["row"], 1))
        rules = cls(rows, ladder, _consent(table["consent"], ladder), limits)
        _check_cover(rules)
        _check_raising(rules)
        return rules

    def row(self, capacity: str, action: str) -> Row:
        """The row of a capacity and an action; UsageError for an unknown one."""
        for row in self.rows:
            if row.capacity == capacity and action in row.actions:
                return row
        raise UsageError(f"There is no rule for {capacity!r} and {action!r}.")


def _row(number: int, table: object, limits: Limits) -> Row:
    where = f"row {number}"
    if isinstance(table, dict) and table.get("capacity") in list(CAPACITIES):
        where += f" ({table['capacity']})"
    values = _checked(where, table, _ROW, _ROW_OPTIONAL)
    row = Row(
        capacity=values["capacity"],
        actions=tuple(values["actions"]),
        by=tuple(values["by"]),
        approvers=tuple(map(Approver.parse, values["approvers"])),
        needs=tuple(values["needs"]),
        blockable=values.get("blockable", True),
        conceal=values.get("conceal", False),
        original=values.get("original", True),
        own_records=values.get("own_records", False),
        basis=values["basis"],
        note=(values["note"]["en"], values["note"]["zh"]),
        count=values.get("count", limits.count),
        hours=values.get("hours", limits.hours),
    )
    problem = _contradiction(row, limits)
    if problem:
        raise FormatError(f"{where}: {problem}")
    return row


def _contradiction(row: Row, limits: Limits) -> str | None:
    if row.approvers and not row.blockable:
        return "what cannot be blocked has no approvers"
    if row.conceal and row.blockable:
        return "only what cannot be blocked may be concealed"
    if row.own_records and "case" not in row.needs:
        return "own_records needs a case"
    if row.count > limits.max_count or row.hours > limits.max_hours:
        return "the grant is above its maximum"
    return None


def _limits(table: Mapping[str, int]) -> Limits:
    limits = Limits(**table)
    if limits.count > limits.max_count or limits.hours > limits.max_hours:
        raise FormatError("grant: the default is above its maximum")
    return limits


def _ladder(table: Mapping[str, Any]) -> Ladder:
    steps = tuple(map(Approver.parse, table["steps"]))
    roles = {step.role for step in steps}
    beside = {role: Approver.parse(raised) for role, raised in table["raised"].items()}
    for role, raised in beside.items():
        if role in roles or role not in _APPROVING:
            raise FormatError(f"ladder: raised: {role[:60]!r} is not a role beside the ladder")
        if raised.role not in roles | {role}:
            raise FormatError(f"ladder: raised: {role} is raised to no step of the ladder")
    return Ladder(steps, beside, table["basis"])


def _consent(table: Mapping[str, Any], ladder: Ladder) -> Consent:
    approver = Approver.parse(table["approver"])
    # One who stands on the ladder too could, when raised, decide in place of two people.
    if approver.of_unit or approver.role in {step.role for step in ladder.steps}:
        raise FormatError("consent: the approver is a role beside the ladder, of any unit")
    return Consent(tuple(table["actions"]), approver, table["basis"])


def _check_cover(rules: AccessRules) -> None:
    found = Counter((row.capacity, action) for row in rules.rows for action in row.actions)
    for capacity in CAPACITIES:
        for action in ACTIONS:
            times = found[capacity, action]
            if times != 1:
                problem = "missing" if times == 0 else "there more than once"
                raise FormatError(f"the row for {capacity} and {action} is {problem}")


def _check_raising(rules: AccessRules) -> None:
    """Raised, a row must still take as many people: two approvers may not become one."""
    known = {step.role for step in rules.ladder.steps} | rules.ladder.beside.keys()
    for number, row in enumerate(rules.rows, 1):
        where = f"row {number} ({row.capacity})"
        for approver in row.approvers:
            if approver.role not in known:
                raise FormatError(f"{where}: {approver.role} is neither on nor beside the ladder")
        raised = [approver.role for approver in rules.ladder.raised(row.approvers)]
        if len(set(raised)) != len(raised):
            raise FormatError(f"{where}: two approvers would be raised to the same role")


def _checked(
    where: str, value: Any, checks: Mapping[str, Check], optional: Mapping[str, Check]
) -> Mapping[str, Any]:
    try:
        fields.exactly(value, checks, optional)
    except FormatError as error:
        raise FormatError(f"{where}: {error}") from error
    return cast(Mapping[str, Any], value)


def _one_of(words: Iterable[str], what: str) -> Callable[[object], str]:
    known = frozenset(words)

    def run(value: object) -> str:
        if fields.text(value) not in known:
            raise FormatError(f"{str(value)[:60]!r} is not {what}")
        return str(value)

    return run


def _some(check: Callable[[object], object], least: int) -> Check:
    """A list of at least so many different items."""

    def run(value: object) -> None:
        if not isinstance(value, list):
            raise FormatError("a list was expected")
        found = [check(item) for item in value]
        if len(found) < least:
            raise FormatError("the list is empty")
        if len(set(map(str, found))) != len(found):
            raise FormatError("the list names something twice")

    return run


def _approvers(least: int) -> Check:
    return _some(lambda value: Approver.parse(value).role, least)


def _words(value: object) -> None:
    if not fields.text(value).strip():
        raise FormatError("the text is empty")


def _positive(value: object) -> None:
    if not 1 <= fields.count(value) <= MOST:
        raise FormatError(f"a number from 1 to {MOST} was expected")


def _version(value: object) -> None:
    if fields.count(value) != VERSION:
        raise FormatError(f"only version {VERSION} is known")


def _list(value: object) -> None:
    if not isinstance(value, list):
        raise FormatError("a list was expected")


_ACTION_LIST = _some(_one_of(ACTIONS, "an action"), 1)
_RULES: Mapping[str, Check] = {
    "cunzheng_access": _version,
    "grant": fields.obj(
        dict.fromkeys(("count", "hours", "max_count", "max_hours"), _positive),
    ),
    "ladder": fields.obj(
        {"steps": _approvers(1), "raised": fields.anything, "basis": _words},
    ),
    "consent": fields.obj(
        {"actions": _ACTION_LIST, "approver": Approver.parse, "basis": _words},
    ),
    "row": _list,
}
_ROW: Mapping[str, Check] = {
    "capacity": _one_of(CAPACITIES, "a capacity"),
    "actions": _ACTION_LIST,
    "by": _some(_one_of(_ASKING, "a role that can ask"), 1),
    "approvers": _approvers(0),
    "needs": _some(_one_of(NEEDS, "something that can be needed"), 0),
    "basis": _words,
    "note": fields.obj({"en": _words, "zh": _words}),
}
_ROW_OPTIONAL: Mapping[str, Check] = {
    **dict.fromkeys(("blockable", "conceal", "original", "own_records"), fields.flag),
    **dict.fromkeys(("count", "hours"), _positive),
}
