"""Sidecars: what a device claims about the file beside it (docs/sidecar.md).

Everything in a sidecar is a claim. It is read strictly: a key that is not in the schema, a key
twice, a number with a fraction, a time without its offset refuse the sidecar, with one sentence.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from archive.vocabulary import SENSITIVITIES
from ingest import secrecy
from ingest.errors import Classified, SidecarBad
from ingest.names import safe_for_terminal
from ingest.remarks import moment

MAX_SIZE = 1 << 20
"""Bytes a sidecar may have."""
MAX_DEPTH = 8
EARLIEST, LATEST = datetime(1800, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)
"""What a time has to lie between. Stations write 0001-01-01 for one that nobody entered."""

SCHEMA = Path(__file__).parent.parent / "config" / "sidecar.schema.json"

_KEY = b'"cunzheng_sidecar"'
_KEYS = (_KEY, _KEY.decode().encode("utf-16-le"), _KEY.decode().encode("utf-16-be"))
_MARKER = "cunzheng_sidecar"
_ANNOTATIONS = {"$id", "$schema", "title", "description", "format"}
_DIGESTS = ("sha256", "sm3", "md5")
_TAGS = {chinese: code for code, (_, chinese) in SENSITIVITIES.items()}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A sidecar that keeps the rules, all text in NFC."""

    claims: Mapping[str, Any]
    """Its fields without the envelope and the digests: goes into record.json."""
    digests: Mapping[str, str]
    """Digests it claims for the file: `sha256`, `sm3`, `md5` -> lower-case hex."""


def is_marked(head: bytes) -> bool:
    """Whether these bytes (at most the first MAX_SIZE) are those of a sidecar, good or bad."""
    if not any(key in head for key in _KEYS):
        return False
    try:
        value = json.loads(head)
    except (ValueError, RecursionError):
        # Broken, or in another encoding: the marker decides, so that damage is not taken for a
        # record.
        return True
    return isinstance(value, dict) and _MARKER in value


def parse(data: bytes) -> Sidecar:
    """Read a sidecar's bytes: UTF-8 (with or without BOM) or GB18030.

    Raises Classified if it is marked as a state secret, whatever else is wrong with it, and
    SidecarBad with one code and sentence otherwise.
    """
    try:
        return checked(_decode(data))
    except SidecarBad:
        if any(secrecy.is_marked_text(text) for text in secrecy.readings(data[:MAX_SIZE])):
            raise Classified from None
        raise


def checked(value: Any) -> Sidecar:
    """A sidecar's value, read from whatever form, under all rules; raises as `parse` does."""
    if _is_classified(value):
        raise Classified
    return _checked(value)


def _is_classified(value: Any) -> bool:
    mark = value.get("classification") if isinstance(value, dict) else None
    if isinstance(mark, str) and secrecy.is_marked(mark):
        return True
    return any("★" in text and secrecy.is_marked_text(text) for text in _strings(value))


def _decode(data: bytes) -> Any:
    if len(data) > MAX_SIZE:
        raise SidecarBad(
            "SIDECAR_TOO_LARGE",
            "The sidecar has more than 1 MiB.",
            "附带说明超过 1 MiB。",
        )
    try:
        return json.loads(
            _text(data), object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        place = getattr(error, "lineno", None)
        where, wo = (f" in line {place}", f"（第 {place} 行）") if place else ("", "")
        raise SidecarBad(
            "SIDECAR_NOT_JSON",
            f"The sidecar is not JSON: there is a mistake{where}.",
            f"附带说明不是有效的 JSON{wo}。",
        ) from None


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SidecarBad(
        "SIDECAR_ENCODING",
        "The sidecar is neither UTF-8 nor GB18030.",
        "附带说明的编码既不是 UTF-8 也不是 GB18030。",
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        count = Counter(key for key, _ in pairs)
        twice = _shown(next(key for key, times in count.items() if times > 1))
        raise SidecarBad(
            "SIDECAR_DUPLICATE_KEY",
            f"The sidecar has the key {twice} twice.",
            f"附带说明中的键 {twice} 重复。",
        )
    return value


def _no_float(_: str) -> Any:
    raise SidecarBad(
        "SIDECAR_NUMBER",
        "The sidecar has a number with a fraction; no field takes one.",
        "附带说明含有小数，任何字段均不接受小数。",
    )


def _too_deep() -> SidecarBad:
    return SidecarBad(
        "SIDECAR_TOO_DEEP",
        f"The sidecar is nested deeper than {MAX_DEPTH} levels.",
        f"附带说明嵌套超过 {MAX_DEPTH} 层。",
    )


def _strings(value: Any) -> Iterator[str]:
    """Every text in the value, keys too; raises SidecarBad where it is nested too deep."""
    stack = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            stack.extend((inner, depth + 1) for inner in item.values())
        elif isinstance(item, list):
            stack.extend((inner, depth + 1) for inner in item)


def _checked(value: Any) -> Sidecar:
    if not _validator().is_valid(value):
        raise _first_fault(value)
    for text in _strings(value):
        if _CONTROL.search(text) or _SURROGATE.search(text):
            raise SidecarBad(
                "SIDECAR_TEXT",
                "A text in the sidecar has control characters or half characters.",
                "附带说明的文字含有控制字符或残缺字符。",
            )
    _check_times(value)
    digests = {name: value[name].lower() for name in _DIGESTS if name in value}
    claims = {
        name: _nfc(field)
        for name, field in value.items()
        if name != _MARKER and name not in _DIGESTS
    }
    if "tags" in claims:
        claims["tags"] = sorted({_TAGS.get(tag, tag) for tag in claims["tags"]})
    return Sidecar(claims, digests)


def _nfc(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_nfc(item) for item in value]
    if isinstance(value, dict):
        return {name: _nfc(item) for name, item in value.items()}
    return value


def _check_times(value: Mapping[str, Any]) -> None:
    start, end = (_moment(value, name) for name in ("capture_start", "capture_end"))
    if start and end and end < start:
        raise SidecarBad(
            "SIDECAR_TIMES",
            "The sidecar's capture_end is before its capture_start.",
            "附带说明的 capture_end 早于 capture_start。",
        )
    _moment(value, "duty_end")
    for number, stretch in enumerate(value.get("interruptions", ())):
        where = f"interruptions.{number}."
        start, end = (_moment(stretch, name, where) for name in ("from", "to"))
        if start and end and end < start:
            raise SidecarBad(
                "SIDECAR_TIMES",
                "An interruption in the sidecar ends before it begins.",
                "附带说明中有一处中断的结束早于开始。",
            )


def _moment(value: Mapping[str, Any], name: str, where: str = "") -> datetime | None:
    text = value.get(name)
    if text is None:
        return None
    try:
        found = moment(text)
    except ValueError:
        raise _field_fault(where + name) from None
    if not EARLIEST <= found < LATEST:
        raise _field_fault(where + name)
    return found


@cache
def _validator() -> Any:
    # Imported and compiled at the first sidecar: most commands never see one.
    from jsonschema import Draft202012Validator

    schema = json.loads(SCHEMA.read_bytes())
    return Draft202012Validator(_flat(schema, schema.pop("$defs")))


def _flat(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema without references and annotations, which would cost two thirds of the time."""
    if isinstance(schema, list):
        return [_flat(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref")
    if isinstance(target, str):
        return _flat(definitions[target.rpartition("/")[2]], definitions)
    return {
        key: _flat(item, definitions)
        for key, item in schema.items()
        if not (key in _ANNOTATIONS and isinstance(item, str))
    }


def _first_fault(value: Any) -> SidecarBad:
    """The fault nearest to the top, as a sentence that names the field.

    A list that is too long is one by its first item too many. No more of it is looked at: each
    fault has a text of its own, and a hostile list would have a million.
    """
    faults = _validator().iter_errors(_shortened(value))
    fault = min(faults, key=lambda fault: len(fault.path))
    field = _path(fault.path)
    if fault.validator == "additionalProperties":
        known = fault.schema["properties"]
        extra = _shown(next(key for key in fault.instance if key not in known))
        return SidecarBad(
            "SIDECAR_UNKNOWN_KEY",
            f"The sidecar has the key {extra}, which is not known.",
            f"附带说明含有未知的键 {extra}。",
        )
    if fault.validator == "required":
        missing = next(key for key in fault.validator_value if key not in fault.instance)
        return SidecarBad(
            "SIDECAR_MISSING_KEY",
            f"The sidecar lacks the key {missing}.",
            f"附带说明缺少键 {missing}。",
        )
    if not field:
        return SidecarBad(
            "SIDECAR_NOT_OBJECT",
            "The sidecar is not a JSON object.",
            "附带说明不是 JSON 对象。",
        )
    return _field_fault(field)


def _shortened(value: Any) -> Any:
    """The value with no more items in any list than are needed to see that they are too many."""
    if not isinstance(value, dict):
        return value
    rules = _validator().schema["properties"]
    most = {name: rules.get(name, {}).get("maxItems", 0) + 1 for name in value}
    return {
        name: field[: most[name]] if isinstance(field, list) else field
        for name, field in value.items()
    }


def _field_fault(field: str) -> SidecarBad:
    return SidecarBad(
        "SIDECAR_FIELD",
        f"The sidecar's field {field} does not have the form described in docs/sidecar.md.",
        f"附带说明的字段 {field} 不符合 docs/sidecar.md 规定的格式。",
    )


def _path(path: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in path)


def _shown(key: str) -> str:
    return unicodedata.normalize("NFC", safe_for_terminal(key[:40]))
