"""A small list of what is recorded, and materials for it, without an archive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from archive.completeness.coverage import CaseFacts, Completeness, Verdict, examine
from archive.completeness.material import Interruption, Material
from archive.completeness.spans import Span
from archive.record_list import RecordList

NINE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OPEN = CaseFacts("penalty", "ordinary", closed=False)
_ROW = """
[[{table}]]
id = "{id}"
categories = ["penalty"]
stage = "{stage}"
en = "{id} row"
zh = "{zh}"
basis = "x"
retention = "same_as_case"
required = "{required}"
"""
_RECORDING = """media = ["{media}"]
carriers = ["body_camera"]
kind = "check"
begins = "x"
content = "x"
ends = "x"
"""


def _row(table: str, name: str, zh: str, stage: str, required: str, more: str) -> str:
    return _ROW.format(table=table, id=name, zh=zh, stage=stage, required=required) + more


LIST = RecordList.parse(
    'cunzheng_record_list = 1\nupload_hours = 24\nupload_basis = "x"\ntolerance_seconds = 60\n'
    + _row(
        *("recording", "scene", "现场检查", "investigate", "if_claimed"),
        _RECORDING.format(media="video") + 'with = ["note"]\nkeywords = ["检查录像"]\n',
    )
    + _row(
        *("recording", "photos", "物证照片", "investigate", "at_stage"),
        _RECORDING.format(media='photo", "video') + 'keywords = ["物证"]\n',
    )
    + _row(
        *("recording", "talk", "询问", "investigate", "if_claimed"),
        _RECORDING.format(media='audio", "video')
        + 'keywords = ["询问录音"]\nwith = ["interview"]\nupload_hours = 48\n',
    )
    + _row("document", "opening", "立案审批表", "start", "always", 'keywords = ["立案"]\n')
    + _row("document", "note", "检查笔录", "investigate", "at_stage", 'keywords = ["检查笔录"]\n')
    + _row(
        "document",
        "interview",
        "询问笔录",
        "investigate",
        "if_claimed",
        'keywords = ["询问笔录"]\n',
    )
    + _row("document", "legal", "法制审核", "review", "if_major", 'keywords = ["法制审核"]\n')
    + _row(
        *("document", "decision", "决定书", "decide", "at_stage"),
        'keywords = ["决定书"]\nwithout = ["回证"]\n',
    )
    + _row("document", "catalogue", "卷内目录", "archive", "at_close", 'keywords = ["卷内目录"]\n')
)


def at(minutes: float) -> datetime:
    """So many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


def between(start: float, end: float) -> Span:
    """From one minute to another."""
    return Span(at(start), at(end))


def material(name: str, kind: str = "text", **more: Any) -> Material:
    """A record named by its file name; `span` is (start, end) in minutes after nine."""
    span = more.pop("span", None)
    times = {} if span is None else {"start": at(span[0]), "end": at(span[1])}
    values = {"received_at": at(120), **times, **more}
    return Material(record=f"R-{name}", kind=kind, name=name, **values)


def video(name: str, start: float, end: float, **more: Any) -> Material:
    """A film from one minute to another."""
    return material(name, "video", span=(start, end), **more)


def gap(
    start: float, end: float, reason: str | None = None, note: str | None = None
) -> Interruption:
    """An interruption from one minute to another."""
    return Interruption(between(start, end), reason, note)


def judged(
    *materials: Material, facts: CaseFacts = OPEN, excused: tuple[str, ...] = ()
) -> Completeness:
    """What the small list says of them."""
    return examine(LIST, facts, materials, excused)


def row(found: Completeness, name: str) -> Verdict:
    """The verdict of a row."""
    return next(one for one in found.verdicts if one.row.id == name)


def states(found: Completeness) -> dict[str, str]:
    """States of the rows that are required."""
    return {one.row.id: one.state for one in found.required}
