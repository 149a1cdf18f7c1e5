"""What a record says of a text or document: its number, date, parties and pages, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from archive import vocabulary
from archive.document import NOT_EXAMINED
from cli.labels import label
from cli.language import say
from ingest.documents.codes import CODES

_Value = Mapping[str, Any]
Pair = tuple[str, object]

_ROLES: vocabulary.Labels = {
    "party": ("party", "当事人"),
    "legal_representative": ("representative", "负责人"),
    "officer": ("officers (document)", "文书中的人员"),
    "witness": ("witness", "见证人"),
    "agency": ("issued by", "制作机关"),
}
_LANGUAGES: vocabulary.Labels = {
    "zh": ("Chinese", "简体中文"),
    "zh-Hant": ("Chinese, traditional script", "繁体中文"),
    "en": ("English", "英文"),
    "mul": ("several", "多种语言"),
}


def document_pairs(description: _Value) -> Iterator[Pair]:
    """Lines of a record that was read as a text or document; none for any other."""
    document = description.get("document")
    if document is None:
        return
    yield say("document number", "文号"), document["number"]
    yield say("document date", "文书日期"), document["date"]
    yield from _parties(document["parties"])
    language = document["language"]
    yield say("language", "语言"), label(_LANGUAGES, language) if language else None
    yield say("encoding", "编码"), _encoding(description.get("text"), document["confidence"])
    yield say("pages", "页数"), document["pages"]
    yield say("signatures in it", "所含电子签名"), document["signatures"] or None
    yield say("format (PRONOM)", "格式标识 (PRONOM)"), document["puid"]
    if not document["readable"]:
        yield say("text", "文字"), say("none could be read", "未能读出文字")
    if document["classification"] == NOT_EXAMINED:
        yield (
            say("classification", "密级"),
            say("not examined: there was no text to look at", "未检查：没有可供检查的文字"),
        )
    for item in document["findings"]:
        yield say("noticed", "提示"), _noticed(item)


def _parties(parties: list[_Value]) -> Iterator[Pair]:
    for role in _ROLES:
        names = [party["name"] for party in parties if party["role"] == role]
        if names:
            yield label(_ROLES, role), say(", ", "、").join(names)


def _encoding(text: _Value | None, confidence: int | None) -> str | None:
    name: str | None = (text or {}).get("encoding") or None
    if name is None or confidence in (None, 100):
        return name
    return say(f"{name} (confidence {confidence} of 100)", f"{name}（置信度 {confidence}/100）")


def _noticed(item: _Value) -> str:
    english, chinese = CODES.get(item["code"], ("", ""))
    words = say(english, chinese)
    parts = (words, item["note"]) if words else (item["code"], item["note"])
    return say(": ", "：").join(part for part in parts if part)
