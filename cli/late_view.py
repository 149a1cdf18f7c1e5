"""Sidecars that came after their files were sealed, for people: each claim on its line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.arrival_notes import noticed
from cli.labels import claim_name, claim_value
from cli.language import say

Pair = tuple[str, object]


def late_pairs(custody: Sequence[Mapping[str, Any]]) -> Iterator[Pair]:
    """What they claim, beside what the record claims itself; nothing where none came."""
    for event in custody:
        detail = event["detail"]
        if event["kind"] != "record.amended" or event["body"].get("what") != "sidecar":
            continue
        if not detail:
            continue
        yield say("sidecar that came later", "补交附带说明"), detail["name"]
        for key, value in sorted(detail["claims"].items()):
            yield say("  claims", "  声明") + f" {claim_name(key)}", claim_value(key, value)
        for one in detail["findings"]:
            yield say("  noticed", "  提示"), noticed(one)
