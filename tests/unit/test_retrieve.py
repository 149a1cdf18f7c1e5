"""Retrieval: nothing before the sealed entry, no piece unchecked, an end on every way out."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive
from sqlalchemy import select

from archive import layout
from archive.entry import Entry
from archive.errors import ContentAltered, LedgerBehind, NotFound, ObjectMissing, UsageError
from archive.ledger import ENTRY
from archive.pieces import PIECE_SIZE
from archive.retrieve import ACCESS, Retrieval, Retriever
from archive.stored_log import LogTrust

PERSON, REASON = "张三", "复核 2026-17"
LARGE = bytes(range(256)) * (2 * PIECE_SIZE // 256) + b"the end"


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path)


def retriever(archive: Archive) -> Retriever:
    return Retriever(
        archive.db,
        archive.places,
        archive.sealer,
        LogTrust.of(archive.identity),
        archive.clock,
        archive.random,
        archive.home / "locks",
        timeout=5,
    )


def access_entries(archive: Archive) -> list[Entry]:
    """The access stream as far as it is published."""
    published = archive.head().published
    with archive.db.read() as connection:
        query = select(ENTRY).where(ENTRY.c.stream == "access", ENTRY.c.idx < published)
        rows = connection.execute(query.order_by(ENTRY.c.idx)).all()
    return [Entry.parse(row.data) for row in rows]


def ends(archive: Archive) -> list[tuple[str, int, str | None]]:
    found = access_entries(archive)
    return [(e.kind, e.body["bytes"], e.body.get("code")) for e in found if "bytes" in e.body]


def alter(archive: Archive, key: str, position: int) -> None:
    path = archive.evidence / key
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


def test_whole_record_with_sidecar(archive: Archive) -> None:
    made = archive.accession(LARGE, sidecar=b'{"cunzheng_sidecar":1}', staged=True)
    archive.seal()
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))

    opened = retriever(archive).open(
        made.record[:12].lower(), person=PERSON, reason=REASON, progress=progress
    )
    with opened as retrieval:
        assert [e.kind for e in access_entries(archive)] == ["access.started"]
        assert b"".join(retrieval.pieces()) == LARGE
        assert retrieval.sidecar() == made.sidecar
        assert retrieval.record_json == made.description.to_bytes()
        assert retrieval.description.record_id == made.record
    started, completed = access_entries(archive)
    assert (started.actor, started.subject) == ("user/张三", made.record)
    assert completed.body == {"access": opened.access, "bytes": len(LARGE)}
    assert started.body["access"] == opened.access
    assert seen == [(PIECE_SIZE, len(LARGE)), (2 * PIECE_SIZE, len(LARGE)), (len(LARGE),) * 2]
    assert list((archive.home / "locks").iterdir()) == []
    assert (archive.evidence / layout.detail_key(started.body["detail_id"])).exists()


@pytest.mark.parametrize("content", [b"", b"x", b"y" * PIECE_SIZE])
def test_small_contents(archive: Archive, content: bytes) -> None:
    made = archive.accession(content)
    archive.seal()
    with retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval:
        assert b"".join(retrieval.pieces()) == content
    assert ends(archive) == [("access.completed", len(content), None)]


def test_range_of_pieces(archive: Archive) -> None:
    made = archive.accession(LARGE)
    archive.seal()
    with retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval:
        assert b"".join(retrieval.pieces(1, 2)) == LARGE[PIECE_SIZE : 2 * PIECE_SIZE]
        assert b"".join(retrieval.pieces(2)) == b"the end"
    assert ends(archive) == [("access.completed", PIECE_SIZE + 7, None)]


def test_altered_piece_stops_before_it(archive: Archive) -> None:
    made = archive.accession(LARGE)
    archive.seal()
    alter(archive, layout.content_key(made.record), PIECE_SIZE + 1)
    got: list[bytes] = []
    with (
        pytest.raises(ContentAltered, match="Piece 2 of 3"),
        retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval,
    ):
        take(retrieval.pieces(), got)
    assert got == [LARGE[:PIECE_SIZE]]
    assert ends(archive) == [("access.aborted", PIECE_SIZE, "PIECE_ALTERED")]


def test_shortened_content(archive: Archive) -> None:
    made = archive.accession(b"abc")
    archive.seal()
    path = archive.evidence / layout.content_key(made.record)
    path.chmod(0o644)
    path.write_bytes(b"ab")
    with (
        pytest.raises(ContentAltered),
        retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval,
    ):
        list(retrieval.pieces())
    assert ends(archive) == [("access.aborted", 0, "PIECE_ALTERED")]


def test_altered_sidecar(archive: Archive) -> None:
    made = archive.accession(b"abc", sidecar=b"{}")
    archive.seal()
    alter(archive, layout.sidecar_key(made.record), 0)
    with (
        pytest.raises(ContentAltered, match="sidecar"),
        retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval,
    ):
        retrieval.sidecar()
    assert ends(archive) == [("access.aborted", 0, "PIECE_ALTERED")]


@pytest.mark.parametrize("key", [layout.record_key, layout.pieces_key])
def test_altered_description_or_piece_list(archive: Archive, key: object) -> None:
    made = archive.accession(LARGE)
    archive.seal()
    assert callable(key)
    alter(archive, key(made.record), 20)
    with (
        pytest.raises(ContentAltered, match="sealed"),
        retriever(archive).open(made.record, person=PERSON, reason=REASON),
    ):
        pass
    assert ends(archive) == [("access.aborted", 0, "RECORD_ALTERED")]


def test_database_is_not_trusted(archive: Archive) -> None:
    """A catalog that points to another record's entry gets nothing out."""
    made, other = archive.accession(b"one"), archive.accession(b"two")
    archive.seal()
    index = archive.place(other.entry)[1]
    with archive.db.write() as connection:
        connection.exec_driver_sql("UPDATE record SET idx = ? WHERE id = ?", (index, made.record))
    with (
        pytest.raises(ContentAltered, match="not the accession"),
        retriever(archive).open(made.record, person=PERSON, reason=REASON),
    ):
        pass
    assert ends(archive) == [("access.aborted", 0, "RECORD_ALTERED")]


def test_another_key_signed_the_note(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    good = retriever(archive)
    bad = Retriever(
        good.database,
        good.places,
        good.sealer,
        LogTrust(good.trust.archive_id, bytes(32)),
        good.clock,
        good.random,
        good.locks,
    )
    with (
        pytest.raises(ContentAltered, match="note"),
        bad.open(made.record, person=PERSON, reason=REASON),
    ):
        pass
    assert ends(archive) == [("access.aborted", 0, "RECORD_ALTERED")]


def test_missing_content(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    (archive.evidence / layout.content_key(made.record)).unlink()
    with (
        pytest.raises(ObjectMissing, match="not in the store"),
        retriever(archive).open(made.record, person=PERSON, reason=REASON),
    ):
        pass
    assert ends(archive) == [("access.aborted", 0, "OBJECT_MISSING")]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "WRITE_FAILED"),
        (KeyboardInterrupt(), "INTERRUPTED"),
        (SystemExit(1), "INTERRUPTED"),
        (ValueError("anything"), "FAILED"),
    ],
)
def test_caller_fails(archive: Archive, error: BaseException, code: str) -> None:
    made = archive.accession(LARGE)
    archive.seal()
    with (
        pytest.raises(type(error)),
        retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval,
    ):
        take_one_and_raise(retrieval, error)
    assert ends(archive) == [("access.aborted", PIECE_SIZE, code)]


def test_nothing_when_the_entry_cannot_be_sealed(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    later = archive.evidence / layout.note_key("main-2026", 99)
    later.write_bytes(b"a newer seal")
    archive.sealer = archive.new_sealer()
    with (
        pytest.raises(LedgerBehind),
        retriever(archive).open(made.record, person=PERSON, reason=REASON),
    ):
        raise AssertionError("nothing may be handed out")
    assert access_entries(archive) == []
    later.unlink()
    archive.sealer = archive.new_sealer()
    archive.seal()
    assert ends(archive) == [("access.aborted", 0, "NOT_SEALED")]


def test_wrong_requests(archive: Archive) -> None:
    made = archive.accession(b"one")
    archive.seal()
    for person, reason in (("张三", " "), ("", "why"), ("a/b", "why"), ("\udc80", "why")):
        with pytest.raises(UsageError):
            retriever(archive).open(made.record, person=person, reason=reason)
    with pytest.raises(NotFound):
        retriever(archive).open("0" * 26, person=PERSON, reason=REASON)
    archive.seal()
    assert access_entries(archive) == []


def test_living_access_is_left_alone(archive: Archive) -> None:
    made = archive.accession(LARGE)
    archive.seal()
    with retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval:
        next(retrieval.pieces())
        assert retriever(archive).abort_dead_accesses() == []
    assert retriever(archive).abort_dead_accesses() == []
    assert ends(archive) == [("access.completed", PIECE_SIZE, None)]


@pytest.fixture
def killed(archive: Archive) -> tuple[Archive, str]:
    """A fork that retrieves one piece of a record and is killed while it has it."""
    made = archive.accession(LARGE)
    archive.seal()
    archive.db.close()
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            archive.reopen()
            with retriever(archive).open(made.record, person=PERSON, reason=REASON) as retrieval:
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
    archive.reopen()
    return archive, made.record


def test_killed_process_is_found(killed: tuple[Archive, str]) -> None:
    archive, record = killed
    assert len(retriever(archive).abort_dead_accesses()) == 1
    archive.seal()
    assert ends(archive) == [("access.aborted", PIECE_SIZE, "PROCESS_ENDED")]
    assert access_entries(archive)[-1].subject == record
    assert retriever(archive).abort_dead_accesses() == []
    with archive.db.read() as connection:
        assert connection.execute(select(ACCESS.c.id).where(ACCESS.c.open)).all() == []


def test_killed_process_without_its_lock_counts_everything(killed: tuple[Archive, str]) -> None:
    archive, _ = killed
    for lock in (archive.home / "locks").iterdir():
        lock.unlink()
    retriever(archive).abort_dead_accesses()
    archive.seal()
    assert ends(archive) == [("access.aborted", len(LARGE), "PROCESS_ENDED")]
