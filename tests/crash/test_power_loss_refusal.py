"""A power cut after a refusal: the drop never has its own name again, and no sync is in vain."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixture import SOURCE
from crash_scenario import Intaking, recorded_archive
from power_cut import PowerCutDisk
from sync_sites import MEMORY, REFUSING, all_sites

DROP = {
    "secret.txt": b"x",
    "secret.txt.json": '{"cunzheng_sidecar":1,"classification":"机密"}'.encode(),
}
SITES = [site for site in all_sites() if site.startswith(REFUSING)]


@pytest.fixture(scope="module")
def refused() -> Iterator[PowerCutDisk]:
    """A marked drop was refused, and its stub is in the database."""
    home = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    archive, disk = recorded_archive(home)
    folder = home / "inbox" / SOURCE
    folder.mkdir()
    disk.settled(folder)
    for name, data in DROP.items():
        (folder / name).write_bytes(data)
        disk.settled(folder / name)
    work = Intaking(archive)
    work.take()
    disk.mark(("refused", SOURCE, b""))
    work.intake.close()
    archive.db.close()
    yield disk
    shutil.rmtree(home)


def back(disk: PowerCutDisk, ignored: str = "") -> set[str]:
    """Names of the refused drop that a cut after its stub may bring back."""
    states = [state for state in disk.states(ignored) if state.marks]
    assert states
    return {name for state in states for name, _, _ in state.files if name.endswith(tuple(DROP))}


def test_a_refused_name_does_not_come_back(refused: PowerCutDisk) -> None:
    assert back(refused) == set()


@pytest.mark.parametrize("site", SITES)
def test_no_sync_of_a_refusal_is_in_vain(refused: PowerCutDisk, site: str) -> None:
    assert back(refused, site) != set()
