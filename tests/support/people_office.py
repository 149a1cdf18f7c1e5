"""An office with people, written by the archive builder: everybody has a key and says things.

    made = Builder(folder)
    office = Office(made)                  # opens the log with everybody's certificate
    office.found()
    office.hire("chen", ["handler"])
    request = office.request("chen", records=[record])

Nothing here asks whether something is allowed, so forged entries are written as lawful ones are.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from archive_builder import ARCHIVE, Builder, digest_of
from pki_fixture import Pki

from archive import layout
from archive.detail import Detail
from archive.registers.concealed import Start, commitment, spent
from archive.statements.body import SignedBody
from archive.statements.kinds import SIGNED
from archive.statements.make import Author
from archive.statements.statement import Signed
from archive.times import format_time
from signing import authority
from signing.digest import Digest
from signing.keys import P256, MemorySigner

RULES = Path(__file__).parents[2] / "config" / "access.toml"
FOUNDERS = ("gu", "zhu")
STAFF: Mapping[str, tuple[str, Sequence[str]]] = {
    "gu": ("office", ["archivist"]),
    "zhu": ("office", ["approver.principal"]),
    "chen": ("team1", ["handler"]),
    "bai": ("team1", ["approver.department_head"]),
    "fa": ("office", ["legal_office"]),
    "du": ("inspection", ["inspector.internal"]),
    "wei": ("team2", ["handler"]),
}


class Office:
    """People, their keys, and what they say. The log is opened with their certificates."""

    def __init__(self, made: Builder, *, extra: Sequence[str] = ()) -> None:
        self.made = made
        self.certificates: dict[str, bytes] = {}
        self.authors: dict[str, Author] = {}
        self.case_id = ""
        for person in (*STAFF, *extra):
            self.key(person)
        pki = [digest_of(c) for c in (*made.pki.certificates, *self.certificates.values())]
        made.open(certificates=pki)

    # ── keys ──

    def key(
        self,
        person: str,
        signer: MemorySigner | None = None,
        life: timedelta = timedelta(days=365),
    ) -> Author:
        """A new certificate for a person, in place of the present one."""
        made = self.made
        signer = signer or MemorySigner.generate(P256)
        certificate = certify(made.pki, signer, person, made.now, life)
        made.write(layout.pki_key(sha256(certificate).hexdigest(), "crt"), certificate)
        self.certificates[person] = certificate
        author = Author(
            ARCHIVE,
            person,
            Digest.of("sha256", certificate),
            signer,
            lambda: made.now,
            os.urandom,
        )
        self.authors[person] = author
        return author

    def signer(self, person: str) -> MemorySigner:
        """A person's private key."""
        signer = self.authors[person].signer
        assert isinstance(signer, MemorySigner)
        return signer

    # ── saying things ──

    def say(
        self,
        who: str | Sequence[str],
        kind: str,
        payload: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        **other: Any,
    ) -> int:
        """One entry with the statements of one or two people; `other` replaces the body's."""
        people = [who] if isinstance(who, str) else list(who)
        first, detail = self.authors[people[0]].make(kind, payload, data)
        signed = [first, *(self.authors[name].cosign(first) for name in people[1:])]
        return self.put(signed, detail, **other)

    def put(self, signed: Sequence[Signed], detail: Detail | None = None, **other: Any) -> int:
        """Statements as they are, as an entry; `at` is the entry's time."""
        made = self.made
        made.tick()
        at: datetime = other.pop("at", made.now)
        if detail is not None:
            made.write(layout.detail_key(detail.id), detail.to_bytes())
        body = SignedBody(
            accepted_at=made.now,
            account="1000",
            host="service",
            statements=tuple(signed),
            detail=str(detail.digest()) if detail else None,
            detail_id=detail.id if detail else None,
            bootstrap=None,
        )
        found = SIGNED[body.kind]
        subject = body.payload[found.subject] if found.subject else None
        actor = f"user/{body.signers[0]}"
        value = replace(body, **other).value()
        return made.entry(body.kind, found.stream, subject, value, actor=actor, at=at)

    # ── people and rules ──

    def found(self) -> None:
        """The two founders, and their rules."""
        for person in FOUNDERS:
            self.enrol(person, person, bootstrap=True)
        self.adopt(RULES.read_text(), *FOUNDERS, bootstrap=True)

    def staff(self) -> None:
        """Founders and everybody else."""
        self.found()
        for person in STAFF:
            if person not in FOUNDERS:
                self.enrol(person, *FOUNDERS)

    def enrol(self, person: str, *vouchers: str, bootstrap: bool = False, **other: Any) -> int:
        """Enrol a person with the certificate of that name; `other` replaces the payload's."""
        unit, roles = STAFF.get(person, ("team1", ["handler"]))
        payload = {
            "account": None,
            "certificate": str(self.authors[other.pop("key_of", person)].certificate),
            "key": "own",
            "person": person,
            "roles": sorted(roles),
            "unit": unit,
            "valid_from": format_time(self.made.now - timedelta(minutes=10)),
            "valid_until": format_time(self.made.now + timedelta(days=300)),
            **other,
        }
        data = {
            "name": person,
            "post": "科员",
            "unit_name": unit,
            "certificate_no": None,
            "certificate_until": None,
        }
        return self.say(vouchers, "person.enrolled", payload, data, bootstrap=bootstrap)

    def adopt(self, text: str, *who: str, bootstrap: bool = False) -> int:
        """Adopt access rules."""
        payload = {"name": "access", "rules": digest_of(text.encode())}
        return self.say(who, "rules.adopted", payload, {"text": text}, bootstrap=bootstrap)

    def suspend(self, who: str, person: str) -> int:
        return self.say(who, "person.suspended", {"person": person}, {"reason": "调离"})

    def revoke(self, who: str, person: str, since: datetime, code: str = "key_compromise") -> int:
        payload = {"person": person, "code": code, "since": format_time(since)}
        return self.say(who, "person.revoked", payload, {"reason": "令牌遗失"})

    # ── cases ──

    def case(
        self, number: str, handlers: Sequence[str], who: Sequence[str] = FOUNDERS, **other: Any
    ) -> str:
        """Open a case with handlers; returns its id."""
        case = self.made.new_id()
        payload = {
            "case": case,
            "category": "penalty",
            "handlers": sorted(handlers),
            "importance": "ordinary",
            "opened": "2026-11-22",
            "sensitivity": [],
            "unit": "team1",
            **other,
        }
        self.say(who, "case.opened", payload, {"number": number, "title": None})
        return case

    def attach(self, case: str, records: Sequence[str], who: str = "gu") -> int:
        payload = {"case": case, "records": sorted(records)}
        return self.say(who, "case.attached", payload, {"reason": "补充"})

    def link(self, case: str, records: Sequence[str]) -> int:
        """What the archive itself writes for records that claim the case's number."""
        body = {"records": sorted(records)}
        return self.made.entry("case.linked", "registry", case, body, actor="system/registry")

    # ── retrieval ──

    def asked(self, records: Sequence[str], **other: Any) -> dict[str, Any]:
        """The payload of a request: by the handler of a case, to view."""
        return {
            "action": "view",
            "capacity": "own_case",
            "case": None,
            "letter": None,
            "purpose": "case_handling",
            "records": sorted(records),
            "request": self.made.new_id(),
            "segments": None,
            **other,
        }

    def request(self, who: str, records: Sequence[str], **other: Any) -> str:
        """Ask; returns the request's id."""
        data = reasons(**other.pop("data", {}))
        payload = self.asked(records, **other)
        self.say(who, "access.requested", payload, data)
        return str(payload["request"])

    def decide(self, who: str, request: str, decision: str = "approve", **other: Any) -> int:
        payload = {"decision": decision, "grant": None, "request": request, "role": None, **other}
        return self.say(who, "access.decided", payload, {"comment": "同意"})

    def beginning(self, request: str, record: str, **other: Any) -> dict[str, Any]:
        """The payload of an access."""
        return {
            "access": self.made.new_id(),
            "action": "view",
            "copies": None,
            "range": None,
            "record": record,
            "request": request,
            "resumes": None,
            **other,
        }

    def start(self, who: str, request: str, record: str, **other: Any) -> str:
        """Begin an access; returns its id."""
        payload = self.beginning(request, record, **other)
        self.say(who, "access.started", payload)
        return str(payload["access"])

    def end(self, access: str, record: str, count: int = 4, code: str | None = None) -> int:
        """What the archive writes when an access is over."""
        body: dict[str, Any] = {"access": access, "bytes": count}
        kind = "access.completed" if code is None else "access.aborted"
        if code is not None:
            body["code"] = code
        return self.made.entry(kind, "access", record, body, actor="system/access")

    def fetch(self, who: str, request: str, record: str, **other: Any) -> str:
        """A whole access."""
        access = self.start(who, request, record, **other)
        self.end(access, record)
        return access

    def conceal(self, who: str, record: str, *, end: bool = True, **other: Any) -> dict[str, Any]:
        """A concealed access; returns what its opening says, with the access's id."""
        made, author = self.made, self.authors[who]
        made.tick()
        asked = {"capacity": "internal_supervision", "purpose": "supervision", **other}
        requested, detail = author.make(
            "access.requested", self.asked([record], **asked), reasons()
        )
        assert detail is not None
        request = str(requested.statement.payload["request"])
        started, _ = author.make("access.started", self.beginning(request, record))
        access = str(started.statement.payload["access"])
        start = {
            "accepted_at": format_time(made.now),
            "account": "1000",
            "requested": requested.value(),
            "requested_detail": detail_value(detail),
            "salt": "11" * 16,
            "started": started.value(),
            "started_detail": None,
        }
        done = {"bytes": 4, "code": None, "salt": "22" * 16}
        body = {
            "accepted_at": start["accepted_at"],
            "access": access,
            "commitment": commitment(start),
            "host": "service",
            "spent": spent(Start.parse(start)),
        }
        made.entry("access.concealed", "access", None, body, actor="system/access")
        if end:
            body = {"access": access, "commitment": commitment(done)}
            made.entry("access.concealed_end", "access", None, body, actor="system/access")
        return {"access": access, "start": start, "end": done}

    def open(self, who: str | Sequence[str], hidden: Mapping[str, Any]) -> int:
        """Open a concealed access."""
        data = {"start": hidden["start"], "end": hidden["end"]}
        return self.say(who, "access.opened", {"access": hidden["access"]}, data)


def detail_value(detail: Detail) -> dict[str, Any]:
    """The object that a detail's bytes are."""
    value: dict[str, Any] = json.loads(detail.to_bytes())
    return value


def reasons(**other: Any) -> dict[str, Any]:
    """The data of a request's detail."""
    return {
        "reason": "案件复核",
        "behalf": None,
        "letter_no": None,
        "task_no": None,
        "query": None,
        **other,
    }


def certify(pki: Pki, signer: MemorySigner, person: str, now: datetime, days: timedelta) -> bytes:
    """A person's certificate of the archive's own CA."""
    start = (now - timedelta(hours=1)).replace(microsecond=0)
    life = authority.Validity(start, now.replace(microsecond=0) + days)
    subject = authority.Subject("示例市综合行政执法局", person)
    return authority.issue_person_certificate(
        pki.issuing, signer.public_key(), subject, pki.serials(), life
    )


def busy_office(root: Path, pki: Pki | None = None) -> Office:
    """A lawful life: people, a case, requests of several kinds, holds, concealed accesses."""
    made = Builder(root, pki)
    office = Office(made)
    office.staff()
    made.seal()
    confirmed = made.detail(
        "source.confirmed",
        {
            "name": "DSJ-1",
            "name_b64": None,
            "state": "confirmed",
            "label": "一号",
            "kind": "camera",
            "unit": "team1",
            "person": "gu",
        },
    )
    made.entry("source.confirmed", "registry", "DSJ-1", confirmed)
    claimed = made.accession(b"claims", sidecar=b'{"cunzheng_sidecar":1}', claims={"case": "A-1"})
    plain = made.accession(b"plain")
    made.seal()
    case = office.case("A-1", ["chen"])
    office.link(case, [claimed])
    office.attach(case, [plain], "bai")
    own = office.request("chen", [claimed, plain], case=case)
    office.fetch("chen", own, claimed)
    broken = office.start("chen", own, plain)
    office.end(broken, plain, 2, "INTERRUPTED")
    office.fetch("chen", own, plain, resumes=broken)
    made.seal()
    other = office.request("wei", [plain], capacity="other_unit", action="copy")
    head = "approver.department_head"
    office.decide("bai", other, role=head)
    access = office.fetch("wei", other, plain, action="copy", copies={"count": 2, "medium": "光盘"})
    office.say("gu", "access.returned", {"access": access, "count": 1})
    office.say("gu", "access.destroyed", {"access": access, "count": 1}, {"remarks": "粉碎"})
    refused = office.request("wei", [claimed], capacity="other_unit")
    office.decide("bai", refused, "refuse", role=head)
    made.entry("access.closed", "access", refused, {"code": "refused"}, actor="system/access")
    hold = {"case": case, "hold": made.new_id(), "records": [plain]}
    office.say("du", "hold.placed", hold, {"reason": "复议", "document_no": None})
    office.say("du", "hold.lifted", {"hold": hold["hold"]}, {"reason": "复议已结"})
    seen = office.request("du", [plain], capacity="internal_supervision", purpose="supervision")
    office.fetch("du", seen, plain)
    hidden = office.conceal("du", claimed)
    office.conceal("du", plain)
    office.open("du", hidden)
    handled = {
        "alert": "ab" * 32,
        "disposition": "explained",
        "evidence": [{"log": "main-2026", "index": 1}],
        "rule": "A1",
    }
    office.say("du", "alert.handled", handled, {"comment": "已核实", "assignee": None})
    office.suspend("gu", "wei")
    office.say(FOUNDERS, "person.resumed", {"person": "wei"}, {"reason": "返岗"})
    changed = {
        "case": case,
        "category": "penalty",
        "handlers": ["chen", "wei"],
        "importance": "major",
        "sensitivity": ["minor"],
        "unit": "team1",
    }
    office.say(FOUNDERS, "case.changed", changed, {"reason": "增加承办人"})
    closing = {"case": case, "closed": "2026-11-22", "decided": None}
    office.say("gu", "case.closed", closing, {"reason": "结案"})
    made.seal()
    return office
