"""The sealer: indices, streams, fences, clocks, edited and restored databases."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import START, Archive, make_archive, policy_of
from sqlalchemy import text

from archive import layout, ledger
from archive.entry import Entry, check_body, link_digest
from archive.errors import (
    ClockBehind,
    ContentAltered,
    LedgerBehind,
    LedgerBlocked,
    LedgerForked,
    ObjectMissing,
    StateUnknown,
    Unreachable,
)
from archive.findings import Outcome
from archive.merkle import CompactRange
from archive.ports import read_all
from archive.report import Report
from archive.submitting import wait_until_sealed
from archive.tiles import TileReader
from archive.verify import verify
from signing.checkpoint import Checkpoint
from signing.digest import Digest
from signing.note import Note


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path)


def entries_of(archive: Archive, log: str) -> list[Entry]:
    """A log's entries as storage has them, proved against its newest note's root."""
    with archive.db.read() as connection:
        head = ledger.head_of(connection, log)
    assert head is not None
    note = read_all(archive.places.evidence, layout.note_key(log, head.published))
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    tiles = TileReader(lambda key: read_tile(archive, key), log, head.published)
    data = [entry for bundle in tiles.bundles() for entry in bundle]
    tree = CompactRange()
    tree.extend(link_digest(entry).value for entry in data)
    assert (checkpoint.size, checkpoint.root) == (len(data), tree.root())
    assert tiles.root() == tree.root()
    return [Entry.parse(entry) for entry in data]


def read_tile(archive: Archive, key: str) -> bytes:
    try:
        return read_all(archive.places.evidence, key)
    except ObjectMissing:
        return read_all(archive.places.live, key)


def report_of(archive: Archive, **limits: int) -> Report:
    places = archive.places
    policy = policy_of(archive, **limits)
    now = archive.clock.now()
    return verify(places.evidence, places.live, policy, now=now, workers=1)


def assert_passed(archive: Archive, **limits: int) -> None:
    report = report_of(archive, **limits)
    assert report.outcome is Outcome.PASSED, [f.to_value() for f in report.findings]


def stored(archive: Archive) -> dict[str, bytes]:
    return {
        str(path.relative_to(archive.home)): path.read_bytes()
        for path in sorted((archive.home / "store").rglob("*"))
        if path.is_file()
    }


def execute(archive: Archive, sql: str, **values: Any) -> None:
    with archive.db.write() as connection:
        assert connection.execute(text(sql), values).rowcount == 1


class TestBatches:
    @pytest.mark.parametrize("sizes", [[1], [3, 1, 2], [250, 3, 1, 1], [255], [256, 300]])
    def test_indices_and_streams_have_no_gap(self, archive: Archive, sizes: list[int]) -> None:
        archive.seal()
        for size in sizes:
            archive.heartbeats(size)
            assert archive.seal().seals == 1
        entries = entries_of(archive, "main-2026")
        assert len(entries) == 1 + sum(sizes) + len(sizes)
        assert [entry.seq for entry in entries] == list(range(len(entries)))
        assert [entry.prev for entry in entries] == [None, *map(_link, entries[:-1])]
        assert_passed(archive)

    def test_every_stream_counts_for_itself(self, archive: Archive) -> None:
        for source in ("A", "B", "A", "A", "B"):
            archive.accession(source.encode(), source=source)
        archive.seal()
        entries = entries_of(archive, "main-2026")
        streams = [(entry.stream, entry.seq) for entry in entries]
        assert streams == [
            ("log", 0),
            ("source/A", 0),
            ("source/B", 0),
            ("source/A", 1),
            ("source/A", 2),
            ("source/B", 1),
        ]
        assert entries[3].prev == _link(entries[1])

    def test_bodies_are_as_documented(self, archive: Archive) -> None:
        archive.accession()
        archive.submit(archive.source_entry("source.registered"))
        archive.seal()
        archive.heartbeats(1)
        archive.seal()
        assert all(check_body(entry) for entry in entries_of(archive, "main-2026"))

    def test_a_batch_has_a_limit(self, tmp_path: Path) -> None:
        archive = make_archive(tmp_path, batch=4)
        archive.heartbeats(10)
        assert archive.seal().seals == 3
        kinds = [entry.kind.partition(".")[2] for entry in entries_of(archive, "main-2026")]
        one, two, three = ["opened", *["heartbeat"] * 4], ["linked"], ["heartbeat"]
        assert kinds == [*one, *two, *three * 4, *two, *three * 2]

    def test_an_idle_sealer_makes_nothing(self, archive: Archive) -> None:
        archive.seal()
        before = stored(archive)
        assert archive.seal().seals == 0
        assert stored(archive) == before

    def test_every_seal_but_the_newest_is_named(self, archive: Archive) -> None:
        for _ in range(4):
            archive.heartbeats(1)
            archive.seal()
        for index, entry in enumerate(entries_of(archive, "main-2026")):
            if entry.kind != "log.linked":
                continue
            seal = entry.body["seal"]
            assert seal["size"] == index
            for part, key in (
                ("note", layout.note_key("main-2026", index)),
                ("p7s", layout.cms_key("main-2026", index)),
                ("tst", layout.token_key("main-2026", index)),
            ):
                data = read_all(archive.places.evidence, key)
                assert seal[part] == str(Digest.of("sha256", data))

    def test_partial_tiles_are_pruned_when_the_full_one_is_stored(self, archive: Archive) -> None:
        archive.seal()
        archive.heartbeats(250)
        archive.seal()
        assert (archive.live / "log/main-2026/tile/0/000.p/252").exists()
        archive.heartbeats(10)
        archive.seal()
        assert not list((archive.live / "log/main-2026/tile/0/000.p").iterdir())
        assert len(entries_of(archive, "main-2026")) == 263


def _link(entry: Entry) -> Digest:
    return link_digest(entry.to_bytes())


class TestWaiting:
    def test_what_is_submitted_becomes_durable(self, archive: Archive) -> None:
        new = archive.source_entry("source.registered")
        found = wait_until_sealed(archive.sealer, archive.db, [new], archive.clock, 5)
        assert found == [("main-2026", 1)]
        assert entries_of(archive, "main-2026")[1].kind == "source.registered"

    def test_a_busy_sealer_is_reported_in_time(self, archive: Archive) -> None:
        new = archive.source_entry("source.registered")
        with archive.new_sealer()._lease.hold(wait=False) as held:
            assert held
            with pytest.raises(Unreachable, match="busy"):
                wait_until_sealed(archive.sealer, archive.db, [new], archive.clock, 0.2)


class TestFence:
    def test_a_sealer_that_lost_the_lease_cannot_append(self, archive: Archive) -> None:
        archive.seal()
        old, new = archive.new_sealer(), archive.new_sealer()
        old._guard()
        new._guard()
        archive.heartbeats(1)
        before = stored(archive)
        with pytest.raises(StateUnknown, match="taken over"):
            old._append()
        assert stored(archive) == before
        assert archive.head().size == 1
        assert new._append()

    @pytest.mark.parametrize("step", ["_finish", "_sign"])
    def test_nor_finish_a_batch(self, archive: Archive, step: str) -> None:
        archive.seal()
        old = archive.new_sealer()
        old._guard()
        archive.heartbeats(1)
        assert old._append()
        head = archive.head()
        archive.new_sealer()._guard()
        with pytest.raises(StateUnknown):
            old._finish() if step == "_finish" else old._sign(head)
        assert archive.head().signed == 1
        archive.seal()
        assert_passed(archive)

    def test_the_head_moves_by_compare_and_swap(self, archive: Archive) -> None:
        archive.seal()
        head = archive.head()
        entries = archive.heartbeats(2)
        with archive.db.write() as connection:
            ledger.append(connection, head, entries[:1])
        with pytest.raises(StateUnknown), archive.db.write() as connection:
            ledger.append(connection, dataclasses.replace(head, size=5), entries[1:])
        assert archive.head().size == 2

    def test_a_token_is_given_once(self, archive: Archive) -> None:
        from archive.stamping import _update

        archive.seal()
        with pytest.raises(StateUnknown, match="stamped"), archive.db.write() as connection:
            _update(connection, "main-2026", 1, tst=b"another")


class TestClock:
    def test_nothing_is_sealed_with_a_clock_that_stepped_back(self, archive: Archive) -> None:
        archive.seal()
        archive.heartbeats(1)
        archive.clock.moment = START.replace(hour=3)
        before = stored(archive)
        with pytest.raises(ClockBehind, match="stands before the last seal"):
            archive.seal()
        assert stored(archive) == before
        assert archive.head().size == 1
        archive.clock.moment = START.replace(hour=4, minute=1)
        archive.seal()
        assert_passed(archive)

    def test_nor_is_a_batch_finished(self, archive: Archive) -> None:
        archive.seal()
        sealer = archive.new_sealer()
        sealer._guard()
        archive.heartbeats(1)
        assert sealer._append()
        archive.clock.moment = START.replace(hour=3)
        with pytest.raises(ClockBehind):
            archive.seal()
        assert archive.head().signed == 1

    def test_small_steps_are_bridged(self, archive: Archive) -> None:
        archive.seal()
        archive.clock.advance(seconds=-1)
        archive.heartbeats(1)
        archive.seal()
        assert_passed(archive)


class TestEditedDatabase:
    """What the database says is signed only if it extends the last checkpoint."""

    @pytest.fixture(autouse=True)
    def _signed_and_appended(self, archive: Archive) -> None:
        archive.seal()
        archive.heartbeats(5)
        archive.seal()
        sealer = archive.new_sealer()
        sealer._guard()
        archive.heartbeats(3)
        assert sealer._append()
        assert (archive.head().signed, archive.head().size) == (7, 11)

    @pytest.mark.parametrize("idx", [0, 3, 6, 7, 8, 10])
    def test_bytes_of_an_entry(self, archive: Archive, idx: int) -> None:
        execute(archive, "UPDATE entry SET data=CAST(data||' ' AS BLOB) WHERE idx=:idx", idx=idx)
        self._refused(archive)

    @pytest.mark.parametrize("idx", [0, 6, 7, 10])
    def test_leaf_hash_of_an_entry(self, archive: Archive, idx: int) -> None:
        execute(archive, "UPDATE entry SET leaf=zeroblob(32) WHERE idx=:idx", idx=idx)
        self._refused(archive)

    @pytest.mark.parametrize("idx", [0, 3, 6])
    def test_a_signed_entry_with_its_leaf_hash(self, archive: Archive, idx: int) -> None:
        data = b'{"rewritten":true}'
        leaf = link_digest(data).value
        sql = "UPDATE entry SET data=:data, leaf=:leaf WHERE idx=:idx"
        execute(archive, sql, data=data, leaf=leaf, idx=idx)
        self._refused(archive)

    @pytest.mark.parametrize("idx", [0, 6, 7, 9, 10])
    def test_a_row_is_deleted(self, archive: Archive, idx: int) -> None:
        execute(archive, "DELETE FROM entry WHERE idx=:idx", idx=idx)
        self._refused(archive)

    def test_rows_are_exchanged(self, archive: Archive) -> None:
        for old, new in ((8, 99), (9, 8), (99, 9)):
            execute(archive, "UPDATE entry SET idx=:new WHERE idx=:old", old=old, new=new)
        self._refused(archive, bytes_stay=False)

    def test_the_frontier(self, archive: Archive) -> None:
        other = CompactRange()
        other.extend(bytes([n]) * 32 for n in range(7))
        execute(archive, "UPDATE head SET frontier=:new", new=b"".join(other.hashes))
        self._refused(archive)

    def test_the_frontier_and_the_checkpoint(self, archive: Archive) -> None:
        """Whoever has the database but not the log key cannot make a checkpoint that fits."""
        other = CompactRange()
        other.extend(bytes([n]) * 32 for n in range(7))
        with archive.db.read() as connection:
            note = connection.execute(text("SELECT note FROM seal WHERE size=7")).scalar_one()
        old = Note.parse(note)
        origin = archive.identity.origin("main-2026")
        forged = Note(Checkpoint(origin, 7, other.root()).text(), old.signatures).to_bytes()
        execute(archive, "UPDATE head SET frontier=:new", new=b"".join(other.hashes))
        execute(archive, "UPDATE seal SET note=:note WHERE size=7", note=forged)
        self._refused(archive)

    def test_the_last_seal_is_gone(self, archive: Archive) -> None:
        execute(archive, "DELETE FROM seal WHERE size=7")
        self._refused(archive)

    def _refused(self, archive: Archive, *, bytes_stay: bool = True) -> None:
        before = stored(archive)
        if not bytes_stay:
            return self._never_fits(archive)
        for _ in range(2):
            archive.reopen()
            with pytest.raises(LedgerForked):
                archive.seal()
        assert archive.head().signed == 7
        assert stored(archive) == before
        return None

    def _never_fits(self, archive: Archive) -> None:
        """Two unsigned entries in another order: their streams show it to every reader."""
        archive.reopen()
        archive.seal()
        assert report_of(archive).outcome is Outcome.FAILED


class TestEditedTiles:
    def test_a_tile_root_of_the_database_is_never_stored_wrong(self, tmp_path: Path) -> None:
        archive = make_archive(tmp_path)
        archive.heartbeats(300)
        archive.seal()
        execute(archive, "UPDATE tile_root SET hash=zeroblob(32)")
        archive.heartbeats(300)
        with pytest.raises(LedgerForked, match="Tile 0 of level 1"):
            archive.seal()
        assert not (archive.live / "log/main-2026/tile/1/000.p/2").exists()


class TestRestoredDatabase:
    def test_an_older_database_signs_nothing(self, archive: Archive) -> None:
        archive.seal()
        archive.heartbeats(3)
        archive.seal()
        self._back_up(archive)
        archive.heartbeats(3)
        archive.seal()
        before = stored(archive)
        self._restore(archive)
        archive.heartbeats(1)
        with pytest.raises(LedgerBehind, match="rebuild"):
            archive.seal()
        assert stored(archive) == before

    def test_one_of_last_year_signs_nothing(self, archive: Archive) -> None:
        archive.seal()
        self._back_up(archive)
        archive.clock.advance(days=60)
        archive.heartbeats(1)
        archive.seal()
        self._restore(archive)
        with pytest.raises(LedgerBehind):
            archive.seal()

    def test_an_empty_one_signs_nothing(self, archive: Archive) -> None:
        archive.seal()
        archive.db.close()
        for path in archive.home.glob("cunzheng.db*"):
            path.unlink()
        archive.reopen()
        with pytest.raises(LedgerBehind):
            archive.seal()

    def test_another_archives_storage_is_no_place(self, archive: Archive) -> None:
        """A database whose newest seal stands in storage with other bytes is a fork."""
        archive.seal()
        path = archive.evidence / layout.note_key("main-2026", 1)
        path.unlink()
        path.write_bytes(b"another note")
        archive.reopen()
        archive.heartbeats(1)
        with pytest.raises(LedgerForked):
            archive.seal()

    def _back_up(self, archive: Archive) -> None:
        archive.db.close()
        shutil.copyfile(archive.home / "cunzheng.db", archive.home / "backup.db")
        archive.reopen()

    def _restore(self, archive: Archive) -> None:
        archive.db.close()
        for path in archive.home.glob("cunzheng.db*"):
            path.unlink()
        shutil.move(archive.home / "backup.db", archive.home / "cunzheng.db")
        archive.reopen()


class TestStoring:
    def test_lost_staging_blocks_the_log(self, archive: Archive) -> None:
        archive.seal()
        made = archive.accession(b"large", staged=True)
        (archive.places.staging / made.record).unlink()
        for _ in range(2):
            with pytest.raises(LedgerBlocked, match="staged bytes"):
                archive.seal()
            archive.reopen()
        path = archive.places.staging / made.record
        path.write_bytes(b"large")
        archive.seal()
        assert_passed(archive)

    def test_altered_staging_is_noticed_before_the_seal(self, archive: Archive) -> None:
        archive.seal()
        made = archive.accession(b"large", staged=True)
        path = archive.places.staging / made.record
        path.unlink()
        path.write_bytes(b"LARGE")
        with pytest.raises(ContentAltered):
            archive.seal()
        assert not (archive.evidence / layout.note_key("main-2026", 3)).exists()


class TestCertificates:
    def test_what_a_seal_is_judged_by_is_stored_and_named_before(self, archive: Archive) -> None:
        archive.heartbeats(1)
        archive.seal()
        opened = entries_of(archive, "main-2026")[0]
        named = [*opened.body["certificates"], *opened.body["crls"]]
        assert len(opened.body["certificates"]) == 4
        assert len(opened.body["crls"]) == 2
        for digest in named:
            kind = "crt" if digest in opened.body["certificates"] else "crl"
            data = read_all(archive.places.evidence, layout.pki_key(digest.split(":")[1], kind))
            assert str(Digest.of("sha256", data)) == digest

    def test_a_crl_every_day(self, archive: Archive) -> None:
        archive.seal()
        for _ in range(3):
            archive.heartbeats(1)
            archive.seal()
            archive.clock.advance(days=1)
        linked = [e for e in entries_of(archive, "main-2026") if e.kind == "log.linked"]
        assert [len(entry.body["crls"]) for entry in linked] == [0, 1, 1]
        stored_crls = list((archive.evidence / "pki").glob("*.crl"))
        assert len(stored_crls) == 4
        assert_passed(archive, max_age=200_000)


class TestSilence:
    def kinds(self, archive: Archive) -> list[str]:
        return [entry.kind for entry in entries_of(archive, "main-2026")]

    def test_a_machine_that_was_off_says_so(self, archive: Archive) -> None:
        archive.seal()
        archive.clock.advance(hours=9)
        archive.heartbeats(1)
        archive.seal()
        found = entries_of(archive, "main-2026")
        assert self.kinds(archive)[1:] == [
            "log.linked",
            "outage.started",
            "outage.ended",
            "log.heartbeat",
        ]
        assert found[2].body["reason"] == found[3].body["reason"] == "not_running"
        assert found[2].body["since"].startswith("2026-11-22T04:00")
        assert found[3].body["until"].startswith("2026-11-22T13:00")
        assert_passed(archive)

    def test_heartbeats_keep_it_quiet(self, archive: Archive) -> None:
        archive.seal()
        for _ in range(3):
            archive.clock.advance(minutes=60)
            archive.heartbeats(1)
            archive.seal()
        assert "outage.started" not in self.kinds(archive)
        assert_passed(archive)

    def test_also_one_that_went_off_in_the_middle_of_a_batch(self, archive: Archive) -> None:
        archive.seal()
        sealer = archive.new_sealer()
        sealer._guard()
        archive.heartbeats(1)
        assert sealer._append()
        archive.clock.advance(hours=9)
        archive.reopen()
        archive.seal()
        assert self.kinds(archive)[-3:] == ["log.linked", "outage.started", "outage.ended"]
        assert_passed(archive)
