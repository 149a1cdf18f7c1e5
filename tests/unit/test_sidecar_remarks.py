"""What a good sidecar may say that is odd, and the fields of importance, clock and tags."""

import json

import pytest

from ingest.errors import Classified, SidecarBad
from ingest.remarks import remarks_on
from ingest.sidecar import parse

ONE = {"name": "张三", "number": "012345"}
TWO = {"name": "李四", "number": "012346"}
AROUND = {"capture_start": "2026-11-22T08:30:00+08:00", "capture_end": "2026-11-22T08:40:00+08:00"}


def claims(**fields):
    return parse(json.dumps({"cunzheng_sidecar": 1, **fields}).encode()).claims


def gap(start, end):
    return {"from": f"2026-11-22T{start}+08:00", "to": f"2026-11-22T{end}+08:00"}


def codes(**fields):
    return [code for code, _ in remarks_on(claims(**fields))]


def test_tags_are_kept_as_codes_each_once():
    found = claims(tags=["商业秘密", "minor", "未成年人", "个人隐私", "工作秘密"])
    assert found["tags"] == ["minor", "privacy", "trade_secret", "work_secret"]


def test_importance_and_the_offset_of_the_clock():
    found = claims(importance="important", clock_offset_ms=-1500)
    assert found == {"importance": "important", "clock_offset_ms": -1500}


@pytest.mark.parametrize(
    "fields",
    [
        {"importance": "urgent"},
        {"clock_offset_ms": True},
        {"clock_offset_ms": "5"},
        {"clock_offset_ms": 10**12},
        {"tags": []},
        {"tags": ["secret sauce"]},
        {"tags": "minor"},
    ],
)
def test_other_values_are_refused_by_the_name_of_their_field(fields):
    with pytest.raises(SidecarBad) as caught:
        claims(**fields)
    assert next(iter(fields)) in caught.value.english


def test_a_state_secret_among_the_tags_is_refused():
    with pytest.raises(Classified):
        claims(tags=["机密★10年"])


def test_fewer_than_two_officers():
    assert codes(officers=[ONE]) == ["OFFICERS_FEW"]
    assert codes(officers=[ONE, ONE]) == ["OFFICERS_FEW"], "one person twice is one person"
    assert codes(officers=[ONE, TWO]) == []
    assert codes() == [], "what is not stated cannot be too little"


def test_interruptions_outside_of_the_recording():
    inside, before = gap("08:31:00", "08:32:00"), gap("08:29:59", "08:31:00")
    beyond = gap("08:39:00", "08:40:01")
    assert codes(**AROUND, interruptions=[inside]) == []
    found = remarks_on(claims(**AROUND, interruptions=[inside, before, beyond]))
    assert [(code, note.split()[1]) for code, note in found] == [
        ("INTERRUPTION_OUTSIDE", "2"),
        ("INTERRUPTION_OUTSIDE", "3"),
    ]
    assert codes(interruptions=[before]) == [], "nobody knows the time of the recording"


def test_an_offset_above_an_hour():
    assert codes(clock_offset_ms=3_600_000) == []
    assert codes(clock_offset_ms=-3_600_001) == ["CLOCK_OFFSET_LARGE"]
