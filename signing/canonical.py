"""Canonical JSON: RFC 8785, restricted further so that there is nothing to argue about.

No floating-point numbers, integers within ±(2^53-1), all text in NFC, no lone surrogates, no
duplicate keys, at most 64 levels. ``encode`` and ``decode`` are strict inverses.

    >>> encode({"b": 1, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
"""

import json
import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeAlias

from signing.errors import CanonicalError

JsonValue: TypeAlias = (
    "bool | int | str | list[JsonValue] | tuple[JsonValue, ...] | dict[str, JsonValue] | None"
)

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64


def _encoder(*, sort_keys: bool) -> Callable[[object], str]:
    """Writes any checked value; raises CanonicalError for what has no canonical form.

    The C encoder escapes exactly what RFC 8785 3.2.2.2 asks for when it keeps non-ASCII text.
    Cycles are caught by the depth limit of the walk, so the encoder need not look for them.
    """
    plain = json.JSONEncoder(
        ensure_ascii=False,
        check_circular=False,
        allow_nan=False,
        sort_keys=sort_keys,
        separators=(",", ":"),
    )
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return plain.encode
    # JSONEncoder.encode makes this anew for every value, which takes longer than a small value.
    text = json.encoder.encode_basestring
    write = make(None, plain.default, text, None, ":", ",", sort_keys, False, False)  # noqa: FBT003
    return lambda value: text(value) if type(value) is str else "".join(write(value, 0))


_SORTING = _encoder(sort_keys=True)
_KEEPING = _encoder(sort_keys=False)
_quote = json.encoder.encode_basestring
_READ = json.JSONDecoder().raw_decode
_PLAIN = frozenset({str, bool, type(None)})


def encode(value: object) -> bytes:
    """Return the canonical bytes of a value made of dict, list, tuple, str, int, bool and None.

    Subclasses of these types are refused. Raises CanonicalError.
    """
    _check_shape(value, MAX_DEPTH)
    text = _SORTING(value)
    if text.isascii():
        return text.encode("ascii")
    if _has_plain_keys(value) and unicodedata.is_normalized("NFC", text):
        # Parts of a text in NFC are in NFC. (Not the other way round: the n of an escaped newline
        # composes with a mark behind it; the walk below decides that.)
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise CanonicalError("Text contains a lone surrogate.") from error
    # RFC 8785 3.2.3 sorts by UTF-16 code units, Python by code points: they differ only outside
    # ASCII, and so do normalisation and surrogates. One slower walk settles all three.
    return _KEEPING(_ordered(value)).encode("utf-8")


class Form:
    """Canonical objects with one set of keys, put together from values that are encoded already.

    >>> Form("a", "b")(b"[]", b"1")
    b'{"a":[],"b":1}'
    """

    def __init__(self, *keys: str) -> None:
        if list(keys) != sorted({*keys}) or not "".join(keys).isidentifier():
            raise CanonicalError("The keys of a form are plain names in ascending order.")
        self._text = b"{%s}" % b",".join(b'"%s":%%b' % key.encode() for key in keys)

    def __call__(self, *values: bytes) -> bytes:
        """The object; one canonical value for every key, in their order."""
        return self._text % values


def text(value: str | None) -> bytes:
    """The canonical bytes of a text, or of null. Raises CanonicalError."""
    if value is None:
        return b"null"
    return _quote(value).encode("ascii") if value.isascii() else encode(value)


def decode(data: bytes) -> JsonValue:
    """Parse canonical bytes; every other way to write the same value is refused.

    Duplicate keys, white space, other escapes, other number forms and another key order all
    show in the comparison with the value encoded again. Raises CanonicalError.
    """
    try:
        text = data.decode("utf-8")
        value: JsonValue
        value, end = _DECODER.raw_decode(text)
        # Fewer brackets than levels are no depth that the walk would refuse.
        flat = text.count("[") + text.count("{") <= MAX_DEPTH
    except (ValueError, RecursionError) as error:
        raise CanonicalError("The bytes are not JSON in UTF-8.") from error
    if end != len(text):
        raise CanonicalError("The JSON text is not in canonical form.")
    if flat and _is_simple(text) and _SORTING(value) == text:
        return value
    if encode(value) != data:
        raise CanonicalError("The JSON text is not in canonical form.")
    return value


def _is_simple(text: str) -> bool:
    """Whether a text that is what its value is encoded to needs no walk through the value.

    Up to U+FFFF both orders of keys are one, and there is no surrogate in text from UTF-8.
    """
    if text.isascii():
        return True
    narrow = len(text.encode("utf-16-le")) == 2 * len(text)
    return narrow and unicodedata.is_normalized("NFC", text)


def _integer(text: str) -> int:
    number = int(text)
    if not -MAX_INTEGER <= number <= MAX_INTEGER:
        raise CanonicalError("An integer is beyond 2^53-1.")
    return number


def _number(_text: str) -> float:
    raise CanonicalError("Floating-point numbers have no place in canonical JSON.")


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_number, parse_int=_integer)


def reread(data: bytes) -> JsonValue:
    """Parse canonical bytes of our own making, checked by a digest: nothing is compared again."""
    value: JsonValue = _READ(data.decode())[0]
    return value


def decode_object(data: bytes) -> dict[str, JsonValue]:
    """Parse canonical bytes that must hold an object. Raises CanonicalError."""
    value = decode(data)
    if not isinstance(value, dict):
        raise CanonicalError("The JSON text is not an object.")
    return value


def _check_shape(value: object, depth: int) -> None:
    """Refuse every type, number, key type and depth that has no canonical form."""
    kind = type(value)
    if kind is dict:
        members = value.values()  # type: ignore[attr-defined]
        for key in value:  # type: ignore[attr-defined]
            if type(key) is not str:
                raise CanonicalError("An object key is not text.")
    elif kind is list or kind is tuple:
        members = value
    else:
        _check_scalar(value, kind)
        return
    if depth == 0:
        raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.")
    for member in members:
        kind = type(member)
        if kind in _PLAIN:
            continue
        if kind is int:
            if not -MAX_INTEGER <= member <= MAX_INTEGER:
                raise CanonicalError("An integer is beyond 2^53-1.")
        else:
            _check_shape(member, depth - 1)


def _check_scalar(value: object, kind: type) -> None:
    if kind in _PLAIN:
        return
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]
            raise CanonicalError("An integer is beyond 2^53-1.")
        return
    if kind is float:
        raise CanonicalError("Floating-point numbers have no place in canonical JSON.")
    raise CanonicalError(f"A value of type {kind.__name__} has no canonical form.")


def _ordered(value: object) -> object:
    """Copy with keys in UTF-16 order, all text checked."""
    if isinstance(value, str):
        return _checked_text(value)
    if isinstance(value, dict):
        keys = sorted(map(_checked_text, value), key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key]) for key in keys}
    if isinstance(value, (list, tuple)):
        return [_ordered(member) for member in value]
    return value


def _has_plain_keys(value: object) -> bool:
    """Whether all keys are ASCII, which sorts the same in every encoding."""
    members: Iterable[object]
    if isinstance(value, dict):
        for key in value:
            if not key.isascii():
                return False
        members = value.values()
    elif isinstance(value, (list, tuple)):
        members = value
    else:
        return True
    for member in members:
        if type(member) not in _PLAIN and not _has_plain_keys(member):
            return False
    return True


def _checked_text(text: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("Text contains a lone surrogate.") from error
    if not unicodedata.is_normalized("NFC", text):
        raise CanonicalError("Text is not in Unicode normalization form C.")
    return text
