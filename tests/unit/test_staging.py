import hashlib
import mmap
import os
import resource
import signal
import stat
import subprocess
import tracemalloc

import pytest

from archive.durable import FileSystem
from archive.errors import Unreachable
from archive.pieces import PIECE_SIZE, pieces_root
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.settle import FileKey
from ingest.staging import HEAD_SIZE, stage

ALGORITHMS = ("sha256", "sm3")


@pytest.fixture
def staging(tmp_path):
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder


def put(tmp_path, data):
    path = tmp_path / "source.bin"
    path.write_bytes(data)
    return os.fsencode(path)


def take(source, staging, **more):
    return stage(source, staging, "one", ALGORITHMS, **{"fs": FileSystem(), **more})


def pieces_of(data):
    cuts = range(0, len(data), PIECE_SIZE)
    return tuple(hashlib.sha256(data[at : at + PIECE_SIZE]).digest() for at in cuts)


@pytest.mark.parametrize(
    "size",
    [0, 1, 10_240, 1 << 20, PIECE_SIZE - 1, PIECE_SIZE, PIECE_SIZE + 1, 2 * PIECE_SIZE, 9_000_000],
)
def test_copy_digests_and_pieces(tmp_path, staging, size):
    data = os.urandom(size)
    source = put(tmp_path, data)
    staged = take(source, staging, claimed=("md5",))
    assert staged.path.read_bytes() == data
    assert stat.S_IMODE(staged.path.stat().st_mode) == 0o444
    assert staged.size == size
    assert staged.head == data[:HEAD_SIZE]
    assert [str(item) for item in staged.digests] == [
        f"{name}:{hashlib.new(name, data).hexdigest()}" for name in ALGORITHMS
    ]
    assert staged.claimed == {"md5": hashlib.md5(data).hexdigest()}
    assert staged.pieces_root == pieces_root(pieces_of(data))
    assert staged.key == FileKey.of(os.stat(source))
    assert staged.lease is True
    if size <= PIECE_SIZE:
        assert staged.pieces_path is None
        assert [path.name for path in staging.iterdir()] == ["one"]
    else:
        assert staged.pieces_path.read_bytes() == b"".join(pieces_of(data))
        assert stat.S_IMODE(staged.pieces_path.stat().st_mode) == 0o444


class Meddling(FileSystem):
    """Does something to the source after the first write to the copy."""

    def __init__(self, deed):
        self.deed = deed

    def write(self, fd, data):
        super().write(fd, data)
        deed, self.deed = self.deed, None
        if deed:
            deed()


def grow(source):
    with open(source, "ab") as file:
        file.write(b"more")


def shrink(source):
    os.truncate(source, 1_500_000)


def alter_in_place(source):
    with open(source, "r+b") as file:
        file.seek(2_000_000)
        file.write(b"changed")


def touch_back(source):
    found = os.stat(source)
    alter_in_place(source)
    os.utime(source, ns=(found.st_atime_ns, found.st_mtime_ns))


@pytest.mark.parametrize("size", [3_000_000, 6_000_000])
@pytest.mark.parametrize("deed", [grow, shrink, alter_in_place, touch_back])
def test_a_source_that_changes_during_the_copy_is_refused(tmp_path, staging, deed, size):
    source = put(tmp_path, os.urandom(size))
    with pytest.raises(SourceChanged):
        take(source, staging, fs=Meddling(lambda: deed(source)))
    assert list(staging.iterdir()) == []


def test_a_small_source_that_changes_is_refused(tmp_path, staging):
    source = put(tmp_path, b"small")
    with pytest.raises(SourceChanged):
        take(source, staging, fs=Meddling(lambda: grow(source)))
    assert list(staging.iterdir()) == []


def test_a_writer_that_has_not_written_yet_is_refused(tmp_path, staging):
    source = put(tmp_path, b"small")
    with open(source, "r+b"), pytest.raises(SourceChanged, match="open for writing"):
        take(source, staging)
    assert list(staging.iterdir()) == []


def test_a_mapped_source_is_refused(tmp_path, staging):
    source = put(tmp_path, b"small")
    with open(source, "r+b") as file:
        mapped = mmap.mmap(file.fileno(), 5)
    try:
        with pytest.raises(SourceChanged):
            take(source, staging)
    finally:
        mapped.close()
    assert take(source, staging).size == 5


def test_not_the_file_that_settled(tmp_path, staging):
    source = put(tmp_path, b"small")
    key = FileKey.of(os.stat(source))
    assert stage(source, staging, "a", ALGORITHMS, fs=FileSystem(), expected=key).key == key
    os.utime(source)
    with pytest.raises(SourceChanged):
        take(source, staging, expected=key)
    assert [path.name for path in staging.iterdir()] == ["a"]


def test_links_and_missing_files_are_refused(tmp_path, staging):
    source = put(tmp_path, b"small")
    link = tmp_path / "link"
    link.symlink_to(os.fsdecode(source))
    for path in (os.fsencode(link), b"/nowhere/at/all"):
        with pytest.raises(SourceUnreadable):
            take(path, staging)
    assert list(staging.iterdir()) == []


def test_a_taken_name_is_never_overwritten(tmp_path, staging):
    source = put(tmp_path, b"new")
    (staging / "one").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        take(source, staging)
    assert (staging / "one").read_bytes() == b"old"


def test_a_taken_name_of_the_piece_list_leaves_nothing_half(tmp_path, staging):
    source = put(tmp_path, os.urandom(PIECE_SIZE + 1))
    (staging / "one.pieces").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        take(source, staging)
    assert [path.name for path in staging.iterdir()] == ["one.pieces"]


@pytest.mark.parametrize("size", [50_000, 3_000_000])
def test_a_file_size_limit_leaves_nothing_behind(tmp_path, staging, size):
    source = put(tmp_path, os.urandom(size))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            take(source, staging)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(staging.iterdir()) == []


@pytest.fixture
def tiny(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("NOT RUN: needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("size", [1_000_000, 5_000_000])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(tmp_path, tiny, size):
    (tiny / "filler").write_bytes(bytes(500_000))
    free = os.statvfs(tiny).f_bavail
    source = put(tmp_path, os.urandom(size))
    with pytest.raises(Unreachable, match="staging area cannot be written"):
        take(source, tiny)
    assert [path.name for path in tiny.iterdir()] == ["filler"]
    assert os.statvfs(tiny).f_bavail == free


def test_a_full_disk_shows_before_the_first_byte_is_copied(tmp_path, tiny):
    class Unwritten(FileSystem):
        def write(self, fd, data):
            raise AssertionError("the room was not reserved first")

    source = put(tmp_path, os.urandom(5_000_000))
    with pytest.raises(Unreachable):
        take(source, tiny, fs=Unwritten())


def test_memory_does_not_grow_with_the_file(tmp_path, staging):
    source = os.fsencode(tmp_path / "sparse")
    peaks = []
    for number, size in enumerate((16 << 20, 64 << 20)):
        with open(source, "wb") as file:
            file.truncate(size)
        tracemalloc.start()
        stage(source, staging, str(number), ALGORITHMS, fs=FileSystem())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 16 << 20
