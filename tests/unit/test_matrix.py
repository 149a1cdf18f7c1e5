"""The approval matrix against a table written by hand, and the strictness of its reader."""

import copy
import json
import re
import tomllib
from pathlib import Path

import access_page
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import FormatError, UsageError
from archive.matrix import AccessRules, Approver, explain, requirement
from archive.vocabulary import ACTIONS, CAPACITIES, FACTS, NEEDS, ROLES, SENSITIVITIES

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "config" / "access.toml").read_text(encoding="utf-8")
RULES = AccessRules.parse(TEXT)
TABLE = tomllib.loads(TEXT)

DEPARTMENT, DIVISION, PRINCIPAL, COUNTY, SUPERIOR = (
    f"approver.{name}"
    for name in ("department_head", "division_lead", "principal", "county_lead", "superior")
)
LEGAL = "legal_office"
CUSTODIAN = "archivist"
OWNER = f"{DEPARTMENT}@unit"

COPYING = ("copy", "export", "court_bundle")
WATCHED = ("not_blockable", "conceal")

# Capacity, actions, who approves, who approves what is sensitive, what is needed, properties.
# Written by hand from the matrix of the specification, not from config/access.toml.
# fmt: off
EXPECTED = (
    ("own_case", ("view",), (), (OWNER,), ("reason", "case"), ()),
    ("own_case", ("excerpt",), (LEGAL, CUSTODIAN), (PRINCIPAL, CUSTODIAN), ("reason", "case"), ()),
    ("own_case", COPYING, (LEGAL,), (PRINCIPAL,), ("reason", "case"), ()),
    ("same_unit", ("view",), (PRINCIPAL,), (COUNTY,), ("reason",), ()),
    ("same_unit", ("excerpt",), (PRINCIPAL, LEGAL, CUSTODIAN), (COUNTY, PRINCIPAL, CUSTODIAN),
     ("reason",), ()),
    ("same_unit", COPYING, (PRINCIPAL, LEGAL), (COUNTY, PRINCIPAL), ("reason",), ()),
    ("other_unit", ("view", *COPYING), (OWNER,), (DIVISION,), ("reason",), ()),
    ("other_unit", ("excerpt",), (OWNER, CUSTODIAN), (DIVISION, CUSTODIAN), ("reason",), ()),
    ("internal_supervision", ("view", "excerpt", *COPYING), (), (), ("reason",), WATCHED),
    ("judicial_bureau", ("view", "excerpt", *COPYING), (), (), ("reason", "task"), WATCHED),
    ("authority", ("view", *COPYING), (), (OWNER,), ("reason", "letter", "identity"), ()),
    ("authority", ("excerpt",), (), (OWNER, CUSTODIAN), ("reason", "letter", "identity"), ()),
    ("party", ("view", *COPYING), (PRINCIPAL,), (COUNTY,),
     ("reason", "letter_or_identity", "case"), ("own_records",)),
    ("party", ("excerpt",), (PRINCIPAL, CUSTODIAN), (COUNTY, CUSTODIAN),
     ("reason", "letter_or_identity", "case"), ("own_records",)),
    ("publicity", ("view", *COPYING), (COUNTY,), (SUPERIOR,), ("reason",), ("derivative",)),
    ("publicity", ("excerpt",), (COUNTY, CUSTODIAN), (SUPERIOR, CUSTODIAN), ("reason",),
     ("derivative",)),
    ("outside_unit", ("view", *COPYING), (DIVISION,), (PRINCIPAL,),
     ("reason", "letter", "identity"), ()),
    ("outside_unit", ("excerpt",), (DIVISION, CUSTODIAN), (PRINCIPAL, CUSTODIAN),
     ("reason", "letter", "identity"), ()),
)
# fmt: on
CELLS = [(capacity, action, *rest) for capacity, actions, *rest in EXPECTED for action in actions]
SENSITIVE = (
    (),
    ("minor",),
    ("privacy",),
    ("trade_secret",),
    ("minor", "privacy", "trade_secret"),
)
PEOPLE = {
    "own_case": {"handler"},
    "internal_supervision": {"inspector.internal"},
    "judicial_bureau": {"inspector.judicial"},
    "authority": {"archivist"},
    "party": {"archivist"},
    "publicity": {"archivist"},
    "outside_unit": {"archivist"},
}


def test_hand_written_table_is_whole() -> None:
    asked = [(capacity, action) for capacity, action, *_ in CELLS]
    assert sorted(asked) == sorted((one, two) for one in CAPACITIES for two in ACTIONS)
    assert len(asked) == 45


@pytest.mark.parametrize("sensitivity", SENSITIVE, ids="+".join)
@pytest.mark.parametrize(
    ("capacity", "action", "usual", "raised", "needs", "properties"),
    CELLS,
    ids=[f"{capacity}-{action}" for capacity, action, *_ in CELLS],
)
def test_every_cell(
    capacity: str,
    action: str,
    usual: tuple[str, ...],
    raised: tuple[str, ...],
    needs: tuple[str, ...],
    properties: tuple[str, ...],
    sensitivity: tuple[str, ...],
) -> None:
    found = requirement(RULES, capacity, action, frozenset(sensitivity))
    expected = raised if sensitivity else usual
    assert sorted(map(str, found.approvers)) == sorted(expected)
    assert sorted(found.needs) == sorted(needs)
    assert found.blockable == ("not_blockable" not in properties)
    assert found.conceal == ("conceal" in properties)
    assert found.original == ("derivative" not in properties)
    assert found.row.own_records == ("own_records" in properties)
    assert found.raised == (bool(sensitivity) and "not_blockable" not in properties)
    assert "administrator" not in found.row.by
    assert set(found.row.by) == PEOPLE.get(capacity, set(found.row.by))


def test_every_row_has_a_basis_that_is_marked() -> None:
    for row in RULES.rows:
        assert re.search(r"\[(S\d+|D)\]", row.basis), row.capacity
        assert not row.basis.isascii()
        assert row.note[0].isascii()
        assert not row.note[1].isascii()


def test_supervision_gets_more_than_the_usual_grant() -> None:
    """A request names up to 1,000 records: fewer accesses would be a way of blocking."""
    for capacity in ("internal_supervision", "judicial_bureau"):
        assert requirement(RULES, capacity, "view", frozenset()).count >= 1000
    usual = requirement(RULES, "party", "copy", frozenset())
    assert (usual.count, usual.hours) == (10, 72)


@pytest.mark.parametrize(
    ("capacity", "action", "sensitivity"),
    [
        ("guest", "view", frozenset()),
        ("party", "delete", frozenset()),
        ("party", "view", frozenset({"state_secret"})),
    ],
)
def test_unknown_words_are_refused(capacity: str, action: str, sensitivity: frozenset[str]) -> None:
    with pytest.raises(UsageError):
        requirement(RULES, capacity, action, sensitivity)


# --- explaining ---


def test_explains_why_it_is_raised() -> None:
    need = requirement(RULES, "own_case", "excerpt", frozenset({"minor", "privacy"}))
    told = explain(RULES, need)
    assert told.usual == (Approver(LEGAL, of_unit=False), Approver(CUSTODIAN, of_unit=False))
    assert told.approvers == (Approver(PRINCIPAL, of_unit=False), told.usual[1])
    assert told.raised_for == ("minor", "privacy")
    assert len(told.basis) == 3
    assert [mark in text for mark, text in zip(("S79", "S13", "S80"), told.basis, strict=True)]
    assert told.basis == (need.row.basis, TABLE["ladder"]["basis"], TABLE["consent"]["basis"])


def test_explains_what_cannot_be_blocked() -> None:
    told = explain(RULES, requirement(RULES, "judicial_bureau", "excerpt", frozenset({"minor"})))
    assert told.facts == ("no_approval", "not_blockable", "may_be_concealed")
    assert told.raised_for == ()
    assert len(told.basis) == 1
    assert "S25" in told.basis[0]


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_every_explanation_can_be_worded(capacity: str) -> None:
    for action in ACTIONS:
        told = explain(RULES, requirement(RULES, capacity, action, frozenset(SENSITIVITIES)))
        assert set(told.facts) <= FACTS.keys()
        assert set(told.needs) <= NEEDS.keys()
        assert {one.role for one in told.approvers} | set(told.by) <= ROLES.keys()
        assert set(told.raised_for) <= SENSITIVITIES.keys()


def test_page_is_what_the_rules_say() -> None:
    assert (ROOT / "docs" / "access.md").read_text(encoding="utf-8") == access_page.page()


# --- reading ---


def toml(value: object) -> str:
    """Value as inline TOML; a JSON string is a TOML string."""
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def document(table: dict[str, object]) -> str:
    return "\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in table.items())


def altered(change) -> str:
    table = copy.deepcopy(TABLE)
    change(table)
    return document(table)


def test_round_trip_through_a_string() -> None:
    assert AccessRules.parse(TEXT.encode("utf-8").decode("utf-8")) == RULES
    assert AccessRules.parse(document(TABLE)) == RULES
    assert "保密" in requirement(RULES, "internal_supervision", "view", frozenset()).row.basis


def put(*path):
    """A change of the table: the last item is the new value, the others lead there."""
    *way, last, value = path

    def change(table):
        for step in way:
            table = table[step]
        table[last] = value

    return change


def drop(*path):
    *way, last = path

    def change(table):
        for step in way:
            table = table[step]
        del table[last]

    return change


def row_of(capacity: str, action: str) -> int:
    return next(
        number
        for number, row in enumerate(TABLE["row"])
        if row["capacity"] == capacity and action in row["actions"]
    )


SUPERVISION = row_of("internal_supervision", "view")
PARTY = row_of("party", "view")
SAME_COPY = row_of("same_unit", "copy")

REFUSED = {
    "unknown key": (put("extra", 1), "extra"),
    "unknown key of grant": (put("grant", "days", 1), "grant: .*days"),
    "unknown key of ladder": (put("ladder", "top", "x"), "ladder: .*top"),
    "unknown key of a row": (put("row", PARTY, "aprovers", []), r"row 9 \(party\): .*aprovers"),
    "missing key of a row": (drop("row", PARTY, "needs"), r"row 9 \(party\): .*needs"),
    "other version": (put("cunzheng_access", 2), "version 1"),
    "version true": (put("cunzheng_access", True), "cunzheng_access"),
    "no version": (drop("cunzheng_access"), "cunzheng_access"),
    "unknown capacity": (put("row", PARTY, "capacity", "guest"), "row 9: capacity: 'guest'"),
    "unknown action": (put("row", PARTY, "actions", ["view", "delete"]), r"\(party\).*'delete'"),
    "unknown asker": (put("row", PARTY, "by", ["clerk"]), r"\(party\): by: 'clerk'"),
    "administrator asks": (put("row", PARTY, "by", ["administrator"]), r"\(party\): by"),
    "nobody asks": (put("row", PARTY, "by", []), r"\(party\): by: the list is empty"),
    "unknown approver": (put("row", PARTY, "approvers", ["boss"]), r"\(party\): approvers: 'boss'"),
    "administrator approves": (
        put("row", PARTY, "approvers", ["administrator"]),
        r"\(party\): approvers",
    ),
    "handler approves": (put("row", PARTY, "approvers", ["handler@unit"]), r"\(party\): approvers"),
    "approver neither on nor beside the ladder": (
        put("row", PARTY, "approvers", ["inspector.internal"]),
        r"\(party\): inspector.internal is neither",
    ),
    "approver twice": (
        put("row", PARTY, "approvers", [PRINCIPAL, f"{PRINCIPAL}@unit"]),
        r"\(party\): approvers: .*twice",
    ),
    "unknown need": (put("row", PARTY, "needs", ["money"]), r"\(party\): needs: 'money'"),
    "empty basis": (put("row", PARTY, "basis", " "), r"\(party\): basis"),
    "note in one language": (drop("row", PARTY, "note", "zh"), r"\(party\): note: .*zh"),
    "flag as a number": (put("row", PARTY, "original", 0), r"\(party\): original"),
    "count of nothing": (put("row", PARTY, "count", 0), r"\(party\): count"),
    "count above the maximum": (put("row", PARTY, "count", 1001), r"\(party\): the grant"),
    "hours above the maximum": (put("row", PARTY, "hours", 721), r"\(party\): the grant"),
    "hours without end": (put("grant", "max_hours", 10**9), "max_hours"),
    "default above the maximum": (put("grant", "max_count", 9), "grant: the default"),
    "supervision with an approver": (
        put("row", SUPERVISION, "approvers", [PRINCIPAL]),
        r"\(internal_supervision\): what cannot be blocked",
    ),
    "concealed from supervision": (put("row", PARTY, "conceal", True), r"\(party\): only what"),
    "own records of no case": (put("row", PARTY, "needs", ["reason"]), r"\(party\): own_records"),
    "row missing": (drop("row", PARTY), "the row for party and view is missing"),
    "action missing": (
        put("row", PARTY, "actions", ["view", "copy", "export", "court_bundle"]),
        "the row for party and excerpt is missing",
    ),
    "action twice": (
        put("row", PARTY, "actions", ["view", "view"]),
        r"\(party\): actions: .*twice",
    ),
    "row twice": (
        lambda table: table["row"].append(table["row"][PARTY]),
        "the row for party and view is there more than once",
    ),
    "rows that are no list": (put("row", {}), "row: a list"),
    "row that is no table": (put("row", [1]), "row 1"),
    "empty ladder": (put("ladder", "steps", []), "ladder: steps"),
    "ladder with a role twice": (put("ladder", "steps", [PRINCIPAL, PRINCIPAL]), "ladder: steps"),
    "raised although on the ladder": (
        put("ladder", "raised", PRINCIPAL, COUNTY),
        "is not a role beside",
    ),
    "raised to nowhere": (put("ladder", "raised", LEGAL, "archivist"), "raised to no step"),
    "raised to a number": (put("ladder", "raised", LEGAL, 3), "a text"),
    "administrator raised": (
        put("ladder", "raised", "administrator", PRINCIPAL),
        "'administrator' is not a role",
    ),
    "consent of somebody on the ladder": (
        put("consent", "approver", PRINCIPAL),
        "consent: the approver is a role beside the ladder",
    ),
    "consent of one unit": (
        put("consent", "approver", "archivist@unit"),
        "consent: the approver is a role beside the ladder",
    ),
    "two become one": (
        put("row", SAME_COPY, "approvers", [DIVISION, LEGAL]),
        r"\(same_unit\): two approvers would be raised to the same role",
    ),
    "the highest two become one": (
        put("row", PARTY, "approvers", [COUNTY, SUPERIOR]),
        r"\(party\): two approvers",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name: str) -> None:
    change, message = REFUSED[name]
    with pytest.raises(FormatError, match=message):
        AccessRules.parse(altered(change))


@pytest.mark.parametrize(
    "text", ["", "x", "a = " + "9" * 5000, "a = " + "[" * 5000, "a = 1\na = 2", "\x00"]
)
def test_refuses_what_is_no_toml(text: str) -> None:
    with pytest.raises(FormatError):
        AccessRules.parse(text)


def accepted(text: str) -> AccessRules | None:
    """The rules, or None where they are refused with the documented error; others go through."""
    try:
        return AccessRules.parse(text)
    except FormatError:
        return None


@settings(deadline=None)
@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    assert accepted(text) is None


@settings(deadline=None)
@given(st.integers(0, len(TEXT)), st.integers(0, 40), st.text(max_size=10))
def test_edited_text_is_read_or_refused(start: int, length: int, new: str) -> None:
    rules = accepted(TEXT[:start] + new + TEXT[start + length :])
    if rules is not None:
        check_whole(rules)


WORDS = st.sampled_from([*ROLES, *(f"{role}@unit" for role in ROLES), *ACTIONS, *NEEDS, "", "文"])
VALUES = st.recursive(
    st.booleans() | st.integers(-2, 2000) | WORDS | st.floats(0, 9, width=16),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)


def places(value: object, way: tuple = ()) -> list[tuple]:
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    return [found for key, one in items for found in [(*way, key), *places(one, (*way, key))]]


@settings(deadline=None)
@given(st.sampled_from(places(TABLE)), VALUES)
def test_any_value_anywhere_is_read_or_refused(place: tuple, value: object) -> None:
    rules = accepted(altered(put(*place, value)))
    if rules is not None:
        check_whole(rules)


@settings(deadline=None)
@given(st.sampled_from([place for place in places(TABLE) if isinstance(place[-1], str)]))
def test_unknown_keys_are_refused(place: tuple) -> None:
    # A role that the ladder does not know stands in `raised` like any other unknown key.
    assert accepted(altered(put(*place[:-1], "unknown", PRINCIPAL))) is None


def check_whole(rules: AccessRules) -> None:
    for capacity in CAPACITIES:
        for action in ACTIONS:
            check_never_lower(rules, capacity, action)


def check_never_lower(rules: AccessRules, capacity: str, action: str) -> None:
    """Raised, as many people or more approve, each at least as high as before."""
    steps = [step.role for step in rules.ladder.steps]
    usual = requirement(rules, capacity, action, frozenset())
    raised = requirement(rules, capacity, action, frozenset({"privacy"}))
    assert raised.needs == usual.needs
    assert raised.original == usual.original
    if not usual.blockable:
        assert raised.approvers == usual.approvers == ()
        return
    assert len(raised.approvers) >= max(1, len(usual.approvers))
    assert len({one.role for one in raised.approvers}) == len(raised.approvers)
    for before, after in zip(usual.approvers, raised.approvers, strict=False):
        if before.role in steps:
            height = steps.index(before.role)
            assert steps.index(after.role) == min(height + 1, len(steps) - 1)
        else:
            assert after == before or after.role in steps


@settings(deadline=None)
@given(st.data())
def test_raising_never_lowers(data: st.DataObject) -> None:
    unit = st.sampled_from(["", "@unit"])
    ladder = [DEPARTMENT, DIVISION, PRINCIPAL, COUNTY, SUPERIOR]
    steps = data.draw(st.permutations(ladder))[: data.draw(st.integers(2, 5))]
    target = st.sampled_from(steps)
    pool = [*steps, LEGAL, CUSTODIAN]

    def change(table):
        table["ladder"]["steps"] = [step + data.draw(unit) for step in steps]
        table["ladder"]["raised"] = {
            LEGAL: data.draw(target | st.just(LEGAL)),
            CUSTODIAN: data.draw(target | st.just(CUSTODIAN)),
        }
        table["consent"]["approver"] = data.draw(st.sampled_from([LEGAL, CUSTODIAN]))
        for row in table["row"]:
            if row.get("blockable", True):
                chosen = data.draw(st.lists(st.sampled_from(pool), unique=True, max_size=2))
                row["approvers"] = [role + data.draw(unit) for role in chosen]

    rules = accepted(altered(change))
    if rules is not None:
        check_whole(rules)
