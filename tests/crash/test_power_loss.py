"""What a power cut may leave after every durable call, and that no fsync is there in vain."""

import ast
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixture import Archive
from crash_scenario import check_state, recorded_archive, scenario
from power_cut import PowerCutDisk, State

from archive.errors import ArchiveError
from signing.errors import SigningError

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("archive",)
SYNCS = {"fsync_file", "fsync_directory", "sync_file_system"}
PARTS = 6
MEMORY = Path("/dev/shm")


@pytest.fixture(scope="module")
def recording() -> Iterator[tuple[Archive, PowerCutDisk]]:
    """One run of the scenario; in memory where that is possible, for reopening is what costs."""
    home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    archive, disk = recorded_archive(home)
    scenario(archive, disk)
    archive.db.close()
    yield archive, disk
    shutil.rmtree(home)


def sync_sites() -> list[str]:
    """Every call of a sync outside of FileSystem, as file:line."""
    sites = []
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            tree = ast.parse(path.read_text())
            tree.body = [node for node in tree.body if getattr(node, "name", "") != "FileSystem"]
            sites += [
                f"{path.relative_to(REPOSITORY)}:{node.lineno}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in SYNCS
            ]
    return sites


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
