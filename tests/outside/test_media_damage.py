"""Damaged media: no check is worse than what was measured before, and sound ones are left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from damage_media import BLIND, FACTS, NO_RECORD, TABLE_KINDS, damages_of
from media_samples import dense, sample
from media_table import PLACES, Row, look, rate, row, worse
from media_variants import by_hand, variant_bytes, variants

from ingest.media import checks_after, decoding
from ingest.media import probe as asking
from ingest.media.tools import find_programs

PROGRAMS = find_programs()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not behind all other work of the machine, as it is in service."""
    for module, name in ((decoding, "DECODE"), (checks_after, "CHECK"), (asking, "CHECK")):
        monkeypatch.setattr(module, name, replace(getattr(module, name), nice=0))


FEW = (
    "cut_at_start.mp4",
    "cut_at_start.mov",
    "begins_late.mp4",
    "begins_late.mkv",
    "second_segment.mp4",
    "open_gop.mp4",
    "live.mkv",
    "mpeg4_mp3.avi",
    "pcm.mov",
    "cut_at_start.ts",
)


def _check(one: Row) -> None:
    """No worse than the facts; noticed, unless the table says why nothing can."""
    key = (one.kind, one.damage)
    assert not worse(one), key
    assert one.noticed or key in BLIND, key
    assert one.no_record == (one.damage in NO_RECORD)
    if one.noticed and one.damage != "never dated":
        assert one.after != "sound"


@pytest.mark.parametrize(("kind", "damage"), sorted(FACTS))
def test_no_cell_of_the_facts_is_worse(kind: str, damage: str) -> None:
    _check(row(PROGRAMS, kind, damage))


@pytest.mark.parametrize("kind", TABLE_KINDS)
def test_nothing_is_noticed_about_a_sound_file(kind: str) -> None:
    one = row(PROGRAMS, kind, None)
    assert (one.cells, one.before, one.after) == (frozenset(), "sound", "sound")


@pytest.mark.parametrize("name", sorted(by_hand()))
def test_sound_files_that_only_look_strange(name: str) -> None:
    _sound(name, by_hand()[name])


@pytest.mark.parametrize("name", FEW)
def test_sound_files_of_other_recorders(name: str) -> None:
    _sound(name, variant_bytes(next(one for one in variants() if one.name == name)))


@pytest.mark.full
@pytest.mark.parametrize("name", sorted({one.name for one in variants()} - set(FEW)))
def test_sound_files_of_all_other_recorders(name: str) -> None:
    _sound(name, variant_bytes(next(one for one in variants() if one.name == name)))


def _sound(name: str, data: bytes) -> None:
    one = look(PROGRAMS, name, "sound", data, name)
    assert (one.before, one.after) == ("sound", "sound")
    assert not one.cells - {"structure"}  # which may note that no time of creation is stated


@pytest.mark.full
@pytest.mark.parametrize("kind", TABLE_KINDS)
def test_the_whole_table(kind: str) -> None:
    for damage in damages_of(kind):
        _check(row(PROGRAMS, kind, damage))


@pytest.mark.full
@pytest.mark.parametrize(("kind", "least"), [("mp4", 17), ("ts", 17)])
def test_one_flipped_bit_is_noticed_as_often_as_in_the_facts(kind: str, least: int) -> None:
    """95 and 96 % there, of 40 and 25 places; 17 of 20 is within chance."""
    assert rate(PROGRAMS, dense(kind), f"drop.{kind}", PLACES) >= least


@pytest.mark.full
def test_every_flipped_bit_of_flac_is_noticed() -> None:
    assert rate(PROGRAMS, sample("flac").read_bytes(), "drop.flac", PLACES) == PLACES
