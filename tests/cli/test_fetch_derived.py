"""Looking at what was made of a record: under the rules of the record, proved, on the ledger."""

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from office_cli import OfficeHome, Result, make_office_home
from PIL import Image
from service_driver import served

from archive.errors import NotFound
from cli.derived_kinds import check_derived

WHY = ("--purpose", "supervision", "--reason", "核对")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeHome]:
    """One record, a photo, with its small picture; verified at the end."""
    photo = io.BytesIO()
    Image.effect_mandelbrot((1600, 1200), (-2, -1.5, 1, 1.5), 40).save(photo, "JPEG")
    made = make_office_home(tmp_path_factory.mktemp("office"), photo.getvalue())
    assert made("derive").code == 0
    yield made
    done = made("verify")
    assert done.code == 0, done.text + done.err


def look(office: OfficeHome, *words: object, person: str = "insp") -> Result:
    return office("fetch", office.record, "--derived", "thumbnail", *words, person=person)


def picture(office: OfficeHome) -> Path:
    (path,) = (office.home / "store/live/derived").glob("*/thumbnail-*.jpg")
    return path


def test_it_is_a_view_of_the_record(office: OfficeHome) -> None:
    done = look(office, *WHY)
    assert (done.code, done.out) == (0, picture(office).read_bytes()), done.err
    with Image.open(io.BytesIO(done.out)) as seen:
        assert seen.size == (640, 480)
    started = office.entries("access.started")[-1]["statements"][0]["statement"]["payload"]
    assert (started["action"], started["range"], started["record"]) == (
        "view", None, office.record,
    )  # fmt: skip
    ended = office.entries("access.completed")[-1]
    assert (ended["access"], ended["bytes"]) == (started["access"], len(done.out))


def test_through_the_service(office: OfficeHome) -> None:
    with served(office.home):
        done = look(office, *WHY)
    assert (done.code, done.out) == (0, picture(office).read_bytes()), done.err


def test_who_may_not_view_the_record_may_not_view_its_picture(office: OfficeHome) -> None:
    before = len(office.entries("access.started"))
    done = look(office, *WHY, person="admin")
    assert (done.code, done.out) == (4, b"")
    assert len(office.entries("access.started")) == before
    assert office.entries("access.denied")[-1]["person"] == "admin"


def test_an_altered_picture_is_not_handed_out(office: OfficeHome) -> None:
    path = picture(office)
    right = path.read_bytes()
    path.unlink()
    path.write_bytes(right[:-1] + b"!")
    done = look(office, *WHY)
    assert (done.code, done.out) == (1, b"")
    aborted = office.entries("access.aborted")[-1]
    assert (aborted["bytes"], aborted["code"]) == (0, "RECORD_ALTERED")
    path.unlink()
    done = look(office, *WHY)
    assert (done.code, done.out) == (1, b"")
    assert office.entries("access.aborted")[-1]["code"] == "OBJECT_MISSING"
    assert office("derive", "--missing").code == 0
    assert look(office, *WHY).out == right


def test_a_row_that_somebody_changed_proves_nothing(office: OfficeHome) -> None:
    """The database says only where to look."""
    from sqlalchemy import update

    from archive.derived_rows import DERIVED

    planted = picture(office).with_name("thumbnail-0123456789abcdef.jpg")
    planted.write_bytes(b"another face")
    bench = office.bench()
    key = str(planted.relative_to(office.home / "store/live"))
    with bench.database.write() as connection:
        connection.execute(update(DERIVED).values(key=key, digest=b"x" * 32))
    bench.database.close()
    try:
        done = look(office, *WHY)
        assert (done.code, b"another face" in done.out) == (0, False)
    finally:
        planted.unlink()
        assert office("rebuild").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--action", "copy"), "for a view of the whole record"),
        (("--bytes", "0-100"), "for a view of the whole record"),
        (("--marked",), "for a view of the whole record"),
    ],
)
def test_only_for_plain_views(
    office: OfficeHome, words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    more = ("-o", tmp_path) if "copy" in words else ()
    before = len(office.entries("access.started"))
    done = look(office, *WHY, *words, *more)
    assert (done.code, told in done.err) == (2, True), done.err
    assert len(office.entries("access.started")) == before


def test_kinds_that_there_are_not(office: OfficeHome) -> None:
    done = office("fetch", office.record, "--derived", "marked", *WHY, person="insp")
    assert (done.code, "--derived is one of" in done.err) == (2, True)
    before = office.entries("access.requested"), office.entries("access.started")
    for language, told in (
        ("en", "no poster of a record of this kind. There are: thumbnail."),
        ("zh", "此类记录没有封面图。现有：thumbnail。"),
    ):
        words = ("--lang", language, "fetch", office.record, "--derived", "poster", *WHY)
        done = office(*words, person="insp")
        assert (done.code, told in done.err) == (2, True), done.err
    assert (office.entries("access.requested"), office.entries("access.started")) == before


def test_one_that_is_not_made_yet(office: OfficeHome) -> None:
    before = len(office.entries("access.started"))
    with_sound = {"made": [], "possible": ["waveform", "proxy"]}
    desk: Any = SimpleNamespace(call=lambda name, params: with_sound)
    payload = {"record": office.record}
    params = {"started": {"statement": {"statement": {"payload": payload}}}}
    with pytest.raises(NotFound, match=f"`cunzheng derive {office.record} --proxy` makes it"):
        check_derived(desk, params, "proxy")
    with pytest.raises(NotFound, match=r"--role waveform` makes it\. There are: none"):
        check_derived(desk, params, "waveform")
    assert len(office.entries("access.started")) == before


def test_the_note_says_what_was_looked_at(office: OfficeHome) -> None:
    assert look(office, *WHY, "--note", "核对车牌").code == 0
    started = office.entries("access.started")[-1]
    detail = (office.home / "store/evidence/details").glob(f"*/{started['detail_id']}.json")
    assert "核对车牌 (thumbnail)" in next(detail).read_text("utf-8")
