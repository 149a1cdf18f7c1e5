"""What a docking station's manifest says of the files beside it and below. Pure.

Names are compared as text in NFC, for a manifest is text; a path that begins elsewhere, such as on
the device, counts by its last part for files in the manifest's own folder.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archive.gaps.manifest import ListedFile, parse
from ingest.names import decode_name


@dataclass(frozen=True, slots=True)
class Listing:
    """A manifest that was read; `folder` is where it stands, below its source."""

    folder: bytes
    path: bytes
    """The manifest's own, whole."""
    by_path: Mapping[str, ListedFile]
    by_base: Mapping[str, ListedFile]

    def places(self, listed: ListedFile) -> tuple[bytes, ...]:
        """Where a listed file may have stood, below the source: names have no one encoding."""
        return self._raw({_relative(listed.name), listed.base})

    def here(self, listed: ListedFile) -> tuple[bytes, ...]:
        """The same, told apart from files of its name in other folders below."""
        elsewhere = listed.name.startswith("/") or listed.name[1:2] == ":"
        return self._raw({listed.base if elsewhere else _relative(listed.name)})

    def _raw(self, names: set[str]) -> tuple[bytes, ...]:
        found = []
        for name in names:
            for encoding in ("utf-8", "gb18030"):
                raw = name.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
                found.append(self.folder + b"/" + raw if self.folder else raw)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Layer:
    """All manifests of one folder by the names that they list: a look at a file asks none of them.

    Where several list a file the first of them counts, and its whole path before its last part.
    """

    listings: tuple[Listing, ...]
    folder: bytes
    by_path: Mapping[str, tuple[bytes, ListedFile]]
    by_base: Mapping[str, tuple[bytes, ListedFile]]

    @classmethod
    def of(cls, listings: Sequence[Listing]) -> "Layer":
        """Of one folder; there is at least one."""
        paths: dict[str, tuple[bytes, ListedFile]] = {}
        bases: dict[str, tuple[bytes, ListedFile]] = {}
        for listing in listings:
            for found, named in ((paths, listing.by_path), (bases, listing.by_base)):
                for name, listed in named.items():
                    found.setdefault(name, (listing.path, listed))
        return cls(tuple(listings), listings[0].folder, paths, bases)

    def is_of(self, listings: Sequence[Listing]) -> bool:
        """Whether it is made of just these."""
        if len(listings) != len(self.listings):
            return False
        return all(mine is one for mine, one in zip(self.listings, listings, strict=True))

    def find(self, folder: bytes, name: bytes) -> tuple[bytes, ListedFile] | None:
        """What is said of a file at or below the folder, and the path of the manifest."""
        inside = folder[len(self.folder) :].lstrip(b"/")
        path = inside + b"/" + name if inside else name
        found = self.by_path.get(_plain(path))
        if found is None and not inside:
            found = self.by_base.get(_plain(name))
        return found


def read_listing(folder: bytes, path: bytes, name: str, data: bytes) -> Listing:
    """Read a manifest's bytes; raises FormatError."""
    files = parse(name, data).files
    bases: dict[str, ListedFile] = {}
    twice = set()
    for file in files:
        twice.update([file.base] if file.base in bases else [])
        bases[file.base] = file
    alone = {base: file for base, file in bases.items() if base not in twice}
    return Listing(folder, path, {_relative(file.name): file for file in files}, alone)


def _relative(name: str) -> str:
    return name.removeprefix("./").lstrip("/")


def _plain(name: bytes) -> str:
    return unicodedata.normalize("NFC", decode_name(name).text)


def differs(listed: ListedFile, size: int) -> str | None:
    """A note where the file has another size than its manifest says."""
    if listed.size is None or listed.size == size:
        return None
    return f"the manifest says {listed.size} bytes, the file has {size}"


def missing_note(names: list[str], most: int = 20) -> str:
    """A note on files that are listed and did not come."""
    shown = ", ".join(names[:most])
    more = f" and {len(names) - most} more" if len(names) > most else ""
    count = "1 listed file" if len(names) == 1 else f"{len(names)} listed files"
    return f"{count} did not come: {shown}{more}"
