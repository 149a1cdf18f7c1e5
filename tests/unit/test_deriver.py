"""The queue of records that wait for their pictures: emptied once, whatever happens on the way."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from archive_fixture import Archive, make_archive, policy_of
from derived_fixture import Derived, deriver_of
from hypothesis import given
from hypothesis import strategies as st
from media_samples import sample
from PIL import Image

from archive import derived_rows, looking
from archive.access_lock import AccessLock
from archive.errors import ContentAltered, FormatError, Unreachable, UsageError
from archive.layout import content_key
from archive.lease import Lease
from archive.looking import DERIVE, GIVEN_UP, MOST_TRIES
from archive.rebuild import rebuild
from ingest.media.derive import deriver as module
from ingest.media.derive.child import read_ppm
from ingest.media.derive.deriver import Wish
from ingest.media.derive.document import docx_text
from ingest.media.derive.recipes import Recipe
from ingest.media.derive.subject import Drawing
from ingest.media.originals import NoRoom
from ingest.media.queue_step import ALTERED, MISSING, UNEXPECTED
from ingest.media.tools import Programs, find_programs


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = make_archive(tmp_path)
    made.seal()
    return made


def photo(archive: Archive, colour: str = "#c03030", kind: str = "image/jpeg") -> str:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "JPEG")
    return record_of(archive, data.getvalue(), kind)


def record_of(archive: Archive, content: bytes, kind: str) -> str:
    made = archive.accession(content, changed={"media": {"type": kind, "by": "content"}})
    archive.seal()
    return made.record


def waiting(archive: Archive) -> list[tuple[str, int, str | None]]:
    with archive.db.read() as connection:
        found = connection.execute(looking.LOOKING.select().order_by(looking.LOOKING.c.id))
        return [(row.record, row.tries, row.problem) for row in found if row.task == DERIVE]


def test_the_queue_is_emptied_once(archive: Archive) -> None:
    first, second = photo(archive), photo(archive, "#3050c0")
    assert [row[0] for row in waiting(archive)] == [first, second]
    work = deriver_of(archive)
    assert (work.step(), work.step(), work.step()) == (True, True, False)
    assert waiting(archive) == []
    archive.seal()
    derived = Derived(archive)
    assert set(derived.rows()) == {(first, "thumbnail"), (second, "thumbnail")}
    assert set(derived.rows().values()) == set(derived.stored())
    assert derived.verify().findings == []
    assert list((archive.home / "scratch").iterdir()) == []


def test_a_film_gives_all_its_pictures_and_leaves_no_file(archive: Archive) -> None:
    record = record_of(archive, sample("mp4").read_bytes(), "video/mp4")
    assert deriver_of(archive).step()
    archive.seal()
    roles = {"poster", "contact_sheet", "waveform", "spectrogram", "proxy"}
    derived = Derived(archive)
    assert {role for _, role in derived.rows()} == roles
    assert {entry.body["recipe"] for entry in derived.entries()} == {f"{one}/1" for one in roles}
    programs = find_programs()
    assert programs.ffmpeg is not None
    tool = f"sha256:{programs.ffmpeg.sha256}"
    assert {entry.body["tool"] for entry in derived.entries()} == {tool}
    assert list((archive.home / "scratch").iterdir()) == []
    modes = {os.stat(derived.path(key)).st_mode & 0o777 for key in derived.stored()}
    assert modes == {0o444}
    assert derived.verify().findings == []
    assert record in derived.use.records()


def test_a_rebuild_waits_for_what_was_not_made(archive: Archive) -> None:
    made, open_ = photo(archive), photo(archive, "#3050c0")
    deriver_of(archive).step()
    archive.seal()
    rebuild(
        archive.db, archive.places, archive.identity, Lease(archive.home / "seal.lock"),
        archive.clock, archive.fs, policy_of(archive),
    )  # fmt: skip
    assert [row[0] for row in waiting(archive)] == [open_]
    assert (made, "thumbnail") in Derived(archive).rows()


def test_an_altered_original_waits_for_a_person(archive: Archive) -> None:
    record = photo(archive)
    path = archive.evidence / content_key(record)
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + b"!")
    assert deriver_of(archive).step()
    assert waiting(archive) == [(record, 1, ALTERED)]
    path.unlink()
    with archive.db.write() as connection:
        looking.try_again(connection, DERIVE)
    assert deriver_of(archive).step()
    assert waiting(archive) == [(record, 1, MISSING)]
    assert Derived(archive).stored() == []


def broken(error: BaseException) -> Callable[[Any], Drawing | None]:
    def make(_: Any) -> Drawing | None:
        raise error

    return make


def exchange(monkeypatch: pytest.MonkeyPatch, make: Callable[[Any], Drawing | None]) -> None:
    recipe = Recipe("thumbnail", "test/1", ("image/",), make)
    monkeypatch.setattr(module, "recipes_for", lambda _: [recipe])


@pytest.mark.parametrize("error", [ZeroDivisionError("a fault"), FormatError("of another form")])
def test_a_recipe_that_fails_stops_only_its_record(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    record = photo(archive)
    exchange(monkeypatch, broken(error))
    assert (deriver_of(archive).step(), deriver_of(archive).step()) == (True, False)
    assert waiting(archive) == [(record, 1, f"{UNEXPECTED} {type(error).__name__}")]


def test_a_record_that_kills_the_process_is_given_up(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = photo(archive)
    exchange(monkeypatch, broken(SystemExit()))
    for _ in range(MOST_TRIES):
        with pytest.raises(SystemExit):
            deriver_of(archive).step()
    assert deriver_of(archive).step()
    assert waiting(archive) == [(record, MOST_TRIES, GIVEN_UP)]


def test_work_that_is_stopped_was_no_try(archive: Archive) -> None:
    record = record_of(archive, sample("mp4").read_bytes(), "video/mp4")
    answers = iter([True, True, True])
    assert not deriver_of(archive).step(lambda: next(answers, False))
    assert waiting(archive) == [(record, 0, None)]
    assert Derived(archive).entries() == []
    assert list((archive.home / "scratch").iterdir()) == []


def test_without_programs_films_wait(archive: Archive) -> None:
    record = record_of(archive, sample("mp4").read_bytes(), "video/mp4")
    with pytest.raises(UsageError, match="ffmpeg"):
        deriver_of(archive, Programs(None, None)).step()
    assert waiting(archive) == [(record, 0, None)]


def test_two_processes_do_not_make_the_same(archive: Archive) -> None:
    record = photo(archive)
    work = deriver_of(archive)
    with AccessLock(archive.home / "locks", record), pytest.raises(Unreachable, match="Another"):
        work.step()
    assert waiting(archive) == [(record, 0, None)]
    assert work.step()


def test_what_a_killed_turn_left_is_swept_by_the_next(archive: Archive) -> None:
    record = photo(archive)
    derived = Derived(archive)
    derived.write(f"derived/{record}/thumbnail-0123456789abcdef.jpg", b"of a killed turn")
    deriver_of(archive).step()
    archive.seal()
    assert derived.stored() == [*derived.rows().values()]


def test_a_newer_recipe_replaces_what_an_older_one_made(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = photo(archive)
    work = deriver_of(archive)
    work.derive(record, Wish())
    assert work.derive(record, Wish(missing=True)).made == ()
    exchange(monkeypatch, lambda _: Drawing(b"newer", "jpg", None))
    (made,) = work.derive(record, Wish(missing=True)).made
    derived = Derived(archive)
    assert derived.stored() == [made.key]
    assert [entry.body["recipe"] for entry in derived.entries()] == ["photo/1", "test/1"]


def test_one_picture_by_hand_does_not_keep_the_others_from_coming(archive: Archive) -> None:
    record = record_of(archive, sample("mp4").read_bytes(), "video/mp4")
    work = deriver_of(archive)
    turn = work.derive(record, Wish(roles=frozenset({"poster"})))
    assert [made.role for made in turn.made] == ["poster"]
    assert waiting(archive) == [(record, 0, None)]
    assert work.step()
    archive.seal()
    assert len(Derived(archive).rows()) == 5
    assert waiting(archive) == []


def test_a_full_disk_keeps_nobody_from_the_pictures(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_of(archive, sample("mp4").read_bytes(), "video/mp4")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    turn = deriver_of(archive).derive(record, Wish())
    assert (len(turn.made), turn.empty) == (4, ("proxy",))
    with pytest.raises(NoRoom, match="no room on the disk"):
        deriver_of(archive).derive(record, Wish(proxy=True))


def test_of_one_that_is_named_the_fault_is_told(archive: Archive) -> None:
    record = photo(archive)
    path = archive.evidence / content_key(record)
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + b"!")
    with pytest.raises(ContentAltered):
        deriver_of(archive).derive(record, Wish())


@given(st.binary(max_size=200))
def test_whatever_comes_out_of_a_file_or_child_is_refused_or_read(data: bytes) -> None:
    assert docx_text(data) == ""
    picture = read_ppm(b"P6\n2 1\n255\n" + data)
    assert (picture is not None) == (len(data) == 6)
    assert read_ppm(data) is None
    derived_rows.keys_in([data])


@pytest.mark.parametrize(
    "wish",
    [Wish(proxy=True), Wish(frozenset({"poster", "proxy"}), missing=True), Wish(missing=True)],
)
def test_a_wish_survives_the_queue(wish: Wish) -> None:
    assert Wish.parse(wish.text()) == wish


def test_what_is_made_at_once_does_not_take_a_wish_away(archive: Archive) -> None:
    record = photo(archive)
    with archive.db.write() as connection:
        assert looking.wish(connection, record, "thumbnail", archive.clock.now())
        assert not looking.wish(connection, record, "thumbnail", archive.clock.now())
    work = deriver_of(archive)
    assert work.step()
    archive.seal()  # the published entry takes the record's own row away
    assert waiting(archive) == []
    assert (work.wished(), work.wished()) == (True, False)
    assert len(Derived(archive).entries()) == 1  # the same picture once more adds no entry


def test_a_wish_that_fails_waits_for_a_person(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = photo(archive)
    with archive.db.write() as connection:
        looking.wish(connection, record, "--proxy", archive.clock.now())
    exchange(monkeypatch, broken(ZeroDivisionError("a fault in a recipe")))
    assert (deriver_of(archive).wished(), deriver_of(archive).wished()) == (True, False)
    with archive.db.read() as connection:
        (row,) = [row for row in connection.execute(looking.LOOKING.select()) if row.wish]
        assert (row.record, row.problem) == (record, f"{UNEXPECTED} ZeroDivisionError")
