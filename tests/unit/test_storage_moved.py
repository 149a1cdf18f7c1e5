"""A place that is another one than the ledger states: another server, another file system."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.durable import FileSystem
from archive.ports import PlaceFacts
from archive.storage_check.expected import Stated
from archive.storage_check.place import judge_place
from archive.stores.directory import DirectoryStore
from archive.stores.directory_vault import DirectoryVault

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("stated", "now", "codes"),
    [
        ("Weed 4.48", "Weed 4.48", []),
        ("Weed 4.48", "other", ["SERVER_CHANGED"]),
        ("Weed 4.48", None, ["SERVER_CHANGED"]),
        (None, "other", []),
    ],
)
def test_another_server(stated: str | None, now: str | None, codes: list[str]) -> None:
    found = judge_place(PlaceFacts("s3://bucket", server=now), Stated("none", stated), NOW)
    assert [code for code, _, _ in found] == codes


def test_a_file_on_another_file_system(tmp_path: Path) -> None:
    """Only the device's number is another one here: nothing is mounted in a test."""
    vault = DirectoryVault(tmp_path, DirectoryStore(tmp_path, tmp_path, FileSystem()), FileSystem())
    own = os.stat(tmp_path)
    there = os.stat_result([*own[:2], own.st_dev + 1, *own[3:10]])
    assert list(vault._of_place("records/a", own)) == []
    assert list(vault._of_place("records/a", there)) == [("FILE_SYSTEM_OTHER", "records/a")]
