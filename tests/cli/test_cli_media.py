"""Media through the commands: sealed with what was noticed, examined, searched for and shown."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from home_copies import copy_home
from media_samples import sample

from archive import looking
from archive.errors import Unreachable
from cli import background, media_work
from cli.settings import Settings
from cli.wiring import Workbench

Cli = Any

GOOD = "0123456_012345_20260301083000_0007.mp4"
SIDECAR = {"cunzheng_sidecar": 1, "case": "2026-17", "capture_start": "2026-03-01T08:37:00+08:00"}
OUTSIDE = Path(__file__).parents[1] / "outside"


def change(home: Path, old: str, new: str) -> None:
    settings = home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, at_home: Callable[[Path], Cli]) -> Cli:
    """A film with its sidecar, one that was cut, one without anything, and a text."""
    home = tmp_path_factory.mktemp("media") / "home"
    cli = at_home(home)
    assert cli("init").code == 0
    change(home, "settle_seconds = 2.0", "settle_seconds = 0.0")
    inbox = home / "inbox" / "camera"
    inbox.mkdir()
    film = sample("mp4_fast").read_bytes()
    (inbox / GOOD).write_bytes(film)
    (inbox / f"{GOOD}.json").write_text(json.dumps(SIDECAR), encoding="utf-8")
    (inbox / "cut.mp4").write_bytes(film[: len(film) * 2 // 3])
    (inbox / "nothing.mp4").write_bytes(bytes(3000))
    (inbox / "note.txt").write_text("a note", encoding="utf-8")
    done = cli("watch", "--once", "--json")
    assert (done.json["records"], done.json["rejected"], done.json["receipts"]) == (3, 1, 3)
    return cli


@pytest.fixture
def own(made: Cli, tmp_path: Path, at_home: Callable[[Path], Cli]) -> Cli:
    """A copy of its own."""
    copy_home(made.home, tmp_path / "own")
    return at_home(tmp_path / "own")


def bench_of(cli: Cli) -> Workbench:
    return Workbench(cli.home, Settings.load(cli.home / "cunzheng.toml"), secret="x")


def shown(cli: Cli, *query: str) -> Any:
    return cli("show", cli.record(*query), "--json").json


def names(cli: Cli, *query: str) -> list[str]:
    found = cli("search", *query, "--json").json["records"]
    return sorted(row["name"] for row in found)


def test_damaged_evidence_is_sealed_and_its_condition_with_it(made: Cli) -> None:
    cut = shown(made, "cut")
    condition = cut["description"]["technical"]["condition"]
    assert condition["verdict"] == "truncated"
    assert "CUT_SHORT" in {one["code"] for one in condition["findings"]}
    assert cut["catalog"]["condition"] == "truncated"
    assert "technical" not in shown(made, "note")["description"]


def test_what_holds_no_record_goes_into_quarantine(made: Cli) -> None:
    (reason,) = (made.home / "quarantine").glob("*/reason.json")
    said = json.loads(reason.read_text(encoding="utf-8"))
    assert said["code"] == "NO_RECORD"
    assert "没有任何记录" in said["sentence_zh"]
    assert (reason.parent / "content").read_bytes() == bytes(3000)


def test_records_are_found_by_condition_and_device(made: Cli) -> None:
    assert names(made, "--condition", "truncated") == ["cut.mp4"]
    assert names(made, "--condition", "sound") == [GOOD]
    assert names(made, "--device", "0123456") == [GOOD]
    assert names(made, "--device", "0000000") == []
    assert names(made, "--officer", "012345") == [GOOD]  # only its name says so
    table = made("search", "cut").out.splitlines()
    assert "condition" in table[0] + table[1]
    assert "truncated" in made("search", "cut").out
    wrong = made("search", "--condition", "fine")
    assert wrong.code == 2
    assert "truncated" in wrong.err
    assert "suspicious" in made("search", "--help").out


def test_show_tells_it_in_both_languages(made: Cli) -> None:
    record = made.record(GOOD)
    english = made("show", record).out
    for words in ("h264", "160x120", "sound (checked before", "clocks differ by", "7:00",
                  "says sidecar", "officer 012345", "segment 7", "ffprobe", "MP4", " 15 fps",
                  "012345 (by the file name)"):  # fmt: skip
        assert words in english, words
    assert "mov,mp4" not in english
    assert "15/1" not in english
    chinese = made("--lang", "zh", "show", made.record("cut")).out
    for words in ("不完整（截断）", "封存前检查", "中断", "CUT_SHORT", "字节"):
        assert words in chinese, words
    assert "lacks" not in chinese


def test_status_tells_what_waits(own: Cli) -> None:
    assert own("status", "--json").json["ledger"]["looking"]["count"] == 4
    assert own("status", "--json").json["ledger"]["to_examine"] == 2
    assert "to examine 2, pictures to make 2" in own("status").out
    assert "待检查 2、待制图 2" in own("--lang", "zh", "status").out
    bench = bench_of(own)
    with bench.database.write() as connection:
        row = looking.next_of(connection, looking.EXAMINE)
        assert row is not None
        looking.set_problem(connection, row, "NO_ROOM")
    bench.database.close()
    found = own("status", "--json").json
    assert found["ledger"]["looking"]["problems"] == 1
    (warning,) = (one for one in found["warnings"] if one["code"] == "NOT_LOOKED_AT")
    assert "cunzheng derive" in warning["sentence"]
    assert "已封存音像" in own("--lang", "zh", "status").out


def test_the_full_check_is_amended_and_everything_still_verifies(own: Cli) -> None:
    done = own("derive", "--json")
    assert done.code == 0, done.err
    assert own("status", "--json").json["ledger"]["looking"]["count"] == 0
    film = shown(own, GOOD)
    (event,) = (one for one in film["custody"] if one["kind"] == "record.amended")
    assert event["detail"]["condition"]["verdict"] == "sound"
    assert len(event["detail"]["essence"]) == 2
    english = own("show", own.record(GOOD)).out
    assert "fully checked" in english
    (line,) = (line for line in english.splitlines() if " examined " in line)
    assert line.rstrip().endswith("sound")
    for stream in event["detail"]["essence"]:
        assert f"sha256:{stream['sha256'][:16]}…" in english
    verified = own("verify", "--json")
    assert verified.json["outcome"] == "PASSED", verified.json["findings"]
    checked = subprocess.run(
        [sys.executable, OUTSIDE / "checker.py", own.home / "store", own.home / "policy.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_without_programs_drops_are_sealed_all_the_same(own: Cli) -> None:
    change(own.home, 'media_programs = ""', 'media_programs = "nowhere"')
    shutil.copy(sample("wav"), own.home / "inbox/camera/talk.wav")
    assert own("watch", "--once", "--json").json["receipts"] == 1
    technical = shown(own, "talk")["description"]["technical"]
    assert [one["code"] for one in technical["condition"]["findings"]] == ["TOOLS_MISSING"]
    assert technical["condition"]["verdict"] == "sound"
    done = own("derive")
    assert done.code == 2
    assert "ffprobe of version 8" in done.err
    change(own.home, 'media_programs = "nowhere"', 'media_programs = ""')
    assert own("derive").code == 0
    (event,) = (one for one in shown(own, "talk")["custody"] if one["kind"] == "record.amended")
    assert event["detail"]["condition"] == {"findings": [], "verdict": "sound"}


def test_profiles_that_cannot_be_used_are_told_at_the_start(own: Cli) -> None:
    change(own.home, 'device_profiles = ""', 'device_profiles = "mine.toml"')
    (own.home / "mine.toml").write_text("cunzheng_device_profiles = 2\n", encoding="utf-8")
    done = own("watch", "--once")
    assert done.code == 2
    assert "mine.toml" in done.err


# --- the thread beside the watcher


@pytest.fixture
def waiting(own: Cli) -> Iterator[Workbench]:
    bench = bench_of(own)
    yield bench
    bench.database.close()


def test_the_thread_works_while_nothing_is_received(
    waiting: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, busy = threading.Event(), threading.Event()
    busy.set()
    seen: list[bool] = []

    def step(_: object) -> bool:
        seen.append(busy.is_set())
        done.set()
        return False

    monkeypatch.setattr(media_work, "steps_of", lambda _: (step,))
    with media_work.media_work(waiting, busy.is_set, lambda _: None):
        assert not done.wait(0.6)
        busy.clear()
        assert done.wait(60)
    assert not any(seen)


def test_trouble_is_told_once_and_ends_nothing(
    waiting: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    errors: list[Exception] = [Unreachable("away"), Unreachable("away"), ValueError("ours")]
    done = threading.Event()

    def step(_: object) -> bool:
        if errors:
            raise errors.pop(0)
        done.set()
        return False

    monkeypatch.setattr(media_work, "steps_of", lambda _: (step,))
    monkeypatch.setattr(background, "_BACK_OFF_SECONDS", (0.01,))
    with media_work.media_work(waiting, lambda: False, told.append):
        assert done.wait(60)
    assert len(told) == 2
    assert "Away" in told[0]


def test_the_setting_leaves_it_to_people(own: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    change(own.home, "media_examine = true", "media_examine = false")
    bench = bench_of(own)
    monkeypatch.setattr(media_work, "steps_of", lambda _: pytest.fail("it works"))
    before = set(threading.enumerate())
    with media_work.media_work(bench, lambda: False, lambda _: None):
        assert set(threading.enumerate()) <= before
    bench.database.close()


def test_one_process_at_a_time(own: Cli) -> None:
    from cli.one_at_a_time import one_at_a_time

    with one_at_a_time(own.home / "locks" / "media"):
        done = own("derive")
    assert done.code == 3
    assert "Another process" in done.err


def test_what_is_done_is_sealed_every_minute_and_named(
    waiting: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film that takes an hour is not lost with the ones behind it."""
    now, left, named = [0.0], [3], list[str]()
    sealed: list[tuple[float, int]] = []

    def step(_: object) -> bool:
        now[0] += 40
        left[0] -= 1
        return left[0] >= 0

    def nothing(_: object) -> bool:
        return False

    monkeypatch.setattr(media_work, "steps_of", lambda _: (step, nothing, nothing, nothing))
    monkeypatch.setattr(media_work.time, "monotonic", lambda: now[0])
    sealer = SimpleNamespace(drain=lambda: sealed.append((now[0], left[0])))
    waiting.__dict__["sealer"] = sealer  # opened only once
    assert media_work.drain(waiting, lambda *_: None, about=named.append) == 3
    assert [left for _, left in sealed] == [1, -1]
    with waiting.database.read() as connection:
        first = looking.next_of(connection, looking.DERIVE)
    assert first is not None
    assert named[0] == first.record
