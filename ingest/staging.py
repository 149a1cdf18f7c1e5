"""One read of a source file: copy, digests and piece hashes together, and nothing if it moved.

Nothing is synced here; the caller syncs the whole batch once. A staged copy is complete or absent:
whatever goes wrong, no file is left behind.
"""

import errno
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from archive.durable import READ_ONLY, FileSystem, disk_errors
from archive.pieces import PIECE_SIZE, PieceHasher, pieces_root
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.settle import FileKey
from ingest.sources import has_writer, open_known
from signing.digest import Digest, Hasher
from signing.errors import DigestError

HEAD_SIZE = 64 * 1024
"""Bytes at the start that are handed on for finding kind and text."""

_CHUNK = 1 << 20
_PIECES = ".pieces"
_PLACE = "The staging area"


class Staged(NamedTuple):
    """A copy that has the source's bytes as they were; durable only after the caller's sync.

    It is a file at `path`, or `data` in memory, for a pack.
    """

    path: Path | None
    size: int
    digests: tuple[Digest, ...]
    pieces_root: Digest
    pieces_path: Path | None
    """Staged piece list, from two pieces on."""
    key: FileKey
    """The source's."""
    lease: bool
    """True if the system confirmed after the read that nobody was writing."""
    claimed: Mapping[str, str]
    """Hex of the extra algorithms asked for, to compare with a sidecar."""
    head: bytes
    """The first HEAD_SIZE bytes. Drop it soon: a batch would hold many."""
    data: bytes | None = None
    """All bytes, of a small file that goes into a pack."""
    modified_ns: int = 0
    """The source's mtime, which is the device's claim: nanoseconds since 1970, of any year."""

    def sha256(self) -> bytes:
        """The digest that every archive has."""
        for digest in self.digests:  # a generator would take longer than the search
            if digest.algorithm == "sha256":
                return digest.value
        raise DigestError("There is no SHA-256.")

    def start(self) -> bytes:
        """The first HEAD_SIZE bytes, while they are at hand."""
        return self.head if self.data is None else self.data[:HEAD_SIZE]


def stage(
    source: bytes,
    staging: Path,
    name: str,
    algorithms: Sequence[str],
    *,
    fs: FileSystem,
    expected: FileKey | None = None,
    claimed: Sequence[str] = (),
) -> Staged:
    """Copy `source` to `staging/name` (and `staging/name.pieces`), mode 0444, in one read.

    `expected` is the key under which the file settled; `claimed` names more hashlib algorithms
    (`md5`). Raises SourceChanged, SourceUnreadable; Unreachable if the disk is full;
    FileExistsError if the name is taken.
    """
    fd, key = open_known(source)
    try:
        if expected is not None and key != expected:
            raise SourceChanged("The file changed after it had settled.")
        target = staging / name
        with disk_errors(_PLACE):
            out = fs.create(target)
        try:
            with _Pass(algorithms, claimed, key.size) as run:
                _copy(fd, out, key.size, run, fs)
                lease, modified = _unchanged(fd, key)
                found = run.finish()
            with disk_errors(_PLACE):
                fs.chmod(out, READ_ONLY)
                pieces_path = _write_pieces(target, found.pieces, fs)
        except BaseException:
            fs.unlink(target)
            raise
        finally:
            fs.close(out)
        root = pieces_root(found.pieces)
        checks = (found.digests, root, pieces_path, key, lease, found.claimed, run.head)
        return Staged(target, key.size, *checks, modified_ns=modified)
    finally:
        os.close(fd)


def hold(
    source: bytes, algorithms: Sequence[str], *, expected: FileKey, claimed: Sequence[str] = ()
) -> Staged:
    """Read a small `source` into memory, with the same checks and digests as `stage`.

    Raises SourceChanged, SourceUnreadable.
    """
    fd, key = open_known(source)
    try:
        if key != expected:
            raise SourceChanged("The file changed after it had settled.")
        data = _read_whole(fd, key.size)
        lease, modified = _unchanged(fd, key)
    finally:
        os.close(fd)
    digests = tuple([Digest.of(algorithm, data) for algorithm in algorithms])
    # At most one piece, whose hash is a digest that is made anyway.
    piece = next(item.value for item in digests if item.algorithm == "sha256")
    root = pieces_root((piece,) if data else ())
    more = {name: hashlib.new(name, data, usedforsecurity=False).hexdigest() for name in claimed}
    return Staged(None, key.size, digests, root, None, key, lease, more, b"", data, modified)


def _read_whole(fd: int, size: int) -> bytes:
    """Exactly `size` bytes; more or fewer mean that the file changed."""
    data = _read(fd, size + 1)
    while len(data) < size and (more := _read(fd, size - len(data) + 1)):
        data += more
    if len(data) != size:
        raise SourceChanged("The file changed its size while it was read.")
    return data


@dataclass(frozen=True, slots=True)
class _Found:
    digests: tuple[Digest, ...]
    pieces: tuple[bytes, ...]
    claimed: Mapping[str, str]


class _Pass:
    """Everything that sees each chunk once."""

    def __init__(self, algorithms: Sequence[str], claimed: Sequence[str], size: int) -> None:
        # One piece is one digest that is made anyway, and is too short for threads to pay.
        self._single = size <= PIECE_SIZE and "sha256" in algorithms
        self._hasher = Hasher(algorithms, threads=size > PIECE_SIZE)
        self._pieces = PieceHasher()
        self._claimed = {name: _extra(name) for name in claimed}
        self.head = b""

    def __enter__(self) -> "_Pass":
        return self

    def __exit__(self, *_: object) -> None:
        self._hasher.close()

    def update(self, chunk: bytes) -> None:
        if len(self.head) < HEAD_SIZE:
            self.head += chunk[: HEAD_SIZE - len(self.head)]
        self._hasher.update(chunk)
        if not self._single:
            self._pieces.update(chunk)
        for extra in self._claimed.values():
            extra.update(chunk)

    def finish(self) -> _Found:
        digests = self._hasher.finish()
        pieces = self._pieces.finish()
        if self._single and self.head:
            pieces = tuple(item.value for item in digests if item.algorithm == "sha256")
        claimed = {name: extra.hexdigest() for name, extra in self._claimed.items()}
        return _Found(digests, pieces, claimed)


def _extra(name: str) -> Any:
    return hashlib.new(name, usedforsecurity=False)


def _copy(fd: int, out: int, size: int, run: _Pass, fs: FileSystem) -> None:
    """Copy exactly `size` bytes through `run`; more or fewer mean that the file changed."""
    if size > _CHUNK:
        with disk_errors(_PLACE):
            _allocate(out, size)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    done = 0
    # One byte more than there should be, so that growth shows without another call.
    while chunk := _read(fd, min(_CHUNK, size - done + 1)):
        done += len(chunk)
        if done > size:
            break
        run.update(chunk)
        with disk_errors(_PLACE):
            fs.write(out, chunk)
    if done != size:
        raise SourceChanged("The file changed its size while it was read.")


def _read(fd: int, count: int) -> bytes:
    try:
        return os.read(fd, count)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SourceUnreadable(f"The file cannot be read: {reason}.") from error


def _allocate(out: int, size: int) -> None:
    """Reserve the room, so that a full disk shows now and not after an hour of copying."""
    try:
        os.posix_fallocate(out, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def _unchanged(fd: int, key: FileKey) -> tuple[bool, int]:
    """Check the source after the read: whether it is sure that nobody wrote, and its mtime."""
    writing = has_writer(fd)
    if writing:
        raise SourceChanged("Somebody has the file open for writing.")
    found = os.fstat(fd)
    if FileKey.of(found) != key:
        raise SourceChanged("The file changed while it was read.")
    return writing is False, found.st_mtime_ns


def _write_pieces(target: Path, pieces: tuple[bytes, ...], fs: FileSystem) -> Path | None:
    if len(pieces) < 2:
        return None
    path = target.with_name(target.name + _PIECES)
    out = fs.create(path)
    try:
        fs.write(out, b"".join(pieces))
        fs.chmod(out, READ_ONLY)
    except BaseException:
        fs.unlink(path)
        raise
    finally:
        fs.close(out)
    return path
