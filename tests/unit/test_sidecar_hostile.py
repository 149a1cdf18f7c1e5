"""Sidecars of at most 1 MiB that were made to cost time and memory: they end soon, and are bad."""

import time
import tracemalloc

import pytest
from station_sidecars import BESIDE, INDEX, LIST, MAPPINGS

from ingest.errors import SidecarBad
from ingest.sidecar import MAX_SIZE, parse
from ingest.sidecars.pairing import look, pair
from ingest.sidecars.reading import parse_beside

SECONDS = 5.0
"""Many times what any of them takes, and a fraction of what a quadratic one took."""


def filled(start: str, unit: str, end: str, between: str = ",", size: int = MAX_SIZE) -> bytes:
    count = (size - len(start) - len(end)) // (len(unit) + len(between))
    return (start + between.join([unit] * count) + end).encode()


def in_json(key: str, unit: str, size: int = MAX_SIZE) -> bytes:
    return filled('{"cunzheng_sidecar":1,"' + key + '":[', unit, "]}", size=size)


def in_xml(element: str, unit: str, size: int = MAX_SIZE) -> bytes:
    around = f"<MediaRecord><{element}>", f"</{element}></MediaRecord>"
    return filled(around[0], unit, around[1], "", size)


def refused(read, data: bytes) -> str:
    began = time.process_time()
    with pytest.raises(SidecarBad) as caught:
        read(data)
    assert time.process_time() - began < SECONDS
    return f"{caught.value.code} {caught.value.english}"


def test_a_key_twice_among_very_many():
    keys = [f'"{number:x}":1' for number in range(40_000)]
    data = ("{" + ",".join([*keys, '"cunzheng_sidecar":1', keys[-1]]) + "}").encode()
    said = refused(parse, data)
    assert said == "SIDECAR_DUPLICATE_KEY The sidecar has the key 9c3f twice."


@pytest.mark.parametrize(
    ("key", "unit"), [("officers", "{}"), ("officers", "0"), ("interruptions", "{}"), ("tags", "0")]
)
def test_lists_that_are_much_too_long(key, unit):
    assert refused(parse, in_json(key, unit)).startswith(f"SIDECAR_FIELD The sidecar's field {key}")


@pytest.mark.parametrize(
    ("element", "unit", "field"),
    [
        ("Officers", "<Officer/>", "officers"),
        ("Officers", '<Officer name="a"/>', "officers"),
        ("Interruptions", '<Interruption from="2026-1-1 1:1:1"/>', "interruptions"),
    ],
)
def test_elements_that_are_much_too_many(element, unit, field):
    said = refused(lambda data: parse_beside(BESIDE, data), in_xml(element, unit))
    assert said.startswith(f"SIDECAR_FIELD The sidecar's field {field} ")


def test_a_list_that_is_too_long_needs_little_memory():
    data = in_json("officers", "{}", MAX_SIZE // 8)
    tracemalloc.start()
    try:
        refused(parse, data)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("officers", "more", "code", "named"),
    [
        (33, '"x":1', "SIDECAR_UNKNOWN_KEY", "the key x"),
        (33, '"note":1', "SIDECAR_FIELD", "field officers"),
        (32, '"note":"a"', "SIDECAR_MISSING_KEY", "the key name"),
    ],
)
def test_the_fault_nearest_to_the_top_is_the_one_that_is_told(officers, more, code, named):
    each = ",".join(["{}"] * officers)
    said = refused(parse, f'{{"cunzheng_sidecar":1,"officers":[{each}],{more}}}'.encode())
    assert said.startswith(code)
    assert named in said


def test_text_in_very_many_pieces():
    began = time.process_time()
    found = parse_beside(BESIDE, in_xml("Other", "x<b/>", 900_000))
    assert found.claims == {}
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    ("mapping", "name", "data"),
    [
        (
            LIST,
            b"l.csv",
            (
                "文件名,案号,拍摄开始,拍摄结束,"
                + ",".join(letter * 100_000 for letter in "xyz")
                + "\n"
                + "a.mp4,,,,,,\n" * 9_999
            ).encode(),
        ),
        (LIST, b"l.csv", ("文件名,案号,拍摄开始,拍摄结束\n" + "a.mp4,,,\n" * 9_999).encode()),
        (
            INDEX,
            b"index.xml",
            filled("<MediaList>", "<Media file='a.mp4'/>", "</MediaList>", "", 200_000),
        ),
    ],
    ids=["headings", "rows", "elements"],
)
def test_a_list_is_given_to_its_files_soon(mapping, name, data):
    began = time.process_time()
    found = look(MAPPINGS, name, len(data), lambda most: data[:most])
    assert found is not None
    assert found.mapping is mapping
    pairs = pair([b"a.mp4", name], {name: found})
    assert time.process_time() - began < SECONDS / 2
    for _, claim in pairs.of.values():
        assert len(claim.data or b"") < 50_000
