"""`document` of record.json for the independent checker (docs/formats.md §14); no code of ours.

document(record["document"])      # ValueError where it is not what the page says
"""

import re
from datetime import date
from typing import Any

Json = dict[str, Any]

KEYS = {
    *("classification", "confidence", "date", "findings", "language", "number", "pages"),
    *("parties", "puid", "readable", "signatures"),
}
ROLES = {"party", "legal_representative", "officer", "witness", "agency"}


def document(value: Json) -> None:
    """What a text or document says of itself."""
    if value.keys() != KEYS:
        raise ValueError("not the keys of a document")
    if value["classification"] not in ("examined", "not_examined"):
        raise ValueError("no such state of examination")
    for name in ("confidence", "pages", "signatures"):
        _count(value[name], maybe=name != "signatures")
    if value["confidence"] is not None and value["confidence"] > 100:
        raise ValueError("surer than sure")
    for name in ("language", "number", "puid"):
        if value[name] is not None:
            _short(value[name])
    if value["date"] is not None and date.fromisoformat(value["date"]).isoformat() != value["date"]:
        raise ValueError("no day of the calendar")
    if not isinstance(value["readable"], bool):
        raise ValueError("neither readable nor not")
    _lists(value["findings"], value["parties"])


def _lists(findings: list[Json], parties: list[Json]) -> None:
    if len(findings) > 50 or len(parties) > 16:
        raise ValueError("too much of it")
    for one in findings:
        if one.keys() != {"code", "note"} or not re.fullmatch("[A-Z][A-Z0-9_]{0,63}", one["code"]):
            raise ValueError("no finding")
        _short(one["note"])
    for one in parties:
        if one.keys() != {"name", "role"} or one["role"] not in ROLES:
            raise ValueError("no party")
        _short(one["name"])


def _count(value: Any, *, maybe: bool) -> None:
    if (value is None and maybe) or (type(value) is int and value >= 0):
        return
    raise ValueError("no number of anything")


def _short(value: Any) -> None:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError("no short text")
