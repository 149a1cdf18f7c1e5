"""What counts for a row, what is asked, shown and lacking (docs/completeness.md)."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from completeness_cases import (
    LIST,
    NINE,
    OPEN,
    at,
    between,
    gap,
    judged,
    material,
    row,
    states,
    video,
)

from archive.completeness.answer import timeline_document
from archive.completeness.bars import bars
from archive.completeness.coverage import VOLUME_ROWS, examine
from archive.completeness.material import kind_of
from archive.completeness.page import CasePage, Picture, write
from archive.completeness.report import CaseLine, completeness_table
from archive.completeness.spans import first, minus, total, union
from archive.completeness.timeline import timeline
from archive.record_list import RecordList
from archive.vocabulary import NOT_COUNTED

LIST_FILE = Path(__file__).parents[2] / "config" / "record-list.toml"
SHIPPED = RecordList.parse(LIST_FILE.read_text(encoding="utf-8"))
NOTE = material("现场检查笔录.txt", span=(0, 40))
OPENING = material("立案审批表.txt")
CLOSED = replace(OPEN, closed=True)


def test_spans() -> None:
    spans = [between(0, 10), between(5, 20), between(20, 25), between(30, 30), between(40, 50)]
    assert union(reversed(spans)) == [between(0, 25), between(40, 50)]
    assert total(spans) == timedelta(minutes=35)
    assert minus(spans, [between(10, 12), between(24, 45)]) == [
        *(between(0, 10), between(12, 24), between(45, 50))
    ]
    assert minus(spans, [between(-5, 60)]) == []
    assert first(spans, timedelta(minutes=27)) == [between(0, 25), between(40, 42)]
    assert first(spans, timedelta()) == []


def test_only_text_records_make_a_row_required() -> None:
    assert states(judged()) == {"opening": "missing"}
    film = video("物证_检查录像.mp4", 0, 40, stage="investigate")
    assert states(judged(film)) == {"opening": "missing"}
    assert row(judged(film), "scene").state == "covered"
    assert states(judged(OPENING, NOTE)) == {
        "opening": "covered",
        "note": "covered",
        "scene": "missing",
        "photos": "missing",
    }


def test_stages_are_reached_by_claims_closing_and_documents() -> None:
    of_stage = material("x.txt", stage="decide")
    assert states(judged(of_stage))["decision"] == "missing"
    assert "decision" not in states(judged(NOTE))
    assert states(judged(material("处罚决定书.txt")))["note"] == "missing"
    closed = states(judged(facts=CLOSED))
    assert closed == dict.fromkeys(
        ("photos", "opening", "note", "decision", "catalogue"), "missing"
    )
    major = replace(OPEN, importance="major")
    assert "legal" not in states(judged(NOTE, facts=major))
    assert states(judged(of_stage, facts=major))["legal"] == "missing"
    assert judged(facts=replace(OPEN, category="permit")).verdicts == ()


@pytest.mark.parametrize(
    ("film", "by"),
    [
        (video("a.mp4", 0, 40, item="scene"), "item"),
        (video("a.mp4", 0, 40, item=" 现场检查 ", stage="serve"), "item"),
        (video("a.mp4", 0, 40, item="Scene Row"), "item"),
        (video("检查录像1.mp4", 0, 40), "name"),
        (video("a.mp4", 0, 40, title="检查录像", stage="investigate"), "name"),
        (video("a.mp4", 39, 41), "time"),
        (video("检查录像1.mp4", 0, 40, stage="serve"), None),
        (video("检查录像1.mp4", 0, 40, item="询问"), None),
        (video("询问录音.mp4", 0, 40), None),
        (video("a.mp4", 0, 40, item="别的"), None),
        (video("a.mp4", 40, 41), None),
        (video("a.mp4", 0, 40, stage="serve"), None),
        (material("检查录像.wav", "audio", span=(0, 40)), None),
        (video("a.mp4", 0, 40, item="scene", gone=True), None),
    ],
)
def test_which_recordings_count(film: object, by: str | None) -> None:
    verdict = row(judged(NOTE, film), "scene")  # type: ignore[arg-type]
    assert [one.by for one in verdict.counted] == ([by] if by else [])
    assert (verdict.state == "missing") is (by is None)


def test_which_documents_count() -> None:
    assert states(judged(material("处罚决定书.txt")))["decision"] == "covered"
    receipt = judged(material("处罚决定书送达回证.txt", stage="decide"))
    assert states(receipt)["decision"] == "missing"
    assert states(judged(material("立案.jpg", "photo")))["opening"] == "covered"
    assert states(judged(video("立案.mp4", 0, 1)))["opening"] == "missing"
    assert states(judged(material("扫描件", item="立案审批表")))["opening"] == "covered"
    # What names one document is not taken for another by its name.
    assert states(judged(material("立案", item="note")))["opening"] == "missing"
    # A text record that names a recording's row is still the document that its title says.
    note = material("检查笔录", item="现场检查", span=(0, 40))
    assert states(judged(note)) == {
        **dict.fromkeys(("scene", "photos", "opening"), "missing"),
        "note": "covered",
    }


def test_what_is_lacking_is_named() -> None:
    first_part = video("a.mp4", 0, 25, item="scene")
    found = row(judged(NOTE, first_part), "scene")
    assert (found.state, found.fails) == ("partial", True)
    assert found.lacking == (between(25, 40),)
    assert found.lacking_time == timedelta(minutes=15)
    late = video("b.mp4", 25, 39.5, item="scene")
    found = row(judged(NOTE, first_part, late), "scene")
    assert (found.state, found.lacking) == ("covered", ())  # half a minute is tolerated


def test_a_film_covers_no_more_than_its_measured_length() -> None:
    film = video("a.mp4", 0, 40, item="scene", duration=timedelta(minutes=10))
    assert row(judged(NOTE, film), "scene").lacking == (between(10, 40),)
    # Around its own interruptions: 10 minutes from nine, with 5 to 20 left out.
    film = replace(film, interruptions=(gap(5, 20, "battery"),))
    assert film.recorded() == [between(0, 5), between(20, 25)]
    assert row(judged(NOTE, film), "scene").lacking == (between(25, 40),)
    longer = replace(film, duration=timedelta(minutes=60), interruptions=())
    assert longer.recorded() == [between(0, 60)]
    timeless = replace(longer, start=None, end=None)
    assert row(judged(NOTE, timeless), "scene").lacking == (between(0, 40),)
    assert timeless.recorded() == []
    far = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    ends = replace(film, start=far, end=far, interruptions=()).recorded()
    assert total(ends) < timedelta(minutes=1)


def test_interruptions_with_a_reason_are_not_asked_for() -> None:
    def check(*stretches: object) -> tuple[str, list[str]]:
        film = video("a.mp4", 0, 40, item="scene", interruptions=stretches)
        found = judged(NOTE, film)
        return row(found, "scene").state, [str(one.reason) for _, one in found.unexplained]

    assert check(gap(10, 15, "weather")) == ("covered", [])
    assert check(gap(10, 15)) == ("partial", ["None"])
    assert check(gap(10, 15, "other")) == ("partial", ["other"])
    assert check(gap(10, 15, "other", "领导要求暂停")) == ("covered", [])
    # What another device shows is not lacking, though nobody says why the first one stopped.
    second = video("b.mp4", 9, 16, item="scene")
    film = video("a.mp4", 0, 40, item="scene", interruptions=(gap(10, 15),))
    found = judged(NOTE, film, second)
    assert (row(found, "scene").state, len(found.unexplained)) == ("covered", 1)
    # The note itself may say why nothing was recorded.
    note = replace(NOTE, interruptions=(gap(30, 40, "device_fault"),))
    assert row(judged(note, video("a.mp4", 0, 30, item="scene")), "scene").state == "covered"


def test_without_a_text_record_a_recording_is_held_to_its_own_claim() -> None:
    note = replace(NOTE, start=None, end=None)
    film = video("a.mp4", 0, 40, item="scene")
    assert row(judged(note, film), "scene").state == "covered"
    short = replace(film, duration=timedelta(minutes=10))
    assert row(judged(note, short), "scene").lacking == (between(10, 40),)
    assert row(judged(note, replace(film, start=None, end=None)), "scene").state == "covered"


def test_photos_have_no_length() -> None:
    photo = material("物证1.jpg", "photo", span=(3, 3))
    found = row(judged(NOTE, photo), "photos")
    assert (found.state, [one.by for one in found.counted]) == ("covered", ["name"])


def test_what_cannot_be_read_shows_nothing_and_damage_is_told() -> None:
    unreadable = video("a.mp4", 0, 40, item="scene", condition="unreadable")
    found = judged(NOTE, unreadable)
    assert states(found)["scene"] == "missing"
    assert [one.name for one in found.damaged] == ["a.mp4"]
    assert len(row(found, "scene").counted) == 1
    damaged = replace(unreadable, condition="damaged")
    assert states(judged(NOTE, damaged))["scene"] == "covered"
    assert judged(NOTE, replace(damaged, condition="sound")).damaged == ()


def test_what_is_excused_does_not_fail() -> None:
    found = judged(OPENING, NOTE, excused=("scene", "photos", "opening"))
    assert states(found)["scene"] == states(found)["photos"] == "excused"
    assert states(found)["opening"] == "covered"
    assert found.complete
    partial = judged(OPENING, NOTE, video("a.mp4", 0, 1, item="scene"), excused=("scene",))
    assert states(partial)["scene"] == "excused"
    assert row(partial, "scene").lacking == (between(1, 40),)
    assert not partial.complete


def test_upload_in_time() -> None:
    day = 24 * 60
    film = video("a.mp4", 0, 40, item="scene")

    def late(**more: object) -> timedelta | None:
        (found,) = judged(NOTE, replace(film, **more)).deliveries  # type: ignore[arg-type]
        return found.late_by

    assert late(received_at=at(40 + day)) is None
    assert late(received_at=at(41 + day)) == timedelta(minutes=1)
    assert late(received_at=at(41 + day), duty_end=at(180)) is None
    assert late(received_at=at(41 + day), duty_end=at(20)) == timedelta(minutes=1)
    assert late(end=None, duration=timedelta(minutes=30), received_at=at(30 + day)) is None
    assert judged(NOTE, replace(film, end=None)).deliveries == ()
    talk = video("b.mp4", 0, 40, item="talk", received_at=at(41 + day))
    assert judged(talk).late == []  # the row itself gives 48 hours
    assert len(judged(replace(talk, received_at=at(41 + 2 * day))).late) == 1
    assert judged(material("a.jpg", "photo", span=(0, 0))).deliveries == ()
    forever = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    assert late(end=forever) is None


def test_all_that_counts_for_nothing_is_named_with_the_reason() -> None:
    records = {
        video("a.mp4", 200, 210): "no_row_then",
        video("b.mp4", 0, 40): None,  # by its time
        material("别的.txt"): "no_name",
        material("别的.jpg", "photo"): "no_name",
        material("说明.txt", item="别的事项"): "item_unknown",
        material("立案.mp4", "video"): "media",
        material("录音.wav", "audio", item="scene"): "media",
        material("处罚决定书.txt", stage="serve"): "stage",
        material("决定书送达回证.txt"): "without",
        material("检查笔录2.txt", gone=True): "gone",
        # It says when the recording was made, though it is no document of the list.
        material("情况说明.txt", item="scene"): None,
    }
    found = judged(NOTE, *records)
    assert {one.material.name: one.reason for one in found.of_no_row} == {
        one.name: reason for one, reason in records.items() if reason
    }
    assert {one.reason for one in found.of_no_row} == set(NOT_COUNTED)


def test_a_filed_volume_has_its_catalogue_and_its_note() -> None:
    closed = examine(SHIPPED, CLOSED, [])
    filed = examine(SHIPPED, replace(CLOSED, volumes=2), [])
    for name in VOLUME_ROWS:
        assert row(closed, name).state == "missing"
        found = row(filed, name)
        assert (found.state, found.volumes, found.counted) == ("covered", (1, 2), ())
    assert row(filed, "closing_form").state == "missing"
    assert [one.volumes for one in filed.verdicts if one.volumes] == [(1, 2)] * len(VOLUME_ROWS)


def test_the_report_counts_recordings_and_those_whose_end_is_known() -> None:
    open_end = replace(video("b.mp4", 0, 40), end=None)
    found = judged(NOTE, video("a.mp4", 0, 40), open_end, video("c.mp4", 0, 1, gone=True))

    def rows(*units: str) -> list[dict[str, object]]:
        lines = [CaseLine(unit, f"{unit}-1", "penalty", "2026-11-20", found) for unit in units]
        table = completeness_table(lines, "sha256:0", (None, None), NINE, "en")
        assert (": 1 case" in table.subtitle[0]) is (len(units) == 1)
        keys = [column.key for column in table.columns]
        return [dict(zip(keys, values, strict=True)) for values in table.rows]

    unit, case = rows("main")
    assert (unit["kind"], unit["cases"], unit["case"]) == ("unit", 1, None)
    assert (case["kind"], case["cases"], case["case"]) == ("case", None, "main-1")
    assert (case["recordings"], case["timed"], case["late"], case["on_time"]) == (2, 1, 0, 1.0)
    several = rows("main", "west")
    assert [one["kind"] for one in several] == ["total", "unit", "unit", "case", "case"]
    assert (several[0]["unit"], several[0]["cases"], several[0]["recordings"]) == (None, 2, 4)


def test_the_timeline_has_every_record_at_its_stage() -> None:
    film = video("a.mp4", 0, 40, duration=timedelta(minutes=10))
    records = [
        *(film, NOTE, OPENING, material("别的.txt")),
        material("决定书.txt", stage="decide", received_at=at(300)),
        video("b.mp4", 5, 6, item="talk", gone=True),
    ]
    found = timeline(records, judged(*records))
    assert list(found) == ["start", "investigate", "decide", None]
    assert [one.material.name for one in found["investigate"]] == ["现场检查笔录.txt", "a.mp4"]
    shown = found["investigate"][1]
    assert (shown.rows, shown.end) == (("scene",), at(10))
    assert shown.delivery is not None
    assert [one.material.name for one in found[None]] == ["b.mp4", "别的.txt"]
    assert list(timeline(records, None)) == ["decide", None]


def test_bars_of_records_that_follow_each_other_share_a_scale() -> None:
    records = [NOTE, video("a.mp4", 10, 40), material("b.jpg", "photo", span=(20, 20))]
    records += [video("c.mp4", 60, 65), video("d.mp4", 96, 97), material("e.txt")]
    (stage,) = timeline_document(timeline(records, None))
    found = [(bar.record["name"], bar.first, bar.start, bar.end) for bar in bars(stage["records"])]
    assert found == [
        ("现场检查笔录.txt", True, 0.0, 40 / 65),
        ("a.mp4", False, 10 / 65, 40 / 65),
        ("b.jpg", False, 20 / 65, 20 / 65),
        ("c.mp4", False, 60 / 65, 1.0),
        ("d.mp4", True, 0.0, 1.0),
        ("e.txt", True, None, None),
    ]
    alone = timeline_document(timeline([material("f.jpg", "photo", span=(5, 5))], None))
    assert [(bar.start, bar.end) for bar in bars(alone[0]["records"])] == [(0.0, 0.0)]


def test_a_page_shows_text_as_text() -> None:
    name, preview = "<script>alert(1)</script>.mp4", "<img src=x onerror=alert(1)>"
    film = video(name, 0, 5, condition="damaged", interruptions=(gap(1, 2), gap(3, 4, "battery")))
    stages = timeline_document(timeline([film], None))
    picture = Picture("poster", "image/jpeg", b"\xff\xd8")
    facts = [("case", "<b>")]
    page = CasePage(
        "A & B",
        facts,
        None,
        stages,
        {film.record: [picture]},
        {film.record: preview},
        [],
        NINE,
        "zh",
    )
    out = io.BytesIO()
    write(page, out)
    text = out.getvalue().decode()
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.mp4" in text
    assert 'src="data:image/jpeg;base64,/9g="' in text
    assert all(
        words in text for words in ("受损", "未说明原因", "电量不足", "A &amp; B", "&lt;b&gt;")
    )


def test_kinds_and_hours() -> None:
    kinds = {"video/mp4": "video", "audio/amr": "audio", "image/jpeg": "photo"}
    assert {kind_of(media) for media in ("text/plain", "application/pdf", "")} == {"text"}
    assert all(kind_of(media) == kind for media, kind in kinds.items())
    assert [LIST.hours(LIST.named(name)) for name in ("scene", "talk")] == [24, 48]
