"""What lies in quarantine/: names, digests and reasons, and never a content.

shelf = Shelf(home / "quarantine")
shelf.find("01KAN…").files(("sha256",))
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
from ingest.errors import SourceUnreadable
from ingest.found import Drop, Found
from ingest.names import decode_name
from ingest.quarantine.before import Before
from ingest.reason import REASON, Reason, read_reason
from ingest.settle import FileKey, Settled
from ingest.sources import open_regular

CONTENT, SIDECAR, ATTACHED = "content", "sidecar", "attached"
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
        return (self.folder / CONTENT).exists()

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


class Shelf:
    """All of them."""

    def __init__(self, folder: Path, before: Before | None = None) -> None:
        """`before` knows more of what an earlier version put there."""
        self._folder = folder
        self._before = before

    def all(self) -> Iterator[Item]:
        """Oldest first; a folder that is none of ours is left out."""
        for path in sorted(self._folder.iterdir()):
            if _ID.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
                item = self._item(path)
                if item.has_content or (path / SIDECAR).exists():
                    yield item

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
        try:
            reason = read_reason(path / REASON)
        except FormatError:
            reason = Reason("UNKNOWN", "Its reason cannot be read.", "其原因无法读取。")
        if reason.source is None and self._before is not None:
            reason = self._before.completed(path.name, reason)
        at = reason.received_at or datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        check_ulid(path.name)
        return Item(path.name, path, reason, at)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_BUFFER):
            digest.update(chunk)
    return digest.hexdigest()
