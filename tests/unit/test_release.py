"""Release: nothing before the sealed start, no piece unchecked, an end on every way out."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixture import policy_of
from people_fixture import default_rules
from release_fixture import Office, make_office
from sqlalchemy import select

from archive import layout
from archive.desk.access_rows import ACCESS
from archive.desk.conceal import ConcealedBook
from archive.desk.release import Order, Release, Retrieval
from archive.desk.submit import Desk
from archive.errors import (
    ContentAltered,
    DeliveryEnded,
    Denied,
    FormatError,
    LedgerBehind,
    NotFound,
    ObjectMissing,
    Unreachable,
    UsageError,
)
from archive.pieces import PIECE_SIZE
from archive.statements.kinds import SIGNED
from archive.stored_log import LogTrust
from archive.verify.run import verify
from signing.digest import Digest

LARGE = bytes(range(256)) * (4 * PIECE_SIZE // 256) + b"the end"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return make_office(tmp_path, LARGE)


def alter(office: Office, key: str, position: int) -> None:
    path = office.archive.evidence / key
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


def take(pieces: Iterator[bytes], into: list[bytes]) -> None:
    for piece in pieces:
        into.append(piece)


def take_one_and_raise(retrieval: Retrieval, error: BaseException) -> None:
    next(retrieval.pieces())
    raise error


def take_all_and_raise(retrieval: Retrieval, error: BaseException) -> None:
    assert b"".join(retrieval.pieces()) == LARGE
    raise error


def refused(release: Release, order: Order) -> str:
    with pytest.raises(Denied) as caught, release.open(order):
        raise AssertionError("nothing may be handed out")
    return caught.value.code


def whole(office: Office, order: Order) -> bytes:
    with office.release.open(order) as retrieval:
        return b"".join(retrieval.pieces())


def test_one_order_one_seal(tmp_path: Path) -> None:
    """Asking and receiving what needs no approval: both entries stand in one batch."""
    office = make_office(tmp_path, LARGE, sidecar=b'{"cunzheng_sidecar":1}')
    before = office.archive.head().published
    order = office.view()
    with office.release.open(order) as retrieval:
        assert office.kinds() == ["access.requested", "access.started"]
        assert office.archive.head().published == before + 3  # log.linked begins the batch
        assert b"".join(retrieval.pieces()) == LARGE
        assert retrieval.sidecar() == b'{"cunzheng_sidecar":1}'
        assert retrieval.description.record_id == office.record
    asked, started, completed = office.access_entries()
    assert (started.actor, started.subject) == ("user/li", office.record)
    assert (completed.actor, completed.subject) == ("system/retrieve", office.record)
    assert completed.body == {"access": order.payload["access"], "bytes": len(LARGE)}
    assert (office.archive.evidence / layout.detail_key(asked.body["detail_id"])).exists()
    assert list((office.archive.home / "locks").iterdir()) == []
    assert (office.people.value("access", order.payload["access"]) or {})["state"] == "completed"


@pytest.mark.parametrize("content", [b"", b"x", b"y" * PIECE_SIZE])
def test_small_contents(tmp_path: Path, content: bytes) -> None:
    office = make_office(tmp_path, content)
    assert whole(office, office.view()) == content
    assert office.ends() == [("access.completed", len(content), None)]


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 1),
        (5, PIECE_SIZE),
        (PIECE_SIZE - 1, PIECE_SIZE + 1),
        (3, 3 * PIECE_SIZE + 9),
        (4 * PIECE_SIZE, 4 * PIECE_SIZE + 7),
        (0, 4 * PIECE_SIZE + 7),
    ],
)
def test_ranges(office: Office, start: int, stop: int) -> None:
    got = whole(office, office.view(range={"from": start, "to": stop}))
    assert got == LARGE[start:stop]
    assert office.ends() == [("access.completed", stop - start, None)]


def test_a_range_past_the_end(office: Office) -> None:
    order = office.view(range={"from": 0, "to": len(LARGE) + 1})
    with pytest.raises(UsageError, match="bytes"):
        office.release.open(order)
    assert office.kinds() == []


def test_only_the_pieces_of_the_range_are_read(office: Office) -> None:
    """An altered byte stops whoever wants its piece, and nobody else."""
    alter(office, layout.content_key(office.record), 2 * PIECE_SIZE + 3)
    for start, stop in ((0, 2 * PIECE_SIZE), (3 * PIECE_SIZE, len(LARGE))):
        assert whole(office, office.view(range={"from": start, "to": stop})) == LARGE[start:stop]
    # The altered byte itself is outside this range, but its piece is what was sealed or nothing.
    order = office.view(range={"from": 2 * PIECE_SIZE + 10, "to": 2 * PIECE_SIZE + 11})
    with pytest.raises(ContentAltered, match="Piece 3 of 5"):
        whole(office, order)
    assert office.ends()[-1] == ("access.aborted", 0, "PIECE_ALTERED")


def test_altered_piece_stops_before_it(office: Office) -> None:
    alter(office, layout.content_key(office.record), 3 * PIECE_SIZE + 1)
    got: list[bytes] = []
    with (
        pytest.raises(ContentAltered, match="Piece 4 of 5"),
        office.release.open(office.view()) as retrieval,
    ):
        take(retrieval.pieces(), got)
    assert b"".join(got) == LARGE[: 3 * PIECE_SIZE]
    assert office.ends() == [("access.aborted", 3 * PIECE_SIZE, "PIECE_ALTERED")]
    assert [thread for thread in threading.enumerate() if thread.name == "reader"] == []


def test_shortened_content(tmp_path: Path) -> None:
    office = make_office(tmp_path, b"abc")
    path = office.archive.evidence / layout.content_key(office.record)
    path.chmod(0o644)
    path.write_bytes(b"ab")
    with pytest.raises(ContentAltered):
        whole(office, office.view())
    assert office.ends() == [("access.aborted", 0, "PIECE_ALTERED")]


def test_altered_sidecar(tmp_path: Path) -> None:
    office = make_office(tmp_path, b"abc", sidecar=b"{}")
    alter(office, layout.sidecar_key(office.record), 0)
    with (
        pytest.raises(ContentAltered, match="sidecar"),
        office.release.open(office.view()) as retrieval,
    ):
        retrieval.sidecar()
    assert office.ends() == [("access.aborted", 0, "PIECE_ALTERED")]


@pytest.mark.parametrize("key", [layout.record_key, layout.pieces_key])
def test_altered_description_or_piece_list(office: Office, key: object) -> None:
    assert callable(key)
    alter(office, key(office.record), 20)
    with pytest.raises(ContentAltered, match="sealed"):
        whole(office, office.view())
    assert office.ends() == [("access.aborted", 0, "RECORD_ALTERED")]


def test_database_is_not_trusted(office: Office) -> None:
    """A catalog that points to another record's entry gets nothing out."""
    other = office.archive.accession(b"two")
    office.archive.seal()
    index = office.archive.place(other.entry)[1]
    with office.archive.db.write() as connection:
        connection.exec_driver_sql("UPDATE record SET idx = ? WHERE id = ?", (index, office.record))
    with pytest.raises(ContentAltered, match="not the accession"):
        whole(office, office.view())
    assert office.ends() == [("access.aborted", 0, "RECORD_ALTERED")]


def test_another_key_signed_the_note(office: Office) -> None:
    good = office.release
    bad = replace(good, trust=LogTrust(good.trust.archive_id, bytes(32)))
    with pytest.raises(ContentAltered, match="note"), bad.open(office.view()):
        raise AssertionError("nothing may be handed out")
    assert office.ends() == [("access.aborted", 0, "RECORD_ALTERED")]


def test_missing_content(office: Office) -> None:
    (office.archive.evidence / layout.content_key(office.record)).unlink()
    with pytest.raises(ObjectMissing, match="not in the store"):
        whole(office, office.view())
    assert office.ends() == [("access.aborted", 0, "OBJECT_MISSING")]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "WRITE_FAILED"),
        (KeyboardInterrupt(), "INTERRUPTED"),
        (SystemExit(1), "INTERRUPTED"),
        (ValueError("anything"), "FAILED"),
        (DeliveryEnded("CONNECTION_LOST"), "CONNECTION_LOST"),
    ],
)
def test_receiver_fails(office: Office, error: BaseException, code: str) -> None:
    with (
        pytest.raises(type(error)),
        office.release.open(office.view()) as retrieval,
    ):
        take_one_and_raise(retrieval, error)
    assert office.ends() == [("access.aborted", PIECE_SIZE, code)]


def test_nothing_when_the_start_cannot_be_sealed(office: Office) -> None:
    archive = office.archive
    later = archive.evidence / layout.note_key("main-2026", 99)
    later.write_bytes(b"a newer seal")
    archive.sealer = archive.new_sealer()
    office.people.desk = replace(office.people.desk, sealer=archive.sealer)
    with pytest.raises(LedgerBehind), office.release.open(office.view()):
        raise AssertionError("nothing may be handed out")
    assert office.kinds() == []
    later.unlink()
    archive.sealer = archive.new_sealer()
    archive.seal()
    assert office.ends() == [("access.aborted", 0, "NOT_SEALED")]


# --- who may, and under what


def test_nothing_without_the_approval_of_the_row(office: Office) -> None:
    assert refused(office.release, office.view(action="copy")) == "NO_GRANT"
    assert office.kinds() == ["access.denied"]
    request = office.request("li", "own_case", "copy")
    assert refused(office.release, office.start("li", request, "copy")) == "NO_GRANT"
    office.decide("wang", request, "legal_office")
    assert whole(office, office.start("li", request, "copy")) == LARGE
    assert refused(office.release, office.start("insp", request, "copy")) == "NOT_REQUESTER"
    assert refused(office.release, office.start("li", request, "export")) == "NOT_COVERED"
    assert office.denials() == ["NO_GRANT", "NO_GRANT", "NOT_REQUESTER", "NOT_COVERED"]


def test_a_start_is_used_once(office: Office) -> None:
    order = office.view()
    whole(office, order)
    assert refused(office.release, order) == "STATEMENT_REPLAYED"
    again = Order(order.started, None, order.account)
    assert refused(office.release, again) == "STATEMENT_REPLAYED"


def test_a_stale_start(office: Office) -> None:
    order = office.view()
    office.archive.clock.advance(minutes=16)
    assert refused(office.release, order) == "STATEMENT_STALE"


def test_a_changed_start(office: Office) -> None:
    order = office.view()
    signed = order.started.signed
    statement = replace(signed.statement, at=signed.statement.at + timedelta(seconds=1))
    forged = replace(order.started, signed=replace(signed, statement=statement))
    assert refused(office.release, replace(order, started=forged)) == "STATEMENT_BAD"


def test_an_expired_grant(office: Office) -> None:
    request = office.request("li", "own_case", "view")
    office.archive.clock.advance(hours=73)
    assert refused(office.release, office.start("li", request)) == "GRANT_EXPIRED"


def test_the_same_access_at_the_same_time(office: Office) -> None:
    order = office.view()
    with office.release.open(order):
        assert refused(office.release, order) == "ACCESS_EXISTS"
        assert list((office.archive.home / "locks").iterdir()) != []
    assert office.ends() == [("access.completed", 0, None)]


def test_going_on_after_an_abort(office: Office) -> None:
    first = office.view()
    with (
        pytest.raises(OSError, match="full"),
        office.release.open(first) as retrieval,
    ):
        take_one_and_raise(retrieval, OSError(28, "full"))
    payload = first.payload
    rest = office.start(
        "li",
        payload["request"],
        resumes=payload["access"],
        range={"from": PIECE_SIZE, "to": len(LARGE)},
    )
    assert whole(office, rest) == LARGE[PIECE_SIZE:]
    request = office.people.value("request", payload["request"])
    assert request is not None
    assert request["used"] == 1


def test_resumes_do_not_multiply_a_grant(office: Office) -> None:
    """A receiver that says it lost the connection after the last byte has had it all."""
    order = office.view()
    with (
        pytest.raises(DeliveryEnded),
        office.release.open(order) as retrieval,
    ):
        take_all_and_raise(retrieval, DeliveryEnded("CONNECTION_LOST"))
    payload = order.payload
    again = office.start("li", payload["request"], resumes=payload["access"])
    assert refused(office.release, again) == "ACCESS_UNKNOWN"


def test_a_handler_taken_off_the_case_receives_nothing(office: Office) -> None:
    request = office.request("li", "own_case", "view")
    payload = {
        "case": office.case,
        "category": "penalty",
        "handlers": [],
        "importance": "ordinary",
        "sensitivity": [],
        "unit": "main",
    }
    office.people.say("founder2", "case.changed", payload, {"reason": "调离"})
    assert refused(office.release, office.start("li", request)) == "CAPACITY_UNFIT"


def test_wrong_orders(office: Office) -> None:
    order = office.view()
    with pytest.raises(NotFound):
        office.release.open(office.view(record="7" + "Z" * 25))
    other = replace(order, started=order.requested or order.started)
    with pytest.raises(FormatError, match="another kind"):
        office.release.open(other)
    assert SIGNED["access.started"].subject == "record"
    office.archive.seal()
    assert office.kinds() == []


# --- processes that die


def test_living_access_is_left_alone(office: Office) -> None:
    with office.release.open(office.view()) as retrieval:
        next(retrieval.pieces())
        assert office.release.abort_dead_accesses() == []
    assert office.release.abort_dead_accesses() == []
    assert office.ends() == [("access.completed", PIECE_SIZE, None)]


def kill_amid(office: Office, *, concealed: bool, **changed: object) -> None:
    """A fork takes one piece of the record and is killed while it has it."""
    office.archive.db.close()
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            office.reopen()
            way = office.confidential if concealed else office.release
            who = ("insp", "internal_supervision") if concealed else ("li", "own_case")
            with way.open(office.view(*who, **changed)) as retrieval:
                next(retrieval.pieces())
                os.write(told, b"x")
                signal.pause()
        finally:
            os._exit(1)
    os.close(told)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    office.reopen()


def test_killed_process_is_found(office: Office) -> None:
    kill_amid(office, concealed=False)
    assert office.confidential.abort_dead_accesses() == []
    assert len(office.release.abort_dead_accesses()) == 1
    office.archive.seal()
    assert office.ends() == [("access.aborted", PIECE_SIZE, "PROCESS_ENDED")]
    assert office.access_entries()[-1].subject == office.record
    assert office.release.abort_dead_accesses() == []
    with office.archive.db.read() as connection:
        assert connection.execute(select(ACCESS.c.id).where(ACCESS.c.open)).all() == []


def test_without_its_lock_a_range_counts_as_that(office: Office) -> None:
    kill_amid(office, concealed=False, range={"from": 5, "to": PIECE_SIZE + 9})
    for lock in (office.archive.home / "locks").iterdir():
        lock.unlink()
    office.release.abort_dead_accesses()
    office.archive.seal()
    assert office.ends() == [("access.aborted", PIECE_SIZE + 4, "PROCESS_ENDED")]


def test_killed_process_without_its_lock_counts_everything(office: Office) -> None:
    kill_amid(office, concealed=False)
    for lock in (office.archive.home / "locks").iterdir():
        lock.unlink()
    office.release.abort_dead_accesses()
    office.archive.seal()
    assert office.ends() == [("access.aborted", len(LARGE), "PROCESS_ENDED")]


# --- confidential accesses


def opened(office: Office, access: str) -> None:
    opening = office.confidential.opening(access)
    author = office.people.authors["insp"]
    data = {"start": opening["start"], "end": opening["end"]}
    signed, detail = author.make("access.opened", {"access": access}, data)
    assert detail is not None
    accepted = office.confidential.reveal([signed], detail, "1000")
    office.people.desk.wait(accepted.entries)


def test_a_confidential_access_names_nobody(office: Office) -> None:
    order = office.view("insp", "internal_supervision", "copy")
    access = order.payload["access"]
    with office.confidential.open(order) as retrieval:
        assert office.kinds() == ["access.concealed"]
        assert b"".join(retrieval.pieces()) == LARGE
    concealed, end = office.access_entries()
    assert (concealed.actor, concealed.subject) == ("system/access", None)
    assert concealed.body.keys() == {"accepted_at", "access", "commitment", "host", "spent"}
    assert end.body.keys() == {"access", "commitment"}
    for entry in (concealed, end):
        assert b"insp" not in entry.to_bytes()
        assert office.record.encode() not in entry.to_bytes()
    with office.archive.db.read() as connection:
        row = connection.execute(select(ACCESS).where(ACCESS.c.id == access)).one()
    assert (row.person, row.record, row.open) == (None, "", False)
    kept = office.archive.home / "confidential" / f"{access}.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    opened(office, access)
    value = office.people.value("access", access)
    assert value is not None
    assert (value["person"], value["record"]) == ("insp", office.record)
    assert (value["bytes"], value["state"]) == (len(LARGE), "completed")


def test_an_aborted_confidential_access(office: Office) -> None:
    order = office.view("insp", "internal_supervision")
    with (
        pytest.raises(OSError, match="full"),
        office.confidential.open(order) as retrieval,
    ):
        take_one_and_raise(retrieval, OSError(28, "full"))
    opened(office, order.payload["access"])
    value = office.people.value("access", order.payload["access"])
    assert value is not None
    assert (value["bytes"], value["state"]) == (PIECE_SIZE, "aborted")


def test_who_may_not_be_confidential(office: Office) -> None:
    for order, code in (
        (office.view(), "NOT_CONCEALABLE"),
        (office.view("li", "internal_supervision"), "CAPACITY_UNFIT"),
    ):
        with pytest.raises(Denied) as caught, office.confidential.open(order):
            raise AssertionError("nothing may be handed out")
        assert caught.value.code == code
    request = office.request("insp", "internal_supervision", "view")
    with pytest.raises(UsageError, match="its own request"):
        office.confidential.open(office.start("insp", request))
    assert not (office.archive.home / "confidential").exists()
    assert office.denials() == ["NOT_CONCEALABLE", "CAPACITY_UNFIT"]
    for body in (entry.body for entry in office.access_entries() if "code" in entry.body):
        assert (body["person"], body["action"], body["request"]) == ("li", None, None)
        assert body["records"] == []


def test_a_killed_confidential_access(office: Office) -> None:
    kill_amid(office, concealed=True)
    assert office.release.abort_dead_accesses() == []
    (access,) = office.confidential.abort_dead_accesses()
    office.archive.seal()
    assert office.kinds() == ["access.concealed", "access.concealed_end"]
    end = office.confidential.opening(access)["end"]
    assert (end["bytes"], end["code"]) == (PIECE_SIZE, "PROCESS_ENDED")
    opened(office, access)
    assert (office.people.value("access", access) or {})["state"] == "aborted"


def test_a_confidential_access_whose_file_is_gone_still_ends(office: Office) -> None:
    kill_amid(office, concealed=True)
    for path in (office.archive.home / "confidential").iterdir():
        path.unlink()
    (access,) = office.confidential.abort_dead_accesses()
    office.archive.seal()
    assert office.kinds() == ["access.concealed", "access.concealed_end"]
    with pytest.raises(NotFound):
        office.confidential.opening(access)


def test_nobody_is_blamed_for_what_a_file_claims(office: Office) -> None:
    order = office.view("insp", "internal_supervision")
    access = order.payload["access"]
    whole_concealed(office, order)
    opening = office.confidential.opening(access)
    requested = {**opening["start"]["requested"], "signature": "AAAA"}
    start = {**opening["start"], "account": "31337", "requested": requested}
    data = {"start": start, "end": opening["end"]}
    signed, detail = office.people.authors["li"].make("access.opened", {"access": access}, data)
    assert detail is not None
    with pytest.raises(Denied) as caught:
        office.confidential.reveal([signed], detail, "1000")
    assert caught.value.code == "COMMITMENT_DIFFERS"
    body = office.access_entries()[-1].body
    assert (body["code"], body["person"], body["account"]) == ("COMMITMENT_DIFFERS", "li", "1000")
    opened(office, access)


def test_one_request_conceals_one_access(office: Office) -> None:
    order = office.view("insp", "internal_supervision")
    whole_concealed(office, order)
    request = order.payload["request"]
    second = replace(order, started=office.start("insp", request).started)
    with pytest.raises(Denied) as caught, office.confidential.open(second):
        raise AssertionError("nothing may be handed out")
    assert caught.value.code == "STATEMENT_REPLAYED"
    openly = replace(second, started=office.start("insp", request).started)
    assert refused(office.release, openly) == "STATEMENT_REPLAYED"
    opened(office, order.payload["access"])


def test_an_old_concealed_access_opens_after_everything_changed(office: Office) -> None:
    """Another certificate, another unit, rules that let nothing be concealed any more."""
    order = office.view("insp", "internal_supervision")
    whole_concealed(office, order)
    people = office.people
    office.archive.clock.moment += timedelta(days=30)
    people.enrol("insp", "handler", "inspector.internal", unit="main")
    text = default_rules()["access"].replace("conceal = true", "conceal = false")
    payload = {"name": "access", "rules": str(Digest.of("sha256", text.encode()))}
    people.say(("founder1", "founder2"), "rules.adopted", payload, {"text": text})
    opened(office, order.payload["access"])
    assert (people.value("access", order.payload["access"]) or {})["opened"]
    assert checked(office) == {}


def test_a_blocked_sealer_is_no_false_alarm(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = office.view("insp", "internal_supervision")

    def blocked(*_: object) -> None:
        raise Unreachable("the store is away")

    with monkeypatch.context() as patch:
        patch.setattr(Desk, "wait", blocked)
        with pytest.raises(Unreachable), office.confidential.open(order):
            raise AssertionError("nothing may be handed out")
    office.archive.clock.moment += timedelta(minutes=10)
    office.archive.seal()
    opened(office, order.payload["access"])
    assert checked(office) == {}


def test_who_was_suspended_has_concealed_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the archive can put it there; it does not pass when it is opened."""
    people = office.people
    people.say("founder1", "person.suspended", {"person": "insp"}, {"reason": "x"})
    order = office.view("insp", "internal_supervision")
    with monkeypatch.context() as patch:
        patch.setattr(ConcealedBook, "_judge", lambda *_: None)
        whole_concealed(office, order)
    both = ("founder1", "founder2")
    people.say(both, "person.resumed", {"person": "insp"}, {"reason": "y"})
    with pytest.raises(Denied) as caught:
        opened(office, order.payload["access"])
    assert caught.value.code == "SIGNER_SUSPENDED"


def whole_concealed(office: Office, order: Order) -> None:
    with office.confidential.open(order) as retrieval:
        list(retrieval.pieces())


def checked(office: Office) -> dict[str, int]:
    """What a verification finds, but for its times: no authority of others, days of silence."""
    archive = office.archive
    archive.seal()
    archive.clock.moment += timedelta(minutes=5)
    archive.seal()
    places, now = archive.places, archive.clock.now()
    report = verify(places.evidence, places.live, policy_of(archive), now=now, workers=1)
    times = ("INTERNAL_TIME", "OUTAGE_RECORDED")
    return {code: n for code, n in report.counts.items() if n and code not in times}
