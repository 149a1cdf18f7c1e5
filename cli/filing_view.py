"""Volumes of a case as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive.times import parse_time
from archive.vocabulary import STAGES
from cli.labels import label
from cli.language import say
from cli.output import print_line, print_table, show_time

Document = Mapping[str, Any]


def print_draft(draft: Document, lines: Sequence[Document]) -> None:
    """The catalogue that is about to be signed, and what stays out of it."""
    code = draft["ref_code"] or "–"
    print_line(
        say(
            f"volume {draft['number']}, reference code {code}",
            f"第 {draft['number']} 卷，档号 {code}",
        )
    )
    beside = {one["record"]: one for one in draft["lines"]}
    print_table(
        (
            *(say("no.", "顺序号"), say("title", "题名"), say("date", "日期")),
            *(say("from page", "起始页"), say("pages", "页数")),
            *(say("stage", "环节"), say("record", "记录"), ""),
        ),
        [
            (
                number,
                line["title"],
                beside[line["record"]]["day"],
                line["page_from"],
                line["pages"],
                _stage(beside[line["record"]]),
                line["record"],
                _late(beside[line["record"]]),
            )
            for number, line in enumerate(lines, 1)
        ],
    )
    out = len(draft["lines"]) - len(lines)
    if out:
        print_line(
            say(f"Records that stay out of this volume: {out}.", f"另有 {out} 份记录不入本卷。")
        )


def print_filing(found: Document, stages: Iterable[Document]) -> None:
    """Volumes with their codes and digests, and what came after them; nothing before the first.

    `stages` are those of the timeline, which has the names of the records.
    """
    if not found["volumes"]:
        return
    print_table(
        (
            *(say("volume", "卷号"), say("reference code", "档号"), say("records", "件数")),
            *(say("filed", "归档时间"), say("by", "立卷人"), say("digest", "卷摘要值")),
        ),
        [
            (
                *(one["number"], one["ref_code"], one["records"]),
                *(show_time(parse_time(one["filed_at"]))[:19], one["by"], one["volume"]),
            )
            for one in found["volumes"]
        ],
    )
    names = {one["record"]: one["name"] for stage in stages for one in stage["records"]}
    for record in found["late"]:
        one = f"{names.get(record, '–')} ({record})"
        print_line(say(f"late addition, in no volume: {one}", f"归档后补充、尚未入卷：{one}"))
    left = len(found["unfiled"]) - len(found["late"])
    if left:
        print_line(say(f"records in no volume: {left}", f"未入卷记录：{left} 份"))


def _stage(line: Document) -> str:
    return label(STAGES, line["stage"]) if line["stage"] else "–"


def _late(line: Document) -> str:
    return say("added later", "补充") if line["late"] else ""
