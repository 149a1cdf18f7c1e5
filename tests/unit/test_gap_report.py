"""`report gaps` over a catalog: what is read of it, what stations listed, and the document."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import Archive, make_archive

from archive import layout
from archive.documents.formats import FORMATS
from archive.documents.table import Language, Table
from archive.gaps.listed import find_unarrived
from archive.gaps.rows import Wanted, last_number, taken, undated
from archive.gaps.segments import Finding, Limits, find_gaps
from archive.gaps.table import WORDS, GapFacts, gap_table
from archive.ports import read_all
from archive.tables import SourceRow
from cli.service.operations_gaps import _says
from ingest.media.captured import choose, claims_of
from ingest.media.profiles import Profiles

PROFILES = Profiles.load(None)
RECORDER, STATION = "DSJ-0012345", "station-7"
DAY = datetime(2026, 3, 1, tzinfo=UTC)
MADE = datetime(2026, 11, 22, 4, tzinfo=UTC)
NAME = "DSJ0012_012345_20260301{}_{:04}.mp4"
DOCUMENTED = Path(__file__).parents[2] / "docs" / "media.md"
GOLDEN = Path(__file__).parents[1] / "vectors" / "gaps"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = make_archive(tmp_path)
    yield made
    made.db.close()


def film(
    archive: Archive,
    name: str,
    content: bytes | None = None,
    *,
    seconds: int | None = 60,
    claims: Mapping[str, Any] | None = None,
    source: str = RECORDER,
    media: str = "video/mp4",
) -> str:
    """A recording as intake describes it; its bytes are no film."""
    segment = PROFILES.read(name)
    length = None if seconds is None else seconds * 1000
    technical = {
        **dict.fromkeys(("container", "bit_rate", "created_at", "device", "place", "puid")),
        "streams": [],
        "tools": [],
        "duration_ms": length,
        "segment": segment.value() if segment else None,
        "captured": choose(claims_of(claims, segment, None), length).value(),
        "condition": {"findings": [], "verdict": "sound"},
    }
    changed = {
        "name": name,
        "media": {"type": media, "by": "content"},
        "technical": technical,
        "claims": claims,
    }
    data = name.encode() if content is None else content
    return archive.accession(data, source=source, changed=changed).record


def listing(archive: Archive, text: str, name: str = "manifest.sha256", **more: Any) -> str:
    made = archive.accession(text.encode(), changed={"name": name}, **more)
    return made.record


def line(name: str, content: bytes | None = None) -> str:
    data = name.encode() if content is None else content
    return f"{sha256(data).hexdigest()}  {name}\n"


def gaps(archive: Archive, wanted: Wanted | None = None) -> list[Finding]:
    asked = wanted or Wanted()
    with archive.db.read() as connection:
        lines = find_gaps(
            taken(connection, asked),
            Limits(),
            lambda device: last_number(connection, device, asked.since),
        )
        return list(lines)


def unarrived(archive: Archive, wanted: Wanted | None = None) -> list[Finding]:
    def content(record: str) -> bytes:
        return read_all(archive.places.evidence, layout.content_key(record))

    with archive.db.read() as connection:
        says = partial(_says, PROFILES)
        return find_unarrived(connection, wanted or Wanted(), content, says)


def test_what_the_catalog_says_of_recordings(archive: Archive) -> None:
    first = film(archive, NAME.format("083000", 1))
    third = film(archive, NAME.format("083200", 3))
    film(archive, NAME.format("083300", 4).replace("mp4", "jpg"), media="image/jpeg", seconds=None)
    film(archive, "0099999_20260301090000_0001.dav", media="application/octet-stream", seconds=None)
    film(archive, "VID_20260301_090000.mp4")
    archive.accession(b"words", changed={"name": "0099999_20260301090000.txt"})
    archive.seal()
    lines = gaps(archive)
    assert [(one.device, one.code, one.numbers) for one in lines] == [
        ("0099999", "SEGMENTS", (1, 1)),
        ("DSJ0012", "SEGMENTS", (1, 3)),
        ("DSJ0012", "MISSING", (2, 2)),
    ]
    assert lines[1].since == DAY + timedelta(minutes=30)
    assert lines[1].span == timedelta(minutes=2)
    assert lines[2].records == (first, third)


def test_filters_by_day_device_and_unit(archive: Archive) -> None:
    for number, clock in ((1, "083000"), (2, "083100")):
        film(archive, NAME.format(clock, number))
    film(archive, "DSJ0012_012345_20260302083000_0004.mp4")
    own = {"device": "DSJ0012", "unit": "三所"}
    film(archive, "DSJ0099_000007_20260302083000_0001.mp4", claims={**own, "device": "DSJ0099"})
    archive.seal()
    with archive.db.write() as connection:
        values = {"id": STATION, "name": b"s", "state": "confirmed", "first_seen": MADE}
        connection.execute(
            SourceRow.__table__.insert().values(**values, unit="四所")  # type: ignore[attr-defined]
        )
    second = Wanted(since=DAY + timedelta(hours=16))
    found = [(one.device, one.code, one.numbers) for one in gaps(archive, second)]
    assert found == [
        ("DSJ0012", "SEGMENTS", (4, 4)),
        ("DSJ0012", "MISSING", (3, 3)),
        ("DSJ0099", "SEGMENTS", (1, 1)),
    ]
    first = gaps(archive, Wanted(until=DAY + timedelta(hours=16), device="DSJ0012"))
    assert [one.code for one in first] == ["SEGMENTS"]
    assert [one.device for one in gaps(archive, Wanted(unit="三所"))] == ["DSJ0099"]
    assert gaps(archive, Wanted(unit="四所")) == []


def test_recordings_without_a_time_are_counted(archive: Archive) -> None:
    film(archive, "clip.mp4", claims={"device": "DSJ0012"})
    film(archive, NAME.format("083000", 1))
    archive.seal()
    with archive.db.read() as connection:
        assert undated(connection, Wanted()) == 1
        assert undated(connection, Wanted(device="DSJ0013")) == 0


def test_what_a_station_listed_and_did_not_deliver(archive: Archive) -> None:
    names = [NAME.format(f"08{30 + n}00", n) for n in range(1, 5)]
    film(archive, names[0])
    # Under another name and from another source: it is there all the same.
    film(archive, "renamed.mp4", names[1].encode(), source="office")
    other = film(archive, names[2], b"not what was listed")
    text = "".join(map(line, names)) + line("manifest.sha256", b"?")
    manifest = listing(archive, text)
    listing(archive, text, "later.manifest.txt")
    archive.seal()
    missing, differs = sorted(unarrived(archive), key=lambda one: one.code, reverse=True)
    assert (missing.code, missing.name, missing.records) == (
        "LISTED_MISSING",
        names[3],
        (manifest,),
    )
    assert (missing.device, missing.day) == ("DSJ0012", date(2026, 3, 1))
    assert (differs.code, differs.name, differs.records) == (
        "LISTED_DIFFERS",
        names[2],
        (manifest, other),
    )
    film(archive, names[3])
    archive.seal()
    assert [one.code for one in unarrived(archive)] == ["LISTED_DIFFERS"]


def test_a_sidecar_that_is_listed_arrives_with_its_file(archive: Archive) -> None:
    archive.accession(b"film", sidecar=b"{}", changed={"name": "a.mp4"})
    listing(archive, line("a.mp4", b"film") + line("a.mp4.json", b"{}"))
    archive.seal()
    assert unarrived(archive) == []
    listing(archive, line("a.mp4.json", b'{"other": 1}'), "b.manifest.txt")
    archive.seal()
    assert [one.code for one in unarrived(archive)] == ["LISTED_MISSING"]


def test_a_name_without_a_digest_is_looked_for_in_the_source(archive: Archive) -> None:
    film(archive, "a.mp4")
    film(archive, "b.mp4", source="office")
    listing(archive, "name\na.mp4\nb.mp4\n", "manifest.csv")
    archive.seal()
    assert [(one.code, one.name) for one in unarrived(archive)] == [("LISTED_MISSING", "b.mp4")]


def test_a_manifest_that_cannot_be_read_is_told(archive: Archive) -> None:
    bad = listing(archive, "???", "manifest.json")
    half = listing(archive, line("a.mp4") + "???\n")
    film(archive, "a.mp4")
    archive.seal()
    assert [(one.name, one.records, one.count) for one in unarrived(archive)] == [
        ("manifest.json: the manifest is not JSON", (bad,), 0),
        ("manifest.sha256", (half,), 1),
    ]


def test_manifests_by_day_and_device(archive: Archive) -> None:
    listing(archive, line(NAME.format("083000", 1)) + line("x.mp4"))
    archive.seal()
    # What no profile reads is of the day on which its list came.
    assert [(str(one.day), one.device) for one in unarrived(archive)] == [
        ("2026-11-22", ""),
        ("2026-03-01", "DSJ0012"),
    ]
    assert [one.name for one in unarrived(archive, Wanted(device="DSJ0012"))] == [
        NAME.format("083000", 1)
    ]
    march = Wanted(until=DAY + timedelta(days=30))
    assert [one.device for one in unarrived(archive, march)] == ["DSJ0012"]
    assert [one.device for one in unarrived(archive, Wanted(since=DAY + timedelta(days=9)))] == [""]
    assert unarrived(archive, Wanted(since=MADE + timedelta(days=9))) == []


def document(lang: Language, *, form: bool = False) -> Table:
    start = DAY + timedelta(minutes=30)
    day = {"day": date(2026, 3, 1), "device": "DSJ0012"}
    second = timedelta(seconds=1)
    whole = Finding("SEGMENTS", **day, since=start, until=start + 900 * second, count=9)
    found = [
        Finding(**{**vars_of(whole), "span": 840 * second, "numbers": (1, 12), "restarts": 1,
                   "again": 2}),
        Finding("MISSING", **day, since=start, until=start + 60 * second, span=60 * second,
                numbers=(2, 4), records=("01A", "01B"), count=3),
        Finding("BEGINS_LATER", **day, since=start, numbers=(5, 5), records=("01A",)),
        Finding("PAUSE", **day, since=start, until=start + 7 * second, span=7.5 * second),
        Finding("OVERLAP", **day, since=start, until=start + 7 * second, span=7 * second),
        Finding("OUT_OF_ORDER", **day, since=start, numbers=(6, 6), records=("01C",)),
        Finding("NUMBER_TWICE", **day, since=start, numbers=(7, 7), records=("01D",)),
        Finding("MORE", **day, count=12),
    ]  # fmt: skip
    listed = [
        Finding("MANIFEST_UNREADABLE", day["day"], "", records=("01E",), count=2, name="m.json"),
        Finding("LISTED_DIFFERS", **day, records=("01E", "01F"), name="a.mp4"),
        Finding("LISTED_MISSING", **day, since=start, records=("01E",), name="视频/b.mp4"),
    ]
    until = DAY + timedelta(hours=16)
    facts = GapFacts(Wanted(until - timedelta(days=1), until, "DSJ0012", "三所"), Limits(), 4)
    return gap_table(found, listed, facts, MADE, lang, form=form)


def vars_of(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__slots__}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_document_is_the_golden_one(lang: Language) -> None:
    stream = io.BytesIO()
    FORMATS["csv"](document(lang), stream)
    golden = GOLDEN / f"gaps.{lang}.csv"
    assert stream.getvalue().decode("utf-8") == golden.read_bytes().decode("utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_code_has_words_and_the_frame_says_what_it_is(lang: Language) -> None:
    table = document(lang)
    zh = lang == "zh"
    rows = list(table.rows)
    assert {row[-1] for row in rows} == set(WORDS)
    assert {row[2] for row in rows} == {words[zh] for words in WORDS.values()}
    documented = DOCUMENTED.read_text(encoding="utf-8")
    assert all(f"| `{code}` | {words[1]} |" in documented for code, words in WORDS.items())
    assert table.title == ("音像记录缺漏表" if zh else "Gaps in recordings")
    assert table.subtitle == (
        ("期间：2026-03-01 至 2026-03-01", "设备：DSJ0012", "单位：三所", "间断超过 5 秒的列出")
        if zh
        else (
            "Period: 2026-03-01 to 2026-03-01",
            "Device: DSJ0012",
            "Unit: 三所",
            "Pauses of more than 5 seconds are listed",
        )
    )
    assert any("4" in note for note in table.notes)


@pytest.mark.parametrize("name", ["xlsx", "html", "pdf"])
def test_every_format_can_be_written(name: str) -> None:
    stream = io.BytesIO()
    FORMATS[name](document("zh", form=name != "xlsx"), stream)
    assert len(stream.getvalue()) > 1000


def test_the_document_is_read_back(archive: Archive) -> None:
    film(archive, NAME.format("083000", 1))
    film(archive, NAME.format("083500", 2))
    archive.seal()
    facts = GapFacts(Wanted(), Limits(), 0)
    stream = io.BytesIO()
    FORMATS["csv"](gap_table(gaps(archive), [], facts, MADE, "en"), stream)
    rows = list(csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"))))
    assert [(row["Finding"], row["Seconds"], row["From"]) for row in rows] == [
        ("there", "120.0", "2026-03-01 08:30:00+08:00"),
        ("pause", "240.0", "2026-03-01 08:31:00+08:00"),
    ]
