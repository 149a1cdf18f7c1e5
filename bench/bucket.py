"""Measures the store in buckets against a real S3 server on loopback; prints one table.

    PYTHONPATH=.:tests/support python bench/bucket.py [--files 10000] [--mebibytes 2048] [--runs 3]

A: small files, one PUT each by boto3 with 16 threads: plain, and as an archive must (locked, the
lock read back, the bytes read back). Beside it the same bytes in packs of 512, kept like that, and
the whole way of `cunzheng ingest` into buckets.
B: our upload of one large file, beside boto3's `upload_file` with the same hashing at the same time
(SHA-256 of the whole, SHA-256 and MD5 of every part); reading it back is reported apart.
Everything shares the processor with the server. Programs take turns; the table shows medians.
"""

import argparse
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha256
from pathlib import Path
from threading import Thread

from data import files_below, make_a, make_b, size_of
from s3_servers import Weed, admin_client, aws_environment, fresh_bucket

MIB = 1 << 20
PART = 16 * MIB
HERE = Path(__file__).resolve()


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the server judges dates by its own clock

    def monotonic(self) -> float:
        return time.monotonic()


def one_put_each(endpoint: str, bucket: str, folder: Path) -> None:
    """The plain way: every file by itself, sixteen at a time."""
    from archive.stores.s3 import S3Access, connect

    client = connect(S3Access(endpoint, addressing="path"))

    def put(path: Path) -> None:
        client.put_object(Bucket=bucket, Key=str(path.relative_to(folder)), Body=path.read_bytes())

    with ThreadPoolExecutor(16) as threads:
        for _ in threads.map(put, files_below(folder)):
            pass


def kept_each(endpoint: str, bucket: str, folder: Path) -> None:
    """Every file by itself: created, locked, the lock read back, the bytes read back."""
    files = files_below(folder)
    _keep(endpoint, bucket, {str(p.relative_to(folder)): p.read_bytes() for p in files})


def kept_packs(endpoint: str, bucket: str, folder: Path) -> None:
    """The same bytes as packs of 512 files, kept in the same way."""
    files = files_below(folder)
    packs = {
        f"packs/{start:016d}.zip": b"".join(p.read_bytes() for p in files[start : start + 512])
        for start in range(0, len(files), 512)
    }
    _keep(endpoint, bucket, packs)


def _keep(endpoint: str, bucket: str, objects: dict[str, bytes]) -> None:
    from archive.ports import PutItem
    from archive.stores.s3 import Bucket, Locks, S3Access, S3Store, connect

    clock = _Clock()
    until = clock.now() + timedelta(hours=1)
    client = connect(S3Access(endpoint, addressing="path"))
    place = Bucket.at(client, f"s3://{bucket}")
    store = S3Store(place, locks=Locks("GOVERNANCE", clock))
    keys = list(objects)

    def read(key: str) -> bytes:
        return b"".join(store.read(key))

    with ThreadPoolExecutor(16) as threads:
        # In batches, so that the store still knows the versions when they are read back.
        for start in range(0, len(keys), 4096):
            some = keys[start : start + 4096]
            store.put([PutItem(key, objects[key], until) for key in some])
            for key, data in zip(some, threads.map(read, some), strict=True):
                assert data == objects[key]


def boto3_upload(endpoint: str, bucket: str, path: Path) -> None:
    """upload_file as it comes, and our digests made beside it."""
    from archive.stores.s3 import S3Access, connect

    hashing = Thread(target=_hash, args=(path,))
    hashing.start()
    connect(S3Access(endpoint, addressing="path")).upload_file(str(path), bucket, "large")
    hashing.join()


def _hash(path: Path) -> None:
    whole = sha256()
    with path.open("rb", buffering=0) as file:
        while part := file.read(PART):
            whole.update(part)
            sha256(part).digest()
            md5(part, usedforsecurity=False).digest()
    whole.digest()


def our_upload(endpoint: str, bucket: str, path: Path) -> None:
    """What the sealer does with a staged file."""
    from archive.durable import FileSystem
    from archive.ports import PutItem, StagedFile
    from archive.stores.s3 import Bucket, Locks, Parting, S3Access, S3Store, connect

    clock = _Clock()
    with tempfile.TemporaryDirectory() as folder:
        client = connect(S3Access(endpoint, addressing="path"))
        store = S3Store(
            Bucket.at(client, f"s3://{bucket}"),
            locks=Locks("GOVERNANCE", clock),
            parting=Parting(Path(folder), FileSystem()),
        )
        store.put([PutItem("large", StagedFile(path), clock.now() + timedelta(hours=1))])


def read_back(endpoint: str, bucket: str, _path: Path) -> None:
    """Reading an object and hashing it."""
    from archive.stores.s3 import Bucket, S3Access, S3Store, connect

    client = connect(S3Access(endpoint, addressing="path"))
    total = sha256()
    for chunk in S3Store(Bucket.at(client, f"s3://{bucket}")).read("large"):
        total.update(chunk)


TASKS: dict[str, Callable[[str, str, Path], None]] = {
    task.__name__: task
    for task in (one_put_each, kept_each, kept_packs, boto3_upload, our_upload, read_back)
}


def task(name: str, *arguments: object) -> tuple[float, float]:
    """Run one in a process of its own: seconds, MiB."""
    command = [sys.executable, str(HERE), "--task", name, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def ingest(weed: Weed, folder: Path, home: Path) -> tuple[float, float]:
    """The whole way into buckets: receipts written."""
    client = admin_client(weed.http)
    settings = {
        "store": f"s3://{fresh_bucket(client, 'e')}",
        "store_live": f"s3://{fresh_bucket(client, 'l', locked=False)}",
        "s3_endpoint": weed.http,
        "s3_addressing": "path",
    }
    command = [sys.executable, "-c", "from cli.main import main; main()", "--home", str(home)]
    given = [f"--set={name}={value}" for name, value in settings.items()]
    subprocess.run([*command, "init", *given], check=True, stdout=subprocess.DEVNULL)
    begin = time.monotonic()
    child = subprocess.Popen(
        [*command, "ingest", str(folder), "--source", "bench"], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0
    return time.monotonic() - begin, used.ru_maxrss / 1024


@contextlib.contextmanager
def server() -> Iterator[Weed]:
    with tempfile.TemporaryDirectory(prefix="cunzheng-bench-") as name:
        folder = Path(name)
        os.environ |= aws_environment(folder)
        os.environ["CUNZHENG_PASSPHRASE"] = "benchmark"
        weed = Weed(folder / "weed")
        try:
            yield weed.start()
        finally:
            weed.stop()


def show(name: str, runs: list[tuple[float, float]], amount: float, unit: str) -> float:
    seconds = statistics.median(run[0] for run in runs)
    memory = max(run[1] for run in runs)
    print(f"{name:34} {seconds:8.2f} s {amount / seconds:10,.0f} {unit} {memory:6.0f} MiB")
    return seconds


def small(weed: Weed, folder: Path, files: int, runs: int) -> None:
    data = make_a(folder, files)
    print(f"A: {files} files, {size_of(data) / MIB:.0f} MiB")
    names = ("one_put_each", "kept_each", "kept_packs")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in (*names, "ingest")}
    for number in range(runs):
        for name in names:
            bucket = fresh_bucket(admin_client(weed.http), "a")
            found[name].append(task(name, weed.http, bucket, data))
        found["ingest"].append(ingest(weed, data, folder / f"home{number}"))
    plain = show("one PUT per file, 16 threads", found["one_put_each"], files, "files/s")
    each = show("… locked and read back", found["kept_each"], files, "files/s")
    packs = show("packs, locked and read back", found["kept_packs"], files, "files/s")
    ours = show("cunzheng ingest into buckets", found["ingest"], files, "files/s")
    print(f"packs: {plain / packs:.1f} times as fast as PUTs, {each / packs:.1f} as kept ones")
    print(f"the whole way: {plain / ours:.1f} and {each / ours:.1f} times\n")


def large(weed: Weed, folder: Path, mebibytes: int, runs: int) -> None:
    path = files_below(make_b(folder, 1, mebibytes))[0]
    print(f"B: one file of {mebibytes} MiB")
    names = ("boto3_upload", "our_upload", "read_back")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    client = admin_client(weed.http)
    for _ in range(runs):
        for name in names[:2]:
            bucket = fresh_bucket(client, "b")
            found[name].append(task(name, weed.http, bucket, path))
            if name == "our_upload":
                found["read_back"].append(task("read_back", weed.http, bucket, path))
    size = mebibytes * MIB / 1e6
    theirs = show("boto3 upload_file, hashing beside", found["boto3_upload"], size, "MB/s")
    ours = show("our upload", found["our_upload"], size, "MB/s")
    show("reading back (apart)", found["read_back"], size, "MB/s")
    print(f"our upload at {theirs / ours:.0%} of upload_file")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--mebibytes", type=int, default=2048)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="A,B")
    parser.add_argument("--task", nargs=4, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        begin = time.monotonic()
        TASKS[given.task[0]](given.task[1], given.task[2], Path(given.task[3]))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(time.monotonic() - begin, memory)
        return
    with server() as weed, tempfile.TemporaryDirectory(prefix="cunzheng-data-") as name:
        folder = Path(name)
        if "A" in given.only:
            small(weed, folder, given.files, given.runs)
        if "B" in given.only:
            large(weed, folder, given.mebibytes, given.runs)


if __name__ == "__main__":
    main()
