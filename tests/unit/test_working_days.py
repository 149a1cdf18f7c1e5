"""Working days: golden vectors, every known day, overlays, and years without a notice."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from archive.errors import FormatError
from retention.working_days import Calendar, Overlay, in_working_days

CONFIG = Path(__file__).parents[2] / "config" / "calendar"
YEAR = """
cunzheng_calendar = 1
year = 2031
source = "国办发明电〔2030〕1号"
off = [2031-01-01, 2031-01-23]
work = [2031-01-26]
"""


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        ("2026-02-09", 7, "2026-02-25"),
        ("2026-02-09", 20, "2026-03-13"),
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-02-13", 7, "2026-03-02"),
        ("2026-09-30", 7, "2026-10-15"),
        ("2026-09-30", 20, "2026-11-03"),
        ("2025-09-29", 3, "2025-10-10"),
    ],
)
def test_golden_vectors(start: str, days: int, last: str) -> None:
    found = Calendar().after(date.fromisoformat(start), days)
    assert (found.day.isoformat(), found.provisional, found.reason) == (last, False, "")
    assert found.calendar.startswith("chinesecalendar 1.")


def test_every_known_day_is_that_of_the_notices() -> None:
    calendar, day = Calendar(), date(2004, 1, 1)
    while day <= date(2026, 12, 31):
        assert calendar.is_workday(day) is chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_a_year_without_notice_is_provisional_and_says_which() -> None:
    calendar = Calendar()
    assert calendar.is_workday(date(2098, 1, 4)) is None
    # Twenty working days from 2026-12-04 on go into 2027, whatever is in them.
    found = calendar.after(date(2026, 12, 30), 20)
    if calendar.is_workday(date(2027, 1, 4)) is None:
        assert (found.provisional, found.reason) == (
            True,
            "no notice of the working days of 2027",
        )
    within = calendar.after(date(2026, 12, 1), 20)
    assert (within.day, within.provisional) == (date(2026, 12, 29), False)
    both = calendar.after(date(2097, 12, 20), 15)
    assert both.reason.endswith("2097, 2098")
    # Fixed national days are off even then, lunar ones are not guessed.
    assert calendar.on_or_after(date(2098, 10, 1)).day == date(2098, 10, 6)


def test_an_overlay_holds_for_its_whole_year_and_is_named() -> None:
    overlay = Overlay.parse(YEAR)
    calendar = Calendar({2031: overlay})
    assert calendar.is_workday(date(2031, 1, 23)) is False
    assert calendar.is_workday(date(2031, 1, 26)) is True
    assert calendar.is_workday(date(2031, 10, 1)) is True, "only what the notice says"
    found = calendar.after(date(2031, 1, 22), 2)
    assert (found.day, found.provisional) == (date(2031, 1, 26), False)
    assert "2031 国办发明电〔2030〕1号 sha256:" in found.calendar
    # An overlay of a year that the package has goes before it.
    changed = YEAR.replace("2031-01-26", "2026-01-10").replace("2031", "2026")
    assert Calendar({2026: Overlay.parse(changed)}).is_workday(date(2026, 1, 10)) is True
    assert Calendar().is_workday(date(2026, 1, 10)) is False


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("cunzheng_calendar = 1", "cunzheng_calendar = 2", "cunzheng_calendar"),
        ("year = 2031", "year = 2032", "not of 2032"),
        ('source = "国办发明电〔2030〕1号"', 'source = " "', "number of the notice"),
        ("2031-01-26", "2031-01-27", "Saturdays"),
        ("2031-01-26", "2031-01-26T00:00:00", "a date"),
        ("off = [", "offf = [", "off"),
        ("2031-01-23]", "2031-01-26]", "both"),
        ("[2031-01-26]", "[2031-01-26", "TOML"),
    ],
)
def test_an_overlay_is_read_strictly(old: str, new: str, wrong: str) -> None:
    with pytest.raises(FormatError, match=wrong):
        Overlay.parse(YEAR.replace(old, new, 1))


def test_overlays_of_folders(tmp_path: Path) -> None:
    (tmp_path / "2031.toml").write_text(YEAR, encoding="utf-8")
    other = tmp_path / "own"
    other.mkdir()
    (other / "a.toml").write_text(YEAR.replace("〔2030〕1", "〔2030〕2"), encoding="utf-8")
    assert Calendar.load([tmp_path, other]).overlays[2031].source == "国办发明电〔2030〕2号"
    assert Calendar.load([CONFIG, tmp_path / "none"]).is_workday(date(2026, 1, 1)) is False
    (other / "b.toml").write_text("x", encoding="utf-8")
    with pytest.raises(FormatError, match=r"b\.toml"):
        Calendar.load([other])


def test_soft_dates_and_the_end_of_a_day() -> None:
    overlay = Overlay.parse(
        'cunzheng_calendar = 1\nyear = 2027\nsource = "x"\noff = [2027-01-01]\nwork = []\n'
    )
    calendar = Calendar({2027: overlay})
    found = calendar.on_or_before(date(2027, 1, 31))
    assert (found.day, found.provisional) == (date(2027, 1, 29), False)
    assert found.end == datetime(2027, 1, 29, 16, tzinfo=UTC)
    assert calendar.on_or_after(date(2027, 1, 30)).day == date(2027, 2, 1)


def test_which_periods_are_working_days() -> None:
    penalty = [days for days in (1, 2, 3, 5, 7, 10, 90) if in_working_days("penalty", days)]
    assert penalty == [2, 3, 5, 7]
    assert in_working_days("coercion", 10)
    assert not in_working_days("coercion", 30)
    assert in_working_days("permit", 20)
    assert not in_working_days("other", 7)


@pytest.mark.parametrize("days", [0, -1, 10_001])
def test_nothing_is_counted_without_an_end(days: int) -> None:
    with pytest.raises(ValueError, match="working days"):
        Calendar().after(date(2026, 1, 1), days)
