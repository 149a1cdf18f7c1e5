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

from archive.detail import Detail
from archive.errors import ContentAltered, DataBad, NotFound, ObjectMissing
from archive.index.problems import ALTERED, MISSING, NO_ROOM, POSSIBLE_SECRET
from archive.late_sidecar import claims_of, words_of
from archive.parts import CONTENT, DESCRIPTION, Nearby, Part, part_of
from archive.pieces import PIECE_SIZE
from archive.ports import ObjectStore
from ingest.documents.extract import Extracted, is_document, mixed, plain
from ingest.late_marks import bears_a_mark, is_marked_document
from ingest.media.originals import NoRoom, Originals
from ingest.staging import HEAD_SIZE
from ingest.text import decode
from signing import canonical

MOST_TEXT = 200_000
"""Characters of a record's text that are indexed."""
_HEAD = 4 * MOST_TEXT
_FORMS = {"text/html": "html", "application/xhtml+xml": "html"}
_SMALL = 16 << 20


class Read(NamedTuple):
    """What a record says: the notes of its sidecars, its text, and why that is missing."""

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
        """Of each row (columns of the catalog, `data` of its entry, `late` sidecars) what it says.

        Raises Unreachable where the store does not answer.
        """
        nearby = Nearby(self.evidence)
        begun = [(self._noted(row, nearby), self._begin(row, nearby)) for row in rows]
        return [
            _joined(noted, one if isinstance(one, Read) else one.result()) for noted, one in begun
        ]

    def again(self, rows: Sequence[Mapping[str, Any]], before: Sequence[Read]) -> list[Read]:
        """The same of records whose texts were read `before`: their notes alone are read anew."""
        nearby = Nearby(self.evidence)
        return [
            _joined(self._noted(row, nearby), one) for row, one in zip(rows, before, strict=True)
        ]

    def _noted(self, row: Mapping[str, Any], nearby: Nearby) -> Read:
        """The notes alone; most records have none."""
        if row["sidecar_sha256"] is None and not row["late"]:
            return Read()
        try:
            return Read(_note(row, canonical.reread(row["data"]), nearby))
        except (ObjectMissing, DataBad) as error:
            return Read(problem=_problem_of(error))

    def _begin(self, row: Mapping[str, Any], nearby: Nearby) -> "Read | Future[Read]":
        """Texts are read at once, documents by others meanwhile."""
        try:
            return self._read(row, canonical.reread(row["data"]), nearby)
        except (ObjectMissing, DataBad) as error:
            return Read(problem=_problem_of(error))

    def _read(self, row: Mapping[str, Any], entry: Any, nearby: Nearby) -> "Read | Future[Read]":
        if row["size"] == 0 or not _has_text(row):
            return Read()
        if row["size"] > PIECE_SIZE:
            return self.threads.submit(self._large, row)
        part = part_of(row["id"], entry["body"], _at(entry), CONTENT)
        data = nearby.read(part, PIECE_SIZE)
        if f"sha256:{sha256(data).hexdigest()}" not in entry["body"]["content"]:
            return Read(problem=ALTERED)
        if is_document(row["media_type"]):
            return self.threads.submit(self._document, row, data)
        return _read_text(row, data, complete=True)

    def _large(self, row: Mapping[str, Any]) -> Read:
        """Content of several pieces: copied, or opened where it stands, once all are checked."""
        try:
            with self.originals.open(row["id"]) as original:
                if is_document(row["media_type"]):
                    return self._document(row, original.descriptor)
                with open(original.descriptor, "rb", closefd=False) as file:
                    return _read_text(row, file.read(_HEAD), complete=False)
        except ContentAltered:
            return Read(problem=ALTERED)
        except NoRoom:
            return Read(problem=NO_ROOM)
        except NotFound:
            return Read(problem=MISSING)

    def _document(self, row: Mapping[str, Any], source: bytes | int) -> Read:
        found = self.readers().read(source, row["media_type"], row["name"], most=MOST_TEXT)
        if is_marked_document(found):
            return Read(problem=POSSIBLE_SECRET)
        return Read(body=found.text[:MOST_TEXT])


def _joined(noted: Read, text: Read) -> Read:
    return Read(noted.note, text.body, text.problem or noted.problem)


def _note(row: Mapping[str, Any], entry: Any, nearby: Nearby) -> str:
    """What its sidecars note, also those that came later."""
    said = []
    if row["sidecar_sha256"] is not None:
        part = part_of(row["id"], entry["body"], _at(entry), DESCRIPTION)
        found: Any = canonical.reread(_sealed(nearby, part, entry["body"]["record"]))
        said.append(words_of(found["claims"] or {}))
    for late in row["late"]:
        detail = Detail.parse(_sealed(nearby, Part(late.key), late.digest))
        said.append(words_of(claims_of(detail.data)))
    return " ".join(filter(None, said))


def _sealed(nearby: Nearby, part: Part, digest: str) -> bytes:
    """A small file; raises ObjectMissing, and ContentAltered where it has another digest."""
    data = nearby.read(part, _SMALL)
    if f"sha256:{sha256(data).hexdigest()}" != digest:
        raise ContentAltered(f"{part.own} is not what was sealed.")
    return data


def _problem_of(error: Exception) -> str:
    return MISSING if isinstance(error, ObjectMissing) else ALTERED


def _has_text(row: Mapping[str, Any]) -> bool:
    return (
        row["preview"] is not None
        or row["media_type"].startswith("text/")
        or is_document(row["media_type"])
    )


def _read_text(row: Mapping[str, Any], data: bytes, *, complete: bool) -> Read:
    """A text; what stands behind the beginning that was examined when it was taken is looked at."""
    text = _text(row, data, complete=complete)
    if len(data) > HEAD_SIZE and bears_a_mark(data, text):
        return Read(problem=POSSIBLE_SECRET)
    return Read(body=text)


def _text(row: Mapping[str, Any], data: bytes, *, complete: bool) -> str:
    """The text of bytes that were found to be one; of markup what is shown."""
    whole = complete and len(data) <= _HEAD
    found = decode(data[:_HEAD], complete=whole)
    if found is None:
        other = mixed(data[:_HEAD], most=MOST_TEXT)
        return other.text if other else ""
    form = _FORMS.get(row["media_type"]) or ("xml" if row["media_type"].endswith("xml") else "")
    if form:
        return plain(data[:_HEAD], found[0], form=form, most=MOST_TEXT).text
    return found[1][:MOST_TEXT]


def _at(entry: Any) -> datetime:
    return datetime.fromisoformat(entry["at"])
