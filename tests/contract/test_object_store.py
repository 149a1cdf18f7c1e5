"""What every ObjectStore and LiveStore must do. A new implementation joins `KINDS`."""

import os
import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from store_benches import KINDS, Bench, params

from archive.durable import FileSystem, write_new
from archive.errors import ObjectConflict, ObjectMissing
from archive.ports import CHUNK, LiveStore, PutItem, StagedFile, read_all

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(params=params())
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return KINDS[request.param].make(request, tmp_path)


@pytest.fixture(params=params(live=True))
def live(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return KINDS[request.param].make(request, tmp_path)


def keys(store: LiveStore, prefix: str = "", after: str = "") -> list[str]:
    return [info.key for info in store.list(prefix, after)]


def staged(bench: Bench, name: str, data: bytes) -> StagedFile:
    write_new(FileSystem(), bench.staging / name, (data,))
    return StagedFile(bench.staging / name)


class TestPut:
    def test_what_is_put_is_read_by_everybody(self, bench: Bench) -> None:
        bench.store.put([PutItem("a/b/c.txt", b"one"), PutItem("a/d", b"")])
        assert read_all(bench.store, "a/b/c.txt") == b"one"
        assert read_all(bench.again, "a/b/c.txt") == b"one"
        assert read_all(bench.again, "a/d") == b""

    def test_nothing_is_put_for_nothing(self, bench: Bench) -> None:
        bench.store.put([])
        assert keys(bench.store) == []

    def test_the_same_bytes_pass_again(self, bench: Bench) -> None:
        bench.store.put([PutItem("a/b", b"one")])
        bench.again.put([PutItem("a/b", b"one"), PutItem("a/c", b"two")])
        bench.store.put([PutItem("a/b", staged(bench, "t", b"one"))])
        assert keys(bench.store) == ["a/b", "a/c"]

    @pytest.mark.parametrize("other", [b"other", b"", b"onemore", b"on"])
    def test_other_bytes_are_a_conflict_and_the_old_stay(self, bench: Bench, other: bytes) -> None:
        bench.store.put([PutItem("a/b", b"one")])
        for source in (other, staged(bench, "s", other)):
            with pytest.raises(ObjectConflict, match="a/b"):
                bench.again.put([PutItem("a/b", source)])
        assert read_all(bench.store, "a/b") == b"one"

    def test_two_items_of_one_key_conflict(self, bench: Bench) -> None:
        with pytest.raises(ObjectConflict):
            bench.store.put([PutItem("a", b"one"), PutItem("a", b"two")])
        assert read_all(bench.store, "a") == b"one"

    def test_staged_files_become_objects(self, bench: Bench) -> None:
        file = staged(bench, "s", b"from staging")
        bench.store.put([PutItem("r/content", file), PutItem("r/record.json", b"{}")])
        assert read_all(bench.store, "r/content") == b"from staging"
        file.path.unlink()
        assert read_all(bench.store, "r/content") == b"from staging"

    @pytest.mark.parametrize(
        "key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", ".hidden", "a\0b", "ä", "a\\b"]
    )
    def test_what_is_no_key_is_refused(self, bench: Bench, key: str) -> None:
        with pytest.raises(ValueError, match="not a key"):
            bench.store.put([PutItem(key, b"x")])
        assert keys(bench.store) == []


class TestRead:
    DATA = bytes(range(256)) * 40

    @pytest.fixture(autouse=True)
    def _stored(self, bench: Bench) -> None:
        bench.store.put([PutItem("a/b", self.DATA)])

    @pytest.mark.parametrize(
        ("start", "length"),
        [
            (0, None),
            (0, 1),
            (1, 10),
            (255, 300),
            (10_000, None),
            (10_239, 1),
            (0, 0),
            (10_000, 999),
        ],
    )
    def test_ranges(self, bench: Bench, start: int, length: int | None) -> None:
        end = None if length is None else start + length
        assert b"".join(bench.store.read("a/b", start, length)) == self.DATA[start:end]

    def test_a_range_behind_the_end_is_empty(self, bench: Bench) -> None:
        assert b"".join(bench.store.read("a/b", len(self.DATA))) == b""
        assert b"".join(bench.store.read("a/b", len(self.DATA) + 5, 5)) == b""

    @pytest.mark.parametrize("key", ["a", "a/c", "a/b/c", "x/y/z"])
    def test_what_is_missing_is_missing(self, bench: Bench, key: str) -> None:
        with pytest.raises(ObjectMissing, match=key):
            next(bench.store.read(key))
        assert bench.store.stat(key) is None

    def test_stat_says_the_size(self, bench: Bench) -> None:
        found = bench.store.stat("a/b")
        assert found is not None
        assert (found.key, found.size) == ("a/b", len(self.DATA))
        assert found.modified.utcoffset() is not None


class TestList:
    KEYS = ("a", "a-b", "a.b", "a/b", "a/b-c/d", "a/b.c", "a0", "b/x001/x234/067", "b/x001/067")

    @pytest.fixture(autouse=True)
    def _stored(self, bench: Bench) -> None:
        names = [key for key in self.KEYS if key not in ("a", "a/b")]
        bench.store.put([PutItem(key, key.encode()) for key in names])

    def test_in_the_order_of_plain_keys(self, bench: Bench) -> None:
        found = keys(bench.store)
        assert found == sorted(key for key in self.KEYS if key not in ("a", "a/b"))

    def test_sizes(self, bench: Bench) -> None:
        assert all(info.size == len(info.key) for info in bench.store.list(""))

    @pytest.mark.parametrize(
        "after",
        ["", "A", "a", "a-b", "a-c", "a/", "a/b-c", "a/b-c/d", "a/b~", "a0", "b/x001/~", "z"],
    )
    def test_after_leaves_out_what_comes_before(self, bench: Bench, after: str) -> None:
        everything = keys(bench.store)
        assert keys(bench.store, "", after) == [key for key in everything if key > after]
        inside = [key for key in everything if key.startswith("a/")]
        assert keys(bench.store, "a/", after) == [key for key in inside if key > after]

    def test_a_prefix_that_is_not_there_is_empty(self, bench: Bench) -> None:
        assert keys(bench.store, "nothing/here/") == []
        assert keys(bench.store, "a0/") == []

    def test_random_trees(self, bench: Bench) -> None:
        draw = random.Random(3)
        names = ["".join(draw.choices("ab-._019", k=3)).lstrip(".") or "n" for _ in range(300)]
        made = {f"t/{names[i]}/{names[i + 1]}" for i in range(0, 300, 2)}
        bench.store.put([PutItem(key, b"") for key in made])
        assert keys(bench.store, "t/") == sorted(made)


class TestLive:
    def test_discarded_objects_are_gone_and_may_come_again(self, live: Bench) -> None:
        live.store.put([PutItem("t/1", b"1"), PutItem("t/2", b"2")])
        live.store.discard(["t/1", "t/9"])
        assert keys(live.store) == ["t/2"]
        live.store.put([PutItem("t/1", b"other")])
        assert read_all(live.again, "t/1") == b"other"


class TestLarge:
    SIZE = 96 * 1024 * 1024

    def test_memory_stays_bounded(self, bench: Bench) -> None:
        block = os.urandom(1 << 20)
        path = bench.staging / "large"
        with path.open("wb") as file:
            for _ in range(self.SIZE // len(block)):
                file.write(block)
            os.fsync(file.fileno())
        tracemalloc.start()
        try:
            bench.store.put([PutItem("large", StagedFile(path))])
            bench.again.put([PutItem("large", StagedFile(path))])
            digest, size = sha256(), 0
            for chunk in bench.again.read("large"):
                assert len(chunk) <= CHUNK
                digest.update(chunk)
                size += len(chunk)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert (size, peak < bench.memory) == (self.SIZE, True)
        assert digest.digest() == sha256(block * (self.SIZE // len(block))).digest()


class TestSeveralProcesses:
    COUNT = 4
    ROUNDS = 25
    WORKER = """
import sys, time
from archive.errors import ObjectConflict
from archive.ports import PutItem
number, rounds, start = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
time.sleep(max(0.0, start - time.monotonic()))
for turn in range(rounds):
    try:
        store.put([PutItem(f"race/{turn}", b"%d " % number * 1000)])
        print(turn)
    except ObjectConflict:
        pass
"""

    def printed(self, script: Path, numbers: Iterable[int], start: float) -> list[list[str]]:
        """What workers say that begin together, each with its number; none is left."""
        workers = [
            subprocess.Popen(
                [sys.executable, str(script), str(number), str(self.ROUNDS), str(start)],
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
                text=True,
            )
            for number in numbers
        ]
        try:
            said = [worker.communicate(timeout=300)[0].split() for worker in workers]
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
        assert [worker.returncode for worker in workers] == [0] * len(workers)
        return said

    def test_one_key_has_one_winner(self, bench: Bench, tmp_path: Path) -> None:
        script = tmp_path / "worker.py"
        script.write_text(bench.worker + self.WORKER)
        won = self.printed(script, range(self.COUNT), _uptime() + 1.5)
        for turn in range(self.ROUNDS):
            winners = [number for number in range(self.COUNT) if str(turn) in won[number]]
            assert len(winners) == 1
            assert read_all(bench.store, f"race/{turn}") == b"%d " % winners[0] * 1000

    def test_the_same_bytes_from_everybody_pass(self, bench: Bench, tmp_path: Path) -> None:
        script = tmp_path / "worker.py"
        script.write_text(bench.worker + self.WORKER.replace('b"%d " % number', 'b"same"'))
        for turns in self.printed(script, (0, 0), _uptime() + 1.0):
            assert len(turns) == self.ROUNDS


def _uptime() -> float:
    """CLOCK_MONOTONIC, the same in all processes of the machine."""
    import time

    return time.monotonic()


def test_nothing_is_read_before_the_first_step(bench: Bench) -> None:
    """`read` is lazy: a missing object shows on the first step, as the port says."""
    chunks: Iterator[bytes] = bench.store.read("not/there")
    with pytest.raises(ObjectMissing):
        next(chunks)
