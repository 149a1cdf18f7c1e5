"""Readers of hostile documents, watched by strace: nobody calls, nothing outside is opened."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed"),
]
STRACE = ("strace", "-f", "-qq", "-s", "400", "-e", "signal=none")
PROGRAM = """
import sys, pathlib
import hostile_drops_files, hostile_drops_packages
from hostile_drops import TABLE
from ingest.documents.extract import DOCUMENTS
from ingest.documents.readers import Readers
from ingest.kind import detect
folder = pathlib.Path(sys.argv[1])
readers = Readers(seconds=60)
for name, hostile in TABLE.items():
    if hostile.slow:
        continue
    hostile.lay(folder)
    path = folder / name
    head = path.read_bytes()[:65536]
    media = detect(head, name, None, complete=False, whole=(path, path.stat().st_size)).type
    found = readers.read(path, media if media in DOCUMENTS else "application/octet-stream", name)
    print(name, [code for code, _ in found.findings])
    path.unlink()
readers.close()
"""


def test_no_call_and_nothing_but_libraries_is_opened(tmp_path):
    ear = socket.create_server(("127.0.0.1", 0))
    ear.setblocking(False)
    log, drops = tmp_path / "log", tmp_path / "drops"
    drops.mkdir()
    calls = "trace=%network,%file,fork,vfork,clone,clone3,prctl"
    done = subprocess.run(
        [*STRACE, "-e", calls, "-o", str(log), sys.executable, "-c", PROGRAM, str(drops)],
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/tests/support", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 40
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    children = {one.split()[0] for one in lines if "execve(" in one and "documents.child" in one}
    assert children
    own = [one for child in children for one in _confined(lines, child)]
    made = [one for one in own if re.search(r" (socket|connect|execve|clone3?|v?fork)\(", one)]
    assert made == []
    opened = {
        match[1]: one for one in own if (match := re.search(r' open\w*\([^"]*"([^"]+)"', one))
    }
    places = (str(ROOT), sys.prefix, sys.base_prefix, "/usr/", "/lib", "/etc/ld", "/proc/", "/dev/")
    assert [path for path in opened if not path.startswith(places)] == []
    assert [one for one in own if re.search(r"O_(WRONLY|RDWR|CREAT)", one)] == []
    with pytest.raises(BlockingIOError):
        ear.accept()
    ear.close()


def _confined(lines: list[str], child: str) -> list[str]:
    """What a child did from the moment it had given up what it does not need."""
    own = [one for one in lines if one.split()[0] == child]
    (start,) = (place for place, one in enumerate(own) if "PR_SET_SECCOMP" in one)
    return own[start + 1 :]
