"""Requests out of files of access logs, one after the other; never a whole file in memory."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import closing
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TextIO

from archive.errors import FormatError
from archive.oversight.reconcile.auditd_log import audited
from archive.oversight.reconcile.aws_log import parse_line
from archive.oversight.reconcile.ceph_log import entries, parse_entry
from archive.oversight.reconcile.request import Request, Unreadable

_LONGEST = 1 << 20
"""Characters of a line; AWS writes at most a few thousand."""


def read_log(path: Path) -> Iterator[Request | Unreadable]:
    """Every request of a file, packed with gzip or not; its first line decides how it is read.

    What is no line of such a log comes out as Unreadable, and is never left out.
    """
    try:
        yield from _read(path)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        yield Unreadable(path.name, "the packed file is damaged or breaks off")


def _read(path: Path) -> Iterator[Request | Unreadable]:
    with closing(_opened(path)) as file:
        lines = _lines(file)
        first = next(lines, None)
        while first is not None and not first.strip():
            first = next(lines, None)
        if first is None:
            return
        whole = _with(first, lines)
        if first.lstrip().startswith(("{", "[")):
            yield from _ceph(path.name, whole)
        elif first.startswith(("type=", "node=", "----", "time->")):
            yield from audited(path.name, whole)
        else:
            yield from _aws(path.name, whole)


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    open_ = gzip.open if packed else open
    stream: IO[bytes] = open_(path, "rb")  # type: ignore[assignment]
    # Line breaks of other systems are text here: one line of the file is one request.
    return TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="\n")


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(_LONGEST):
        yield line


def _with(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _aws(name: str, lines: Iterator[str]) -> Iterator[Request | Unreadable]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        source = f"{name}:{number}"
        try:
            yield parse_line(line, source)
        except FormatError as error:
            yield Unreadable(source, str(error))


def _ceph(name: str, lines: Iterator[str]) -> Iterator[Request | Unreadable]:
    last = 1
    try:
        for number, text in entries(lines):
            last = number
            try:
                found = parse_entry(text, f"{name}:{number}")
            except FormatError as error:
                yield Unreadable(f"{name}:{number}", str(error))
                continue
            if found is not None:
                yield found
    except FormatError as error:
        yield Unreadable(f"{name}:{last}", str(error))
