"""What a docking station's manifest says of the files beside it and below. Pure.

Names are compared as text in NFC, for a manifest is text; a path that begins elsewhere, such as on
the device, counts by its last part for files in the manifest's own folder.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from archive.gaps.manifest import ListedFile, parse
from ingest.names import decode_name


@dataclass(frozen=True, slots=True)
class Listing:
    """A manifest that was read; `folder` is where it stands, below its source."""

    folder: bytes
    by_path: Mapping[str, ListedFile]
    by_base: Mapping[str, ListedFile]

    def find(self, folder: bytes, name: bytes) -> ListedFile | None:
        """What it says of a file at or below its folder."""
        inside = folder[len(self.folder) :].lstrip(b"/")
        path = inside + b"/" + name if inside else name
        listed = self.by_path.get(_plain(path))
        if listed is None and not inside:
            listed = self.by_base.get(_plain(name))
        return listed

    def places(self, listed: ListedFile) -> tuple[bytes, ...]:
        """Where a listed file may have stood, below the source: names have no one encoding."""
        found = []
        for name in {_relative(listed.name), listed.base}:
            for encoding in ("utf-8", "gb18030"):
                raw = name.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
                found.append(self.folder + b"/" + raw if self.folder else raw)
        return tuple(dict.fromkeys(found))


def read_listing(folder: bytes, name: str, data: bytes) -> Listing:
    """Read a manifest's bytes; raises FormatError."""
    files = parse(name, data).files
    bases: dict[str, ListedFile] = {}
    twice = set()
    for file in files:
        twice.update([file.base] if file.base in bases else [])
        bases[file.base] = file
    alone = {base: file for base, file in bases.items() if base not in twice}
    return Listing(folder, {_relative(file.name): file for file in files}, alone)


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
