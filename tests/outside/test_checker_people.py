"""People, statements and retrieval, checked by a program that knows only docs/formats.md."""

import dataclasses
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from archive_builder import Builder
from people_office import FOUNDERS, Office, busy_office, reasons
from pki_fixture import make_pki, serial_of

from archive import layout
from archive.detail import Detail
from archive.statements.statement import Signed
from signing import canonical
from signing.authority import Revocation

CHECKER = Path(__file__).with_name("checker.py")
if shutil.which("openssl") is None:
    pytest.skip("NOT RUN: needs openssl", allow_module_level=True)
HEAD = "approver.department_head"


def check(made: Builder) -> tuple[int, list[str]]:
    """Exit code and lines of the checker."""
    policy = made.root / "policy.toml"
    policy.write_text(made.policy.to_toml())
    command = [sys.executable, "-I", str(CHECKER), str(made.root), str(policy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return busy_office(tmp_path_factory.mktemp("life") / "archive", make_pki(an_hour_ago()))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Everybody enrolled, a case of one record, a request that nobody decided on."""
    office = Office(Builder(tmp_path / "archive", make_pki(an_hour_ago())), extra=["mole"])
    office.staff()
    office.made.accession(b"seen")
    office.made.seal()
    office.case_id = office.case("A-1", ["chen"])
    office.attach(office.case_id, office.made.records)
    return office


def test_office_life_passes(life: Office) -> None:
    assert check(life.made) == (0, ["PASSED"])
    assert life.made.verify().outcome == "PASSED"


def seen(office: Office) -> list[str]:
    """The case's record."""
    return office.made.records[:1]


def _own(office: Office) -> str:
    return office.request("chen", seen(office), case=office.case_id)


def forged_request(office: Office) -> None:
    true = office.authors["chen"]
    office.authors["chen"] = dataclasses.replace(true, signer=office.signer("wei"))
    _own(office)
    office.authors["chen"] = true


def altered_statement(office: Office) -> None:
    request, record = _own(office), seen(office)[0]
    signed, _ = office.authors["chen"].make("access.started", office.beginning(request, record))
    payload = {**signed.statement.payload, "access": office.made.new_id()}
    statement = dataclasses.replace(signed.statement, payload=payload)
    office.put([Signed(statement, signed.signature)])


def foreign(office: Office) -> None:
    abroad = dataclasses.replace(office.authors["chen"], archive="cunzheng.local/other")
    payload = office.asked(seen(office), case=office.case_id)
    signed, detail = abroad.make("access.requested", payload, reasons())
    office.put([signed], detail)


def replayed(office: Office) -> None:
    request, record = _own(office), seen(office)[0]
    signed, _ = office.authors["chen"].make("access.started", office.beginning(request, record))
    office.put([signed])
    office.end(str(signed.statement.payload["access"]), record)
    office.put([signed])


def kept_back(office: Office) -> None:
    payload = office.asked(seen(office), case=office.case_id)
    signed, detail = office.authors["chen"].make("access.requested", payload, reasons())
    office.made.tick(20 * 60)
    office.put([signed], detail)


def stranger(office: Office) -> None:
    office.request("mole", seen(office), case=office.case_id)


def suspended(office: Office) -> None:
    office.suspend("gu", "chen")
    _own(office)


def revoked(office: Office) -> None:
    office.revoke("gu", "chen", office.made.now)
    _own(office)


def on_the_list(office: Office) -> None:
    _own(office)
    office.made.tick(10)
    office.made.seal()
    now = office.made.now.replace(microsecond=0)
    line = Revocation(
        serial_of(office.certificates["chen"]), now, invalidity_date=now - timedelta(seconds=20)
    )
    office.made.add_crl(2, revoked=[line])


def sealing_certificate(office: Office) -> None:
    pki = office.made.pki
    author = office.authors["mole"]
    digest = type(author.certificate).of("sha256", pki.sealing_certificate)
    office.authors["mole"] = dataclasses.replace(
        author, certificate=digest, signer=pki.sealing_signer
    )
    office.enrol("mole", *FOUNDERS)
    office.suspend("mole", "mole")


def approver_alone(office: Office) -> None:
    office.enrol("mole", "gu", roles=["approver.principal"])


def other_key_alone(office: Office) -> None:
    office.enrol("chen", "gu", key_of="mole")


def taken_key(office: Office) -> None:
    office.enrol("mole", *FOUNDERS, key_of="chen")


def rules_alone(office: Office) -> None:
    office.adopt("cunzheng_access = 1\n", "gu")


def own_attachment(office: Office) -> None:
    office.attach(office.case_id, [office.made.accession(b"another")], "chen")


def handlers_alone(office: Office) -> None:
    office.case("A-2", ["chen"], ["gu"])


def foreign_record(office: Office) -> None:
    other, record = office.case("B-1", ["wei"], unit="team2"), office.made.accession(b"another")
    office.attach(other, [record])
    office.attach(office.case_id, [record], "bai")


def sensitive_record(office: Office) -> None:
    case, record = office.case("A-2", ["chen"], sensitivity=["minor"]), office.made.accession(b"4")
    office.attach(case, [record])
    payload = {"case": case, "records": [record]}
    office.say("bai", "case.detached", payload, {"reason": "x"})


def account_of_two(office: Office) -> None:
    office.enrol("wei", *FOUNDERS, account="1001")
    office.enrol("mole", *FOUNDERS, account="1001")


def false_link(office: Office) -> None:
    office.link(office.case_id, [office.made.accession(b"another")])


def case_of_others(office: Office) -> None:
    office.request("wei", seen(office), case=office.case_id)


def approval_of_oneself(office: Office) -> None:
    request = office.request("bai", seen(office), capacity="same_unit")
    office.decide("bai", request, role=HEAD)


def no_grant(office: Office) -> None:
    records = seen(office)
    request = office.request("wei", records, capacity="other_unit")
    office.start("wei", request, records[0])


def tagged(office: Office) -> str:
    """A record of the case that its sidecar calls one of minors; the request to see it."""
    tags = ["minor", "work_secret"]
    record = office.made.accession(b"of a child", body={"tags": tags}, claims={"tags": tags})
    office.attach(office.case_id, [record])
    return office.request("chen", [record], case=office.case_id)


def no_approval_for_a_tag(office: Office) -> None:
    request = tagged(office)
    office.start("chen", request, office.made.records[-1])


def once_too_often(office: Office) -> None:
    records = seen(office)
    request = office.request("wei", records, capacity="other_unit")
    until = office.made.now + timedelta(hours=1)
    moments = (office.made.now, until)
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    grant = dict(zip(("from", "until"), (m.strftime(form) for m in moments), strict=True))
    office.decide("bai", request, role=HEAD, grant={**grant, "count": 1})
    office.fetch("wei", request, records[0])
    office.start("wei", request, records[0])


def no_beginning(office: Office) -> None:
    office.end(office.made.new_id(), seen(office)[0])


def whole_again(office: Office) -> None:
    """Given whole, said to have broken off, and gone on with."""
    request, record = _own(office), seen(office)[0]
    access = office.start("chen", request, record)
    office.end(access, record, 4, "CONNECTION_LOST")
    office.start("chen", request, record, resumes=access)


def uncounted_copy(office: Office) -> None:
    records = seen(office)
    request = office.request("wei", records, capacity="other_unit", action="copy")
    office.decide("bai", request, role=HEAD)
    office.start("wei", request, records[0], action="copy")


def record_as_letter(office: Office) -> None:
    letter = {"record": seen(office)[0], "sha256": hashlib.sha256(b"seen").hexdigest()}
    other = office.made.accession(b"more")
    office.made.seal()
    asked = {"capacity": "internal_supervision", "purpose": "supervision", "letter": letter}
    office.request("du", [other], **asked)


def reserved_statement(office: Office) -> None:
    """A statement that was concealed is used openly."""
    hidden = office.conceal("du", seen(office)[0])
    start = hidden["start"]
    detail = Detail.parse(canonical.encode(start["requested_detail"]))
    office.put([Signed.from_value(start["requested"])], detail)


def other_opening(office: Office) -> None:
    hidden = office.conceal("du", seen(office)[0])
    office.open("du", {**hidden, "end": {**hidden["end"], "bytes": 1}})


ATTACKS: list[tuple[str, Callable[[Office], None]]] = [
    ("STATEMENT_BAD", forged_request),
    ("STATEMENT_BAD", altered_statement),
    ("STATEMENT_FOREIGN", foreign),
    ("STATEMENT_REPLAYED", replayed),
    ("STATEMENT_STALE", kept_back),
    ("SIGNER_INVALID", stranger),
    ("REGISTER_UNLAWFUL", approver_alone),
    ("REGISTER_UNLAWFUL", other_key_alone),
    ("REGISTER_UNLAWFUL", taken_key),
    ("REGISTER_UNLAWFUL", rules_alone),
    ("REGISTER_UNLAWFUL", own_attachment),
    ("REGISTER_UNLAWFUL", handlers_alone),
    ("REGISTER_UNLAWFUL", foreign_record),
    ("REGISTER_UNLAWFUL", sensitive_record),
    ("REGISTER_UNLAWFUL", false_link),
    ("ACCESS_UNLAWFUL", case_of_others),
    ("DECISION_UNLAWFUL", approval_of_oneself),
    ("ACCESS_UNLAWFUL", no_grant),
    ("ACCESS_UNLAWFUL", once_too_often),
    ("ACCESS_UNLAWFUL", no_beginning),
    ("ACCESS_UNLAWFUL", other_opening),
    ("ACCESS_UNLAWFUL", whole_again),
    ("ACCESS_UNLAWFUL", uncounted_copy),
    ("ACCESS_UNLAWFUL", record_as_letter),
    ("STATEMENT_REPLAYED", reserved_statement),
    ("ACCESS_UNLAWFUL", no_approval_for_a_tag),
    ("SIGNER_INVALID", sealing_certificate),
    ("SIGNER_INVALID", suspended),
    ("REGISTER_UNLAWFUL", account_of_two),
]


def test_a_tagged_record_is_seen_with_approval(office: Office) -> None:
    request = tagged(office)
    office.decide("bai", request, role=HEAD)
    office.fetch("chen", request, office.made.records[-1])
    office.made.refuse()
    office.made.seal()
    assert check(office.made) == (0, ["PASSED"])
    assert office.made.verify().outcome == "PASSED"


def test_whatever_is_forged_is_found_by_both(office: Office) -> None:
    """One after the other in one archive: what breaks a rule changes nothing."""
    expected = set()
    for code, act in ATTACKS:
        act(office)
        expected.add((code, office.made.place()))
    office.made.seal()
    result, lines = check(office.made)
    assert (result, lines[-1]) == (1, "FAILED")
    found = {tuple(line.split(":")[0].split()) for line in lines[:-1] if line[:6] != "remark"}
    assert found == expected, found ^ expected
    report = office.made.verify()
    assert {(f.code, f.subject) for f in report.findings} == expected


@pytest.mark.parametrize("act", [revoked, on_the_list], ids=["register", "list"])
def test_revoked_people_are_found_by_both(office: Office, act: Callable[[Office], None]) -> None:
    act(office)
    office.made.seal()
    result, lines = check(office.made)
    assert (result, lines[-1]) == (1, "FAILED")
    assert [line for line in lines if line.startswith("SIGNER_INVALID")], lines
    assert set(office.made.verify().counts) == {"SIGNER_INVALID", "INTERNAL_TIME"}


def test_revoked_afterwards_is_a_remark(office: Office) -> None:
    _own(office)
    office.revoke("gu", "chen", office.made.now - timedelta(seconds=5))
    office.made.seal()
    code, lines = check(office.made)
    assert (code, lines[-1]) == (0, "PASSED")
    assert [line for line in lines if line.startswith("remark SIGNER_DOUBTFUL")]


def test_a_reason_is_missing(office: Office) -> None:
    _own(office)
    office.made.seal()
    details = (office.made.root / "evidence/details").glob("*/*")
    gone = next(p for p in details if b"access.requested" in p.read_bytes())
    gone.unlink()
    assert layout.detail_key(gone.stem) in "".join(check(office.made)[1])
