"""What a mapping makes of a row: the value that the JSON sidecar would have had.

Words become codes and local times get their zone; nothing else is changed, and nothing is judged
here but what cannot be read at all. The rules are those of `ingest.sidecar`, for every form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ingest.errors import SidecarBad
from ingest.names import safe_for_terminal
from ingest.sidecars.mapping import MOMENTS, WORDS, Group, StationMapping
from ingest.sidecars.rows import Row

_ZONED = re.compile(r"(.*\d)(Z|[+-]\d\d:\d\d)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_OPEN, _CLOSE = "(（[【", ")）]】"


def value_of(mapping: StationMapping, row: Row) -> dict[str, Any]:
    """The value of a sidecar; raises SidecarBad naming the place."""
    value: dict[str, Any] = {"cunzheng_sidecar": 1}
    for field, place in mapping.fields.items():
        text = row.text(place)
        if text is not None:
            value[field] = _field(mapping, field, place, text)
    for name, group in mapping.groups.items():
        if found := [_member(mapping, name, one) for one in _members(group, row)]:
            value[name] = found
    return value


def _field(mapping: StationMapping, field: str, place: str, text: str) -> Any:
    if field in MOMENTS:
        return _moment(mapping, place, text)
    if field == "clock_offset_ms":
        return _offset(mapping, place, text)
    if field == "tags":
        parts = [part for part in split(text, mapping.between) if part]
        return [_word(mapping, field, place, part) for part in parts]
    return _word(mapping, field, place, text) if field in WORDS else text


def _word(mapping: StationMapping, field: str, place: str, text: str) -> str:
    """The code of a word; a word that nobody explained is a fault with its own sentence."""
    code = mapping.words.get(field, {}).get(text) or WORDS[field].get(text)
    if code is None and field != "classification":
        raise _fault(
            place,
            f"has the word {_shown(text)}, which the mapping does not know",
            f"的取值 {_shown(text)} 未在对应规则中说明",
        )
    return text if code is None else code


def _moment(mapping: StationMapping, place: str, text: str) -> str:
    """RFC 3339 as it stands; a local time by the mapping's forms and zone."""
    zoned = _ZONED.fullmatch(text)
    if zoned and "T" in text:
        return text
    for form in mapping.formats:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=mapping.zone)
        except ValueError:
            continue
        return found.isoformat()
    raise _fault(place, "is no time as the mapping has it", "不是对应规则所述格式的时间")


def _offset(mapping: StationMapping, place: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _fault(place, "is no whole number", "不是整数")
    return int(text) * mapping.clock_unit


def _members(group: Group, row: Row) -> Iterator[Mapping[str, str]]:
    """Officers or interruptions, each as texts by the names of their keys."""
    if group.each:
        for part in row.each(group.each):
            found = {key: part.text(place) for key, place in group.keys.items()}
            yield {key: text for key, text in found.items() if text is not None}
    elif group.text:
        whole = row.text(group.text)
        for one in split(whole or "", group.between):
            parts = [part.strip(_CLOSE).strip() for part in split(one, group.inside)]
            yield {key: text for key, text in zip(group.parts, parts, strict=False) if text}
            if len(parts) > len(group.parts):
                raise _fault(group.text, "has more parts than the mapping", "的部分多于对应规则")
    else:
        yield from _columns(group, row)


def _columns(group: Group, row: Row) -> Iterator[Mapping[str, str]]:
    """Names in one column, numbers in another: as many in each, or none."""
    columns = {
        key: split(row.text(place) or "", group.between) for key, place in group.keys.items()
    }
    columns = {key: texts for key, texts in columns.items() if texts}
    counts = {len(texts) for texts in columns.values()}
    if len(counts) > 1:
        said = ", ".join(f"{group.keys[key]} {len(texts)}" for key, texts in columns.items())
        raise _fault(said, "are not as many in each place", "各处数量不一致")
    for number in range(max(counts, default=0)):
        yield {key: texts[number] for key, texts in columns.items() if texts[number]}


def _member(mapping: StationMapping, name: str, found: Mapping[str, str]) -> dict[str, str]:
    made = dict(found)
    if name == "interruptions":
        for key in ("from", "to"):
            if key in made:
                made[key] = _moment(mapping, mapping.groups[name].place(key), made[key])
        if "reason" in made:
            place = mapping.groups[name].place("reason")
            made["reason"] = _word(mapping, "reason", place, made["reason"])
    return made


def split(text: str, characters: str) -> Sequence[str]:
    """The parts of a text between any of some characters; none of an empty text."""
    if not text.strip():
        return ()
    if not characters:
        return (text.strip(),)
    return [part.strip() for part in re.split(f"[{re.escape(characters)}]", text)]


def _fault(place: str, english: str, chinese: str) -> SidecarBad:
    where = _shown(place)
    return SidecarBad(
        "SIDECAR_FIELD", f"The sidecar's {where} {english}.", f"附带说明的 {where} {chinese}。"
    )


def _shown(text: str) -> str:
    return safe_for_terminal(text[:60])
