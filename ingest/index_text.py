"""The words of a sealed record for the index: its bytes held against the ledger, its text read.

Small records are read pack by pack, many with one request. What cannot be had or read is a problem
of that record alone, which is found by its name and fields all the same.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from archive.errors import ContentAltered, DataBad, NotFound, ObjectMissing
from archive.index.problems import ALTERED, MISSING, NO_ROOM, POSSIBLE_SECRET
from archive.parts import CONTENT, DESCRIPTION, Nearby, part_of
from archive.pieces import PIECE_SIZE
from archive.ports import ObjectStore
from ingest.documents.extract import Extracted, is_document, plain
from ingest.late_marks import bears_a_mark, is_marked_document
from ingest.media.originals import NoRoom, Originals
from ingest.staging import HEAD_SIZE
from ingest.text import decode
from signing import canonical

MOST_TEXT = 200_000
"""Characters of a record's text that are indexed."""
_HEAD = 4 * MOST_TEXT
_FORMS = {"text/html": "html", "application/xhtml+xml": "html"}
_DESCRIPTION_LIMIT = 16 << 20


class Read(NamedTuple):
    """What a record says: the note of its sidecar, its text, and why that is missing."""

    note: str = ""
    body: str = ""
    problem: str | None = None


class Reader(Protocol):
    """Takes documents apart, see ingest.documents.readers.Readers."""

    def read(
        self, source: bytes | int, media_type: str, name: str, *, most: int = ...
    ) -> Extracted:
        """Never raises for what the document is."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads records one after the other in the order of the ledger."""

    evidence: ObjectStore
    originals: Originals
    readers: Callable[[], Reader]
    threads: ThreadPoolExecutor

    def read(self, rows: Sequence[Mapping[str, Any]]) -> list[Read]:
        """Of each row (columns of the catalog, and `data` of its entry) what it says.

        Raises Unreachable where the store does not answer.
        """
        nearby = Nearby(self.evidence)
        begun = [self._begin(row, nearby) for row in rows]
        return [one if isinstance(one, Read) else one.result() for one in begun]

    def _begin(self, row: Mapping[str, Any], nearby: Nearby) -> "Read | Future[Read]":
        """Texts are read at once, documents by others meanwhile."""
        try:
            return self._read(row, canonical.reread(row["data"]), nearby)
        except ObjectMissing:
            return Read(problem=MISSING)
        except DataBad:
            return Read(problem=ALTERED)

    def _read(self, row: Mapping[str, Any], entry: Any, nearby: Nearby) -> "Read | Future[Read]":
        note = self._note(row, entry, nearby)
        if row["size"] == 0 or not _has_text(row):
            return Read(note)
        if row["size"] > PIECE_SIZE:
            return self.threads.submit(self._large, row, note)
        part = part_of(row["id"], entry["body"], _at(entry), CONTENT)
        data = nearby.read(part, PIECE_SIZE)
        if f"sha256:{sha256(data).hexdigest()}" not in entry["body"]["content"]:
            return Read(note, problem=ALTERED)
        if is_document(row["media_type"]):
            return self.threads.submit(self._document, row, data, note)
        return _read_text(row, data, note, complete=True)

    def _note(self, row: Mapping[str, Any], entry: Any, nearby: Nearby) -> str:
        """What the sidecar notes; most records have none."""
        if row["sidecar_sha256"] is None:
            return ""
        part = part_of(row["id"], entry["body"], _at(entry), DESCRIPTION)
        data = nearby.read(part, _DESCRIPTION_LIMIT)
        if f"sha256:{sha256(data).hexdigest()}" != entry["body"]["record"]:
            raise ContentAltered(f"The description of {row['id']} is not the one that was sealed.")
        found: Any = canonical.reread(data)
        said = [(found["claims"] or {}).get(name) for name in ("note", "name", "item")]
        return " ".join(str(one) for one in said if isinstance(one, str))

    def _large(self, row: Mapping[str, Any], note: str) -> Read:
        """Content of several pieces: copied, or opened where it stands, once all are checked."""
        try:
            with self.originals.open(row["id"]) as original:
                if is_document(row["media_type"]):
                    return self._document(row, original.descriptor, note)
                with open(original.descriptor, "rb", closefd=False) as file:
                    return _read_text(row, file.read(_HEAD), note, complete=False)
        except ContentAltered:
            return Read(note, problem=ALTERED)
        except NoRoom:
            return Read(note, problem=NO_ROOM)
        except NotFound:
            return Read(note, problem=MISSING)

    def _document(self, row: Mapping[str, Any], source: bytes | int, note: str) -> Read:
        found = self.readers().read(source, row["media_type"], row["name"], most=MOST_TEXT)
        if is_marked_document(found):
            return Read(note, problem=POSSIBLE_SECRET)
        return Read(note, found.text[:MOST_TEXT])


def _has_text(row: Mapping[str, Any]) -> bool:
    return (
        row["preview"] is not None
        or row["media_type"].startswith("text/")
        or is_document(row["media_type"])
    )


def _read_text(row: Mapping[str, Any], data: bytes, note: str, *, complete: bool) -> Read:
    """A text; what stands behind the beginning that was examined when it was taken is looked at."""
    text = _text(row, data, complete=complete)
    if len(data) > HEAD_SIZE and bears_a_mark(data, text):
        return Read(note, problem=POSSIBLE_SECRET)
    return Read(note, text)


def _text(row: Mapping[str, Any], data: bytes, *, complete: bool) -> str:
    """The text of bytes that were found to be one; of markup what is shown."""
    whole = complete and len(data) <= _HEAD
    found = decode(data[:_HEAD], complete=whole)
    if found is None:
        return ""
    form = _FORMS.get(row["media_type"]) or ("xml" if row["media_type"].endswith("xml") else "")
    if form:
        return plain(data[:_HEAD], found[0], form=form, most=MOST_TEXT).text
    return found[1][:MOST_TEXT]


def _at(entry: Any) -> datetime:
    return datetime.fromisoformat(entry["at"])
