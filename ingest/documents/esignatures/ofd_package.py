"""The package of an OFD: its members, each read in bounds, and the XML in them."""

import hashlib
import posixpath
import zipfile
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element  # the type alone: what is parsed, defusedxml parses

from defusedxml.ElementTree import fromstring

MOST_MEMBERS, MOST_BYTES, MOST_XML = 20_000, 1 << 30, 16 << 20


class Package:
    """Members by name, each read at most in the bounds of all together."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file)
        names = self._zip.namelist()
        if len(names) > MOST_MEMBERS or len(set(names)) < len(names):
            raise ValueError("too many members, or one comes twice")
        members = self._zip.infolist()
        self.files = [one.filename for one in members if not one.is_dir() or one.file_size]
        """Whatever has bytes; a folder that has some is none."""
        self._left = MOST_BYTES

    def digest(self, name: str, algorithm: str) -> bytes:
        """Digest of a member; KeyError where it is not there."""
        total = hashlib.new(algorithm)
        with self._zip.open(name) as member:
            while chunk := member.read(1 << 20):
                self._spend(len(chunk))
                total.update(chunk)
        return total.digest()

    def read(self, name: str) -> bytes:
        """A small member as a whole."""
        with self._zip.open(name) as member:
            data = member.read(MOST_XML + 1)
        self._spend(len(data))
        if len(data) > MOST_XML:
            raise ValueError(f"{name} is too large")
        return data

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ValueError("it unpacks to too much")


def xml_of(package: Package, name: str) -> Element:
    """A part as XML."""
    return parsed(package.read(name))


def parsed(data: bytes) -> Element:
    """XML without entities and document types; ValueError for anything else."""
    found: Any = fromstring(data, forbid_dtd=True)
    if not isinstance(found, Element):
        raise ValueError("no XML")
    return found


def called(element: Element) -> str:
    """Its name without the namespace."""
    return str(element.tag).rpartition("}")[2]


def every(root: Element, local: str) -> list[Element]:
    """All elements of a name, wherever they stand."""
    return [one for one in root.iter() if called(one) == local]


def texts(root: Element, local: str) -> list[str]:
    """What stands in all elements of a name."""
    return [(one.text or "").strip() for one in every(root, local)]


def within(part: str, place: str) -> str:
    """The member that a part names; never anything outside the package."""
    if not place:
        raise ValueError("a place is missing")
    if place.startswith("/"):
        return posixpath.normpath(place).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), place))
