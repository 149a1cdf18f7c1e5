"""The reader: what it reads becomes the same records; what it leaves is read as ever."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import SOURCE
from packed_fixture import Packed

from archive.durable import FileSystem
from archive.errors import StateUnknown, Unreachable, UsageError
from ingest.ahead import Ahead, Part, Reading
from ingest.by_hand import drops_of
from ingest.session import StagingSession
from ingest.sweep import Drop, Noticed
from ingest.watcher import take_parts

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


class Away:
    """A database that does not answer."""

    @contextmanager
    def read(self) -> Iterator[None]:
        raise Unreachable("The database does not answer.")
        yield


@pytest.fixture
def session(tmp_path: Path) -> StagingSession:
    (tmp_path / "staging").mkdir(exist_ok=True)
    return StagingSession(tmp_path / "staging", FileSystem(), "01J00000000000000000000000")


@pytest.fixture
def archive(tmp_path: Path) -> Packed:
    return Packed(tmp_path)


@pytest.fixture
def packed(archive: Packed, session: StagingSession) -> Packed:
    archive.changed["session"] = session
    archive.intake = archive.new_intake()
    return archive


def written(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def reader(
    session: StagingSession, drops: Iterator[Drop], heard: list[Noticed], pack_up_to: int = 1 << 18
) -> Ahead:
    reading = Reading(
        *(SOURCE, ("sha256", "sm3"), "main", "cunzheng test", pack_up_to),
        now=lambda: datetime.now(UTC),  # noqa: TID251 - another process than the test's clock
        random=os.urandom,
    )
    return Ahead(drops, heard, reading, session)


def read(session: StagingSession, *folders: Path) -> tuple[list[Part], list[Noticed]]:
    heard: list[Noticed] = []
    told: list[Noticed] = []
    ahead = reader(session, drops_of(folders, SOURCE, heard.append), heard)
    try:
        parts = list(ahead.parts(told.append))
    finally:
        ahead.stop()
    return parts, told


def names(drops: Sequence[Drop]) -> list[bytes]:
    return sorted(drop.file.name for drop in drops)


def take(packed: Packed, parts: Sequence[Part]) -> Any:
    class Pipeline:
        def take(self, drops: list[Drop], packs: Any) -> None:
            self.admitted = packed.intake.admit(drops, packs)

        def is_free(self) -> bool:
            return True

        def finish(self) -> None:
            packed.intake.finish()
            packed.intake.clean_up()

    pipeline = Pipeline()
    take_parts(pipeline, iter(parts), 100, 200)  # type: ignore[arg-type]
    return pipeline.admitted


def test_what_was_read_ahead_becomes_records_in_the_pack_of_the_reader(
    packed: Packed, session: StagingSession, tmp_path: Path
) -> None:
    files = {f"{n}.txt": b"number %d\n" % n * n for n in range(9)}
    parts, _ = read(session, written(tmp_path / "drops", files))
    [part] = parts
    assert (len(part), part.drops) == (9, [])
    assert part.read is not None
    [staged] = session.folder.iterdir()
    assert staged.name == part.read.staged.file
    admitted = take(packed, parts)
    assert admitted.records == 9
    assert packed.records() == files
    assert not list(session.folder.iterdir())


def test_what_is_not_plain_is_left_and_taken_all_the_same(
    packed: Packed, session: StagingSession, tmp_path: Path
) -> None:
    files = {
        "plain.txt": b"plain",
        "beside.txt": b"with a sidecar",
        "beside.txt.json": b'{"cunzheng_sidecar":1}',
        "picture": PNG,
        "list.mp4": b"#EXTM3U\n",
        "large.bin": bytes(1 << 19),
    }
    parts, _ = read(session, written(tmp_path / "drops", files))
    [part] = parts
    assert names(part.drops) == [b"beside.txt", b"large.bin", b"list.mp4", b"picture"]
    assert part.read is not None
    assert names([outcome.drop for outcome in part.read.outcomes]) == [b"plain.txt"]
    take(packed, parts)
    del files["beside.txt.json"]
    assert packed.records() == files


def test_what_was_taken_over_stays_while_the_database_is_away(session: StagingSession) -> None:
    """Entries may stand for it that are not sealed yet: gone, nothing could ever be sealed."""
    (session.folder / "pack.zip").write_bytes(b"staged")
    session.take_over()
    with pytest.raises(Unreachable):
        session.close(Away())  # type: ignore[arg-type]
    session.abandon()
    assert (session.folder / "pack.zip").exists()


def test_without_packs_everything_is_left(session: StagingSession, tmp_path: Path) -> None:
    folder = written(tmp_path / "drops", {"empty": b"", "small.txt": b"small"})
    with reader(session, drops_of([folder], SOURCE), [], pack_up_to=0) as ahead:
        [part] = ahead.parts(lambda _: None)
    assert (names(part.drops), part.read) == ([b"empty", b"small.txt"], None)


def test_a_pack_with_something_that_is_known_is_read_again(
    packed: Packed, session: StagingSession, tmp_path: Path
) -> None:
    packed.take({"old.txt": b"old"})
    folder = written(tmp_path / "drops", {"new.txt": b"new"})
    same = written(tmp_path / "same", {"again.txt": b"old", "other.txt": b"other"})
    for place, known, records in ((folder, 1, 1), (same, 0, 2)):
        parts, _ = read(session, place)
        admitted = take(packed, parts)
        assert (admitted.known, admitted.records) == (known, records)
        assert not list(session.folder.iterdir())
    assert len(packed.entries()) == 4


def test_a_file_that_is_named_twice_is_taken_once(
    packed: Packed, session: StagingSession, tmp_path: Path
) -> None:
    folder = written(tmp_path / "drops", {"a.txt": b"a", "b.txt": b"b"})
    parts, _ = read(session, folder, folder / "a.txt")
    admitted = take(packed, parts)
    assert (admitted.known, admitted.records) == (1, 2)
    assert packed.records() == {"a.txt": b"a", "b.txt": b"b"}


def test_what_the_walk_notices_and_raises_arrives(session: StagingSession, tmp_path: Path) -> None:
    folder = written(tmp_path / "drops", {"a.txt": b"a"})
    (folder / "link").symlink_to("a.txt")
    parts, told = read(session, folder)
    assert len(parts) == 1
    assert [(noticed.path[-4:], noticed.reason) for noticed in told] == [(b"link", "link")]
    with pytest.raises(UsageError, match="There is no file"):
        read(session, tmp_path / "nothing")


def test_a_reader_that_dies_is_not_the_end_of_the_files(
    session: StagingSession, tmp_path: Path
) -> None:
    folder = written(tmp_path / "drops", {"a.txt": b"a"})

    def dying() -> Iterator[Drop]:
        yield from drops_of([folder], SOURCE)
        os.kill(os.getpid(), signal.SIGKILL)

    with reader(session, dying(), []) as ahead, pytest.raises(StateUnknown, match="reads files"):
        list(ahead.parts(lambda _: None))
    assert not session.folder.exists()


def test_a_reader_that_nobody_listens_to_is_ended(session: StagingSession, tmp_path: Path) -> None:
    folder = written(tmp_path / "drops", {"a.txt": b"a"})

    def endless() -> Iterator[Drop]:
        while True:
            yield from drops_of([folder], SOURCE)

    with reader(session, endless(), []) as ahead:
        part = next(ahead.parts(lambda _: None))
        assert len(part) == 1000
    assert not session.folder.exists()


def test_batches_are_larger_while_one_is_being_finished() -> None:
    class Pipeline:
        def __init__(self) -> None:
            self.taken: list[int] = []
            self.free = iter([True, False, False, True])

        def is_free(self) -> bool:
            return next(self.free)

        def take(self, drops: list[Drop], _packs: Any) -> None:
            self.taken.append(len(drops))

        def finish(self) -> None:
            self.taken.append(0)

    drop: Any = None
    parts = [Part([drop] * 10, None)] * 9
    pipeline = Pipeline()
    take_parts(pipeline, iter(parts), 20, 40)  # type: ignore[arg-type]
    assert pipeline.taken == [20, 40, 20, 10, 0]


def test_what_was_taken_before_a_file_that_is_being_written_is_finished(
    packed: Packed, session: StagingSession, tmp_path: Path
) -> None:
    first = written(tmp_path / "first", {"a.txt": b"a"})
    second = written(tmp_path / "second", {"b.txt": b"b"})

    class Pipeline:
        def is_free(self) -> bool:
            return True

        def take(self, drops: list[Drop], packs: Any) -> None:
            packed.intake.admit(drops, packs)

        def finish(self) -> None:
            packed.intake.finish()

    def walk() -> Iterator[Drop]:
        for _ in range(1001):
            yield from drops_of([first], SOURCE)
        with (second / "b.txt").open("ab"):
            yield from drops_of([second], SOURCE)

    with reader(session, walk(), []) as ahead, pytest.raises(UsageError, match="being written"):
        take_parts(Pipeline(), ahead.parts(lambda _: None), 1000, 2000)  # type: ignore[arg-type]
    assert packed.records() == {"a.txt": b"a"}
