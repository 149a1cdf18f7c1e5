"""Spills as docs/formats.md §12 says, for checker.py.

Written from that page with the standard library alone; it shares no line with the product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Json = dict[str, Any]
KINDS = {"record.cleared": "registry id left spill stores versions"}
ACTORS = {"record.cleared": "system/retention"}
SIGNED = {"record.spilled": "registry spill records spill"}
DATA = {"record.spilled": "reason"}
PROBED = "configuration server settings"
PROBED_MORE = {"given", "untried", "left", "lock_mode", "may_delete"}
"""Of a bucket there are more; what a server says of itself is no matter of a checker."""
UNLAWFUL = "DESTRUCTION_UNLAWFUL"
DECIDERS = {"legal_office", "approver.division_lead", "approver.principal"}
LOCKS = {"governance", "compliance"}
FOREVER = "9999"
"""Times of the ledger are texts of one length, so this comes after each of them."""


class Spills:
    """What the register says of blocked records; the other parts of a register bring the rest."""

    checker: Any
    stores: set[str]
    need: Callable[[str, object, str], None]
    term: Callable[[str], Json]
    known: Callable[[list[str]], None]

    def begin_spills(self) -> None:
        self.spills: set[str] = set()
        self.blocked: dict[str, Json] = {}
        self.cleared: dict[str, set[str]] = {}
        self.levels: dict[str, str] = {}

    def store_probed(self, place: str, e: Json) -> None:
        self.levels[e["body"]["store"]] = e["body"]["level"]
        super().store_probed(place, e)  # type: ignore[misc]

    def record_spilled(self, p: Json, e: Json, _: Any, signers: list[Json]) -> None:
        roles = [set(one["roles"]) for one in signers]
        fine = len(roles) == 2 and any(
            "archivist" in one and two & DECIDERS for one, two in (roles, roles[::-1])
        )
        self.need("REGISTER_UNLAWFUL", fine, "not an archivist and another who decides")
        self.need("REGISTER_UNLAWFUL", p["spill"] not in self.spills, "there is such a spill")
        self.known(p["records"])
        again = [rid for rid in p["records"] if rid in self.blocked]
        self.need("REGISTER_UNLAWFUL", not again, f"blocked before: {again[:3]}")
        self.spills.add(p["spill"])
        for rid in p["records"]:
            first = self.checker.accessions[rid][2]["body"].get("retain_until") or ""
            until = max(first, self.term(rid)["until"])
            at = e["body"]["accepted_at"]
            self.blocked[rid] = {"spill": p["spill"], "at": at, "locked": until}

    def free_to_read(self, records: Iterable[str], at: str) -> None:
        """That nothing of what is asked for was blocked at a moment."""
        secret = [r for r in records if r in self.blocked and self.blocked[r]["at"] <= at]
        self.need("ACCESS_AFTER_SPILL", not secret, f"blocked as a secret: {secret[:3]}")

    def record_cleared(self, _: str, e: Json) -> None:
        said, rid = e["body"], e["subject"]
        self.of_a_spill(rid, said["spill"])
        every = sorted(said["stores"] + said["left"]) == sorted(self.stores)
        more = {*said["stores"]} >= self.cleared.get(rid, set())
        self.need(UNLAWFUL, every and more, "not every store is named, or one is left again")
        self.may_go(rid, said["stores"], e["at"])
        self.cleared[rid] = {*said["stores"]}

    def record_destroyed(self, place: str, e: Json) -> None:
        said, rid = e["body"], e["subject"]
        if said["disposition"] not in self.spills:
            super().record_destroyed(place, e)  # type: ignore[misc]
            return
        self.of_a_spill(rid, said["disposition"])
        self.need(UNLAWFUL, said["stores"] == sorted(self.stores), "not every store is named")
        self.may_go(rid, said["stores"], e["at"])
        self.checker.destroyed.add(rid)

    def of_a_spill(self, rid: str, spill: str) -> None:
        found = self.blocked.get(rid, {"spill": None})
        self.need(UNLAWFUL, found["spill"] == spill, "no such spill names it")
        self.need(UNLAWFUL, rid not in self.checker.destroyed, f"{rid} was destroyed before")

    def beside(self, rid: str) -> list[str]:
        """The record and whatever else its pack has that nothing else has."""
        accessions, checker = self.checker.accessions, self.checker
        pack = accessions[rid][2]["body"].get("pack", {}).get("id")
        inside = [r for r, (_, _, e) in accessions.items() if pack
                  and e["body"].get("pack", {}).get("id") == pack]  # fmt: skip
        return [rid, *(r for r in inside if r not in checker.split | checker.destroyed)]

    def may_go(self, rid: str, stores: Iterable[str], at: str) -> None:
        together = self.beside(rid)
        others = [r for r in together if r not in self.blocked]
        self.need(UNLAWFUL, not others, f"{others[:1]} stands in the same pack")
        until = max(self.blocked[r]["locked"] for r in together)
        for store in {*stores} - self.cleared.get(rid, set()):
            locks = self.levels.get(store) in LOCKS
            self.need(UNLAWFUL, not locks or until <= at, f"locked until {until}")

    def gone_already(self, rid: str, now: str) -> bool:
        """Whether what is gone from the first store may be, though the ledger does not say so."""
        if rid not in self.blocked or rid in self.checker.destroyed:
            return False
        together = self.beside(rid)
        locks = self.levels.get("first") in LOCKS
        until = max(self.blocked.get(r, {"locked": FOREVER})["locked"] for r in together)
        return all(r in self.blocked for r in together) and (not locks or until <= now)
