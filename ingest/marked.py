"""Whether a drop is marked as a state secret by what stands around its content: names, markers,
lists. What the content says is found out when it is read (ingest.documents).
"""

import html
import re
from codecs import getincrementaldecoder
from collections.abc import Iterable

from archive.gaps.manifest import is_manifest
from ingest import secrecy, sidecar
from ingest.aside import refusal_in
from ingest.claim import LIST
from ingest.classification import (
    is_marked_folder,
    is_marked_name,
    is_marked_page,
    is_marked_path,
    may_be_marked,
)
from ingest.classified_fields import unescaped
from ingest.complete.ready import MAX_MARKER
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.found import Drop
from ingest.names import decode_name
from ingest.sidecars.of_drop import is_read_by_mapping
from ingest.sources import read_head, read_pieces

_MAY_NAME_A_MARK = re.compile(rb"[\x80-\xff]|ECRE|ecre|E C R|NFID|nfid|F I D")
"""What a marked name has one of; most names are plain ASCII, and need not be decoded for it."""
_MAY_BE_LISTED = re.compile(r"[<>\"',;|\t\r\n]+")
"""What stands around names in a list, be it lines of `sha256sum`, JSON, CSV or XML."""
_BEFORE = re.compile(
    r"\ufeff?(?:\\?[0-9A-Fa-f]{32,128}\s+\*?|MARK\s{1,8}\S+\s+|[A-Z]{2,6}\d{0,3}(?:-\d{3})? ?\()?"
)
"""What stands before a name in its line: a digest, a time, the word SHA256."""
_BEHIND = re.compile(r"\) ?= ?[0-9A-Fa-f]{32,128}$")
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_MOST_PART = 8192
"""Characters of the longest path, as JSON or XML may write it, and more."""


def is_secret_by_name(drop: Drop) -> bool:
    """Whether a drop was put aside before, or its name or a folder above it is marked: up to its
    source's folder, or to the one that a person named.
    """
    file = drop.file
    if refusal_in(file.name) is not None:
        return True
    top = file.top
    if not _MAY_NAME_A_MARK.search(b"/".join((top, file.folder, file.name))):
        return False
    folders = [decode_name(top).text, *decode_name(file.folder).text.split("/")]
    return is_marked_name(decode_name(file.name).text) or any(map(is_marked_folder, folders))


def is_secret_beside(drop: Drop) -> bool:
    """Whether a marker that goes with the drop bears a mark; nothing else ever looks at it.

    Raises SourceChanged: without it the drop may have to wait.
    """
    for file in drop.beside:
        try:
            data = read_head(file.path, MAX_MARKER, file.key)
        except SourceUnreadable as error:
            raise SourceChanged(str(error)) from error
        for encoding in ("utf-8-sig", "gb18030", "utf-16-le", "utf-16-be"):
            text = data.decode(encoding, "ignore")
            if is_marked_page(text) or any(map(is_marked_name, text.splitlines())):
                return True
    return False


def is_secret_at_length(drop: Drop) -> bool:
    """Whether a sidecar that is too large to be parsed is marked, wherever in it.

    One without its file is a record by then, and is looked at just the same.
    """
    file = drop.sidecar or drop.file
    if file.key.size <= sidecar.MAX_SIZE:
        return False
    if not is_read_by_mapping(drop):
        if not file.name.endswith(b".json"):
            return False
        if drop.sidecar is None and not sidecar.is_marked(
            read_head(file.path, sidecar.MAX_SIZE, file.key)
        ):
            return False
    return secrecy.is_marked_stream(read_pieces(file.path, file.key))


def names_a_secret(drop: Drop) -> bool:
    """Whether a manifest, or a station's list, names a file that is refused for its name.

    It would keep that name, and a manifest the digest too. Raises as reading does.
    """
    file = drop.file
    is_list = drop.claim is not None and drop.claim.kind == LIST
    if not is_list and not is_manifest(decode_name(file.name).text):
        return False
    return is_marked_list(read_pieces(file.path, file.key))


def is_marked_list(pieces: Iterable[bytes]) -> bool:
    """Whether a list of files, in whatever form, names one that is marked, or a marked folder."""
    readings = [_Listed(encoding) for encoding in _ENCODINGS]
    for piece in pieces:
        if any(reading.feed(piece) for reading in readings):
            return True
    return any(reading.feed(b"") for reading in readings)


class _Listed:
    """One reading of a list; keeps what may be the first part of a name."""

    def __init__(self, encoding: str) -> None:
        self._decoder = getincrementaldecoder(encoding)(errors="replace")
        self._rest = ""

    def feed(self, piece: bytes) -> bool:
        """The next bytes of it; none at its end."""
        text = self._rest + self._decoder.decode(piece, final=not piece)
        start = max((text.rfind(sign) for sign in '\n"<,'), default=-1) + 1 if piece else len(text)
        self._rest = text[start:][-_MOST_PART:]
        whole = text[:start] if start else text
        if "&#" in whole:
            whole = html.unescape(whole)
        return may_be_marked(whole) and any(map(_is_marked, _MAY_BE_LISTED.split(whole)))


def _is_marked(part: str) -> bool:
    if "\\u" in part:
        part = unescaped(part)
    if not may_be_marked(part):
        return False
    path = _BEHIND.sub("", part.strip()[:_MOST_PART])
    before = _BEFORE.match(path)
    return is_marked_path(path[before.end() :] if before else path)
