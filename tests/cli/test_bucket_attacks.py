"""What an administrator does to the storage: refused by it, or noticed by `verify --storage`.

The attacks are those of `make bucket`; every one begins with an archive that gives no finding.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import directory_attacks
import pytest
from bucket_lab import BucketLab
from bucket_table import ATTACKS, Attack, clean, run
from directory_attacks import FolderLab
from s3_servers import Weed


@pytest.fixture(scope="module")
def lab(weed: Weed, tmp_path_factory: pytest.TempPathFactory) -> BucketLab:
    return BucketLab(tmp_path_factory.mktemp("buckets"), weed)


def test_an_untouched_bucket_gives_no_finding(lab: BucketLab) -> None:
    assert dict(clean(lab)) == {
        "compliance": {},
        "compliance, copied": {},
        "governance": {},
        "governance, copied": {},
    }


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: f"{one.name}, {one.mode}")
def test_nothing_passes_unnoticed(lab: BucketLab, attack: Attack) -> None:
    row = run(lab, attack)
    assert row.good, (row.answer, row.exit_code, row.found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> FolderLab:
    return FolderLab(tmp_path_factory.mktemp("folder"))


def test_an_untouched_folder_gives_no_finding(folder: FolderLab) -> None:
    assert folder.untouched() == {}


@pytest.mark.parametrize(
    ("attack", "do"), directory_attacks.ATTACKS, ids=lambda one: getattr(one, "name", "")
)
def test_nothing_passes_unnoticed_in_a_folder(
    folder: FolderLab, attack: Attack, do: Callable[[Path], None]
) -> None:
    if attack.who == directory_attacks.ROOT and os.geteuid() != 0:
        pytest.skip("NOT RUN: needs root")
    row = folder.run(attack, do)
    assert row.good, (row.exit_code, row.found)
