"""What goes wrong between the archive and its buckets, with a real server and the real commands.

python tests/support/bucket_faults.py      # `make faults`: prints every fault with its result

Each row: what happened, what the command said (exit code and sentence), and that after an ordinary
run everything is there once: as many receipts as drops, one version of every object, no upload left
open, verification PASSED.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from s3_faults import Fault, FaultProxy, Request, faulty
from s3_servers import Weed, admin_client, aws_environment, fresh_bucket

from cli import language
from cli.main import run

REPOSITORY = Path(__file__).resolve().parents[2]
PASSPHRASE = "a passphrase for tests"
MIB = 1 << 20


@dataclass(frozen=True)
class Scale:
    """How much of everything: small in the tests, as the table is printed in `make faults`."""

    large: int = 96 * MIB
    stream: int = 60
    some: int = 16


FULL = Scale(large=1024 * MIB, stream=2000, some=200)


@dataclass(frozen=True)
class Row:
    """One line of the table: `codes` are the exit codes of the runs, the last one an ordinary."""

    name: str
    codes: tuple[int, ...]
    said: str
    note: str = ""


@dataclass
class Lab:
    """An archive in buckets of a server of its own, behind a proxy."""

    folder: Path
    weed: Weed
    proxy: FaultProxy
    scale: Scale
    home: Path = field(init=False)
    buckets: list[str] = field(default_factory=list)
    _taken: int = 0

    def __post_init__(self) -> None:
        self.home = self.folder / "home"

    def found(self) -> Lab:
        """Make the archive; drops of more than 1,000 bytes stand alone."""
        admin = admin_client(self.weed.http)
        self.buckets = [fresh_bucket(admin, "e"), fresh_bucket(admin, "l", locked=False)]
        settings = [
            f"store=s3://{self.buckets[0]}",
            f"store_live=s3://{self.buckets[1]}",
            f"s3_endpoint={self.proxy.endpoint}",
            "s3_addressing=path",
            "settle_seconds=0.0",
            "batch_entries=32",
            "pack_up_to=1000",
        ]
        done = self.run("init", *(f"--set={text}" for text in settings))
        assert done[0] == 0, done
        (self.home / "inbox" / "camera").mkdir()
        return self

    def run(self, *arguments: object) -> tuple[int, str, str]:
        """A command in this process: exit code, what it printed, its error."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CUNZHENG_PASSPHRASE", PASSPHRASE)
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(["--home", str(self.home), *map(str, arguments)], {})
        language.choose("en")
        return code, out.getvalue(), err.getvalue()

    def drop(self, count: int, size: int = 0) -> None:
        """Put new files into the inbox; without a size, some travel in packs and some alone."""
        inbox = self.home / "inbox" / "camera"
        for _ in range(count):
            self._taken += 1
            (inbox / f"drop-{self._taken:05}.bin").write_bytes(
                os.urandom(size or (500, 2000)[self._taken % 2])
            )

    def watch(self) -> tuple[int, str, str]:
        return self.run("watch", "--once", "--json")

    def verify(self) -> None:
        """Read everything again; raises AssertionError."""
        self.proxy.fault = lambda _request: None
        code, out, err = self.run("verify", "--json")
        assert (code, json.loads(out).get("outcome")) == (0, "PASSED"), err or out

    def check(self) -> None:
        """Nothing is lost, nothing is doubled; raises AssertionError."""
        self.proxy.fault = lambda _request: None
        left = list((self.home / "inbox" / "camera").iterdir())
        assert left == [], (self._taken, left)
        lines = [
            line
            for path in (self.home / "outbox").rglob("*")
            if path.is_file()
            for line in path.read_text().splitlines()
        ]
        names = [json.loads(line)["name"] for line in lines]
        assert sorted(names) == [f"drop-{number + 1:05}.bin" for number in range(self._taken)]
        admin = admin_client(self.weed.http)
        pages = admin.get_paginator("list_object_versions").paginate(Bucket=self.buckets[0])
        keys = [row["Key"] for page in pages for row in page.get("Versions", [])]
        assert len(keys) == len(set(keys))
        assert not admin.list_multipart_uploads(Bucket=self.buckets[0]).get("Uploads")


@contextlib.contextmanager
def lab(scale: Scale) -> Iterator[Lab]:
    """A founded archive; its server has few, small volumes, so that it can be filled."""
    with tempfile.TemporaryDirectory(prefix="cunzheng-faults-") as name:
        folder = Path(name)
        weed = Weed(folder / "weed", {"VOLUME_MB": "64"})
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in aws_environment(folder).items():
                patch.setenv(variable, value)
            try:
                weed.start()
                with faulty(weed.port) as proxy:
                    yield Lab(folder, weed, proxy, scale).found()
            finally:
                weed.stop()


def sentence(err: str) -> str:
    """The one sentence of an error; there must not be more."""
    lines = [line for line in err.strip().splitlines() if line.startswith("cunzheng:")]
    assert len(lines) == 1, err
    assert "secret" not in err
    return lines[0]


# ── the faults ──


def killed_in_an_upload(lab: Lab) -> Row:
    """kill -9 of the client in the middle of a large object, and the same command again."""
    lab.drop(1, lab.scale.large)
    parts = -(-lab.scale.large // (16 * MIB))
    ended: list[subprocess.Popen[bytes]] = []

    def kill_late(request: Request) -> Fault | None:
        if request.part and request.part > parts * 2 // 3 and ended[0].poll() is None:
            ended[0].kill()
            ended[0].wait()
            return Fault(cut="request")
        return None

    lab.proxy.fault = kill_late
    lab.proxy.seen.clear()
    ended.append(_command(lab, "watch", "--once"))
    first = ended[0].wait(timeout=600)
    sent = {request.part for request in lab.proxy.seen if request.part}
    lab.proxy.fault = lambda _request: None
    lab.proxy.seen.clear()
    code, _, err = lab.watch()
    again = {request.part for request in lab.proxy.seen if request.part}
    assert (first, code) == (-9, 0), err
    assert sent | again == set(range(1, parts + 1))
    # At most what was on its way at the moment of the kill is sent twice.
    assert len(sent & again) <= 4, (sent, again)
    note = f"{parts} parts: {len(sent)} sent, killed, {len(again)} sent"
    return Row(f"client killed in a {lab.scale.large // MIB} MiB upload", (first, code), "", note)


def _command(lab: Lab, *arguments: str) -> subprocess.Popen[bytes]:
    source = "import sys; from cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", source, "--home", str(lab.home), *arguments],
        env={**os.environ, "CUNZHENG_PASSPHRASE": PASSPHRASE, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def server_killed_in_a_stream(lab: Lab) -> Row:
    """kill -9 of the server while records are sent; it comes back by itself."""
    lab.drop(lab.scale.stream)
    puts = [0]
    at = lab.scale.stream // 2
    back: list[Future[object]] = []
    lock = threading.Lock()

    def restart() -> None:
        time.sleep(0.5)
        lab.weed.start()  # returns when it serves

    def kill_once(request: Request) -> Fault | None:
        with lock:
            puts[0] += request.method == "PUT"
            if puts[0] == at and not back:
                lab.weed.kill()
                back.append(pool.submit(restart))
        return None

    with ThreadPoolExecutor(1) as pool:
        lab.proxy.fault = kill_once
        first, _, err = lab.watch()
        assert back, "the server was never killed"
        back[0].result()
    assert first in (0, 3), err
    said = sentence(err) if first else ""
    _, later, codes = _until_done(lab)
    name = f"server killed and restarted during {lab.scale.stream} records"
    return Row(name, (first, *codes), later or said)


def _until_done(lab: Lab) -> tuple[int, str, tuple[int, ...]]:
    """Run `watch --once` until it is content: the last code, the last sentence, all codes."""
    codes: list[int] = []
    said = ""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        code, _, err = lab.watch()
        codes.append(code)
        if code == 0:
            return code, said, tuple(codes)
        assert code == 3, err
        said = sentence(err)
        time.sleep(2)  # a server that was started again needs a while for all its volumes
    raise AssertionError(f"it never came to an end: {codes} {said}")


def _now_and_then(faults: list[Fault], share: float) -> Callable[[Request], Fault | None]:
    draw = random.Random(7)
    lock = threading.Lock()

    def decide(_request: Request) -> Fault | None:
        with lock:
            return draw.choice(faults) if draw.random() < share else None

    return decide


def _mixed(name: str, faults: list[Fault], share: float) -> Callable[[Lab], Row]:
    def happen(lab: Lab) -> Row:
        lab.drop(lab.scale.some)
        lab.proxy.fault = _now_and_then(faults, share)
        _, said, codes = _until_done(lab)
        return Row(name, codes, said, f"{share:.0%} of all requests")

    return happen


cuts = _mixed(
    "connections cut, before and after the server acts, and in the middle of replies",
    [Fault(cut="request"), Fault(cut="reply"), Fault(cut="body")],
    0.1,
)
errors = _mixed("500 InternalError", [Fault(500, "InternalError")], 0.1)
throttled = _mixed("503 SlowDown", [Fault(503, "SlowDown")], 0.1)
slow = _mixed("slow replies (up to 2 s)", [Fault(seconds=0.3), Fault(seconds=2.0)], 0.05)


def always_busy(lab: Lab) -> Row:
    """A server that never takes anything: everything waits, and the inbox keeps it."""
    lab.drop(3)
    lab.proxy.fault = lambda r: Fault(503, "SlowDown") if r.method in ("PUT", "POST") else None
    code, _, err = lab.watch()
    said = sentence(err)
    kept = len(list((lab.home / "inbox" / "camera").iterdir()))
    assert (code, kept) == (3, 3)
    waiting = json.loads(lab.run("status", "--json")[1])["ledger"]
    assert waiting["unpublished"] > 0, waiting
    lab.proxy.fault = lambda _request: None
    again = lab.watch()[0]
    return Row("503 for every write", (code, again), said, "drops stay in the inbox")


def away(lab: Lab) -> Row:
    """No server at all."""
    lab.drop(3)
    lab.weed.kill()
    try:
        code, _, err = lab.watch()
        verified = lab.run("verify", "--json")[0]
    finally:
        lab.weed.start()
    assert (code, verified) == (3, 3)
    _, _, again = _until_done(lab)
    note = "verify: exit 3, never PASSED or FAILED"
    return Row("server away", (code, *again), sentence(err), note)


def wrong_clock(lab: Lab) -> Row:
    """This machine's clock 20 minutes ahead of the server's."""
    lab.drop(3)
    from botocore import auth

    now = auth.get_current_datetime
    with pytest.MonkeyPatch.context() as patch:
        ahead = timedelta(minutes=20)
        patch.setattr(auth, "get_current_datetime", lambda *a, **k: now(*a, **k) + ahead)
        code, _, err = lab.watch()
    assert code == 3
    again = lab.watch()[0]
    return Row("clocks 20 minutes apart", (code, again), sentence(err))


def full(lab: Lab) -> Row:
    """No volume can take more; later there is room again. The last one: volumes are used up."""
    existing = len(list((lab.weed.folder / "data").glob("*.dat")))
    lab.weed.kill()
    lab.weed.environment |= {"VOLUMES": str(existing), "VOLUME_MB": "1"}
    lab.weed.start()
    lab.drop(24, MIB)
    codes, said = [], ""
    for _ in range(8):
        code, _, err = lab.watch()
        codes.append(code)
        if code == 3:
            said = sentence(err)
            break
        lab.drop(24, MIB)
    assert said, "the server never was full"
    lab.weed.kill()
    lab.weed.environment |= {"VOLUMES": "1000"}
    lab.weed.start()
    _, _, after = _until_done(lab)
    return Row("full server, then room again", (codes[-1], *after), said)


SCENARIOS: tuple[Callable[[Lab], Row], ...] = (
    killed_in_an_upload,
    server_killed_in_a_stream,
    cuts,
    errors,
    throttled,
    slow,
    always_busy,
    away,
    wrong_clock,
    full,
)


def main() -> None:
    """Print the table."""
    with lab(FULL) as made:
        for scenario in SCENARIOS:
            begin = time.monotonic()
            row = scenario(made)
            made.check()
            made.verify()
            took = time.monotonic() - begin
            print(f"{row.name}\n    exit {' '.join(map(str, row.codes))}; {row.note}".rstrip("; "))
            if row.said:
                print(f"    {row.said}")
            print(f"    nothing lost, nothing doubled, PASSED ({took:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
