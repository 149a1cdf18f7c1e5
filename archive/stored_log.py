"""One log as storage has it: notes checked against the archive's own log key, entries proved.

Nothing that is read here is trusted. What an entry says is believed once it is proved to stand
under a root that the log key signed; the database is only asked where to look.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from archive import layout
from archive.errors import ContentAltered, DataBad, ObjectMissing
from archive.identity import Identity
from archive.merkle import inclusion_path, leaf_hash, verify_inclusion
from archive.ports import ObjectStore, read_all
from archive.publish import Places
from archive.tiles import TileReader
from signing.checkpoint import Checkpoint
from signing.errors import SigningError
from signing.note import Note, NoteKey

NOTE_LIMIT = 1 << 20
TILE_LIMIT = 32 << 20


@dataclass(frozen=True, slots=True)
class LogTrust:
    """What the archive knows of itself without asking storage: its name and its log key."""

    archive_id: str
    log_key: bytes

    @classmethod
    def of(cls, identity: Identity) -> "LogTrust":
        """The trust of an archive in its own key."""
        return cls(identity.archive_id, identity.log_signer.public_key())

    def check(self, log: str, size: int, note: bytes) -> Checkpoint:
        """The checkpoint that a note of this log and size carries; raises ContentAltered."""
        origin = f"{self.archive_id}/{log}"
        try:
            parsed = Note.parse(note)
            NoteKey(origin, self.log_key).verify(parsed)
            checkpoint = Checkpoint.parse(parsed.text)
        except SigningError as error:
            raise ContentAltered(f"{layout.note_key(log, size)} does not hold: {error}") from error
        if (checkpoint.origin, checkpoint.size) != (origin, size):
            raise ContentAltered(f"{layout.note_key(log, size)} is the note of another seal.")
        return checkpoint


@dataclass(frozen=True, slots=True)
class ProvedEntry:
    """An entry's bytes, its place, its inclusion path, and the note they lead to."""

    log: str
    index: int
    data: bytes
    path: tuple[bytes, ...]
    size: int
    note: bytes


class StoredLog:
    """One log of a known size, read from evidence and live."""

    def __init__(self, places: Places, trust: LogTrust, log: str, size: int) -> None:
        self._places = places
        self._trust = trust
        self.log = log
        self._tiles = TileReader(self._read_tile, log, size)

    def checkpoint(self, size: int) -> tuple[bytes, Checkpoint]:
        """The stored note of this size, checked; raises ObjectMissing or ContentAltered."""
        note = read_all(self._places.evidence, layout.note_key(self.log, size), NOTE_LIMIT)
        return note, self._trust.check(self.log, size, note)

    def prove(self, index: int, size: int) -> ProvedEntry:
        """The entry at an index, proved under the note of `size`, which is at most the log's size.

        Raises ContentAltered or ObjectMissing.
        """
        note, checkpoint = self.checkpoint(size)
        try:
            data = self._tiles.entry(index)
            path = inclusion_path(index, size, self._tiles.node)
            verify_inclusion(leaf_hash(data), index, size, path, checkpoint.root)
        except DataBad as error:
            raise ContentAltered(
                f"Entry {index} of {self.log} cannot be proved from storage: {error}."
            ) from error
        return ProvedEntry(self.log, index, data, tuple(path), size, note)

    def bundles(self) -> Iterator[list[bytes]]:
        """All entries, bundle by bundle, not proved."""
        return self._tiles.bundles()

    def _read_tile(self, key: str) -> bytes:
        """A tile from where it should be, else from where a sealer may have left or moved it."""
        whole, partial, _ = key.partition(".p/")
        evidence, live = self._places.evidence, self._places.live
        tries: list[tuple[ObjectStore, str]] = [(evidence, whole), (live, whole)]
        for store, name in [(live, key), *tries] if partial else tries:
            try:
                data = read_all(store, name, TILE_LIMIT)
            except ObjectMissing:
                continue
            return _cut(data, key, int(key[len(whole) + 3 :])) if name != key else data
        raise ObjectMissing(f"{key} is not in the store")


def _cut(tile: bytes, key: str, width: int) -> bytes:
    """The first part of a full tile, as the partial one had it."""
    from archive.tiles import decode_entries, encode_entries

    if "/tile/entries/" in key:
        return encode_entries(decode_entries(tile)[:width])
    return tile[: 32 * width]


def seal_sizes(evidence: ObjectStore, log: str) -> Iterator[tuple[int, frozenset[str]]]:
    """Sizes at which a seal's files stand in storage, rising, each with the endings it has.

    Raises ContentAltered for a name that is no seal's.
    """
    size, endings = -1, set[str]()
    for info in evidence.list(layout.seals_prefix(log)):
        name = info.key.rpartition("/")[2]
        digits, ending = name[:16], name[16:]
        if not (digits.isascii() and digits.isdigit()) or ending not in _ENDINGS:
            raise ContentAltered(f"{info.key} is no file of a seal.")
        if int(digits) != size:
            if endings:
                yield size, frozenset(endings)
            size, endings = int(digits), set()
        endings.add(ending)
    if endings:
        yield size, frozenset(endings)


def log_names(evidence: ObjectStore) -> list[str]:
    """Names of the logs in storage, oldest first."""
    names: list[str] = []
    after = ""
    while True:
        info = next(iter(evidence.list("log/", after)), None)
        if info is None:
            return sorted(names, key=lambda name: name.rpartition("-")[2])
        names.append(info.key.split("/")[1])
        after = f"log/{names[-1]}/~"


NOTE, CMS, TOKEN = ".note", ".note.p7s", ".note.p7s.tst"
_ENDINGS = (NOTE, CMS, TOKEN)
