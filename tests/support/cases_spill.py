"""Cases: records that were blocked as state secrets, what was read of them, what is gone."""

import shutil

from people_office import Office
from toy_law import ToyLaw
from verify_cases import Given, Made, case

from archive import layout


def _office(given: Given) -> Office:
    office = Office(given.empty())
    office.staff()
    office.made.accession(b"seen")
    office.made.seal()
    return office


def _spill(office: Office, record: str, *who: str) -> str:
    name = office.made.new_id()
    payload = {"records": [record], "spill": name}
    office.say(who or ("gu", "zhu"), "record.spilled", payload, {"reason": "依保密部门通知"})
    return name


def _gone(office: Office, name: str, record: str) -> None:
    body = {"disposition": name, "stores": ["first"], "versions": 2}
    office.made.entry("record.destroyed", "registry", record, body)


def _delete(office: Office, record: str) -> None:
    shutil.rmtree(office.made.path(layout.record_prefix(record)))


def _sealed(office: Office, **expected: str) -> Made:
    office.made.seal()
    return office.made.verify(law=ToyLaw()), expected


@case()
def spilled_and_gone(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _gone(office, _spill(office, record), record)
    _delete(office, record)
    return _sealed(office)


@case("SPILL_LEFT")
def spilled_and_stored_still(given: Given) -> Made:
    office = _office(given)
    _spill(office, office.made.records[0])
    return _sealed(office, SPILL_LEFT="the archive")


@case("SPILL_UNFINISHED", "SPILL_LEFT")
def spilled_and_not_said_to_be_gone(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _spill(office, record)
    _delete(office, record)
    return _sealed(office, SPILL_UNFINISHED=record, SPILL_LEFT="the archive")


@case("DESTROYED_STILL_THERE")
def spilled_and_there(given: Given) -> Made:
    office = _office(given)
    record = office.made.records[0]
    _gone(office, _spill(office, record), record)
    return _sealed(office, DESTROYED_STILL_THERE=record)


@case("ACCESS_AFTER_SPILL", "SPILL_LEFT")
def asked_for_after_the_spill(given: Given) -> Made:
    office = _office(given)
    _spill(office, office.made.records[0])
    office.request(
        "du", office.made.records[:1], capacity="internal_supervision", purpose="supervision"
    )
    place = office.made.place()
    return _sealed(office, ACCESS_AFTER_SPILL=place, SPILL_LEFT="the archive")


@case("REGISTER_UNLAWFUL", "DESTRUCTION_UNLAWFUL", "CONTENT_MISSING", "RECORD_MISSING")
def spilled_by_one(given: Given) -> Made:
    """Nobody alone makes anything go."""
    office = _office(given)
    record = office.made.records[0]
    name = _spill(office, record, "gu")
    said = office.made.place()
    _gone(office, name, record)
    _delete(office, record)
    gone = dict.fromkeys(("CONTENT_MISSING", "RECORD_MISSING"), record)
    return _sealed(office, REGISTER_UNLAWFUL=said, DESTRUCTION_UNLAWFUL=office.made.place(), **gone)
