"""Who may enrol, stop and replace whom; what a statement must be; keys that never come back."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registers_fixture import GU, RULES, ZHU, Office, certificate_of, words

from archive.errors import Denied, FormatError
from archive.registers.shelf import Value
from archive.registers.signers import as_of
from archive.times import format_time
from signing.digest import Digest

REASON = {"reason": "x"}
APPROVER = ["approver.principal"]
BOTH = ["gu", "zhu"]
DAY = timedelta(days=1)


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(Denied) as denied:
        attempt()
    return denied.value.code


# --- founding


def test_two_founders_and_no_third() -> None:
    office = Office()
    assert [office.person(p)["founder"] for p in ("gu", "zhu")] == [True, True]
    assert code(lambda: office.found("third", GU)) == "FOUNDING_OVER"


def test_a_founder_is_enrolled_by_his_own_key_alone() -> None:
    office = Office(founded=False)
    office.found("gu", GU)
    payload = office.enrolment("zhu", ZHU)
    forged = {"certificate": Digest.parse(certificate_of("gu"))}
    assert (
        code(
            lambda: office.say(
                ["gu"], "person.enrolled", payload, words("zhu"), bootstrap=True, **forged
            )
        )
        == "VOUCHERS_MISSING"
    )
    assert code(lambda: office.found("gu", ZHU)) == "VOUCHERS_MISSING"


def test_founding_ends_with_the_first_other_person() -> None:
    office = Office(founded=False)
    office.found("gu", GU)
    office.enrol("li", ["handler"], by=["gu"])
    assert code(lambda: office.found("zhu", ZHU)) == "FOUNDING_OVER"


def test_founding_rules_only_before_anybody_else_and_by_both() -> None:
    office = Office()
    for by in (["gu"], ["zhu"]):
        assert code(lambda by=by: office.adopt("access", RULES, by, bootstrap=True)) == (
            "VOUCHERS_MISSING"
        )
    office.enrol("li", ["handler"], by=["gu"])
    both = ["gu", "zhu"]
    assert code(lambda: office.adopt("access", RULES, both, bootstrap=True)) == "FOUNDING_OVER"
    office.adopt("access", RULES, both)


def test_nobody_is_enrolled_where_nobody_founded() -> None:
    office = Office(founded=False)
    assert code(lambda: office.enrol("li", ["handler"], by=["gu"])) == "SIGNER_UNKNOWN"


# --- enrolling


def test_a_handler_takes_one_registrar() -> None:
    office = Office()
    assert code(lambda: office.enrol("li", ["handler"], by=["zhu"])) == "ROLE_MISSING"
    office.enrol("li", ["handler"], by=["gu"])
    assert office.person("li")["state"] == "active"


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (["gu"], "VOUCHERS_MISSING"),
        (["gu", "li"], "VOUCHERS_MISSING"),
        (["zhu", "li"], "ROLE_MISSING"),
        (["gu", "wang"], "SIGNER_UNKNOWN"),
    ],
)
def test_more_than_a_handler_takes_two(by: list[str], expected: str) -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    assert code(lambda: office.enrol("wang", APPROVER, by=by)) == expected


def test_nobody_vouches_for_himself() -> None:
    office = Office()
    changed = office.enrolment("gu", ["archivist", "legal_office"])
    for by in (["gu", "zhu"], ["zhu", "gu"]):
        assert code(lambda by=by: office.say(by, "person.enrolled", changed, words("gu"))) == (
            "VOUCHERS_MISSING"
        )


def test_another_key_for_a_handler_takes_two() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    fresh = {"certificate": certificate_of("li new")}
    assert code(lambda: office.enrol("li", ["handler"], by=["gu"], **fresh)) == "VOUCHERS_MISSING"
    office.enrol("li", ["handler"], by=["gu", "zhu"], **fresh)
    assert office.person("li")["certificate"] == fresh["certificate"]
    assert len(office.person("li")["keys"]) == 2


def test_an_administrator_enrols_nobody_alone() -> None:
    office = Office()
    office.enrol("adm", ["administrator"], by=BOTH)
    assert code(lambda: office.enrol("ghost", ["handler"], by=["adm"])) == "VOUCHERS_MISSING"
    office.enrol("ghost", ["handler"], by=["adm", "zhu"])
    assert code(lambda: office.enrol("x", ["handler"], by=["adm", "ghost"])) == "VOUCHERS_MISSING"
    office.say(["gu"], "person.suspended", {"person": "ghost"}, REASON)
    again = (["adm"], "person.resumed", {"person": "ghost"}, REASON)
    assert code(lambda: office.say(*again)) == "VOUCHERS_MISSING"


def test_an_account_is_bound_to_one_person() -> None:
    office = Office()
    office.enrol("adm", ["administrator"], by=BOTH, account="5001")
    ghost = {"account": "5001"}
    assert code(lambda: office.enrol("li", ["handler"], by=["gu"], **ghost)) == "ACCOUNT_TAKEN"
    office.say(["gu"], "person.suspended", {"person": "adm"}, REASON)
    assert code(lambda: office.enrol("li", ["handler"], by=["gu"], **ghost)) == "ACCOUNT_TAKEN"
    office.enrol("adm", ["administrator"], by=BOTH, account="5002")
    office.enrol("li", ["handler"], by=["gu"], **ghost)
    assert code(lambda: office.enrol("adm", ["administrator"], by=BOTH, **ghost)) == (
        "ACCOUNT_TAKEN"
    )
    office.revoke("li")
    office.enrol("sun", ["handler"], by=["gu"], **ghost)
    office.enrol("wu", ["handler"], by=["gu"])
    office.enrol("xu", ["handler"], by=["gu"])


def test_an_administrator_has_no_other_role() -> None:
    office = Office()
    roles = ["administrator", "archivist"]
    assert code(lambda: office.enrol("adm", roles, by=["gu", "zhu"])) == "ROLES_CLASH"


def test_a_certificate_that_is_not_stored_enrols_nobody() -> None:
    office = Office()
    unknown = {"certificate": "sha256:" + "ab" * 32}
    assert code(lambda: office.enrol("li", ["handler"], by=["gu"], **unknown)) == "CERTIFICATE_BAD"


def test_a_key_is_one_persons() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    again = {"certificate": certificate_of("li")}
    renewed = {"certificate": certificate_of("li", 1)}
    for taken in (again, renewed):
        assert code(lambda t=taken: office.enrol("wu", ["handler"], by=["gu"], **t)) == "KEY_TAKEN"
    office.enrol("li", ["handler"], by=["gu", "zhu"], **renewed)


def test_an_enrolment_ends_after_it_begins() -> None:
    office = Office()
    with pytest.raises(FormatError, match="ends after"):
        office.enrol("li", ["handler"], by=["gu"], valid_until=format_time(office.now - DAY))


# --- stopping


def test_who_may_stop_whom() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    office.enrol("wu", ["handler"], by=["gu"])
    stop = ("person.suspended", {"person": "li"}, REASON)
    assert code(lambda: office.say(["wu"], *stop)) == "ROLE_MISSING"
    office.say(["li"], *stop)
    assert code(lambda: office.say(["gu"], *stop)) == "PERSON_STATE"
    resume = ("person.resumed", {"person": "li"}, REASON)
    assert code(lambda: office.say(["li"], *resume)) == "SIGNER_SUSPENDED"
    office.say(["gu"], *resume)
    assert office.person("li")["state"] == "active"


def test_resuming_an_approver_takes_two() -> None:
    office = Office()
    office.enrol("wang", APPROVER, by=["gu", "zhu"])
    office.say(["gu"], "person.suspended", {"person": "wang"}, REASON)
    resume = ("person.resumed", {"person": "wang"}, REASON)
    assert code(lambda: office.say(["gu"], *resume)) == "VOUCHERS_MISSING"
    office.say(["zhu", "gu"], *resume)
    assert code(lambda: office.say(["zhu", "gu"], *resume)) == "PERSON_STATE"


def test_what_was_revoked_never_comes_back() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    office.revoke("li")
    suspend = ("person.suspended", {"person": "wu"}, REASON)
    assert code(lambda: office.say(["li"], *suspend)) == "SIGNER_REVOKED"
    for person in ("li", "wu"):
        for certificate in (certificate_of("li"), certificate_of("li", 1)):
            attempt = {"certificate": certificate}
            assert (
                code(lambda p=person, a=attempt: office.enrol(p, ["handler"], by=BOTH, **a))
                == "KEY_TAKEN"
            )
    office.enrol("li", ["handler"], by=["gu", "zhu"], certificate=certificate_of("li new"))
    assert office.person("li")["state"] == "active"
    old = Digest.parse(certificate_of("li"))
    assert code(lambda: office.say(["li"], *suspend, certificate=old)) == "SIGNER_REVOKED"


def test_a_revocation_can_be_dated_back_but_not_forward() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    office.revoke("li")
    assert code(lambda: office.revoke("li")) == "PERSON_STATE"
    office.revoke("li", since=office.now - DAY)
    assert office.person("li")["revoked_since"] == format_time(office.now - DAY)
    office.enrol("wu", ["handler"], by=["gu"])
    with pytest.raises(FormatError, match="past"):
        office.revoke("wu", since=office.now + DAY)


def test_expiry_follows_from_the_enrolment() -> None:
    office = Office()
    until = format_time(office.now + DAY)
    office.enrol("li", ["handler"], by=["gu"], valid_until=until)
    said = ("person.expired", "li", {"valid_until": until})
    assert code(lambda: office.own(*said)) == "PERSON_STATE"
    office.now += 2 * DAY
    wrong = format_time(office.now)
    assert code(lambda: office.own("person.expired", "li", {"valid_until": wrong})) == (
        "PERSON_STATE"
    )
    office.own(*said)
    assert code(lambda: office.own(*said)) == "PERSON_STATE"
    suspend = ("person.suspended", {"person": "li"}, REASON)
    assert code(lambda: office.say(["li"], *suspend)) == "SIGNER_EXPIRED"


# --- statements


def test_a_statement_is_for_one_archive_once_and_now() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    suspend = ("person.suspended", {"person": "li"}, REASON)
    assert code(lambda: office.say(["gu"], *suspend, archive="other")) == "STATEMENT_FOREIGN"
    early, late = timedelta(hours=24, seconds=1), timedelta(minutes=5, seconds=1)
    for at in (office.now - early, office.now + late):
        assert code(lambda at=at: office.say(["gu"], *suspend, at=at)) == "STATEMENT_STALE"
    office.say(["gu"], *suspend, at=office.now - timedelta(hours=24))
    used = office.last
    assert used is not None
    office.say(["gu"], "person.resumed", {"person": "li"}, REASON)
    assert code(lambda: office.judge(used, REASON)) == "STATEMENT_REPLAYED"
    nonce = used.statements[0].statement.nonce
    assert code(lambda: office.say(["gu"], *suspend, nonce=nonce)) == "STATEMENT_REPLAYED"


def test_requests_are_stale_after_a_quarter_of_an_hour() -> None:
    office = Office()
    access = {"access": office.ulid(), "count": 1}
    at = office.now - timedelta(minutes=15, seconds=1)
    assert code(lambda: office.say(["gu"], "access.returned", access, at=at)) == "STATEMENT_STALE"


def test_a_person_signs_with_the_certificate_of_the_register() -> None:
    office = Office()
    suspend = ("person.suspended", {"person": "zhu"}, REASON)
    other = Digest.parse(certificate_of("gu", 7))
    assert code(lambda: office.say(["gu"], *suspend, certificate=other)) == "SIGNER_UNKNOWN"


def test_of_two_bound_people_one_hands_in() -> None:
    office = Office()
    for person, account in (("a1", "1001"), ("a2", "1002")):
        office.enrol(person, ["archivist"], by=["gu", "zhu"], account=account)
    payload = office.enrolment("wang", APPROVER)
    said = (["a1", "a2"], "person.enrolled", payload, words("wang"))
    assert code(lambda: office.say(*said, account="1003")) == "ACCOUNT_OTHER"
    office.say(*said, account="1002")


# --- whatever the order

PEOPLE = ("gu", "zhu", "h", "a", "b")
ROLE_SETS = (
    ("handler",),
    ("approver.principal",),
    ("archivist",),
    ("administrator",),
    ("handler", "legal_office"),
)


@st.composite
def acts(draw: st.DrawFn) -> tuple[str, str, Sequence[str], Sequence[str], str]:
    kind = draw(st.sampled_from(["enrol", "enrol", "enrol", "suspend", "resume", "revoke"]))
    person = draw(st.sampled_from(PEOPLE))
    by = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True))
    return kind, person, draw(st.sampled_from(ROLE_SETS)), by, draw(st.sampled_from("01234"))


@settings(max_examples=150, deadline=None)
@given(st.lists(acts(), max_size=25))
def test_no_order_of_acts_breaks_the_register(plan: list) -> None:
    office, dead = Office(), set()
    for kind, person, roles, by, key in plan:
        office.now += timedelta(minutes=1)
        before = known(office)
        try:
            signers = act(office, kind, person, roles, by, certificate_of(f"key {key}"))
        except (Denied, FormatError):
            assert known(office) == before
            continue
        assert all(before[signer]["state"] == "active" for signer in signers)
        if kind in ("enrol", "resume"):
            now = office.person(person)
            assert person not in signers
            assert now["public_key"] not in dead
            if now["roles"] != ["handler"]:
                assert len(signers) == 2
                assert all(before[signer]["roles"] != ["handler"] for signer in signers)
        if kind == "revoke":
            dead |= set(office.person(person)["keys"])
        keys = [value["public_key"] for value in known(office).values()]
        assert len(set(keys)) == len(keys)


def act(
    office: Office,
    kind: str,
    person: str,
    roles: Sequence[str],
    by: Sequence[str],
    certificate: str,
) -> Sequence[str]:
    """Who signed an act that was taken."""
    if kind == "enrol":
        office.enrol(person, roles, by=by, certificate=certificate)
        return by
    if kind == "revoke":
        office.revoke(person, by[0])
        return by[:1]
    word = "person.suspended" if kind == "suspend" else "person.resumed"
    office.say(by, word, {"person": person}, REASON)
    return by


def known(office: Office) -> dict:
    found = {person: office.shelf.get("person", person) for person in PEOPLE}
    return {person: value for person, value in found.items() if value is not None}


# --- what somebody was at a moment that is past


def was(office: Office, person: str, at: datetime, certificate: str | None = None) -> Value:
    named = Digest.parse(certificate or certificate_of(person))
    signed = office.statement(person, "access.started", {}, certificate=named)
    return as_of(office.shelf, signed.statement, at)


def test_as_of_knows_the_roles_of_a_former_certificate() -> None:
    office = Office()
    office.enrol("wang", ["legal_office"], by=BOTH, unit="L")
    then = office.now
    office.now += DAY
    new = certificate_of("wang new")
    office.enrol("wang", ["archivist"], by=BOTH, certificate=new)
    assert (was(office, "wang", then)["roles"], was(office, "wang", then)["unit"]) == (
        ["legal_office"],
        "L",
    )
    assert code(lambda: was(office, "wang", office.now)) == "SIGNER_UNKNOWN"
    assert was(office, "wang", office.now, new)["roles"] == ["archivist"]
    assert code(lambda: was(office, "wang", then, new)) == "SIGNER_UNKNOWN"
    assert code(lambda: was(office, "gu", then, new)) == "SIGNER_UNKNOWN"


def test_as_of_knows_the_roles_of_the_same_certificate_before() -> None:
    office = Office()
    office.enrol("wang", ["legal_office"], by=BOTH)
    then = office.now
    office.now += DAY
    office.enrol("wang", ["archivist"], by=BOTH)
    assert was(office, "wang", then)["roles"] == ["legal_office"]
    assert was(office, "wang", office.now)["roles"] == ["archivist"]


def test_as_of_knows_suspensions_validity_and_revocation() -> None:
    office = Office()
    office.enrol("li", ["handler"], by=["gu"])
    first = office.now
    office.now += DAY
    office.say(["gu"], "person.suspended", {"person": "li"}, REASON)
    stopped = office.now
    office.now += DAY
    office.say(["gu"], "person.resumed", {"person": "li"}, REASON)
    assert was(office, "li", first)["person"] == "li"
    assert code(lambda: was(office, "li", stopped)) == "SIGNER_SUSPENDED"
    assert was(office, "li", office.now)["suspended"] == [
        [format_time(stopped), format_time(office.now)]
    ]
    assert code(lambda: was(office, "li", first - DAY)) == "SIGNER_UNKNOWN"
    assert code(lambda: was(office, "li", first + 400 * DAY)) == "SIGNER_EXPIRED"
    office.revoke("li", since=first + DAY / 2)
    assert was(office, "li", first)["roles"] == ["handler"]
    assert code(lambda: was(office, "li", office.now)) == "SIGNER_REVOKED"
