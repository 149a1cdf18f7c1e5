"""Readers of records find packed ones: checked before a byte leaves, wherever the bytes stand."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from archive_builder import Builder
from archive_fixture import policy_of
from packed_fixture import Packed
from stored_files import stored

from archive import catalog, layout
from archive.bundle import write_bundle
from archive.catalog_check import check_catalog
from archive.custody import custody
from archive.database_check import LedgerCopy
from archive.errors import ContentAltered, FormatError, ObjectMissing
from archive.lease import Lease
from archive.parts import CONTENT, Nearby, Part, find_part, part_of, read_part, read_small
from archive.pieces import PIECE_SIZE
from archive.proof import proof_bundle
from archive.rebuild import rebuild
from archive.report import Report
from archive.sealed_record import PieceAltered, SealedRecord
from archive.stored_log import LogTrust, ProvedEntry
from archive.verify import verify

SIDE = b'{"cunzheng_sidecar":1}'
LARGE = bytes(range(256)) * (PIECE_SIZE // 256)


@pytest.fixture
def made(tmp_path: Path) -> Builder:
    made = Builder(tmp_path / "store")
    made.open()
    made.pack(b"first", (b"second", SIDE), b"", LARGE)
    made.seal()
    return made


def opened(made: Builder, number: int) -> SealedRecord:
    """The record behind its entry, as if that had been proved."""
    index = number + 1
    proved = ProvedEntry(made.log.name, index, made.log.entries[index], (), made.log.sealed, b"")
    return SealedRecord(made.stores()[0], proved, made.records[number])


def split(made: Builder, number: int) -> None:
    """Objects of its own for a record, as after a split."""
    for part in ("content", "record.json", "sidecar"):
        try:
            data = stored(made.path(""), made.records[number], part).read()
        except FileNotFoundError:
            continue
        made.write(layout.record_prefix(made.records[number]) + part, data)


def damage(made: Builder, number: int, part: str) -> None:
    found = stored(made.path(""), made.records[number], part)
    data = found.read()
    found.change(data, data[:-1] + bytes([data[-1] ^ 1]))


def gone(made: Builder) -> None:
    for path in made.path("packs").rglob("*.zip"):
        path.unlink()


@pytest.mark.parametrize(
    ("number", "content", "sidecar"),
    [(0, b"first", None), (1, b"second", SIDE), (2, b"", None), (3, LARGE, None)],
)
@pytest.mark.parametrize("how", ["packed", "split", "split, pack gone", "split, pack damaged"])
def test_a_packed_record_is_read(
    made: Builder, number: int, content: bytes, sidecar: bytes | None, how: str
) -> None:
    if how != "packed":
        split(made, number)
    if how.endswith("gone"):
        gone(made)
    if how.endswith("damaged"):
        for path in made.path("packs").rglob("*.zip"):
            path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))
    record = opened(made, number)
    assert b"".join(record.pieces()) == content
    assert record.sidecar() == sidecar
    assert record.id == made.records[number]
    assert record.piece_count == (1 if content else 0)


def test_no_altered_byte_leaves(made: Builder) -> None:
    damage(made, 0, "content")
    with pytest.raises(PieceAltered, match="not handed out"):
        next(opened(made, 0).pieces())
    damage(made, 1, "sidecar")
    with pytest.raises(PieceAltered, match="sidecar"):
        opened(made, 1).sidecar()
    assert b"".join(opened(made, 1).pieces()) == b"second"
    damage(made, 3, "record.json")
    with pytest.raises(ContentAltered, match="description"):
        opened(made, 3)


def test_a_wrong_copy_beside_a_wrong_pack_is_no_help(made: Builder) -> None:
    split(made, 0)
    made.flip(layout.content_key(made.records[0]))
    assert b"".join(opened(made, 0).pieces()) == b"first"  # the pack is asked first
    for path in made.path("packs").rglob("*.zip"):
        path.write_bytes(path.read_bytes().replace(b"first", b"f1rst"))
    with pytest.raises(PieceAltered):
        next(opened(made, 0).pieces())


def test_a_pack_that_is_gone(made: Builder) -> None:
    record = opened(made, 0)
    gone(made)
    with pytest.raises(ObjectMissing):
        record.prepare()
    with pytest.raises(ObjectMissing):
        opened(made, 0)


def test_a_pack_that_is_cut_off(made: Builder) -> None:
    path = next(made.path("packs").rglob("*.zip"))
    path.write_bytes(path.read_bytes()[: stored(made.path(""), made.records[3], "content").start])
    assert b"".join(opened(made, 1).pieces()) == b"second"
    with pytest.raises(ContentAltered):
        opened(made, 3)


def test_parts_are_read_by_ranges(made: Builder) -> None:
    store = made.stores()[0]
    record = opened(made, 3)
    part = part_of(record.id, record.entry.body, record.entry.at, CONTENT)
    assert part.pack is not None
    assert b"".join(read_part(store, part, 5, 7)) == LARGE[5:12]
    assert b"".join(read_part(store, part, PIECE_SIZE - 3, 9)) == LARGE[-3:]
    assert b"".join(read_part(store, part, PIECE_SIZE + 1)) == b""
    assert read_small(store, part) == LARGE
    with pytest.raises(FormatError, match="larger"):
        read_small(store, part, 100)
    assert find_part(store, part)
    assert not find_part(store, Part("records/none"))


class Counting:
    """A store that counts what is asked of it."""

    def __init__(self, made: Builder) -> None:
        self._store = made.stores()[0]
        self.asked = 0

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.asked += 1
        return self._store.read(key, start, length)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_neighbours_are_read_together(tmp_path: Path) -> None:
    made = Builder(tmp_path)
    made.open()
    made.pack(*(b"%d" % number for number in range(100)), bytes(1 << 20), b"last")
    made.seal()
    records = [opened(made, number) for number in range(102)]
    store = Counting(made)
    nearby = Nearby(store)  # type: ignore[arg-type]
    for record in records:
        part = part_of(record.id, record.entry.body, record.entry.at, "record.json")
        assert nearby.read(part, 1 << 20) == record.record_json
    assert store.asked == 2
    gone(made)
    split_part = part_of(records[0].id, records[0].entry.body, records[0].entry.at, "record.json")
    made.write(split_part.own, records[0].record_json)
    assert Nearby(made.stores()[0]).read(split_part, 1 << 20) == records[0].record_json
    with pytest.raises(FormatError):
        nearby.read(split_part, 10)


# ── a real archive ──


@pytest.fixture
def packed(tmp_path: Path) -> Iterator[Packed]:
    packed = Packed(tmp_path)
    side = b'{"cunzheng_sidecar":1,"case":"A-1"}'
    packed.take({"a.txt": b"one", "a.txt.json": side, "b.txt": b"two", "c.bin": bytes(300_000)})
    packed.take({"d.txt": b"three"}, "more")
    yield packed
    packed.archive.db.close()


def record_of(packed: Packed, name: str) -> str:
    with packed.archive.db.read() as connection:
        rows = catalog.search(connection, catalog.Query(words=(name,)))
    return rows[0].id


def test_custody_shows_a_packed_record(packed: Packed) -> None:
    record = record_of(packed, "a.txt")
    with packed.archive.db.read() as connection:
        found = custody(connection, packed.archive.places.evidence, record)
    assert found.problem is None
    assert found.description is not None
    assert found.description.value["claims"]["case"] == "A-1"
    stored(packed.archive.evidence, record, "record.json").change(b'"v":1', b'"v":2')
    with packed.archive.db.read() as connection:
        found = custody(connection, packed.archive.places.evidence, record)
    assert found.description is None
    assert "not the one that was sealed" in (found.problem or "")


def rows(packed: Packed) -> list[object]:
    with packed.archive.db.read() as connection:
        return [tuple(row) for row in connection.execute(catalog.RECORD.select())]


def test_rebuild_fills_the_catalog_from_packs(packed: Packed) -> None:
    archive, before = packed.archive, rows(packed)
    assert len(before) == 4
    archive.db.close()
    for file in archive.home.glob("cunzheng.db*"):
        file.unlink()
    lease, policy = Lease(archive.home / "seal.lock"), policy_of(archive)
    parts = (archive.identity, lease, archive.clock, archive.fs, policy)
    found = rebuild(archive.db, archive.places, *parts)
    assert (found.records, found.unreadable) == (4, 0)
    archive.reopen()
    assert sorted(rows(packed), key=repr) == sorted(before, key=repr)
    packed.intake = packed.new_intake()
    packed.take({"e.txt": b"after"}, "later")
    now = archive.clock.now()
    report = verify(archive.places.evidence, archive.places.live, policy, now=now, workers=1)
    assert not report.findings


def test_rebuild_counts_a_damaged_description(packed: Packed) -> None:
    archive = packed.archive
    record = record_of(packed, "b.txt")
    stored(archive.evidence, record, "record.json").change(b'"v":1', b'"v":2')
    lease, policy = Lease(archive.home / "seal.lock"), policy_of(archive)
    parts = (archive.identity, lease, archive.clock, archive.fs, policy)
    found = rebuild(archive.db, archive.places, *parts)
    assert (found.records, found.unreadable) == (4, 1)
    archive.reopen()
    assert len(rows(packed)) == 3


def edit(column: str, value: object) -> Callable[[Packed], None]:
    def change(packed: Packed) -> None:
        with packed.archive.db.write() as connection:
            where = catalog.RECORD.c.name == "a.txt"
            connection.execute(catalog.RECORD.update().where(where).values({column: value}))

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: None, None),
        (edit("title", "other"), "the column title is not what record.json says"),
        (edit("pack", "main-2026-0000000000000001-p"), "the column pack is not what its entry"),
        (edit("pack", None), "the column pack is not what its entry says"),
        (edit("pack_place", b"{}"), "the column pack_place is not what its entry says"),
    ],
)
def test_the_catalog_is_held_against_packed_records(
    packed: Packed, change: Callable[[Packed], None], reason: str | None
) -> None:
    change(packed)
    archive = packed.archive
    report = Report("everything", archive.clock.now())
    copy = LedgerCopy(f"sqlite:///{archive.home}/cunzheng.db")
    for _ in copy.leaves("main-2026"):
        pass
    check_catalog(copy, archive.places.evidence, report)
    copy.close()
    found = [(f.subject, f.details["reason"]) for f in report.findings]
    if reason is None:
        assert found == []
    else:
        assert [subject for subject, _ in found] == [record_of(packed, "a.txt")]
        assert reason in found[0][1]


def test_many_processes_compare_the_catalog(
    packed: Packed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same findings, whoever finds them: every portion is one line here."""
    monkeypatch.setattr("archive.database_check._ROWS_AT_ONCE", 1)
    edit("name", "other")(packed)
    archive = packed.archive
    copy = LedgerCopy(f"sqlite:///{archive.home}/cunzheng.db")
    for _ in copy.leaves("main-2026"):
        pass
    for workers in (1, 2):
        report = Report("everything", archive.clock.now())
        check_catalog(copy, archive.places.evidence, report, workers=workers)
        assert [f.details["reason"] for f in report.findings] == [
            "the column name is not what record.json says"
        ]
    copy.close()


def test_the_proof_of_a_packed_record(packed: Packed) -> None:
    """The README's own commands take the content out of its pack with standard tools."""
    archive, record = packed.archive, record_of(packed, "a.txt")
    files = proof_bundle(archive.db, archive.places, LogTrust.of(archive.identity), record)
    text = files["README.txt"].decode()
    folder = archive.home / "out"
    write_bundle(archive.fs, folder, files)
    (pack,) = (p for p in packed.packs() if record.encode() in p.read_bytes())
    assert pack.relative_to(archive.evidence).as_posix() in text
    (folder / "PACK").write_bytes(pack.read_bytes())
    commands = [line[2:] for line in text.split("\n") if line.startswith("$ ")]
    for tool in ("dd ", "unzip "):
        taken = next(line for line in commands if line.startswith(tool))
        if shutil.which(tool.strip()) is not None:
            done = subprocess.run(["bash", "-ec", taken], cwd=folder, check=False)
            assert done.returncode == 0
            assert (folder / "CONTENT").read_bytes() == b"one"
            (folder / "CONTENT").unlink()
    alone = record_of(packed, "c.bin")
    files = proof_bundle(archive.db, archive.places, LogTrust.of(archive.identity), alone)
    assert "PACK" not in files["README.txt"].decode()
