"""The retention schedule, its periods and classes: read strictly, counted by the calendar."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from archive.errors import FormatError
from archive.registers.keeping import CaseFacts, End, latest
from archive.vocabulary import CATEGORIES, IMPORTANCES, PROMOTIONS
from retention.classes import Facts, Placed, class_of
from retention.ends import case_end, cases_end, retain_until
from retention.law import RetentionLaw
from retention.periods import Period, day_of, start_of_day
from retention.schedule import Schedule

TEXT = (Path(__file__).parents[2] / "config" / "retention-schedule.toml").read_text("utf-8")
SCHEDULE = Schedule.parse(TEXT)
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def end(period: str, day: str) -> str:
    found = Period.parse(period).end(start_of_day(date.fromisoformat(day)))
    assert found is not None
    # 24:00 of a day is 00:00 of the next one.
    return (day_of(found) - timedelta(days=1)).isoformat()


# ── periods ──


@pytest.mark.parametrize(
    ("period", "day", "last"),
    [
        ("6m", "2026-11-22", "2027-05-22"),
        ("6m", "2026-08-31", "2027-02-28"),
        ("6m", "2027-08-31", "2028-02-29"),
        ("1m", "2026-01-31", "2026-02-28"),
        ("1m", "2026-02-28", "2026-03-28"),
        ("12m", "2026-12-31", "2027-12-31"),
        ("1y", "2028-02-29", "2029-02-28"),
        ("4y", "2028-02-29", "2032-02-29"),
        ("30y", "2026-11-22", "2056-11-22"),
        ("30d", "2026-12-15", "2027-01-14"),
    ],
)
def test_calendar_periods_end_on_the_same_day_or_the_last(period: str, day: str, last: str) -> None:
    assert end(period, day) == last


def test_the_day_is_that_of_shanghai_and_ends_at_midnight() -> None:
    late = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
    assert Period.parse("1d").end(late) == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert Period.parse("1d").end(late + timedelta(seconds=1)) == datetime(
        2026, 11, 24, 16, tzinfo=UTC
    )
    assert Period.parse("permanent").end(late) is None


@pytest.mark.parametrize("text", ["", "6", "m", "06m", "0d", "-1d", "6M", "1w", "101y", 6, None])
def test_other_periods_are_none(text: object) -> None:
    with pytest.raises(FormatError):
        Period.parse(text)


def test_nothing_beyond_the_calendar() -> None:
    with pytest.raises(FormatError):
        Period.parse("100y").end(datetime(9950, 1, 1, tzinfo=UTC))
    with pytest.raises(FormatError):
        Period.parse("1d").end(datetime(9999, 12, 30, 12, tzinfo=UTC))


# ── the text ──


def test_the_default_names_every_case_and_every_cause_that_it_should() -> None:
    assert str(SCHEDULE.shortest) == "6m"
    for category in CATEGORIES:
        assert SCHEDULE.for_case(category, "ordinary").name == "case_file"
        assert SCHEDULE.for_case(category, "major").name == "case_major"
    causes = {cause: SCHEDULE.for_cause(cause) for cause in PROMOTIONS}
    assert causes.pop("other") is None
    assert all(one and one.period and one.period.permanent for one in causes.values())
    assert all(one.basis and one.zh and one.en for one in SCHEDULE.classes)


@pytest.mark.parametrize(
    ("media", "name"),
    [
        ("video/mp4", "av_unlinked"),
        ("image/jpeg", "av_unlinked"),
        ("text/plain", "document_unlinked"),
        ("application/octet-stream", "document_unlinked"),
        ("", "document_unlinked"),
    ],
)
def test_classes_by_media_type(media: str, name: str) -> None:
    assert SCHEDULE.for_media(media).name == name


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("cunzheng_retention = 1", "cunzheng_retention = 2", "cunzheng_retention"),
        ("cunzheng_retention = 1", "cunzheng_retention = true", "cunzheng_retention"),
        ("cunzheng_retention = 1", "cunzheng_retention = 1\nmore = 2", "nothing else"),
        ('name = "case_file"', 'name = "case_major"', "same name"),
        ('name = "case_file"', 'name = "Case"', "class Case: name"),
        ('period = "30y"', 'period = "30"', "case_file: period"),
        ('period = "30y"', 'periode = "30y"', "periode"),
        ('period = "30y"\n', "", "either a period"),
        ("same_as_case = true\nbasis", 'period = "1y"\nbasis', "same_as_case"),
        ("same_as_case = true\nb", 'same_as_case = true\nperiod = "1y"\nb', "either a period"),
        ('trigger = "flag"\nperiod = "3y"', 'trigger = "never"\nperiod = "3y"', "trigger"),
        ('media = ["audio/", "image/", "video/"]\n', "", "exactly one class of capture_end"),
        ('importance = "major"', 'importance = "minor"', "importance"),
        ('causes = ["evidence_used"]', 'causes = ["obstruction"]', "same cause"),
        ('causes = ["evidence_used"]', 'media = ["video/"]', "does not belong"),
        ('en = "file of a major case"', 'en = " "', "not empty"),
        ('zh = "重大案件案卷"\n', "", "zh is missing"),
        ("[[class]]", "[[classes]]", "nothing else"),
        ("[[class]]", "[class]", "TOML"),
    ],
)
def test_a_schedule_is_read_strictly(old: str, new: str, wrong: str) -> None:
    assert old in TEXT
    with pytest.raises(FormatError, match=wrong):
        Schedule.parse(TEXT.replace(old, new, 1))


def test_every_case_has_a_class_and_some_period_ends() -> None:
    only_penalty = TEXT.replace(
        'trigger = "case_close"\nperiod = "30y"',
        'trigger = "case_close"\ncategories = ["penalty"]\nperiod = "30y"',
    )
    with pytest.raises(FormatError, match="no class is for cases of"):
        Schedule.parse(only_penalty)
    lines = [
        'period = "permanent"' if line.startswith("period") else line for line in TEXT.splitlines()
    ]
    with pytest.raises(FormatError, match="at least one class has a period that ends"):
        Schedule.parse("\n".join(lines))
    with pytest.raises(FormatError):
        Schedule.parse("# " + "x" * 70_000)


def test_of_equal_periods_the_name_is_always_the_same() -> None:
    law = RetentionLaw()
    twelve = TEXT.replace('"6m"', '"12m"').replace('"3y"', '"1y"')
    assert law.floor_class(twelve) == "12m"
    assert law.floor(twelve, NOON) == datetime(2027, 11, 22, 16, tzinfo=UTC)
    law.check(twelve)
    with pytest.raises(FormatError):
        law.class_end(TEXT, "nothing", NOON)


# ── ends ──


def test_ends_together() -> None:
    soon, late = End(NOON), End(NOON + timedelta(days=1))
    assert latest([soon, late]) == late
    assert latest([soon, End(None, open=True)]) == End(NOON, open=True)
    assert latest([End(None, open=True), End(None), soon]) == End(None)
    assert latest([]).open
    assert not End(None).due(NOON + timedelta(days=10**6))
    assert not End(NOON, open=True).due(NOON)
    assert soon.due(NOON)


@pytest.mark.parametrize("importance", IMPORTANCES)
def test_a_case_that_runs_has_no_end(importance: str) -> None:
    found = case_end(SCHEDULE, CaseFacts("penalty", importance, None))
    assert found == (End(None) if importance == "major" else End(None, open=True))
    closed = CaseFacts("penalty", importance, date(2026, 12, 1))
    moment = None if importance == "major" else datetime(2056, 12, 1, 16, tzinfo=UTC)
    assert case_end(SCHEDULE, closed) == End(moment)
    assert cases_end(SCHEDULE, []) is None


def test_a_class_may_count_from_the_decision() -> None:
    text = TEXT.replace(
        'trigger = "case_close"\nperiod = "30y"', 'trigger = "decision"\nperiod = "30y"'
    )
    schedule = Schedule.parse(text)
    decided = CaseFacts("penalty", "ordinary", date(2026, 12, 1), date(2026, 11, 25))
    assert case_end(schedule, decided).moment == datetime(2056, 11, 25, 16, tzinfo=UTC)
    undecided = CaseFacts("penalty", "ordinary", date(2026, 12, 1))
    assert case_end(schedule, undecided).moment == datetime(2056, 12, 1, 16, tzinfo=UTC)
    assert case_end(SCHEDULE, decided).moment == datetime(2056, 12, 1, 16, tzinfo=UTC)


# ── classes of records ──


def placed(**changed: object) -> tuple[str, str] | None:
    facts = {"media": "video/mp4", "received_at": NOON, **changed}
    found = class_of(SCHEDULE, Facts(**facts))  # type: ignore[arg-type]
    return None if found is None else (found.one.name, day_of(found.trigger).isoformat())


def test_a_claimed_capture_counts_in_the_thirty_days_before_the_receipt() -> None:
    assert placed() == ("av_unlinked", "2026-11-22")
    assert placed(captured_end=NOON - timedelta(days=3)) == ("av_unlinked", "2026-11-19")
    # The 30th day before began more than 30 days before the receipt.
    assert placed(captured_end=NOON - timedelta(days=29)) == ("av_unlinked", "2026-10-24")
    assert placed(captured_end=NOON - timedelta(days=30)) == ("av_unlinked", "2026-11-22")
    assert placed(captured_end=NOON - timedelta(days=4000)) == ("av_unlinked", "2026-11-22")
    assert placed(captured_end=NOON + timedelta(seconds=1)) == ("av_unlinked", "2026-11-22")
    early = NOON - timedelta(days=400)
    assert placed(captured_end=early, confirmed=early) == ("av_unlinked", "2025-10-18")


def test_a_persons_word_comes_first() -> None:
    assert placed(said="exam_video") == ("exam_video", "2026-11-22")
    assert placed(said="case_material") is None, "it waits for a case"
    with pytest.raises(FormatError):
        placed(said="nothing")


def test_cases_are_waited_for_and_the_longest_counts() -> None:
    running = CaseFacts("penalty", "ordinary", None)
    closed = CaseFacts("penalty", "ordinary", date(2026, 12, 1))
    later = CaseFacts("penalty", "ordinary", date(2027, 12, 1))
    major = CaseFacts("penalty", "major", None)
    assert placed(cases=[running]) is None
    assert placed(cases=[closed, running]) is None
    assert placed(cases=[closed]) == ("case_file", "2026-12-01")
    assert placed(cases=[later, closed]) == ("case_file", "2027-12-01")
    assert placed(cases=[running, major]) == ("case_major", "2026-11-22")
    assert placed(cases=[closed], said="case_material") == ("case_file", "2026-12-01")
    assert placed(cases=[closed], said="exam_video") == ("exam_video", "2026-11-22")


def test_a_case_that_was_closed_long_before_the_receipt_counts_from_the_receipt() -> None:
    old = CaseFacts("penalty", "ordinary", date(2020, 12, 1))
    assert placed(cases=[old]) == ("case_file", "2026-11-22")
    confirmed = start_of_day(date(2020, 12, 1))
    assert placed(cases=[old], confirmed=confirmed) == ("case_file", "2020-12-01")


def test_what_a_class_gives() -> None:
    found = Placed(SCHEDULE.named("case_material"), NOON)
    assert retain_until(found.one, found.trigger).open
    assert retain_until(SCHEDULE.named("evidence"), NOON).permanent
