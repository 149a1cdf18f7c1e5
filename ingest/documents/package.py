"""A ZIP taken apart within limits: members one at a time, never onto a disk."""

import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from ingest.documents.codes import BROKEN, EMBEDDED, ENCRYPTED, MACROS, MEMBER_NAMES
from ingest.documents.reading import MEMBERS, RATIO, RATIO_FROM, Reached, Reading
from ingest.zip_directory import Directory, directory

CHUNK = 1 << 20
_LEADS_OUT = re.compile(rb"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:|[\x00-\x1f]")
_MACROS = re.compile(r"(^|/)(vbaProject|vbaData|_rels/vbaProject)\.(bin|xml|bin\.rels)$", re.I)
_EMBEDDED = re.compile(r"/(embeddings|activeX)/[^/]+\.(?!xml$|rels$)\w+$", re.I)


class Package:
    """Members of a ZIP by name."""

    def __init__(self, file: BinaryIO, reading: Reading) -> None:
        self._reading = reading
        self.listing = list_members(file, reading)
        if self.listing.total > MEMBERS or self.listing.packed > MEMBERS * 600:
            raise Reached(f"members: {self.listing.total}, more than {MEMBERS}")
        self._zip = zipfile.ZipFile(file)
        self.names = self._zip.namelist()
        self._known = set(self.names)
        for name in self.names:
            if _MACROS.search(name):
                reading.notice(MACROS, name)
            elif _EMBEDDED.search(name):
                reading.notice(EMBEDDED, name)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def matching(self, pattern: str) -> list[str]:
        """Names that match a pattern as a whole, in the order of the numbers in them."""
        found = (re.fullmatch(pattern, name) for name in self.names)
        return sorted({match[0] for match in found if match}, key=_numbered)

    def read(self, name: str) -> bytes:
        """A member as a whole; raises Reached for a limit, else what zipfile raises."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member piece by piece."""
        entry = self._zip.getinfo(name)
        done = 0
        with self._zip.open(entry) as member:
            while chunk := member.read(CHUNK):
                self._reading.spend(len(chunk))
                done += len(chunk)
                if done > RATIO_FROM and done > RATIO * max(1, entry.compress_size):
                    raise Reached(f"ratio: {name} unpacks to more than {RATIO} times its size")
                yield chunk


def list_members(file: BinaryIO, reading: Reading) -> Directory:
    """The directory of a ZIP; puts down names that lead elsewhere or come twice."""
    size = file.seek(0, 2)

    def read_at(offset: int, length: int) -> bytes:
        file.seek(offset)
        return file.read(length)

    found = directory(read_at, size, MEMBERS)
    if found is None:
        reading.notice(BROKEN, "no directory at the end of the ZIP")
        raise Reached("")
    names = [member.name for member in found.members]
    for name in names:
        if _LEADS_OUT.search(name):
            reading.notice(MEMBER_NAMES, shown(name))
    if len(set(names)) < len(names):
        reading.notice(MEMBER_NAMES, "a name comes twice")
    if any(member.encrypted for member in found.members):
        reading.notice(ENCRYPTED, "members are locked by a password")
    return found


def shown(name: bytes) -> str:
    """A member's name for people."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("latin-1")


def _numbered(name: str) -> tuple[int, str]:
    digits = re.findall(r"\d+", name)
    return int(digits[-1][:9]) if digits else 0, name
