"""People through the desk of a real archive: signatures, certificates, rows, denials as entries."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive
from people_fixture import People, make_people, words_of

from archive.desk import people as use_cases
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import Pace
from archive.errors import Denied, FormatError, UsageError
from archive.ledger import entries_between
from archive.pki_register import PKI, REVOCATION
from archive.statements.statement import Signed
from archive.times import format_time
from signing.digest import Digest


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path)


@pytest.fixture
def people(archive: Archive) -> People:
    return make_people(archive)


def ledger_of(archive: Archive) -> list[dict]:
    archive.seal()
    head = archive.head()
    with archive.db.read() as connection:
        found = entries_between(connection, head.log, 0, head.size)
    return [json.loads(item.data) for item in found]


def code_of(error: pytest.ExceptionInfo[Denied]) -> str:
    return error.value.code


def test_founding_is_the_first_batch_after_log_opened(archive: Archive, people: People) -> None:
    entries = ledger_of(archive)
    kinds = [entry["kind"] for entry in entries]
    assert kinds == [
        "log.opened",
        "person.enrolled",
        "person.enrolled",
        "rules.adopted",
        "rules.adopted",
    ]
    assert all(entry["body"]["bootstrap"] for entry in entries[1:])
    named = entries[0]["body"]["certificates"]
    assert str(Digest.of("sha256", people.certificates["founder1"])) in named
    assert people.value("rules", "access") is not None


def test_enrolled_certificate_is_named_and_stored(archive: Archive, people: People) -> None:
    author = people.enrol("li", "handler", unit="A", seal=True)
    person = people.value("person", "li")
    assert person is not None
    assert (person["unit"], person["roles"], person["state"]) == ("A", ["handler"], "active")
    linked = [e["body"]["certificates"] for e in ledger_of(archive) if e["kind"] == "log.linked"]
    assert str(author.certificate) in [digest for names in linked for digest in names]
    stored = archive.evidence / "pki" / f"{author.certificate.value.hex()}.crt"
    assert stored.read_bytes() == people.certificates["li"]


def test_a_denied_enrolment_leaves_no_certificate(archive: Archive, people: People) -> None:
    people.new_author("li", "A")
    payload = people.enrolment("li", ["archivist"])
    first, detail = people.authors["founder1"].make("person.enrolled", payload, words_of("li"))
    with pytest.raises(Denied) as denied:
        use_cases.enrol(people.desk, [first], detail, "1000", people.certificates["li"])
    assert code_of(denied) == "VOUCHERS_MISSING"
    with archive.db.read() as connection:
        numbers = connection.execute(PKI.select()).all()
    assert people.authors["li"].certificate.value.hex() not in [row.sha256 for row in numbers]
    assert people.value("person", "li") is None


def test_every_denial_is_a_sealed_entry(archive: Archive, people: People) -> None:
    people.enrol("li", "handler", unit="A")
    with pytest.raises(Denied):
        people.open_case("案〔2026〕1号", by="li")
    last = ledger_of(archive)[-1]
    assert (last["kind"], last["actor"]) == ("access.denied", "system/access")
    assert last["body"]["code"] == "ROLE_MISSING"
    assert last["body"]["person"] == "li"
    assert archive.head().published == archive.head().size


def test_a_forged_signature_is_refused(people: People) -> None:
    author = people.authors["founder1"]
    signed, detail = author.make("hold.lifted", {"hold": author.id()}, {"reason": "x"})
    other = replace(signed.statement, at=signed.statement.at - timedelta(seconds=1))
    with pytest.raises(Denied) as denied:
        people.desk.submit([Signed(other, signed.signature)], detail, "1000")
    assert code_of(denied) == "STATEMENT_BAD"


def test_a_person_without_enrolment_is_unknown(people: People) -> None:
    author = people.new_author("ghost", "A")
    signed, detail = author.make("hold.lifted", {"hold": author.id()}, {"reason": "x"})
    with pytest.raises(Denied) as denied:
        people.desk.submit([signed], detail, "1000")
    assert code_of(denied) == "SIGNER_UNKNOWN"


def test_a_statement_counts_once(people: People) -> None:
    people.enrol("li", "handler")
    author = people.authors["founder1"]
    signed, detail = author.make("person.suspended", {"person": "li"}, {"reason": "x"})
    use_cases.change(people.desk, [signed], detail, "1000")
    people.seal()
    resumed = ["founder1"]
    people.say(resumed, "person.resumed", {"person": "li"}, {"reason": "x"})
    with pytest.raises(Denied) as denied:
        use_cases.change(people.desk, [signed], detail, "1000")
    assert code_of(denied) == "STATEMENT_REPLAYED"


def test_a_detail_id_that_is_taken_never_reaches_the_sealer(people: People) -> None:
    people.enrol("li", "handler")
    author = people.authors["founder1"]
    first, detail = author.make("person.suspended", {"person": "li"}, {"reason": "x"})
    use_cases.change(people.desk, [first], detail, "1000")
    assert detail is not None
    taken = replace(detail, kind="person.resumed", data={"reason": "y"})
    payload = {"person": "li", "detail": str(taken.digest())}
    with pytest.raises(FormatError, match="detail with this id"):
        people.desk.submit([author.sign("person.resumed", payload)], taken, "1000")
    people.seal()
    with pytest.raises(FormatError, match="detail with this id"):
        people.desk.submit([author.sign("person.resumed", payload)], taken, "1000")


def test_another_certificate_than_vouched_for(people: People) -> None:
    people.new_author("li", "A")
    payload = people.enrolment("li", ["handler"])
    first, detail = people.authors["founder1"].make("person.enrolled", payload, words_of("li"))
    with pytest.raises(UsageError, match="another certificate"):
        use_cases.enrol(people.desk, [first], detail, "1000", people.certificates["founder1"])


def test_the_sealing_certificate_is_nobodys(archive: Archive, people: People) -> None:
    own = archive.keyring.certificate("seal")
    people.certificates["li"] = own
    payload = people.enrolment("li", ["handler"])
    first, detail = people.authors["founder1"].make("person.enrolled", payload, words_of("li"))
    with pytest.raises(Denied) as denied:
        use_cases.enrol(people.desk, [first], detail, "1000", own)
    assert code_of(denied) == "CERTIFICATE_BAD"


def test_revoking_puts_the_certificate_on_the_next_list(archive: Archive, people: People) -> None:
    people.enrol("li", "handler")
    since = format_time(archive.clock.now())
    payload = {"person": "li", "code": "key_compromise", "since": since}
    people.say("founder1", "person.revoked", payload, {"reason": "遗失"}, do=use_cases.change)
    people.seal()
    with archive.db.read() as connection:
        rows = connection.execute(REVOCATION.select()).all()
        lists = connection.execute(PKI.select().where(PKI.c.kind == "crl")).all()
    from cryptography import x509

    newest = max((r for r in lists if r.issuer == "issuing"), key=lambda r: r.number)
    found = x509.load_der_x509_crl(newest.data)
    assert found.get_revoked_certificate_by_serial_number(int(rows[0].serial)) is not None
    author = people.authors["li"]
    signed, detail = author.make("hold.lifted", {"hold": author.id()}, {"reason": "x"})
    with pytest.raises(Denied) as denied:
        people.desk.submit([signed], detail, "1000")
    assert code_of(denied) == "SIGNER_REVOKED"


def test_expiry_is_said_once(archive: Archive, people: People) -> None:
    people.enrol("li", "handler", days=1)
    people.seal()
    assert use_cases.expire_due(people.desk) == []
    archive.clock.advance(days=2)
    said = use_cases.expire_due(people.desk)
    assert [(entry.kind, entry.subject) for entry in said] == [("person.expired", "li")]
    assert use_cases.expire_due(people.desk) == []
    people.seal()


def test_an_archive_that_was_idle_for_a_week_still_judges_certificates(
    archive: Archive, people: People
) -> None:
    archive.clock.advance(days=7)
    people.open_case("案〔2026〕2号")
    people.seal()


def test_account_binding(people: People) -> None:
    people.enrol("li", "archivist", account="1001")
    with pytest.raises(Denied) as denied:
        people.open_case("案〔2026〕3号", by="li")
    assert code_of(denied) == "ACCOUNT_OTHER"
    case = people.authors["li"].id()
    payload = {
        "case": case,
        "category": "penalty",
        "handlers": [],
        "importance": "ordinary",
        "opened": "2026-11-22",
        "sensitivity": [],
        "unit": "A",
    }
    people.say("li", "case.opened", payload, {"number": "3", "title": None}, account="1001")
    assert people.value("case", case) is not None


def test_many_denials_become_slow() -> None:
    slept: list[float] = []
    moments = iter(range(100))
    pace = Pace(lambda: float(next(moments)), slept.append)
    for _ in range(20):
        pace.denied("1000")
    assert slept == []
    pace.denied("1000")
    assert slept == [1.0]
    pace.denied("1001")
    assert slept == [1.0]


def test_what_no_entry_can_hold_is_refused_before_the_ledger(people: People) -> None:
    author = people.authors["founder1"]
    first, detail = author.make(
        "rules.adopted", {"name": "alerts", "rules": "sha256:" + "0" * 64}, {"text": "x"}
    )
    with pytest.raises(FormatError):
        people.desk.submit([first], detail, "account of nobody", bootstrap=False)


def test_shelf_keeps_records_read_only(archive: Archive, people: People) -> None:
    made = archive.accession()
    archive.seal()
    with archive.db.write() as connection:
        shelf = DbShelf(connection)
        found = shelf.get("record", made.record)
        assert found is not None
        assert (found["source"], found["size"]) == ("DSJ-0012345", 11)
        with pytest.raises(ValueError, match="not put"):
            shelf.put("record", made.record, {})


def test_several_threads_hand_in_at_once(archive: Archive, people: People) -> None:
    names = [f"p{number}" for number in range(6)]
    for name in names:
        people.enrol(name, "handler")
    people.seal()

    def stop(name: str) -> str:
        signed, detail = people.authors[name].make(
            "person.suspended", {"person": name}, {"reason": "x"}
        )
        accepted = use_cases.change(people.desk, [signed], detail, "1000")
        people.desk.wait(accepted.entries)
        return accepted.entry.subject or ""

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(stop, names)) == names
    states = [people.value("person", name) for name in names]
    assert [value["state"] for value in states if value] == ["suspended"] * 6
