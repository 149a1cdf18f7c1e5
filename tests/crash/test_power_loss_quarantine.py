"""A power cut while a quarantined drop that turns out to be a state secret is forgotten.

Its original lies in the inbox still and is put aside there; only then its line in the database and
the copies in quarantine go. So whatever a cut leaves, its own name stands in the inbox only while
it can be tried again.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from archive_fixture import SOURCE, Archive
from crash_scenario import Intaking, recorded_archive, reopened
from power_cut import PowerCutDisk, State
from sync_sites import IN_QUARANTINE, MEMORY, all_sites

from archive.actors import Doer
from ingest import drops
from ingest.errors import FoundSecret
from ingest.quarantine.rejections import Rejections
from ingest.quarantine.resolving import Resolver
from ingest.quarantine.shelf import Shelf
from ingest.register import Maker

DROP = {"bad.txt.json": b'{"cunzheng_sidecar":1,"stage":"?"}', "bad.txt": b"x"}
NAMES = {f"inbox/{SOURCE}/{name}" for name in DROP}
SITES = [site for site in all_sites() if site.startswith(IN_QUARANTINE)]
TOLD = ("refused", SOURCE, b"")
NO_LOG = b"\1\1"
"""In the head of a database: no log stands beside it, as none can beside one in memory."""


@dataclass
class Recording:
    """What was done; `number` is the drop's id in quarantine."""

    archive: Archive
    disk: PowerCutDisk
    number: str

    def states(self, ignored: str = "") -> Iterator[State]:
        """What a cut may leave once the drop is known to be quarantined."""
        return (state for state in self.disk.states(ignored) if self._outcome(state) != b"")

    def left(self, state: State) -> set[str]:
        """Its own names that stand in the inbox."""
        return NAMES & {name for name, _, _ in state.files}

    def is_to_be_tried(self, state: State) -> bool:
        """Whether its line is in the database, and a copy of it in quarantine."""
        here = f"quarantine/{self.number}/content"
        has_copy = any(name == here for name, _, _ in state.files)
        return has_copy and _one(state, "SELECT path FROM intake WHERE id = ?", self.number) != b""

    def _outcome(self, state: State) -> object:
        query = "SELECT outcome FROM resolved WHERE quarantine = ?"
        return _one(state, query, self.number)


def _one(state: State, query: str, number: str) -> object:
    """The first value, b"" where there is no line."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(state.database[:18] + NO_LOG + state.database[20:])
        row = database.execute(query, [number]).fetchone()
    return b"" if row is None else row[0]


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    """A drop is kept in place and quarantined; a gate that knows more meets it when it is tried."""
    home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    archive, disk = recorded_archive(home)
    folder = home / "inbox" / SOURCE
    folder.mkdir()
    disk.settled(folder)
    for name, data in DROP.items():
        (folder / name).write_bytes(data)
        disk.settled(folder / name)
    work = Intaking(archive, release="keep")
    work.take()
    work.finish()
    work.intake.close()
    (quarantined,) = (home / "quarantine").iterdir()
    retry(archive, quarantined.name)
    disk.mark(TOLD)
    archive.db.close()
    yield Recording(archive, disk, quarantined.name)
    shutil.rmtree(home)


def retry(archive: Archive, number: str) -> None:
    """Try it again; the command says that it is a state secret."""
    maker, work = Maker(archive.random), Intaking(archive, release="keep", again=True)
    rejections = Rejections(archive.db, archive.places.evidence)
    item = Shelf(archive.home / "quarantine", rejections).find(number)

    def seal() -> bool:
        drained = archive.sealer.drain()
        return drained is not None and not drained.waiting_for_tsa

    by = Doer("1000", "顾")
    resolver = Resolver(archive.db, archive.fs, archive.clock, maker, by, seal)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drops, "_is_secret_by_name", lambda _drop: True)
        with pytest.raises(FoundSecret):
            resolver.retry(work.intake, item)
    work.intake.close()


def test_its_own_name_does_not_come_back(recording: Recording) -> None:
    told = [state for state in recording.states() if TOLD in state.marks]
    assert told
    assert [recording.left(state) for state in told] == [set()] * len(told)


def test_its_own_name_stands_only_while_it_can_be_tried_again(recording: Recording) -> None:
    states = [state for state in recording.states() if recording.left(state)]
    assert states, "the recording begins before it is put aside"
    assert all(recording.is_to_be_tried(state) for state in states)


@pytest.mark.parametrize("site", SITES)
def test_no_sync_of_it_is_in_vain(recording: Recording, site: str) -> None:
    told = [state for state in recording.states(site) if TOLD in state.marks]
    assert {name for state in told for name in recording.left(state)} == NAMES


def test_what_a_cut_leaves_is_put_aside_by_the_next_try(recording: Recording) -> None:
    again = [state for state in recording.states() if recording.left(state)]
    for state in again:
        state.write_to(recording.disk.home)
        archive = reopened(recording.archive, state.moment)
        try:
            archive.seal()
            retry(archive, recording.number)
        finally:
            archive.db.close()
        left = {path.name for path in (archive.home / "inbox" / SOURCE).iterdir()}
        assert not left & set(DROP), f"{state.variant} after {state.after}: {left}"
        assert not (archive.home / "quarantine" / recording.number).exists()
