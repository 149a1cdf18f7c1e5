import mmap
import os
import socket
import subprocess
import sys
import textwrap

import pytest

from ingest.errors import SourceChanged, SourceUnreadable
from ingest.settle import FileKey
from ingest.sources import has_writer, open_regular, read_head, writer_of


def key_of(path):
    return FileKey.of(os.lstat(path))


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "sample"
    path.write_bytes(b"hello")
    return path


@pytest.mark.parametrize("kind", ["fifo", "link", "folder", "socket", "missing"])
def test_only_regular_files_are_opened(tmp_path, sample, kind):
    path = tmp_path / "x"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(sample)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.close()
    with pytest.raises(SourceUnreadable):
        open_regular(os.fsencode(path))


def test_a_writer_is_seen_and_a_reader_is_not(sample):
    raw, key = os.fsencode(sample), key_of(sample)
    assert writer_of(raw, key) is False
    with sample.open("rb"):
        assert writer_of(raw, key) is False
    with sample.open("ab"):
        assert writer_of(raw, key) is True
    assert writer_of(raw, key) is False


def test_a_mapping_for_writing_is_a_writer(sample):
    raw, key = os.fsencode(sample), key_of(sample)
    with sample.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 5)
    assert writer_of(raw, key) is True
    mapped.close()
    assert writer_of(raw, key) is False


def test_another_key_counts_as_written_to(sample):
    raw, key = os.fsencode(sample), key_of(sample)
    assert writer_of(raw, key._replace(size=6)) is True
    sample.unlink()
    assert writer_of(raw, key) is True


def test_where_no_lease_is_given_the_answer_is_unknown():
    read_end, write_end = os.pipe()
    try:
        assert has_writer(read_end) is None
    finally:
        os.close(read_end)
        os.close(write_end)


def test_a_lease_broken_in_its_instant_does_not_end_the_process(sample):
    # Without F_SETSIG the kernel's SIGIO ends this child within a fraction of a second.
    code = """
        import os, signal, sys, time
        from ingest.sources import has_writer
        path, reader, begun = sys.argv[1], os.getpid(), time.monotonic()
        writer = os.fork()
        if not writer:
            while os.getppid() == reader:
                os.close(os.open(path, os.O_WRONLY))
            os._exit(0)
        fd = os.open(path, os.O_RDONLY)
        seen = set()
        while (lasted := time.monotonic() - begun) < 1 or (len(seen) < 2 and lasted < 60):
            seen.add(has_writer(fd))
        os.kill(writer, signal.SIGKILL)
        os.wait()
        print(sorted(seen))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(sample)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[False, True]")


def test_read_head_is_bounded_and_strict(sample):
    raw, key = os.fsencode(sample), key_of(sample)
    assert read_head(raw, 3) == b"hel"
    assert read_head(raw, 100, key) == b"hello"
    sample.write_bytes(b"other!")
    with pytest.raises(SourceChanged):
        read_head(raw, 100, key)
