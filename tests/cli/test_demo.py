"""`make demo` from beginning to end; every step says what must come out, and is held to it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from demo_place import InUse, Place

DEMO = Path(__file__).resolve().parents[1] / "support" / "demo.py"


def play(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, DEMO],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=1800,
        check=False,
    )


@pytest.mark.full
def test_the_demo_goes_as_announced_and_spares_what_is_not_its_own(tmp_path: Path) -> None:
    done = play(tmp_path, CUNZHENG_LANG="zh")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "本案记录不齐全：缺失 1 项，不完整 1 项。" in done.stdout
    assert (tmp_path / "demo-archive/case.html").stat().st_size > 100_000
    for code in ("CONTENT_ALTERED", "PACK_MISSING", "LEDGER_REWRITTEN", "RECEIPTED_MISSING"):
        assert code in done.stdout
    assert "重复投放" in done.stdout
    assert "再次投放的文件没有成为第二份记录" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "Inotify" not in done.stderr
    inspector = tmp_path / "demo-archive/inspector"
    report = json.loads((inspector / "report-rewritten-1.json").read_bytes())
    assert report["outcome"] == "PASSED"

    mine = tmp_path / "demo-archive/home/inbox/ZFZD-0031/mine.txt"
    mine.write_text("mine")
    again = play(tmp_path, CUNZHENG_LANG="en")
    assert again.returncode == 2
    assert "mine.txt" in again.stdout
    assert mine.read_text() == "mine"


def test_a_folder_that_the_demo_did_not_make_stays(tmp_path: Path) -> None:
    (tmp_path / "demo-archive").mkdir()
    (tmp_path / "demo-archive/letter.txt").write_text("mine")
    done = play(tmp_path, CUNZHENG_LANG="en")
    assert done.returncode == 2
    assert "something of yours" in done.stdout
    assert (tmp_path / "demo-archive/letter.txt").read_text() == "mine"


def test_an_empty_folder_is_made_anew_after_a_run_that_was_broken_off(tmp_path: Path) -> None:
    root = tmp_path / "demo-archive"
    place = Place.fresh(root)
    (place.root / "home").mkdir()
    assert not (Place.fresh(root).root / "home").exists()
    place.home.mkdir()
    (place.home / "inbox").mkdir()
    place.finish()
    Place.fresh(root).finish()
    (root / "report.txt").write_text("mine")
    with pytest.raises(InUse, match=r"report\.txt"):
        Place.fresh(root)
