"""Strict checks of JSON fields, shared by entries, record descriptions, details and receipts."""

import base64
import binascii
import re
from collections.abc import Callable, Container, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

from archive.errors import FormatError
from archive.ids import check_ulid
from archive.times import parse_time
from signing import canonical
from signing.digest import Digest
from signing.errors import SigningError

Check = Callable[[Any], object]

_SALT = re.compile(r"[0-9a-f]{32}", re.ASCII)
_SOURCE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_LOG = re.compile(r"[a-z0-9]{1,16}-\d{4}", re.ASCII)
_PERSON = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
_UNIT = re.compile(r"[A-Za-z0-9._-]{1,32}", re.ASCII)
_CLASS = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_PACK = re.compile(r"[a-z0-9]{1,16}-\d{4}-\d{16}-[a-z0-9]{1,8}", re.ASCII)
_REF_CODE = re.compile(r"[0-9A-Za-z·-]{1,64}")
_STORE = re.compile(r"[a-z][a-z0-9-]{0,31}", re.ASCII)
_ACCOUNT = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_USUAL = (_SHA256, re.compile(r"sm3:[0-9a-f]{64}", re.ASCII))
_ALGORITHM = re.compile(r"[a-z0-9]{1,16}", re.ASCII)


def decode_object(data: bytes, what: str) -> dict[str, Any]:
    """Decode canonical JSON that must be an object; FormatError naming `what`."""
    try:
        value = canonical.decode(data)
    except SigningError as error:
        raise FormatError(f"{what} is not canonical JSON: {error}") from error
    if not isinstance(value, dict):
        raise FormatError(f"{what} is not an object")
    return value


def exactly(value: object, checks: Mapping[str, Check], optional: Mapping[str, Check]) -> None:
    """Check an object that has exactly these keys (and perhaps the optional ones); FormatError."""
    if not isinstance(value, dict):
        raise FormatError("an object was expected")
    if not checks.keys() <= value.keys():
        missing = next(key for key in checks if key not in value)
        raise FormatError(f"the field {missing} is missing")
    key = ""
    try:
        for key, check in checks.items():
            check(value[key])
        if len(value) > len(checks):
            for key in value.keys() - checks.keys():
                if key not in optional:
                    break
                optional[key](value[key])
            else:
                return
        else:
            return
    except (FormatError, SigningError) as error:
        raise FormatError(f"{key}: {error}") from error
    raise FormatError(f"the field {key[:40]!r} is not known")


def obj(checks: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """A nested object with exactly these keys."""
    return lambda value: exactly(value, checks, optional or {})


def each(check: Check) -> Check:
    """A list whose items all pass."""

    def run(value: object) -> None:
        if not isinstance(value, list):
            raise FormatError("a list was expected")
        for item in value:
            check(item)

    return run


def maybe(check: Check) -> Check:
    """Null, or what passes."""
    return lambda value: None if value is None else check(value)


def text(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise FormatError("a text was expected")
    return value


def count(value: object) -> int:
    """A whole number, not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise FormatError("a whole number was expected")
    return value


def whole(value: object) -> int:
    """A whole number, perhaps negative: degrees of a rotation, an offset."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError("a whole number was expected")
    return value


def flag(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise FormatError("true or false was expected")
    return value


def anything(value: object) -> object:
    """A JSON object whose fields are checked elsewhere."""
    if not isinstance(value, dict):
        raise FormatError("an object was expected")
    return value


def digest(value: object) -> Digest:
    """`alg:hex`."""
    return Digest.parse(text(value))


def sha256_digest(value: object) -> Digest:
    """`sha256:hex`: what the chain itself uses."""
    found = Digest.parse(text(value))
    if found.algorithm != "sha256":
        raise FormatError("a sha256 digest was expected")
    return found


def digests(value: object) -> tuple[Digest, ...]:
    """A list of digests of one content: no algorithm twice, sha256 among them."""
    if not isinstance(value, list):
        raise FormatError("a list of digests was expected")
    found = tuple(digest(item) for item in value)
    algorithms = [item.algorithm for item in found]
    if "sha256" not in algorithms or len(set(algorithms)) != len(algorithms):
        raise FormatError("a content has a sha256 and no algorithm twice")
    return found


def digest_texts(value: object) -> object:
    """Checks what `digests` reads, faster, because there are so many of them."""
    if type(value) is list and len(value) == len(_USUAL):
        pairs = zip(_USUAL, value, strict=True)
        if all(type(item) is str and form.fullmatch(item) for form, item in pairs):
            return value
    return digests(value)


def sha256_text(value: object) -> object:
    """Checks what `sha256_digest` reads, faster."""
    return value if type(value) is str and _SHA256.fullmatch(value) else sha256_digest(value)


def base64_bytes(value: object) -> bytes:
    """Strict base64 (RFC 4648 §4): decoding and encoding again gives the same text."""
    try:
        data = base64.b64decode(text(value), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("not base64") from error
    if base64.b64encode(data).decode("ascii") != value:
        raise FormatError("not base64 in its one form")
    return data


def date_text(value: object) -> date:
    """`YYYY-MM-DD`."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise FormatError("not a date")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise FormatError("there is no such day") from error


def one_of(choices: Container[str]) -> Check:
    """One of some words."""

    def run(value: object) -> None:
        if not isinstance(value, str) or value not in choices:
            raise FormatError("not one of the words that are allowed here")

    return run


def sorted_each(check: Check, least: int = 0, most: int = 1000) -> Check:
    """A list in ascending order, no item twice."""

    def run(value: object) -> None:
        each(check)(value)
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise FormatError(f"a list of {least} to {most} items was expected")
        if any(a >= b for a, b in pairwise(value)):
            raise FormatError("a list in ascending order, with no item twice, was expected")

    return run


def _form(pattern: re.Pattern[str], what: str) -> Callable[[object], str]:
    def run(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise FormatError(f"not {what}")
        return value

    return run


salt = _form(_SALT, "a salt of 32 hex digits")
source_id = _form(_SOURCE, "a source id")
log_name = _form(_LOG, "a log name")
algorithm = _form(_ALGORITHM, "the name of an algorithm")
person_id = _form(_PERSON, "a person id")
unit_id = _form(_UNIT, "a unit id")
account = _form(_ACCOUNT, "the number of an account")
hex64 = _form(_HEX64, "64 hex digits")
class_name = _form(_CLASS, "the name of a retention class")
pack_name = _form(_PACK, "a pack id")
ref_code = _form(_REF_CODE, "a reference code (档号)")
store_name = _form(_STORE, "the name of a store")
ulid: Check = check_ulid
moment: Check = parse_time
