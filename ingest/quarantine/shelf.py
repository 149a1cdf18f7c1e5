"""What lies in quarantine/: names, digests and reasons, and never a content.

shelf = Shelf(home / "quarantine", Rejections(database, evidence))
shelf.find("01KAN…").condition()

What a drop was stands in the ledger; of the folder only the bytes count, and only while they are
those that were sealed, and the sentence in Chinese.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import FormatError, NotFound
from archive.ids import check_ulid
from ingest.claim import FILE, JSON, LIST, ROW, TWICE, Claim
from ingest.errors import SidecarBad, SourceUnreadable
from ingest.found import Drop, Found
from ingest.names import decode_name
from ingest.quarantine.rejections import CONTENT, SIDECAR, Rejections, Sealed
from ingest.reason import REASON, Reason, read_reason
from ingest.settle import FileKey, Settled
from ingest.sidecars.encodings import read_head
from ingest.sources import open_regular

ATTACHED = "attached"
FROM_QUARANTINE = "FROM_QUARANTINE"
HEAD = 400
"""Characters of a sidecar that are shown."""
_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_BUFFER = 1 << 20
_NOBODY = Settled(lease=False, seconds=0)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a quarantined drop: `role` is its name here, `name` the one it came under."""

    role: str
    name: bytes
    size: int
    sha256: str

    @property
    def shown(self) -> str:
        """Its name for people."""
        return decode_name(self.name).text


@dataclass(frozen=True, slots=True)
class Item:
    """A quarantined drop."""

    number: str
    folder: Path
    reason: Reason
    at: datetime
    sealed: tuple[Sealed, ...] | None = None
    """Its files as the ledger has them; None where the ledger rejected no such drop."""

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(path.stat().st_size for _, _, path in self._paths())

    @property
    def name(self) -> str:
        """Name of the drop, for people."""
        return decode_name(self.reason.name or b"").text

    @property
    def has_content(self) -> bool:
        """False of a sidecar that came after its file."""
        if self.sealed is not None:
            return self.reason.late is None
        return (self.folder / CONTENT).exists()

    @property
    def has_bytes(self) -> bool:
        """Whether anything of it lies here."""
        return any(True for _ in self._paths())

    def condition(self, *, whole: bool = True) -> SidecarBad | None:
        """What is wrong with what lies here: nobody rejected it, or it is gone, or not the same.

        Without `whole` only sizes are compared.
        """
        if self.sealed is None:
            return unknown(self.number)
        for one in self.sealed:
            path = self.folder / one.role
            if not path.is_file() or path.is_symlink():
                return missing(self.number)
            if path.stat().st_size != one.size or (
                whole and f"sha256:{_sha256(path)}" != one.sha256
            ):
                return altered(self.number)
        return None

    def files(self) -> list[Kept]:
        """Its files as they are now, with their digests."""
        return [
            Kept(role, name, path.stat().st_size, f"sha256:{_sha256(path)}")
            for role, name, path in self._paths()
        ]

    def _paths(self) -> Iterator[tuple[str, bytes, Path]]:
        beside = self.reason.sidecar or (self.reason.name or b"") + b".json"
        if not self.has_content:
            beside = self.reason.name or beside
        for role, name in ((CONTENT, self.reason.name or b""), (SIDECAR, beside)):
            path = self.folder / role
            if path.is_file() and not path.is_symlink():
                yield role, name, path

    def sidecar_head(self) -> str | None:
        """The beginning of the sidecar as text; None where there is none, or it is not text."""
        path = self.folder / SIDECAR
        if not path.is_file():
            return None
        with path.open("rb") as file:
            data = file.read(4 * HEAD)
        if "\ufffd" not in (text := read_head(data)[:HEAD]):
            return text
        for encoding in ("utf-8", "gb18030", "utf-16"):
            try:
                text = data.decode(encoding, errors="ignore" if encoding == "utf-8" else "strict")
            except UnicodeDecodeError:
                continue
            if len(text) * 4 >= len(data):
                return text[:HEAD]
        return None

    def found(self, role: str, name: bytes) -> Found:
        """One of its files as a walk would have seen it; raises SourceUnreadable."""
        source, path = self.reason.source, os.fsencode(self.folder / role)
        if source is None:
            raise SourceUnreadable("Nothing says from which source this drop came.")
        fd = open_regular(path)
        try:
            key = FileKey.of(os.fstat(fd))
        finally:
            os.close(fd)
        return Found(source, self.reason.folder, name, path, key)

    def drop(self, attached: tuple[Found, Claim | None] | None = None) -> Drop:
        """The drop as it came, or with another sidecar; raises SourceUnreadable."""
        reason = self.reason
        file = self.found(CONTENT, reason.name or b"")
        note = ((FROM_QUARANTINE, self.number),)
        if attached is not None:
            beside, claim = attached
            return Drop(file, beside, _NOBODY, note, claim=claim)
        if reason.kind == LIST:
            return Drop(file, None, _NOBODY, note, claim=Claim(reason.mapping, LIST))
        if reason.sidecar is None:
            return Drop(file, None, _NOBODY, note)
        if reason.kind in (ROW, TWICE):
            data = (self.folder / SIDECAR).read_bytes()
            claim = Claim(reason.mapping, reason.kind, data, reason.number, reason.sidecar)
            return Drop(file, None, _NOBODY, note, claim=claim)
        claim = Claim(reason.mapping, FILE) if reason.mapping != JSON else None
        return Drop(file, self.found(SIDECAR, reason.sidecar), _NOBODY, note, claim=claim)


def unknown(number: str) -> SidecarBad:
    """Of a folder that nothing in the ledger stands for."""
    return SidecarBad(
        "QUARANTINE_UNKNOWN",
        f"The ledger rejected no drop {number}, or says no more what it was.",
        f"账本中没有隔离 {number} 的登记，或其明细无法读取。",
    )


def missing(number: str) -> SidecarBad:
    """Of a drop that was rejected, and whose bytes are gone."""
    return SidecarBad(
        "QUARANTINE_MISSING",
        f"The ledger rejected {number}, but its files are not in quarantine any more.",
        f"账本登记了 {number} 的隔离，但隔离区中已没有其文件。",
    )


def altered(number: str) -> SidecarBad:
    """Of a drop whose bytes are not those that were rejected."""
    return SidecarBad(
        "QUARANTINE_ALTERED",
        f"The files of {number} in quarantine are not those that were sealed when it was rejected.",
        f"隔离区中 {number} 的文件与隔离时封存的不一致。",
    )


class Shelf:
    """All of them."""

    def __init__(self, folder: Path, rejections: Rejections) -> None:
        """`rejections` says what they were."""
        self._folder = folder
        self._rejections = rejections

    def all(self) -> Iterator[Item]:
        """Oldest first: what lies here, and what the ledger says must lie here."""
        here = {p.name for p in self._folder.iterdir() if _ID.fullmatch(p.name) and _is_folder(p)}
        waiting = self._rejections.open()
        for number in sorted(here | waiting.keys()):
            item = self._item(self._folder / number)
            if number in waiting or item.has_bytes:
                yield item

    def unresolved(self) -> Iterator[Item]:
        """Those that nobody has resolved."""
        ended = self._rejections.ended()
        return (item for item in self.all() if item.number not in ended)

    def find(self, text: str) -> Item:
        """The drop with this id, or with this unique beginning of one; raises NotFound."""
        wanted = text.strip().upper()
        found = [item for item in self.all() if wanted and item.number.startswith(wanted)]
        if len(found) > 1:
            raise NotFound(f"Several quarantined drops begin with {wanted[:26]}.")
        if not found:
            raise NotFound(f"There is no quarantined drop {wanted[:40]}.")
        return found[0]

    def _item(self, path: Path) -> Item:
        """What the ledger says of it; of `reason.json` only the sentence in Chinese is taken."""
        check_ulid(path.name)
        try:
            told = read_reason(path / REASON)
        except FormatError:
            told = None
        said = self._rejections.find(path.name)
        if said is not None:
            same = told is not None and told.english == said.reason.english
            chinese = told.chinese if told is not None and same else said.reason.chinese
            reason = said.reason._replace(chinese=chinese)
            return Item(path.name, path, reason, said.received_at, said.files)
        bad = unknown(path.name)
        reason = Reason(bad.code, bad.english, bad.chinese)
        at = path.lstat().st_mtime if _is_folder(path) else 0
        return Item(path.name, path, reason, datetime.fromtimestamp(at, UTC))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_BUFFER):
            digest.update(chunk)
    return digest.hexdigest()
