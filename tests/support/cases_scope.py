"""Cases: verifying a part."""

from datetime import timedelta

from verify_cases import Given, Made, case

from archive import layout
from archive.verify import Cases, OneRecord, Sample, Since


@case()
def one_record_while_another_is_damaged(given: Given) -> Made:
    made = given.small()
    made.flip(layout.content_key(made.records[0]))
    report = made.verify(scope=OneRecord(made.records[1]))
    assert report.checked["records"] == 1
    return report, {}


@case("CONTENT_ALTERED")
def the_one_record_is_damaged(given: Given) -> Made:
    made = given.small()
    made.flip(layout.content_key(made.records[0]))
    report = made.verify(scope=OneRecord(made.records[0]))
    return report, {"CONTENT_ALTERED": made.records[0]}


@case("RECORD_NOT_IN_LEDGER")
def record_that_is_not_in_the_ledger(given: Given) -> Made:
    made = given.small()
    record = made.new_id()
    return made.verify(scope=OneRecord(record)), {"RECORD_NOT_IN_LEDGER": record}


@case("CONTENT_ALTERED")
def records_of_a_case(given: Given) -> Made:
    made = given.small()
    made.flip(layout.content_key(made.records[0]))
    made.flip(layout.content_key(made.records[1]))
    report = made.verify(scope=Cases(frozenset({"A-1"})))
    assert report.checked["records"] == 1
    return report, {"CONTENT_ALTERED": made.records[1]}


@case("NOTHING_SELECTED")
def case_without_records(given: Given) -> Made:
    return given.small().verify(scope=Cases(frozenset({"B-2"}))), {"NOTHING_SELECTED": "B-2"}


@case("RECORD_ALTERED")
def record_whose_case_cannot_be_read(given: Given) -> Made:
    made = given.small()
    made.flip(layout.record_key(made.records[0]), at=9)
    return made.verify(scope=Cases(frozenset({"A-1"}))), {"RECORD_ALTERED": made.records[0]}


@case()
def records_since_a_time(given: Given) -> Made:
    made = given.small()
    made.flip(layout.content_key(made.records[0]))
    report = made.verify(scope=Since(made.now - timedelta(seconds=3)))
    assert report.checked["records"] == 1
    assert report.checked["details"] == 1
    return report, {}


@case()
def sample_of_records(given: Given) -> Made:
    made = given.small()
    report = made.verify(scope=Sample(2, "seed"))
    assert report.checked["records"] == 2
    return report, {}


@case("TIMESTAMP_BAD")
def damage_in_the_ledger_is_found_in_every_scope(given: Given) -> Made:
    made = given.small()
    key = layout.token_key("main-2026", 3)
    made.flip(key)
    return made.verify(scope=OneRecord(made.records[0])), {"TIMESTAMP_BAD": key}
