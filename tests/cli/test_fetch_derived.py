"""Looking at what was made of a record: under the rules of the record, proved, on the ledger."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from office_cli import OfficeHome, Result, make_office_home
from PIL import Image
from service_driver import served

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
    done = office("fetch", office.record, "--derived", "poster", *WHY, person="insp")
    assert (done.code, "There is no poster" in done.err) == (1, True)
