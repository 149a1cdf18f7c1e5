"""Filing a case and excusing rows of the list, as the rule book judges them."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registers_fixture import Office

from archive.errors import Denied, FormatError
from archive.filing.volume_table import numbered
from archive.registers.volumes import excused_of, volume_digest, volumes_of

SHA = "ab" * 32


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(Denied) as denied:
        attempt()
    return denied.value.code


@pytest.fixture
def office() -> Office:
    office = Office()
    both = ["gu", "zhu"]
    office.enrol("li", ["handler"], by=["gu"])
    office.enrol("head", ["approver.department_head"], by=both)
    office.enrol("other", ["approver.department_head"], by=both, unit="B")
    office.enrol("law", ["legal_office"], by=both, unit="L")
    office.enrol("arch", ["archivist"], by=both, unit="B")
    office.enrol("admin", ["administrator"], by=both)
    return office


def record(office: Office) -> str:
    found = office.ulid()
    office.shelf.put("record", found, {"source": "CAM", "sha256": SHA})
    return found


def case_of(
    office: Office, records: Sequence[str], *, closed: bool = True, number: str = "1"
) -> str:
    case = office.open_case(number=number)
    if records:
        office.move("attached", case, *records)
    if closed:
        payload = {"case": case, "closed": "2026-12-01", "decided": None}
        office.say(["gu"], "case.closed", payload, {"reason": "x"})
    return case


def catalogue(*records: str, pages: int = 1) -> list[dict[str, Any]]:
    return numbered((one, "题名", f"sha256:{SHA}", pages) for one in records)


def file(
    office: Office,
    case: str,
    lines: Sequence[Any],
    *by: str,
    readable: bool = True,
    **changed: Any,
) -> None:
    payload = {
        "case": case,
        "number": len(volumes_of(office.shelf, case)) + 1,
        "ref_code": office.ulid(),
        "volume": str(volume_digest(lines)),
        **changed,
    }
    data = {"catalogue": list(lines), "note": None}
    office.say(by or ["gu"], "case.filed", payload, data, readable=readable)


def excuse(office: Office, case: str, *by: str, items: Sequence[str] = ("row",)) -> None:
    office.say(by, "case.excused", {"case": case, "items": list(items)}, {"reason": "暴雨"})


# --- excusing


def test_who_excuses(office: Office) -> None:
    case = case_of(office, [], closed=False)
    for person in ("li", "other", "gu", "arch", "admin"):
        assert code(lambda p=person: excuse(office, case, p)) == "ROLE_MISSING"
    excuse(office, case, "head", items=["a", "b"])
    excuse(office, case, "law", items=["b", "c"])
    assert {row: one["by"] for row, one in excused_of(office.shelf, case).items()} == {
        "a": "head", "b": "law", "c": "law",
    }  # fmt: skip
    with pytest.raises(FormatError, match="one person"):
        excuse(office, case, "head", "law")


def test_a_handler_excuses_nothing(office: Office) -> None:
    case = case_of(office, [], closed=False)
    office.change_case(case, "gu", "law", handlers=["zhu"])
    assert code(lambda: excuse(office, case, "zhu")) == "CASE_OWN"
    excuse(office, case, "head")


def test_nobody_is_taken_off_a_case_to_excuse_or_file_it(office: Office) -> None:
    one = record(office)
    case = case_of(office, [one], closed=False)
    office.change_case(case, "head", handlers=["arch"])
    office.change_case(case, "gu", "law", handlers=["li", "zhu"])
    office.change_case(case, "gu", handlers=["li"])
    found = office.shelf.get("case", case)
    assert found is not None
    assert found["former"] == ["arch", "zhu"]
    with pytest.raises(Denied) as denied:
        excuse(office, case, "zhu")
    assert (denied.value.code, denied.value.facts) == ("CASE_OWN", ("HANDLED_BEFORE", "zhu"))
    payload = {"case": case, "closed": "2026-12-01", "decided": None}
    office.say(["gu"], "case.closed", payload, {"reason": "x"})
    assert code(lambda: file(office, case, catalogue(one), "arch")) == "CASE_OWN"
    file(office, case, catalogue(one), "gu")


def test_a_closed_case_is_excused_and_an_unknown_one_is_not(office: Office) -> None:
    excuse(office, case_of(office, []), "law")
    assert code(lambda: excuse(office, office.ulid(), "law")) == "CASE_UNKNOWN"


@pytest.mark.parametrize("items", [[], ["b", "a"], ["a", "a"], ["A"], ["a b"], [1]])
def test_rows_are_named_in_order(office: Office, items: list[Any]) -> None:
    case = case_of(office, [], closed=False)
    with pytest.raises(FormatError):
        excuse(office, case, "law", items=items)


# --- filing


def test_a_case_is_filed_by_an_archivist(office: Office) -> None:
    one, two = record(office), record(office)
    case = case_of(office, [one, two])
    for person in ("li", "head", "law", "admin"):
        assert code(lambda p=person: file(office, case, catalogue(one), p)) == "ROLE_MISSING"
    with pytest.raises(FormatError, match="one person"):
        file(office, case, catalogue(one), "gu", "law")
    file(office, case, catalogue(two, one, pages=7), "arch", ref_code="0123-XZ·2-2026-Y-0001")
    (volume,) = volumes_of(office.shelf, case)
    assert (volume["number"], volume["records"], volume["by"]) == (1, [two, one], "arch")
    assert volume["ref_code"] == "0123-XZ·2-2026-Y-0001"


def test_a_handler_files_nothing(office: Office) -> None:
    one = record(office)
    case = case_of(office, [one], closed=False)
    office.change_case(case, "head", handlers=["arch"])
    payload = {"case": case, "closed": "2026-12-01", "decided": None}
    office.say(["gu"], "case.closed", payload, {"reason": "x"})
    assert code(lambda: file(office, case, catalogue(one), "arch")) == "CASE_OWN"


def test_only_a_closed_case_is_filed(office: Office) -> None:
    one = record(office)
    case = case_of(office, [one], closed=False)
    assert code(lambda: file(office, case, catalogue(one))) == "CASE_OPEN"
    assert code(lambda: file(office, office.ulid(), catalogue(one))) == "CASE_UNKNOWN"


def test_the_catalogue_is_the_one_that_was_signed(office: Office) -> None:
    one, two = record(office), record(office)
    case = case_of(office, [one, two])
    other = str(volume_digest(catalogue(two)))
    assert code(lambda: file(office, case, catalogue(one), volume=other)) == "CATALOGUE_BAD"
    assert code(lambda: file(office, case, catalogue(one), readable=False)) == "CATALOGUE_BAD"
    assert volumes_of(office.shelf, case) == ()


def test_volumes_are_numbered(office: Office) -> None:
    one, two = record(office), record(office)
    case = case_of(office, [one, two])
    for number in (0, 2):
        attempt = lambda n=number: file(office, case, catalogue(one), number=n)  # noqa: E731
        assert code(attempt) == "CATALOGUE_BAD"
    file(office, case, catalogue(one), number=1)
    for number in (1, 3):
        attempt = lambda n=number: file(office, case, catalogue(two), number=n)  # noqa: E731
        assert code(attempt) == "CATALOGUE_BAD"
    file(office, case, catalogue(two), number=2)
    assert [volume["number"] for volume in volumes_of(office.shelf, case)] == [1, 2]


def test_a_code_is_given_once_in_the_whole_archive(office: Office) -> None:
    one, two = record(office), record(office)
    file(office, case_of(office, [one]), catalogue(one), ref_code="A-1")
    other = case_of(office, [two], number="2")
    assert code(lambda: file(office, other, catalogue(two), ref_code="A-1")) == "REF_CODE_TAKEN"
    file(office, other, catalogue(two), ref_code="A-2")


@pytest.mark.parametrize("ref_code", ["", "a b", "a/b", "·" * 65, "档号", "A\n", 1])
def test_a_code_has_its_form(office: Office, ref_code: Any) -> None:
    one = record(office)
    case = case_of(office, [one])
    with pytest.raises(FormatError):
        file(office, case, catalogue(one), ref_code=ref_code)


def test_records_of_a_volume_are_of_the_case_and_in_no_other(office: Office) -> None:
    one, two, of_no_case = record(office), record(office), record(office)
    case = case_of(office, [one, two])
    unknown = office.ulid()
    assert code(lambda: file(office, case, catalogue(unknown))) == "RECORD_UNKNOWN"
    assert code(lambda: file(office, case, catalogue(one, of_no_case))) == "CATALOGUE_BAD"
    assert code(lambda: file(office, case, catalogue(one, one))) == "CATALOGUE_BAD"
    file(office, case, catalogue(one))
    assert code(lambda: file(office, case, catalogue(two, one))) == "CATALOGUE_BAD"
    office.shelf.put("destroyed", two, {"at": "x"})
    assert code(lambda: file(office, case, catalogue(two))) == "RECORD_DESTROYED"


def test_a_record_of_two_cases_is_filed_in_both(office: Office) -> None:
    one = record(office)
    for number in ("1", "2"):
        case = case_of(office, [one], number=number)
        file(office, case, catalogue(one))
        assert volumes_of(office.shelf, case)[0]["records"] == [one]


def test_what_comes_after_the_closing_goes_into_a_further_volume(office: Office) -> None:
    one, late = record(office), record(office)
    case = case_of(office, [one])
    file(office, case, catalogue(one))
    office.own("case.linked", case, {"records": [late]})
    file(office, case, catalogue(late))
    assert [volume["records"] for volume in volumes_of(office.shelf, case)] == [[one], [late]]


@pytest.mark.parametrize(
    "changed",
    [
        {"page_from": 0},
        {"page_from": 2},
        {"pages": 0},
        {"digest": "sha256:" + "cd" * 32},
    ],
)
def test_pages_go_on_and_digests_are_those_of_the_records(
    office: Office, changed: dict[str, Any]
) -> None:
    one = record(office)
    case = case_of(office, [one])
    lines = [{**catalogue(one)[0], **changed}]
    assert code(lambda: file(office, case, lines)) == "CATALOGUE_BAD"


def test_pages_of_the_second_line_follow_the_first(office: Office) -> None:
    one, two = record(office), record(office)
    case = case_of(office, [one, two])
    for page in (1, 3, 5):
        lines = catalogue(one, two, pages=3)
        lines[1]["page_from"] = page
        assert code(lambda lines=lines: file(office, case, lines)) == "CATALOGUE_BAD"
    file(office, case, catalogue(one, two, pages=3))


@pytest.mark.parametrize("count", [0, 1001])
def test_a_volume_has_1_to_1000_lines(office: Office, count: int) -> None:
    case = case_of(office, [])
    lines = catalogue(*(office.ulid() for _ in range(count)))
    with pytest.raises(FormatError, match="1,000"):
        file(office, case, lines)


@pytest.mark.parametrize(
    "line",
    [
        {"pages": -1},
        {"pages": True},
        {"pages": "1"},
        {"record": "x"},
        {"digest": "md5:00"},
        {"title": None},
        {"more": 1},
    ],
)
def test_a_line_has_its_form(office: Office, line: dict[str, Any]) -> None:
    one = record(office)
    case = case_of(office, [one])
    with pytest.raises(FormatError):
        file(office, case, [{**catalogue(one)[0], **line}])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_pages_of_a_catalogue_neither_overlap_nor_leave_gaps(pages: list[int]) -> None:
    made = numbered((f"{at}", "x", "y", count) for at, count in enumerate(pages))
    covered = [
        page
        for line in made
        for page in range(line["page_from"], line["page_from"] + line["pages"])
    ]
    assert covered == list(range(1, sum(pages) + 1))
