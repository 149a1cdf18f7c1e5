"""Where a record's files stand on disk, in a pack or alone, for tests that look or do damage."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stored:
    """One file of a record: the object that holds it, and where in it."""

    path: Path
    start: int
    size: int

    def read(self) -> bytes:
        return self.path.read_bytes()[self.start : self.start + self.size]

    def change(self, old: bytes, new: bytes) -> None:
        """Put bytes of the same length in the place of others."""
        found = self.read()
        assert old in found
        assert len(old) == len(new)
        data = self.path.read_bytes()
        self.path.chmod(0o644)
        self.path.write_bytes(
            data[: self.start] + found.replace(old, new) + data[self.start + self.size :]
        )


def stored(evidence: Path, record: str, part: str) -> Stored:
    """The file `part` (`content`, `record.json`, `sidecar`) of a record."""
    own = evidence / "records" / record[-2:] / record / part
    if own.exists():
        return Stored(own, 0, own.stat().st_size)
    name = f"{record}/{part}".encode()
    for path in sorted((evidence / "packs").rglob("*.zip")):
        data = path.read_bytes()
        at = data.find(name)
        if at >= 0:
            assert data[at - 30 : at - 26] == b"PK\3\4"
            size = int.from_bytes(data[at - 12 : at - 8], "little")
            return Stored(path, at + len(name), size)
    raise FileNotFoundError(f"{record}/{part}")
