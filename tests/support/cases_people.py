"""Cases: statements, people, cases, requests and accesses that are not what the rules ask for.

The keys are everybody's: what is written is sealed, and only verification can say that it is wrong.
"""

import dataclasses
from datetime import timedelta

from archive_builder import ARCHIVE
from people_office import FOUNDERS, Office, busy_office, reasons
from verify_cases import Given, Made, case

from archive import layout
from archive.report import Report
from archive.statements.make import Author
from archive.statements.statement import Signed
from archive.times import format_time
from archive.verify import OneRecord
from signing.digest import Digest

HEAD = "approver.department_head"
PATIENT = 400 * 86_400


def _staffed(given: Given, *extra: str) -> Office:
    """Everybody is enrolled, one record is there, and a case with it."""
    made = given.empty()
    office = Office(made, extra=extra)
    office.staff()
    made.accession(b"seen")
    made.seal()
    office.case_id = office.case("A-1", ["chen"])
    office.attach(office.case_id, made.records)
    return office


def _own(office: Office) -> str:
    """A lawful request by the handler."""
    return office.request("chen", office.made.records, case=office.case_id)


def _here(office: Office) -> str:
    return office.made.place()


def _sealed(office: Office, **expected: str) -> Made:
    office.made.seal()
    return office.made.verify(), expected


def _coded(made: Made, code: str) -> Made:
    """The finding also names the rule that was broken."""
    report, expected = made
    assert [f.details.get("code") for f in report.findings] == [code], report.to_value()
    return report, expected


def _patient(office: Office, after: float) -> Report:
    made = office.made
    limits = dataclasses.replace(made.policy.limits, max_age=PATIENT)
    return made.verify(after=after, policy=dataclasses.replace(made.policy, limits=limits))


@case()
def office_life_untouched(given: Given) -> Made:
    made = busy_office(given.path(), given.pki).made
    assert made.verify(workers=2).outcome == "PASSED"
    return made.verify(), {}


@case()
def one_record_with_the_details_of_its_accesses(given: Given) -> Made:
    office = _staffed(given)
    request, record = _own(office), office.made.records[0]
    payload = office.beginning(request, record)
    office.say("chen", "access.started", payload, {"medium_no": None, "note": "第二次"})
    office.end(str(payload["access"]), record)
    office.made.seal()
    report = office.made.verify(scope=OneRecord(record))
    assert report.checked["details"] == 1
    return report, {}


# ── statements ──


@case("STATEMENT_BAD")
def statement_signed_with_another_key(given: Given) -> Made:
    office = _staffed(given)
    chen = office.authors["chen"]
    forged = dataclasses.replace(chen, signer=office.signer("wei"))
    signed, detail = forged.make(
        "access.requested", office.asked(office.made.records, case=office.case_id), reasons()
    )
    office.put([signed], detail)
    return _coded(_sealed(office, STATEMENT_BAD=_here(office)), "STATEMENT_BAD")


@case("STATEMENT_BAD")
def statement_changed_after_it_was_signed(given: Given) -> Made:
    office = _staffed(given)
    request = _own(office)
    record = office.made.records[0]
    signed, _ = office.authors["chen"].make("access.started", office.beginning(request, record))
    payload = {**signed.statement.payload, "access": office.made.new_id()}
    statement = dataclasses.replace(signed.statement, payload=payload)
    office.put([Signed(statement, signed.signature)])
    return _sealed(office, STATEMENT_BAD=_here(office))


@case("STATEMENT_BAD", "ACCESS_UNLAWFUL")
def what_follows_from_a_forged_request(given: Given) -> Made:
    office = _staffed(given)
    chen = office.authors["chen"]
    office.authors["chen"] = dataclasses.replace(chen, signer=office.signer("wei"))
    request = _own(office)
    forged = _here(office)
    office.authors["chen"] = chen
    office.start("chen", request, office.made.records[0])
    return _sealed(office, STATEMENT_BAD=forged, ACCESS_UNLAWFUL=_here(office))


@case("STATEMENT_FOREIGN")
def statement_for_another_archive(given: Given) -> Made:
    office = _staffed(given)
    abroad = dataclasses.replace(office.authors["chen"], archive="cunzheng.local/other")
    payload = office.asked(office.made.records, case=office.case_id)
    signed, detail = abroad.make("access.requested", payload, reasons())
    office.put([signed], detail)
    return _sealed(office, STATEMENT_FOREIGN=_here(office))


@case("STATEMENT_REPLAYED")
def statement_used_twice(given: Given) -> Made:
    office = _staffed(given)
    request, record = _own(office), office.made.records[0]
    signed, _ = office.authors["chen"].make("access.started", office.beginning(request, record))
    office.put([signed])
    office.end(str(signed.statement.payload["access"]), record)
    office.put([signed])
    return _sealed(office, STATEMENT_REPLAYED=_here(office))


@case("STATEMENT_STALE")
def statement_kept_back(given: Given) -> Made:
    office = _staffed(given)
    payload = office.asked(office.made.records, case=office.case_id)
    signed, detail = office.authors["chen"].make("access.requested", payload, reasons())
    office.made.tick(20 * 60)
    office.put([signed], detail)
    return _sealed(office, STATEMENT_STALE=_here(office))


@case("STATEMENT_STALE")
def statement_accepted_after_its_entry(given: Given) -> Made:
    office = _staffed(given)
    later = office.made.now + timedelta(minutes=10)
    payload = office.asked(office.made.records, case=office.case_id)
    author = dataclasses.replace(office.authors["chen"], now=lambda: later)
    signed, detail = author.make("access.requested", payload, reasons())
    office.put([signed], detail, accepted_at=later)
    return _sealed(office, STATEMENT_STALE=_here(office))


@case("STATEMENT_LATE")
def statement_accepted_long_before_its_entry(given: Given) -> Made:
    made = given.empty()
    office = Office(made)
    office.found()
    early = made.now - timedelta(hours=25)
    office.enrol("chen", *FOUNDERS, valid_from=format_time(early))
    author = dataclasses.replace(office.authors["chen"], now=lambda: early)
    signed, detail = author.make("person.suspended", {"person": "chen"}, {"reason": "病假"})
    office.put([signed], detail, accepted_at=early)
    return _sealed(office, STATEMENT_LATE=_here(office))


# ── signers ──


@case("SIGNER_INVALID")
def signer_who_was_never_enrolled(given: Given) -> Made:
    office = _staffed(given, "nobody")
    office.request("nobody", office.made.records, case=office.case_id)
    return _coded(_sealed(office, SIGNER_INVALID=_here(office)), "SIGNER_UNKNOWN")


@case("SIGNER_INVALID")
def signer_with_a_new_certificate_of_the_stolen_ca(given: Given) -> Made:
    office = _staffed(given, "other")
    mine = office.authors["other"]
    office.authors["chen"] = dataclasses.replace(mine, person="chen")
    _own(office)
    return _coded(_sealed(office, SIGNER_INVALID=_here(office)), "SIGNER_UNKNOWN")


@case("SIGNER_INVALID")
def signer_with_the_sealing_certificate(given: Given) -> Made:
    made = given.empty()
    office = Office(made)
    pki = made.pki
    digest = Digest.of("sha256", pki.sealing_certificate)
    office.authors["gu"] = Author(
        ARCHIVE, "gu", digest, pki.sealing_signer, lambda: made.now, office.authors["gu"].random
    )
    office.enrol("gu", "gu", bootstrap=True)
    return _coded(_sealed(office, SIGNER_INVALID=_here(office)), "CERTIFICATE_BAD")


def _short_lived(given: Given, delay: int) -> Made:
    """A certificate that runs out `delay` seconds before the statement is accepted."""
    office = _staffed(given)
    author = office.key("chen", life=timedelta(minutes=2))
    office.made.seal()
    office.made.link(certificates=[str(author.certificate)])
    office.enrol("chen", *FOUNDERS)
    office.made.tick(100 + delay)
    payload = office.asked(office.made.records, case=office.case_id)
    signed, detail = office.authors["chen"].make("access.requested", payload, reasons())
    accepted = office.made.now
    office.made.tick(30)
    office.put([signed], detail, accepted_at=accepted)
    return _sealed(office)


@case()
def certificate_that_ran_out_after_acceptance(given: Given) -> Made:
    return _short_lived(given, 0)


@case("SIGNER_INVALID")
def certificate_that_ran_out_before_acceptance(given: Given) -> Made:
    report, _ = _short_lived(given, 60)
    return _coded((report, {"SIGNER_INVALID": "main-2026#"}), "CERTIFICATE_BAD")


@case("SIGNER_INVALID")
def signer_who_is_suspended(given: Given) -> Made:
    office = _staffed(given)
    office.suspend("gu", "chen")
    _own(office)
    return _coded(_sealed(office, SIGNER_INVALID=_here(office)), "SIGNER_SUSPENDED")


@case("SIGNER_INVALID")
def signer_whose_enrolment_is_over(given: Given) -> Made:
    office = _staffed(given)
    until = office.made.now + timedelta(seconds=30)
    office.enrol("chen", *FOUNDERS, valid_until=format_time(until))
    office.made.tick(60)
    _own(office)
    return _coded(_sealed(office, SIGNER_INVALID=_here(office)), "SIGNER_EXPIRED")


@case("SIGNER_INVALID")
def signer_who_was_revoked(given: Given) -> Made:
    office = _staffed(given)
    office.revoke("gu", "chen", office.made.now)
    _own(office)
    return _coded(_sealed(office, SIGNER_INVALID=_here(office)), "SIGNER_REVOKED")


@case("SIGNER_DOUBTFUL")
def signer_who_was_revoked_afterwards(given: Given) -> Made:
    office = _staffed(given)
    _own(office)
    before = _here(office)
    office.revoke("gu", "chen", office.made.now - timedelta(seconds=5))
    return _sealed(office, SIGNER_DOUBTFUL=before)


def _revoked_by_list(office: Office, *people: str, since: timedelta) -> None:
    """A revocation list that names people's certificates, from before now."""
    from pki_fixture import serial_of

    from signing.authority import Revocation

    made = office.made
    now = made.now.replace(microsecond=0)
    lines = [
        Revocation(serial_of(office.certificates[person]), now, invalidity_date=now - since)
        for person in people
    ]
    made.seal()
    made.add_crl(2, revoked=lines)


@case("SIGNER_DOUBTFUL")
def revoked_afterwards_and_on_the_list(given: Given) -> Made:
    office = _staffed(given)
    _own(office)
    before = _here(office)
    office.made.tick(10)
    since = timedelta(seconds=20)
    office.revoke("gu", "chen", office.made.now - since)
    _revoked_by_list(office, "chen", since=since)
    return _sealed(office, SIGNER_DOUBTFUL=before)


@case()
def revoked_between_acceptance_and_writing(given: Given) -> Made:
    """Accepted a moment before the revocation, written after it: it counts, and is no doubt."""
    office = _staffed(given)
    payload = office.asked(office.made.records, case=office.case_id)
    signed, detail = office.authors["chen"].make("access.requested", payload, reasons())
    accepted = office.made.now
    since = accepted + timedelta(microseconds=1)
    office.made.tick(5)
    office.put([signed], detail, accepted_at=accepted)
    office.revoke("gu", "chen", since)
    _revoked_by_list(office, "chen", since=timedelta(seconds=4))
    return _sealed(office)


@case("SIGNER_INVALID")
def on_the_list_but_never_revoked(given: Given) -> Made:
    office = _staffed(given)
    _own(office)
    before = _here(office)
    office.made.tick(10)
    _revoked_by_list(office, "chen", since=timedelta(seconds=20))
    return _coded(_sealed(office, SIGNER_INVALID=before), "SIGNER_REVOKED")


@case("REVOCATION_UNKNOWN")
def no_list_in_force_when_it_was_signed(given: Given) -> Made:
    office = _staffed(given)
    for _ in range(48):
        office.made.tick(3600)
        office.made.refuse()
        office.made.seal()
    office.suspend("gu", "chen")
    return _sealed(office, REVOCATION_UNKNOWN=_here(office))


# ── registers ──


@case("REGISTER_UNLAWFUL")
def approver_enrolled_by_one_person(given: Given) -> Made:
    office = _staffed(given, "mole")
    office.enrol("mole", "gu", roles=["approver.principal"])
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "VOUCHERS_MISSING")


@case("REGISTER_UNLAWFUL")
def founder_after_the_founding(given: Given) -> Made:
    office = _staffed(given, "mole")
    office.enrol("mole", "mole", roles=["approver.principal"], bootstrap=True)
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "FOUNDING_OVER")


@case("REGISTER_UNLAWFUL")
def revoked_key_enrolled_again(given: Given) -> Made:
    office = _staffed(given)
    office.revoke("gu", "chen", office.made.now)
    office.key("chen", office.signer("chen"))
    office.made.seal()
    office.made.link(certificates=[str(office.authors["chen"].certificate)])
    office.enrol("chen", *FOUNDERS)
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "KEY_TAKEN")


@case("REGISTER_UNLAWFUL")
def rules_changed_by_one_person(given: Given) -> Made:
    office = _staffed(given)
    office.adopt("cunzheng_access = 1\n", "gu")
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "VOUCHERS_MISSING")


@case("REGISTER_UNLAWFUL")
def handler_who_attaches_to_his_own_case(given: Given) -> Made:
    office = _staffed(given)
    record = office.made.accession(b"another")
    office.attach(office.case_id, [record], "chen")
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "ROLE_MISSING")


@case("REGISTER_UNLAWFUL")
def handlers_named_by_an_archivist_alone(given: Given) -> Made:
    office = _staffed(given)
    office.case("A-2", ["chen"], ["gu"])
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "SECOND_MISSING")


@case("REGISTER_UNLAWFUL")
def head_of_a_unit_attaches_what_is_of_another(given: Given) -> Made:
    office = _staffed(given)
    other = office.case("B-1", ["wei"], unit="team2")
    record = office.made.accession(b"another")
    office.attach(other, [record])
    office.attach(office.case_id, [record], "bai")
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "RECORD_OTHER")


@case("REGISTER_UNLAWFUL")
def head_takes_a_record_from_a_sensitive_case(given: Given) -> Made:
    office = _staffed(given)
    case = office.case("A-2", ["chen"], sensitivity=["minor"])
    office.attach(case, office.made.records)
    payload = {"case": case, "records": sorted(office.made.records)}
    office.say("bai", "case.detached", payload, {"reason": "x"})
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "ROLE_MISSING")


@case("REGISTER_UNLAWFUL")
def account_bound_to_two(given: Given) -> Made:
    office = _staffed(given, "mole")
    office.enrol("wei", *FOUNDERS, account="1001")
    office.enrol("mole", *FOUNDERS, account="1001")
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "ACCOUNT_TAKEN")


@case("ENTRY_BAD")
def refusal_written_as_if_a_person_had_said_it(given: Given) -> Made:
    office = _staffed(given)
    body = {
        "account": "1000",
        "action": None,
        "code": "SELF_APPROVAL",
        "host": "service",
        "person": "du",
        "records": [],
        "request": None,
        "statement": None,
    }
    office.made.entry("access.denied", "access", None, body, actor="user/du")
    return _sealed(office, ENTRY_BAD=_here(office))


@case("REGISTER_UNLAWFUL")
def record_linked_that_claims_no_case(given: Given) -> Made:
    office = _staffed(given)
    record = office.made.accession(b"another")
    office.link(office.case_id, [record])
    return _coded(_sealed(office, REGISTER_UNLAWFUL=_here(office)), "ATTACHMENT")


# ── requests, decisions, accesses ──


@case("ACCESS_UNLAWFUL")
def request_for_a_case_of_others(given: Given) -> Made:
    office = _staffed(given)
    office.request("wei", office.made.records, case=office.case_id)
    return _coded(_sealed(office, ACCESS_UNLAWFUL=_here(office)), "CAPACITY_UNFIT")


@case("ACCESS_UNLAWFUL")
def access_without_a_grant(given: Given) -> Made:
    office = _staffed(given)
    records = office.made.records
    request = office.request("wei", records, capacity="other_unit")
    office.start("wei", request, records[0])
    return _coded(_sealed(office, ACCESS_UNLAWFUL=_here(office)), "NO_GRANT")


@case("ACCESS_UNLAWFUL")
def access_that_ends_without_a_beginning(given: Given) -> Made:
    office = _staffed(given)
    office.end(office.made.new_id(), office.made.records[0])
    return _coded(_sealed(office, ACCESS_UNLAWFUL=_here(office)), "ACCESS_UNKNOWN")


@case("ACCESS_UNLAWFUL")
def opening_that_was_not_committed(given: Given) -> Made:
    office = _staffed(given)
    hidden = office.conceal("du", office.made.records[0])
    office.open("du", {**hidden, "end": {**hidden["end"], "bytes": 1}})
    return _coded(_sealed(office, ACCESS_UNLAWFUL=_here(office)), "COMMITMENT_DIFFERS")


@case("STATEMENT_BAD")
def opening_with_a_statement_that_does_not_hold(given: Given) -> Made:
    office = _staffed(given)
    du = office.authors["du"]
    office.authors["du"] = dataclasses.replace(du, signer=office.signer("wei"))
    hidden = office.conceal("du", office.made.records[0])
    office.authors["du"] = du
    office.open("du", hidden)
    return _sealed(office, STATEMENT_BAD=_here(office))


@case("DECISION_UNLAWFUL")
def approval_in_a_role_of_others(given: Given) -> Made:
    office = _staffed(given)
    request = office.request("wei", office.made.records, capacity="other_unit")
    office.decide("fa", request, role=HEAD)
    return _coded(_sealed(office, DECISION_UNLAWFUL=_here(office)), "NOT_APPROVER")


@case("ENTRY_BAD")
def detail_with_other_fields(given: Given) -> Made:
    office = _staffed(given)
    detail = office.authors["chen"].detail("person.suspended", {"reason": "x"})
    bad = dataclasses.replace(detail, data={"reasons": "x"})
    payload = {"person": "chen", "detail": str(bad.digest())}
    office.put([office.authors["chen"].sign("person.suspended", payload)], bad)
    return _sealed(office, ENTRY_BAD=_here(office))


# ── what has no end, and what cannot be judged ──


def _running(given: Given) -> tuple[Office, str]:
    office = _staffed(given)
    access = office.start("chen", _own(office), office.made.records[0])
    office.made.seal()
    return office, access


@case()
def access_under_way(given: Given) -> Made:
    return _running(given)[0].made.verify(), {}


@case("ACCESS_OPEN_LONG")
def access_without_an_end(given: Given) -> Made:
    office, access = _running(given)
    return _patient(office, 25 * 3600), {"ACCESS_OPEN_LONG": access}


@case("ACCESS_OPEN_LONG", "ACCESS_UNOPENED")
def concealed_accesses_never_opened(given: Given) -> Made:
    office = _staffed(given)
    first = office.conceal("du", office.made.records[0])
    second = office.conceal("du", office.made.records[0], end=False)
    office.made.seal()
    assert _patient(office, 179 * 86_400).counts["ACCESS_UNOPENED"] == 0
    report = _patient(office, 181 * 86_400)
    assert report.counts["ACCESS_UNOPENED"] == 2
    expected = {"ACCESS_OPEN_LONG": second["access"], "ACCESS_UNOPENED": first["access"]}
    return report, expected


def _life(given: Given) -> Office:
    return busy_office(given.path(), given.pki)


@case("PKI_MISSING", "REGISTERS_UNCHECKED")
def certificate_of_a_person_missing(given: Given) -> Made:
    office = _life(given)
    digest = str(office.authors["chen"].certificate).partition(":")[2]
    key = layout.pki_key(digest, "crt")
    office.made.path(key).unlink()
    return office.made.verify(), {"PKI_MISSING": key, "REGISTERS_UNCHECKED": "main-2026#"}


@case("PKI_MISSING", "SIGNER_INVALID")
def certificate_that_never_was(given: Given) -> Made:
    """Somebody names a certificate that nobody was enrolled with: the replay goes on."""
    office = _staffed(given)
    chen = office.authors["chen"]
    digest = Digest.of("sha256", b"none")
    office.authors["chen"] = dataclasses.replace(chen, certificate=digest)
    office.suspend("chen", "wei")
    forged = _here(office)
    office.authors["chen"] = chen
    office.request("wei", office.made.records, capacity="other_unit")
    key = layout.pki_key(digest.value.hex(), "crt")
    return _sealed(office, PKI_MISSING=key, SIGNER_INVALID=forged)


@case("SIGNER_INVALID")
def one_of_two_signers_on_the_list_alone(given: Given) -> Made:
    """The other one was revoked in the register too; that does not excuse the first."""
    office = _staffed(given, "mole")
    made = office.made
    made.tick(30)
    moment = made.now
    made.tick(30)
    office.enrol("mole", *FOUNDERS, roles=["legal_office"])
    forged = _here(office)
    office.revoke("du", "zhu", moment)
    _revoked_by_list(office, "zhu", "gu", since=made.now - moment)
    return _sealed(office, SIGNER_INVALID=forged)


def _first_detail(office: Office, kind: str) -> str:
    from archive.entry import Entry

    entries = map(Entry.parse, office.made.log.entries)
    found = next(entry for entry in entries if entry.kind == kind)
    return layout.detail_key(found.body["detail_id"])


@case("DETAIL_MISSING", "REGISTERS_UNCHECKED")
def reason_of_a_request_missing(given: Given) -> Made:
    office = _life(given)
    key = _first_detail(office, "access.requested")
    office.made.path(key).unlink()
    return office.made.verify(), {"DETAIL_MISSING": key, "REGISTERS_UNCHECKED": "main-2026#"}


@case("DETAIL_ALTERED", "REGISTERS_UNCHECKED")
def reason_of_a_request_altered(given: Given) -> Made:
    office = _life(given)
    key = _first_detail(office, "access.requested")
    office.made.edit(key, "复核".encode(), "复印".encode())
    return office.made.verify(), {"DETAIL_ALTERED": key, "REGISTERS_UNCHECKED": "main-2026#"}


@case("RECORD_ALTERED", "REGISTERS_UNCHECKED")
def claim_that_a_link_relies_on_altered(given: Given) -> Made:
    office = _life(given)
    record = office.made.records[0]
    office.made.edit(layout.record_key(record), b"A-1", b"A-2")
    return office.made.verify(), {"RECORD_ALTERED": record, "REGISTERS_UNCHECKED": "main-2026#"}


@case("TILE_MISSING", "REGISTERS_UNCHECKED")
def entries_of_people_missing(given: Given) -> Made:
    office = _life(given)
    made = office.made
    for _ in range(256):
        made.refuse()
    made.seal()
    key = next(
        span.key(made.log.name)
        for span, _ in made.tiles()
        if span.level is None and span.number == 0
    )
    office.suspend("gu", "chen")
    made.seal()
    made.path(key).unlink()
    return made.verify(), {"TILE_MISSING": key, "REGISTERS_UNCHECKED": ARCHIVE}
