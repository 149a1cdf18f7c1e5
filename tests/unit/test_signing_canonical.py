import enum
import json

import pytest

from signing.canonical import MAX_DEPTH, MAX_INTEGER, decode, decode_object, encode
from signing.errors import CanonicalError


def test_plain_object_is_sorted_and_tight() -> None:
    assert encode({"b": 1, "a": [True, None, "x"]}) == b'{"a":[true,null,"x"],"b":1}'


def test_keys_outside_ascii_are_sorted_by_utf16_units() -> None:
    # U+1F600 starts with the surrogate D83D and so stands before U+E000.
    value = {"\ue000": 1, "\U0001f600": 2, "a": 3}
    assert encode(value) == '{"a":3,"\U0001f600":2,"\ue000":1}'.encode()
    assert decode(encode(value)) == value


def test_escapes_are_those_of_rfc_8785() -> None:
    assert encode('\x00\x1f\b\t\n\f\r"\\/\x7f') == b'"\\u0000\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f"'


def test_integers_up_to_the_limit() -> None:
    assert encode([MAX_INTEGER, -MAX_INTEGER]) == b"[9007199254740991,-9007199254740991]"


class _Number(enum.IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.0, "Floating-point"),
        ({"a": [float("nan")]}, "Floating-point"),
        (MAX_INTEGER + 1, "2\\^53"),
        ([-MAX_INTEGER - 1], "2\\^53"),
        ({1: 2}, "not text"),
        ({None: 2}, "not text"),
        ("e\u0301", "form C"),
        ({"e\u0301": 1}, "form C"),
        ("\ud800", "surrogate"),
        ({"\udc00": 1}, "surrogate"),
        ({"a": b"bytes"}, "bytes"),
        ({"a": {1, 2}}, "set"),
        (_Number.ONE, "_Number"),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: object, words: str) -> None:
    with pytest.raises(CanonicalError, match=words):
        encode(value)


def test_newline_before_a_combining_mark_is_not_mistaken_for_a_letter() -> None:
    # The escape ends in the letter n; only the text itself counts for normalisation.
    assert decode(encode("\n\u0303")) == "\n\u0303"


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


def test_depth_limit() -> None:
    assert decode(encode(_nested(MAX_DEPTH)))
    with pytest.raises(CanonicalError, match="deeper"):
        encode(_nested(MAX_DEPTH + 1))
    with pytest.raises(CanonicalError):
        decode(b"[" * 100_000 + b"]" * 100_000)


def test_a_cycle_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(CanonicalError, match="deeper"):
        encode(value)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b' {"a":1}',
        b'{"a":1}\n',
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\ud800"',
        b'"\xff"',
        b'\xef\xbb\xbf{"a":1}',
        '"e\u0301"'.encode(),
    ],
)
def test_every_other_way_to_write_is_refused(text: bytes) -> None:
    with pytest.raises(CanonicalError):
        decode(text)


def test_decode_object_wants_an_object() -> None:
    assert decode_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(CanonicalError, match="object"):
        decode_object(b"[]")


def test_agrees_with_the_standard_library_on_ascii() -> None:
    value = {"z": [1, {"y": "x"}], "a": False}
    plain = json.dumps(value, sort_keys=True, separators=(",", ":"))
    assert encode(value) == plain.encode()


@pytest.mark.parametrize("text", ["证据", "\n证", '"\u0303', "e\n\u0301", "证\x00\u0301"])
def test_text_outside_ascii_under_plain_keys(text: str) -> None:
    assert decode(encode({"a": [{"b": text}]})) == {"a": [{"b": text}]}


@pytest.mark.parametrize("text", ["证e\u0301", "\u212b", "证\ud800"])
def test_bad_text_under_plain_keys(text: str) -> None:
    with pytest.raises(CanonicalError):
        encode({"a": [{"b": text}]})
