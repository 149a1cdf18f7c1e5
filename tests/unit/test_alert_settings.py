from datetime import datetime
from importlib.resources import files

import pytest

from archive.errors import FormatError
from archive.oversight.alerts.settings import RULES, AlertSettings
from archive.times import SHANGHAI

TEXT = files("config").joinpath("alerts.toml").read_text(encoding="utf-8")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_the_default_rules_are_readable_and_complete() -> None:
    settings = AlertSettings.parse(TEXT)
    assert settings.a2.floor == 20
    assert settings.history_days == 30
    assert settings.a9.exempt_capacities == {"authority", "internal_supervision", "judicial_bureau"}
    assert {"A10", "A11"}.isdisjoint(RULES)
    assert len(RULES) == 14


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cunzheng_alerts = 1", "cunzheng_alerts = 2"),
        ("cunzheng_alerts = 1", "cunzheng_alerts = true"),
        ("cunzheng_alerts = 1", ""),
        ("floor = 20", "floor = 0"),
        ("floor = 20", "floor = 20.0"),
        ("floor = 20", ""),
        ("floor = 20", "floor = 20\nceiling = 3"),
        ('severity = "low"', 'severity = "small"'),
        ('assignee = "inspector.internal"', 'assignee = "boss"'),
        ("share_percent = 90", "share_percent = 101"),
        ('until = "18:30"', 'until = "07:30"'),
        ('until = "18:30"', 'until = "1830"'),
        ("weekdays = [1, 2", "weekdays = [0, 2"),
        ("holidays = []", 'holidays = ["2026-02-30"]'),
        ('case_purposes = ["case_handling"', 'case_purposes = ["gossip"'),
        ("[history]", "[A10]\nenabled = true\n[history]"),
        ("[history]", "[history"),
        ("enabled = true", "enabled = 1"),
    ],
)
def test_what_is_wrong_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(FormatError):
        AlertSettings.parse(TEXT.replace(old, new, 1))


def test_office_hours_follow_the_calendar_that_is_given() -> None:
    text = TEXT.replace("holidays = []", 'holidays = ["2026-10-01"]')
    text = text.replace("workdays = []", 'workdays = ["2026-10-10"]')
    office = AlertSettings.parse(text).office
    assert office.is_open(at("2026-09-30 08:00"))
    assert not office.is_open(at("2026-09-30 18:30"))
    assert not office.is_open(at("2026-10-01 10:00"))  # a holiday, Thursday
    assert not office.is_open(at("2026-10-11 10:00"))  # Sunday
    assert office.is_open(at("2026-10-10 10:00"))  # a Saturday that is worked
    assert office.is_evening(at("2026-10-01 21:59"))
    assert not office.is_evening(at("2026-10-01 22:00"))
