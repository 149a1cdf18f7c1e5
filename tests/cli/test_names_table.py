"""Every name that a file may have, from the drop to the copy that somebody receives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from name_table import CHECKS, NAMES, OUTPUTS, PICKED, NameLab, rows
from scale import ACCEPTANCE


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> NameLab:
    return NameLab(tmp_path_factory.mktemp("names"), every=ACCEPTANCE)


def test_the_table_has_forty_names_and_all_are_taken_at_once(lab: NameLab) -> None:
    taken = [name for name in NAMES if name.taken]
    assert len(taken) >= 40
    assert len({(name.source, name.folder, name.raw) for name in NAMES}) == len(NAMES)
    assert {name.what for name in taken} >= PICKED
    assert len(lab.records) == len(taken) + 1  # and the office's own
    assert f"receipts       {len(taken)}" in lab.watched.text


@pytest.mark.parametrize("check", CHECKS)
def test_each_name(lab: NameLab, check: Callable[..., Iterator[str]]) -> None:
    problems = {row.name.what: row.problems for row in rows(lab, [check]) if row.problems}
    assert not problems


def test_every_copy_has_a_name_of_its_own(lab: NameLab) -> None:
    assert len(lab.copies) == len({*lab.copies.values()}) >= len(PICKED)


@pytest.mark.parametrize("check", OUTPUTS)
def test_what_is_printed_and_written(lab: NameLab, check: Callable[[Any], Iterator[str]]) -> None:
    assert [*check(lab)] == []
