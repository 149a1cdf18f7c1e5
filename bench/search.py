"""Search in a million records: seconds per question, for words rare and frequent, and filters.

    python bench/search.py [--records 1000000] [--folder DIR] [--postgresql URL] [--runs 7]

The records are made up, the same at every run, and written by the index's own writer; there are no
contents in a store behind them. A folder that has them already is used again (SQLite: about 3 GB).
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import insert

from archive.catalog import RECORD, Query
from archive.database import Database
from archive.desk.db_shelf import REGISTER
from archive.desk.finding import Found, find
from archive.desk.reading import Reader
from archive.index import places
from archive.index.fields import Attached, Document, facets_of, texts_of
from archive.rows import insert_rows

LOG = "main-2026"
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
UNITS = [
    f"{city}{number}大队"
    for city in ("城东", "城西", "高新", "滨江", "北郊")
    for number in "一二三四五六七八"
]
SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖"
    "石金韦贾夏傅方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
    ""
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建文利清飞玉"
    "萍红健俊帆雪荣梅兰鹏辉波宁凯斌玲浩然子轩梓涵雨欣"
)
CAUSES = (
    "超限运输",
    "无证经营",
    "占道经营",
    "违法建设",
    "非法营运",
    "未按规定停放车辆",
    "擅自倾倒渣土",
    "噪声扰民",
    "消防通道堵塞",
    "销售过期食品",
    "无照摆摊",
    "偷排污水",
    "违规堆放危险化学品",
)
PLACES = (
    "人民路",
    "解放大道",
    "滨江东路",
    "高新一路",
    "北环路",
    "长途汽车站",
    "农贸市场",
    "物流园区",
    "国道收费站",
    "码头货场",
)
SENTENCES = (
    "执法人员依法向当事人出示执法证件，告知其享有陈述申辩的权利。",
    "现场检查发现该单位存在上述行为，执法人员对现场进行了拍照和录像取证。",
    "当事人对现场检查情况无异议，并在笔录上签字确认。",
    "根据行政处罚法第四十二条的规定，应当由两名以上执法人员调查取证。",
    "经询问，当事人称对相关规定并不了解，表示愿意配合整改。",
    "责令当事人于七日内改正违法行为，逾期不改正的依法予以处罚。",
    "本案证据材料包括现场照片、视频资料、询问笔录和检查记录。",
    "车辆经称重检测，车货总质量超过规定限值，驾驶员当场签收检测单。",
)
KINDS = (
    ("text/plain", "txt"),
    ("application/pdf", "pdf"),
    ("video/mp4", "video"),
    ("image/jpeg", "image"),
)
STAGES = ("check", "investigate", "decide", "serve")
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def record_id(number: int) -> str:
    """Ids that rise with the number, as those of the archive do with time."""
    found, left = "", number
    for _ in range(12):
        found, left = CROCKFORD[left % 32] + found, left // 32
    return f"01JC0000000000{found}"


def person(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(("", *GIVEN))


@dataclass(frozen=True)
class Made:
    """One record: its line of the catalog and its text."""

    row: dict[str, Any]
    body: str


def made(number: int) -> Made:
    """The record of a number; about 300 characters."""
    rng = random.Random(number)
    case, cause = number // 20, CAUSES[min(int(rng.expovariate(0.4)), len(CAUSES) - 1)]
    unit = UNITS[case % len(UNITS)]
    officers = [OFFICERS[(case * 7 + at) % len(OFFICERS)] for at in range(2)]
    party, place = person(rng), rng.choice(PLACES)
    plate = f"沪{rng.choice('ABCDEFGH')}{rng.randrange(10**5):05d}"
    phone = f"13{rng.randrange(10**9):09d}"
    decision = f"沪交执罚〔{2024 + number % 3}〕{case}号"
    kind = KINDS[min(int(rng.expovariate(0.7)), 3)]
    moment = BEGIN + timedelta(seconds=number * 90 + rng.randrange(86_400))
    title = ("现场检查笔录", "询问笔录", "行政处罚决定书", "送达回证")[number % 4]
    body = "\n".join((
        f"{title}\n文号：{decision}",
        f"当事人{party}于{moment:%Y年%m月%d日}在{place}{rng.randrange(300)}号实施{cause}，"
        f"车牌{plate}，联系电话{phone}。",
        *rng.sample(SENTENCES, 6),
        f"执法人员{officers[0][0]}（证号{officers[0][1]}）、{officers[1][0]}。"
        f"设备编号DSJ-{case % 5000:07d}。",
    ))  # fmt: skip
    row = {
        **EMPTY,
        "id": record_id(number),
        "log": LOG,
        "idx": number,
        "source": f"main.S{case % 400:03d}",
        "name": f"{moment:%Y%m%d}_{number:07d}.{kind[1]}",
        "name_raw": b"",
        "folder": "",
        "folder_raw": b"",
        "size": 1000 + number % 9000,
        "sha256": number.to_bytes(32, "big"),
        "media_type": kind[0],
        "kind": kind[1],
        "case_no": f"{2024 + case % 3}-{case:05d}",
        "category": "penalty",
        "stage": STAGES[number % 4],
        "unit": unit,
        "officers": " ".join(f"{name} {badge}" for name, badge in officers),
        "captured_start": moment,
        "received_at": moment + timedelta(hours=3),
        "title": title,
        "preview": body[:200],
        "doc_number": decision,
        "parties": party,
        "place": place,
        "subject": cause,
    }
    return Made(row, body)


OFFICERS = [(person(random.Random(10**9 + n)), f"{310000 + n}") for n in range(2000)]
EMPTY: dict[str, Any] = {column.name: None if column.nullable else False for column in RECORD.c}


def attached(number: int) -> tuple[Attached, ...]:
    """Every tenth case is one of the register too."""
    case = number // 20
    if case % 10:
        return ()
    return (Attached(f"C{case}", UNITS[case % len(UNITS)], (f"handler{case % 500}",)),)


def fill(database: Database, records: int, batch: int = 2000) -> None:
    """Write what is not there yet."""
    with database.read() as connection:
        begin = places.next_of(connection, LOG)
    start = time.perf_counter()
    for first in range(begin, records, batch):
        some = [made(number) for number in range(first, min(first + batch, records))]
        ready = [
            places.ready(
                Document(
                    one.row["id"],
                    texts_of(one.row, "", one.body),
                    facets_of(one.row, attached(first + at)),
                )
            )
            for at, one in enumerate(some)
        ]
        names = tuple(some[0].row)
        with database.write() as connection:
            insert_rows(connection, RECORD, names, [[*one.row.values()] for one in some])
            places.put(connection, ready)
            places.set_next(connection, LOG, first + len(some))
            places.learn(connection)
            connection.execute(insert(REGISTER), [*_registers(first, len(some))] or [])
        done = first + len(some)
        if done % 50_000 == 0:
            rate = (done - begin) / (time.perf_counter() - start)
            print(f"{done:,} records, {rate:,.0f} per second", file=sys.stderr, flush=True)


def _registers(first: int, count: int) -> Iterator[dict[str, Any]]:
    """Which records are attached to which cases, cases and sources."""

    def row(shelf: str, key: str, value: Any) -> dict[str, Any]:
        return {"shelf": shelf, "key": key, "value": json.dumps(value).encode()}

    if first == 0:
        for number in range(400):
            yield row("source", f"main.S{number:03d}", {"unit": UNITS[number % len(UNITS)]})
    for number in range(first, first + count):
        for one in attached(number):
            yield row("record_cases", record_id(number), {"cases": [one.case], "detached": []})
            if number % 20 == 0:
                value = {"unit": one.unit, "handlers": list(one.handlers)}
                yield row("case", one.case, value)


HOLDER = Reader((), frozenset(), frozenset(), holder=True)
HANDLER = Reader(("handler40",), frozenset(("handler",)), frozenset(("城东一大队",)))
DAY = datetime(2025, 6, 1, tzinfo=UTC)


def questions(records: int) -> Iterator[tuple[str, Reader, Query, int]]:
    """Name, who asks, what, and how many hits to pass over."""
    some = made(records // 2).row
    plate = next(word for word in made(records // 2).body.split("，") if word.startswith("车牌"))

    def words(*given: str, **more: Any) -> Query:
        return Query(words=given, limit=20, **more)

    yield "1 character, everywhere: 人", HOLDER, words("人"), 0
    yield "1 character, rare: 轩", HOLDER, words("轩"), 0
    yield "2 characters, everywhere: 执法", HOLDER, words("执法"), 0
    yield "2 characters, frequent: 处罚", HOLDER, words("处罚"), 0
    yield "2 characters, a name: 覃娜", HOLDER, words("覃娜"), 0
    yield "3 characters: 决定书", HOLDER, words("决定书"), 0
    yield "3 characters, a name: " + some["parties"], HOLDER, words(some["parties"]), 0
    yield "4 characters, frequent: 超限运输", HOLDER, words("超限运输"), 0
    yield "4 characters, rare: 危险化学", HOLDER, words("危险化学"), 0
    yield "two words, frequent: 超限运输 签收检测单", HOLDER, words("超限运输", "签收检测单"), 0
    yield "two words, one rare: 执法 " + some["parties"], HOLDER, words("执法", some["parties"]), 0
    yield "two frequent words that rarely meet", HOLDER, words("噪声扰民", "国道收费站"), 0
    yield "mixed: " + plate, HOLDER, words(plate), 0
    yield "mixed: " + some["doc_number"], HOLDER, words(some["doc_number"]), 0
    yield "mixed: DSJ-0001234", HOLDER, words("DSJ-0001234"), 0
    yield "beginning of a telephone number: 1380013", HOLDER, words("1380013"), 0
    yield "frequent word and case", HOLDER, words("执法", case=some["case_no"]), 0
    yield "frequent word and officer", HOLDER, words("执法", officer=OFFICERS[7][0]), 0
    yield "frequent word and unit", HOLDER, words("执法", unit="滨江三大队"), 0
    yield "frequent word and kind", HOLDER, words("执法", kind="image"), 0
    yield (
        "frequent word and a month",
        HOLDER,
        words("执法", since=DAY, until=DAY + timedelta(days=30)),
        0,
    )
    yield "frequent word and 900 days", HOLDER, words("执法", since=DAY - timedelta(days=500)), 0
    yield "unit alone", HOLDER, words(unit="滨江三大队"), 0
    yield "officer alone", HOLDER, words(officer=OFFICERS[7][0]), 0
    yield "a month alone", HOLDER, words(since=DAY, until=DAY + timedelta(days=30)), 0
    yield "page 500 of a frequent word", HOLDER, words("执法"), 9980
    yield "nothing found: 甲骨文", HOLDER, words("甲骨文"), 0
    yield "nothing found: 执法 甲骨文", HOLDER, words("执法", "甲骨文"), 0
    yield "nothing at all asked", HOLDER, words(), 0
    yield "handler: frequent word", HANDLER, words("执法"), 0
    yield "handler: two words", HANDLER, words("超限运输", "签收检测单"), 0
    yield "handler: name of another unit's party", HANDLER, words(some["parties"]), 0
    yield "handler: nothing asked", HANDLER, words(), 0


def ask(database: Database, reader: Reader, query: Query, skip: int) -> tuple[float, float, Found]:
    """Seconds by the clock and of the processor (of this process), and what was found."""
    begin, busy = time.perf_counter(), time.process_time()
    with database.read() as connection:
        found = find(connection, reader, query, skip=skip, snippets=True)
    return time.perf_counter() - begin, time.process_time() - busy, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "cunzheng-search"
    )
    parser.add_argument("--postgresql", help="URL of an empty database, or of one filled before")
    parser.add_argument("--runs", type=int, default=7)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    url = chosen.postgresql or f"sqlite:///{chosen.folder}/search-{chosen.records}.db"
    database = Database(url)
    database.prepare()
    fill(database, chosen.records)
    print("| question | hits | median ms | worst ms | CPU ms |\n|---|---|---|---|---|")
    medians, worst, processor = [], [], []
    for name, reader, query, skip in questions(chosen.records):
        asked = [ask(database, reader, replace(query), skip) for _ in range(chosen.runs)]
        taken = [1000 * seconds for seconds, _, _ in asked]
        busy = 1000 * statistics.median(seconds for _, seconds, _ in asked)
        found = asked[0][2]
        hits = f"{found.count:,}" if found.exact else f"{found.count:,}+"
        median, most = statistics.median(taken), max(taken)
        print(f"| {name} | {hits} | {median:.0f} | {most:.0f} | {busy:.0f} |", flush=True)
        medians.append(median)
        worst.append(most)
        processor.append(busy)
    total = f"{statistics.median(medians):.0f} | {max(worst):.0f} | {max(processor):.0f}"
    print(f"| median, worst, most CPU of all | | {total} |")
    database.close()


if __name__ == "__main__":
    main()
