"""How verification works as a whole: it writes nothing, uses processes, stays small."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from archive_builder import Builder
from people_office import Office
from verify_cases import Given, findings_of

from archive import layout
from archive.verify import Sample

WRITERS = ("archive.database", "archive.ledger", "archive.seal", "archive.stores.directory")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    return Given(tmp_path_factory.mktemp("archives"))


def _state(root: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for folder, _, names in os.walk(root):
        for name in (".", *names):
            path = Path(folder) / name
            stat = path.lstat()
            found[str(path)] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def test_changes_nothing(given: Given) -> None:
    made = given.small()
    made.flip(layout.record_key(made.records[0]))
    before = _state(made.root)
    made.verify(workers=2)
    assert _state(made.root) == before


def test_processes_find_what_one_finds(given: Given) -> None:
    made = given.large()
    made.refuse()
    for _ in range(3):
        record = made.accession()
    made.seal()
    made.flip(layout.content_key(record))
    made.flip(layout.token_key("main-2026", 300))
    one, two = made.verify(workers=1), made.verify(workers=2)
    assert findings_of(one) == findings_of(two)
    assert one.checked == two.checked
    assert set(one.counts) == {"CONTENT_ALTERED", "TIMESTAMP_BAD", "INTERNAL_TIME"}


def test_tells_its_progress(given: Given) -> None:
    from datetime import timedelta

    from archive.verify import verify

    made = given.small()
    seen: dict[str, list[tuple[int, int]]] = {}
    verify(
        *made.stores(),
        made.policy,
        now=made.now + timedelta(hours=1),
        progress=lambda phase, done, total: seen.setdefault(phase, []).append((done, total)),
        workers=1,
    )
    assert seen["entries"][-1] == (10, 10)
    assert seen["seals"][-1] == (3, 3)
    assert seen["bytes"][-1][0] == seen["bytes"][-1][1] > 9 * 1024 * 1024


def test_report_names_heads_and_figures(given: Given) -> None:
    report = given.two_logs().verify()
    assert [(head.log, head.size) for head in report.heads] == [("main-2026", 4), ("main-2027", 2)]
    assert report.checked["records"] == 2
    assert report.checked["seals"] == 3


def test_a_sample_is_repeatable() -> None:
    records = [f"R{n}" for n in range(1000)]
    chosen = Sample(20, "seed").choose(records)
    assert chosen == Sample(20, "seed").choose(reversed(records))
    assert len(chosen) == 20
    assert chosen != Sample(20, "other").choose(records)


def test_imports_no_writer() -> None:
    code = f"import sys, archive.verify; print([m for m in {WRITERS!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_memory_does_not_grow_with_the_ledger(tmp_path: Path) -> None:
    def peak(entries: int) -> int:
        made = Builder(tmp_path / str(entries))
        made.open()
        for number in range(entries - 1):
            made.refuse(f"DSJ-{number % 50}")
        made.seal()
        tracemalloc.start()
        report = made.verify()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.outcome == "PASSED", report.to_value()
        assert report.checked["entries"] == entries
        return used

    small, large = peak(2_000), peak(10_000)
    assert large < small + 1_000_000


def _retrievals(root: Path, count: int) -> Office:
    """An office in which one handler looks at one record again and again."""
    office = Office(Builder(root))
    office.staff()
    record = office.made.accession(b"seen")
    office.made.seal()
    case = office.case("A-1", ["chen"])
    office.attach(case, [record])
    for number in range(count):
        if number % 50 == 0:
            request = office.request("chen", [record], case=case)
        office.fetch("chen", request, record)
    office.made.seal()
    return office


def test_memory_does_not_grow_with_the_registers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def peak(count: int) -> int:
        office = _retrievals(tmp_path / str(count), count)
        office.made.verify()  # what is loaded once, and caches of certificates
        tracemalloc.start()
        report = office.made.verify()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert report.outcome == "PASSED", report.to_value()
        return used

    monkeypatch.setattr("archive.verify.registers._REMEMBERED", 64)
    small, large = peak(150), peak(1_500)
    assert large < small + 1_000_000


def test_people_are_judged_alike_by_processes(tmp_path: Path) -> None:
    office = _retrievals(tmp_path / "archive", 200)
    office.suspend("gu", "chen")
    office.request("chen", office.made.records)
    office.made.seal()
    one, two = office.made.verify(workers=1), office.made.verify(workers=2)
    assert findings_of(one) == findings_of(two)
    assert set(one.counts) == {"SIGNER_INVALID", "INTERNAL_TIME"}
