"""What becomes of one drop before anything is submitted: staged, rejected or refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from archive.detail import SALT_BYTES
from archive.durable import FileSystem, write_new
from ingest.claim import Claim
from ingest.complete.docking import compared
from ingest.describe import (
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
from ingest.errors import (
    Classified,
    KindNotAllowed,
    NoRecord,
    SidecarBad,
    SourceUnreadable,
    StillRejected,
)
from ingest.marked import (
    is_secret_at_length,
    is_secret_beside,
    names_a_secret,
)
from ingest.marked import is_secret_by_name as _is_secret_by_name
from ingest.names import decode_name
from ingest.reason import REASON, reason_text
from ingest.settle import Settled
from ingest.sidecars.mapping import Mappings
from ingest.sidecars.of_drop import check_own_list, parsed, sidecar_bytes
from ingest.staging import HEAD_SIZE, Staged, hold, stage
from ingest.sweep import Drop, Found
from ingest.unrejected import note
from ingest.wiping import wipe
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
    late: str | None = None
    """The record that a sidecar by itself came too late for."""


@dataclass(frozen=True, slots=True)
class RefusedDrop:
    """A drop marked as a state secret: nothing of it is kept, not even its name."""

    drop: Drop
    number: str
    received_at: datetime


Outcome = Accepted | Rejected | RefusedDrop


def _is_secret_around(drop: Drop) -> bool:
    """Whether what is not read as a document says so: markers, large sidecars, lists."""
    return is_secret_beside(drop) or is_secret_at_length(drop) or names_a_secret(drop)


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
    mappings: Mappings = field(default_factory=Mappings)
    """How the sidecars of stations are read."""
    again: bool = False
    """Whether drops come out of quarantine: then none goes into it anew, but StillRejected is
    raised."""
    made: list[str] = field(default_factory=list)
    """Numbers of folders of quarantine of which nobody has settled what becomes of them."""

    def prepare(self, drop: Drop, apart: Callable[[Mapping[str, Any]], bool]) -> Outcome:
        """`apart` says by the claims of a sidecar which small records get objects of their own.

        Raises SourceChanged or SourceUnreadable (it settles anew), Unreachable (disk full).
        """
        received_at = self.now()
        number = self.new_id(received_at)
        if _is_secret_by_name(drop) or _is_secret_around(drop):
            return RefusedDrop(drop, number, received_at)
        facts = None
        if drop.sidecar is not None or drop.claim is not None:
            try:
                facts = self._claimed(drop)
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
            wipe(self.fs, (staged.path, staged.pieces_path))
            return RefusedDrop(drop, number, received_at)
        except (NoRecord, KindNotAllowed) as bad:
            self._unstage(staged)
            return self._quarantine(drop, number, bad, received_at)
        except SourceUnreadable:  # nobody could look at it: it is staged anew then
            self._unstage(staged)
            raise
        if staged.head:
            staged = staged._replace(head=b"")  # a batch would hold many
        return Accepted(arrival, staged, facts, received_at, text)

    def _claimed(self, drop: Drop) -> SidecarFacts | None:
        """What its sidecar says; raises Classified, SidecarBad, and as `prepare` does."""
        check_own_list(self.mappings, drop)
        data = sidecar_bytes(drop)
        if data is None:
            return None
        return SidecarFacts(parsed(self.mappings, drop.claim, data), data, self._digests(data))

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

    def _reject(
        self, drop: Drop, number: str, bad: SidecarBad, received_at: datetime
    ) -> Rejected | RefusedDrop:
        """Put a drop into quarantine whose content nobody has looked at; or refuse it.

        What is marked as a state secret is refused, whatever else is wrong with it.
        """
        content = self._stage(drop, self.staging, f"{number}.rejected")
        if self._is_marked(content, drop):
            wipe(self.fs, (content.path, content.pieces_path))
            return RefusedDrop(drop, number, received_at)
        return self._quarantine(drop, number, bad, received_at, content)

    def _quarantine(
        self,
        drop: Drop,
        number: str,
        bad: SidecarBad,
        received_at: datetime,
        content: Staged | None = None,
    ) -> Rejected:
        """Copy both files into quarantine, byte-exact, with the reason beside them.

        `content` is a copy in staging that becomes the one in quarantine. A sidecar above the size
        limit is copied whole all the same: nothing is lost.
        """
        if self.again:
            raise StillRejected(bad)
        folder = self._made(number)
        if content is None:
            content = self._stage(drop, folder, "content")
        else:
            content = self._moved(content, folder / "content")
        digests, size = self._beside(drop, folder)
        write_new(self.fs, folder / REASON, (reason_text(drop, bad, received_at),))
        return Rejected(drop, number, bad, content, digests, size, received_at)

    def _made(self, number: str) -> Path:
        """A new folder of quarantine."""
        note(self.fs, self.staging, number)
        self.made.append(number)
        folder = self.quarantine / number
        self.fs.mkdir(folder)
        return folder

    def _stage(self, drop: Drop, folder: Path, name: str) -> Staged:
        path, key = drop.file.path, drop.file.key
        return stage(path, folder, name, self.digests, fs=self.fs, expected=key)

    def _is_marked(self, staged: Staged, drop: Drop) -> bool:
        """Whether a staged copy bears a classification line."""
        if self.understand is None or staged.path is None:
            return False
        shown, complete = decode_name(drop.file.name).text, staged.size <= HEAD_SIZE
        try:
            self.understand(staged.path, staged.start(), complete, shown, staged.size)
        except Classified:
            return True
        return False

    def _moved(self, staged: Staged, target: Path) -> Staged:
        """A staged copy under another name, on the same file system."""
        pieces = target.with_name(target.name + ".pieces") if staged.pieces_path else None
        for path, place in ((staged.path, target), (staged.pieces_path, pieces)):
            if path is not None and place is not None:
                self.fs.rename(path, place)
        return staged._replace(path=target, pieces_path=pieces)

    def _beside(self, drop: Drop, folder: Path) -> tuple[tuple[Digest, ...], int]:
        """Copy the sidecar, if there is one; its digests and size."""
        if drop.sidecar is None:
            row = sidecar_bytes(drop)
            if row is None:
                return (), 0
            write_new(self.fs, folder / "sidecar", (row,))
            return self._digests(row), len(row)
        path, key = drop.sidecar.path, drop.sidecar.key
        beside = stage(path, folder, "sidecar", self.digests, fs=self.fs, expected=key)
        return beside.digests, beside.size

    def reject_staged(self, outcome: Accepted, bad: SidecarBad) -> Rejected:
        """Put a drop that was accepted as far as its form goes into quarantine instead.

        Raises as `prepare` does.
        """
        rejected = self._quarantine(outcome.drop, outcome.record, bad, outcome.received_at)
        self._unstage(outcome.staged)
        return rejected

    def reject_late(
        self, file: Found, claim: Claim | None, bad: SidecarBad, record: str
    ) -> Rejected:
        """Put a bad sidecar that came after its file into quarantine, alone.

        `record` is the one that it came too late for. Raises as `prepare` does.
        """
        if self.again:
            raise StillRejected(bad)
        received_at = self.now()
        number = self.new_id(received_at)
        folder = self._made(number)
        drop = Drop(file, None, Settled(lease=False, seconds=0), claim=claim)
        try:
            content = self._stage(drop, folder, "sidecar")
        except BaseException:
            folder.rmdir()
            raise
        write_new(self.fs, folder / REASON, (reason_text(drop, bad, received_at, record),))
        return Rejected(drop, number, bad, content, (), 0, received_at, record)

    def refuse_staged(self, outcome: Accepted) -> RefusedDrop:
        """Refuse a drop that was accepted as far as its form goes, keeping nothing of it."""
        wipe(self.fs, (outcome.staged.path, outcome.staged.pieces_path))
        return RefusedDrop(outcome.drop, outcome.record, outcome.received_at)

    def _unstage(self, staged: Staged) -> None:
        for path in (staged.path, staged.pieces_path):
            if path is not None:
                self.fs.unlink(path)
