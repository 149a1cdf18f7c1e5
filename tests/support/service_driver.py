"""`cunzheng serve` with the operations of tests added; run as a process of its own.

    with served(home) as process: ...

`scratch/housekept` is written by a step of housekeeping, which then fails; `scratch/asked` by the
operation `driver.never`, which never answers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PASSPHRASE = "a passphrase for tests"


@contextmanager
def served(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A service that answers; killed at the end if it still runs."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)]),
        "CUNZHENG_PASSPHRASE": PASSPHRASE,
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen(
        [sys.executable, __file__, str(home)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("serving"):
                _, error = process.communicate(timeout=120)
                raise AssertionError(error)
            yield process
        finally:
            process.kill()
            process.communicate()


def wait_for(path: Path, seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


def main() -> int:
    import toy_operations  # noqa: F401 - registers its operations

    from archive.errors import Unreachable
    from cli.main import run
    from cli.service.operations import Caller, Host, operation, starting

    @operation("driver.never")
    def never(host: Host, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        (host.bench.folder("scratch") / "asked").touch()
        while True:
            time.sleep(60)

    @starting
    def keep_house(host: Host) -> None:
        def step() -> None:
            (host.bench.folder("scratch") / "housekept").touch()
            raise Unreachable("Nothing more to do.")

        host.housekeeping.append(step)

    return run(["--home", sys.argv[1], "serve"], os.environ)


if __name__ == "__main__":
    sys.exit(main())
