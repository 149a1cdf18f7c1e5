"""Confidential accesses: committed before the first byte, opened later (docs/formats.md §11).

    start, end = Start.parse(data["start"]), End.parse(data["end"])
    commitment(start.value)     # what `access.concealed` carries

Whoever admits an `access.opened` also checks the signatures of `start.statements`, as of the
statements of the entry itself. It is judged by what was so when it was committed: who the signer
was, and which rules were in force; cases and what belongs to them are those of the opening.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import fields
from archive.detail import Detail
from archive.errors import FormatError
from archive.registers import accesses, requests
from archive.registers.act import Act, Rule, SignedRule
from archive.registers.asking import Asked
from archive.registers.denials import denied
from archive.registers.remarks import remark
from archive.registers.shelf import Overlay, Shelf, Value
from archive.registers.signers import AHEAD, FRESH, as_of, enrolled, nonce_key
from archive.statements.body import SignedBody
from archive.statements.kinds import check_data, check_payload
from archive.statements.statement import Signed
from archive.times import parse_time
from signing import canonical
from signing.digest import Digest

_INSPECTORS = frozenset(("inspector.internal", "inspector.judicial"))
_START: Mapping[str, fields.Check] = {
    "accepted_at": fields.moment,
    "account": fields.account,
    "requested": Signed.from_value,
    "requested_detail": fields.anything,
    "salt": fields.salt,
    "started": Signed.from_value,
    "started_detail": fields.maybe(fields.anything),
}
_END: Mapping[str, fields.Check] = {
    "bytes": fields.count,
    "code": fields.maybe(fields.text),
    "salt": fields.salt,
}


def commitment(value: Mapping[str, Any]) -> str:
    """The digest that commits to a start or an end."""
    return str(Digest.of("sha256", canonical.encode(dict(value))))


@dataclass(frozen=True, slots=True)
class Start:
    """What a concealed access begins with: request, start, and their details."""

    value: Mapping[str, Any]
    accepted_at: datetime
    requested: Signed
    started: Signed
    requested_detail: Detail
    started_detail: Detail | None

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Start":
        """Read it strictly; FormatError, also where the parts do not belong together."""
        fields.exactly(value, _START, {})
        opening = value["started_detail"]
        start = cls(
            value=value,
            accepted_at=parse_time(value["accepted_at"]),
            requested=Signed.from_value(value["requested"]),
            started=Signed.from_value(value["started"]),
            requested_detail=Detail.parse(canonical.encode(value["requested_detail"])),
            started_detail=None if opening is None else Detail.parse(canonical.encode(opening)),
        )
        _check_part(start.requested, "access.requested", start.requested_detail)
        _check_part(start.started, "access.started", start.started_detail)
        return start

    @property
    def statements(self) -> tuple[Signed, Signed]:
        """Both statements, in their order."""
        return self.requested, self.started


def _check_part(signed: Signed, kind: str, detail: Detail | None) -> None:
    statement = signed.statement
    if statement.kind != kind:
        raise FormatError("a statement was made for an entry of another kind")
    check_payload(kind, statement.payload)
    if statement.payload["detail"] != (None if detail is None else str(detail.digest())):
        raise FormatError("the statement vouches for another detail")
    if detail is not None:
        check_data(kind, detail.data)


def check_end(value: Mapping[str, Any]) -> None:
    """Check the form of an end; FormatError."""
    fields.exactly(value, _END, {})


def spent(start: Start) -> list[str]:
    """Digests of both nonces, in order: what `access.concealed` reserves."""
    return sorted(nonce_key(signed.statement.nonce) for signed in start.statements)


def concealed(shelf: Shelf, act: Act) -> None:
    """`access.concealed`: an access of which only the commitment is known."""
    access, accepted = str(act.body["access"]), str(act.body["accepted_at"])
    if shelf.get("access", access) is not None:
        raise denied("ACCESS_EXISTS", access)
    if parse_time(accepted) > act.at + AHEAD:
        raise denied("STATEMENT_STALE", remark("ACCEPTED_LATER"))
    nonces = list(act.body["spent"])
    if any(shelf.get("nonce", key) for key in nonces):
        raise denied("STATEMENT_REPLAYED")
    rules = shelf.get("rules", "access")
    value = {
        "state": "open",
        "concealed": True,
        "commitment": act.body["commitment"],
        "spent": nonces,
        "rules": rules["sha256"] if rules else None,
        "end": None,
        "at": accepted,
        "opened": False,
        **dict.fromkeys(("request", "record", "action", "range", "resumes", "copies", "person")),
        "bytes": 0,
        "back": 0,
        "resumed": True,
    }
    shelf.put("access", access, value)
    for key in nonces:
        shelf.put("nonce", key, {"access": access})


def concealed_end(shelf: Shelf, act: Act) -> None:
    """`access.concealed_end`: once."""
    access = str(act.body["access"])
    found = shelf.get("access", access)
    if found is None or not found["concealed"] or found["state"] != "open":
        raise denied("ACCESS_UNKNOWN", access)
    value = {**found, "state": "completed", "end": act.body["commitment"]}
    shelf.put("access", access, value)


def check_committed(shelf: Shelf, access: str, data: Mapping[str, Any]) -> Start:
    """The start that an opening brings, if start and end are what was committed; else Denied."""
    found = shelf.get("access", access)
    if found is None or not found["concealed"] or found["opened"] or found["state"] == "open":
        raise denied("ACCESS_UNKNOWN", access)
    start, end = Start.parse(data["start"]), data["end"]
    if end is None:
        raise denied("COMMITMENT_DIFFERS", remark("END_MISSING"))
    check_end(end)
    if (commitment(start.value), commitment(end)) != (found["commitment"], found["end"]):
        raise denied("COMMITMENT_DIFFERS", access)
    if (start.value["accepted_at"], spent(start)) != (found["at"], found["spent"]):
        raise denied("COMMITMENT_DIFFERS", remark("TIME_OR_NONCES"))
    return start


def opened(shelf: Shelf, act: Act, body: SignedBody) -> None:
    """`access.opened`: what was committed, and lawful when it was done."""
    access, data = str(body.payload["access"]), requests.data_of(act)
    start = check_committed(shelf, access, data)
    found = dict(shelf.get("access", access) or {})
    person = start.started.statement.person
    if body.signers != (person,):
        _check_inspectors(shelf, body)
    archive = body.statements[0].statement.archive
    below = _Undestroyed(shelf, start.accepted_at)
    request, value = judge_start(below, archive, access, start, found["rules"])
    _open(shelf, access, {**found, **value}, request, start, data["end"])


class _Undestroyed:
    """Registers in which nothing was destroyed: what is gone now was there when it was received.

    Nor was anything blocked that was spilled only after a moment.
    """

    def __init__(self, below: Shelf, at: datetime) -> None:
        self._below = below
        self._at = at

    def get(self, shelf: str, key: str) -> Value | None:
        if shelf == "destroyed":
            return None
        found = self._below.get(shelf, key)
        later = shelf == "spilled" and found is not None and parse_time(found["at"]) > self._at
        return None if later else found

    def put(self, shelf: str, key: str, value: Value) -> None:
        self._below.put(shelf, key, value)


def _check_inspectors(shelf: Shelf, body: SignedBody) -> None:
    roles = [set(enrolled(shelf, person)["roles"]) for person in body.signers]
    if len(roles) != 2 or not all(found & _INSPECTORS for found in roles):
        raise denied("VOUCHERS_MISSING", remark("WHO_OPENS"))


def judge_start(
    shelf: Shelf, archive: str, access: str, start: Start, rules: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request and the access that a concealed start stands for; Denied unless lawful.

    `rules` is the digest of the access rules that were in force. Who the signer was is judged at
    the start's own time. The registers stay as they are.
    """
    request, begun = start.requested.statement, start.started.statement
    if any(signed.statement.archive != archive for signed in start.statements):
        raise denied("STATEMENT_FOREIGN")
    if (begun.payload["access"], begun.person) != (access, request.person):
        raise denied("COMMITMENT_DIFFERS", access)
    then = _then(shelf, start, rules)
    if "form" in begun.payload:
        raise denied("NOT_CONCEALABLE", remark("FORM_OPENLY"))
    if begun.payload["request"] != request.payload["request"]:
        raise denied("REQUEST_NONE", str(begun.payload["request"]))
    if shelf.get("request", str(request.payload["request"])) is not None:
        raise denied("REQUEST_EXISTS", str(request.payload["request"]))
    asked = Asked(request.person, request.payload, start.requested_detail.data)
    need = requests.judge(then, asked)
    if not need.conceal:
        raise denied("NOT_CONCEALABLE", asked.capacity)
    value = requests.new_request(then, asked, need, start.accepted_at)
    accesses.check_may(value, begun.person, start.accepted_at)
    accesses.check_covered(value, begun.payload)
    if begun.payload["resumes"] is not None:
        raise denied("ACCESS_UNKNOWN", str(begun.payload["resumes"]))
    extent = accesses.extent_of(then, begun.payload)
    return value, accesses.new_access(begun.payload, begun.person, start.accepted_at, extent)


def _then(shelf: Shelf, start: Start, rules: str | None) -> Shelf:
    """The registers with the signer and the rules as they were; Denied for who could not sign."""
    then = Overlay(shelf)
    for signed in start.statements:
        statement = signed.statement
        if not -FRESH <= statement.at - start.accepted_at <= AHEAD:
            raise denied("STATEMENT_STALE")
        person = as_of(shelf, statement, start.accepted_at)
        if person["account"] not in (None, start.value["account"]):
            raise denied("ACCOUNT_OTHER", statement.person)
        then.put("person", statement.person, person)
    text = shelf.get("rules_text", rules) if rules else None
    if rules is None or text is None:
        raise denied("RULES_NONE")
    then.put("rules", "access", {"sha256": rules, "text": text["text"]})
    return then


def _open(
    shelf: Shelf,
    access: str,
    value: dict[str, Any],
    request: dict[str, Any],
    start: Start,
    end: Value,
) -> None:
    """Put both into the registers; the request is over, nothing more can be had under it."""
    code = end["code"]
    copies = value["copies"] if code is None else None
    count = copies["count"] if copies else 0
    state = "completed" if code is None else "aborted"
    done = {"bytes": end["bytes"], "copies": copies, "state": state, "resumed": True}
    shelf.put("access", access, {**value, **done, "concealed": True, "opened": True})
    over = {"state": "closed", "ended": "exhausted", "used": 1}
    outside = {"copies_given": count, "copies_out": count}
    key = str(start.requested.statement.payload["request"])
    words = {"detail_id": start.requested_detail.id}
    shelf.put("request", key, {**request, **over, **outside, **words})
    for signed in start.statements:
        shelf.put("statement", str(signed.statement.digest()), {})


SIGNED: Mapping[str, SignedRule] = {"access.opened": opened}
OWN: Mapping[str, Rule] = {"access.concealed": concealed, "access.concealed_end": concealed_end}
