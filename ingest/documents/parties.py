"""Who a document names behind the labels of its form, and as what. Pure.

    当事人：张三，男，汉族 → (张三, party) · 执法人员：李明、王芳 → two officers
    上海市交通运输局 above the title → (…, agency)

Names in sentences are left alone: a pattern cannot tell whose they are.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ingest.documents.tables import is_label

MOST = 16
MOST_NAME = 60
_ROLES = {
    "party": (
        "当事人 當事人 被处罚人 受处罚人 被處罰人 受處分人 被检查人 被检查单位 被检查对象"
        " 被询问人 被调查人 被勘验人 被抽样单位 被抽样人 申请人 被申请人 行政相对人 相对人"
        " 受送达人 被送达人 违法行为人 违法嫌疑人 陈述申辩人 听证申请人 单位名称 原告 被告"
        " 第三人 上诉人 被上诉人 持有人 respondent applicant party parties interviewee"
        " addressee offender"
    ),
    "legal_representative": "法定代表人 法人代表 负责人 单位负责人 经营者 representative",
    "officer": (
        "执法人员 執法人員 检查人员 检查人 询问人 调查人员 调查人 调查员 办案人员 勘验人"
        " 记录人 承办人 承办人员 送达人 执法人 抽样人 主办人 协办人 审判长 审判员 书记员"
        " officer officers inspector inspectors interviewer"
    ),
    "witness": "见证人 見證人 在场人 witness witnesses",
    "agency": (
        "执法机关 执法单位 执法机构 处罚机关 行政机关 检查机关 检查单位 发文机关 制作机关"
        " 承办单位 办案单位 办案机构 作出机关 法院 agency authority"
    ),
}
_ROLE_OF = {label: role for role, labels in _ROLES.items() for label in labels.split()}
_LABELS = "|".join(sorted(map(re.escape, _ROLE_OF), key=len, reverse=True))
_LABELLED = re.compile(
    rf"(?:^|[\t |。；;])(?P<label>{_LABELS})(?:[（(][^）)\n]{{0,16}}[）)])?"
    r"(?:签名|签字|姓名|名称|[一二三1-9])?"
    r"(?:[ \t]*[:：|\t=]|(?<=[\u3400-\u9fff]) )"
    r"[ \t]*(?P<value>[^\n\t|。；;]{1,120})",
    re.IGNORECASE,
)
_NOTE = re.compile(r"[（(][^（()）]*(?:证|号|签|章|\d)[^（()）]*[）)]")
_END = re.compile(
    r"[，；;。]|,(?! ?(?:Ltd|Inc|Co))|[ 　]{2,}|(?:性别|年龄|身份证|证件|执法证|职务|住址|地址|电话"
    r"|联系|统一社会|签名|签字)|(?:[\u3400-\u9fff]{2,6})[：:]|\d{4}年"
)
_SEVERAL = re.compile(r"[、/&]")
_AROUND = re.compile(" *、 *")
_PERSON = re.compile(r"[\u3400-\u9fff·]{2,4}")
_NO_PERSON = re.compile(r".*(?:[号期间址话由务名别龄称人员]|日期|证件)$")
_SEVERAL_ENGLISH = re.compile(r", (?!Ltd|Inc|Co\b)|\band\b|;")
_NAME = re.compile(r"(?=.*[\u3400-\u9fffA-Za-z])[^_＿\t\n]{2,}")
_BLANK = frozenset(("无", "不详", "略", "同上", "某某", "签名", "男", "女"))
_OFFICE = re.compile(
    r"([\u3400-\u9fff（）()·]{2,40}(?:局|厅|委员会|总队|支队|大队|中队|政府|法院|检察院|管理所|分局|署))(?:文件)?"
)
_HEAD = 6
_LABEL = 40
"""Characters within which a label ends, or a name that stands below one."""
_PROSE = 200
"""What stands behind so many characters is text."""
_COLON = re.compile("[:：]")
_PARTED = re.compile(r"[:：|\t= ]")


class Party(NamedTuple):
    """Somebody whom a document names, and as what (archive.document.PARTY_ROLES)."""

    name: str
    role: str


def parties_of(lines: Sequence[str]) -> tuple[Party, ...]:
    """Those named behind labels, in their order, and the office at the top."""
    found = dict.fromkeys((*_at_the_top(lines[:_HEAD]), *_labelled(lines)))
    return tuple(found)[:MOST]


def _at_the_top(lines: Iterable[str]) -> Iterator[Party]:
    for line in lines:
        if not line.isascii() and (office := _OFFICE.fullmatch(line)):
            yield Party(office[1], "agency")
            return


def _labelled(lines: Sequence[str]) -> Iterator[Party]:
    for at, line in enumerate(lines):
        if line.isascii() and not (line[0].isalpha() and ":" in line[:_LABEL]):
            continue
        alone = len(line) <= _LABEL and _ROLE_OF.get(line.rstrip(":：").lower())
        if alone:
            below = lines[at + 1] if at + 1 < len(lines) else ""
            if len(below) <= _LABEL and not _COLON.search(below):
                yield from (Party(name, alone) for name in _names(below, alone))
            continue
        if not _PARTED.search(line):
            continue
        found = _LABELLED.search(line, 0, _PROSE)
        while found:
            role = _ROLE_OF[found["label"].lower()]
            yield from (Party(name, role) for name in _names(found["value"], role))
            # Another label may stand within what was taken for the value.
            found = _LABELLED.search(line, found.start("value"), _PROSE)


def _names(value: str, role: str) -> Iterator[str]:
    parts: Iterable[str]
    shown = _AROUND.sub("、", _NOTE.sub(" ", value)).strip()
    several = role in ("officer", "witness", "party")
    if shown.isascii():
        parts = _SEVERAL_ENGLISH.split(shown) if several else [shown]
    else:
        end = _END.search(shown)
        head = shown[: end.start()] if end else shown
        parts = _people(head) if several else [head.split(" ")[0]]
    for part in parts:
        name = part.strip(" 　:：、,，.()（）")
        if (
            name.lower() not in _ROLE_OF
            and name not in _BLANK
            and len(name) <= MOST_NAME
            and _NAME.fullmatch(name)
            and not is_label(name)
        ):
            yield name


def _people(head: str) -> Iterator[str]:
    """Names parted by 、, or by blanks as long as what follows is like a person's name."""
    first, *others = head.split(" ")
    yield from _SEVERAL.split(first)
    for other in others:
        if not _PERSON.fullmatch(other) or _NO_PERSON.fullmatch(other):
            return
        yield other
