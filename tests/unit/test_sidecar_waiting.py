"""Sidecars in the inbox: offered with their files, waited for, and looked up when alone."""

import os
from pathlib import Path
from typing import Any

import pytest
from station_sidecars import MAPPINGS, csv_list, csv_row, station_xml
from watch_fixture import Watched

from ingest.errors import Classified
from ingest.found import Drop
from ingest.sidecars import folder
from ingest.sidecars.of_drop import parsed

JSON = b'{"cunzheng_sidecar": 1}'


def test_files_go_with_their_sidecars_and_a_list_goes_last(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    listed = csv_list(csv_row("b.mp4"), csv_row("gone.mp4"))
    watched.put(a_mp4=b"a", a_xml=station_xml(), b_mp4=b"b", l_csv=listed, z_txt=b"z", c_mp4=b"c")
    watched.put(c_mp4_json=JSON, n_csv=b"x,y\n", m_csv=csv_list(csv_row("z.txt")))
    watched.after(0)
    offered = watched.offered(2)
    assert offered == {
        "a.mp4": ("a.xml", "file"),
        "b.mp4": ("l.csv", "row"),
        "c.mp4": ("c.mp4.json", ""),
        "z.txt": ("m.csv", "row"),
        "n.csv": ("", ""),
        "m.csv": ("", "list"),
    }
    assert list(offered)[-1] == "m.csv"
    assert watched.offered(2) == {}, "what was taken is not offered again"
    assert watched.offered(600) == {"l.csv": ("", "list")}, "it waited for what never came"


def test_a_file_waits_for_a_sidecar_that_is_still_being_written(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(a_mp4=b"a", b_mp4=b"b")
    watched.after(0)
    watched.put(a_xml=b"<MediaRecord>")
    assert watched.offered(1.5) == {"b.mp4": ("", "")}
    watched.put(a_xml=station_xml())
    assert watched.offered(0.5) == {}
    assert watched.offered(2) == {"a.mp4": ("a.xml", "file")}


def test_files_wait_only_so_long_for_a_list_that_grows_for_ever(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(a_mp4=b"a")
    watched.after(0)
    for second in range(8):
        watched.put(log_csv=b"x" * second)
        assert watched.offered(1) == {}
    watched.put(log_csv=b"x" * 99)
    assert watched.offered(4) == {"a.mp4": ("", "")}


def test_a_file_without_a_sidecar_waits_as_long_as_its_source_says(tmp_path: Path) -> None:
    watched = Watched(tmp_path, wait=60)
    watched.put(a_mp4=b"a", b_mp4=b"b")
    watched.after(0)
    assert watched.offered(30) == {}
    assert watched.sweeper.held == 2
    watched.put(a_mp4_json=JSON)
    assert watched.offered(1) == {}
    assert watched.offered(2) == {"a.mp4": ("a.mp4.json", "")}
    assert watched.offered(20) == {}
    assert watched.offered(10) == {"b.mp4": ("", "")}
    assert watched.sweeper.held == 0


def test_a_list_waits_for_the_files_that_it_names(tmp_path: Path) -> None:
    watched = Watched(tmp_path, wait=60)
    watched.put(l_csv=csv_list(csv_row("a.mp4")))
    watched.after(0)
    assert watched.offered(30) == {}
    watched.put(a_mp4=b"a")
    assert watched.offered(0.5) == {}
    assert watched.offered(2) == {"a.mp4": ("l.csv", "row"), "l.csv": ("", "list")}


def notes_of(items: list[Any]) -> list[str]:
    """What is noted of the lists among drops."""
    return [note for item in items if isinstance(item, Drop) for _, note in item.notes]


def test_a_list_that_names_files_that_never_come_is_taken_and_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("a.mp4"), csv_row("../b.mp4")))
    watched.after(0)
    assert watched.after(2) == []
    assert watched.after(599) == []
    (noticed, drop) = watched.after(1)
    assert noticed.reason == "list_missing"
    assert drop.notes == (
        ("LIST_FILE_MISSING", "rows that name no file of its folder: 2 (a.mp4, ../b.mp4)"),
    )


def test_a_list_that_is_written_before_its_files_waits_for_them(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("a.mp4"), csv_row("b.mp4")), a_mp4_part=b"a")
    watched.after(0)
    assert watched.offered(9) == {}
    assert watched.offered(3000) == {}, "a copy is under way"
    (watched.folder / "a.mp4.part").rename(watched.folder / "a.mp4")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("l.csv", "row")}
    watched.remove("a.mp4")
    assert watched.offered(590) == {}, "something of it came ten minutes ago"
    (watched.folder / ".b.mp4.aB3dEf").write_bytes(b"b")
    assert watched.offered(1000) == {}
    (watched.folder / ".b.mp4.aB3dEf").rename(watched.folder / "b.mp4")
    watched.after(0)
    found = watched.after(2)
    assert [item.file.name for item in found] == [b"b.mp4", b"l.csv"]
    assert notes_of(found) == [], "what came and was let go of is not missing"


def test_rows_of_a_list_that_was_taken_are_bound_once_to_what_comes_later(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    secret = csv_row("b.mp4", level="秘密")
    watched.put(l_csv=csv_list(csv_row("a.mp4"), secret, csv_row("c.mp4")))
    watched.after(0)
    watched.after(2)
    assert watched.offered(600) == {"l.csv": ("", "list")}
    watched.remove("l.csv")
    assert watched.offered(3600) == {}
    watched.put(a_mp4=b"a", b_mp4=b"b", d_mp4=b"d")
    watched.after(0)
    found = {item.file.name: item for item in watched.after(2)}
    assert found[b"d.mp4"].claim is None
    assert found[b"a.mp4"].sidecar_name == b"l.csv"
    with pytest.raises(Classified):
        parsed(MAPPINGS, found[b"b.mp4"].claim, found[b"b.mp4"].claim.data)
    watched.remove("a.mp4", "b.mp4", "d.mp4")
    watched.after(1)
    watched.put(a_mp4=b"another")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("", "")}, "one row is for one file"
    watched.after(12 * 3600)
    watched.put(c_mp4=b"c")
    watched.after(0)
    assert watched.offered(2) == {"c.mp4": ("", "")}, "by then the name may be another day's"


def test_a_file_that_comes_while_a_taken_list_still_stands_has_its_row_when_the_list_goes(
    tmp_path: Path,
) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("a.mp4"), csv_row("b.mp4")), b_mp4=b"b")
    watched.after(0)
    watched.sweeper.hurry()
    assert watched.offered(2) == {"b.mp4": ("l.csv", "row"), "l.csv": ("", "list")}
    watched.put(a_mp4=b"a")
    watched.after(0.5)
    watched.remove("l.csv")
    assert watched.offered(2) == {"a.mp4": ("l.csv", "row")}
    watched.remove("a.mp4", "b.mp4")
    watched.after(1)
    watched.put(a_mp4=b"another a", b_mp4=b"another b")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("", ""), "b.mp4": ("", "")}


def test_a_row_ends_with_its_file_though_a_sidecar_of_its_own_spoke_for_it(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("a.mp4"), csv_row("b.mp4")))
    watched.after(0)
    watched.sweeper.hurry()
    assert watched.offered(2) == {"l.csv": ("", "list")}
    watched.put(a_mp4=b"a", a_xml=station_xml(), b_mp4=b"b", b_mp4_json=JSON)
    watched.after(0.5)
    watched.remove("l.csv")
    assert watched.offered(2) == {"a.mp4": ("a.xml", "file"), "b.mp4": ("b.mp4.json", "")}
    watched.remove("a.mp4", "a.xml", "b.mp4", "b.mp4.json")
    watched.after(1)
    watched.put(a_mp4=b"another a", b_mp4=b"another b")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("", ""), "b.mp4": ("", "")}


def test_rows_of_a_list_that_was_taken_away_are_bound_to_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("a.mp4")))
    watched.after(0)
    assert watched.offered(2) == {}
    watched.remove("l.csv")
    watched.after(0)
    watched.put(a_mp4=b"a")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("", "")}


def test_a_list_does_not_miss_what_the_archive_took_before_a_restart(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.archived = {bytes(watched.folder / "a.mp4")}
    watched.put(l_csv=csv_list(csv_row("a.mp4"), csv_row("b.mp4")))
    watched.after(0)
    watched.sweeper.hurry()
    found = watched.after(2)
    assert notes_of(found) == ["rows that name no file of its folder: 1 (b.mp4)"]


def test_a_sidecar_alone_waits_for_its_file_before_it_is_looked_up(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(a_mp4_json=JSON, b_mp4_xml=station_xml())
    watched.after(0)
    assert sorted(watched.told(2)) == [
        ("a.mp4.json", "sidecar_alone"),
        ("b.mp4.xml", "sidecar_alone"),
    ]
    assert watched.offered(20) == {}
    assert watched.offered(10) == {}, "copies of films take long"
    (watched.folder / ".a.mp4.aBcDeF").write_bytes(b"a")
    assert watched.offered(580, take=False) == {"b.mp4.xml": ("", "alone")}, "a is on its way"
    (watched.folder / ".a.mp4.aBcDeF").unlink()
    offered = watched.offered(10)
    assert offered == {"a.mp4.json": ("", "alone"), "b.mp4.xml": ("", "alone")}
    assert watched.told(10) == [], "once is enough"
    watched.put(a_mp4=b"a")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("a.mp4.json", "")}, "its file came after all"


def test_a_sidecar_alone_that_claims_a_content_is_looked_up_sooner(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.put(a_mp4_json=b'{"cunzheng_sidecar":1,"sha256":"' + b"0" * 64 + b'"}')
    watched.put(a_mp4_part=b"a")
    watched.after(0)
    assert watched.offered(40) == {}, "a copy is under way"
    (watched.folder / "a.mp4.part").unlink()
    assert watched.offered(1) == {"a.mp4.json": ("", "alone")}


def test_many_sidecars_without_files_are_read_once_and_their_folder_once_a_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    for number in range(50):
        (watched.folder / f"{number}.mp4.json").write_bytes(JSON)
    asked: list[bytes] = []
    read: list[bytes] = []

    def listed(path: bytes) -> list[bytes]:
        asked.append(path)
        return real_list(path)

    def head(path: bytes, *more: Any) -> bytes:
        read.append(path)
        return real_head(path, *more)

    real_list, real_head = os.listdir, folder.read_head
    monkeypatch.setattr(os, "listdir", listed)
    monkeypatch.setattr(folder, "read_head", head)
    for seconds in (0, 2, 40, 40):
        assert watched.offered(seconds) == {}
    assert len(read) == 50
    assert len(watched.offered(600)) == 50
    assert asked == [os.fsencode(watched.folder)]
