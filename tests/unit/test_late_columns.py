"""What a late sidecar may say in the catalog: never more than one that came in time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from archive.late_sidecar import columns_of

CLAIMS = {
    "case": "案-2",
    "unit": "late",
    "device": "LATE",
    "officers": [{"name": "张三", "number": "1"}],
    "capture_start": "2026-03-01T08:30:00+00:00",
}
BEFORE = {"unit": "register", "device": "NAME", "officers": "012345", "case_no": None}


def test_what_name_and_register_said_yields() -> None:
    found = columns_of({**BEFORE, "sidecar_sha256": None}, CLAIMS)
    assert (found["unit"], found["device"], found["officers"]) == ("late", "LATE", "张三 1")
    assert found["case_no"] == "案-2"


@pytest.mark.parametrize("column", ["unit", "device", "officers"])
def test_what_it_does_not_claim_stays(column: str) -> None:
    claims = {key: value for key, value in CLAIMS.items() if key != column}
    assert column not in columns_of({**BEFORE, "sidecar_sha256": None}, claims)


def test_a_second_late_one_changes_nothing() -> None:
    found = columns_of({**BEFORE, "sidecar_sha256": None}, CLAIMS, again=True)
    assert not found.keys() & {"unit", "device", "officers"}
    assert found["case_no"] == "案-2"


def test_the_records_own_sidecar_stands() -> None:
    found = columns_of({**BEFORE, "sidecar_sha256": b"s"}, CLAIMS)
    assert not found.keys() & {"unit", "device", "officers"}
    assert found["case_no"] == "案-2"


@pytest.mark.parametrize("key", ["capture_start", "capture_end"])
def test_a_time_that_no_calendar_can_take_is_none(key: str) -> None:
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59"):
        assert not columns_of({"sidecar_sha256": None}, {key: text})


def test_the_files_own_time_stands() -> None:
    known = datetime(2026, 1, 1, tzinfo=UTC)
    row: dict[str, Any] = {"sidecar_sha256": None, "captured_start": known}
    assert not columns_of(row, CLAIMS).keys() & {"captured_start", "captured_end"}
    assert columns_of({"sidecar_sha256": None}, CLAIMS)["captured_start"].year == 2026
