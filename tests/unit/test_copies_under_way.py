"""Temporary names: of which file they are is told by its name, and a folder is listed once."""

import os
from pathlib import Path

import pytest
from station_sidecars import csv_list, csv_row
from watch_fixture import Watched

from ingest.under_way import Copies


@pytest.mark.parametrize(
    ("stands", "asked", "expected"),
    [
        ("a.mp4.part", "a.mp4", True),
        ("a.mp4.part", "a.mp4.json", True),
        ("a.mp4.part", "a.xml", True),
        (".a.mp4.aBcDeF", "a.mp4.xml", True),
        ("A.MP4.PART", "a.mp4.json", True),
        ("a.mp4.part", "A.json", True),
        ("ab.mp4.part", "a.mp4.json", False),
        ("a.mp4", "a.mp4.json", False),
        ("b.part", "a.mp4.json", False),
        (".hidden", "hidden", False),
        ("a..mp4.tmp", "a..mp4", True),
    ],
)
def test_whose_copy_it_is(tmp_path: Path, stands: str, asked: str, expected: bool) -> None:
    (tmp_path / stands).touch()
    for more in ("0.part", "zz.part", "~.part"):
        (tmp_path / more).touch()
    assert Copies().has(os.fsencode(tmp_path / asked)) is expected


def test_a_folder_is_listed_once_until_the_next_look(tmp_path: Path) -> None:
    copies = Copies()
    assert not copies.has(os.fsencode(tmp_path / "a.mp4"))
    (tmp_path / "a.mp4.part").touch()
    assert not copies.has(os.fsencode(tmp_path / "a.mp4"))
    copies.clear()
    assert copies.has(os.fsencode(tmp_path / "a.mp4"))
    assert copies.has(os.fsencode(tmp_path / "gone/a.mp4")), "nobody can tell"


def test_a_list_waits_for_a_copy_whose_name_is_in_gbk(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("\u4e04A\u4e02.mp4")))  # 丂 is 81 40, 丄 is 81 41: an A
    part = os.fsencode(watched.folder) + b"/" + "\u4e04A\u4e02.mp4.part".encode("gb18030")
    Path(os.fsdecode(part)).touch()
    watched.after(0)
    watched.after(2)
    assert watched.offered(700) == {}
    os.unlink(part)
    assert watched.offered(1) == {"l.csv": ("", "list")}


def test_many_lists_and_sidecars_alone_list_their_folder_once_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    for number in range(40):
        (watched.folder / f"{number}.csv").write_bytes(csv_list(csv_row(f"{number}.mp4")))
        (watched.folder / f"{number}.mp4.part").touch()
        (watched.folder / f"x{number}.avi.json").write_bytes(b'{"cunzheng_sidecar": 1}')
    watched.after(0)
    watched.after(2)
    asked: list[bytes] = []
    real = os.listdir

    def listed(path: bytes) -> list[bytes]:
        asked.append(path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listed)
    assert len(watched.offered(700)) == 40, "the sidecars, and no list"
    assert asked == [os.fsencode(watched.folder)]
