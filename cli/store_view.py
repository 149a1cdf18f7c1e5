"""What `doctor --store` shows: every guarantee, and what it means where it is missing."""

from typing import Any

from archive import vocabulary
from archive.stores.s3.guarantees import GUARANTEES
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table

_STATES = {
    "given": ("given", "有"),
    "missing": ("MISSING", "缺"),
    "accepted": ("missing, accepted", "缺（已接受）"),
    "untried": ("not tried", "未试"),
    "unasked": ("not asked", "不需要"),
}
_WANTING = ("missing", "accepted", "untried")


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print what a probe found."""
    if as_json:
        said = [{**row, "sentence": sentence(row)} for row in found["guarantees"]]
        print_json({**found, "guarantees": said})
        return
    print_pairs(
        [
            (say("store", "存储"), found["place"]),
            (say("server", "服务器"), found["server"]),
            (say("lock mode asked for", "要求的锁定模式"), found["lock_mode"]),
            (say("protection reached", "达到的保护级别"), label(vocabulary.LEVELS, found["level"])),
        ]
    )
    if found["guarantees"]:
        headings = (say("state", "状态"), say("guarantee", "保证"), say("meaning", "含义"))
        rows = [
            (say(*_STATES[row["state"]]), row["guarantee"], sentence(row))
            for row in found["guarantees"]
        ]
        print_table(headings, rows)
    for line in _remarks(found):
        print_line(line)


def sentence(row: dict[str, Any]) -> str:
    """What a guarantee is; where it is missing, what follows."""
    item = GUARANTEES[row["guarantee"]]
    if row["state"] in _WANTING:
        return say(
            f"{item.en} Without it: {item.without_en}.", f"{item.zh}缺少时：{item.without_zh}。"
        )
    return say(item.en, item.zh)


def _remarks(found: dict[str, Any]) -> list[str]:
    lines = []
    if found["may_delete"] is False:
        lines.append(
            say(
                "These credentials may delete nothing, so what was refused may be refused by their"
                " rights and not by the locks.",
                "该凭据无删除权限，因此上述拒绝可能出于权限，而非对象锁。",
            )
        )
    if found["left"]:
        lines.append(
            say(
                f"{found['left']} scratch versions stay below probe/: a lock, or these rights,"
                " do not let them go.",
                f"probe/ 下留有 {found['left']} 个临时版本：锁或权限不允许删除。",
            )
        )
    if not found["fit"]:
        lines.append(
            say(
                "Nothing is written there as long as a guarantee is missing that accept_missing"
                " does not name.",
                "只要仍缺少未列入 accept_missing 的保证，系统就不会向其写入。",
            )
        )
    if not found["guarantees"]:
        lines.append(
            say(
                "A folder promises nothing that could be tried out: whoever is root there can"
                " change and delete everything.",
                "目录没有可实测的保证：拥有 root 权限者可以改动和删除一切内容。",
            )
        )
    return lines
