"""Resolved quarantine by docs/formats.md §14: part of the outside checker."""

from typing import Any

Json = dict[str, Any]
KINDS = {"drop.resolved": "registry perhaps detail detail_id outcome quarantine source"}
ACTORS = {"drop.resolved": "account/.+"}
DATA = {"drop.resolved": "files person reason replaced"}
MORE = {"claim", "late"}  # of drop.rejected, since there are sidecars of other forms
ENDED = {"rejected", "refused"}
TAKEN = {"accessioned", "redropped", "amended"}


def is_resolution(e: Json) -> bool:
    """Whether outcome and subject of a `drop.resolved` fit each other."""
    outcome, record = e["body"]["outcome"], e["subject"]
    return outcome in (TAKEN if record is not None else ENDED)


class Quarantine:
    """Which drops were rejected, as far as the ledger was read."""

    def __init__(self) -> None:
        self._rejected: set[tuple[str, str]] = set()

    def takes(self, e: Json, data: Json) -> bool:
        """Take an entry with its detail; False for the end of a drop that nobody rejected."""
        source = e["body"].get("source", "")
        if e["kind"] == "drop.rejected":
            self._rejected.add((data["quarantine"], source))
        is_end = e["kind"] == "drop.resolved"
        return not is_end or (e["body"]["quarantine"], source) in self._rejected
