"""Rows of lists say by themselves in which encoding they are written."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from station_sidecars import INDEX, LIST

from ingest.errors import Classified, SidecarBad
from ingest.sidecars.encodings import read_text
from ingest.sidecars.reading import is_of, parse_row, read_list

MARK = b"\x84\x31\x95\x33"
"""U+FEFF in GB18030."""
BOTH = ["元山小台", "十一山庄", "元山"]
"""Words that are UTF-8 of other words, in GBK."""
NAMED = replace(
    LIST,
    headings=frozenset({"file", "place"}),
    file="file",
    fields={"place": "place", "classification": "level"},
    groups={},
)


def xml(place: str, declared: str = "GBK", encoding: str = "gbk") -> bytes:
    """A list with a row whose own bytes do not say what they are."""
    text = f'<Media file="a.mp4" place="{place}"/>\n<Media file="b" subject="鬰一"/>'
    return f'<?xml version="1.0" encoding="{declared}"?><MediaList>{text}</MediaList>'.encode(
        encoding
    )


def place_of(mapping, data: bytes) -> tuple[str, bytes]:
    """What the first row says when it is read by itself, and its bytes."""
    first = read_list(mapping, data)[0]
    own = first.listed.data()
    return parse_row(mapping, own).claims["place"], own


@pytest.mark.parametrize("declared", ["GBK", "gb2312", "GB18030"])
@pytest.mark.parametrize("place", BOTH)
def test_an_element_of_a_list_that_declares_its_encoding(place, declared):
    data = xml(place, declared)
    read, own = place_of(INDEX, data)
    assert read == place
    assert own.startswith(MARK)
    assert own[4:] in data
    assert own.decode("gb18030") == f'\ufeff<Media file="a.mp4" place="{place}"/>'


@pytest.mark.parametrize("place", BOTH)
def test_a_line_below_headings_in_ascii(place):
    data = f"file,place,level\r\na.mp4,{place},\r\nb.mp4,鬰,\r\n".encode("gbk")
    read, own = place_of(NAMED, data)
    assert read == place
    assert own == MARK + data[: data.index(b"b.mp4")]


def test_what_says_by_itself_what_it_is_stays_as_it_is():
    for data in (
        xml("鬰"),
        xml("plain"),
        xml("元山", "UTF-8", "utf-8"),
        xml("元山", "UTF-16", "utf-16"),
    ):
        own = place_of(INDEX, data)[1]
        assert own.removeprefix(b"\xff\xfe") in data


def test_a_file_may_begin_with_the_mark_of_gb18030():
    data = MARK + "file,place,level\na.mp4,元山,\n".encode("gbk")
    assert is_of(NAMED, data)
    assert place_of(NAMED, data) == ("元山", data)
    data = MARK + xml("元山")
    assert is_of(INDEX, data)
    assert place_of(INDEX, data)[0] == "元山"


def test_a_mark_of_a_state_secret_is_seen_in_a_row_by_itself():
    data = "file,place,level\na.mp4,元山,秘密\n".encode("gbk")
    (row,) = read_list(NAMED, data)
    with pytest.raises(Classified):
        parse_row(NAMED, row.listed.data())


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=',"<>&'), max_size=8)
)
def test_any_row_reads_by_itself_as_in_its_list(word):
    for data, mapping in (
        (f"file,place,level\na,{word}.,\nb,鬰,\n".encode("gb18030"), NAMED),
        (xml(word + ".", "GB18030", "gb18030"), INDEX),
    ):
        row = read_list(mapping, data)[0].listed
        try:
            own = row.data()
        except SidecarBad:
            continue  # its bytes cannot be told: it is bad, and never another text
        said = row.row.text("place" if mapping is NAMED else "@place")
        assert said in read_text(own).text
