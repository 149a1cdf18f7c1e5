"""Commands under other accounts of the machine; needs root and an interpreter that they can use."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NOBODY = 65534
MAIN = "from cli.main import main; main()"
_PYTHONS = (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3")
_PARTS = ("signing", "archive", "ingest", "cli", "config", "tests/support")


@cache
def checkout() -> tuple[Path, Path]:
    """The checkout and its site-packages; copies where other accounts cannot reach them."""
    places = (ROOT, Path(sysconfig.get_path("purelib")))
    folders = {folder for place in places for folder in (place, *place.parents)}
    if all(folder.stat().st_mode & 0o005 == 0o005 for folder in folders):
        return places
    base = Path(tempfile.mkdtemp(prefix="cunzheng-checkout-", dir="/tmp"))
    atexit.register(shutil.rmtree, base)
    base.chmod(0o755)
    for part in _PARTS:
        shutil.copytree(ROOT / part, base / "root" / part)
    shutil.copytree(places[1], base / "packages", symlinks=True)
    return base / "root", base / "packages"


def packages() -> str:
    """PYTHONPATH for commands under other accounts."""
    return os.pathsep.join(map(str, checkout()))


@dataclass(frozen=True)
class Account:
    """An account by its number, in the group of an archive's socket; `home` is the archive's."""

    uid: int
    group: int
    home: Path

    def __call__(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run `cunzheng`."""
        python = python_for_others()
        assert python is not None
        return _run(self.uid, [python, "-c", MAIN, *map(str, words)], self.group, self.home)

    def json(self, *words: object) -> Any:
        """Run it with --json; the document."""
        done = self(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@cache
def python_for_others() -> str | None:
    """An interpreter with which another account can run the commands."""
    for python in _PYTHONS:
        try:
            if _run(NOBODY, [python, "-c", MAIN, "--version"], NOBODY, Path("/")).returncode == 0:
                return python
        except OSError:
            continue
    return None


def _run(
    uid: int, arguments: list[str], group: int, home: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        user=uid,
        group=uid,
        extra_groups=[group],
        env={
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": packages(),
            "CUNZHENG_HOME": str(home),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
