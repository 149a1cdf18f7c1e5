"""The RFC 8785 vectors of cyberphone/json-canonicalization (Apache-2.0), where they are at hand."""

import json
from pathlib import Path

import pytest

from signing.canonical import decode, encode
from signing.errors import CanonicalError

FOLDER = Path(__file__).parents[2].parent / "shared" / "vectors" / "jcs" / "testdata"
SAME = ("arrays", "french")
REFUSED = {
    "values": "Floating-point",
    "structures": "Floating-point",
    "weird": "normalization form C",
    "unicode": "normalization form C",
}


def _read(kind: str, name: str) -> bytes:
    path = FOLDER / kind / f"{name}.json"
    if not path.exists():
        pytest.skip("NOT RUN: needs ../shared/vectors/jcs")
    return path.read_bytes()


@pytest.mark.parametrize("name", SAME)
def test_output_matches_byte_for_byte(name: str) -> None:
    wanted = _read("output", name)
    value = json.loads(_read("input", name))
    assert encode(value) == wanted
    assert decode(wanted) == value


@pytest.mark.parametrize("name", REFUSED)
def test_what_we_restrict_further_is_refused(name: str) -> None:
    with pytest.raises(CanonicalError, match=REFUSED[name]):
        encode(json.loads(_read("input", name)))
    if name != "structures":  # whose canonical output is free of what its input has
        with pytest.raises(CanonicalError, match=REFUSED[name]):
            decode(_read("output", name))


def test_no_vector_is_left_out() -> None:
    _read("input", "arrays")
    names = {path.stem for path in (FOLDER / "input").glob("*.json")}
    assert names == {*SAME, *REFUSED}
