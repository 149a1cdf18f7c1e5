"""Cases: records that were destroyed, lawfully or not, and records that should have been.

The schedule of these offices ends everything at once, so that no clock has to be moved.
"""

import shutil
from collections.abc import Sequence

from disposal_book import line
from people_office import FOUNDERS, Office
from toy_law import ToyLaw
from verify_cases import Given, Made, case

from archive import layout
from archive.registers.disposition import proposal_digest
from archive.times import format_time
from signing.digest import Digest

SCHEDULE = "days=0"


def _office(given: Given) -> Office:
    """Everybody is enrolled, a schedule is in force, one record is there."""
    office = Office(given.empty())
    office.staff()
    payload = {"name": "retention", "rules": _schedule()}
    office.say(FOUNDERS, "rules.adopted", payload, {"text": SCHEDULE}, bootstrap=False)
    office.made.accession(b"seen")
    office.made.seal()
    return office


def _schedule() -> str:
    return str(Digest.of("sha256", SCHEDULE.encode()))


def _set(office: Office, records: Sequence[str]) -> None:
    """Their keeping has ended."""
    now = format_time(office.made.now)
    body = {
        "class": "short",
        "records": sorted(records),
        "schedule": _schedule(),
        "trigger": now,
        "until": now,
    }
    office.made.entry("retention.set", "registry", None, body)
    office.made.tick()


def _dispose(office: Office, records: Sequence[str]) -> str:
    """Proposed, approved and executed; the disposition's id."""
    name = office.made.new_id()
    payload = {"disposition": name, "records": sorted(records), "schedule": _schedule()}
    data = {"reason": "到期", "list": [line(record) for record in sorted(records)]}
    first, detail = office.authors["gu"].make("disposition.proposed", payload, data)
    office.put([first], detail)
    digest = proposal_digest(first.statement.payload)
    decided = {"decision": "approve", "disposition": name, "proposal": digest}
    office.say("zhu", "disposition.decided", decided, {"comment": "同意"})
    office.say("gu", "disposition.executed", {"disposition": name})
    return name


def _say(office: Office, name: str, record: str) -> None:
    body = {"disposition": name, "stores": ["first"], "versions": 2}
    office.made.entry("record.destroyed", "registry", record, body)


def _delete(office: Office, record: str) -> None:
    shutil.rmtree(office.made.path(layout.record_prefix(record)))


def _sealed(office: Office, **expected: str) -> Made:
    office.made.seal()
    return office.made.verify(law=ToyLaw()), expected


@case()
def destroyed_lawfully(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _set(office, [record])
    _say(office, _dispose(office, [record]), record)
    _delete(office, record)
    return _sealed(office)


@case("OVERDUE")
def overdue(given: Given) -> Made:
    office = _office(given)
    _set(office, office.made.records)
    return _sealed(office, OVERDUE="the archive")


@case("OVERDUE_IN_PACK")
def overdue_in_pack(given: Given) -> Made:
    office = _office(given)
    key = office.made.pack(b"ended", b"kept")
    office.made.seal()
    _set(office, office.made.records[1:2])
    return _sealed(office, OVERDUE_IN_PACK=key.rpartition("/")[2].removesuffix(".zip"))


@case("DESTRUCTION_UNLAWFUL", "CONTENT_MISSING", "RECORD_MISSING")
def destroyed_by_nobody(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _delete(office, record)
    _say(office, office.made.new_id(), record)
    gone = dict.fromkeys(("CONTENT_MISSING", "RECORD_MISSING"), record)
    return _sealed(office, DESTRUCTION_UNLAWFUL=office.made.place(), **gone)


@case("DESTROYED_STILL_THERE")
def destroyed_and_there(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _set(office, [record])
    _say(office, _dispose(office, [record]), record)
    return _sealed(office, DESTROYED_STILL_THERE=record)


@case("DESTROYED_STILL_THERE")
def destroyed_pack_and_there(given: Given) -> Made:
    office = _office(given)
    key = office.made.pack(b"one", b"two")
    office.made.seal()
    members = office.made.records[1:]
    _set(office, members)
    name = _dispose(office, members)
    for record in members:
        _say(office, name, record)
    return _sealed(office, DESTROYED_STILL_THERE=key)


@case("DESTRUCTION_UNFINISHED")
def destroyed_and_not_said(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _set(office, [record])
    _dispose(office, [record])
    _delete(office, record)
    return _sealed(office, DESTRUCTION_UNFINISHED=record)


@case("DESTRUCTION_UNCHECKED", "REGISTERS_UNCHECKED")
def destroyed_and_no_law(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _set(office, [record])
    _say(office, _dispose(office, [record]), record)
    _delete(office, record)
    office.made.seal()
    expected = {"DESTRUCTION_UNCHECKED": record, "REGISTERS_UNCHECKED": "main-2026#"}
    return office.made.verify(), expected
