"""Copies that are made for one access: excerpts of films, marked copies (docs/formats.md §13).

    with release.open(order) as retrieval, made_copy(retrieval, maker, scratch) as copy:
        for part in copy.parts: ...

The original is read as for any access, piece by piece, into a folder of its own; what is made of it
is on the ledger, sealed, before the first byte leaves. The folder is gone afterwards: nothing is
kept but the digest.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from archive.desk.release import Retrieval
from archive.durable import FileSystem, disk_errors
from archive.errors import CopyNotMade, Unreachable
from archive.leftovers import remove_leftovers
from archive.piece_range import range_proof
from archive.registers.forms import within

PART_SIZE = 4 << 20
_SPARE = 256 << 20
"""Bytes that must stay free on the disk beside a copy of the original."""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """What a maker made. `suffix` is that of its file name; `streams` as in docs/formats.md §13.

    `range` (bytes of the original) and `span` (milliseconds) are there for a part of a film;
    `tool` is the SHA-256 digest of the program, or None.
    """

    path: Path
    suffix: str
    recipe: str
    tool: str | None
    range: Mapping[str, int] | None = None
    span: Mapping[str, int] | None = None
    streams: tuple[Mapping[str, Any], ...] = field(default=())


class CopyMaker(Protocol):
    """Makes one copy of an original that lies in a private folder."""

    @property
    def form(self) -> str:
        """`excerpt` or `marked`."""
        ...

    def make(self, original: Path, folder: Path) -> MadeFile:
        """Make it in the folder; raises CopyNotMade."""
        ...


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A copy whose `derived.made` is sealed. `facts` go beside it; `parts` are its bytes."""

    made: MadeFile
    facts: Mapping[str, Any]
    parts: Iterable[bytes]

    @property
    def size(self) -> int:
        """Bytes of the copy."""
        return int(self.facts["size"])


@contextmanager
def made_copy(retrieval: Retrieval, maker: CopyMaker, scratch: Path) -> Iterator[SealedCopy]:
    """Make a copy for a running access, and put it on the ledger; inside, hand it out.

    Raises CopyNotMade, also where it would show more than the access covers, and what reading the
    original raises. An access with a form hands out nothing else.
    """
    with original_in(scratch, retrieval.original(), retrieval.description.size) as original:
        made = maker.make(original, original.parent)
        original.unlink()
        _check_covered(retrieval, made)
        facts = _facts(retrieval, maker.form, made)
        keys = ("digest", "parent", "recipe", "size", "tool")
        body = {key: facts[key] for key in keys} | {"key": None, "role": maker.form}
        parts = {key: facts[key] for key in ("range", "span") if facts[key] is not None}
        retrieval.say_made({**body, **parts, "access": retrieval.access})
        yield SealedCopy(made, facts, retrieval.counted(_parts(made.path)))


@contextmanager
def original_in(scratch: Path, parts: Iterable[bytes], size: int) -> Iterator[Path]:
    """Bytes as a file `original` in a private folder that lasts as long as the block.

    Raises Unreachable where the disk has not the room for them twice.
    """
    prefix = f"{os.getpid()}-copy-"  # so that what a killed process leaves is removed
    with disk_errors(str(scratch)):
        scratch.mkdir(parents=True, exist_ok=True)
        remove_leftovers(scratch, FileSystem())
        free = os.statvfs(scratch)
        if free.f_bavail * free.f_frsize < 2 * size + _SPARE:
            raise Unreachable("There is no room on the disk to make a copy of this record.")
    with TemporaryDirectory(prefix=prefix, dir=scratch) as name:
        original = Path(name) / "original"
        with disk_errors(name), original.open("xb") as file:
            for part in parts:
                file.write(part)
        yield original


def _check_covered(retrieval: Retrieval, made: MadeFile) -> None:
    """What came out must lie in what was granted, whatever was thought when it was asked for."""
    extent = {"from": retrieval.start, "to": retrieval.stop}
    whole = extent == {"from": 0, "to": retrieval.description.size}
    if made.range is None:
        covered = whole and retrieval.span is None
    else:
        covered = within(made.range, extent) and within(made.span, retrieval.span)
        covered = covered and retrieval.span is not None
    if not covered:
        raise CopyNotMade(
            "RANGE_DIFFERS",
            "What the film has between these times lies outside of what was granted; ask again.",
        )


def _facts(retrieval: Retrieval, form: str, made: MadeFile) -> dict[str, Any]:
    description = retrieval.description
    with disk_errors(str(made.path)), made.path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
        size = file.tell()
    if size == 0:
        raise CopyNotMade("COPY_FAILED", "No copy can be made of this record: it is damaged.")
    digests = [digest for digest in description.digests if digest.algorithm == "sha256"]
    return {
        "cunzheng_copy": 1,
        "access": retrieval.access,
        "request": retrieval.request,
        "record": description.record_id,
        "form": form,
        "digest": f"sha256:{digest}",
        "size": size,
        "parent": str(digests[0]),
        "parent_size": description.size,
        "piece_root": str(description.pieces_root),
        "pieces": _pieces(retrieval, made),
        "span": None if made.span is None else dict(made.span),
        "range": None if made.range is None else dict(made.range),
        "streams": [dict(stream) for stream in made.streams],
        "recipe": made.recipe,
        "tool": made.tool,
    }


def _pieces(retrieval: Retrieval, made: MadeFile) -> dict[str, Any] | None:
    """What the bytes of a part of the original are checked by; all of it has its own digest."""
    if made.range is None:
        return None
    return range_proof(retrieval.piece_hashes(), made.range["from"], made.range["to"])


def _parts(path: Path) -> Iterator[bytes]:
    with disk_errors(str(path)), path.open("rb") as file:
        while part := file.read(PART_SIZE):
            yield part
