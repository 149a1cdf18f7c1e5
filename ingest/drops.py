"""What becomes of one drop before anything is submitted: staged, rejected or refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from archive.durable import FileSystem, write_new
from ingest import secrecy, sidecar
from ingest.complete.docking import compared
from ingest.describe import (
    SALT_BYTES,
    Arrival,
    Circumstances,
    Look,
    SidecarFacts,
    Understand,
    describe,
    digests_text,
    extra_algorithms,
    time_text,
)
from ingest.errors import Classified, KindNotAllowed, NoRecord, SidecarBad
from ingest.sources import read_head, read_pieces
from ingest.staging import Staged, hold, stage
from ingest.sweep import Drop
from signing import canonical
from signing.digest import Digest


class Accepted(NamedTuple):
    """A staged drop, whose number the record will have. The sidecar was good, if there is one."""

    arrival: Arrival
    staged: Staged
    sidecar: SidecarFacts | None
    received_at: datetime
    description: bytes
    """record.json."""

    @property
    def drop(self) -> Drop:
        """The drop."""
        return self.arrival.drop

    @property
    def record(self) -> str:
        """Id of the record."""
        return self.arrival.number


@dataclass(frozen=True, slots=True)
class Rejected:
    """A drop whose copy lies in quarantine/<number>/, with the one reason."""

    drop: Drop
    number: str
    reason: SidecarBad
    content: Staged
    sidecar: tuple[Digest, ...]
    sidecar_size: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class RefusedDrop:
    """A drop marked as a state secret: nothing of it was kept, not even its name."""

    drop: Drop
    number: str
    received_at: datetime


Outcome = Accepted | Rejected | RefusedDrop


def _is_secret_at_length(drop: Drop) -> bool:
    """Whether a sidecar that is too large to be parsed is marked, wherever in it.

    One without its file is a record by then, and is looked at just the same.
    """
    file = drop.sidecar or drop.file
    if file.key.size <= sidecar.MAX_SIZE or not file.name.endswith(b".json"):
        return False
    if drop.sidecar is None and not sidecar.is_marked(
        read_head(file.path, sidecar.MAX_SIZE, file.key)
    ):
        return False
    return secrecy.is_marked_stream(read_pieces(file.path, file.key))


@dataclass(frozen=True, slots=True)
class Preparer:
    """Reads a drop and its sidecar once, into staging or quarantine; nothing is synced here."""

    fs: FileSystem
    staging: Path
    quarantine: Path
    digests: Sequence[str]
    new_id: Callable[[datetime], str]
    now: Callable[[], datetime]
    random: Callable[[int], bytes]
    facts: Circumstances
    pack_up_to: int = 0
    """Contents of at most this many bytes are held in memory, for a pack."""
    look: Look | None = None
    """Looks at media; None: they are sealed without `technical`."""
    understand: Understand | None = None
    """Reads texts and documents; None: they are sealed without `document`."""

    def prepare(self, drop: Drop, apart: Callable[[Mapping[str, Any]], bool]) -> Outcome:
        """`apart` says by the claims of a sidecar which small records get objects of their own.

        Raises SourceChanged or SourceUnreadable (it settles anew), Unreachable (disk full).
        """
        received_at = self.now()
        number = self.new_id(received_at)
        if _is_secret_at_length(drop):
            return RefusedDrop(drop, number, received_at)
        facts = None
        if drop.sidecar is not None:
            data = read_head(drop.sidecar.path, sidecar.MAX_SIZE + 1, drop.sidecar.key)
            try:
                facts = SidecarFacts(sidecar.parse(data), data, self._digests(data))
            except Classified:
                return RefusedDrop(drop, number, received_at)
            except SidecarBad as bad:
                return self._reject(drop, number, bad, received_at)
        packed = self._is_small(drop) and not (facts and apart(facts.parsed.claims))
        staged = self._staged(drop, number, facts, packed=packed)
        if drop.listed is not None:
            drop = compared(drop, staged.sha256())
        arrival = Arrival(
            drop,
            number,
            time_text(received_at),
            time_text(self.now()),
            digests_text(staged.digests),
        )
        try:
            salt = self.random(SALT_BYTES)
            text = describe(arrival, salt, staged, self.facts, facts, self.look, self.understand)
        except Classified:
            self._unstage(staged)
            return RefusedDrop(drop, number, received_at)
        except (NoRecord, KindNotAllowed) as bad:
            self._unstage(staged)
            return self._reject(drop, number, bad, received_at)
        if staged.head:
            staged = staged._replace(head=b"")  # a batch would hold many
        return Accepted(arrival, staged, facts, received_at, text)

    def _is_small(self, drop: Drop) -> bool:
        return self.pack_up_to > 0 and drop.file.key.size <= self.pack_up_to

    def _staged(
        self, drop: Drop, number: str, facts: SidecarFacts | None, *, packed: bool
    ) -> Staged:
        path, key = drop.file.path, drop.file.key
        claimed = extra_algorithms(facts, self.digests)
        if packed:
            return hold(path, self.digests, expected=key, claimed=claimed)
        return stage(
            path,
            self.staging,
            number,
            self.digests,
            fs=self.fs,
            expected=key,
            claimed=claimed,
        )

    def _digests(self, data: bytes) -> tuple[Digest, ...]:
        return tuple(Digest.of(algorithm, data) for algorithm in self.digests)

    def _reject(self, drop: Drop, number: str, bad: SidecarBad, received_at: datetime) -> Rejected:
        """Copy both files into quarantine, byte-exact, with the reason beside them.

        A sidecar above the size limit is copied whole all the same: nothing is lost.
        """
        folder = self.quarantine / number
        self.fs.mkdir(folder)
        content = stage(
            drop.file.path, folder, "content", self.digests, fs=self.fs, expected=drop.file.key
        )
        digests, size = self._beside(drop, folder)
        reason = {"code": bad.code, "sentence": bad.english, "sentence_zh": bad.chinese}
        write_new(self.fs, folder / "reason.json", (canonical.encode(reason),))
        return Rejected(drop, number, bad, content, digests, size, received_at)

    def _beside(self, drop: Drop, folder: Path) -> tuple[tuple[Digest, ...], int]:
        """Copy the sidecar, if there is one; its digests and size."""
        if drop.sidecar is None:
            return (), 0
        path, key = drop.sidecar.path, drop.sidecar.key
        beside = stage(path, folder, "sidecar", self.digests, fs=self.fs, expected=key)
        return beside.digests, beside.size

    def reject_staged(self, outcome: Accepted, bad: SidecarBad) -> Rejected:
        """Put a drop that was accepted as far as its form goes into quarantine instead.

        Raises as `prepare` does.
        """
        rejected = self._reject(outcome.drop, outcome.record, bad, outcome.received_at)
        self._unstage(outcome.staged)
        return rejected

    def _unstage(self, staged: Staged) -> None:
        for path in (staged.path, staged.pieces_path):
            if path is not None:
                self.fs.unlink(path)
