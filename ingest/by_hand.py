"""Drops that a person names: files, or folders with everything in them, from anywhere."""

import gc
import os
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from archive.errors import UsageError
from ingest import sidecar
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.settle import FileKey, Settled
from ingest.sources import read_head, writer_of
from ingest.sweep import Drop, Found, Noticed, is_ignored, is_passed_over, kind_of

_SUFFIX = b".json"
_SELDOM = (30_000, 50, 100)
"""Of a batch nearly everything lives until its end, and hardly anything is in a cycle."""


def collect_seldom() -> None:
    """Make the garbage collector look at many files' objects seldom, and at the program never.

    Looking through a batch again and again is a tenth of the work of taking it. For processes that
    take what they were named and end; a process forked afterwards does the same.
    """
    gc.freeze()
    gc.set_threshold(*_SELDOM)


def drops_of(
    paths: Sequence[Path], source: str, tell: Callable[[Noticed], None] = lambda _: None
) -> Iterator[Drop]:
    """Every regular file named or below a named folder, with its sidecar.

    The person says that the files are complete; one that somebody still writes to is refused all
    the same: UsageError. `tell` hears of everything that is not taken.
    """
    wholes = [os.path.abspath(os.fsencode(path)) for path in paths]
    return _ByHand(source, frozenset(wholes), tell).drops(wholes)


@dataclass(frozen=True, slots=True)
class _ByHand:
    source: str
    named: Set[bytes]
    tell: Callable[[Noticed], None]

    def drops(self, wholes: Sequence[bytes]) -> Iterator[Drop]:
        for whole in wholes:
            if not os.path.lexists(whole):
                raise UsageError(f"There is no file {os.fsdecode(whole)}.")
            if os.path.isdir(whole) and not os.path.islink(whole):
                yield from self._folder(whole)
                continue
            folder, name = os.path.split(whole)
            around = (name, name + _SUFFIX, name.removesuffix(_SUFFIX))
            present = {one for one in around if os.path.lexists(os.path.join(folder, one))}
            yield from self._files(folder, [name], present, b"")

    def _folder(self, top: bytes) -> Iterator[Drop]:
        for folder, folders, names in os.walk(top, onerror=self._unreadable):
            for name in (*folders, *names):
                if is_passed_over(name):
                    self._tell(os.path.join(folder, name), "passed_over")
            for name in folders:
                if os.path.islink(os.path.join(folder, name)):
                    self._tell(os.path.join(folder, name), "link")
            folders[:] = sorted(name for name in folders if not is_ignored(name))
            wanted = sorted(name for name in names if not is_ignored(name))
            inside = os.path.relpath(folder, top)
            yield from self._files(folder, wanted, set(wanted), b"" if inside == b"." else inside)

    def _files(
        self, folder: bytes, names: Sequence[bytes], present: Set[bytes], inside: bytes
    ) -> Iterator[Drop]:
        for name in names:
            file = self._found(folder, name, inside)
            try:
                drop = self._drop(file, folder, present) if isinstance(file, Found) else None
            except SourceUnreadable:
                file = "unreadable"
            if isinstance(file, str):
                self._tell(os.path.join(folder, name), file)
            elif drop is not None:
                yield drop

    def _drop(self, file: Found, folder: bytes, present: Set[bytes]) -> Drop | None:
        """None for a sidecar; it goes with its file."""
        if file.name.endswith(_SUFFIX) and _is_sidecar(file):
            owner = file.name.removesuffix(_SUFFIX)
            if owner in present:
                if not self._is_named(os.path.join(folder, owner)):
                    self._tell(file.path, "sidecar_of")
                return None
            if file.key.size <= sidecar.MAX_SIZE:
                self._tell(file.path, "sidecar_alone")
                return None
        beside = None
        if file.name + _SUFFIX in present:
            found = self._found(folder, file.name + _SUFFIX, file.folder)
            beside = found if isinstance(found, Found) and _is_sidecar(found) else None
        return Drop(file, beside, _settled(file, beside))

    def _is_named(self, path: bytes) -> bool:
        """Whether a path, or a folder above it, was named."""
        while path not in self.named:
            if path == (path := os.path.dirname(path)):
                return False
        return True

    def _found(self, folder: bytes, name: bytes, inside: bytes) -> Found | str:
        """The file, or the reason for which it is not taken."""
        path = os.path.join(folder, name)
        try:
            found = os.lstat(path)
        except OSError:
            return "unreadable"
        kind = kind_of(found.st_mode)
        return Found(self.source, inside, name, path, FileKey.of(found)) if kind == "file" else kind

    def _unreadable(self, error: OSError) -> None:
        self._tell(os.fsencode(error.filename), "unreadable")

    def _tell(self, path: bytes, reason: str) -> None:
        self.tell(Noticed(path, reason))


def _is_sidecar(file: Found) -> bool:
    """Raises SourceUnreadable; a file that changes now is found out when it is staged."""
    try:
        return sidecar.is_marked(read_head(file.path, sidecar.MAX_SIZE, file.key))
    except SourceChanged:
        return False


def _settled(file: Found, beside: Found | None) -> Settled:
    leases = []
    for part in (file, beside) if beside else (file,):
        writing = writer_of(part.path, part.key, soon=True)
        if writing:
            name = os.fsdecode(part.name)
            raise UsageError(f"{name!r} is still being written to; take it when it is complete.")
        leases.append(writing is False)
    return Settled(all(leases), 0)
