"""What a power cut may leave after every durable call, and that no fsync is there in vain."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixture import PASSPHRASE, START, Archive
from crash_scenario import check_state, recorded_archive, scenario
from power_cut import PowerCutDisk, State
from sync_sites import MEMORY, sync_sites

from archive.errors import ArchiveError
from archive.founding import Founding, found_home
from archive.keyring import Keyring
from signing.errors import SigningError

PARTS = 8


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Archive, PowerCutDisk]]:
    """One run of the scenario; in memory where that is possible, for reopening is what costs."""
    home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    archive, disk = recorded_archive(home)
    scenario(archive, disk)
    archive.db.close()
    yield archive, disk
    shutil.rmtree(home)


def failure(archive: Archive, state: State) -> str | None:
    """What is wrong with an archive after a power cut, None if nothing is."""
    try:
        check_state(archive, state)
    except (AssertionError, ArchiveError, SigningError, OSError) as error:
        where = f"{state.variant} state after step {state.step} ({state.after})"
        return f"{where}: {type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("part", range(PARTS))
def test_every_power_cut_is_survived(recording: tuple[Archive, PowerCutDisk], part: int) -> None:
    archive, disk = recording
    states = list(disk.states())[part::PARTS]
    assert len(states) >= 20
    assert [found for state in states if (found := failure(archive, state))] == []


def test_the_scenario_reaches_every_sync(recording: tuple[Archive, PowerCutDisk]) -> None:
    _, disk = recording
    assert set(sync_sites()) <= disk.sites()


@pytest.mark.parametrize("site", sync_sites())
def test_no_sync_is_there_in_vain(recording: tuple[Archive, PowerCutDisk], site: str) -> None:
    archive, disk = recording
    fine = {state.key for state in disk.states()}
    worse = (state for state in disk.states(ignored=site) if state.key not in fine)
    found = next(filter(None, (failure(archive, state) for state in worse)), None)
    assert found, f"without {site} all is well"


@pytest.fixture(scope="module")
def founded() -> Iterator[tuple[PowerCutDisk, bytes]]:
    """A home that was said to be founded, and its policy."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    home, numbers = folder / "home", random.Random(5)
    home.mkdir()
    disk = PowerCutDisk(home, lambda: START)
    founding = Founding(home, home / "store", "cunzheng.local/01test", "示例局")
    keyring = Keyring(home / "keys", PASSPHRASE)
    found_home(disk, founding, keyring, START, lambda: numbers.getrandbits(120))
    disk.mark("founded")
    yield disk, (home / "policy.toml").read_bytes()
    shutil.rmtree(folder)


def policies(disk: PowerCutDisk, ignored: str = "") -> set[bytes | None]:
    """What may be left of the policy once the home is founded."""
    states = [state for state in disk.states(ignored) if state.marks]
    return {{name: data for name, _, data in s.files}.get("policy.toml") for s in states}


def test_a_founded_home_stays(founded: tuple[PowerCutDisk, bytes]) -> None:
    disk, policy = founded
    assert policies(disk) == {policy}
    assert disk.sites() == set(sync_sites(founding=True))


@pytest.mark.parametrize("site", sync_sites(founding=True))
def test_no_sync_of_founding_is_in_vain(founded: tuple[PowerCutDisk, bytes], site: str) -> None:
    disk, policy = founded
    assert policies(disk, site) != {policy}
