"""Drops that a person names: files, or folders with everything in them, from anywhere."""

import gc
import os
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from archive.errors import UsageError
from ingest import sidecar
from ingest.claim import FILE
from ingest.classification import is_marked_path
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.faults import is_of_one, what_of
from ingest.names import decode_name
from ingest.settle import FileKey, Settled
from ingest.sidecars.folder import MISSING, UNUSED, UNUSED_NOTE, missing_note
from ingest.sidecars.mapping import Mappings
from ingest.sidecars.pairing import NOTHING, Known, Pairs, look, pair
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
    paths: Sequence[Path],
    source: str,
    tell: Callable[[Noticed], None] = lambda _: None,
    mappings: Mappings | None = None,
) -> Iterator[Drop]:
    """Every regular file named or below a named folder, with its sidecar.

    The person says that the files are complete; one that somebody still writes to is refused all
    the same: UsageError. `tell` hears of everything that is not taken.
    """
    wholes = [os.path.abspath(os.fsencode(path)) for path in paths]
    return _ByHand(source, frozenset(wholes), tell, mappings or Mappings()).drops(wholes)


@dataclass(frozen=True, slots=True)
class _ByHand:
    source: str
    named: Set[bytes]
    tell: Callable[[Noticed], None]
    mappings: Mappings
    around: dict[bytes, Pairs] = field(default_factory=dict)
    """What the files of a folder are to each other, by the mappings of stations."""

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
            except Exception as error:
                if not is_of_one(error):
                    raise
                self.tell(Noticed(os.path.join(folder, name), "fault", what_of(error)))
                continue
            if isinstance(file, str):
                self._tell(os.path.join(folder, name), file)
            elif drop is not None:
                yield drop

    def _drop(self, file: Found, folder: bytes, present: Set[bytes]) -> Drop | None:
        """None for a sidecar; it goes with its file."""
        pairs = self._pairs(folder, file.folder)
        if file.name in pairs.sidecars:
            if not self._is_named(os.path.join(folder, pairs.sidecars[file.name])):
                self._tell(file.path, "sidecar_of")
            return None
        if file.name in pairs.alone:
            self._tell(file.path, "sidecar_alone")
            return None
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
        if beside is None and pairs is not NOTHING:
            return self._mapped(file, folder, pairs)
        return Drop(file, beside, _settled(file, beside))

    def _mapped(self, file: Found, folder: bytes, pairs: Pairs) -> Drop:
        """The drop of a file, or list, in a folder in which something is written by a mapping."""
        if file.name in pairs.of:
            name, stated = pairs.of[file.name]
            found = self._found(folder, name, file.folder) if stated.kind == FILE else None
            if stated.kind != FILE or isinstance(found, Found):
                stands = found if isinstance(found, Found) else None
                return Drop(file, stands, _settled(file, stands), claim=stated)
        plain = Drop(file, None, _settled(file, None))
        if file.name in pairs.unused:
            return plain._replace(notes=((UNUSED, UNUSED_NOTE),))
        claim = pairs.lists.get(file.name)
        if claim is None:
            return plain
        notes = ((MISSING, missing_note(claim.missing)),) if claim.missing else ()
        return plain._replace(claim=claim, notes=notes)

    def _pairs(self, folder: bytes, inside: bytes) -> Pairs:
        """Of a folder, looked at once."""
        if not self.mappings.endings:
            return NOTHING
        known = self.around.get(folder)
        if known is None:
            names = [name for name in os.listdir(folder) if not is_ignored(name)]
            known = self.around[folder] = self._paired(folder, inside, names)
        return known

    def _paired(self, folder: bytes, inside: bytes, names: Sequence[bytes]) -> Pairs:
        found: dict[bytes, Known] = {}
        for name in names:
            if not name.endswith(self.mappings.endings):
                continue
            file = self._found(folder, name, inside)
            if not isinstance(file, Found):
                continue
            with suppress(SourceChanged, SourceUnreadable):
                seen = look(self.mappings, name, file.key.size, partial(_head, file))
                if seen is not None:
                    found[name] = seen
        if not found:
            return NOTHING
        jsons = {name for name in names if name.endswith(_SUFFIX)}
        owners = {name.removesuffix(_SUFFIX) for name in jsons}
        return pair(frozenset(names), found, owners | jsons)

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


def _head(file: Found, most: int) -> bytes:
    return read_head(file.path, most, file.key)


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
            marked = is_marked_path(decode_name(part.name).text)
            name = "A file" if marked else repr(os.fsdecode(part.name))
            raise UsageError(f"{name} is still being written to; take it when it is complete.")
        leases.append(writing is False)
    return Settled(all(leases), 0)
