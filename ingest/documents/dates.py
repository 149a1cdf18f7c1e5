"""The day that a document bears. Pure.

It is the one behind a label (日期：, 成文日期：, Date:), else the last line that is nothing but a
day, perhaps with the office before it (the closing line above the seal), else the day of the last
signature, else the time at which a record was made (时间：). A day in a sentence is another one's.

    2026年3月1日 · ２０２６年３月１日 · 二〇二六年三月一日 · 2026-03-01 · 2026/3/1 · 2026.3.1
    March 1, 2026 · 1 March 2026 · 中華民國115年3月1日
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date

_DIGITS = {char: value for value, char in enumerate("〇一二三四五六七八九")} | {
    **dict.fromkeys("○零０O", 0),
    "元": 1,
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_B = r"[ \u3000\t]{0,4}"
_NUMERIC = (
    rf"(?:(?:公元)?(?P<y>(?:19|20)\d\d){_B}(?P<s>[年./-]){_B}(?P<m>[01]?\d){_B}[月./-]{_B}(?P<d>[0-3]?\d)"
    rf"(?!\d){_B}日?)"
)
_CHINESE = (
    r"(?:(?P<cy>[一二][〇○零０O一二三四五六七八九]{3})年(?P<cm>[一二三四五六七八九十]{1,2})月"
    r"(?P<cd>[一二三四五六七八九十]{1,3})[日号])"
)
_REPUBLIC = (
    rf"(?:(?:中[華华])?民[國国]{_B}(?P<ry>\d{{2,3}}){_B}年{_B}(?P<rm>\d{{1,2}}){_B}月{_B}"
    rf"(?P<rd>\d{{1,2}}){_B}日)"
)
_ENGLISH = (
    rf"(?:(?P<em>{_MONTH}) (?P<ed>[0-3]?\d)(?:st|nd|rd|th)?,? (?P<ey>(?:19|20)\d\d)"
    rf"|(?P<fd>[0-3]?\d)(?:st|nd|rd|th)? (?P<fm>{_MONTH}),? (?P<fy>(?:19|20)\d\d))"
)
_DAY = rf"(?:{_NUMERIC}|{_CHINESE}|{_REPUBLIC}|{_ENGLISH})"
_COMPACT = r"(?P<ky>(?:19|20)\d\d)(?P<km>[01]\d)(?P<kd>[0-3]\d)(?!\d)"
"""20260301 behind a label; anywhere else it is a number."""
_LABELS = (
    r"(?:制作|填制|登记|填表|填发|签发|落款|成文|印发|发文|作出|决定|文书|制表|报告|出具|开具|发布)?日期"
    r"|(?:制作|签发|印发|发布|出具)时间|日期时间"
    r"|date(?: of (?:issue|decision|report))?|dated|issued(?: on)?|issue date"
)
_LABELLED = re.compile(
    rf"(?:^|[\t |;；])(?:{_LABELS})(?:[（(][^）)]{{0,8}}[）)])?[ \t]*[:：|\t=,]?[ \t]*"
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{{0,6}},? )?(?:{_DAY}|{_COMPACT})",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"(?:[^。，,：:\d]{{0,40}}[ \t\u3000）)])?[（(]?{_DAY}[）)]?"
    r"(?:[ \t]*[（(](?:印章|公章|盖章|章)[）)])?",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    rf"(?:签名|签字|签章|盖章|印章|签署|signature|signed)[^。\n]{{0,60}}?{_DAY}", re.IGNORECASE
)
_EVENT = "案发|事发|违法|发生|出生|截止|到期|改正"
"""Before 时间: when something else was."""
_MADE = re.compile(
    rf"(?:^|[\t|])(?!{_EVENT})(?:[\u3400-\u9fff]{{0,4}}(?:起止)?时间|time)"
    rf"[ \t]*[:：|\t][ \t]*{_DAY}",
    re.IGNORECASE,
)
_WIDE = {
    **{0xFF10 + value: str(value) for value in range(10)},
    0xFF0F: "/",
    0xFF0D: "-",
    0xFF0E: ".",
}
_HAS_WIDE = re.compile("[０-９]")
_CELL_DAY = re.compile(_DAY, re.IGNORECASE)
_LAST = frozenset("日号)）0123456789０１２３４５６７８９")
"""How a line ends that is nothing but a day."""


def date_of(lines: Sequence[str], closing: Sequence[str]) -> str | None:
    """`YYYY-MM-DD`; `closing` are the last lines, the same where a text is short.

    A pattern is tried only on lines that have a word of it: most have none.
    """
    begun = [line for line in lines if line[0] in "dDiItT" or "\t" in line or "时间" in line]
    return (
        _first(_LABELLED, [*(line for line in lines if "日期" in line), *begun])
        or _closing_day(closing)
        or _last_signed(closing)
        or _first(_MADE, begun)
    )


def _may_close(line: str) -> bool:
    return line[-1] in _LAST and len(line) < 90


def _first(pattern: re.Pattern[str], lines: Iterable[str]) -> str | None:
    for line in lines:
        for found in pattern.finditer(_narrow(line)):
            if day := _day(found):
                return day
    return None


def _closing_day(closing: Sequence[str]) -> str | None:
    """The last line that is a day; none of a column in which other days stand above it."""
    for at in range(len(closing) - 1, -1, -1):
        line = closing[at]
        if not _may_close(line) or not (found := _CLOSING.fullmatch(_narrow(line))):
            continue
        day = _day(found)
        if day and not ("\t" in line and _is_in_column(closing, at, day)):
            return day
    return None


def _is_in_column(lines: Sequence[str], at: int, day: str) -> bool:
    """Whether a row beside this one, with as many cells, ends with another day."""
    for line in (*lines[max(0, at - 1) : at], *lines[at + 1 : at + 2]):
        if line.count("\t") == lines[at].count("\t"):
            found = _CELL_DAY.fullmatch(_narrow(line.rpartition("\t")[2]))
            if found and _day(found) != day:
                return True
    return False


def _narrow(line: str) -> str:
    """With the digits of ASCII."""
    return line if line.isascii() or not _HAS_WIDE.search(line) else line.translate(_WIDE)


def _last_signed(closing: Sequence[str]) -> str | None:
    for line in reversed(closing):
        if "签" in line or "章" in line or "ign" in line:
            days = [day for found in _SIGNED.finditer(_narrow(line)) if (day := _day(found))]
            if days:
                return days[-1]
    return None


def _day(found: re.Match[str]) -> str | None:
    parts = found.groupdict()
    try:
        if parts["y"]:
            return date(int(parts["y"]), int(parts["m"]), int(parts["d"])).isoformat()
        if parts["cy"]:
            year = int("".join(str(_DIGITS[char]) for char in parts["cy"]))
            return date(year, _small(parts["cm"]), _small(parts["cd"])).isoformat()
        if parts["ry"]:
            return date(int(parts["ry"]) + 1911, int(parts["rm"]), int(parts["rd"])).isoformat()
        if parts.get("ky"):
            return date(int(parts["ky"]), int(parts["km"]), int(parts["kd"])).isoformat()
        kind = "e" if parts["ey"] else "f"
        month = _MONTHS.index(parts[f"{kind}m"][:3].lower()) + 1
        return date(int(parts[f"{kind}y"]), month, int(parts[f"{kind}d"])).isoformat()
    except ValueError:
        return None


def _small(text: str) -> int:
    """一 to 三十一."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _DIGITS[ones] if len(ones) == 1 else 0
    return 10 * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)
