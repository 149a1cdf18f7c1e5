"""What verification learns from the database about a batch that is just being sealed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from archive_fixture import Archive, make_archive, policy_of

from archive import layout, publish
from archive.database_check import LedgerCopy
from archive.errors import Unreachable
from archive.verify import Kit, verify


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = make_archive(tmp_path)
    made.seal()
    yield made
    made.db.close()


def _copy(archive: Archive) -> LedgerCopy:
    return LedgerCopy(f"sqlite:///{archive.home}/cunzheng.db")


def _unsealed(archive: Archive) -> frozenset[str]:
    copy = _copy(archive)
    try:
        return copy.unsealed()
    finally:
        copy.close()


def _stop_before_the_seal(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> str:
    """A batch whose objects are stored and that is not sealed; returns its record."""

    def stop(*_: object) -> None:
        raise Unreachable("stopped")

    record = archive.accession(b"much of it").record
    monkeypatch.setattr(publish, "store_seal", stop)
    with pytest.raises(Unreachable, match="stopped"):
        archive.seal()
    monkeypatch.undo()
    return record


def test_only_the_batch_at_work_is_named(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.accession(b"sealed")
    archive.seal()
    assert _unsealed(archive) == frozenset()
    record = _stop_before_the_seal(archive, monkeypatch)
    archive.accession(b"still waiting")
    keys = {layout.content_key(record), layout.record_key(record)}
    assert keys <= _unsealed(archive)
    assert {key.split("/")[2] for key in _unsealed(archive) if key[:8] == "records/"} == {record}
    archive.seal()
    assert _unsealed(archive) == frozenset()


def test_a_long_batch_is_no_plant(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    record = _stop_before_the_seal(archive, monkeypatch)
    copy = _copy(archive)

    def codes(database: LedgerCopy | None) -> set[str]:
        report = verify(
            archive.places.evidence,
            archive.places.live,
            policy_of(archive, max_age=10**9),
            now=archive.clock.now() + timedelta(days=400),
            kit=Kit(database=database),
            workers=1,
        )
        return {f.code for f in report.findings if record in f.subject}

    assert codes(None) == {"OBJECT_UNEXPECTED"}
    assert codes(copy) == {"SEALING_IN_PROGRESS"}
    copy.close()
