"""Profiles of file names: the shipped ones, files of one's own, and what is refused."""

import re
import time
from datetime import datetime
from pathlib import Path

import pytest

from archive.errors import FormatError
from ingest.media.profiles import SHIPPED, Profiles

TEXT = SHIPPED.read_text(encoding="utf-8")
PROFILES = Profiles.parse(TEXT)

OWN = r"""
cunzheng_device_profiles = 1
refused = ["A1_20260301083000.mp4"]

[[profile]]
name = "station"
en = "Station"
zh = "采集站"
pattern = '''ST(?P<device>\d{4})-(?P<time>20\d{12})-(?P<number>\d{3})'''
[[profile.tests]]
name = "ST0042-20260301083000-007.mp4"
device = "0042"
time = 2026-03-01T08:30:00
number = 7
"""


def test_the_shipped_profiles_read_their_own_names() -> None:
    # Parsing tries every test name of the file; this shows that a wrong one would be noticed.
    assert len(PROFILES.profiles) >= 7
    with pytest.raises(FormatError, match=r"number in .* is read as 1"):
        Profiles.parse(TEXT.replace("\nnumber = 1\n", "\nnumber = 9\n", 1))


@pytest.mark.parametrize(
    ("name", "device", "officer", "start", "number", "important"),
    [
        ("DSJ0012_012345_20260301083000_0001.mp4", "DSJ0012", "012345", "08:30:00", 1, False),
        ("DCAM_CAM001_000001_20260301_100000_IMP.mp4", "CAM001", "000001", "10:00:00", None, True),
        ("20260301083000_012345_ABC1234_IMP.mp4", "ABC1234", "012345", "08:30:00", None, True),
        ("0123456_20260301083000.mp4", "0123456", None, "08:30:00", None, False),
        ("VID_20260301_083000.mp4", None, None, "08:30:00", None, False),
        ("2026_03_01_220337_00.TS", None, None, "22:03:37", 0, False),
        ("dsj0012_012345_20260301083000_0001_imp.MP4", "dsj0012", "012345", "08:30:00", 1, True),
    ],
)
def test_names_of_the_facts(
    name: str, device: str, officer: str, start: str, number: int, important: bool
) -> None:
    found = PROFILES.read(name)
    assert found is not None
    assert (found.device, found.officer, found.number) == (device, officer, number)
    assert (found.start.isoformat(), found.important) == (f"2026-03-01T{start}", important)


@pytest.mark.parametrize(
    "name",
    [
        "20261399999999.mp4",
        "DSJ0012_012345_20260230083000.mp4",
        "DSJ0012_012345_20260301246000.mp4",
        "hiv00001.mp4",
        "",
        ".mp4",
        "1" * 256,
        "DSJ0012_012345_２０２６0301083000.mp4",
        "DSJ0012_012345_20260301083000\n.mp4",
    ],
)
def test_what_is_no_such_name(name: str) -> None:
    assert PROFILES.read(name) is None


DOCUMENTED = Path(__file__).parents[2] / "docs" / "media.md"


def test_the_documented_example_and_table_are_true() -> None:
    text = DOCUMENTED.read_text(encoding="utf-8")
    example = text.partition("```toml\n")[2].partition("```")[0]
    assert Profiles.parse(example).read("ST0042-20260301083000-007.mp4") is not None
    lines = [line for line in text.splitlines() if re.match(r"\| `.*\d{6}", line)]
    assert len(lines) == len(PROFILES.profiles)
    for line in lines:
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        names, profile, device, officer, unit, clock, number, important = cells
        found = PROFILES.read(names.split("`")[1])
        assert found is not None
        assert found.profile.partition("/")[0] == profile.strip("`")
        shown = (found.device or "", found.officer or "", found.unit or "")
        assert shown == (device, officer, unit)
        assert f"{found.start:%H:%M:%S}" == clock
        assert ("" if found.number is None else str(found.number)) == number
        assert found.important is (important == "yes")
        for other in names.split("`")[3::2]:
            again = PROFILES.read(other)
            assert again is not None
            assert again.profile == found.profile


def test_own_profiles_come_first_and_take_the_place_of_a_namesake(tmp_path: Path) -> None:
    own = tmp_path / "device-profiles.toml"
    own.write_text(OWN)
    profiles = Profiles.load(own)
    found = profiles.read("ST0042-20260301083000-007.mp4")
    assert found is not None
    assert found.value() == {
        "device": "0042",
        "important": False,
        "number": 7,
        "officer": None,
        "profile": f"station/{profiles.profiles[0].origin}",
        "start": "2026-03-01T08:30:00",
        "unit": None,
    }
    assert profiles.read("0123456_20260301083000.mp4") == PROFILES.read(
        "0123456_20260301083000.mp4"
    )
    own.write_text(OWN.replace('"station"', '"serial_time"'))
    assert Profiles.load(own).read("0123456_20260301083000.mp4") is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("= 1\n", "= 2\n", "cunzheng_device_profiles = 1 was expected"),
        ('en = "Station"', 'en = "Station"\ncolour = "red"', "profile station: .*colour"),
        ("= 1\n", "= 1\nother = 3\n", "other.* is not known"),
        ("-007.mp4", "-07.mp4", "profile station: its test name .* is not read"),
        ("08:30:00\n", "08:30:01\n", "time in .* is read as 2026-03-01 08:30:00"),
        ("08:30:00\n", "08:30:00Z\n", "a time without a zone"),
        ('device = "0042"\n', "", "device in .* is read as 0042"),
        ('"A1_', '"ST0042-20260301083000-001.mp4", "A1_', "station reads the refused"),
        ("(?P<number>", "(?P<colour>", "the named groups are"),
        ("(?P<time>", "(?P<number>", "no regular expression"),
        (r"\d{3})", r"\d{3}", "no regular expression"),
        (r"(?P<number>\d{3})", r"(?P<number>(\d+)+)", "too many ways"),
        (r"(?P<number>\d{3})", r"(?:0|00|\d)*(?P<number>\d{3})", "too many ways"),
        (r"(?P<number>\d{3})", r".*.*.*(?P<number>\d{3})", "too many ways"),
        ('"station"', '"Station 1"', "a name has a to z"),
    ],
)
def test_a_file_is_read_strictly(old: str, new: str, sentence: str) -> None:
    assert old in OWN
    with pytest.raises(FormatError, match=sentence):
        Profiles.parse(OWN.replace(old, new, 1))


def test_a_year_before_recorders_is_no_time() -> None:
    profiles = Profiles.parse(OWN.replace(r"20\d{12}", r"\d{14}"))
    assert profiles.read("ST0042-19000101000000-007.mp4") is not None
    assert profiles.read("ST0042-00010101000000-007.mp4") is None


def test_no_name_costs_more_than_moments() -> None:
    # The dearest expression that is let through: its ways are just below the bound.
    dear = OWN.replace(
        r"(?P<number>\d{3})", r"[A-Z]{0,99}[A-Z]{0,99}[A-Z]{0,98}!(?P<number>\d{3})"
    ).replace("-007", "-!007")
    profiles = Profiles.parse(dear)
    begun = time.process_time()
    assert profiles.read("ST0042-20260301083000-" + "A" * 228 + ".mp4") is None
    assert time.process_time() - begun < 5  # about one where nothing else runs


def test_the_file_is_named_where_it_is_wrong(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_bytes(b"\xff")
    with pytest.raises(FormatError, match=r"mine\.toml"):
        Profiles.load(own)


def test_what_starts_is_the_devices_own_clock() -> None:
    found = PROFILES.read("0123456_20260301083000.mp4")
    assert found is not None
    assert found.start == datetime(2026, 3, 1, 8, 30)  # noqa: DTZ001
