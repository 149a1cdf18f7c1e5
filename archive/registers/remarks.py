"""What a denial is about, in both languages: a sentence with values, or identifiers alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from archive import vocabulary

REMARKS: Mapping[str, tuple[str, str]] = {
    "ACCEPTED_LATER": ("accepted after it was written", "受理时间晚于登记时间"),
    "ACCESS_RESUMED": ("the access that is resumed", "所续的调阅"),
    "APPROVED_ALREADY": ("it is approved already", "已经批准"),
    "AT_MOST_ACCESSES": ("at most {} accesses", "最多 {} 次"),
    "AT_MOST_HOURS": ("at most {} hours", "最多 {} 小时"),
    "BACK_OF_GIVEN": ("{} of {} are back", "已交回 {} 份，共交付 {} 份"),
    "BY_HOLD": ("{} by the hold {}", "{}，封存编号 {}"),
    "BYTES_OF_COPY": ("{} bytes of a copy of {}", "字节数 {}，副本为 {}"),
    "COPIES_UNSAID": ("how many copies, on what", "副本份数及载体"),
    "END_MISSING": ("the end is missing", "缺少结束部分"),
    "FORM_ANEW": ("a copy that is made is not resumed", "制作的副本不能续传"),
    "FORM_OPENLY": ("copies are made openly only", "制作副本不能保密进行"),
    "GO_ON_WITHIN": ("go on from {} to {}", "应自 {} 续至 {}"),
    "HANDLED_BEFORE": ("{} handled it before", "{} 曾为本案承办人"),
    "INSTEAD_OF": ("{} instead of {}", "所取为“{}”，所批为“{}”"),
    "KEPT_FOREVER": ("{} is kept for ever", "{} 永久保管"),
    "KEPT_OPEN": (
        "the end of the keeping of {} is not known yet",
        "{} 的保管期限尚不能确定",
    ),
    "KEPT_UNTIL": ("{} is kept until {}", "{} 保管至 {}"),
    "LOCKED_IN": ("{} in the store {} until {}", "{}，存储 {}，至 {}"),
    "MADE_ALREADY": ("its copy was made already", "副本已经制作"),
    "MEMBERS_LEFT": ("{} has {} more, {} for one", "{} 中尚有 {} 份，如 {}"),
    "NEEDS_ONE_OF": ("{} needs one of {}", "{}须具有下列角色之一：{}"),
    "NEEDS_ROLE": ("{} needs the role {}", "{}须具有角色：{}"),
    "NOT_OF_CASE": ("{} does not belong to the case", "{} 不属于该案件"),
    "NOT_STORED": ("it is not stored", "未存入"),
    "NO_COMMON_TIME": ("the approvals have no time in common", "各项批准没有共同的有效时段"),
    "NO_HANDLER": ("{} is no handler of {}", "{} 不是 {} 的承办人"),
    "OF_OTHER_UNIT": ("{} is of another unit", "{} 属于其他单位"),
    "OF_OWN_UNIT": ("{} is of the own unit", "{} 属于本单位"),
    "ON_LIST": ("{} is on the list {}", "{} 已列入 {}"),
    "ONLY_APPROVALS_GRANT": ("only an approval grants", "只有批准才能授权"),
    "ONLY_REQUESTER": ("only who asked may withdraw", "只有申请人可以撤回"),
    "OVER_ALREADY": ("it is over already", "已经过期"),
    "PERSON_AS": ("{} as {}", "{}，以{}身份"),
    "REQUEST_AS": ("{}: {}", "{}：{}"),
    "SEGMENTS_FOR_EXCERPTS": ("segments are for excerpts", "只有摘录才指定片段"),
    "SPAN": ("{} to {}", "{} 至 {}"),
    "SPAN_AS_COPY": (
        "a span of time is handed out as an excerpt or a marked copy, never as bytes",
        "时间段只能以摘录件或加标记副本交付，不得按字节交付",
    ),
    "SPAN_OF_ONE_RECORD": ("a span of time is of one record", "时间段只能针对一份记录"),
    "STILL_NEEDED": ("still needed: {}", "尚需审批：{}"),
    "TEXT_OTHER": ("the text is another one than was signed", "文本与所签的不同"),
    "TEXT_UNREADABLE": ("their text cannot be read", "无法读取其文本"),
    "THE_RANGE": ("the range", "字节范围"),
    "THE_SPAN": ("the span of time", "时间段"),
    "TIME_OR_NONCES": ("the time or the nonces", "时间或随机数"),
    "UNREADABLE": ("it cannot be read", "无法读取"),
    "VIEW_NO_COPIES": ("a view makes no copies", "查看不产生副本"),
    "WHO_OPENS": (
        "whose access it was, or two inspectors",
        "应由调阅人本人，或两名监督人员签署",
    ),
}
"""Code -> (English, Chinese), with a place for each value."""

_STATES: vocabulary.Labels = {
    "proposed": ("proposed", "待审批"),
    "approved": ("approved", "已批准"),
    "executed": ("executed", "已执行"),
    "exhausted": ("used up", "次数用完"),
    "expired": ("expired", "已到期"),
    "refused": ("refused", "已拒绝"),
    "returned": ("given back", "已交回"),
    "withdrawn": ("withdrawn", "已撤回"),
    "closed": ("closed", "已关闭"),
    "segments": ("segments", "片段"),
}
_LABELS: vocabulary.Labels = {
    **_STATES,
    **vocabulary.NEEDS,
    **vocabulary.ACTIONS,
    **vocabulary.CAPACITIES,
    **vocabulary.ROLES,
}
_UNIT = re.compile(r"^(\S+) of (.+)$")


@dataclass(frozen=True, slots=True)
class Remark:
    """A code of `REMARKS` with its values: identifiers, numbers, or codes parted by ", "."""

    code: str
    values: tuple[str, ...] = ()

    def english(self) -> str:
        """The English words; codes stay codes."""
        return REMARKS[self.code][0].format(*self.values)

    def chinese(self) -> str:
        """The Chinese words; codes of the vocabulary with their labels."""
        return REMARKS[self.code][1].format(*map(worded, self.values))


def remark(code: str, *values: object) -> Remark:
    """The remark of a code with its values."""
    return Remark(code, tuple(map(str, values)))


def restored(facts: tuple[str, ...]) -> Remark | None:
    """The remark of what `Denied.facts` carries; None where this version does not know it."""
    if not facts or facts[0] not in REMARKS:
        return None
    found = Remark(facts[0], facts[1:])
    return found if REMARKS[found.code][1].count("{}") == len(found.values) else None


def worded(value: str) -> str:
    """Codes of the vocabulary in Chinese; anything else stays as it is."""
    if value in _LABELS:
        return _LABELS[value][1]
    for mark in (", ", " "):
        parts = value.split(mark)
        if len(parts) > 1 and all(_code(part) in _LABELS for part in parts):
            return "、".join(map(_with_unit, parts))
    return _with_unit(value)


def _code(text: str) -> str:
    found = _UNIT.match(text)
    return found[1] if found else text


def _with_unit(text: str) -> str:
    code = _code(text)
    if code not in _LABELS:
        return text
    unit = text.removeprefix(code).removeprefix(" of ")
    return _LABELS[code][1] + (f"（{unit}）" if unit else "")
