"""kill -9 at the steps of a release: never a byte outside without its entry, always an end."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from crash_driver import Driver, Ended, Job, Kill
from crash_table import fast_folder
from office_cli import PASSPHRASE, OfficeHome, make_office_home
from people_fixture import KEY_PASSPHRASE
from scale import size

from archive.entry import Entry

CONTENT = b"".join(b"line %07d of the record\n" % number for number in range(200_000))
WORDS = ("--purpose", "case_handling", "--reason", "x", "--case", "2026-17")
CONFIDENTIAL = ("--purpose", "supervision", "--reason", "x", "--action", "copy", "--confidential")
PLACES = ("before", "after")
EVERY = size(3, 1)
"""Every third point is tried, all in `make acceptance`."""
VERIFIED = 3
"""One of so many homes is verified as a whole, which takes longest."""


@dataclass
class Scene:
    """One way to receive a record, over a home that is copied for every kill."""

    name: str
    template: OfficeHome
    folder: Path
    driver: Driver
    person: str
    arguments: tuple[str, ...]
    files: bool

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def fresh(self) -> OfficeHome:
        for path in (self.folder / "home", self.out):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(self.template.home, self.folder / "home")
        return replace(self.template, home=self.folder / "home")

    def run(self, home: Path, kill: Kill | None = None, trace: Path | None = None) -> Ended:
        place = ("-o", str(self.out)) if self.files else ()
        environment = {
            "CUNZHENG_PASSPHRASE": PASSPHRASE,
            "CUNZHENG_KEY": str(self.template.keys / f"{self.person}.key"),
            "CUNZHENG_KEY_PASSPHRASE": KEY_PASSPHRASE,
        }
        arguments = ("fetch", self.template.record, *self.arguments, *place)
        where = None if trace is None else str(trace)
        job = Job(arguments, str(home), kill, trace=where, environment=environment)
        return self.driver.run(job)

    def bytes_outside(self, ended: Ended) -> int:
        """Of the content, on the receiver's side."""
        if self.files:
            found = self.out.iterdir() if self.out.exists() else ()
            return sum(path.stat().st_size for path in found if path.suffix in (".txt", ".part"))
        return len(ended.output.partition("line 0000000")[2])


@pytest.fixture(scope="module")
def office() -> Iterator[OfficeHome]:
    with fast_folder() as folder:
        yield make_office_home(Path(folder), CONTENT)


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    with Driver() as started:
        yield started


def _steps(scene: Scene) -> dict[str, int]:
    trace = scene.folder / "trace"
    home = scene.fresh()
    ended = scene.run(home.home, trace=trace)
    assert ended.code == 0, ended.output
    assert scene.bytes_outside(ended) >= len(CONTENT) - len("line 0000000")
    found: dict[str, int] = json.loads(trace.read_text())["steps"]
    return found


def _ends(office: OfficeHome) -> Counter[str]:
    found: Counter[str] = Counter()
    for kind in ("access.completed", "access.aborted", "access.concealed_end"):
        found.update(body["access"] for body in office.entries(kind))
    return found


def _begun(office: OfficeHome) -> list[str]:
    started = office.entries("access.started")
    open_ones = [body["statements"][0]["statement"]["payload"]["access"] for body in started]
    return [*open_ones, *(body["access"] for body in office.entries("access.concealed"))]


def _published(office: OfficeHome) -> int:
    """How many accesses have a durable beginning."""
    bench = office.bench()
    with bench.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT data FROM entry JOIN head USING (log) WHERE idx < published"
        )
        kinds = [Entry.parse(row[0]).kind for row in rows]
    bench.database.close()
    return kinds.count("access.started") + kinds.count("access.concealed")


def _check(scene: Scene, kill: Kill, before: int, *, whole: bool) -> bool:
    """One kill; whether it was reached. Raises AssertionError."""
    office = scene.fresh()
    ended = scene.run(office.home, kill)
    outside = scene.bytes_outside(ended)
    if outside:
        assert _published(office) > before, "bytes without an entry"
    again = office("watch", "--once")
    assert again.code == 0, again.err
    begun, ends = _begun(office), _ends(office)
    assert set(begun) == set(ends), "an access has no end, or an end no beginning"
    assert set(ends.values()) <= {1}, "an access has two ends"
    aborted = office.entries("access.aborted")
    if ended.killed and aborted:
        assert aborted[-1]["code"] in ("PROCESS_ENDED", "NOT_SEALED")
        assert aborted[-1]["bytes"] >= min(outside, len(CONTENT))
    verified = office("verify") if whole else again
    assert verified.code == 0, verified.text
    return ended.killed


def _play(scene: Scene) -> None:
    before = _published(scene.template)
    kills = list(_kills(scene))
    assert len(kills) >= 20
    tried, faults, missed = kills[::EVERY], [], []
    for number, kill in enumerate(tried):
        try:
            if not _check(scene, kill, before, whole=number % VERIFIED == 0):
                missed.append(str(kill))
        except AssertionError as error:
            faults.append(f"{kill}: {error}")
    assert faults == []
    assert len(missed) <= len(tried) // 4, missed


def _kills(scene: Scene) -> Iterator[Kill]:
    for name, count in sorted(_steps(scene).items()):
        last = {count} if name.startswith("commit") else set[int]()
        for number in sorted({1, *last}):
            yield from (Kill(name, number, place) for place in PLACES)


def test_a_view(office: OfficeHome, driver: Driver) -> None:
    with tempfile.TemporaryDirectory(dir=office.home.parent) as folder:
        _play(Scene("view", office, Path(folder), driver, "li", WORDS, files=False))


def test_a_copy(office: OfficeHome, driver: Driver) -> None:
    request = office.ask("li", "copy")
    assert office.decide("wang", request, "approve").code == 0
    with tempfile.TemporaryDirectory(dir=office.home.parent) as folder:
        arguments = ("--request", request)
        _play(Scene("copy", office, Path(folder), driver, "li", arguments, files=True))


def test_a_confidential_copy(office: OfficeHome, driver: Driver) -> None:
    with tempfile.TemporaryDirectory(dir=office.home.parent) as folder:
        _play(Scene("hidden", office, Path(folder), driver, "insp", CONFIDENTIAL, files=True))
