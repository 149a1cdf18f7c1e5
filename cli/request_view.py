"""Requests as people read them: what they take, how they stand, and what to do next."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive import vocabulary
from cli.dates import moment
from cli.labels import coded, label, listed, role_label
from cli.language import say
from cli.output import print_line, print_pairs, print_table, show_size, show_span

_Found = Mapping[str, Any]
STATES: vocabulary.Labels = {
    "submitted": ("waits for approval", "待审批"),
    "granted": ("granted", "已批准"),
    "refused": ("refused", "已拒绝"),
    "withdrawn": ("withdrawn", "已撤回"),
    "closed": ("closed", "已关闭"),
}
ENDS: vocabulary.Labels = {
    "expired": ("expired", "到期"),
    "exhausted": ("used up", "次数用完"),
    "refused": ("refused", "被拒绝"),
    "withdrawn": ("withdrawn", "已撤回"),
    "returned": ("given back", "已交回"),
}
_ACCESS_STATES: vocabulary.Labels = {
    "open": ("running", "进行中"),
    "completed": ("completed", "完成"),
    "aborted": ("aborted", "中止"),
}


def show_explanation(found: _Found) -> None:
    """What a request would take, with the legal basis."""
    explanation = found["explanation"]
    pairs: list[tuple[str, object]] = [
        (say("capacity", "调阅身份"), coded(vocabulary.CAPACITIES, found["capacity"])),
        (say("action", "调阅方式"), coded(vocabulary.ACTIONS, explanation["action"])),
        (say("records", "记录"), str(len(found["records"]))),
        (say("may ask", "可申请者"), listed(vocabulary.ROLES, explanation["by"])),
        (say("approval", "审批"), _needed(found["needed"])),
    ]
    if explanation["raised_for"]:
        raised = listed(vocabulary.SENSITIVITIES, explanation["raised_for"])
        pairs.append((say("one step higher for", "提级原因"), raised))
    pairs += [
        (say("to be shown", "须提供"), listed(vocabulary.NEEDS, explanation["needs"]) or None),
        (say("facts", "说明"), listed(vocabulary.FACTS, explanation["facts"]) or None),
        (
            say("grant", "授权"),
            say(
                f"{explanation['count']} accesses within {explanation['hours']} hours",
                f"{explanation['hours']} 小时内 {explanation['count']} 次",
            ),
        ),
        *((say("legal basis", "依据"), text) for text in explanation["basis"]),
        (say("note", "备注"), say(*explanation["note"])),
    ]
    print_pairs(pairs)
    if found["never"]:
        print_line(say("An administrator may never ask.", "系统管理员在任何情况下都不得申请调阅。"))


def show_outcome(found: _Found) -> None:
    """How a request stands, after it was made or decided on."""
    print_pairs(_pairs(found))
    for line in next_steps(found):
        print_line(line)


def next_steps(found: _Found) -> list[str]:
    """What can be done now, as commands."""
    request = found["request"]
    if found["state"] == "submitted":
        return [
            say("then: ", "下一步：")
            + f"cunzheng decide {request} approve --role {item['role']}"
            + (f"  ({say('unit', '单位')} {item['unit']})" if item["unit"] else "")
            for item in found["still_needed"]
        ]
    if found["state"] == "granted":
        return [say("then: ", "下一步：") + f"cunzheng fetch RECORD --request {request}"]
    return []


def _pairs(found: _Found) -> list[tuple[str, object]]:
    window = found["window"]
    until = moment(window["until"]) if window else None
    begin = moment(window["from"]) if window else None
    return [
        (say("request", "申请编号"), found["request"]),
        (say("state", "状态"), _state(found)),
        (say("by", "申请人"), found["person"]),
        (say("capacity", "调阅身份"), label(vocabulary.CAPACITIES, found["capacity"])),
        (say("action", "调阅方式"), label(vocabulary.ACTIONS, found["action"])),
        (say("purpose", "用途"), label(vocabulary.PURPOSES, found["purpose"])),
        (say("case", "案件"), found["case"]),
        (say("still needed", "尚需审批"), _needed(found["still_needed"]) if _open(found) else None),
        (say("from", "自"), begin),
        (say("until", "至"), until),
        (say("accesses", "次数"), f"{found['used']} / {found['count']}" if window else None),
    ]


def _open(found: _Found) -> bool:
    return bool(found["state"] == "submitted")


def _state(found: _Found) -> str:
    state = label(STATES, found["state"])
    return f"{state} ({label(ENDS, found['ended'])})" if found["ended"] else state


def _needed(needed: Iterable[_Found]) -> str:
    named = [
        role_label(item["role"]) + (f" @ {item['unit']}" if item["unit"] else "") for item in needed
    ]
    return say(", ", "、").join(named) or say("none is needed", "无需审批")


def show_request(found: _Found) -> None:
    """One request with everything that belongs to it."""
    words = found["words"] or {}
    others = words.get("behalf") or {}
    print_pairs(
        [
            *_pairs(found),
            (say("reason", "事由"), words.get("reason")),
            (say("on behalf of", "代为申请"), " ".join(filter(None, others.values())) or None),
            (say("letter no.", "介绍信文号"), words.get("letter_no")),
            (say("task no.", "监督任务编号"), words.get("task_no")),
            *extent(found),
            (say("copies outside", "在外副本"), str(found["copies_out"])),
            *((say("record", "记录"), record) for record in found["records"]),
        ]
    )
    decisions = [*found["approvals"], *([found["refused_by"]] if found["refused_by"] else [])]
    if decisions:
        print_line()
        print_table(_DECISION_HEADS(), list(map(_decision, decisions, found["comments"])))
    if found["accesses"]:
        print_line()
        print_table(_ACCESS_HEADS(), [_access(item) for item in found["accesses"]])


def extent(found: _Found) -> list[tuple[str, str | None]]:
    """What of the records is asked for: times of a film, bytes, and how much of it they are."""
    segments: Iterable[_Found] = found["segments"] or ()
    listed_ = ", ".join(f"{part['from']} – {part['to']}" for part in segments)
    share = _share(sum(part["to"] - part["from"] for part in segments), found["sizes"])
    return [
        (say("part of the film", "时间段"), found["span"] and show_span(found["span"])),
        (say("bytes", "字节"), (listed_ and listed_ + share) or None),
    ]


def _share(count: int, sizes: Sequence[int | None]) -> str:
    """How much of the one record they are, in tenths of a hundredth, never less than it is."""
    size = sizes[0] if len(sizes) == 1 else None
    if not size:
        return ""
    tenths = min(-(-1000 * count // size), 1000)
    percent = f"{tenths // 10}.{tenths % 10} %"
    return say(f" ({percent} of {show_size(size)})", f"（占全部 {show_size(size)} 的 {percent}）")


def _DECISION_HEADS() -> tuple[str, ...]:  # noqa: N802 - a constant in the chosen language
    return (
        say("who", "审批人"),
        say("role", "角色"),
        say("decision", "决定"),
        say("when", "时间"),
        say("comment", "意见"),
    )


def _decision(item: _Found, comment: _Found | None) -> tuple[object, ...]:
    decision = "approve" if "grant" in item else "refuse"
    return (
        item["person"],
        label(vocabulary.ROLES, item["role"]),
        label(vocabulary.DECISIONS, decision),
        moment(item["at"]),
        (comment or {}).get("comment"),
    )


def _ACCESS_HEADS() -> tuple[str, ...]:  # noqa: N802 - a constant in the chosen language
    return (
        say("access", "调阅编号"),
        say("record", "记录"),
        say("state", "状态"),
        say("bytes", "字节"),
        say("when", "时间"),
        say("copies", "副本"),
        say("back", "已交回"),
    )


def _access(item: _Found) -> tuple[object, ...]:
    copies = item["copies"]
    return (
        item["access"],
        item["record"],
        label(_ACCESS_STATES, item["state"]),
        item["bytes"],
        moment(item["at"]),
        f"{copies['count']} × {copies['medium']}" if copies else None,
        item["back"] if copies else None,
    )


def show_requests(found: Iterable[_Found]) -> None:
    """A table of requests."""
    headings = (
        say("request", "申请编号"),
        say("state", "状态"),
        say("by", "申请人"),
        say("action", "方式"),
        say("records", "记录数"),
        say("asked", "申请时间"),
        say("still needed", "尚需审批"),
    )
    rows = [
        (
            item["request"],
            _state(item),
            item["person"],
            label(vocabulary.ACTIONS, item["action"]),
            item["records"],
            moment(item["at"]),
            _needed(item["still_needed"]) if _open(item) else None,
        )
        for item in found
    ]
    print_table(headings, rows)
