"""Retention, disposition and packs as docs/formats.md §12 says, for checker.py.

Written from that page with the standard library alone; it shares no line with the product.
"""

from __future__ import annotations

import calendar
import hashlib
import tomllib
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
KINDS = {
    "retention.set": "registry - class records schedule trigger until",
    "record.destroyed": "registry id disposition stores versions",
    "store.probed": "registry - level missing store detail detail_id",
}
ACTORS = {
    **dict.fromkeys(("retention.set", "record.destroyed"), "system/retention"),
    "store.probed": "system/storage",
}
SIGNED = {
    "retention.classed": "registry - class records trigger",
    "retention.extended": "registry - cause records until",
    "disposition.proposed": "registry disposition disposition records schedule",
    "disposition.decided": "registry disposition decision disposition proposal",
    "disposition.executed": "registry disposition disposition",
    "pack.split": "registry - pack records",
}
DATA = {
    "retention.classed": "reason",
    "retention.extended": "reason",
    "disposition.proposed": "reason list",
    "disposition.decided": "comment",
    "disposition.executed": "comment",
    "pack.split": "reason",
}
LINE = {"record", "name", "name_b64", "title", "case", "category", "media"}
FOREVER, OPEN = "9999-12-31T23:59:59.999999Z", "9998-12-31T23:59:59.999999Z"
"""Ends that never come; times of the ledger are texts of one length, so they compare as texts."""
SHANGHAI = timezone(timedelta(hours=8))
FIVE, MONTH = timedelta(minutes=5), timedelta(days=30)
UNLAWFUL = "DESTRUCTION_UNLAWFUL"


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ends(period: str, first: date) -> str:
    """24:00 of the last day of a period (`10d`, `6m`, `30y`, `permanent`) that begins on a day."""
    if period == "permanent":
        return FOREVER
    count, unit = int(period[:-1]), period[-1]
    if unit == "d":
        last = first + timedelta(days=count)
    else:
        months = first.year * 12 + first.month - 1 + count * (12 if unit == "y" else 1)
        year, month = divmod(months, 12)
        longest = calendar.monthrange(year, month + 1)[1]
        last = date(year, month + 1, min(first.day, longest))
    after = last + timedelta(days=1)
    return stamp(datetime(after.year, after.month, after.day, tzinfo=SHANGHAI))


def day(text: str) -> date:
    return datetime.fromisoformat(text).astimezone(SHANGHAI).date()


class Keeping:
    """What the register says of how long things are kept, and of what was destroyed.

    The register brings `checker`, `rules`, `cases`, `holds`, and `need(code, fine, why)`.
    """

    checker: Any
    rules: dict[str, str]
    cases: dict[str, Json]
    holds: dict[str, Json]
    need: Callable[[str, object, str], None]
    canonical: Callable[[Any], str]

    def begin_keeping(self) -> None:
        self.terms_of: dict[str, Json] = {}
        self.stores = {"first"}
        self.lists: dict[str, Json] = {}
        self.listed_in: dict[str, str] = {}
        self.executed_at: dict[str, str] = {}

    # how long

    def schedule(self) -> tuple[str, dict[str, Json]]:
        """Digest of the schedule in force, and its classes by name, in their order."""
        self.need("RETENTION_UNLAWFUL", "retention" in self.rules, "no schedule is in force")
        text = self.rules["retention"]
        classes = {one["name"]: one for one in tomllib.loads(text)["class"]}
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest(), classes

    def term(self, rid: str) -> Json:
        nothing = {"until": "", "set": None, "trigger": None, "class": None, "confirmed": None}
        return self.terms_of.setdefault(rid, nothing)

    def known(self, records: list[str]) -> None:
        strange = [rid for rid in records if rid not in self.checker.accessions]
        self.need("ACCESS_UNLAWFUL", not strange, f"unknown records: {strange[:3]}")

    def class_end(self, one: Json, trigger: str) -> str:
        return OPEN if one.get("same_as_case") else ends(one["period"], day(trigger))

    def retention_set(self, _: str, e: Json) -> None:
        said, (digest, classes) = e["body"], self.schedule()
        self.need("RETENTION_UNLAWFUL", said["schedule"] == digest, "another schedule")
        self.need("RETENTION_UNLAWFUL", said["class"] in classes, "an unknown class")
        late = datetime.fromisoformat(said["trigger"]) > datetime.fromisoformat(e["at"]) + FIVE
        self.need("RETENTION_UNLAWFUL", not late, "a trigger that is still to come")
        end = self.class_end(classes[said["class"]], said["trigger"])
        self.need("RETENTION_UNLAWFUL", end == (said["until"] or FOREVER), "another end")
        self.known(said["records"])
        for rid in said["records"]:
            received = self.checker.accessions[rid][2]["body"]["received_at"]
            near = said["trigger"] >= stamp(datetime.fromisoformat(received) - MONTH)
            fine = near or self.term(rid)["confirmed"] == said["trigger"]
            self.need("RETENTION_UNLAWFUL", fine, f"the trigger of {rid} nobody confirmed")
        for rid in said["records"]:
            more = {"set": said["class"], "trigger": said["trigger"]}
            self.term(rid).update(more, until=max(end, self.term(rid)["until"]))

    def retention_classed(self, p: Json, e: Json, _: Any, signers: list[Json]) -> None:
        self.one_of(signers, "RETENTION_UNLAWFUL", "archivist", "legal_office")
        self.need("RETENTION_UNLAWFUL", p["class"] in self.schedule()[1], "an unknown class")
        accepted = datetime.fromisoformat(e["body"]["accepted_at"])
        late = p["trigger"] and datetime.fromisoformat(p["trigger"]) > accepted + FIVE
        self.need("RETENTION_UNLAWFUL", not late, "a trigger that is still to come")
        self.known(p["records"])
        for rid in p["records"]:
            self.term(rid).update({"class": p["class"], "confirmed": p["trigger"]})

    def retention_extended(self, p: Json, _: Json, __: Any, signers: list[Json]) -> None:
        roles = {role.split(".")[0] for role in signers[0]["roles"]}
        fine = roles & {"archivist", "legal_office", "inspector", "approver"} and len(signers) == 1
        self.need("RETENTION_UNLAWFUL", fine, "not his to extend")
        self.known(p["records"])
        for rid in p["records"]:
            self.term(rid)["until"] = max(p["until"] or FOREVER, self.term(rid)["until"])

    def end(self, rid: str) -> str:
        """When the keeping of a record ends; OPEN where that is not known."""
        term, found = self.term(rid), self.checker.accessions[rid][2]["body"]
        so_far = [found.get("retain_until") or "", term["until"]]
        if "retention" not in self.rules:
            return max(*so_far, OPEN)
        classes = self.schedule()[1]
        files = [self.file_end(case, classes) for case in self.cases_with(rid)]
        if term["set"] not in classes or term["class"] not in (None, *classes):
            return max(*so_far, *files, OPEN)
        so_far += [*files, self.class_end(classes[term["set"]], term["trigger"])]
        if term["class"] not in (None, term["set"]):
            of_case = classes[term["class"]].get("same_as_case") and files
            so_far += [] if of_case else [OPEN]
        return max(so_far)

    def cases_with(self, rid: str) -> list[Json]:
        return [case for case in self.cases.values() if rid in case["records"]]

    @staticmethod
    def file_end(case: Json, classes: dict[str, Json]) -> str:
        """What the file of a case asks: the first class that fits it."""
        one = next(
            one
            for one in classes.values()
            if one["trigger"] in ("case_close", "decision")
            and not one.get("same_as_case")
            and case["category"] in one.get("categories", [case["category"]])
            and one.get("importance") in (None, case["importance"])
        )
        if one["period"] == "permanent":
            return FOREVER
        if not case.get("closed"):
            return OPEN
        decided = case.get("decided") if one["trigger"] == "decision" else None
        return ends(one["period"], date.fromisoformat(decided or case["closed"]))

    def held(self, rid: str) -> bool:
        cases = {case["case"] for case in self.cases_with(rid)}
        return any(rid in h["records"] or h["case"] in cases for h in self.holds.values())

    # who and what

    def one_of(self, signers: list[Json], code: str, *roles: str) -> None:
        fine = len(signers) == 1 and set(signers[0]["roles"]) & {*roles}
        self.need(code, fine, f"signed by nobody who is {' or '.join(roles)}")

    def free(self, rid: str, at: str) -> None:
        """That a record may go at a moment."""
        self.need(UNLAWFUL, rid not in self.checker.destroyed, f"{rid} was destroyed before")
        self.need(UNLAWFUL, not self.held(rid), f"{rid} is held")
        self.need(UNLAWFUL, self.end(rid) <= at, f"{rid} is kept until {self.end(rid)}")

    def whole(self, records: list[str]) -> None:
        """That no pack loses some members and keeps others."""
        accessions, checker = self.checker.accessions, self.checker
        packs = {accessions[r][2]["body"].get("pack", {}).get("id") for r in records} - {None}
        for rid, (_, _, e) in accessions.items():
            inside = e["body"].get("pack", {}).get("id") in packs and "pack" in e["body"]
            if inside and rid not in checker.split | checker.destroyed:
                self.need(UNLAWFUL, rid in records, f"{rid} is left in its pack")

    @staticmethod
    def who(e: Json) -> str:
        return str(e["body"]["statements"][0]["statement"]["person"])

    def moment(self, e: Json) -> str:
        return min(e["at"], e["body"]["accepted_at"])

    def disposition_proposed(self, p: Json, e: Json, data: Json, signers: list[Json]) -> None:
        self.one_of(signers, "REGISTER_UNLAWFUL", "archivist")
        self.need(UNLAWFUL, p["disposition"] not in self.lists, "there is such a list")
        self.need(UNLAWFUL, p["schedule"] == self.schedule()[0], "another schedule")
        self.known(p["records"])
        lines = [line["record"] for line in data["list"] if {*line} == LINE]
        self.need(UNLAWFUL, lines == p["records"], "the list that is read is another one")
        for rid in p["records"]:
            self.need(UNLAWFUL, rid not in self.listed_in, f"{rid} is on another list")
            self.free(rid, self.moment(e))
        self.whole(p["records"])
        digest = hashlib.sha256(self.canonical(p).encode()).hexdigest()
        self.lists[p["disposition"]] = {
            "by": self.who(e),
            "proposal": f"sha256:{digest}",
            "records": p["records"],
            "state": "proposed",
        }
        self.listed_in.update(dict.fromkeys(p["records"], p["disposition"]))

    def disposition_decided(self, p: Json, e: Json, _: Any, signers: list[Json]) -> None:
        self.need(UNLAWFUL, p["disposition"] in self.lists, "there is no such list")
        found = self.lists[p["disposition"]]
        deciders = ("legal_office", "approver.division_lead", "approver.principal")
        self.one_of(signers, "REGISTER_UNLAWFUL", *deciders)
        self.need(UNLAWFUL, self.who(e) != found["by"], "decided by who proposed it")
        fine = {"approve": ("proposed",), "refuse": ("proposed", "approved")}[p["decision"]]
        self.need(UNLAWFUL, found["state"] in fine, f"it is {found['state']}")
        self.need(UNLAWFUL, p["proposal"] == found["proposal"], "of another list")
        found["decider"] = self.who(e)
        found["state"] = "approved" if p["decision"] == "approve" else "refused"
        if found["state"] == "refused":
            for rid in found["records"]:
                self.listed_in.pop(rid)

    def disposition_executed(self, p: Json, e: Json, _: Any, signers: list[Json]) -> None:
        self.need(UNLAWFUL, p["disposition"] in self.lists, "there is no such list")
        found = self.lists[p["disposition"]]
        self.one_of(signers, "REGISTER_UNLAWFUL", "archivist", "administrator")
        self.need(UNLAWFUL, found["state"] == "approved", f"it is {found['state']}")
        self.need(UNLAWFUL, self.who(e) != found["decider"], "executed by who approved it")
        for rid in found["records"]:
            self.free(rid, self.moment(e))
        self.whole(found["records"])
        found["state"] = "executed"
        self.executed_at.update(dict.fromkeys(found["records"], e["at"]))

    def record_destroyed(self, _: str, e: Json) -> None:
        said, rid = e["body"], e["subject"]
        self.need(UNLAWFUL, said["disposition"] in self.lists, "there is no such list")
        found = self.lists[said["disposition"]]
        self.need(UNLAWFUL, found["state"] == "executed", "nobody ordered it")
        self.need(UNLAWFUL, rid in found["records"], f"{rid} is not on the list")
        self.free(rid, e["at"])
        self.need(UNLAWFUL, said["stores"] == sorted(self.stores), "not every store is named")
        self.checker.destroyed.add(rid)

    def store_probed(self, _: str, e: Json) -> None:
        self.stores.add(e["body"]["store"])

    def pack_split(self, p: Json, _: Json, __: Any, signers: list[Json]) -> None:
        two = len(signers) == 2 and all(set(one["roles"]) != {"handler"} for one in signers)
        some = any("archivist" in one["roles"] for one in signers)
        self.need("REGISTER_UNLAWFUL", two and some, "not two people, an archivist among them")
        self.known(p["records"])
        checker = self.checker
        for rid in p["records"]:
            pack = checker.accessions[rid][2]["body"].get("pack", {}).get("id")
            fine = pack == p["pack"] and rid not in checker.split | checker.destroyed
            self.need("REGISTER_UNLAWFUL", fine, f"{rid} is not to be split off")
        checker.split.update(p["records"])

    def unfinished(self, rid: str, now: str) -> bool:
        """Whether a record may just be on its way out: executed within 24 hours."""
        at = self.executed_at.get(rid)
        return at is not None and at > stamp(datetime.fromisoformat(now) - timedelta(hours=24))
