"""The cover sheet of a released file, from what the archive says of its access."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive import vocabulary
from archive.documents.cover_sheet import Approval, Copies, CoverItem, CoverSheet, SealState
from archive.times import parse_time
from cli.labels import label
from cli.language import current, say
from cli.output import show_span
from cli.service.desk import Document


def cover_sheet(head: Document, action: str, name: str, digests: list[str]) -> CoverSheet:
    """The cover sheet of one released file, in the chosen language."""
    cover: Mapping[str, Any] = head["cover"]
    whole = (head["from"], head["to"]) == (0, head["size"])
    names = cover["names"]
    gen_time = cover["seal"]["gen_time"]
    made = head.get("copy")
    item = CoverItem(
        record=head["record"],
        name=name,
        size=head["to"] - head["from"],
        range=None if whole else (head["from"], head["to"]),
        digests=tuple(digests),
        log=head["log"],
        index=head["index"],
        made=_made(made) if made else None,
        parent=made["parent"] if made else None,
        marked=bool(made and made["form"] == "marked"),
    )
    return CoverSheet(
        archive=cover["archive"],
        request=cover["request"],
        access=head["access"],
        action=label(vocabulary.ACTIONS, action),
        person=cover["person"],
        person_name=names.get(cover["person"], cover["person"]),
        unit=cover["unit"],
        on_behalf=cover["on_behalf"],
        letter_no=cover["letter_no"],
        released_at=parse_time(cover["released_at"]),
        reason=cover["reason"],
        case_no=cover["case_no"],
        approvals=tuple(_approval(item, names) for item in cover["approvals"]),
        items=(item,),
        copies=_copies(cover),
        seal=SealState(tuple(cover["seal"]["note"]), _moment(gen_time)),
        software=cover["software"],
        lang="zh" if current() == "zh" else "en",
    )


def _made(copy: Mapping[str, Any]) -> str:
    """How a copy was made of its original, in the chosen language."""
    if copy["form"] == "marked":
        words = say("marked with request, person and time", "加注申请编号、领取人和时间")
    else:
        words = say("packets of the original, unchanged", "原件数据包，未作改动")
    if copy["span"] is None:
        return words
    part = copy["range"]
    bytes_ = say(
        f"bytes {part['from']:,} to {part['to']:,}", f"字节 {part['from']:,} 至 {part['to']:,}"
    )
    return f"{show_span(copy['span'])} ({bytes_}) · {words}"


def _copies(cover: Mapping[str, Any]) -> Copies | None:
    copies = cover["copies"]
    return Copies(**copies, medium_no=cover["medium_no"]) if copies else None


def _approval(item: Mapping[str, Any], names: Mapping[str, str]) -> Approval:
    return Approval(
        name=names.get(item["person"], item["person"]),
        role=label(vocabulary.ROLES, item["role"]),
        decision=label(vocabulary.DECISIONS, "approve"),
        when=parse_time(item["at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
