"""One contract for both databases: what is searched for is found, the same on either."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from postgres_server import Server
from sqlalchemy import insert, select, update

from archive.catalog import RECORD, Query
from archive.database import Database
from archive.desk import finding
from archive.desk.db_shelf import REGISTER, DbShelf
from archive.desk.finding import Found, find
from archive.desk.indexed import attached_to
from archive.desk.reading import Reader
from archive.errors import UsageError
from archive.index import lexemes, lookup, places
from archive.index.fields import Document, facets_of, texts_of

NOW = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
HOLDER = Reader((), frozenset(), frozenset(), holder=True)
HANDLER = Reader(("chen",), frozenset(("handler",)), frozenset(("team1",)))
EMPTY = {column.name: None if column.nullable else False for column in RECORD.c}
LONG = "".join(f"第{n}车道有障碍物。" for n in range(4000)) + "结尾处写着机动车尾气超标。"
TEXTS: dict[str, dict[str, Any]] = {
    "A": {"body": "当事人张三驾驶沪A12345号货车超限\n运输，责令改正。", "title": "现场笔录"},
    "B": {"body": "张四的处罚。" * 9, "title": "行政处罚决定书", "doc_number": "沪交〔2026〕12号"},
    "C": {"body": "zhang.san@example.cn 13800138000 and Battery", "officers": "李强 0012345"},
    "D": {"body": LONG, "unit": "城东一大队", "kind": "txt", "tags": "minor privacy"},
    "E": {"body": "", "name": "录像_DSJ-0012345_0007.mp4", "media_type": "video/mp4"},
    "F": {"body": "三十张罚单，款项已缴", "case_no": "2026-17", "place": "人民路"},
}
"""Records by the last letter of their ids, in the order of the ledger."""


@pytest.fixture(params=["sqlite", "postgresql", "postgresql, small blocks"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    if "small" in request.param:
        sizes = {"_BITS": 0, "_LARGE_BITS": 1, "_BLOCKS_OF_LARGE": 2, "_WIDEST": 2}
        for name, size in sizes.items():
            monkeypatch.setattr(lexemes, name, size)
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/db"
    else:
        server: Server = request.getfixturevalue("postgres")
        url = server.database()
    found = Database(url)
    found.prepare()
    with found.write() as connection:
        rows = [row(number, letter, **TEXTS[letter]) for number, letter in enumerate(TEXTS)]
        connection.execute(insert(RECORD), rows)
        index(connection, TEXTS)
    yield found
    found.close()


def identity(letter: str) -> str:
    return f"01KAN400000000000000000A{letter}0"


def row(number: int, letter: str, **said: Any) -> dict[str, Any]:
    body = str(said.pop("body"))
    known = {"id": identity(letter), "log": "main-2026", "idx": number, "source": "S1"}
    files = {"name": f"{letter}.txt", "name_raw": b"", "folder": "", "folder_raw": b"", "size": 1}
    rest = {"sha256": b"", "media_type": "text/plain", "preview": body[:50]}
    when = NOW - timedelta(days=10 * (9 - number))
    return {**EMPTY, **known, **files, **rest, "received_at": when, **said}


def index(connection: Any, letters: Any) -> None:
    shelf = DbShelf(connection)
    ready = []
    for letter in letters:
        line = connection.execute(select(RECORD).where(RECORD.c.id == identity(letter))).mappings()
        values = dict(line.one())
        said = shelf.get("record_cases", identity(letter))
        attached = attached_to(shelf, said["cases"] if said else ())
        texts = texts_of(values, "", TEXTS[letter]["body"])
        ready.append(places.ready(Document(identity(letter), texts, facets_of(values, attached))))
    places.put(connection, ready)
    places.set_next(connection, "main-2026", len(TEXTS))


def search(database: Database, *words: str, who: Reader = HOLDER, **query: Any) -> Found:
    options = {name: query.pop(name) for name in ("mine", "skip", "top") if name in query}
    with database.read() as connection:
        return find(connection, who, Query(words=words, **query), snippets=True, **options)


def letters(database: Database, *words: str, **query: Any) -> str:
    return "".join(hit.row.id[-2] for hit in search(database, *words, **query).hits)


def test_words(database: Database) -> None:
    expected = {
        ("张",): "BFA", ("张三",): "A", ("罚",): "BF", ("处罚",): "B", ("罚款",): "",
        ("超限运输",): "A", ("沪A12345",): "A", ("A12345号",): "A", ("12345",): "A",
        ("〔2026〕12号",): "B", ("0012345",): "EC", ("DSJ-0012345",): "E", ("DSJ",): "E",
        ("zhang.san@example.cn",): "C", ("1380013",): "C", ("batt",): "C", ("ba",): "",
        ("张", "三"): "FA", ("张", "-三"): "B", ("“张三”",): "A", ("三张",): "", ("甲骨文",): "",
        ("3999车道有障碍物",): "D", ("机动车尾气超标",): "D", ("％",): "", ("李强",): "C",
    }  # fmt: skip
    assert {words: letters(database, *words) for words in expected} == expected
    odd = "' \" a'b ) OR( NEAR(a,b) title:x x* \\ \x00 |&!:* ';DROP \udc80 -- {a}:b ^a a+b"
    for word in (*odd.split(" "), odd):
        search(database, word)
    with pytest.raises(UsageError):
        search(database, "-张")


def test_fields(database: Database) -> None:
    asked: dict[str, dict[str, Any]] = {
        "C": {"officer": "李强"}, "C ": {"officer": "强"}, "C  ": {"officer": "0012345"},
        "D": {"unit": "城东"}, "D ": {"tag": "minor"}, "E": {"media": "video/"},
        "E ": {"media": "video/mp4"}, "F": {"case": "2026-17"}, "F ": {"place": "人民"},
        "B": {"number": "12号"}, "": {"case": "2026"}, " ": {"officer": "张三"},
        "DC": {"since": NOW - timedelta(days=75), "until": NOW - timedelta(days=55)},
    }  # fmt: skip
    assert {key: letters(database, **query) for key, query in asked.items()} == {
        key: key.strip() for key in asked
    }
    assert letters(database, "张", since=NOW - timedelta(days=85)) == "BF"
    assert letters(database, "车道", tag="privacy", kind="txt", unit="一大队") == "D"


def test_the_stretch_of_text(database: Database) -> None:
    (hit,) = search(database, "超限运输", "张三").hits
    assert hit.snippet is not None
    assert [hit.snippet.text[a:b] for a, b in hit.snippet.marks] == ["张三", "超限 运输"]


def test_what_leaves_and_what_changes(database: Database) -> None:
    with database.write() as connection:
        places.remove(connection, identity("A"))
        places.remove(connection, identity("A"))
        changed = update(RECORD).where(RECORD.c.id == identity("B")).values(subject="渣土倾倒")
        connection.execute(changed)
        places.refresh(connection, [identity("B"), identity("Z")])
        assert places.changes(connection) == 1
        assert lookup.waiting(connection) == 1
    assert letters(database, "张三") == ""
    assert letters(database, "渣土倾倒") == "B"  # by its line, until it is read again
    with database.write() as connection:
        index(connection, "B")
        assert lookup.waiting(connection) == 0
    assert letters(database, "渣土") == "B"
    assert letters(database, subject="倾倒") == "B"
    assert letters(database, "处罚") == "B"


def test_what_is_not_indexed_yet(database: Database) -> None:
    with database.write() as connection:
        places.remove(connection, identity("F"))
        places.set_next(connection, "main-2026", 5)
    found = search(database, "人民路")
    assert [hit.row.id for hit in found.hits] == [identity("F")]
    assert found.waiting == 1
    assert letters(database, "张") == "BFA"
    with database.write() as connection:
        places.clear(connection)
    assert search(database, "张").waiting == 6
    assert letters(database, "现场笔录") == "A"
    assert letters(database, officer="强") == "C"


def test_pages(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "WINDOW", 2)
    monkeypatch.setattr(finding, "MOST_COUNTED", 4)
    pages = [search(database, since=NOW - timedelta(days=300), limit=2, skip=n) for n in (0, 2, 4)]
    shown = ["".join(hit.row.id[-2] for hit in page.hits) for page in pages]
    assert shown == ["FE", "DC", "BA"]
    assert [page.more for page in pages] == [True, True, False]
    words = [letters(database, "张", limit=1, skip=n) for n in range(4)]
    assert sorted("".join(words)) == ["A", "B", "F"]
    first = search(database, "张", limit=1)
    assert (first.count, first.exact) == (3, True)
    with database.write() as connection:
        connection.execute(insert(RECORD), [row(6, "G", body="张三")])
        TEXTS["G"] = {"body": "张三"}
        try:
            index(connection, "G")
        finally:
            del TEXTS["G"]
    assert letters(database, "张三", top=first.top) == "A"
    assert sorted(letters(database, "张三")) == ["A", "G"]


def test_hits_are_counted_so_far(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "WINDOW", 1)
    monkeypatch.setattr(finding, "MOST_COUNTED", 3)
    monkeypatch.setattr(finding, "MOST_READ", 2)
    with database.read() as connection:
        is_read = connection.dialect.name == "postgresql"
    word, phrase = search(database, "张", limit=1), search(database, "张", "-甲骨文", limit=1)
    assert (word.count, word.exact) == (3, False)
    assert (phrase.count, phrase.exact) == (2 if is_read else 3, False)


def attach(database: Database) -> None:
    values = {
        ("case", "C1"): {"unit": "team2", "handlers": ["chen"]},
        ("record_cases", identity("A")): {"cases": ["C1"], "detached": []},
        ("source", "S1"): {"unit": "team2"},
    }
    with database.write() as connection:
        rows = [
            {"shelf": shelf, "key": key, "value": json.dumps(value).encode()}
            for (shelf, key), value in values.items()
        ]
        connection.execute(insert(REGISTER), rows)
        index(connection, "A")


def test_what_may_not_be_seen_is_not_found_nor_counted(database: Database) -> None:
    attach(database)
    found = search(database, "张", who=HANDLER)
    assert [(hit.row.id, hit.whole) for hit in found.hits] == [(identity("A"), True)]
    assert (found.count, found.exact, found.more) == (1, True, False)
    for query in ({"kind": "txt"}, {"number": "12号"}, {"tag": "minor"}, {"place": "人民路"}):
        assert search(database, who=HANDLER, **query).count == 0
    bare = search(database, identity("B").lower(), who=HANDLER)
    assert [(hit.row.id, hit.whole, hit.snippet) for hit in bare.hits] == [
        (identity("B"), False, None)
    ]
    everything = search(database, who=HANDLER)
    assert [hit.whole for hit in everything.hits] == [False] * 5 + [True]
    assert all(hit.snippet is None for hit in everything.hits[:5])
    assert [hit.row.id for hit in search(database, who=HANDLER, mine=True).hits] == [identity("A")]


def test_a_tagged_record_is_not_for_colleagues(database: Database) -> None:
    with database.write() as connection:
        DbShelf(connection).put("source", "S1", {"unit": "team1"})
    assert letters(database, "张", who=HANDLER) == "BFA"
    for query in ({"words": ("车道",)}, {"tag": "minor"}, {"unit": "城东"}):
        found = search(database, *query.pop("words", ()), who=HANDLER, **query)
        assert (found.hits, found.count) == ((), 0)
    with database.write() as connection:
        DbShelf(connection).put("case", "C1", {"unit": "team9", "handlers": ["chen"]})
        DbShelf(connection).put("record_cases", identity("D"), {"cases": ["C1"], "detached": []})
        index(connection, "D")
    assert letters(database, "车道", who=HANDLER) == "D"


def test_the_beginning_of_a_word_does_not_tell_what_is_hidden(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether words that begin alike are found hangs on what the reader may find, on no other."""
    hidden = {"body": "parent wangxiaohong", "tags": "minor"}
    monkeypatch.setitem(TEXTS, "G", {"body": "wangxiaohongx zhaoliux"})
    monkeypatch.setitem(TEXTS, "H", hidden)
    with database.write() as connection:
        DbShelf(connection).put("source", "S1", {"unit": "team1"})
        more = [row(number, letter, **TEXTS[letter]) for number, letter in ((6, "G"), (7, "H"))]
        connection.execute(insert(RECORD), more)
        index(connection, "GH")
    assert letters(database, "wangxiaohong") == "H"
    assert letters(database, "zhaoliu") == "G"
    for word in ("wangxiaohong", "zhaoliu"):
        found = search(database, word, who=HANDLER)
        assert [hit.row.id for hit in found.hits] == [identity("G")], word
        assert (found.count, found.exact, found.more) == (1, True, False)
    monkeypatch.setattr(finding, "WINDOW", 1)  # what is hidden fills the newest window
    assert letters(database, "wangxiaohong", who=HANDLER) == "G"


def test_the_registers_move_the_index(database: Database) -> None:
    attach(database)
    with database.write() as connection:
        shelf = DbShelf(connection)
        shelf.put("case", "C1", {"unit": "team1", "handlers": ["li"]})
        assert lookup.waiting(connection) == 1  # the record of the case
        index(connection, "A")
        shelf.put("record_cases", identity("C"), {"cases": ["C1"], "detached": []})
        assert lookup.waiting(connection) == 1
    assert letters(database, "Battery", who=HANDLER) == "C"  # before it is read again
    with database.write() as connection:
        DbShelf(connection).put("destroyed", identity("A"), {"disposition": "D1"})
        assert lookup.state_of(connection).indexed == 5
    assert letters(database, "货车") == ""


def test_the_index_is_looked_at_as_it_grows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By PostgreSQL, whenever it has doubled; what was kept of that goes with the index."""
    monkeypatch.setattr(places, "_LEAST_TO_LEARN", 7)
    monkeypatch.setitem(TEXTS, "G", {"body": "张三"})
    known = "SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'cunzheng'"
    named = " AND tablename IN ('document', 'record', 'register')"
    with database.write() as connection:
        assert not places.learn(connection)
        connection.execute(insert(RECORD), [row(6, "G", **TEXTS["G"])])
        DbShelf(connection).put("source", "S1", {"unit": "team1"})
        index(connection, "G")
        assert places.learn(connection) == database.is_postgresql
        assert not places.learn(connection)
        if database.is_postgresql:
            assert connection.exec_driver_sql(known + named).scalar() == 3
        places.clear(connection)
        index(connection, TEXTS)
        assert places.learn(connection) == database.is_postgresql
    assert sorted(letters(database, "张三")) == ["A", "G"]


def put_again(database: Database, letter: str, note: str, **said: str) -> None:
    """Index a record with a note, and with fields that its line of the catalog need not have."""
    with database.write() as connection:
        line = connection.execute(select(RECORD).where(RECORD.c.id == identity(letter))).mappings()
        values = {**line.one(), **said}
        texts = texts_of(values, note, TEXTS[letter]["body"])
        document = Document(identity(letter), texts, facets_of(values))
        places.put(connection, [places.ready(document)])


def test_a_record_with_long_fields_hinders_nobody(database: Database) -> None:
    """What is longer than ranking looks at: found and ranked by all its fields, and its text."""
    before = letters(database, "张")
    put_again(
        database, "A", "备注" * 2_000, officers="王强 0012 " * 1_500, parties="赵六；" * 9_000
    )
    assert letters(database, "张") == before
    assert letters(database, "超限运输") == letters(database, "备注") == "A"
    assert letters(database, party="赵六") == letters(database, "强", "注", "货车") == "A"
    put_again(database, "A", "备" * 4_000 + "罚", place="罚款")
    assert letters(database, "罚") == "BAF"  # in a field it counts for more


def test_questions_beyond_all_bounds(database: Database) -> None:
    words = tuple(f"{number}处罚" for number in range(33))
    for wrong in (words, (*words[:32], "-张"), ("罚" * 201,)):
        with pytest.raises(UsageError):
            search(database, *wrong)
    with pytest.raises(UsageError):
        search(database, officer="罚" * 201)
    assert letters(database, *words[:32]) == ""
    assert letters(database, *["罚款" * 100, "a1" * 100] * 16) == ""
    assert letters(database, "张", *(f"-{number}处罚" for number in range(31))) == "BFA"
    assert letters(database, "张", top=10**24) == "BFA"
    assert letters(database, "张", top=-(10**24)) == ""
    nobody = Reader((), frozenset(("handler",)), frozenset())
    assert search(database, "张", who=nobody).hits == ()


def test_days_of_long_ago_and_far_ahead(database: Database) -> None:
    """A sidecar may state any day from 1800 to 3000."""
    with database.write() as connection:
        for letter, year in (("A", 1800), ("B", 2999)):
            here, when = RECORD.c.id == identity(letter), datetime(year, 7, 1, tzinfo=UTC)
            connection.execute(update(RECORD).where(here).values(captured_start=when))
        index(connection, "AB")
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert letters(database, until=datetime(1900, 1, 1, tzinfo=UTC)) == "A"
    assert letters(database, until=NOW - timedelta(days=75)) == "A"
    assert letters(database, since=datetime(2100, 1, 1, tzinfo=UTC), until=last) == "B"
    assert letters(database, since=NOW - timedelta(days=45)) == "FB"
    assert letters(database, since=first, until=last) == "FEDCBA"
    assert letters(database, since=first) == letters(database, until=last) == "FEDCBA"
    for wrong in ({"since": NOW, "until": NOW}, {"since": last, "until": first}):
        assert letters(database, **wrong) == ""
