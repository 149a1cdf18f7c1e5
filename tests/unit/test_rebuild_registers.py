"""Registers, accesses and revocations again from the ledger, row by row as they were lost."""

import json
import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from archive_fixture import Archive, make_archive, policy_of
from people_fixture import People, make_people

from archive import layout
from archive.desk import people as use_cases
from archive.desk.conceal import Confidential
from archive.desk.release import Handed, Order, Release
from archive.detail import Detail
from archive.errors import ContentAltered
from archive.lease import Lease
from archive.ledger import NewEntry, NewObject
from archive.rebuild import rebuild
from archive.statements.body import SignedBody
from archive.statements.statement import Signed
from archive.stored_log import LogTrust
from archive.times import format_time
from archive.verify import verify

TABLES = {"register": "shelf, key, value", "revocation": "*", "access": "*"}
REASONS = {"reason": "复核", "behalf": None, "letter_no": None, "task_no": None, "query": None}


@pytest.fixture
def archive(tmp_path: Any) -> Archive:
    return make_archive(tmp_path)


def rows(archive: Archive) -> dict[str, list[Any]]:
    """The rows; when a concealed access was committed is known to the ledger only roughly."""
    with sqlite3.connect(archive.home / "cunzheng.db") as connection:
        found = {
            name: sorted(connection.execute(f"SELECT {columns} FROM {name}"), key=repr)
            for name, columns in TABLES.items()
        }
    found["register"] = [(s, k, _value(s, json.loads(v))) for s, k, v in found["register"]]
    found["access"] = [row if row[2] else (*row[:3], *row[4:]) for row in found["access"]]
    return found


def _value(shelf: str, value: dict[str, Any]) -> dict[str, Any]:
    hidden = shelf == "access" and value["concealed"] and not value["opened"]
    return {k: v for k, v in value.items() if not (hidden and k == "at")}


def again(archive: Archive) -> dict[str, list[Any]]:
    """Lose the database, rebuild it, and look at the rows."""
    archive.db.close()
    for file in archive.home.glob("cunzheng.db*"):
        file.unlink()
    rebuild(
        archive.db,
        archive.places,
        identity=archive.identity,
        lease=Lease(archive.home / "seal.lock"),
        clock=archive.clock,
        fs=archive.fs,
        policy=policy_of(archive),
    )
    return rows(archive)


def release_of(archive: Archive, people: People) -> Release:
    trust = LogTrust.of(archive.identity)
    return Release(people.desk, archive.places, trust, archive.home / "locks")


def order(people: People, who: str, record: str, **asked: Any) -> Order:
    """A request that needs nobody, with its start."""
    author = people.authors[who]
    request = {
        "action": "view",
        "capacity": "own_case",
        "case": None,
        "letter": None,
        "purpose": "case_handling",
        "records": [record],
        "request": author.id(),
        "segments": None,
        **asked,
    }
    start = {
        "access": author.id(),
        "action": "view",
        "copies": None,
        "range": None,
        "record": record,
        "request": request["request"],
        "resumes": None,
    }
    requested = Handed(*author.make("access.requested", request, REASONS))
    started = Handed(*author.make("access.started", start))
    return Order(started, requested, "1000")


def busy(archive: Archive) -> People:
    """People who came and went, a case, accesses of every kind."""
    people = make_people(archive)
    people.enrol("li", "handler")
    people.enrol("du", "inspector.internal", unit="inspection")
    people.enrol("wang", "handler")
    made = archive.accession(b"content of a record")
    archive.submit(archive.source_entry("source.registered"))
    archive.seal()
    case = people.open_case("A-1", handlers=["li"], records=[made.record])
    release = release_of(archive, people)
    with release.open(order(people, "li", made.record, case=case)) as retrieval:
        list(retrieval.pieces())
    hidden = Confidential(release, archive.home / "concealed", archive.fs)
    supervision = {"capacity": "internal_supervision", "purpose": "supervision"}
    opened = order(people, "du", made.record, **supervision)
    for one in (opened, order(people, "du", made.record, **supervision)):
        with hidden.open(one) as retrieval:
            list(retrieval.pieces())
    said = hidden.opening(opened.payload["access"])
    data = {"start": said["start"], "end": said["end"]}
    signed, detail = people.authors["du"].make("access.opened", {"access": said["access"]}, data)
    assert detail is not None
    hidden.reveal([signed], detail, "1000")
    since = format_time(archive.clock.now() - timedelta(seconds=1))
    revoked = {"person": "wang", "code": "key_compromise", "since": since}
    people.say("founder1", "person.revoked", revoked, {"reason": "遗失"}, do=use_cases.change)
    people.say("founder1", "person.suspended", {"person": "li"}, {"reason": "休假"})
    archive.clock.advance(minutes=5)
    archive.seal()
    return people


def found(archive: Archive) -> dict[str, int]:
    places = archive.places
    now = archive.clock.now()
    report = verify(places.evidence, places.live, policy_of(archive), now=now, workers=1)
    return {code: n for code, n in report.counts.items() if code != "INTERNAL_TIME"}


def test_everything_comes_back(archive: Archive) -> None:
    busy(archive)
    assert found(archive) == {}
    before = rows(archive)
    shelves = {row[0] for row in before["register"]}
    assert {"person", "case", "request", "access", "nonce", "rules"} <= shelves
    assert (len(before["access"]), len(before["revocation"])) == (3, 1)
    assert again(archive) == before


def test_an_access_under_way_is_open_again(archive: Archive) -> None:
    people = make_people(archive)
    people.enrol("du", "inspector.internal")
    made = archive.accession(b"content")
    archive.seal()
    wanted = order(people, "du", made.record, capacity="internal_supervision")
    release = release_of(archive, people)
    retrieval = release.open(wanted)
    retrieval.__enter__()
    before = rows(archive)
    assert [row[4] for row in before["access"]] == [1]
    after = again(archive)
    assert after == before


def test_what_does_not_count_changes_nothing(archive: Archive) -> None:
    """Rows put into `pending` by hand are sealed, found by verification, and not rebuilt."""
    people = make_people(archive)
    people.enrol("li", "handler")
    archive.seal()
    before = rows(archive)
    author = people.authors["li"]
    signed, detail = author.make("person.suspended", {"person": "founder1"}, {"reason": "x"})
    assert detail is not None
    bad = Signed(author.sign("person.suspended", signed.statement.payload).statement, b"0" * 70)
    for one in (signed, bad):
        put(archive, one, detail)
    archive.seal()
    assert found(archive) == {"STATEMENT_BAD": 1, "REGISTER_UNLAWFUL": 1}
    assert again(archive) == before


def put(archive: Archive, signed: Signed, detail: Detail) -> None:
    """An entry as somebody with the database alone can put it in the way to the ledger."""
    now = archive.clock.now()
    body = SignedBody(now, "1000", "single", (signed,), str(detail.digest()), detail.id)
    objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
    entry = NewEntry(
        archive.ulid(),
        body.kind,
        "registry",
        f"user/{body.signers[0]}",
        now,
        body.payload["person"],
        body.value(),
        objects,
        urgent=True,
    )
    archive.submit(entry)


def test_registers_with_a_hole_are_not_made(archive: Archive) -> None:
    busy(archive)
    before = rows(archive)
    for detail in (archive.evidence / "details").glob("*/*.json"):
        if "access.requested" in detail.read_text():
            detail.unlink()
    with pytest.raises(ContentAltered, match=r"cannot be rebuilt beyond main-2026#\d+: the detail"):
        rebuild(
            archive.db,
            archive.places,
            identity=archive.identity,
            lease=Lease(archive.home / "seal.lock"),
            clock=archive.clock,
            fs=archive.fs,
            policy=policy_of(archive),
        )
    assert rows(archive) == before
