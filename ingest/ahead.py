"""Small files named by hand are read ahead, in a process of their own, while this one starts.

    reader:  walk -> read, hash, describe -> pack in staging -> tell
    here:    known already? -> entries with the places in the pack -> one commit

The reader has no database and needs no large library, so that it is at work at once. It reads what
is plain: small files without sidecars that are no media and no documents. What it leaves, and every
pack of which the archive has something already, is read here in the ordinary way.
"""

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, NamedTuple

from archive.durable import FileSystem
from archive.errors import StateUnknown
from archive.ids import RANDOM_BYTES, new_ulid
from archive.source_terms import UNSAID, Registered
from ingest.describe import Arrival, Circumstances
from ingest.documents.understand import Later, Understander
from ingest.drops import Accepted, Preparer
from ingest.faults import is_of_one
from ingest.packing import Packer, StagedPack, portions
from ingest.session import StagingSession
from ingest.settle import FileKey, Settled
from ingest.staging import Staged
from ingest.sweep import Drop, Found, Noticed
from signing.digest import Digest

_AHEAD = 8
"""Parts that wait to be taken; each is a pack in staging, and some MiB of what is known of it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader must know: the source of all drops, and what the archive's settings say."""

    source: str
    digests: tuple[str, ...]
    office: str
    software: str
    pack_up_to: int
    now: Callable[[], datetime]
    random: Callable[[int], bytes]
    understand: bool = False
    """Whether texts are understood; documents are left to who has a reader for them."""
    registered: Registered = UNSAID
    """What the register says of the source, as far as could be known so early."""


class ReadPack(NamedTuple):
    """A pack in staging and the drops in it, in their order; their bytes are not in memory."""

    outcomes: Sequence[Accepted]
    staged: StagedPack
    registered: Registered = UNSAID
    """By what the drops were described; where the register says something else by now, they are
    read again.
    """


class Part(NamedTuple):
    """A part of what was named: drops that nobody has read, and perhaps a pack of the others."""

    drops: Sequence[Drop]
    read: ReadPack | None

    def __len__(self) -> int:
        return len(self.drops) + (len(self.read.outcomes) if self.read else 0)


class Ahead:
    """The reader and what it has read; a context manager that ends it.

    Make it before this process has a thread or a database connection: neither survives a fork.
    `session` is its folder in staging; whoever submits the packs takes it over.
    """

    def __init__(
        self,
        drops: Iterator[Drop],
        heard: list[Noticed],
        reading: Reading,
        session: StagingSession,
    ) -> None:
        """`heard` is where the walk that gives the drops puts what it notices."""
        self.session = session
        self._reading = reading
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe(duplex=False)
        work = (theirs, self._pipe, drops, heard, reading, session.folder)
        self._process = context.Process(target=_serve, args=work, daemon=True)
        self._process.start()
        theirs.close()
        self._heard = [*heard]

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.session.abandon()

    def stop(self) -> None:
        """End the reader; what it was writing stays in its folder."""
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    def parts(self, tell: Callable[[Noticed], None]) -> Iterator[Part]:
        """Everything that was named, part by part; `tell` hears of what is not taken.

        Raises what the reader raised, and StateUnknown if it died.
        """
        for noticed in self._heard:
            tell(noticed)
        while True:
            try:
                what, value = self._pipe.recv()
            except (EOFError, OSError) as error:
                raise StateUnknown(_GONE) from error
            if what == "error":
                raise value
            if what == "end":
                return
            if what == "noticed":
                tell(value)
            else:
                yield self._part(*value)

    def _part(self, drops: list[Drop], rows: list[Any], staged: StagedPack | None) -> Part:
        if staged is None:
            return Part(drops, None)
        outcomes = [_outcome(row, self._reading) for row in rows]
        return Part(drops, ReadPack(outcomes, staged, self._reading.registered))


_GONE = "The process that reads files has ended unexpectedly; nothing of them was taken yet."


def _serve(
    pipe: "Connection[Any, Any]",
    other_end: "Connection[Any, Any]",
    drops: Iterator[Drop],
    heard: list[Noticed],
    reading: Reading,
    folder: Path,
) -> None:
    """The second process: reads until the end, or until nobody listens any more."""
    # A signal to the whole group is for the first process, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    other_end.close()
    heard.clear()
    told: Queue[tuple[str, Any] | None] = Queue(_AHEAD)
    sender = Thread(target=_send, args=(pipe, told))
    sender.start()
    try:
        for part in _Reader(reading, folder).parts(drops):
            for noticed in heard:
                told.put(("noticed", noticed))
            heard.clear()
            told.put(("part", part))
        for noticed in heard:
            told.put(("noticed", noticed))
        told.put(("end", None))
    except Exception as error:
        told.put(("error", sendable(error)))
    told.put(None)
    sender.join()


def _send(pipe: "Connection[Any, Any]", told: "Queue[tuple[str, Any] | None]") -> None:
    with suppress(OSError):
        while (message := told.get()) is not None:
            pipe.send(message)
        return
    os._exit(0)  # nobody listens any more


def sendable(error: Exception) -> Exception:
    """The error, or one that says the same and can be sent to another process."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes: does it survive?
    except Exception:
        return StateUnknown(f"{type(error).__name__}: {error}")
    return error


class _Medium(Exception):
    """The file is a medium, which is looked at by more than a reader."""


def _leave(
    source: Path | bytes,  # noqa: ARG001 - see Look
    name: str,  # noqa: ARG001 - see Look
    media_type: str,  # noqa: ARG001 - see Look
    claims: Mapping[str, Any] | None,  # noqa: ARG001 - see Look
    received_at: datetime,  # noqa: ARG001 - see Look
    profile: str | None = None,  # noqa: ARG001 - see Look
) -> bytes:
    raise _Medium


class _Reader:
    """Reads parts into packs."""

    def __init__(self, reading: Reading, folder: Path) -> None:
        self._fs = FileSystem()
        self._folder = folder
        # Where only some kinds are allowed, others judge: it may end in quarantine.
        self._up_to = 0 if reading.registered.kinds else reading.pack_up_to
        facts = Circumstances(reading.office, reading.software)
        facts.registered = {reading.source: reading.registered}
        self._preparer = Preparer(
            self._fs,
            folder,
            folder,
            reading.digests,
            lambda now: new_ulid(now, reading.random(RANDOM_BYTES)),
            reading.now,
            reading.random,
            facts,
            reading.pack_up_to,
            _leave,
            Understander(None).understand if reading.understand else None,
        )

    def parts(
        self, drops: Iterator[Drop]
    ) -> Iterator[tuple[list[Drop], list[Any], StagedPack | None]]:
        """Drops that are left, and those that were read, with their pack."""
        for part in portions(drops, self._up_to):
            packer = Packer(self._preparer.new_id(self._preparer.now()))
            left, rows = [], []
            for drop in part:
                outcome = self._attempt(drop)
                if outcome is None:
                    left.append(drop)
                    continue
                described = sha256(outcome.description).digest()
                packer.add(outcome, outcome.staged.sha256(), described, None)
                rows.append(_row(outcome))
            yield left, rows, packer.write(self._folder, self._fs)

    def _attempt(self, drop: Drop) -> Accepted | None:
        """None for what somebody else must read, or see that it cannot be read."""
        plain = not drop.has_sidecar and drop.claim is None and not drop.notes and not drop.beside
        if not plain or not 0 < self._up_to >= drop.file.key.size:
            return None
        try:
            outcome = self._preparer.prepare(drop, lambda _: False)
        except (_Medium, Later):
            return None
        except Exception as error:
            if not is_of_one(error):
                raise
            return None  # whoever takes it says what is wrong with it
        return outcome if isinstance(outcome, Accepted) else None


def _row(outcome: Accepted) -> tuple[Any, ...]:
    """An outcome for the pipe: plain values take a fifth of the time of their types."""
    (_, folder, name, path, key), _, settled, *_ = outcome.arrival.drop
    staged = outcome.staged
    return (
        *(folder, name, path, tuple(key), settled.lease, settled.seconds),
        *outcome.arrival[1:],
        tuple([digest.value for digest in staged.digests]),
        *(staged.pieces_root.value, staged.lease, outcome.description),
    )


def _outcome(row: tuple[Any, ...], reading: Reading) -> Accepted:
    folder, name, path, numbers, lease, seconds, *arrival, values, root, leased, description = row
    key = FileKey(*numbers)
    drop = Drop(Found(reading.source, folder, name, path, key), None, Settled(lease, seconds))
    digests = tuple(map(Digest, reading.digests, values))
    staged = Staged(
        None, key.size, digests, Digest("sha256", root), None, key, leased, {}, b"", None
    )
    arrived = Arrival(drop, *arrival)
    received_at = datetime.fromisoformat(arrived.received_at[1:-1].decode())
    return Accepted(arrived, staged, None, received_at, description)
