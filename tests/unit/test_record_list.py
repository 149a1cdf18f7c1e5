"""The list of what is recorded: what ships can be read, and nothing else is."""

import tomllib
from pathlib import Path

import pytest

from archive.errors import FormatError
from archive.record_list import COLUMNS, RecordList
from archive.registers.rules import _READERS
from archive.vocabulary import CARRIERS, MEDIA_KINDS, RECORDING_KINDS, REQUIRED

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "config" / "record-list.toml").read_text("utf-8")
SIX = ("permit", "penalty", "coercion", "inspection", "levy", "fee")
HEAD = """
cunzheng_record_list = 1
upload_hours = 24
upload_basis = "x"
tolerance_seconds = 60
recording = []
"""
DOCUMENT = """
[[document]]
id = "note"
categories = ["penalty"]
stage = "investigate"
en = "Note"
zh = "笔录"
required = "at_stage"
keywords = ["笔录"]
retention = "same_as_case"
basis = "x"
"""
RECORDING = """
[[recording]]
id = "scene"
categories = ["penalty"]
stage = "investigate"
en = "Scene"
zh = "现场"
required = "if_claimed"
with = ["note"]
media = ["video"]
carriers = ["body_camera"]
kind = "check"
begins = "x"
content = "x"
ends = "x"
retention = "6m"
basis = "x"
"""
BOTH = HEAD.replace("recording = []", "") + RECORDING + DOCUMENT


def test_what_ships_covers_the_six_categories() -> None:
    rules = RecordList.parse(TEXT)
    assert (rules.upload_hours, rules.tolerance.total_seconds()) == (24, 60)
    for category in SIX:
        rows = rules.of(category)
        stages = {row.stage for row in rows if not row.is_recording}
        assert {"start", "investigate", "review", "decide", "serve", "execute", "archive"} == stages
        assert any(row.is_recording and row.required != "always" for row in rows)
    for row in rules.rows:
        assert row.basis
        if row.is_recording:
            # Every column that the lists of agencies have.
            assert set(COLUMNS) - {"matter", "note"} <= row.columns.keys()
    assert _READERS["record_list"] == RecordList.parse


def test_words_of_the_list_are_documented() -> None:
    page = (ROOT / "docs" / "completeness.md").read_text("utf-8")
    tables = (table for table in tomllib.loads(BOTH).values() if isinstance(table, list))
    keys = {key for table in tables for key in table[0]}
    words = {*keys, *REQUIRED, *CARRIERS, *RECORDING_KINDS, *MEDIA_KINDS, "without", "upload_hours"}
    missing = [word for word in sorted(words) if f"`{word}`" not in page]
    assert missing == []


def test_rows_are_found_by_id_and_name() -> None:
    rules = RecordList.parse(BOTH)
    row = rules.named("scene")
    assert row.is_recording
    assert row.needs == ("note",)
    assert all(map(row.is_named, ("scene", "SCENE", " 现场 ", "Scene")))
    assert not row.is_named("现场检查")
    assert rules.hours(row) == 24
    assert rules.of("permit") == []
    with pytest.raises(FormatError, match="no row"):
        rules.named("nothing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("cunzheng_record_list = 1", "cunzheng_record_list = 2", "was expected"),
        ("cunzheng_record_list = 1", "", "was expected"),
        ("upload_hours = 24", "upload_hours = 0", "upload_hours"),
        ("upload_hours = 24", "upload_hours = true", "upload_hours"),
        ("upload_hours = 24", "", "upload_hours"),
        ("tolerance_seconds = 60", "tolerance_seconds = -1", "tolerance_seconds"),
        ('upload_basis = "x"', 'upload_basis = " "', "upload_basis"),
        ('upload_basis = "x"', 'upload_basis = "x"\nmore = 1', "more"),
        ('id = "scene"', 'id = "note"', "two rows"),
        ('id = "scene"', 'id = "Scene"', "recording 1"),
        ('required = "if_claimed"', 'required = "perhaps"', "scene"),
        ('with = ["note"]', 'with = ["scene"]', "no document"),
        ('with = ["note"]', 'with = ["nothing"]', "no document"),
        ('with = ["note"]', "", "if_claimed takes"),
        ('media = ["video"]', "media = []", "media"),
        ('media = ["video"]', 'media = ["text"]', "media"),
        ('kind = "check"', "", "kind"),
        ('begins = "x"', "", "begins"),
        ('retention = "6m"', 'retention = "six months"', "retention"),
        ('keywords = ["笔录"]', "", "keywords"),
        ('keywords = ["笔录"]', 'keywords = [""]', "keywords"),
        ('keywords = ["笔录"]', 'keywords = ["笔录"]\nmedia = ["video"]', "media"),
        ('categories = ["penalty"]', 'categories = ["fine"]', "categories"),
        ('categories = ["penalty"]', 'categories = ["penalty", "permit"]', "same categories"),
        ("[[recording]]", "[recording]", "recording"),
        ("[[recording]]", "[[recording", "not TOML"),
    ],
)
def test_what_is_wrong_is_refused(old: str, new: str, said: str) -> None:
    RecordList.parse(BOTH)
    with pytest.raises(FormatError, match=said):
        RecordList.parse(BOTH.replace(old, new, 1))


def test_a_list_has_rows_and_names_that_mean_one_row() -> None:
    with pytest.raises(FormatError, match="empty"):
        RecordList.parse(HEAD + "document = []\n")
    twin = DOCUMENT.replace('id = "note"', 'id = "other"').replace("Note", "note ")
    with pytest.raises(FormatError, match="its name is that of note"):
        RecordList.parse(BOTH + twin)
    other = DOCUMENT.replace('id = "note"', 'id = "other"').replace("penalty", "permit")
    assert len(RecordList.parse(BOTH + other).rows) == 3
    with pytest.raises(FormatError, match="512 KiB"):
        RecordList.parse(BOTH + "#" * (513 << 10))
