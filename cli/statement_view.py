"""A statement as the person reads it who is about to sign the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from archive import vocabulary
from archive.errors import FormatError
from cli.dates import moment
from cli.labels import KINDS, label, listed
from cli.language import say
from cli.output import print_line, print_pairs

_FIELDS: vocabulary.Labels = {
    "access": ("access", "调阅编号"),
    "account": ("account", "操作系统账号"),
    "cause": ("cause", "原因"),
    "class": ("retention class", "保管类别"),
    "comment": ("comment", "意见"),
    "decision": ("decision", "决定"),
    "disposition": ("disposition", "处置编号"),
    "pack": ("pack", "包"),
    "proposal": ("digest of the proposal", "处置清单摘要值"),
    "schedule": ("digest of the schedule", "保管期限表摘要值"),
    "trigger": ("period begins", "期限起算"),
    "until": ("until", "至"),
    "case": ("case", "案件标识"),
    "catalogue": ("volume catalogue", "卷内目录"),
    "category": ("category", "类别"),
    "certificate": ("certificate", "证书"),
    "certificate_no": ("enforcement certificate no.", "执法证号"),
    "certificate_until": ("enforcement certificate until", "执法证有效期至"),
    "closed": ("closed", "结案日期"),
    "code": ("cause", "原因代码"),
    "decided": ("decided", "决定日期"),
    "document_no": ("document no.", "文号"),
    "handlers": ("handlers", "承办人"),
    "hold": ("hold", "封存编号"),
    "importance": ("importance", "重要程度"),
    "items": ("rows of the list", "清单事项"),
    "key": ("key", "密钥"),
    "name": ("name", "姓名"),
    "note": ("note", "备注"),
    "number": ("number", "案号"),
    "opened": ("opened", "立案日期"),
    "person": ("person", "人员编号"),
    "post": ("post", "职务"),
    "reason": ("reason", "事由"),
    "records": ("records", "记录"),
    "ref_code": ("reference code", "档号"),
    "roles": ("roles", "角色"),
    "rules": ("digest of the rules", "规则摘要值"),
    "rules.adopted.name": ("rules", "规则"),
    "sensitivity": ("sensitivity", "敏感类别"),
    "since": ("since", "起始时间"),
    "text": ("text", "文本"),
    "title": ("title", "案由"),
    "unit": ("unit", "单位编号"),
    "unit_name": ("name of the unit", "单位名称"),
    "valid_from": ("valid from", "生效时间"),
    "valid_until": ("valid until", "有效期至"),
    "volume": ("digest of the volume", "案卷摘要值"),
}
_KEYS: vocabulary.Labels = {
    "own": ("own key file", "本人密钥文件"),
    "token": ("on a token", "密码设备"),
    "founding": ("made at the founding", "建库时生成"),
}
_RULES: vocabulary.Labels = {
    "access": ("access rules", "调阅规则"),
    "alerts": ("alert rules", "预警规则"),
    "record_list": ("list of what is recorded", "音像记录事项清单"),
    "retention": ("retention schedule", "保管期限表"),
}
_CODES: Mapping[str, vocabulary.Labels] = {
    "category": vocabulary.CATEGORIES,
    "cause": vocabulary.PROMOTIONS,
    "decision": vocabulary.DECISIONS,
    "code": vocabulary.REVOCATION_CODES,
    "importance": vocabulary.IMPORTANCES,
    "key": _KEYS,
    "rules.adopted.name": _RULES,
    "roles": vocabulary.ROLES,
    "sensitivity": vocabulary.SENSITIVITIES,
}
_TIMES = frozenset({"since", "trigger", "until", "valid_from", "valid_until"})


def show_statement(statement: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
    """Everything that is signed, so that nobody signs blindly; times in local time."""
    kind, words = statement["kind"], detail.get("data") or {}
    facts = {key: value for key, value in statement["payload"].items() if key != "detail"}
    pairs: list[tuple[str, object]] = [
        (say("kind", "事项"), label(KINDS, kind)),
        (say("signed by", "首签人"), statement["person"]),
        (say("at", "时间"), _time(statement["at"])),
    ]
    long = dict(_long(words))
    for key, value in (*facts.items(), *words.items()):
        if key not in long:
            name = f"{kind}.{key}" if f"{kind}.{key}" in _FIELDS else key
            pairs.append((label(_FIELDS, name), _value(name, value)))
    print_pairs(pairs)
    for key, text in long.items():
        print_line(label(_FIELDS, key))
        for line in text.splitlines():
            print_line(f"  {line}")


def _long(words: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Texts of several lines, which stand below."""
    for key, value in words.items():
        if isinstance(value, str) and "\n" in value:
            yield key, value


def _value(name: str, value: object) -> object:
    if isinstance(value, list):
        return listed(_CODES.get(name, {}), map(str, value))
    if isinstance(value, str):
        return _time(value) if name in _TIMES else label(_CODES.get(name, {}), value)
    return value


def _time(text: object) -> object:
    """A time in local time; what is none is shown as it stands, for the desk to refuse."""
    try:
        return moment(text) if isinstance(text, str) else text
    except FormatError:
        return text
