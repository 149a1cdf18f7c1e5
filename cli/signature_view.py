"""What was found of the electronic signatures in a document, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archive import vocabulary
from archive.times import parse_time
from cli.labels import label
from cli.language import say
from cli.output import show_time
from ingest.documents.esignatures.codes import CODES

_Value = Mapping[str, Any]
Pair = tuple[str, object]

_KINDS: vocabulary.Labels = {
    "signature": ("signature", "电子签名"),
    "e_seal": ("electronic seal", "电子签章"),
    "timestamp": ("timestamp", "时间戳"),
}


def signature_pairs(custody: Sequence[_Value]) -> Iterator[Pair]:
    """A line for each signature, and what is odd; nothing before they were checked."""
    found = [
        event["detail"]
        for event in custody
        if event["kind"] == "record.amended" and event["body"].get("what") == "signatures"
    ]
    known = [detail for detail in found if detail]
    if not known:
        return
    for one in known[-1]["signatures"]:
        yield label(_KINDS, one["kind"]), say(", ", "，").join(_words(one))
    for item in known[-1]["findings"]:
        english, chinese = CODES.get(item["code"], (item["code"], item["code"]))
        parts = (say(english, chinese), item["note"])
        yield say("noticed", "提示"), say(": ", "：").join(part for part in parts if part)
    checked = show_time(parse_time(known[-1]["checked_at"]))
    yield say("signatures checked", "签名查验时间"), checked


def _words(one: _Value) -> Iterator[str]:
    yield one["by"] or say("signer not known", "签名人不明")
    if one["issuer"]:
        yield say(f"certified by {one['issuer']}", f"签发：{one['issuer']}")
    if one["stated_at"]:
        yield say(f"says {one['stated_at']}", f"自述时间 {one['stated_at']}")
    yield _of(
        one["intact"],
        ("holds", "签名成立"),
        ("DOES NOT HOLD", "签名不成立"),
        ("not checked", "未能查验"),
    )
    if one["covers_all"] is not None and one["kind"] != "timestamp":
        yield _of(
            one["covers_all"],
            ("covers the whole file", "覆盖全文"),
            ("covers a part of the file", "未覆盖全文"),
            ("", ""),
        )
    yield _of(
        one["trusted"],
        ("signer trusted", "签名人可信"),
        ("signer not trusted", "签名人不可信"),
        ("nobody said whom to trust", "未设定可信根"),
    )


def _of(
    value: bool | None,  # noqa: FBT001 - three states of one thing
    yes: tuple[str, str],
    no: tuple[str, str],
    unknown: tuple[str, str],
) -> str:
    return say(*(unknown if value is None else yes if value else no))
