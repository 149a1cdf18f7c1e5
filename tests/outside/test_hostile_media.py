"""Media made to harm: nobody reads outside of them, calls out, or takes more than is allowed.

The same table as `make media-hostile`, in a process of its own. With strace every file that the
programs open is known.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_lab import LOOKS
from hostile_media import HOSTILE

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests/support/hostile_media_table.py"
SLOW = {b"many.mp4", b"frames.aac", b"samples.mp4", b"silence.wav", b"hole.ts", b"scans.jpg"}
"""Those that use up their limits; they have their turn in the full suite."""
SOUND = re.compile(r"-rf|concat:|subfile|100%d|\*\.mp4|\$\(id\)|0301|^\W+\.mp4$")
"""Sound media of harmful names."""


def judged(folder: Path, names: list[bytes], *before: str) -> list[dict]:
    environment = {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*before, sys.executable, str(TABLE), "--json", "1", *map(os.fsdecode, names)],
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
    return judged(tmp_path_factory.mktemp("hostile"), names)


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


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_programs_open_nothing_but_what_they_were_given(tmp_path):
    log = tmp_path / "log"
    calls = "trace=open,openat,openat2,execve,socket,connect"
    found = judged(
        tmp_path, [], "strace", "-f", "-qq", "-s", "600", "-e", calls, "-e", "signal=none",
        "-o", str(log),
    )  # fmt: skip
    assert [(row["name"], row["harm"]) for row in found if row["harm"]] == []
    assert len(found) == len(HOSTILE)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    reading = {line.split()[0] for line in lines if "execve(" in line and '"fd:"' in line}
    assert len(reading) > 2 * len(HOSTILE)
    own = [line for line in lines if line.split()[0] in reading]
    assert not [line for line in own if re.search(r" (socket|connect)\(", line)]
    opened = {match[1] for line in own if (match := re.search(r' open\w*\([^"]*"([^"]+)"', line))}
    made = re.compile(r"/(proc|sys|dev|etc/ld|lib|usr/lib)|.*/drops/\d+-derive-\d+\.\w+$")
    assert [path for path in opened if not made.match(path)] == []
    lures = [line for line in lines if re.search(r"canary|beside\.ts|100[01]\.jpg", line)]
    looked = [line for line in lures if " open" in line and "O_RDONLY" in line]
    assert looked == []
