"""The rule book of disposition over registers in memory, with a toy law.

book = DisposalBook()
record = book.kept()                       # received now, due after ten days
book.later(days=11)
name = book.propose("gu", [record])
book.decide("zhu", name); book.execute("gu", name); book.destroyed(name, record)
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from registers_fixture import Office
from toy_law import SCHEDULE, ToyLaw

from archive.registers.disposition import is_destroyed, proposal_digest
from archive.statements.body import SignedBody
from archive.times import format_time
from signing.digest import Digest

BOTH = ("gu", "zhu")


class DisposalBook(Office):
    """An office whose retention schedule is the toy law's."""

    def __init__(self) -> None:
        super().__init__(law=ToyLaw())
        self.schedule = self.adopt_schedule(SCHEDULE)
        self.proposals: dict[str, SignedBody] = {}
        self.enrol("lead", ["approver.division_lead"], by=BOTH)
        self.enrol("arch", ["archivist"], by=BOTH)
        self.enrol("root", ["administrator"], by=BOTH)
        self.enrol("li", ["handler"], by=["gu"])
        self.enrol("du", ["inspector.internal"], by=BOTH)

    def adopt_schedule(self, text: str) -> str:
        self.adopt("retention", text, BOTH)
        return str(Digest.of("sha256", text.encode()))

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def kept(self, pack: str | None = None, name: str = "short") -> str:
        """A record that was received now, with its class set (unless `name` is empty)."""
        record = self.ulid()
        received = format_time(self.now)
        value = {"source": "CAM", "size": 1, "received_at": received, "retain_until": None}
        self.shelf.put("record", record, {**value, "sha256": "00" * 32})
        if pack is not None:
            self.shelf.put("record_pack", record, {"pack": pack})
            found = self.shelf.get("pack", pack) or {"members": []}
            self.shelf.put("pack", pack, {"members": sorted([*found["members"], record])})
        if name:
            self.set(record, name)
        return record

    def set(self, record: str, name: str = "short") -> None:
        end = ToyLaw().class_end(SCHEDULE, name, self.now)
        until = None if end.moment is None else format_time(end.moment)
        body = {
            "class": name,
            "records": [record],
            "schedule": self.schedule,
            "trigger": format_time(self.now),
            "until": until,
        }
        self.own("retention.set", "", body)

    # ── disposition ──

    def propose(self, who: str, records: Sequence[str], **changed: Any) -> str:
        name = changed.pop("name", None) or self.ulid()
        listed = changed.pop("listed", None)
        payload = {
            "disposition": name,
            "records": sorted(records),
            "schedule": self.schedule,
            **changed,
        }
        lines = [line(record) for record in (sorted(records) if listed is None else listed)]
        self.say([who], "disposition.proposed", payload, {"reason": "到期", "list": lines})
        assert self.last is not None
        self.proposals[name] = self.last
        return str(name)

    def decide(self, who: str, name: str, decision: str = "approve", **changed: Any) -> None:
        known = self.proposals.get(name)
        digest = proposal_digest(known.payload) if known else "sha256:" + "00" * 32
        payload = {"decision": decision, "disposition": name, "proposal": digest, **changed}
        self.say([who], "disposition.decided", payload, {"comment": "同意"})

    def execute(self, who: str, name: str) -> None:
        self.say([who], "disposition.executed", {"disposition": name})

    def destroyed(self, name: str, record: str, stores: Sequence[str] = ("first",)) -> None:
        body = {"disposition": name, "stores": list(stores), "versions": 2}
        self.own("record.destroyed", record, body)

    def split(self, pack: str, records: Sequence[str], who: Sequence[str] = BOTH) -> None:
        payload = {"pack": pack, "records": sorted(records)}
        self.say(who, "pack.split", payload, {"reason": "续存"})

    def introduce(self, store: str) -> None:
        body = {
            "detail": "sha256:" + "00" * 32,
            "detail_id": self.ulid(),
            "level": "read-only",
            "missing": [],
            "store": store,
        }
        self.own("store.probed", "", body)

    # ── what keeps ──

    def hold(self, *records: str, by: str = "du", case: str | None = None) -> str:
        name = self.ulid()
        payload = {"case": case, "hold": name, "records": sorted(records)}
        self.say([by], "hold.placed", payload, {"reason": "复议", "document_no": None})
        return name

    def lift(self, hold: str, by: str = "du") -> None:
        self.say([by], "hold.lifted", {"hold": hold}, {"reason": "已结"})

    def extend(self, record: str, days: float | None, by: str = "arch") -> None:
        until = None if days is None else format_time(self.now + timedelta(days=days))
        payload = {"cause": "other", "records": [record], "until": until}
        self.say([by], "retention.extended", payload, {"reason": "续存"})

    def gone(self, record: str) -> bool:
        return is_destroyed(self.shelf, record)

    def state(self, name: str) -> str:
        found = self.shelf.get("disposition", name)
        assert found is not None
        return str(found["state"])

    def ready(self, *records: str) -> str:
        """A disposition that is executed, of records that are due."""
        name = self.propose("gu", records)
        self.decide("zhu", name)
        self.execute("gu", name)
        return name


def line(record: str) -> dict[str, Any]:
    """A line of the list."""
    return {
        "record": record,
        "name": "笔录.txt",
        "name_b64": None,
        "title": None,
        "case": None,
        "category": None,
        "media": "text/plain",
    }
