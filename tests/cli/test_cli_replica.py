"""The second copy by the command line: begun, followed, away, repaired, and waited for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from home_copies import copy_home
from tamper_lab import Lab

from cli.settings import SETTINGS_FILE


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    lab._founded("office")
    return lab


class Office:
    """A home with a second copy in another folder."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = Lab(folder, lab.clock)
        self.home = folder / "office"
        copy_home(lab.folder / "office", self.home)
        self.copy = folder / "elsewhere"
        self.set("replica", f'"{self.copy}"')
        self._taken = 0

    def set(self, name: str, value: str) -> None:
        path = self.home / SETTINGS_FILE
        lines = path.read_text().splitlines()
        here = next(n for n, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[here] = f"{name} = {value}"
        path.write_text("\n".join(lines) + "\n")

    def take(self) -> tuple[int, str]:
        """Ingest three files."""
        self._taken += 1
        self.lab.wait(minutes=1)
        drops = self.home.parent / f"drops-{self._taken}"
        drops.mkdir()
        for number in range(2):
            (drops / f"{number}.txt").write_text(f"{self._taken} {number} {self.lab.clock.moment}")
        (drops / "large.bin").write_bytes(bytes(range(256)) * 1500)
        return self.lab.run(self.home, "ingest", str(drops), "--source", "DSJ-0012345")

    def json(self, *words: str) -> tuple[int, Any]:
        code, text = self.lab.run(self.home, *words, "--json")
        return code, json.JSONDecoder().raw_decode(text[text.index("{") :])[0]

    def verify(self, *words: str) -> tuple[int, list[str]]:
        self.lab.wait(minutes=30)
        code, report = self.json("verify", *words)
        return code, [item["code"] for item in report["findings"]]

    def status(self) -> Any:
        return self.json("status")[1]

    def object(self, root: Path, name: str) -> Path:
        return next(iter(sorted((root / "evidence").rglob(name))))


@pytest.fixture
def office(founded: Lab, tmp_path: Path) -> Office:
    return Office(founded, tmp_path)


def test_a_copy_is_begun_and_follows(office: Office) -> None:
    assert "not begun" in office.lab.run(office.home, "status")[1]
    assert [item["code"] for item in office.status()["warnings"]].count("COPY_NOT_BEGUN") == 1
    code, said = office.json("replica", "begin")
    assert (code, said["level"]) == (0, "read-only")
    assert office.take()[0] == 0
    assert office.json("replica", "sync")[0] == 0
    assert office.status()["copy"]["count"] == 0
    assert "complete" in office.lab.run(office.home, "status")[1]
    assert office.verify("--storage") == (0, [])
    assert office.verify("--replica") == (0, [])
    assert office.verify("--replica", "--storage") == (0, [])


def test_a_copy_that_is_away_stops_nothing(office: Office) -> None:
    assert office.json("replica", "begin")[0] == 0
    assert office.json("replica", "sync")[0] == 0
    aside = office.copy.with_name("unmounted")
    office.copy.rename(aside)
    code, text = office.take()
    assert code == 0, text
    assert "second copy" in text
    assert not office.copy.exists()
    office.lab.wait(minutes=30)
    status = office.status()
    assert status["copy"]["count"] > 0
    assert "COPY_BEHIND" in [item["code"] for item in status["warnings"]]
    code, found = office.verify("--storage")
    assert (code, found) == (3, ["STORE_UNREADABLE"])
    aside.rename(office.copy)
    assert office.json("replica", "sync")[0] == 0
    assert office.status()["copy"]["count"] == 0
    assert office.verify("--storage") == (0, [])


def test_nothing_is_written_into_an_empty_mount_point(office: Office) -> None:
    office.copy.mkdir()
    code, said = office.json("replica", "sync")
    assert code == 3
    assert "replica begin" in json.dumps(said)
    assert list(office.copy.iterdir()) == []


def test_each_is_repaired_from_the_other(office: Office) -> None:
    assert office.json("replica", "begin")[0] == 0
    assert office.take()[0] == 0
    assert office.json("replica", "sync")[0] == 0
    lost = office.object(office.home / "store", "content")
    before = lost.read_bytes()
    lost.unlink()
    other = office.object(office.copy, "*.zip")
    other.unlink()
    code, found = office.verify("--storage")
    assert code == 1
    assert {"CONTENT_MISSING", "REPLICA_MISSING"} <= set(found)
    code, said = office.json("replica", "repair")
    assert code == 0, said
    assert (len(said["restored"]), said["copied"], said["unproved"]) == (1, 1, [])
    assert lost.read_bytes() == before
    assert other.exists()
    assert office.verify("--storage") == (0, [])


def test_an_altered_copy_is_found_from_both_sides(office: Office) -> None:
    assert office.json("replica", "begin")[0] == 0
    assert office.take()[0] == 0
    assert office.json("replica", "sync")[0] == 0
    path = office.object(office.copy, "content")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()
    path.write_bytes(bytes(data))
    path.chmod(0o444)
    assert office.verify("--replica") == (1, ["CONTENT_ALTERED"])
    assert office.verify("--storage") == (1, ["REPLICA_DIFFERS"])


def test_receipts_wait_for_both_if_the_settings_say_so(office: Office) -> None:
    office.set("replica_required", "true")
    assert office.json("replica", "begin")[0] == 0
    code, text = office.take()
    assert code == 0, text
    assert "receipts       3" in text
    aside = office.copy.with_name("unmounted")
    office.copy.rename(aside)
    code, text = office.take()
    assert code == 3, text
    assert "receipts       0" in text
    aside.rename(office.copy)
    code, text = office.take()
    assert code == 0, text
    assert "receipts       6" in text


def test_without_a_second_copy_there_is_nothing_to_do(founded: Lab, tmp_path: Path) -> None:
    office = Office(founded, tmp_path)
    office.set("replica", '""')
    for words in (("replica", "sync"), ("verify", "--replica")):
        assert office.lab.run(office.home, *words)[0] == 2
    assert office.status()["copy"] is None
