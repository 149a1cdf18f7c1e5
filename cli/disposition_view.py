"""A disposition as people read it before they sign: what is due, what stays, the list itself."""

from collections.abc import Mapping
from typing import Any

from archive.registers.denials import DENIALS
from cli.dates import end_day
from cli.labels import label
from cli.language import say
from cli.output import print_line, print_pairs, print_table
from retention.lists import STATES

SHOWN = 40
"""Lines that are shown of a long list."""
_REASONS = {
    "STILL_LOCKED": (
        "A lock or a legal hold of the store keeps it; execute again when it has ended.",
        "存储中的锁定期未满或有法律保留；期满后请再次执行。",
    ),
    "NOT_GONE": (
        "Not every store could show that it is gone, or that what is kept stands there.",
        "尚不能确认其已从全部存储中消失，或续存部分尚未就位。",
    ),
    **{code: words[1:] for code, words in DENIALS.items()},
}


def print_due(found: Mapping[str, Any], count: int) -> None:
    """What can go by now, of which `count` fit on one list, and what cannot."""
    due = found["due"]
    rows = [
        (one["line"]["record"], one["line"]["name"], one["line"]["case"], end_day(one["end"]))
        for one in due[:SHOWN]
    ]
    print_table((say("record", "记录"), say("name", "名称"), say("case", "案号"), _until()), rows)
    if len(due) > SHOWN:
        print_line(say(f"… {len(due)} in all", f"…… 共 {len(due)} 份"))
    if len(due) > count:
        print_line(
            say(
                f"One list takes {count} of them; propose the others after it.",
                f"一份清册列入其中 {count} 份，其余请另行提请。",
            )
        )
    for pack in found["packs"]:
        _print_pack(pack)
    _print_left(found)


def _print_pack(pack: Mapping[str, Any]) -> None:
    ends = end_day(pack["next"]) or say("not known", "未定")
    counts = len(pack["due"]), len(pack["kept"])
    print_line(
        say(
            f"Pack {pack['pack']}: {counts[0]} due, {counts[1]} kept; the last until {ends}."
            " `cunzheng packs split` takes out what is kept.",
            f"包 {pack['pack']}：{counts[0]} 份到期，{counts[1]} 份续存，最晚至 {ends}。"
            "可用 cunzheng packs split 拆出续存的记录。",
        )
    )


def _print_left(found: Mapping[str, Any]) -> None:
    for one in found["kept"][:SHOWN]:
        print_line(f"{one['record']}: {why(one)}")
    if found["held"]:
        print_line(say(f"held: {found['held']}", f"封存中：{found['held']}"))
    if found["waiting"]:
        count = len(found["waiting"])
        print_line(say(f"on a list already: {count}", f"已列入其他清册：{count}"))


def why(one: Mapping[str, Any]) -> str:
    """Why a record stays; in English with what is concerned."""
    words = _REASONS.get(one["code"])
    return say(one["sentence"], words[1] if words else one["sentence"])


def _until() -> str:
    return say("kept until", "保管至")


def print_list(found: Mapping[str, Any]) -> None:
    """One disposition with every line of its list."""
    lines = found["lines"]
    print_pairs(
        [
            (say("disposition", "处置编号"), found["disposition"]),
            (say("state", "状态"), label(STATES, found["state"])),
            (say("reason", "事由"), found["reason"]),
            (say("proposed by", "提请人"), found["proposed_by"]),
            (say("decided by", "审批人"), found["decided_by"]),
            (say("executed by", "执行人"), found["executed_by"]),
            (say("records", "记录数"), len(lines)),
            (say("destroyed", "已销毁"), found["destroyed"]),
        ]
    )
    if found["begun"]:
        print_line(
            say(
                f"Begun and not finished: {found['begun']}; run `disposition execute` again.",
                f"已开始但未完成：{found['begun']} 份；请再次运行 disposition execute。",
            )
        )
    print_line()
    print_table(
        (
            say("record", "记录"),
            say("name", "名称"),
            say("case", "案号"),
            _until(),
            say("state", "状态"),
        ),
        [
            (
                line["record"],
                line.get("name"),
                line.get("case"),
                end_day(line["end"]),
                say("destroyed", "已销毁") if line["destroyed"] else say("kept", "未销毁"),
            )
            for line in lines
        ],
    )
