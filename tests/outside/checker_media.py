"""Media by docs/formats.md §13: part of the outside checker, standard library alone."""

import re
from typing import Any

Json = dict[str, Any]
KINDS = {"record.amended": "registry id detail detail_id what"}
ACTORS = {"record.amended": "system/media"}
DATA = {"record.amended": "condition essence frames stretches tools"}
VERDICTS = {"sound", "damaged", "truncated", "unreadable", "suspicious"}
TECHNICAL = (
    "container duration_ms bit_rate streams created_at device place puid segment captured"
    " condition tools"
)
STREAM = (
    "bit_rate channels codec duration_ms frame_rate frames height index pixel_format profile"
    " rotation sample_rate type width"
)


class BadMedia(ValueError):
    """Not what the page says."""


def keys(text: str, value: Any) -> None:
    if not isinstance(value, dict) or value.keys() != set(text.split()):
        raise BadMedia(f"not the keys of the page: {text}")


def condition(value: Json) -> None:
    keys("findings verdict", value)
    if value["verdict"] not in VERDICTS:
        raise BadMedia("no such verdict")
    for one in value["findings"]:
        keys("code note", one)


def tools(value: list[Json]) -> None:
    for one in value:
        keys("name sha256 version", one)
        if not re.fullmatch("[0-9a-f]{64}", one["sha256"]):
            raise BadMedia("no digest of a program")


def technical(value: Json) -> None:
    """`technical` of record.json."""
    keys(TECHNICAL, value)
    for stream in value["streams"]:
        keys(STREAM, stream)
    if value["device"]:
        keys("make model serial by", value["device"])
    if value["place"]:
        keys("altitude latitude longitude", value["place"])
    if value["segment"]:
        keys("device important number officer profile start unit", value["segment"])
    keys("by claims end offset_ms start zone_assumed", value["captured"])
    for claim in value["captured"]["claims"]:
        keys("by end start", claim)
    condition(value["condition"])
    tools(value["tools"])


def amendment(data: Json) -> None:
    """The data of `record.amended`."""
    condition(data["condition"])
    for one in data["essence"]:
        keys("codec index sha256 type", one)
    for one in data["frames"]:
        keys("decoded index", one)
    keys("black frozen silent", data["stretches"])
    for one in (part for parts in data["stretches"].values() for part in parts):
        keys("from_ms to_ms", one)
    tools(data["tools"])
