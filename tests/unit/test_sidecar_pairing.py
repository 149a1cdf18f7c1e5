"""Which file of a folder is the sidecar of which: names are compared, and used for nothing else."""

import time
import tracemalloc

from station_sidecars import MAPPINGS, csv_list, csv_row, station_xml, xml_list

from ingest.sidecars.pairing import Pairs, look, pair


def paired(files, taken=()):
    """Pair a folder of names with their bytes; counts what is read."""
    known = {}
    for name, data in files.items():
        found = look(MAPPINGS, name, len(data), lambda most, data=data: data[:most])
        if found is not None:
            known[name] = found
    return pair(set(files), known, taken)


def owners(pairs):
    return {name: (beside, claim.kind) for name, (beside, claim) in pairs.of.items()}


def test_a_sidecar_after_the_whole_name_or_the_stem():
    pairs = paired(
        {b"a.mp4": b"", b"a.mp4.xml": station_xml(), b"b.avi": b"", b"b.XML": station_xml()}
    )
    assert owners(pairs) == {b"a.mp4": (b"a.mp4.xml", "file"), b"b.avi": (b"b.XML", "file")}
    assert pairs.sidecars == {b"a.mp4.xml": b"a.mp4", b"b.XML": b"b.avi"}


def test_ordinary_xml_and_csv_are_left_alone():
    files = {b"a.mp4": b"", b"a.xml": b"<other/>", b"b.csv": b"x,y\n1,2\n", b"b.txt": b""}
    pairs = paired(files)
    assert pairs == Pairs()


def test_nothing_is_read_of_other_names():
    def read(_most):
        raise AssertionError

    for name in (b"a.mp4", b"a.txt", b"xml", b".xml", b"csv"):
        assert look(MAPPINGS, name, 5, read) is None


def test_a_stem_that_may_mean_several_files_means_none():
    pairs = paired({b"a.mp4": b"", b"a.avi": b"", b"a.xml": station_xml()})
    assert not pairs.of
    assert pairs.unused == {b"a.xml"}
    pairs = paired({b"a.mp4": b"", b"a.idx": b"", b"a.xml": station_xml()})
    assert owners(pairs) == {b"a.mp4": (b"a.xml", "file")}, (
        "the mapping says which endings it means"
    )


def test_a_sidecar_whose_file_is_not_there():
    pairs = paired({b"a.mp4.xml": station_xml()})
    assert list(pairs.alone) == [b"a.mp4.xml"]


def test_json_goes_first_then_a_file_then_a_list():
    listed = csv_list(csv_row("a.mp4"), csv_row("b.mp4"), csv_row("c.mp4"))
    files = {b"a.mp4": b"", b"b.mp4": b"", b"c.mp4": b"", b"l.csv": listed}
    files |= {b"a.xml": station_xml(), b"b.xml": station_xml()}
    pairs = paired(files, taken={b"a.mp4"})
    assert owners(pairs) == {b"b.mp4": (b"b.xml", "file"), b"c.mp4": (b"l.csv", "row")}
    assert pairs.unused == {b"a.xml"}
    assert set(pairs.lists) == {b"l.csv"}


def test_names_in_a_list_are_only_compared():
    names = ["../../etc/passwd", "/etc/passwd", "..", "", "sub/a.mp4", "a.mp4\x00", "C:\\a.mp4"]
    pairs = paired({b"l.csv": csv_list(*(csv_row(name) for name in names)), b"a.mp4": b""})
    assert not pairs.of
    assert list(pairs.lists[b"l.csv"].missing) == names


def test_a_row_twice_is_a_fault_only_where_it_says_otherwise():
    same = csv_list(csv_row("a.mp4"), csv_row("a.mp4"))
    assert owners(paired({b"l.csv": same, b"a.mp4": b""})) == {b"a.mp4": (b"l.csv", "row")}
    other = csv_list(csv_row("a.mp4"), csv_row("a.mp4", "案2"))
    assert owners(paired({b"l.csv": other, b"a.mp4": b""})) == {b"a.mp4": (b"l.csv", "twice")}


def test_names_in_any_encoding():
    raw = "甲.mp4".encode("gb18030")
    pairs = paired({raw: b"", b"index.xml": xml_list(("甲.mp4", "1"))})
    assert owners(pairs) == {raw: (b"index.xml", "row")}


def test_a_list_that_cannot_be_read_is_one_all_the_same():
    pairs = paired({b"a.mp4": b"", b"index.xml": b"<MediaList><Media file='a.mp4'"})
    assert set(pairs.lists) == {b"index.xml"}
    assert not pairs.of


def test_hostile_lists_end_soon():
    many = csv_list(*(csv_row(f"{number}.mp4") for number in range(8000)))
    pairs = paired({b"l.csv": many, **{b"%d.mp4" % number: b"" for number in range(8000)}})
    assert len(pairs.of) == 8000
    assert pairs.of[b"7999.mp4"][1].number == 8000


def test_names_are_read_once_for_all_the_lists_of_a_folder():
    data = csv_list(csv_row("a.mp4"))
    known = {}
    for number in range(200):
        name = b"%d.csv" % number
        known[name] = look(MAPPINGS, name, len(data), lambda most: data[:most])
    names = {b"%05d.mp4" % number for number in range(20_000)} | known.keys() | {b"a.mp4"}
    began = time.process_time()
    assert owners(pair(names, known)) == {b"a.mp4": (b"0.csv", "row")}
    assert time.process_time() - began < 1


def test_of_a_list_little_more_is_remembered_than_its_bytes():
    for data in (
        csv_list(*(csv_row(f"{number}.mp4") for number in range(6000))),
        xml_list(*((f"{number}.mp4", "案1") for number in range(6000))),
    ):
        name = b"l.csv" if data.startswith("文件名".encode("gb18030")) else b"index.xml"
        tracemalloc.start()
        known = look(MAPPINGS, name, len(data), lambda most, data=data: data[:most])
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert known is not None
        assert len(known.rows) == 6000
        assert kept < 10 * len(data)
