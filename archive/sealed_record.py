"""One record as it was sealed, read from storage and checked on the way: nothing is trusted.

signed note -> entry -> record.json -> piece list -> pieces
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from archive import layout
from archive.entry import Entry
from archive.errors import ContentAltered, FormatError, ObjectMissing
from archive.merkle import HASH_SIZE
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

    def prepare(self) -> None:
        """Check the piece list against record.json, and that the content stands there.

        Raises ContentAltered or ObjectMissing.
        """
        found = self._evidence.stat(layout.content_key(self.id))
        if found is None:
            raise ObjectMissing(f"The content of {self.id} is not in the store.")
        if self.description.has_pieces and self._hashes is None:
            self._hashes = self._piece_list()

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
            piece = self._read_piece(number)
            self._check_piece(number, piece)
            yield piece

    def sidecar(self) -> bytes | None:
        """The sidecar's original bytes, None if there was none; raises PieceAltered."""
        digests = self.description.sidecar
        if not digests:
            return None
        data = read_all(self._evidence, layout.sidecar_key(self.id), _SIDECAR_LIMIT)
        if any(Digest.of(digest.algorithm, data) != digest for digest in digests):
            raise PieceAltered(f"The sidecar of {self.id} is not the one that was sealed.")
        return data

    def _description_bytes(self, record_id: str) -> bytes:
        data = read_all(self._evidence, layout.record_key(record_id), _DESCRIPTION_LIMIT)
        if str(Digest.of("sha256", data)) != self.entry.body.get("record"):
            raise ContentAltered(f"The description of {record_id} is not the one that was sealed.")
        return data

    def _piece_list(self) -> list[bytes]:
        data = read_all(self._evidence, layout.pieces_key(self.id), _PIECE_LIST_LIMIT)
        hashes = [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
        right = len(data) == self.piece_count * HASH_SIZE
        if not right or pieces_root(hashes) != self.description.pieces_root:
            raise ContentAltered(f"The piece list of {self.id} is not the one that was sealed.")
        return hashes

    def _read_piece(self, number: int) -> bytes:
        start = number * PIECE_SIZE
        length = min(PIECE_SIZE, self.description.size - start)
        return b"".join(self._evidence.read(layout.content_key(self.id), start, length))

    def _check_piece(self, number: int, piece: bytes) -> None:
        found = sha256(piece).digest()
        if self._hashes is not None:
            right = found == self._hashes[number]
        else:
            right = pieces_root([found]) == self.description.pieces_root
        if not right:
            raise PieceAltered(
                f"Piece {number + 1} of {self.piece_count} of {self.id} is not what was sealed;"
                " it was not handed out."
            )

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
