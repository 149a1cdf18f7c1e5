"""Codes of the register with their labels in the chosen language, as people read them."""

from collections.abc import Iterable

from archive import vocabulary
from archive.errors import UsageError
from archive.vocabulary import Labels
from cli.language import say

_ADMINISTRATIVE = "行政"
"""Left out by people who say 处罚 for 行政处罚."""

STATES: Labels = {
    "active": ("active", "在用"),
    "suspended": ("suspended", "已停用"),
    "revoked": ("revoked", "已吊销"),
    "expired": ("expired", "已到期"),
    "waiting": ("not valid yet", "未生效"),
}

KINDS: Labels = {
    "record.accessioned": ("accessioned", "入库"),
    "record.redropped": ("dropped again", "重复投放"),
    "record.lost": ("lost", "登记丢失"),
    "record.amended": ("amended", "补充登记"),
    "drop.resolved": ("resolved in quarantine", "隔离文件处置"),
    "derived.made": ("derivative made", "制作衍生件"),
    "access.requested": ("access requested", "调阅申请"),
    "access.decided": ("access decided", "调阅审批"),
    "access.denied": ("access denied", "调阅被拒"),
    "access.started": ("access started", "调阅开始"),
    "access.completed": ("access completed", "调阅完成"),
    "access.aborted": ("access aborted", "调阅中止"),
    "access.closed": ("request closed", "申请办结"),
    "access.concealed": ("confidential access", "保密调阅"),
    "access.concealed_end": ("confidential access ended", "保密调阅结束"),
    "access.opened": ("confidential access opened", "保密调阅公开"),
    "access.returned": ("copies returned", "副本交回"),
    "access.destroyed": ("copies destroyed", "副本销毁"),
    "case.opened": ("case opened", "立案登记"),
    "case.changed": ("case changed", "案件变更"),
    "case.closed": ("case closed", "结案登记"),
    "case.attached": ("attached to a case", "关联案件"),
    "case.detached": ("detached from a case", "解除关联"),
    "case.linked": ("linked to its case", "自动关联案件"),
    "case.excused": ("recordings excused", "音像记录免予说明"),
    "case.filed": ("filed in a volume", "案卷归档"),
    "hold.placed": ("hold placed", "封存"),
    "hold.lifted": ("hold lifted", "解除封存"),
    "person.enrolled": ("enrolled", "人员登记"),
    "person.suspended": ("suspended", "停用"),
    "person.resumed": ("resumed", "恢复"),
    "person.revoked": ("revoked", "吊销"),
    "person.expired": ("expired", "登记到期"),
    "rules.adopted": ("rules adopted", "规则通过"),
    "retention.set": ("term set", "设定保管期限"),
    "retention.classed": ("retention class", "划定保管类别"),
    "retention.extended": ("kept longer", "延长保管期限"),
    "disposition.proposed": ("destruction proposed", "提请销毁"),
    "disposition.decided": ("destruction decided", "销毁审批"),
    "disposition.executed": ("destruction ordered", "执行销毁"),
    "record.destroyed": ("destroyed", "已销毁"),
    "record.spilled": ("blocked as a secret", "涉密封控"),
    "record.cleared": ("cleared from a store", "已从部分存储清除"),
    "pack.split": ("pack split", "拆包"),
    "store.probed": ("store examined", "存储检测"),
    "alert.handled": ("alert handled", "预警处置"),
    "inspection.completed": ("inspection", "核验"),
}
"""Kind of entry -> (English, Chinese)."""

CLAIMS: Labels = {
    "case": ("case", "案号"),
    "category": ("category", "执法类别"),
    "stage": ("stage", "环节"),
    "officers": ("officers", "人员"),
    "unit": ("unit", "单位"),
    "capture_start": ("recorded from", "拍摄开始"),
    "capture_end": ("recorded to", "拍摄结束"),
    "tags": ("tags", "敏感信息标签"),
    "device": ("device", "设备编号"),
    "place": ("place", "地点"),
    "subject": ("subject", "事由"),
    "importance": ("importance", "重要程度"),
    "note": ("note", "备注"),
    "title": ("title", "标题"),
}
"""What a sidecar may claim -> (English, Chinese)."""
_CLAIMED = {
    "category": vocabulary.CATEGORIES,
    "stage": vocabulary.STAGES,
    "importance": vocabulary.IMPORTANCE,
}


def claim_name(key: str) -> str:
    """What a claim is called."""
    return label(CLAIMS, key)


def claim_value(key: str, value: object) -> str:
    """A claim for people: labels for codes, people as they are called."""
    if key == "tags" and isinstance(value, list):
        return listed(vocabulary.SENSITIVITIES, map(str, value))
    if key == "officers" and isinstance(value, list):
        return say(", ", "、").join(map(_person, value))
    return label(_CLAIMED[key], str(value)) if key in _CLAIMED else str(value)


def _person(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    return " ".join(str(value[name]) for name in ("name", "number") if value.get(name))


def label(labels: Labels, code: str) -> str:
    """The label of a code; a code that is not known stands for itself."""
    found = labels.get(code)
    return say(*found) if found else code


def role_label(role: str) -> str:
    """`code (label)`, or only the code where they say the same."""
    return coded(vocabulary.ROLES, role)


def coded(labels: Labels, code: str) -> str:
    """A code with its label beside it."""
    words = label(labels, code)
    return code if words == code else f"{code} ({words})"


def listed(labels: Labels, codes: Iterable[str]) -> str:
    """Labels of several codes in one line."""
    return say(", ", "、").join(label(labels, code) for code in codes)


def choices(labels: Labels) -> str:
    """Every code with its label on a line of its own, as a help text has lines."""
    return "".join(f"\n\n{_choice(code, say(*words))}" for code, words in labels.items())


def code_of(labels: Labels, word: str, what: str) -> str:
    """The code of what a person typed: the code itself, or its label in either language.

    Raises UsageError with the list of them for anything else; `what` is what they are called.
    """
    wanted = word.strip().casefold()
    for code, names in labels.items():
        if wanted in (code.casefold(), *(name.casefold() for name in names)):
            return code
    for code, (_, chinese) in labels.items():
        if wanted and chinese.removeprefix(_ADMINISTRATIVE) == wanted:
            return code
    known = "; ".join(f"{code} {chinese}" for code, (_, chinese) in labels.items())
    raise UsageError(
        say(
            f"There is no {what} {word[:40]!r}; there are: {known}.",
            f"没有“{word[:40]}”这一取值；可用：{known.replace('; ', '；')}。",
        )
    )


def _choice(code: str, words: str) -> str:
    """A label that only repeats the code is left out."""
    return code if words in (code, code.replace("_", " ")) else f"{code}: {words}"
