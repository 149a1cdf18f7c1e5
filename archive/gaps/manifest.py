"""Manifests of docking stations: the list of what a station collected from a device.

    if is_manifest(name):
        listed = parse(name, data)         # raises FormatError
        listed.files, listed.unread

A manifest is a record like any other, and what it says is a claim. Makers write it in their own
ways; these are read (docs/media.md):

* text (`manifest.sha256`, `SHA256SUMS`, `….manifest.txt`): lines of `sha256sum`; `MARK` lines
  (`MARK <time> <file> <note>`), empty lines and lines that begin with `#` list nothing;
* JSON (`manifest.json`, `….manifest.json`): a list of objects, or an object with such a list under
  `files` or `segments`, each with a name and a digest;
* CSV (`manifest.csv`, `….manifest.csv`): a header that names the columns, a line a file.

What cannot be read in it is counted and told, never passed over.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from archive.errors import FormatError

MAX_SIZE = 4 << 20
"""Bytes of a manifest that is read."""
MOST_FILES = 50_000
"""Files that one manifest may list."""

PATTERNS = ("manifest.%", "%.manifest.%", "sha256sums%", "%.sha256")
"""How the names of manifests look, for LIKE, in small letters."""

_NAME = re.compile(r"(.*\.)?manifest\.(sha256|txt|json|csv)|sha256sums(\.txt)?|.*\.sha256")
_SUM = re.compile(r"\\?([0-9a-f]{64})[ \t]+[ *]?(\S.*)", re.IGNORECASE | re.ASCII)
_MARK = re.compile(r"MARK\s")
_DECIMAL = re.compile(r"[0-9]{1,18}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_NAMES = ("name", "file", "path", "filename", "file_name", "文件名", "文件名称", "文件")
_DIGESTS = ("sha256", "sha-256", "sha_256", "digest", "hash", "校验值", "摘要", "哈希值")
_SIZES = ("size", "bytes", "length", "filesize", "file_size", "大小", "文件大小", "字节数")
_LISTS = ("files", "segments")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file that a manifest lists; `sha256` and `size` (bytes) are None where it gives none."""

    name: str
    sha256: bytes | None
    size: int | None = field(default=None, compare=False)

    @property
    def base(self) -> str:
        """The name without folders."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest lists, each once; `unread` counts lines that say nothing we can read."""

    files: tuple[ListedFile, ...]
    unread: int


def is_manifest(name: str) -> bool:
    """Whether a file's name is that of a manifest, in whatever letters."""
    return _NAME.fullmatch(name.lower()) is not None


def parse(name: str, data: bytes) -> Manifest:
    """Read a manifest; FormatError where it is none or too large."""
    if len(data) > MAX_SIZE:
        raise FormatError("the manifest has more than 4 MiB")
    text = _text(data)
    ending = name.lower().rpartition(".")[2]
    read = {"json": _json, "csv": _csv}.get(ending, _sums)
    found: dict[ListedFile, None] = {}
    unread = 0
    for one in read(text):
        if one is None:
            unread += 1
        else:
            found[one] = None
        if len(found) > MOST_FILES:
            raise FormatError(f"the manifest lists more than {MOST_FILES} files")
    if not found:
        raise FormatError("the manifest lists nothing that could be read")
    return Manifest(tuple(found), unread)


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FormatError("the manifest is neither UTF-8 nor GB18030")


def _sums(text: str) -> Iterator[ListedFile | None]:
    for line in text.splitlines():
        found = _SUM.fullmatch(line.strip())
        if found is not None:
            yield _file(found[2], found[1])
        elif line.strip() and not line.startswith("#") and not _MARK.match(line):
            yield None


def _json(text: str) -> Iterator[ListedFile | None]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError("the manifest is not JSON") from error
    if isinstance(value, dict):
        value = next((value[key] for key in _LISTS if key in value), None)
    if not isinstance(value, list):
        raise FormatError("the manifest has no list of files")
    return (_of_row(row) for row in value)


def _csv(text: str) -> Iterator[ListedFile | None]:
    try:
        yield from map(_of_row, csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise FormatError(f"the manifest is not CSV: {error}") from error


def _of_row(row: Any) -> ListedFile | None:
    if not isinstance(row, dict):
        return None
    fields = {str(key).strip().lower(): value for key, value in row.items()}
    name = _first(fields, _NAMES)
    return _file(name, _first(fields, _DIGESTS), _size(fields)) if name else None


def _size(fields: Mapping[str, Any]) -> int | None:
    """Bytes as a number or its digits; what has a unit or is rounded says nothing exact."""
    for value in (fields.get(key) for key in _SIZES):
        if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
            return int(value)
        if type(value) is int and 0 <= value < 1 << 63:
            return value
    return None


def _first(fields: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    values = (fields.get(key) for key in keys)
    return next((value for value in values if isinstance(value, str) and value.strip()), None)


def _file(name: str, digest: str | None, size: int | None = None) -> ListedFile | None:
    plain = unicodedata.normalize("NFC", name.strip()).replace("\\", "/").rstrip("/")
    digits = (digest or "").strip().lower().removeprefix("sha256:")
    if not plain or len(plain) > 1000 or not plain.rpartition("/")[2] or _SURROGATE.search(plain):
        return None  # no file's name has half a character
    return ListedFile(plain, bytes.fromhex(digits) if _HEX.fullmatch(digits) else None, size)
