"""`cunzheng report gaps`: a station's manifest dropped beside its files; who sees the document."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from media_samples import sample
from office_watched import ACCOUNTS, Watched, make_watched_office

from archive.errors import Denied
from cli.service.operations import Caller, Host, find

CAMERA = "CAM0042"
SEGMENTS = {"100000": 1, "100002": 2, "100030": 4}
"""Start and number of recordings of two seconds: one is missing before the last."""
LOST = "DSJ0012_012345_20260301083000_0002.mp4"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    made = make_watched_office(tmp_path_factory.mktemp("gaps"))
    inbox = made.office.home / "inbox" / "camera"
    lines = {"笔录.txt": made.office.content, LOST: b"never came"}
    text = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in lines.items())
    (inbox / "manifest.sha256").write_text(text, encoding="gb18030")
    for clock, number in SEGMENTS.items():
        name = f"{CAMERA}_012345_20260501{clock}_{number:04}.wav"
        shutil.copy(sample("wav"), inbox / name)
    done = made.office("watch", "--once")
    assert done.code == 0, done.err
    return made


def test_what_was_listed_and_never_arrived(watched: Watched) -> None:
    done = watched.office("report", "gaps", "--device", "DSJ0012", "--json")
    assert done.code == 0, done.err
    (row,) = done.json["rows"]
    assert (row["day"], row["device"], row["code"]) == ("2026-03-01", "DSJ0012", "LISTED_MISSING")
    assert row["note"] == LOST
    records = watched.office("search", "manifest", "--json").json["records"]
    assert [record["record"] for record in records] == [row["records"]]


def test_what_is_missing_between_recordings_that_were_dropped(watched: Watched) -> None:
    found = watched.office("report", "gaps", "--device", CAMERA, "--json").json["rows"]
    assert [(row["code"], row["numbers"], row["seconds"]) for row in found] == [
        ("SEGMENTS", "1–4", 6.0),
        ("MISSING", "3", 26.0),
    ]
    assert found[0]["note"] == "segments: 3"
    assert (found[1]["from"], found[1]["to"]) == (
        "2026-05-01T02:00:04.000000Z",
        "2026-05-01T02:00:30.000000Z",
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--from", "2026-03-01", "--to", "2026-03-01"), 1),
        (("--to", "2026-02-28"), 0),
        (("--from", "2026-03-02", "--to", "2026-04-30"), 0),
        (("--from", "2026-05-01"), 2),
        (("--device", "DSJ0012", "--pause", "60"), 1),
        (("--device", "DSJ0013"), 0),
        (("--unit", "nowhere"), 0),
    ],
)
def test_options(watched: Watched, options: tuple[str, ...], count: int) -> None:
    assert len(watched.office("report", "gaps", *options, "--json").json["rows"]) == count


def test_a_pause_of_days_is_refused(watched: Watched) -> None:
    assert watched.office("report", "gaps", "--pause", "86401").code == 2


@pytest.mark.parametrize("ending", ["csv", "xlsx", "html", "pdf"])
def test_files_in_every_format(watched: Watched, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"gaps.{ending}"
    done = watched.office("--lang", "zh", "report", "gaps", "-o", path)
    assert done.code == 0, done.err
    begins = {"pdf": b"%PDF", "xlsx": b"PK", "html": b"<!DOCTYPE", "csv": b"\xef\xbb\xbf"}
    assert path.read_bytes().startswith(begins[ending])


def test_profiles_of_ones_own_that_are_wrong_are_one_sentence(watched: Watched) -> None:
    home = watched.office.home
    (home / "mine.toml").write_text("cunzheng_device_profiles = 2\n")
    settings = home / "cunzheng.toml"
    before = settings.read_text(encoding="utf-8")
    settings.write_text(
        before.replace('device_profiles = ""', 'device_profiles = "mine.toml"'), encoding="utf-8"
    )
    done = watched.office("report", "gaps")
    settings.write_text(before, encoding="utf-8")
    assert done.code != 0
    assert "mine.toml: cunzheng_device_profiles = 1 was expected" in done.err
    assert "Traceback" not in done.err


def test_who_sees_it(watched: Watched) -> None:
    bench = watched.office.bench()
    host = Host(bench, "service")

    def rows(person: str, **params: str) -> int:
        caller = Caller(int(ACCOUNTS[person]), 4000, None)
        asked = {"format": "json", "lang": "en", **params}
        with find("receive", "report.gaps")(host, caller, asked) as delivery:
            return len(json.loads(b"".join(delivery))["rows"])

    assert rows("watcher") == 3
    # The source was never confirmed as one of his unit's.
    assert rows("leader") == 0
    for person, params in (("leader", {"unit": "elsewhere"}), ("clerk", {}), ("machine", {})):
        with pytest.raises(Denied):
            rows(person, **params)
    bench.database.close()


def test_help_has_an_example(watched: Watched) -> None:
    done = watched.office("report", "gaps", "--help")
    assert "cunzheng report gaps --from" in done.text.replace("\n", " ")
