"""One record as it was sealed, read from storage and checked on the way: nothing is trusted.

signed note -> entry -> record.json -> piece list -> pieces

A packed record is read by ranges of its pack. After a split its own objects are there as well, and
are taken where the pack is gone or has other bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from archive import layout
from archive.entry import Entry
from archive.errors import ContentAltered, FormatError, ObjectMissing
from archive.merkle import HASH_SIZE
from archive.other_versions import other_version
from archive.parts import (
    CONTENT,
    DESCRIPTION,
    SIDECAR,
    Part,
    find_part,
    part_of,
    places_of,
    read_small,
)
from archive.pieces import PIECE_SIZE, pieces_root
from archive.ports import ObjectStore, read_all
from archive.record import RecordDescription
from archive.stored_log import ProvedEntry
from signing.digest import Digest

_DESCRIPTION_LIMIT = 16 << 20
_SIDECAR_LIMIT = 64 << 20
_PIECE_LIST_LIMIT = 1 << 30


class PieceAltered(ContentAltered):
    """Bytes of the content or of the sidecar are not those that were sealed."""


class SealedRecord:
    """A record behind its proved entry. `entry` and `description` are checked when it is made."""

    def __init__(self, evidence: ObjectStore, proved: ProvedEntry, record_id: str) -> None:
        self._evidence = evidence
        self.proved = proved
        self.entry = _accession(proved, record_id)
        self.record_json = self._description_bytes(record_id)
        self.description = _parse(self.record_json, record_id)
        _check_agreement(self.entry, self.description)
        self._hashes: Sequence[bytes] | None = None

    @property
    def id(self) -> str:
        """The record's identifier."""
        return self.description.record_id

    @property
    def piece_count(self) -> int:
        """How many pieces the content has; the last may be shorter than 4 MiB."""
        return -(-self.description.size // PIECE_SIZE)

    @property
    def content_part(self) -> Part:
        """Where the content stands: an object of its own, or a stretch of a pack."""
        return self._part(CONTENT)

    def prepare(self) -> None:
        """Check the piece list against record.json, and that the content stands there.

        Raises ContentAltered or ObjectMissing.
        """
        if not find_part(self._evidence, self._part(CONTENT)):
            raise ObjectMissing(f"The content of {self.id} is not in the store.")
        if self.description.has_pieces and self._hashes is None:
            self._hashes = self._piece_list()

    def piece_hashes(self) -> Sequence[bytes]:
        """SHA-256 of every piece, checked against the piece root; raises as `prepare` does.

        Of a content of one piece it is the digest of the content.
        """
        self.prepare()
        if self._hashes is not None:
            return self._hashes
        digests = (one.value for one in self.description.digests if one.algorithm == "sha256")
        return [next(digests)] if self.description.size else []

    def pieces(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Pieces [first, last), each hashed and compared before it is handed out.

        Raises PieceAltered or ObjectMissing.
        """
        self.prepare()
        end = self.piece_count if last is None else last
        if not 0 <= first <= end <= self.piece_count:
            raise ValueError(f"{self.id} has no pieces {first} to {end}")
        if self.description.size == 0:
            self._check_empty()
        for number in range(first, end):
            yield self._piece(number)

    def sidecar(self) -> bytes | None:
        """The sidecar's original bytes, None if there was none; raises PieceAltered."""
        digests = self.description.sidecar
        if not digests:
            return None

        def right(data: bytes) -> bool:
            return all(Digest.of(digest.algorithm, data) == digest for digest in digests)

        data = self._first(SIDECAR, self._small(_SIDECAR_LIMIT), right)
        if data is None:
            raise PieceAltered(f"The sidecar of {self.id} is not the one that was sealed.")
        return data

    def _part(self, name: str) -> Part:
        return part_of(str(self.entry.subject), self.entry.body, self.entry.at, name)

    def _first(
        self, name: str, read: Callable[[Part], bytes], right: Callable[[bytes], bool]
    ) -> bytes | None:
        """What `read` gives of the first place that has it right, None if none has.

        Raises ObjectMissing where it stands nowhere.
        """
        missing: ObjectMissing | None = None
        wrong = False
        for part in places_of(self._part(name)):
            try:
                data = read(part)
                while not right(data) and other_version(self._evidence, part.pack or part.own):
                    data = read(part)
            except ObjectMissing as error:
                missing = missing or error
                continue
            if right(data):
                return data
            wrong = True
        if missing and not wrong:
            raise missing
        return None

    def _small(self, limit: int) -> Callable[[Part], bytes]:
        return lambda part: read_small(self._evidence, part, limit)

    def _description_bytes(self, record_id: str) -> bytes:
        expected = self.entry.body.get("record")
        data = self._first(
            DESCRIPTION,
            self._small(_DESCRIPTION_LIMIT),
            lambda data: str(Digest.of("sha256", data)) == expected,
        )
        if data is None:
            raise ContentAltered(f"The description of {record_id} is not the one that was sealed.")
        return data

    def _piece_list(self) -> list[bytes]:
        data = read_all(self._evidence, layout.pieces_key(self.id), _PIECE_LIST_LIMIT)
        hashes = [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
        right = len(data) == self.piece_count * HASH_SIZE
        if not right or pieces_root(hashes) != self.description.pieces_root:
            raise ContentAltered(f"The piece list of {self.id} is not the one that was sealed.")
        return hashes

    def _piece(self, number: int) -> bytes:
        """One piece, hashed and compared; raises PieceAltered or ObjectMissing."""
        start = number * PIECE_SIZE
        length = min(PIECE_SIZE, self.description.size - start)

        def read(part: Part) -> bytes:
            if part.pack is None:
                return b"".join(self._evidence.read(part.own, start, length))
            return b"".join(self._evidence.read(part.pack, part.start + start, length))

        piece = self._first(CONTENT, read, lambda piece: self._is_right(number, piece))
        if piece is None:
            raise PieceAltered(
                f"Piece {number + 1} of {self.piece_count} of {self.id} is not what was sealed;"
                " it was not handed out."
            )
        return piece

    def _is_right(self, number: int, piece: bytes) -> bool:
        found = sha256(piece).digest()
        if self._hashes is not None:
            return found == self._hashes[number]
        return pieces_root([found]) == self.description.pieces_root

    def _check_empty(self) -> None:
        if pieces_root([]) != self.description.pieces_root:
            raise PieceAltered(f"The content of {self.id} is not what was sealed.")


def _accession(proved: ProvedEntry, record_id: str) -> Entry:
    place = f"Entry {proved.index} of {proved.log}"
    try:
        entry = Entry.parse(proved.data)
    except FormatError as error:
        raise ContentAltered(f"{place} cannot be read: {error}.") from error
    if (entry.kind, entry.subject) != ("record.accessioned", record_id):
        raise ContentAltered(
            f"{place} is not the accession of {record_id}: run `cunzheng rebuild`."
        )
    return entry


def _parse(data: bytes, record_id: str) -> RecordDescription:
    try:
        return RecordDescription.parse(data)
    except FormatError as error:
        raise ContentAltered(f"The description of {record_id} cannot be read: {error}.") from error


def _check_agreement(entry: Entry, description: RecordDescription) -> None:
    """record.json and its entry say the same of what both state."""
    pairs = [("content", "digests"), ("size", "size"), ("source", "source"), ("office", "office")]
    value = description.value
    differs = any(entry.body.get(mine) != value[theirs] for mine, theirs in pairs)
    if differs or description.record_id != entry.subject:
        raise ContentAltered(f"The description of {entry.subject} contradicts its entry.")
