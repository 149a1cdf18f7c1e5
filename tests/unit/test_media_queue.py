"""The queue of sealed media: filled with the catalog, emptied by amendments, rebuilt from both."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from archive_fixture import Archive, database_url, make_archive, policy_of
from media_values import amendment, technical

from archive import catalog, layout, looking, unexamined
from archive.catalog_check import check_catalog
from archive.database_check import LedgerCopy
from archive.errors import FormatError, UsageError
from archive.lease import Lease
from archive.ledger import NewEntry, NewObject
from archive.looking import DERIVE, EXAMINE, GIVEN_UP, MOST_TRIES
from archive.pieces import PIECE_SIZE
from archive.rebuild import rebuild
from archive.record import RecordDescription
from archive.report import Report
from archive.stored_log import LogTrust
from archive.tables import RecordRow
from archive.verify.run import verify
from cli.media_work import again
from ingest.amending import Amending
from ingest.media.examiner import ACTOR, WHAT, Examiner
from ingest.media.originals import NoRoom, Originals, Stopped
from ingest.media.queue_step import ALTERED, MISSING, NO_ROOM, UNEXPECTED
from signing.digest import Digest

FILM = {"media": {"type": "video/mp4", "by": "content"}, "technical": technical()}
BIG = bytes(range(256)) * (PIECE_SIZE // 256) + b"and more"
Verdict = Callable[[int, RecordDescription, Callable[[], bool]], Mapping[str, Any]]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = make_archive(tmp_path)
    made.seal()
    return made


def film(archive: Archive, content: bytes = b"a film") -> str:
    made = archive.accession(content, changed=FILM)
    archive.seal()
    return made.record


def damaged(*_: object) -> Mapping[str, Any]:
    return amendment("damaged", "DECODE_ERRORS")


def examiner(archive: Archive, examine: Verdict = damaged, **changed: Any) -> Examiner:
    store: Any = archive.places.evidence
    originals = Originals(
        archive.db,
        archive.places,
        LogTrust.of(archive.identity),
        archive.home / "scratch",
        store.open_object,
    )
    originals = replace(originals, **changed)
    return Examiner(archive.db, originals, examine, archive.clock, archive.random)


def rows(archive: Archive) -> list[tuple[str, str, int, str | None]]:
    with archive.db.read() as connection:
        found = connection.execute(looking.LOOKING.select().order_by(looking.LOOKING.c.id))
        return [(row.record, row.task, row.tries, row.problem) for row in found]


def line(archive: Archive, record: str) -> RecordRow:
    with archive.db.read() as connection:
        return catalog.find_record(connection, record)


def kinds(archive: Archive) -> list[str]:
    with archive.db.read() as connection:
        found = connection.exec_driver_sql("SELECT data FROM entry ORDER BY idx")
        return [bytes(row[0]).rpartition(b'"kind":"')[2].split(b'"')[0].decode() for row in found]


def test_media_wait_and_text_does_not(archive: Archive) -> None:
    record = film(archive)
    archive.accession(b"text")
    unseen = archive.accession(b"old", changed={"media": FILM["media"]}).record
    pdf = archive.accession(
        b"%PDF-", changed={"media": {"type": "application/pdf", "by": "content"}}
    )
    archive.seal()
    assert rows(archive) == [
        (record, EXAMINE, 0, None),
        (record, DERIVE, 0, None),
        (unseen, DERIVE, 0, None),
        (pdf.record, DERIVE, 0, None),
    ]
    row = line(archive, record)
    assert (row.condition, row.device, row.duration_ms, row.segment) == (
        ("sound", "0123456", 2000, 7)
    )


@pytest.mark.parametrize("content", [b"a film", BIG], ids=["in memory", "where it stands"])
def test_an_amendment_follows_and_holds(archive: Archive, content: bytes) -> None:
    record = film(archive, content)
    seen: list[bytes] = []

    def examine(descriptor: int, description: RecordDescription, _: object) -> Mapping[str, Any]:
        with Path(f"/proc/self/fd/{descriptor}").open("rb") as file:
            seen.append(file.read())
        assert description.record_id == record
        return damaged()

    work = examiner(archive, examine)
    assert work.step()
    assert not work.step()
    assert seen == [content]
    assert line(archive, record).condition == "sound"  # not sealed yet
    archive.seal()
    assert line(archive, record).condition == "damaged"
    assert kinds(archive).count("record.amended") == 1
    assert [row[1] for row in rows(archive)] == [DERIVE]


def test_without_a_folder_the_content_is_copied_to_a_file_without_a_name(archive: Archive) -> None:
    film(archive, BIG)
    seen: list[bytes] = []

    def examine(descriptor: int, *_: object) -> Mapping[str, Any]:
        with Path(f"/proc/self/fd/{descriptor}").open("rb") as file:
            seen.append(file.read())
        return damaged()

    before = sorted((archive.home / "scratch").iterdir())
    assert examiner(archive, examine, local=None).step()
    assert seen == [BIG]
    assert sorted((archive.home / "scratch").iterdir()) == before


def test_a_rebuild_gives_the_same_queue_and_conditions(archive: Archive) -> None:
    first, second = film(archive), film(archive, b"another")
    assert examiner(archive).step()
    archive.seal()
    before = rows(archive), line(archive, first), line(archive, second)
    rebuild(
        archive.db,
        archive.places,
        archive.identity,
        Lease(archive.home / "seal.lock", archive.db),
        archive.clock,
        archive.fs,
        policy_of(archive),
    )
    archive.reopen()
    found = sorted(rows(archive)), line(archive, first), line(archive, second)
    assert found == (sorted(before[0]), *before[1:])
    assert line(archive, first).condition == "damaged"
    assert line(archive, second).condition == "sound"


def test_an_amendment_that_was_submitted_is_not_made_again(archive: Archive) -> None:
    record = film(archive)
    amending = Amending(archive.db, archive.clock, archive.random)
    with archive.db.read() as connection:
        row = looking.next_of(connection, EXAMINE)
    assert row is not None
    amending.submit(row, ACTOR, WHAT, damaged())
    amending.submit(row, ACTOR, WHAT, damaged())  # another process that was at it too
    archive.seal()
    assert kinds(archive).count("record.amended") == 1
    assert line(archive, record).condition == "damaged"


def test_what_takes_the_process_down_is_put_aside_after_some_tries(archive: Archive) -> None:
    record, other = film(archive), film(archive, b"another")

    def killed(*_: object) -> Mapping[str, Any]:
        raise KeyboardInterrupt

    for _ in range(MOST_TRIES):
        with pytest.raises(KeyboardInterrupt):
            examiner(archive, killed).step()
    work = examiner(archive)
    assert work.step()
    assert rows(archive)[0] == (record, EXAMINE, MOST_TRIES, GIVEN_UP)
    assert work.step()
    assert (other, EXAMINE, 0, None) not in rows(archive)
    assert not work.step()
    with archive.db.write() as connection:
        looking.try_again(connection, EXAMINE)
    assert work.step()
    assert record not in [row[0] for row in rows(archive) if row[1] == EXAMINE]


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (Stopped(), None),
        (UsageError("no ffmpeg"), UsageError),
        (OSError(24, "too many open files"), OSError),
    ],
)
def test_what_is_not_the_files_fault_costs_no_try(
    archive: Archive, error: Exception, raised: type[Exception] | None
) -> None:
    record = film(archive)

    def examine(*_: object) -> Mapping[str, Any]:
        raise error

    if raised is None:
        assert not examiner(archive, examine).step()
    else:
        with pytest.raises(raised):
            examiner(archive, examine).step()
    assert rows(archive)[0] == (record, EXAMINE, 0, None)


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ValueError("a mistake of ours"), f"{UNEXPECTED} ValueError"),
        (MemoryError(), f"{UNEXPECTED} MemoryError"),
        (FormatError("of another form"), f"{UNEXPECTED} FormatError"),
        (NoRoom("full"), NO_ROOM),
    ],
)
def test_one_problem_does_not_stop_the_queue(
    archive: Archive, error: Exception, problem: str
) -> None:
    record = film(archive)
    film(archive, b"another")

    def examine(_: int, description: RecordDescription, __: object) -> Mapping[str, Any]:
        if description.record_id == record:
            raise error
        return damaged()

    work = examiner(archive, examine)
    assert work.step()
    assert work.step()
    assert not work.step()
    assert [row for row in rows(archive) if row[1] == EXAMINE] == [(record, EXAMINE, 1, problem)]


def test_an_amendment_of_another_form_is_not_sealed(archive: Archive) -> None:
    film(archive)
    assert examiner(archive, lambda *_: {"condition": {}}).step()  # type: ignore[arg-type]
    archive.seal()
    assert "record.amended" not in kinds(archive)


def test_altered_and_missing_contents_are_not_judged(archive: Archive) -> None:
    altered, gone = film(archive, BIG), film(archive, b"short")
    for record, data in ((altered, b"x" + BIG[1:]), (gone, None)):
        path = archive.evidence / f"records/{record[-2:]}/{record}/content"
        path.parent.chmod(0o755)
        path.chmod(0o644)
        path.unlink()
        if data is not None:
            path.write_bytes(data)
    work = examiner(archive)
    while work.step():
        pass
    archive.seal()
    found = {row[0]: row[3] for row in rows(archive) if row[1] == EXAMINE}
    assert found == {altered: ALTERED, gone: MISSING}
    assert "record.amended" not in kinds(archive)


def test_the_disk_is_not_filled(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    record = film(archive, BIG)
    monkeypatch.setattr("ingest.media.originals.RESERVE", 1 << 60)
    assert examiner(archive, local=None).step()
    assert (record, EXAMINE, 1, NO_ROOM) in rows(archive)


def test_it_stops_between_two_pieces(archive: Archive) -> None:
    film(archive, BIG)
    asked: list[int] = []

    def go_on() -> bool:
        asked.append(1)
        return len(asked) < 3

    assert not examiner(archive).step(go_on)
    assert rows(archive)[0][2:] == (0, None)


def test_lost_records_leave_the_queue(archive: Archive) -> None:
    record = film(archive)
    made = archive.detail("record.lost", {"reason": "x", "person": "y"})
    row = line(archive, record)
    body = {
        "detail": str(Digest.of("sha256", made.to_bytes())),
        "detail_id": made.id,
        "entry": {"log": row.log, "index": row.idx},
    }
    stored = NewObject.of(layout.detail_key(made.id), made.to_bytes())
    archive.submit(
        NewEntry(
            archive.ulid(),
            "record.lost",
            f"source/{row.source}",
            "account/1000",
            archive.clock.now(),
            record,
            body,
            (stored,),
        )
    )
    archive.seal()
    assert rows(archive) == []
    assert not examiner(archive).step()


def test_how_much_waits(archive: Archive) -> None:
    record = film(archive)
    with archive.db.write() as connection:
        found = looking.next_of(connection, EXAMINE)
        assert found is not None
        looking.set_problem(connection, found, NO_ROOM)
        both, one = looking.lag(connection), looking.lag(connection, DERIVE)
    assert (both.count, both.problems, one.count, one.problems) == (2, 1, 1, 0)
    assert both.oldest is not None
    assert record == found.record


def test_memory_does_not_grow_with_the_content(archive: Archive) -> None:
    film(archive, bytes(range(256)) * (96 << 12))  # 96 MiB
    work = examiner(archive, local=None)
    tracemalloc.start()
    assert work.step()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 32 << 20


# --- what verification says of amendments


def amend(archive: Archive, record: str, data: Mapping[str, Any]) -> None:
    """An entry that nobody of ours would write."""
    detail = archive.detail("record.amended", data)
    body = {"detail": str(detail.digest()), "detail_id": detail.id, "what": "media"}
    stored = NewObject.of(layout.detail_key(detail.id), detail.to_bytes())
    now = archive.clock.now()
    archive.submit(
        NewEntry(
            archive.ulid(),
            "record.amended",
            "registry",
            "system/media",
            now,
            record,
            body,
            (stored,),
        )
    )
    archive.seal()


def findings(archive: Archive) -> list[str]:
    now = archive.clock.now()
    policy = policy_of(archive)
    report = verify(archive.places.evidence, archive.places.live, policy, now=now, workers=1)
    return [f"{one.code} {one.details.get('reason', '')}" for one in report.findings]


def test_amendments_verify(archive: Archive) -> None:
    record = film(archive)
    assert examiner(archive).step()
    archive.seal()
    assert findings(archive) == []
    amend(archive, record, amendment("truncated"))
    assert findings(archive) == []
    assert line(archive, record).condition == "truncated"


def test_an_amendment_of_another_form_is_found(archive: Archive) -> None:
    record = film(archive)
    amend(archive, record, {**amendment(), "frames": None})
    (found,) = findings(archive)
    assert found.startswith("ENTRY_BAD frames")


def test_an_amendment_of_no_record_is_found(archive: Archive) -> None:
    film(archive)
    amend(archive, archive.ulid(), amendment())
    assert [one.split()[0] for one in findings(archive)] == ["REFERENCE_BAD"]


def checked_catalog(archive: Archive, after: timedelta = timedelta()) -> Report:
    report = Report("everything", archive.clock.now() + after)
    copy = LedgerCopy(database_url(archive.home))
    for _ in copy.leaves("main-2026"):
        pass
    check_catalog(copy, archive.places.evidence, report)
    copy.close()
    return report


def catalog_differences(archive: Archive) -> dict[str, object]:
    report = checked_catalog(archive)
    return {one.subject: one.details["reason"] for one in report.findings}


def test_an_edited_condition_is_found(archive: Archive) -> None:
    first, second = film(archive), film(archive, b"another")
    assert examiner(archive).step()
    archive.seal()
    assert catalog_differences(archive) == {}
    with archive.db.write() as connection:
        for record in (first, second):
            here = catalog.RECORD.c.id == record
            connection.execute(catalog.RECORD.update().where(here).values(condition="suspicious"))
    assert catalog_differences(archive) == {
        first: "the column condition is not what its amendment says",
        second: "the column condition is not what record.json says",
    }


def test_it_rests_between_two_pieces_where_it_can(archive: Archive) -> None:
    film(archive, BIG)

    class Turn:
        rests = 0

        def __call__(self) -> bool:
            return True

        def rest(self) -> bool:
            self.rests += 1
            return True

    turn = Turn()
    assert examiner(archive).step(turn)
    assert turn.rests == 2


def test_what_was_lost_from_the_queue_is_found_and_put_back(archive: Archive) -> None:
    done, lost, submitted = (film(archive, name) for name in (b"done", b"lost", b"submitted"))
    unseen = archive.accession(b"old", changed={"media": FILM["media"]}).record
    archive.accession(b"text")
    archive.seal()
    work = examiner(archive)
    assert work.step()
    archive.seal()
    with archive.db.write() as connection:
        looking.forget(connection, [lost, unseen])
    assert work.step()  # what was submitted is not sealed yet
    bench: Any = SimpleNamespace(database=archive.db)
    again(bench)
    assert [row for row in rows(archive) if row[1] == EXAMINE] == [(lost, EXAMINE, 0, None)]
    assert unexamined.put_back(archive.db) == 0
    archive.seal()
    assert unexamined.put_back(archive.db) == 0
    for record in (done, submitted):
        assert line(archive, record).condition == "damaged"


def test_media_that_nobody_examined_for_a_week_are_told(archive: Archive) -> None:
    film(archive, b"done")
    assert examiner(archive).step()
    record = film(archive, b"lost")
    gone = film(archive, b"gone")
    with archive.db.write() as connection:
        looking.forget(connection, [record])
        here = catalog.RECORD.c.id == gone
        connection.execute(catalog.RECORD.update().where(here).values(destroyed=True))
    assert checked_catalog(archive, timedelta(days=6)).remarks == []
    report = checked_catalog(archive, timedelta(days=8))
    assert report.findings == []
    (found,) = report.remarks
    assert (found.code, found.subject) == ("MEDIA_UNEXAMINED", "the catalog")
    assert found.details == {"count": 1, "records": [record]}
