"""A real Ceph 16 gateway for tests: one per test process, killed by its pids. Marker `full`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ports import release, reserve
from s3_servers import SERVERS, admin_client

TOOLS = ("radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph")
MISSING = ("create_only", "create_only_race", "create_only_multipart", "sha256_enforced")
MISSING_WITH_LOCKS = (*MISSING, "lock_on_multipart", "far_dates")
"""What Ceph 16.2 does not promise, in the order of the table."""


@dataclass
class Ceph:
    """A gateway with its one-node cluster."""

    folder: Path
    port: int = 0

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> Any:
        return admin_client(self.http)

    def start(self) -> Ceph:
        # The monitor listens on two ports of its own, next to the gateway's.
        self.port = reserve()
        said = self.folder / "start.log"
        with said.open("wb") as log:
            done = subprocess.run(
                [str(SERVERS / "ceph.sh"), str(self.folder), str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
                timeout=900,
            )
        if done.returncode:
            raise RuntimeError(f"Ceph did not start: {said.read_text(errors='replace')[-2000:]}")
        return self

    def stop(self) -> None:
        pids = self.folder / "pids"
        for pid in map(int, pids.read_text().split() if pids.exists() else ()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        release(self.port)
        shutil.rmtree(self.folder, ignore_errors=True)

    def radosgw_admin(self, *words: str) -> str:
        """The server's own tool, which no S3 right binds."""
        configuration = ["-c", str(self.folder / "ceph.conf"), "-n", "client.rgw"]
        done = subprocess.run(
            ["radosgw-admin", *configuration, *words], capture_output=True, check=True, text=True
        )
        return done.stdout

    def access_log(self, bucket: str, folder: Path) -> list[Path]:
        """The operations log of a bucket, as files."""
        folder.mkdir(exist_ok=True)
        files = []
        for name in sorted(json.loads(self.radosgw_admin("log", "list"))):
            if name.endswith(f"-{bucket}"):
                path = folder / f"{name}.json"
                path.write_text(self.radosgw_admin("log", "show", f"--object={name}"))
                files.append(path)
        return files


@pytest.fixture(scope="session")
def ceph() -> Iterator[Ceph]:
    """One gateway for all tests of this process."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent or os.geteuid() != 0:
        pytest.skip("NOT RUN: needs radosgw, ceph-mon, ceph-osd, ceph-common, and root")
    server = Ceph(Path(tempfile.mkdtemp(prefix="cunzheng-ceph-")))
    try:
        yield server.start()
    finally:
        server.stop()
