"""Small records travel in packs: from the drop to the store, and when something breaks."""

import json
import subprocess
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from packed_fixture import Packed
from sqlalchemy import select, update

from archive import ledger, packing
from archive.abandon import Abandoner
from archive.actors import Doer
from archive.desk.db_shelf import DbShelf
from archive.entry import Entry
from archive.errors import ContentAltered, FormatError, LedgerBlocked, StateUnknown
from archive.lease import Lease
from archive.ledger import PENDING, Waiting
from archive.lines import LineMaker
from archive.publish import Places
from archive.receipt import Receipt
from ingest import packing as ingest_packing
from signing import canonical
from signing.digest import Digest
from signing.errors import CanonicalError

NOTES = {f"note-{n:02}.txt": b"inspection note %d\n" % n for n in range(12)}
PACK = "main-2026-0000000000000001-p"
ID = "01J0000000000000000000000"


def sidecar(**fields: object) -> bytes:
    return json.dumps({"cunzheng_sidecar": 1, **fields}).encode()


def waiting(number: int, pack: str | None) -> Waiting:
    body = b'{"pack":{"id":"%s","offset":9},"size":3}' % pack.encode() if pack else b"{}"
    return Waiting(f"{number}", "k.k", "log", "system/a", None, body, pack)


def test_packs_are_named_by_their_first_member() -> None:
    moment = datetime(2026, 12, 31, 20, tzinfo=UTC)
    entries = [waiting(n, pack) for n, pack in enumerate([None, "A-6m", "B-p", "A-6m", None])]
    appended, packs = packing.name_packs(entries, "main-2026", 40, moment)
    bodies = [json.loads(entry.body) for entry in appended]
    first, second = "main-2026-0000000000000041-6m", "main-2026-0000000000000042-p"
    ids = [body.get("pack", {}).get("id") for body in bodies]
    assert ids == [None, first, second, first, None]
    assert bodies[1] == {"size": 3, "pack": {"id": first, "offset": 9}}
    assert [(p.staged, p.key, p.pending) for p in packs] == [
        ("A-6m", f"packs/2026/12/{first}.zip", "1"),
        ("B-p", f"packs/2026/12/{second}.zip", "2"),
    ]


def test_a_member_must_name_its_pack() -> None:
    stranger = waiting(1, "A-p")._replace(pack="B-p")
    with pytest.raises(StateUnknown):
        packing.name_packs([stranger], "main-2026", 0, datetime(2026, 1, 1, tzinfo=UTC))


def test_forms_are_canonical() -> None:
    form = canonical.Form("a", "name_b64", "z")
    value = {"a": None, "name_b64": "笔录\n", "z": [1]}
    made = form(canonical.text(None), canonical.text("笔录\n"), b"[1]")
    assert made == canonical.encode(value)
    for keys in (("b", "a"), ("a", "a"), ("é b",), ('a"',)):
        with pytest.raises(CanonicalError):
            canonical.Form(*keys)
    for text in ("e\u0301", "\ud800"):
        with pytest.raises(CanonicalError):
            canonical.text(text)
    for text in ("", "a", 'q"\\', "\x7f\x00", "é"):
        assert canonical.text(text) == canonical.encode(text)


@pytest.mark.parametrize("subject", [None, ID, "DSJ-1", "é"])
@pytest.mark.parametrize("prev", [None, bytes(32)])
def test_lines_are_what_entries_are(subject: str | None, prev: bytes | None) -> None:
    at = datetime(2026, 12, 31, 20, 0, 0, 5, tzinfo=UTC)
    body = {"office": "局", "b": [1, None, True]}
    parts = {"kind": "k.k", "stream": "source/DSJ-1", "actor": "account/王", "subject": subject}
    link = Digest("sha256", prev) if prev else None
    entry = Entry(at=at, body=body, prev=link, seq=7, **parts)
    made = LineMaker(at).line(**parts, body=canonical.encode(body), seq=7, prev=prev)
    assert made == entry.to_bytes()


def test_a_line_has_at_most_so_many_bytes() -> None:
    with pytest.raises(FormatError):
        LineMaker(datetime(2026, 1, 1, tzinfo=UTC)).line(
            "k.k", "log", "system/a", None, bytes(65_535), 0, None
        )


def test_small_records_of_a_batch_are_one_object(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    claims = {"note-03.txt.json": sidecar(stage="investigate"), "empty.txt": b""}
    packed.take({**NOTES, **claims, "large.bin": bytes(300_000)})
    assert packed.records() == {**NOTES, "empty.txt": b"", "large.bin": bytes(300_000)}
    (pack,) = packed.packs()
    assert len(packed.alone()) == 1
    assert pack.stat().st_mode & 0o777 == 0o444
    first = packed.entries()[0]
    assert pack.stem == first.body["pack"]["id"]
    assert pack.parent == packed.archive.evidence / f"packs/{first.at:%Y/%m}"
    assert packed.waiting() == (0, 0)
    assert packed.staged() == []


def test_any_tool_opens_a_pack(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.take({**NOTES, "note-05.txt.json": sidecar()})
    with zipfile.ZipFile(packed.packs()[0]) as found:
        assert found.testzip() is None
        found.extractall(tmp_path / "out")
        names = found.namelist()
    said = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", check=False
    )
    assert said.returncode == 0
    order = [str(entry.subject) for entry in packed.entries()]
    assert list(dict.fromkeys(name.partition("/")[0] for name in names)) == [*order, "SHA256SUMS"]


def test_catalog_says_where_a_record_lies(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.take({"a.txt": b"a", "b.bin": bytes(300_000)})
    small, large = sorted(
        (packed.row(str(e.subject)) for e in packed.entries()), key=lambda r: r["size"]
    )
    place = next(e.body["pack"] for e in packed.entries() if e.subject == small["id"])
    assert small["pack"] == place["id"]
    assert json.loads(small["pack_place"]) == place
    assert (large["pack"], large["pack_place"]) == (None, None)


@pytest.mark.parametrize("mark", ["sensitive", "敏感"])
def test_sensitive_records_stand_alone(tmp_path: Path, mark: str) -> None:
    packed = Packed(tmp_path)
    claims = {"note-01.txt.json": sidecar(classification=mark)}
    claims["note-02.txt.json"] = sidecar(classification="internal")
    packed.take({**NOTES, **claims})
    assert len(packed.alone()) == 1
    assert packed.records() == NOTES


ORDINARY = {"sensitivity": [], "importance": "ordinary"}
CASES: dict[str, tuple[dict[str, object], list[str], bool]] = {
    "held": (ORDINARY, ["h"], True),
    "no longer held": (ORDINARY, [], False),
    "sensitive": ({**ORDINARY, "sensitivity": ["minor"]}, [], True),
    "major": ({**ORDINARY, "importance": "major"}, [], True),
}


@pytest.mark.parametrize("name", CASES)
def test_records_of_some_cases_stand_alone(tmp_path: Path, name: str) -> None:
    packed = Packed(tmp_path)
    value, holds, apart = CASES[name]
    with packed.archive.db.write() as connection:
        shelf = DbShelf(connection)
        shelf.put("case_number", "沪税罚〔2026〕1号", {"case": ID})
        shelf.put("case", ID, value)
        shelf.put("case_holds", ID, {"holds": holds})
    numbers = (" 沪税罚〔2026〕1号", "A-2")
    claims = {f"note-0{n}.txt.json": sidecar(case=text) for n, text in enumerate(numbers)}
    packed.take({**NOTES, **claims})
    claimed = [packed.row(record)["case_no"] for record in packed.alone()]
    assert claimed == [numbers[0]] * apart
    assert packed.records() == NOTES


def test_other_rules_may_set_records_apart(tmp_path: Path) -> None:
    rule = {"alone": lambda claims: claims.get("stage") == "decide"}
    packed = Packed(tmp_path, changed=rule)
    packed.take({**NOTES, "note-01.txt.json": sidecar(stage="decide")})
    assert len(packed.alone()) == 1


def test_first_lock_is_counted_from_the_receipt(tmp_path: Path) -> None:
    half = timedelta(days=180)
    floor = {"floor": lambda moment: moment + half, "floor_class": lambda: "6m"}
    packed = Packed(tmp_path, changed=floor)
    admitted = packed.admit({**NOTES, "large.bin": bytes(300_000)})
    assert admitted.records == len(NOTES) + 1
    with packed.archive.db.read() as connection:
        rows = connection.execute(select(ledger.UNSTORED)).all()
    locks = {row.key: row.retain_until for row in rows if not row.key.startswith("details/")}
    packed.intake.finish()
    entries = packed.entries()
    ends = {e.body["received_at"]: datetime.fromisoformat(e.body["retain_until"]) for e in entries}
    assert all(end == datetime.fromisoformat(at) + half for at, end in ends.items())
    members = [datetime.fromisoformat(e.body["retain_until"]) for e in entries if "pack" in e.body]
    (staged,) = [key for key in locks if key.endswith("-6m")]
    assert locks.pop(staged).replace(tzinfo=UTC) == max(members)
    assert len(locks) == 2
    assert None not in locks.values()
    assert packed.packs()[0].stem.endswith("-6m")
    assert packed.row(str(entries[0].subject))["retain_until"] is not None


def test_a_pack_is_never_cut_in_two(tmp_path: Path) -> None:
    """However small batches are, and however the numbers of two packs are mixed."""
    packed = Packed(tmp_path, batch=4)
    packed.admit(NOTES)
    packed.archive.heartbeats(1)
    packed.admit({f"more-{n}.txt": b"more %d" % n for n in range(9)}, "more")
    mix_numbers(packed)
    packed.intake.finish()
    assert len(packed.packs()) == 2
    assert len(packed.records()) == 21
    first = [int(e.body["pack"]["id"].split("-")[2]) for e in packed.entries()]
    assert len(set(first)) == 2
    packed.published()


def mix_numbers(packed: Packed) -> None:
    """Give the submitted entries the numbers that two processes at once would give them."""
    with packed.archive.db.write() as connection:
        rows = connection.execute(select(PENDING.c.number, PENDING.c.pack)).all()
        packs = sorted({row.pack for row in rows if row.pack})
        places = {pack: iter(range(2000 + at, 3000, 2)) for at, pack in enumerate(packs)}
        others = iter(range(3000, 4000))
        for row in rows:
            new = next(places[row.pack] if row.pack else others)
            here = PENDING.c.number == row.number
            connection.execute(update(PENDING).where(here).values(number=new))


def test_urgent_entries_do_not_tear_a_pack_apart(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.admit(NOTES)
    with packed.archive.db.write() as connection:
        one = connection.execute(select(PENDING.c.id).where(PENDING.c.pack.is_not(None))).first()
        assert one is not None
        connection.execute(update(PENDING).where(PENDING.c.id == one.id).values(urgent=True))
    with packed.archive.db.read() as connection:
        urgent = ledger.waiting(connection, only_urgent=True, limit=512)
    assert len([entry for entry in urgent if entry.pack]) == len(NOTES)


def test_a_batch_beyond_what_memory_may_hold_gets_several_packs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_packing, "HELD_BYTES", 2500)
    packed = Packed(tmp_path)
    files = {f"{n:02}.bin": bytes([n]) * 1000 for n in range(9)}
    packed.take({**files, "08.bin.json": sidecar(note="x" * 2400)})
    assert [len(zipfile.ZipFile(path).namelist()) for path in packed.packs()] == [5, 5, 5, 5, 4]
    assert packed.records() == files


class Stop(Exception):
    """The process ends here."""


@pytest.mark.parametrize("after", [True, False])
def test_a_batch_that_is_taken_up_again_gives_the_same_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    packed = Packed(tmp_path)
    packed.admit(NOTES)
    evidence = packed.archive.places.evidence
    put = evidence.put

    def stop(items: object) -> None:
        if after:
            put(items)  # type: ignore[arg-type]
        raise Stop

    monkeypatch.setattr(evidence, "put", stop)
    with pytest.raises(Stop):
        packed.intake.finish()
    monkeypatch.undo()
    before = {path: path.read_bytes() for path in packed.packs()}
    assert bool(before) == after
    (staged,) = packed.staged()
    data = staged.read_bytes()
    packed.archive.clock.advance(days=20)
    packed.archive.reopen()
    packed.intake = packed.new_intake()
    packed.intake.finish()
    (pack,) = packed.packs()
    assert pack.read_bytes() == data
    assert not before or before == {pack: data}
    assert packed.records() == NOTES


def test_a_pack_that_does_not_read_back_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = Packed(tmp_path)
    packed.admit(NOTES)
    monkeypatch.setattr(packed.archive, "places", altered_in_reading(packed.archive.places))
    packed.archive.sealer = packed.archive.new_sealer()
    with pytest.raises(ContentAltered):
        packed.archive.seal()
    head = packed.archive.head()
    assert head.published < head.size


def altered_in_reading(places: Places) -> Places:
    class Bent:
        def __getattr__(self, name: str) -> object:
            return getattr(places.evidence, name)

        def read(self, key: str, start: int = 0, length: int | None = None) -> object:
            data = b"".join(places.evidence.read(key, start, length))
            if key.endswith(".zip"):
                data = data[:100] + bytes([data[100] ^ 1]) + data[101:]
            return iter([data])

    return replace(places, evidence=Bent())  # type: ignore[arg-type]


def test_a_member_whose_entry_says_something_else_stops_the_seal() -> None:
    entry = {
        "kind": "record.accessioned",
        "at": "2026-11-22T04:00:00.000000Z",
        "subject": f"{ID}X",
        "body": {
            "record": "sha256:" + "0" * 64,
            "size": 1,
            "pack": {
                "id": "main-2026-0000000000000001-p",
                "offset": 64,
                "description": 5,
                "sidecar": None,
            },
        },
    }
    (found,) = packing.members_of([entry]).items()
    with pytest.raises(ContentAltered):
        packing.descriptions(found[0], bytes(500), found[1])


def test_an_object_that_is_gone_from_the_database_stops_the_append(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.admit(NOTES)
    with packed.archive.db.write() as connection:
        connection.execute(ledger.UNSTORED.delete().where(ledger.UNSTORED.c.path.is_not(None)))
    with pytest.raises(StateUnknown, match="gone from the database"):
        packed.intake.finish()
    assert packed.waiting()[0] >= len(NOTES)


def test_every_member_of_a_lost_pack_is_given_up(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.admit({**NOTES, "large.bin": bytes(300_000)})
    (pack,) = [path for path in packed.staged() if path.suffix == ".zip"]
    pack.unlink()
    archive = packed.archive
    for _ in range(2):
        with pytest.raises(LedgerBlocked, match="seal abandon"):
            packed.intake.finish()
    lease = Lease(archive.home / "seal.lock")
    abandoner = Abandoner(archive.db, archive.places, lease, archive.clock, archive.random)
    lost = abandoner.abandon(Doer("1000", "李四"), "磁盘损坏")
    members = [e for e in packed.entries() if "pack" in e.body]
    assert sorted(item.record for item in lost) == sorted(str(e.subject) for e in members)
    assert len(lost) == len(NOTES)
    archive.seal()
    packed.published()
    places = {item.record: {"log": item.log, "index": item.index} for item in lost}
    gone = packed.entries("record.lost")
    assert {str(e.subject): e.body["entry"] for e in gone} == places
    with archive.db.read() as connection:
        for record, place in places.items():
            (entry,) = ledger.entries_between(
                connection, place["log"], place["index"], place["index"] + 1
            )
            assert json.loads(entry.data)["subject"] == record
    # The drops still lie where they were, and are taken anew.
    assert packed.take({}).records == len(NOTES)


def test_a_packed_record_is_known_when_it_comes_again(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.take(NOTES)
    again = packed.take(NOTES, "again")
    assert (again.records, again.redropped) == (0, len(NOTES))
    assert len(packed.packs()) == 1
    assert packed.staged() == []


@pytest.mark.parametrize("harm", ["changed", "removed"])
def test_a_damaged_pack_does_not_swallow_the_second_copy(tmp_path: Path, harm: str) -> None:
    packed = Packed(tmp_path)
    packed.take(NOTES)
    (pack,) = packed.packs()
    if harm == "removed":
        pack.unlink()
    else:
        pack.chmod(0o644)
        pack.write_bytes(pack.read_bytes().replace(b"note 7", b"note 8"))
    again = packed.take(NOTES, "again")
    assert again.records == (1 if harm == "changed" else len(NOTES))


@pytest.mark.parametrize("part", ["sidecar", "record.json"])
@pytest.mark.parametrize("size", [10, 300_000])
def test_what_stands_beside_a_content_is_read_too(tmp_path: Path, part: str, size: int) -> None:
    """A copy is given up for the one that is stored only if all of that is right."""
    packed = Packed(tmp_path)
    drop = {"note.txt": b"x" * size, "note.txt.json": sidecar(stage="investigate")}
    packed.take(drop)
    assert packed.take(drop, "again").redropped == 1
    (entry,) = packed.entries()
    (path,) = packed.packs() or packed.archive.evidence.rglob(part)
    said = packed.part(entry, part)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(said, said.replace(b"investigate", b"prosecution")))
    third = packed.take(drop, "third")
    assert (third.redropped, third.records) == (0, 1)


def test_what_is_given_back_leaves_nothing_in_staging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = Packed(tmp_path)

    def full(*_: object) -> None:
        raise StateUnknown("no")

    monkeypatch.setattr(packed.archive.fs, "sync_file_system", full)
    with pytest.raises(StateUnknown):
        packed.admit({**NOTES, "large.bin": bytes(300_000)})
    assert packed.staged() == []
    monkeypatch.undo()
    assert packed.take({}).records == len(NOTES) + 1
    assert len(packed.records()) == len(NOTES) + 1


def test_the_same_content_twice_in_a_pack(tmp_path: Path) -> None:
    packed = Packed(tmp_path)
    packed.take({"a.txt": b"same", "b.txt": b"same"})
    first, second = packed.entries()
    assert second.body["same_content_as"] == first.subject
    assert packed.records() == {"a.txt": b"same", "b.txt": b"same"}


def test_every_receipt_proves_itself(tmp_path: Path) -> None:
    """Also those in full tiles, which share their paths, and in the open one."""
    packed = Packed(tmp_path)
    packed.take({f"{n:03}.txt": b"%d" % n for n in range(600)})
    (path,) = (tmp_path / "outbox").rglob("*.jsonl")
    found = [Receipt.parse(line) for line in path.read_bytes().splitlines()]
    assert {receipt.name for receipt in found} == {f"{n:03}.txt" for n in range(600)}
    assert [receipt.to_line() for receipt in found] == path.read_bytes().splitlines()
