"""Times of files as wrong clocks make them: no database has them all, and none stops anything."""

import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest.describe import _modified
from ingest.settle import FileKey
from ingest.staging import hold

YEARS = (1, 1901, 1970, 2026, 2300, 2446, 9999)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(year: int) -> int:
    return (datetime(year, 2, 1, tzinfo=UTC) - EPOCH).days * 86_400 * 10**9 + 123_456_000


def seen(mtime: int, ctime: int) -> Any:
    return SimpleNamespace(st_dev=1, st_ino=2, st_size=3, st_mtime_ns=mtime, st_ctime_ns=ctime)


def test_the_key_of_a_file_of_any_year_has_numbers_that_a_database_has() -> None:
    keys = [FileKey.of(seen(nanoseconds(m), nanoseconds(c))) for m in YEARS for c in YEARS]
    assert len(set(keys)) == len(keys), "another time is another key"
    assert all(-(1 << 63) <= number < 1 << 63 for key in keys for number in key)
    usual = FileKey.of(seen(nanoseconds(2026), nanoseconds(1901)))
    assert usual[3:] == (nanoseconds(2026), nanoseconds(1901)), "these stay what they are"


@pytest.mark.parametrize("year", [1902, 2300, 2446])
def test_the_record_says_the_time_that_the_file_claims(tmp_path: Path, year: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"a")
    os.utime(path, ns=(0, nanoseconds(year)))
    claimed = path.stat().st_mtime_ns
    held = hold(os.fsencode(path), ("sha256",), expected=FileKey.of(path.stat()))
    assert held.modified_ns == claimed
    said = datetime.fromisoformat(_modified(claimed).decode().strip('"'))
    assert said == datetime.fromtimestamp(claimed // 10**9, UTC).replace(microsecond=123_456)


@pytest.mark.parametrize("year", [1, 9999, 20_000])
def test_a_time_of_any_year_is_written_down(year: int) -> None:
    text = _modified(nanoseconds(year) if year < 10_000 else 10**21).decode()
    assert text == (
        f'"{year:04}-02-01T00:00:00.123456Z"' if year < 10_000 else _modified(0).decode()
    )
