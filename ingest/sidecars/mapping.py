"""Mappings: how the sidecars of docking stations are read, as data (config/sidecar-mappings.toml).

    mappings = Mappings.load(home / "sidecar-mappings.toml")    # or Mappings.load(None)
    mappings.by_name["station_xml"].root

A mapping is read strictly; what it says is explained in the file itself and in docs/sidecar.md.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from archive import fields, vocabulary
from archive.errors import FormatError
from archive.times import SHANGHAI
from ingest.own_first import check_name, own_first, read_table

SHIPPED = Path(__file__).parents[2] / "config" / "sidecar-mappings.toml"
XML, CSV = "xml", "csv"
MOMENTS = frozenset(("capture_start", "capture_end", "duty_end"))
TEXTS = (
    *("case", "unit", "device", "item", "subject", "place", "sha256", "sm3", "md5"),
    *("device_signature", "note"),
)
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "officers": ("name", "number", "certificate"),
    "interruptions": ("from", "to", "reason", "note"),
}
FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S")

_MOST_PATTERNS = 16
_BESIDE = re.compile(r"\{(name|stem)\}(\.[A-Za-z0-9_.-]{1,32})", re.ASCII)
_LISTED = re.compile(r"(\*|[^*?\[\]/\\{}]{1,100})(\.[A-Za-z0-9_]{1,16})")
_DIRECTIVES = re.compile(r"%(.)")
_ENDING = re.compile(r"[a-z0-9]{1,16}", re.ASCII)


def _words(labels: vocabulary.Labels) -> Mapping[str, str]:
    return {word: code for code, (_, chinese) in labels.items() for word in (code, chinese)}


WORDS: Mapping[str, Mapping[str, str]] = {
    "category": _words(vocabulary.CATEGORIES),
    "stage": _words(vocabulary.STAGES),
    "importance": _words(vocabulary.IMPORTANCE),
    "tags": _words(vocabulary.SENSITIVITIES),
    "reason": _words(vocabulary.INTERRUPTIONS),
    "classification": {word: word for word in ("public", "internal", "sensitive")}
    | {"公开": "public", "内部": "internal", "敏感": "sensitive"},
}
"""Words that every mapping knows: the codes and their Chinese labels."""

_FIELDS = frozenset((*TEXTS, *MOMENTS, "clock_offset_ms", *WORDS)) - {"reason"}


@dataclass(frozen=True, slots=True)
class Group:
    """How a list in a row is written: as elements, in one text, or in a column for each key."""

    keys: Mapping[str, str]
    each: str = ""
    text: str = ""
    parts: tuple[str, ...] = ()
    between: str = "、,，;；"
    inside: str = "/(（"

    def place(self, key: str) -> str:
        """Where a key stands, for people."""
        return self.text or "/".join(filter(None, (self.each, self.keys.get(key, key))))


@dataclass(frozen=True)
class StationMapping:
    """One way of writing sidecars. `en` and `zh` say whose."""

    name: str
    en: str
    zh: str
    form: str
    fields: Mapping[str, str]
    groups: Mapping[str, Group]
    words: Mapping[str, Mapping[str, str]]
    beside: tuple[tuple[str, str], ...] = ()
    """Pairs of `name` or `stem` and the ending: a sidecar for one file."""
    listed: tuple[tuple[str, str], ...] = ()
    """Pairs of a name, or `*`, and the ending: a list for the files of its folder."""
    of: frozenset[str] = frozenset()
    """Endings that `stem` may stand for; empty: every one."""
    root: str = ""
    row: str = ""
    file: str = ""
    """Where a row says of which file it is."""
    headings: frozenset[str] = frozenset()
    delimiter: str = ","
    formats: tuple[str, ...] = FORMATS
    zone: tzinfo = SHANGHAI
    clock_unit: int = 1
    between: str = "、,，;；"

    @property
    def is_list(self) -> bool:
        """Whether one file speaks of several."""
        return bool(self.listed)


@dataclass(frozen=True)
class Mappings:
    """Mappings in the order in which they are tried."""

    all: tuple[StationMapping, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, StationMapping]:
        """Each under its name."""
        return {one.name: one for one in self.all}

    @cached_property
    def endings(self) -> tuple[bytes, ...]:
        """Ends of the names that a sidecar or list may have, in either case."""
        found = {end for one in self.all for _, end in (*one.beside, *one.listed)}
        return tuple(sorted(form.encode() for end in found for form in (end.lower(), end.upper())))

    @classmethod
    def parse(cls, text: str) -> "Mappings":
        """Read a file strictly; FormatError with one sentence."""
        table = read_table(text, "cunzheng_sidecar_mappings", "mapping")
        found = tuple(_mapping(row) for row in table["mapping"])
        if len({one.name for one in found}) != len(found):
            raise FormatError("two mappings have the same name")
        return cls(found)

    @classmethod
    def load(cls, own: Path | None) -> "Mappings":
        """Those of a file of one's own, if there is one, before those that come with cunzheng.

        Raises FormatError naming the file, or OSError where it cannot be read.
        """
        return cls(own_first(own, SHIPPED, lambda text: cls.parse(text).all))


# --- reading a file strictly


def _place(value: object) -> None:
    if not fields.text(value).strip() or len(fields.text(value)) > 200:
        raise FormatError("a place has 1 to 200 characters")


def _some(check: fields.Check) -> fields.Check:
    def run(value: object) -> None:
        fields.each(check)(value)
        if not isinstance(value, list) or not 1 <= len(value) <= _MOST_PATTERNS:
            raise FormatError(f"1 to {_MOST_PATTERNS} were expected")

    return run


def _like(pattern: re.Pattern[str], what: str) -> fields.Check:
    def run(value: object) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise FormatError(f"{what} was expected")

    return run


def _characters(value: object) -> None:
    if not 1 <= len(fields.text(value)) <= 16:
        raise FormatError("1 to 16 characters were expected")


def _format(value: object) -> None:
    text = fields.text(value)
    if set(_DIRECTIVES.findall(text)) - set("YmdHMSf") or "%Y" not in text:
        raise FormatError("a form of times has %Y %m %d %H %M %S %f and nothing else")
    if datetime.strptime(datetime(2026, 3, 1, 8, 30).strftime(text), text).year != 2026:  # noqa: DTZ001, DTZ007 - local
        raise FormatError("a form of times does not read what it writes")


_TIMES: Mapping[str, fields.Check] = {"formats": _some(_format), "zone": fields.text}
_GROUP: Mapping[str, fields.Check] = {
    "each": _place,
    "text": _place,
    "parts": _some(fields.text),
    "between": _characters,
    "inside": _characters,
}
_MUST: Mapping[str, fields.Check] = {
    "name": check_name,
    "en": fields.text,
    "zh": fields.text,
    "form": fields.one_of((XML, CSV)),
    "fields": fields.anything,
}
_MAY: Mapping[str, fields.Check] = {
    "beside": _some(_like(_BESIDE, "{name}.xml or {stem}.xml")),
    "list": _some(_like(_LISTED, "a name such as index.xml, or *.csv")),
    "of": _some(_like(_ENDING, "an ending such as mp4")),
    "root": _place,
    "row": _place,
    "file": _place,
    "headings": _some(_place),
    "delimiter": fields.one_of((",", ";", "\t", "|")),
    "times": fields.obj({}, _TIMES),
    "clock_unit": fields.one_of(("ms", "s")),
    "between": _characters,
    "officers": fields.anything,
    "interruptions": fields.anything,
    "words": fields.anything,
}


def _mapping(row: Any) -> StationMapping:
    shown = str(row.get("name") if isinstance(row, dict) else row)[:40]
    try:
        fields.exactly(row, _MUST, _MAY)
        _check_shape(row)
        times = row.get("times", {})
        return StationMapping(
            name=row["name"],
            en=row["en"],
            zh=row["zh"],
            form=row["form"],
            fields=_checked_fields(row["fields"]),
            groups={name: _group(name, row[name], row["form"]) for name in _GROUPS if name in row},
            words=_checked_words(row.get("words", {})),
            beside=_pairs(_BESIDE, row.get("beside", ())),
            listed=_pairs(_LISTED, row.get("list", ())),
            of=frozenset(row.get("of", ())),
            root=row.get("root", ""),
            row=row.get("row", ""),
            file=row.get("file", ""),
            headings=frozenset(row.get("headings", ())),
            delimiter=row.get("delimiter", ","),
            formats=tuple(times.get("formats", FORMATS)),
            zone=_zone(times.get("zone")),
            clock_unit=1000 if row.get("clock_unit") == "s" else 1,
            between=row.get("between", "、,，;；"),
        )
    except FormatError as error:
        raise FormatError(f"mapping {shown}: {error}") from error


def _check_shape(row: Mapping[str, Any]) -> None:
    """What must be there with what."""
    if ("beside" in row) == ("list" in row):
        raise FormatError("it has either beside or list")
    if "list" in row and "file" not in row:
        raise FormatError("a list says in file where its rows name their files")
    wanted, other = ("root", "headings") if row["form"] == XML else ("headings", "root")
    if wanted not in row or other in row:
        raise FormatError(f"a mapping of {row['form']} has {wanted} and no {other}")
    if (row["form"] == XML and "list" in row) != ("row" in row):
        raise FormatError("row is there for a list in XML and for nothing else")
    if row["form"] == XML and "delimiter" in row:
        raise FormatError("XML has no delimiter")


def _pairs(pattern: re.Pattern[str], texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    found = [pattern.fullmatch(text) for text in texts]
    return tuple((match[1], match[2].lower()) for match in found if match)


def _checked_fields(value: Any) -> Mapping[str, str]:
    fields.exactly(value, {}, dict.fromkeys(_FIELDS, _place))
    return dict(value)


def _checked_words(value: Any) -> Mapping[str, Mapping[str, str]]:
    fields.exactly(value, {}, dict.fromkeys(WORDS, fields.anything))
    for name, words in value.items():
        known = frozenset(WORDS[name].values())
        if not isinstance(words, dict) or not frozenset(map(str, words.values())) <= known:
            raise FormatError(f"words.{name} leads to codes of docs/sidecar.md")
    return {name: dict(words) for name, words in value.items()}


def _group(name: str, value: Any, form: str) -> Group:
    keys = _GROUPS[name]
    try:
        fields.exactly(value, {}, {**_GROUP, **dict.fromkeys(keys, _place)})
        places = {key: value[key] for key in keys if key in value}
        parts = tuple(value.get("parts", keys))
        if "text" in value and (places or "each" in value or not set(parts) <= set(keys)):
            raise FormatError(f"text goes with parts of {', '.join(keys)} and nothing else")
        if "text" not in value and not places:
            raise FormatError(f"text or some of {', '.join(keys)} were expected")
        if "each" in value and form == CSV:
            raise FormatError("CSV has no each")
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from error
    more = {key: value[key] for key in ("each", "text", "between", "inside") if key in value}
    return Group(places, parts=parts, **more)


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return SHANGHAI
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise FormatError(f"there is no zone {name[:40]!r}") from error
    # China had daylight saving until 1991: no recording of stations is as old.
    return SHANGHAI if zone.key == "Asia/Shanghai" else zone
