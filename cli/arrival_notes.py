"""What was noticed when a drop arrived, in people's words and in both languages.

Notes are sealed in one short English form; here every form of ours has its Chinese. One that is not
known is shown as it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cli.language import say
from cli.output import show_duration
from cli.wording import Pattern, by_form
from ingest.codes import CODES

_FORMS: Sequence[Pattern] = (
    (r"the sidecar names (\d+) officers?", r"附带说明载有 \1 人"),
    (
        r"interruption (\d+) is not within the time of the recording",
        r"第 \1 处中断",
    ),
    (
        r"the sidecar claims (\S+), the file has (\S+)",
        r"附带说明称 \1，文件为 \2",
    ),
    (r"the sidecar claims (\S+)", r"附带说明称 \1"),
    (r"the manifest says (\d+) bytes, the file has (\d+)", r"清单为 \1 字节，文件为 \2 字节"),
    (r"the manifest says (\S+), the file has (\S+)", r"清单为 \1，文件为 \2"),
    (r"no manifest listed it within ([\d.]+) hours?", r"\1 小时内没有清单列出"),
    (r"no marker came within ([\d.]+) hours?", r"\1 小时内未见就绪标记"),
    (r"a temporary name, at rest for ([\d.]+) hours?", r"以临时文件名静置 \1 小时"),
    (r"(\d+) listed files? did not come: (.*) and (\d+) more", r"\1 个：\2 等，另有 \3 个"),
    (r"(\d+) listed files? did not come: (.*)", r"\1 个：\2"),
    (
        r"rows that name no file of its folder: (\d+) \((.*) and (\d+) more\)",
        r"\1 行（\2 等，另有 \3 行）",
    ),
    (r"rows that name no file of its folder: (\d+) \((.*)\)", r"\1 行（\2）"),
    (
        r"the file has other names too, by which it can still be changed",
        "可经由该名称继续改动；存证库另有副本",
    ),
    (
        r"it is written like a sidecar, but goes with no file or with several",
        "同名文件不存在或不止一个",
    ),
)
_OFFSET = re.compile(r"the sidecar says that the device's clock is off by (-?\d+) ms")


def noticed(item: Mapping[str, Any]) -> str:
    """A finding: its sentence, and the note; one that nobody here knows by its code."""
    words = say(*CODES.get(item["code"], (item["code"],) * 2))
    return say(": ", "：").join(part for part in (words, note_words(item["note"])) if part)


def note_words(note: str) -> str:
    """A note as people read it, in the chosen language."""
    if found := _OFFSET.fullmatch(note):
        span = int(found[1])
        words = ("-" if span < 0 else "+") + show_duration(abs(span) / 1000)
        return say(f"by {words}", f"偏差 {words}")
    return say(note, by_form(_FORMS, note) or note)
