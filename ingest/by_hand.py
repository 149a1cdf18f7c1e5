"""Drops that a person names: files, or folders with everything in them, from anywhere."""

import os
import stat
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from archive.errors import UsageError
from ingest import sidecar
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.settle import FileKey, Settled
from ingest.sources import read_head, writer_of
from ingest.sweep import Drop, Found, is_ignored

_SUFFIX = b".json"


def drops_of(paths: Sequence[Path], source: str) -> Iterator[Drop]:
    """Every regular file named or below a named folder, with its sidecar.

    The person says that the files are complete; one that somebody still writes to is refused all
    the same: UsageError. Links and special files are passed over.
    """
    for path in paths:
        whole = os.path.abspath(os.fsencode(path))
        if not os.path.lexists(whole):
            raise UsageError(f"There is no file {path}.")
        if os.path.isdir(whole) and not os.path.islink(whole):
            yield from _folder(whole, source)
        else:
            folder, name = os.path.split(whole)
            beside = [name + _SUFFIX] if os.path.lexists(whole + _SUFFIX) else []
            yield from _files(folder, [name], {name, *beside}, source, b"")


def _folder(top: bytes, source: str) -> Iterator[Drop]:
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        wanted = sorted(name for name in names if not is_ignored(name))
        inside = os.path.relpath(folder, top)
        yield from _files(folder, wanted, set(wanted), source, b"" if inside == b"." else inside)


def _files(
    folder: bytes, names: Sequence[bytes], present: Set[bytes], source: str, inside: bytes
) -> Iterator[Drop]:
    for name in names:
        file = _found(folder, name, source, inside)
        if file is None:
            continue
        if name.endswith(_SUFFIX) and name[: -len(_SUFFIX)] in present and _is_sidecar(file):
            continue
        beside = None
        if name + _SUFFIX in present:
            beside = _found(folder, name + _SUFFIX, source, inside)
        if beside is not None and not _is_sidecar(beside):
            beside = None
        yield Drop(file, beside, _settled(file, beside))


def _found(folder: bytes, name: bytes, source: str, inside: bytes) -> Found | None:
    path = os.path.join(folder, name)
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Found(source, inside, name, path, FileKey.of(found))


def _is_sidecar(file: Found) -> bool:
    try:
        return sidecar.is_marked(read_head(file.path, sidecar.MAX_SIZE, file.key))
    except (SourceChanged, SourceUnreadable):
        return False


def _settled(file: Found, beside: Found | None) -> Settled:
    leases = []
    for part in (file, beside) if beside else (file,):
        writing = writer_of(part.path, part.key)
        if writing:
            name = os.fsdecode(part.name)
            raise UsageError(f"{name!r} is still being written to; take it when it is complete.")
        leases.append(writing is False)
    return Settled(all(leases), 0)
