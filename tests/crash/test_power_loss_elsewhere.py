"""Power cuts while a second copy is made, records are destroyed, and pictures are made.

No sync is in vain. Each is recorded apart from the long scenario of `test_power_loss`, from the
moment it begins.
"""

import dataclasses
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive, open_database, places_in
from crash_scenario import QuietDisk
from derived_fixture import Derived, deriver_of
from disposal_office import DisposalOffice, make_office
from people_fixture import desk_of
from power_cut import DATABASE, PowerCutDisk, State, WatchedDatabase
from replica_fixture import folder_side, two_places
from sync_sites import ELSEWHERE, MEMORY, elsewhere
from toy_law import ToyLaw

from archive import copying, replica
from archive.copying import Copier
from archive.desk.submit import Desk
from archive.durable import FileSystem
from archive.errors import ArchiveError
from archive.findings import Outcome
from archive.replica import Replicator, Side
from ingest.media.derive import deriver
from ingest.media.derive.recipes import Recipe
from ingest.media.derive.subject import Drawing, Subject

COPYING, _VAULT = ELSEWHERE
LARGE = bytes(range(256)) * 40
Failure = str | None


@dataclass
class Recording:
    """What was done, and `check`: opens what a cut left, does it again and looks at the result."""

    disk: PowerCutDisk
    check: Callable[[State], None]

    def failure(self, state: State) -> Failure:
        """What is wrong after a cut, None if nothing is."""
        state.write_to(self.disk.home)
        try:
            self.check(state)
        except (AssertionError, ArchiveError, OSError) as error:
            return f"{state.variant} after step {state.step} ({state.after}): {error!r}"
        return None


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


def watched(archive: Archive, disk: PowerCutDisk) -> None:
    """From now on every durable step is recorded."""
    archive.db.close()
    archive.fs = disk
    archive.db = WatchedDatabase(archive.home, disk)
    disk.start()
    disk.committed(archive.home / DATABASE)


def reopened(archive: Archive, state: State) -> Archive:
    """The archive as the next process finds it."""
    archive.clock.moment = state.moment
    again = dataclasses.replace(archive, fs=QuietDisk())
    again.db = open_database(archive.home)
    again.places = places_in(archive.home, again.fs)
    again.sealer = again.new_sealer()
    return again


# ── copying ──


@pytest.fixture(scope="module")
def copied(home: Path) -> Iterator[Recording]:
    """A record whose content goes over a file and travels alone, copied to where others are."""
    patch = pytest.MonkeyPatch()
    patch.setattr(copying, "_IN_MEMORY", len(LARGE) // 2)
    patch.setattr(replica, "_BYTES_AT_ONCE", len(LARGE))
    (home / "copied").mkdir()
    places = two_places(home / "copied")
    archive = places.archive
    archive.seal()
    places.replicator().drain()
    archive.accession(LARGE, staged=True)
    archive.seal()
    archive.clock.advance(minutes=20)
    disk = PowerCutDisk(archive.home, lambda: archive.clock.moment)
    watched(archive, disk)
    copy_all(places.archive, disk)
    disk.mark("copied")
    archive.db.close()

    def check(state: State) -> None:
        again = reopened(archive, state)
        try:
            side = copy_all(again, again.fs)
            now = dataclasses.replace(places, archive=again, copy=side)
            assert now.lag().count == 0, now.lag()
            assert now.verify_copy().outcome is Outcome.PASSED
        finally:
            again.db.close()

    yield Recording(disk, check)
    patch.undo()


def copy_all(archive: Archive, fs: FileSystem) -> Side:
    """Copy what is queued, as a process that has just begun."""
    home = archive.home
    first = folder_side(home / "store", home / "scratch", fs)
    copy = folder_side(home / "copy", home / "copy/scratch", fs)
    copier = Copier(home / "copy/scratch", fs)
    Replicator(archive.db, first, copy, copier, archive.clock).drain()
    return copy


# ── destruction ──


@pytest.fixture(scope="module")
def destroyed(home: Path) -> Recording:
    """A record and a pack are deleted, and the entries that say so are sealed."""
    (home / "destroyed").mkdir()
    office = make_office(home / "destroyed")
    alone = office.keep(b"alone", sidecar=b'{"cunzheng_sidecar":1}')
    packed = office.keep_packed([b"a", b"b"])
    office.later(days=11)
    name = office.dispose([alone, *packed])
    archive = office.archive
    disk = PowerCutDisk(archive.home, lambda: archive.clock.moment)
    watched(archive, disk)
    archive.places = places_in(archive.home, disk)
    with pytest.MonkeyPatch.context() as patch:
        # Sealing is recorded elsewhere.
        patch.setattr(Desk, "wait", lambda *_: None)
        assert len(at_work(office, archive).destroyer().run(name).destroyed) == 3
    disk.mark("destroyed")
    archive.db.close()

    def check(state: State) -> None:
        again = at_work(office, reopened(archive, state))
        try:
            again.destroyer().run(name)
            again.archive.seal()
            assert again.codes() == set()
            assert not [*again.archive.places.evidence.list("packs/")]
        finally:
            again.archive.db.close()

    return Recording(disk, check)


def at_work(office: DisposalOffice, archive: Archive) -> DisposalOffice:
    """The people of an office at an archive that was opened anew."""
    archive.sealer = archive.new_sealer()
    desk = dataclasses.replace(desk_of(archive), law=ToyLaw())
    return DisposalOffice(archive, dataclasses.replace(office.people, desk=desk))


# ── pictures ──


@pytest.fixture(scope="module")
def derived(home: Path) -> Iterator[Recording]:
    """A picture that a program wrote becomes an object, and the ledger says so."""
    (home / "derived").mkdir()
    archive = make_archive(home / "derived")
    archive.seal()
    archive.accession(LARGE, changed={"media": {"type": "video/mp4", "by": "content"}})
    archive.seal()
    disk = PowerCutDisk(archive.home, lambda: archive.clock.moment)
    watched(archive, disk)
    archive.places = places_in(archive.home, disk)
    archive.sealer = archive.new_sealer()
    patch = pytest.MonkeyPatch()
    patch.setattr(deriver, "recipes_for", lambda _: [Recipe("poster", "poster/1", (), draw)])
    make_pictures(archive)
    archive.db.close()

    def check(state: State) -> None:
        again = reopened(archive, state)
        try:
            make_pictures(again)
            assert Derived(again).verify().findings == []
            assert len(Derived(again).rows()) == 1
        finally:
            again.db.close()

    yield Recording(disk, check)
    patch.undo()


def draw(subject: Subject) -> Drawing:
    """What a program would have written."""
    path, fs = subject.workshop.new_file("jpg"), FILES[-1]
    out = fs.create(path)
    fs.write(out, LARGE)
    fs.close(out)
    return Drawing(path, "jpg", None)


FILES: list[FileSystem] = []


def make_pictures(archive: Archive) -> None:
    FILES.append(archive.fs)
    work = deriver_of(archive)
    while work.step():
        pass
    archive.seal()


# ── what is asked of all ──


@pytest.mark.parametrize("what", ["copied", "destroyed", "derived"])
def test_every_power_cut_is_survived(request: pytest.FixtureRequest, what: str) -> None:
    recording: Recording = request.getfixturevalue(what)
    states = list(recording.disk.states())
    assert len(states) >= 10
    assert [found for state in states if (found := recording.failure(state))] == []


@pytest.mark.parametrize("site", elsewhere())
def test_no_sync_is_there_in_vain(request: pytest.FixtureRequest, site: str) -> None:
    what = "copied" if site.startswith(COPYING) else "destroyed"
    recording: Recording = request.getfixturevalue(what)
    assert site in recording.disk.sites()
    fine = {state.key for state in recording.disk.states()}
    worse = [state for state in recording.disk.states(ignored=site) if state.key not in fine]
    assert any(map(recording.failure, worse)), f"without {site} all is well"
