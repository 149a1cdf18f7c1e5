"""Resolved quarantine by docs/formats.md §14: part of the outside checker."""

from typing import Any

Json = dict[str, Any]
KINDS = {"drop.resolved": "registry perhaps detail detail_id outcome quarantine source"}
ACTORS = {"drop.resolved": "account/.+"}
DATA = {"drop.resolved": "files person reason replaced"}
TAKEN = {"accessioned", "redropped", "amended"}


def is_resolution(e: Json) -> bool:
    """Whether outcome and subject of a `drop.resolved` fit each other."""
    outcome, record = e["body"]["outcome"], e["subject"]
    return outcome in TAKEN if record is not None else outcome == "rejected"
