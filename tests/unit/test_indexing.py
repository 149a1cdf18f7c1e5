"""The index follows the ledger: what is sealed is read against its seal, and nothing stops it."""

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import policy_of
from packed_fixture import Packed
from sqlalchemy import update
from stored_files import stored

from archive import late_details, ledger
from archive.catalog import RECORD, Query
from archive.desk.db_shelf import DbShelf
from archive.desk.finding import Found, find
from archive.desk.reading import Reader
from archive.errors import Unreachable
from archive.index import lookup, places
from archive.index.problems import ALTERED, MISSING, POSSIBLE_SECRET
from archive.late_sidecar import WHAT, check_late_sidecar
from archive.pieces import PIECE_SIZE
from archive.stored_log import LogTrust
from ingest import indexing
from ingest.amending import amendment
from ingest.documents.extract import Extracted
from ingest.index_text import Texts
from ingest.indexing import Indexer
from ingest.media.originals import Originals
from ingest.register import ACTOR, Maker
from signing.digest import Digest

HOLDER = Reader((), frozenset(), frozenset(), holder=True)
CLAIMS = '{"cunzheng_sidecar":1,"place":"人民路","note":"夜间蹲守","case":"2026-17"}'.encode()
FILES = {
    "a.txt": "现场检查笔录\n当事人张三超限运输".encode(),
    "b.txt": "询问笔录：李四".encode("gb18030"),
    "c.bin": bytes(range(256)),
    "d.html": "<!doctype html><html>责令<b>改正</b><script>隐藏</script></html>".encode(),
    "e.txt": b"battery fix",
    "e.txt.json": CLAIMS,
}


class Readers:
    """Answers for every document; counts them."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def read(self, source: Any, media_type: str, name: str, *, most: int = 0) -> Extracted:
        self.names.append(name)
        return Extracted(text="文书正文" * most)


class Bench:
    """An archive with records and what indexes them."""

    def __init__(self, home: Path) -> None:
        self.packed = Packed(home)
        self.archive = self.packed.archive
        self.readers = Readers()
        trust = LogTrust(self.archive.identity.archive_id, policy_of(self.archive).log_keys[-1].key)
        originals = Originals(self.archive.db, self.archive.places, trust, home / "scratch")
        self.threads = ThreadPoolExecutor(2)
        evidence = self.archive.places.evidence
        self.texts = Texts(evidence, originals, lambda: self.readers, self.threads)
        self.indexer = Indexer(self.archive.db, self.texts)

    def drain(self) -> int:
        count = 0
        while done := self.indexer.step():
            count += done
        return count

    def search(self, *words: str, **query: Any) -> Found:
        with self.archive.db.read() as connection:
            return find(connection, HOLDER, Query(words=words, **query), snippets=True)

    def names(self, *words: str, **query: Any) -> list[str]:
        return sorted(hit.row.name for hit in self.search(*words, **query).hits)

    def state(self) -> lookup.State:
        with self.archive.db.read() as connection:
            return lookup.state_of(connection)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.indexer.close()
    made.threads.shutdown()


def test_what_is_sealed_is_found(bench: Bench) -> None:
    bench.packed.take(FILES)
    assert bench.search("李四").waiting == 5
    assert bench.drain() == 5
    assert bench.state() == lookup.State(5, 0, {})
    assert bench.names("超限运输") == ["a.txt"]
    assert bench.names("李四") == ["b.txt"]
    assert bench.names("责令改正") == ["d.html"]
    assert bench.names("隐藏") == []
    assert bench.names("夜间蹲守") == bench.names(place="人民路") == ["e.txt"]
    assert bench.names("battery", case="2026-17") == ["e.txt"]
    bench.packed.take({"f.txt": "张三".encode()}, "more")
    assert bench.drain() == 1
    assert bench.names("张三") == ["a.txt", "f.txt"]
    assert bench.indexer.step() == 0


PAD = "x" * 70_000
LATE = {
    "blank.txt": "\n" * 70_000 + "机密★10年\n关于某项工作的通知\n各单位：",
    "field.json": f'{{"pad":"{PAD}","classification":"机密","t":"findme"}}',
    "escaped.json": json.dumps({"pad": PAD, "密级": "机密", "t": "findme"}),
    "late.xml": f'<?xml version="1.0"?><r><pad>{PAD}</pad><密级>機密</密级></r>',
}
HARMLESS = {
    "blank.log": "\n" * 70_000 + "保密须知\n机密文件由专人保管。findme",
    "field.json": f'{{"pad":"{PAD}","classification":"public","t":"机密文件 findme"}}',
    "late.xml": f"<r><pad>{PAD}</pad><密级>公开</密级><t>秘密 findme</t></r>",
}


@pytest.mark.parametrize("name", LATE)
def test_a_mark_behind_what_was_examined_is_raised(bench: Bench, name: str) -> None:
    """Its words are not in the index; once it is blocked nothing is raised any more."""
    bench.packed.take({name: LATE[name].encode()})
    bench.drain()
    state = bench.state()
    assert dict(state.problems) == {POSSIBLE_SECRET: 1}
    (record,) = state.suspects
    assert [hit.row.id for hit in bench.search(name).hits] == [record]
    assert bench.names("某项工作") == bench.names("findme") == bench.names("机密") == []
    with bench.archive.db.write() as connection:
        places.remove(connection, record)
    assert (bench.state().problems, bench.state().suspects) == ({}, ())


@pytest.mark.parametrize("name", HARMLESS)
def test_words_behind_it_that_are_no_mark_are_not(bench: Bench, name: str) -> None:
    bench.packed.take({name: HARMLESS[name].encode()})
    bench.drain()
    assert bench.state() == lookup.State(1, 0, {})
    assert bench.names("findme") == [name]


def test_small_batches_and_a_kill_between_two(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read and not written is read again."""
    monkeypatch.setattr(indexing, "_BATCH", 3)
    grown: list[object] = []
    monkeypatch.setattr(places, "learn", grown.append)
    bench.packed.take({f"{n}.txt": f"第{n}号笔录".encode() for n in range(8)})
    assert bench.indexer.step() == 3
    again = Indexer(bench.archive.db, bench.texts)
    while again.step():
        pass
    again.close()
    assert bench.state().indexed == 8
    bench.drain()
    assert bench.state() == lookup.State(8, 0, {})
    assert bench.names("第7号") == ["7.txt"]
    assert len(grown) == 3  # the database is asked to look at what it has, batch by batch


def test_documents_and_large_texts(bench: Bench) -> None:
    large = b"first words " + b"x" * PIECE_SIZE
    bench.packed.take({"large.txt": large, "paper.pdf": b"%PDF-1.7\n" + b"\x00\xff" * 50})
    bench.drain()
    assert bench.readers.names == ["paper.pdf"]
    assert bench.names("first words") == ["large.txt"]
    assert bench.names("文书正文") == ["paper.pdf"]


def test_what_cannot_be_had_stops_nothing(bench: Bench) -> None:
    bench.packed.take(FILES)
    records = {row.row.name: row.row.id for row in bench.search().hits}
    found = stored(bench.packed.home / "store" / "evidence", records["a.txt"], "content")
    found.change(found.read(), found.read()[:-1] + b"?")
    bench.drain()
    assert bench.state() == lookup.State(5, 0, {ALTERED: 1})
    assert bench.names("李四") == ["b.txt"]
    assert bench.names("张三") == []  # nothing of altered bytes is indexed
    assert bench.names("现场检查笔录") == ["a.txt"]  # its title is in the catalog


def test_a_pack_that_is_gone(bench: Bench) -> None:
    bench.packed.take(FILES)
    for path in (bench.packed.home / "store").rglob("*.zip"):
        path.unlink()
    bench.drain()
    assert bench.state().problems == {MISSING: 4}
    assert bench.drain() == 0
    bench.indexer.try_again()
    assert bench.drain() == 4 * 3
    assert bench.names("笔录") == ["a.txt", "b.txt"]  # titles are in the catalog


def test_a_store_that_is_away_costs_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> Any:
        raise Unreachable("away")

    bench.packed.take(FILES)
    with monkeypatch.context() as patch:
        patch.setattr(Texts, "read", away)
        with pytest.raises(Unreachable):
            bench.indexer.step()
    assert bench.state() == lookup.State(0, 5, {})
    assert bench.drain() == 5


def test_told_to_stop(bench: Bench) -> None:
    bench.packed.take(FILES)
    assert bench.indexer.step(lambda: False) == 0
    assert bench.state().indexed == 0


def test_a_line_that_changes_while_it_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late sidecar between reading and writing: read once more."""
    bench.packed.take(FILES)
    record = bench.search("a.txt").hits[0].row.id
    read = Texts.read

    def late(self: Texts, rows: Any) -> Any:
        monkeypatch.setattr(Texts, "read", read)
        with bench.archive.db.write() as connection:
            here = RECORD.c.id == record
            connection.execute(update(RECORD).where(here).values(subject="渣土倾倒"))
            places.refresh(connection, [record])
        return read(self, rows)

    monkeypatch.setattr(Texts, "read", late)
    bench.drain()
    assert bench.names(subject="渣土") == ["a.txt"]
    with bench.archive.db.write() as connection:
        here = RECORD.c.id == record
        connection.execute(update(RECORD).where(here).values(subject="占道经营"))
        places.refresh(connection, [record])
    assert bench.drain() == 1
    assert bench.names(subject="渣土") == []
    assert bench.names("占道", "超限运输") == ["a.txt"]


NOTED: dict[str, Any] = {"note": "夜间蹲守", "device": "DSJ-9", "place": "人民路"}


def amend(bench: Bench, record: str, claims: dict[str, Any]) -> None:
    """Seal a sidecar that came later."""
    data = json.dumps(claims).encode()
    said = {
        "claims": claims,
        "digests": [str(Digest.of("sha256", data))],
        "findings": [],
        "name": "late.json",
        "name_b64": None,
        "sidecar": base64.b64encode(data).decode(),
        "size": len(data),
    }
    check_late_sidecar(said)
    now, maker = bench.archive.clock.now(), Maker(bench.archive.random)
    with bench.archive.db.write() as connection:
        ledger.submit(connection, [amendment(maker, now, record, ACTOR, WHAT, said)])
    bench.archive.seal()


def note_of(bench: Bench, record: str) -> str:
    with bench.archive.db.read() as connection:
        return places.read(record, lookup.data_of(connection, [record])[record]).texts[-2]


def test_the_note_of_a_sidecar_that_came_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found within one round, once however often it is read again, and by an index made anew."""
    monkeypatch.setattr(late_details, "_STEP", 2)
    bench.packed.take(FILES)
    ids = {hit.row.name: hit.row.id for hit in bench.search().hits}
    amend(bench, ids["b.txt"], {"note": "补充说明甲"})  # before it is indexed at all
    bench.drain()
    assert bench.names("补充说明甲") == ["b.txt"]
    bench.packed.take({"f.txt": b"later"}, "more")
    bench.drain()
    amend(bench, ids["a.txt"], NOTED)
    amend(bench, ids["e.txt"], {"note": "又见"})  # it has a sidecar of its own
    amend(bench, ids["d.html"], {"category": "penalty"})
    assert bench.state().waiting == 3
    for _ in range(2):
        assert bench.drain() == 3
        assert note_of(bench, ids["a.txt"]) == "夜间蹲守 DSJ-9"
        assert bench.names("夜间蹲守") == ["a.txt", "e.txt"]
        assert bench.names("又见") == ["e.txt"]
        assert bench.names("超限运输", "DSJ-9", place="人民路") == ["a.txt"]
        with bench.archive.db.write() as connection:
            places.refresh(connection, [ids[name] for name in ("a.txt", "d.html", "e.txt")])
    bench.indexer.restart()
    bench.drain()
    assert (bench.names("补充说明甲"), bench.names("又见")) == (["b.txt"], ["e.txt"])
    assert note_of(bench, ids["a.txt"]) == "夜间蹲守 DSJ-9"


def test_a_note_that_was_altered_takes_no_text_away(bench: Bench) -> None:
    bench.packed.take(FILES)
    record = bench.search("a.txt").hits[0].row.id
    bench.drain()
    before = {*(bench.packed.home / "store" / "evidence").rglob("*")}
    amend(bench, record, NOTED)
    for path in {*(bench.packed.home / "store" / "evidence").rglob("*")} - before:
        if "details" in path.parts and path.is_file():
            path.chmod(0o600)
            path.write_bytes(path.read_bytes().replace("蹲".encode(), "睡".encode()))
    assert bench.drain() == 1 + indexing.MOST_TRIES - 1
    assert bench.state().problems == {ALTERED: 1}
    assert bench.names("超限运输", place="人民路") == ["a.txt"]
    assert bench.names("夜间睡守") == []


def test_what_is_destroyed_while_it_is_read(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.packed.take(FILES)
    record = bench.search("a.txt").hits[0].row.id
    read = Texts.read

    def late(self: Texts, rows: Any) -> Any:
        found = read(self, rows)
        with bench.archive.db.write() as connection:
            DbShelf(connection).put("destroyed", record, {"disposition": "D"})
        return found

    monkeypatch.setattr(Texts, "read", late)
    bench.drain()
    assert bench.state().indexed == 4
    assert bench.names("超限运输") == []


def test_nothing_stays_of_what_was_removed(bench: Bench) -> None:
    """Not even in older pages of the index, once the indexer went on."""
    for number in range(6):
        bench.packed.take({f"{number}.txt": f"alpha{number} 秘闻{number} kryptonite".encode()}, "m")
        bench.drain()
    found = bench.search("kryptonite")
    assert len(found.hits) == 6
    with bench.archive.db.write() as connection:
        for hit in found.hits:
            DbShelf(connection).put("destroyed", hit.row.id, {"disposition": "D"})
    pages = "SELECT count(*) FROM words_data WHERE instr(block, CAST('kryptonite' AS BLOB)) > 0"
    with bench.archive.db.read() as connection:
        assert connection.exec_driver_sql(pages).scalar()
    bench.drain()
    with bench.archive.db.read() as connection:
        assert connection.exec_driver_sql(pages).scalar() == 0


def test_an_index_that_is_damaged_or_of_another_form(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.packed.take(FILES)
    bench.drain()
    assert bench.indexer.mend() == 0
    with bench.archive.db.write() as connection:
        places.remove(connection, bench.search("a.txt").hits[0].row.id)
    assert bench.names("超限运输") == []
    assert bench.indexer.mend() == 1
    assert bench.drain() == 5
    assert bench.names("超限运输") == ["a.txt"]
    with bench.archive.db.write() as connection:
        gone = RECORD.c.name == "b.txt"
        connection.execute(update(RECORD).where(gone).values(destroyed=True))
    assert bench.indexer.mend() == 1
    assert bench.names("李四") == []
    monkeypatch.setattr(places, "FORM", places.FORM + 1)
    monkeypatch.setattr(lookup, "FORM", places.FORM)
    assert bench.state().waiting == 4
    bench.indexer.restart()
    assert bench.drain() == 4
    assert bench.names("超限运输") == ["a.txt"]
