"""How sources are shown: their register entry in a line, amounts, and bars of hours and days."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive.errors import UsageError
from archive.times import SHANGHAI, film_clock, parse_time
from archive.vocabulary import Labels
from cli.dates import moment
from cli.labels import label, listed
from cli.language import say
from cli.output import print_line, print_table, show_size, show_spent

Document = Mapping[str, Any]
WIDTH = 40
"""Characters of the longest bar."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_OFFSET = re.compile(
    r"([+-]?)(?:(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)(?:\.(\d{1,3}))?|(\d{1,15})(?:ms)?)", re.ASCII
)


def offset_of(text: str) -> int:
    """Milliseconds of `+00:01:30`, `-1:05.250` or `90000ms`; raises UsageError."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            say(
                "A clock offset is written +HH:MM:SS or in milliseconds, such as +00:01:30 or"
                " -2500ms.",
                "时钟偏差写作 +时:分:秒 或毫秒数，如 +00:01:30、-2500ms。",
            )
        )
    sign, hours, minutes, seconds, rest, plain = found.groups()
    if plain is not None:
        amount = int(plain)
    else:
        whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
        amount = whole * 1000 + int((rest or "0").ljust(3, "0"))
    return -amount if sign == "-" else amount


def show_offset(milliseconds: int) -> str:
    """`+00:01:30`, with thousandths where there are any."""
    shown = film_clock(abs(milliseconds)).removesuffix(".000")
    return f"{'-' if milliseconds < 0 else '+'}{shown}"


def state_of(row: Document) -> str:
    """The state of a source in words."""
    if row["own"]:
        return say("own", "自有")
    return show_state(row["state"])


def name_of(row: Document) -> str | None:
    """Its label, else the folder's name where the id does not tell it."""
    name: str = row["name"]
    return row["label"] or (name if name != row["source"] else None)


def show_state(state: str) -> str:
    """A state by its code."""
    names = {"confirmed": "已确认", "retired": "已停用", "own": "自有"}
    return say(state or "unconfirmed", names.get(state, "未确认"))


def terms_line(row: Document) -> str | None:
    """What the register says besides names, in one line."""
    parts = [
        _part(row["office"], "office {}", "办案单位 {}"),
        _part(row["officer"], "officer {}", "人员 {}"),
        _part(_offset(row), "clock {}", "时钟 {}"),
        _part(kinds_text(row["kinds"]), "only {}", "仅收 {}"),
        _part(row["quota_mb"], "{} MB a day", "每日 {} MB"),
        _part(_complete(row), "complete: {}", "收齐规则：{}"),
        _part(row["sidecar_wait_seconds"], "sidecar within {} s", "附带说明等待 {} 秒"),
        _part(row["silence_hours"], "silent at most {} h", "静默上限 {} 小时"),
        _part(row["profile"], "names: {}", "文件名规则 {}"),
    ]
    return say("; ", "；").join(part for part in parts if part) or None


COMPLETE: Labels = {
    "settled": ("settled", "静置即收"),
    "ready": ("with its ready marker", "就绪标记"),
    "manifest": ("when a manifest lists it", "清单列出"),
}
"""When a file of a source is complete."""
_KINDS: Labels = {
    "video": ("video", "录像"),
    "audio": ("audio", "录音"),
    "image": ("image", "照片"),
    "other": ("other", "其他"),
}


def kinds_text(kinds: Sequence[str]) -> str:
    """Short kinds in one line; those that are endings of names stay as they are."""
    return listed(_KINDS, kinds)


def _complete(row: Document) -> str | None:
    return label(COMPLETE, row["complete"]) if row["complete"] else None


def _offset(row: Document) -> str | None:
    offset = row["clock_offset_ms"]
    return None if offset is None else show_offset(offset)


def _part(value: object, english: str, chinese: str) -> str | None:
    if value is None or value == "":
        return None
    return say(english, chinese).format(value)


def remarks_line(row: Document) -> str:
    """What is to be seen to, most urgent first."""
    found = []
    if row["silent"]:
        limit = row["silence_hours"]
        found.append(say(f"! silent, at most {limit} h", f"！静默超过 {limit} 小时"))
    if row["over_quota"]:
        found.append(say("! quota used up", "！当日配额已满"))
    if row.get("waiting"):
        found.append(say(f"{row['waiting']} drop(s) wait", f"{row['waiting']} 个文件等待"))
    if lacking := lacking_line(row.get("lacking")):
        found.append(lacking)
    return say("; ", "；").join(found)


def lacking_line(lacking: Document | None) -> str:
    """What complete files of a source, or of all, wait for."""
    words: Labels = {
        "marker": ("{} wait for a marker", "{} 个等待就绪标记"),
        "manifest": ("{} wait for a manifest", "{} 个等待清单"),
        "sidecar": ("{} wait for a sidecar", "{} 个等待附带说明"),
    }
    counts = {name: (lacking or {}).get(name) for name in words}
    return say("; ", "；").join(label(words, name).format(n) for name, n in counts.items() if n)


def show_sources(rows: Sequence[Document], more: int) -> None:
    """The table of `status`, most urgent first."""
    if not rows:
        return
    headings = (
        say("source", "来源"),
        say("name", "名称"),
        say("state", "状态"),
        say("last seen", "最近"),
        say("silent for", "静默"),
        say("24 h", "24 小时"),
        say("remarks", "备注"),
    )
    print_line()
    print_table(
        headings,
        [
            (
                *(row["source"], name_of(row), state_of(row), moment(row["last_seen"])),
                *(show_silence(row), show_amount(row["day"]), remarks_line(row)),
            )
            for row in rows
        ],
    )
    if more:
        print_line(
            say(
                f"and {more} more; see: cunzheng sources stats",
                f"另有 {more} 个来源；详见：cunzheng sources stats",
            )
        )


def marked_source(row: Document) -> str:
    """A record's source, marked where nobody has confirmed it."""
    state, source = row.get("source_state"), str(row["source"])
    if state in ("confirmed", "own"):
        return source
    shown = show_state(state or "")
    return say(f"{source} ({shown})", f"{source}（{shown}）")


def show_amount(amount: Document) -> str:
    """Records and bytes of a time."""
    return f"{amount['records']} ({show_size(amount['bytes'])})"


def show_silence(row: Document) -> str | None:
    """How long nothing has come; nothing of one that is retired."""
    if row["state"] == "retired":
        return None
    return show_spent(row["silence_seconds"])


def bar_lines(rows: Sequence[Document], *, by_day: bool) -> Iterable[str]:
    """A line with a bar for each hour or day."""
    most = max((row["records"] for row in rows), default=0)
    for row in rows:
        at = parse_time(row["from"]).astimezone(SHANGHAI)
        when = f"{at:%Y-%m-%d}" if by_day else f"{at:%m-%d %H}:00"
        amount = show_amount(row) if row["records"] else ""
        bar = _bar(row["records"], most)
        yield f"{when}  {bar:<{WIDTH}}  {amount}".rstrip()


def _bar(count: int, most: int) -> str:
    eighths = round(count * WIDTH * 8 / most) if most else 0
    if count and not eighths:
        eighths = 1
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")
