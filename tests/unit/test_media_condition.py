"""The verdict on a medium, and the codes that lead to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archive import vocabulary
from ingest.media.codes import CODES, VERDICTS
from ingest.media.complaints import clean, complaints
from ingest.media.condition import Noticed, condition, is_no_record, verdict

HERE = Path(__file__).parents[2]
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_the_gravest_code_decides() -> None:
    assert verdict([]) == "sound"
    assert verdict([Noticed("BLACK"), Noticed("NO_CREATION_TIME")]) == "sound"
    assert verdict([Noticed("NAME_DIFFERS"), Noticed("BLACK")]) == "suspicious"
    assert verdict([Noticed("CUT_SHORT"), Noticed("DECODE_ERRORS")]) == "truncated"
    assert verdict([Noticed("CUT_SHORT"), Noticed("INDEX_MISSING")]) == "unreadable"


def test_findings_are_sorted_and_each_stands_once() -> None:
    twice = [Noticed("SILENT", "1"), Noticed("BLACK", "2"), Noticed("SILENT", "1")]
    assert condition(twice) == {
        "findings": [{"code": "BLACK", "note": "2"}, {"code": "SILENT", "note": "1"}],
        "verdict": "sound",
    }


def test_only_what_has_nothing_in_it_is_no_record() -> None:
    no_record = {code for code in CODES if is_no_record([Noticed(code)])}
    assert no_record == {"EMPTY", "ONLY_ZEROS"}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_told_in_both_languages_and_in_the_document(code: str) -> None:
    row = CODES[code]
    assert row.verdict in vocabulary.CONDITIONS
    assert row.verdict in VERDICTS
    assert row.english.endswith(".")
    assert HAN.search(row.chinese)
    assert row.chinese.endswith("。")
    assert HAN.search(row.todo_zh)
    assert row.todo.endswith(".")
    assert f"`{code}`" in (HERE / "docs" / "media.md").read_text("utf-8")


def test_every_code_that_is_given_is_listed() -> None:
    given = set()
    for path in (HERE / "ingest" / "media").rglob("*.py"):
        given |= set(re.findall(r'Noticed\(\s*"([A-Z_]+)"', path.read_text("utf-8")))
    assert given
    assert given <= CODES.keys()


SAID = """\
[h264 @ 0x7f52d9f88040] error while decoding MB 6 5, bytestream -44
    Last message repeated 3 times
[null @ 0x55d0] Application provided invalid, non monotonically increasing dts to muxer
[out#0/null @ 0x55d0] Error submitting a packet to the muxer
fd:: Invalid data found when processing input
[mov,mp4,m4a @ 0x1] Could not find codec parameters for stream 2 (Data: none)
"""


def test_only_the_parts_that_read_the_file_complain() -> None:
    assert list(complaints(SAID)) == ["h264: error while decoding MB 6 5, bytestream -44"]


def test_warnings_are_no_complaints_but_for_corrupt_packets() -> None:
    said = (
        "[in#0/avi @ 0x1] [warning] corrupt input packet in stream 0\n"
        "[in#0/avi @ 0x1] [warning] Packet corrupt\n"
        "[h264 @ 0x1] [error] no frame!\n"
        "[h264 @ 0x1] [verbose] Reinit context\n"
        "[Parsed_blackdetect_0 @ 0x1] [error] ours\n"
    )
    assert list(complaints(said, levels=True)) == [
        "in#0/avi: corrupt input packet in stream 0",
        "h264: no frame!",
    ]


def test_text_of_a_file_is_made_harmless() -> None:
    shown = clean("e\u0301 \x1b[31m \u202e 0x7f52d9f88040 " + "x" * 500)
    assert shown.startswith("\xe9 ?[31m ?")
    assert "7f52" not in shown
    assert len(shown) <= 160
