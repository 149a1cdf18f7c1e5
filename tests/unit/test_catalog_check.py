"""The catalog held against ledger and record.json: every edited line is found, and no other."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive
from sqlalchemy import text

from archive import layout
from archive.catalog_check import check_catalog
from archive.database_check import LedgerCopy
from archive.ledger import NewEntry, NewObject
from archive.report import Report

CLAIMS = {
    "case": "〔2026〕7号",
    "category": "penalty",
    "stage": "decide",
    "unit": "三所",
    "officers": [{"name": "王", "number": "7"}],
    "capture_start": "2026-11-22T11:00:00+08:00",
    "capture_end": "2026-11-22T03:10:00.000000Z",
}
TEXT = {"encoding": "utf-8", "title": "笔录", "preview": "一二三"}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = make_archive(tmp_path)
    made.seal()
    yield made
    made.db.close()


def check(archive: Archive) -> dict[str, str]:
    report = Report("everything", datetime(2026, 11, 22, tzinfo=UTC))
    copy = LedgerCopy(f"sqlite:///{archive.home}/cunzheng.db")
    for _ in copy.leaves("main-2026"):
        pass
    check_catalog(copy, archive.places.evidence, report)
    copy.close()
    assert set(report.counts) <= {"DATABASE_DIFFERS"}
    return {found.subject: found.details["reason"] for found in report.findings}


def edit(archive: Archive, statement: str, **values: object) -> None:
    with archive.db.write() as connection:
        assert connection.execute(text(statement), values).rowcount == 1


def described(archive: Archive) -> str:
    made = archive.accession(b"one", sidecar=b"{}", changed={"claims": CLAIMS, "text": TEXT})
    archive.accession(b"two")
    archive.seal()
    return made.record


def lose(archive: Archive, record: str) -> None:
    """Put on the ledger that a record's bytes are lost."""
    detail = archive.detail("record.lost", {"reason": "staging gone", "person": "王"})
    body = {"detail": str(detail.digest()), "detail_id": detail.id}
    body["entry"] = {"log": "main-2026", "index": 1}
    objects = (NewObject.of(layout.detail_key(detail.id), detail.to_bytes()),)
    stream, now = "source/DSJ-0012345", archive.clock.now()
    entry = NewEntry(archive.ulid(), "record.lost", stream, "user/王", now, record, body, objects)
    archive.submit(entry)
    archive.seal()


def test_a_true_catalog_is_fine(archive: Archive) -> None:
    lose(archive, described(archive))
    assert check(archive) == {}


def test_what_waits_for_its_seal_is_not_missed(archive: Archive) -> None:
    described(archive)
    archive.accession(b"three")
    assert check(archive) == {}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("name", "other.txt"),
        ("name_raw", "x"),
        ("folder", "x"),
        ("source", "x"),
        ("size", 7),
        ("sha256", b"x"),
        ("sidecar_sha256", None),
        ("media_type", "x"),
        ("case_no", "x"),
        ("category", None),
        ("stage", "x"),
        ("unit", "x"),
        ("officers", "x"),
        ("captured_start", "2026-11-22 03:00:01.000000"),
        ("captured_end", None),
        ("received_at", "2026-11-22 03:00:01.000000"),
        ("title", "x"),
        ("preview", "x"),
        ("lost", 1),
        ("idx", 3),
        ("idx", 99),
        ("log", "main-2025"),
    ],
)
def test_an_edited_line_names_its_record(archive: Archive, column: str, value: object) -> None:
    record = described(archive)
    edit(archive, f"UPDATE record SET {column} = :value WHERE id = :id", value=value, id=record)
    assert list(check(archive)) == [record]


def test_lines_that_are_gone_or_unreadable(archive: Archive) -> None:
    record = described(archive)
    edit(archive, "DELETE FROM record WHERE id = :id", id=record)
    assert check(archive) == {"the catalog": "records that are not in it: 1"}
    edit(archive, "UPDATE record SET received_at = 'never'")
    assert "cannot be read" in check(archive)["the catalog"]


def test_a_lost_record_that_is_not_marked(archive: Archive) -> None:
    record = described(archive)
    lose(archive, record)
    edit(archive, "UPDATE record SET lost = 0 WHERE id = :id", id=record)
    assert check(archive) == {record: "it is not marked as lost"}
