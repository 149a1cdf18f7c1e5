"""The time of recording: which claim is chosen, and what is said of those that differ."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from archive.times import format_time
from ingest.media.captured import Captured, Claim, choose, claims_of
from ingest.media.profiles import Profiles

NAME = "DSJ0012_012345_20260301083000_0001.mp4"  # 00:30 UTC
SEGMENT = Profiles.load(None).read(NAME)
START = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
RECEIVED = datetime(2026, 3, 1, 10, tzinfo=UTC)
LENGTH = 600_000


def look(
    sidecar: Mapping[str, Any] | None = None,
    stated: str | None = None,
    by: str = "container",
    *,
    named: bool = True,
) -> Captured:
    claims = claims_of(sidecar, SEGMENT if named else None, stated, by)
    return choose(claims, LENGTH, RECEIVED)


def codes(found: Captured) -> list[str]:
    return [code for code, _ in found.notes]


def test_a_name_alone_is_local_time_of_which_the_zone_is_assumed() -> None:
    found = look()
    assert found.value() == {
        "by": "name",
        "claims": [{"by": "name", "end": None, "start": "2026-03-01T00:30:00.000000Z"}],
        "end": "2026-03-01T00:40:00.000000Z",
        "offset_ms": None,
        "start": "2026-03-01T00:30:00.000000Z",
        "zone_assumed": True,
    }
    assert not found.notes


def test_an_end_beyond_the_calendar_is_none() -> None:
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    found = choose([Claim("container", last)], LENGTH, RECEIVED)
    assert (found.start, found.end) == (last, None)


def test_sidecar_before_name_before_container_and_all_are_kept() -> None:
    sidecar = {
        "capture_start": "2026-03-01T08:30:05+08:00",
        "capture_end": "2026-03-01T08:40:05+08:00",
    }
    found = look(sidecar, "2026-03-01T00:30:02.500Z")
    assert (found.by, found.zone_assumed) == ("sidecar", False)
    assert [one.by for one in found.claims] == ["sidecar", "name", "container"]
    assert found.offset_ms == 5000
    assert found.notes == (
        ("CLOCK_OFFSET", "name is -5000 ms from sidecar"),
        ("CLOCK_OFFSET", "container is -2500 ms from sidecar"),
    )
    assert look(None, "2026-03-01T00:30:01Z").by == "name"
    assert look(None, "2026:03:01 08:30:00", "exif", named=False).by == "exif"


@pytest.mark.parametrize(
    ("stated", "code", "words"),
    [
        ("2026-03-01T00:30:02Z", None, ""),
        ("2026-03-01T00:30:02.001Z", "CLOCK_OFFSET", "+2001 ms"),
        ("2026-03-01T08:30:00Z", "ZONE_QUESTION", "+28800000 ms from name: +8 h"),
        ("2026-02-28T19:00:01Z", "ZONE_QUESTION", "-5.5 h"),
        ("2026-03-01T00:40:00Z", "CAPTURE_END_STATED", "+600000 ms from name: the file's own"),
        ("2026-03-01T08:40:00Z", "ZONE_QUESTION", "+8 h and the file's own length"),
        ("2026-03-01T07:00:00Z", "ZONE_QUESTION", "+6.5 h"),
        ("2026-03-01T00:47:13Z", "CLOCK_OFFSET", "+1033000 ms"),
        ("2025-03-01T00:30:00Z", "CLOCK_OFFSET", "-31536000000 ms"),
    ],
)
def test_the_reason_of_a_difference(stated: str, code: str | None, words: str) -> None:
    found = look(None, stated)
    assert found.by == "name"
    assert codes(found) == ([code] if code else [])
    assert all(words in note for _, note in found.notes)
    # Whatever the reason may be, the difference itself is recorded.
    apart = datetime.fromisoformat(stated) - START
    assert found.offset_ms == abs(apart) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "stated",
    [
        None,
        "",
        "0000:00:00 00:00:00",
        "1904-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000000Z",
        "1969-12-31T16:00:00Z",
        "2026-13-01T00:00:00Z",
        "yesterday",
        "2026-03-01",
    ],
)
def test_times_that_nobody_set_are_no_claims(stated: str | None) -> None:
    assert look(None, stated, named=False).value() == {
        "by": None,
        "claims": [],
        "end": None,
        "offset_ms": None,
        "start": None,
        "zone_assumed": False,
    }


def test_a_claim_of_the_future_is_kept_and_another_is_chosen() -> None:
    late = Claim("name", RECEIVED + timedelta(hours=8), zoned=False)
    container = Claim("container", RECEIVED)
    found = choose([container, late], LENGTH, RECEIVED)
    assert (found.by, found.start) == ("container", RECEIVED)
    assert [one.by for one in found.claims] == ["name", "container"]
    assert found.offset_ms == 8 * 3600 * 1000
    assert found.notes == (
        ("CAPTURE_TIME_UNLIKELY", f"name says {format_time(RECEIVED + timedelta(hours=8))}"),
    )
    alone = choose([late], LENGTH, RECEIVED)
    assert (alone.by, codes(alone)) == ("name", ["CAPTURE_TIME_UNLIKELY"])
    near = Claim("name", RECEIVED + timedelta(minutes=9), zoned=False)
    assert choose([container, near], LENGTH, RECEIVED).by == "name"


def test_a_clock_that_was_reset_is_not_chosen_but_an_old_tape_is() -> None:
    reset = look(None, "2000-01-01T00:03:12Z")
    assert (reset.by, codes(reset)) == ("name", ["CAPTURE_TIME_UNLIKELY"])
    assert look(None, "2000-01-01T00:03:12Z", named=False).by == "container"
    tape = look({"capture_start": "1998-05-04T09:00:00+08:00"})
    assert tape.by == "sidecar"
    assert codes(tape) == ["CLOCK_OFFSET"]


def test_a_span_that_the_file_does_not_have() -> None:
    claimed = {
        "capture_start": "2026-03-01T08:30:00+08:00",
        "capture_end": "2026-03-01T08:45:00+08:00",
    }
    found = look(claimed)
    assert found.notes == (
        ("CAPTURE_SPAN_DIFFERS", "sidecar claims 900000 ms; the file has 600000 ms"),
    )
    pause = {"from": "2026-03-01T08:33:00+08:00", "to": "2026-03-01T08:38:00+08:00"}
    assert not look(claimed | {"interruptions": [pause]}).notes
    short = pause | {"to": "2026-03-01T08:34:00+08:00"}
    assert look(claimed | {"interruptions": [short]}).notes == (
        (
            "CAPTURE_SPAN_DIFFERS",
            "sidecar claims 900000 ms, 60000 ms of it interrupted; the file has 600000 ms",
        ),
    )


def test_an_end_alone_is_kept_and_chooses_nothing() -> None:
    found = look({"capture_end": "2026-03-01T08:45:00+08:00"})
    assert (found.by, found.offset_ms) == ("name", None)
    assert found.claims[0] == Claim("sidecar", None, datetime(2026, 3, 1, 0, 45, tzinfo=UTC))
