"""The database again, from the store alone (design §3: the ledger is the truth).

Everything is checked while it is read, against the archive's own log key; nothing unsigned is taken
over, because who can write the store must not be able to make us seal anything. The result takes
the place of the old database in one transaction, so processes that have it open go on with the new
content, and the old one is kept (archive.rebuild_place).

A note without its CMS is a batch that a crash cut short after everything else was stored: its
entries are taken over as signed, and the sealer completes the seal with the very same note.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from archive import layout
from archive.database import Database
from archive.durable import FileSystem
from archive.errors import ContentAltered, FormatError, ObjectMissing
from archive.identity import Identity
from archive.layout import TILE_WIDTH
from archive.lease import Lease
from archive.ports import Clock, LiveStore, read_all
from archive.publish import Places
from archive.rebuild_log import Chain, LogRebuilder
from archive.rebuild_place import place_for, truncated
from archive.rebuild_registers import RegisterRebuilder
from archive.rebuild_rows import Projection, register_crls
from archive.registers.keeping import Law
from archive.report import Report
from archive.stored_log import NOTE_LIMIT, LogTrust, log_names
from archive.verify.judges import Judges
from archive.verify.pki import load_pki
from signing.certificates import load_certificate
from signing.errors import SigningError
from signing.trust import TrustPolicy

Progress = Callable[[str, int, int], None]
"""Called with the log's name, the entries read so far, and how many it has."""

_TILE = re.compile(r"log/[^/]+/tile/(entries|\d)/((?:x\d{3}/)*\d{3})(?:\.p/(\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was found. `unpublished` counts what the old database had accepted but not published
    (None if it could not be read). Drops of the inbox are still there and come again; files given
    by hand, inspections and what people signed do not come by themselves.

    `unreadable` counts descriptions and details that are missing or altered; verify names them.
    `kept` is the file or the schema of the old database.
    """

    logs: tuple[str, ...]
    entries: int
    seals: int
    records: int
    unreadable: int
    unpublished: int | None
    kept: Path | str | None


def rebuild(  # noqa: PLR0913 - the parts of an archive
    database: Database,
    places: Places,
    identity: Identity,
    lease: Lease,
    clock: Clock,
    fs: FileSystem,
    policy: TrustPolicy,
    progress: Progress = lambda _log, _done, _all: None,
    *,
    law: Law | None = None,
) -> Rebuilt:
    """Build the database anew and put it in place of the old one.

    `policy` is the archive's own: whose certificates people may sign with. `law` reads retention
    schedules; without one an archive that has adopted any cannot be rebuilt.

    Needs no readable database, and waits for the sealer's lease. Raises ContentAltered or
    ObjectMissing if the store does not hold one consistent history, or less than was published;
    the old database then stays as it is.
    """
    place = place_for(database, fs)
    with lease.hold(wait=True):
        try:
            found = _build(place.fresh(), places, identity, (policy, law), clock, progress)
            sizes = {log: size for log, (size, _) in found.sizes.items()}
            _check_pointer(places.live, LogTrust.of(identity), sizes)
            with place.exchange(sizes, f"{clock.now():%Y%m%dT%H%M%S%fZ}") as old:
                for log, size in sizes.items():
                    places.live.discard(list(_leftovers(places.live, log, size)))
        finally:
            place.clean()
    return Rebuilt(
        logs=tuple(found.sizes),
        entries=sum(sizes.values()),
        seals=sum(seals for _, seals in found.sizes.values()),
        records=found.projection.records,
        unreadable=found.projection.unreadable,
        unpublished=old.unpublished,
        kept=old.kept,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    sizes: dict[str, tuple[int, int]]
    projection: Projection


def _build(
    target: Database,
    places: Places,
    identity: Identity,
    rules: tuple[TrustPolicy, Law | None],
    clock: Clock,
    progress: Progress,
) -> _Found:
    from signing.cms import sign_detached

    def sign_cms(note: bytes) -> bytes:
        return sign_detached(
            note, identity.cms_signer, identity.certificate, identity.chain, clock.now()
        )

    try:
        chain, projection = Chain(), Projection(places.evidence)
        trust = LogTrust.of(identity)
        sizes = {}
        for log in log_names(places.evidence):
            one = LogRebuilder(places, trust, log, chain, projection, sign_cms)
            one.run(target.write, lambda done, size, log=log: progress(log, done, size))  # type: ignore[misc]
            sizes[log] = (one.size, one.seals)
        with target.write() as connection:
            register_crls(connection, places.evidence, identity)
        projection.unreadable += _replay(target, places, identity, rules, clock, sizes)
    finally:
        target.close()
    return _Found(sizes, projection)


def _replay(
    target: Database,
    places: Places,
    identity: Identity,
    rules: tuple[TrustPolicy, Law | None],
    clock: Clock,
    logs: Iterable[str],
) -> int:
    """Fill the registers from the entries of the new database; how many records lack theirs."""
    pki = load_pki(places.evidence, Report("rebuild", clock.now()))
    policy, law = rules
    judges = Judges(policy, pki.certificates, pki.crls)
    issuers = frozenset(load_certificate(der).subject for der in identity.certificates)
    registers = RegisterRebuilder(
        places.evidence, identity.archive_id, judges, issuers, list(logs), law
    )
    return registers.run(target.write)


def _check_pointer(live: LiveStore, trust: LogTrust, sizes: dict[str, int]) -> None:
    """A checkpoint of ours that is newer than all seals proves that the store lost some."""
    from signing.checkpoint import Checkpoint
    from signing.note import Note

    try:
        data = read_all(live, layout.POINTER_KEY, NOTE_LIMIT)
        said = Checkpoint.parse(Note.parse(data).text)
        log = said.origin.rpartition("/")[2]
        trust.check(log, said.size, data)
    except (SigningError, ContentAltered, FormatError, ObjectMissing):
        return  # a hint that says nothing
    if said.size > sizes.get(log, 0):
        raise ContentAltered(truncated(log, said.size, sizes.get(log, 0)))


def _leftovers(live: LiveStore, log: str, size: int) -> list[str]:
    """Tiles in live that reach beyond the newest note: of a batch that was never signed in storage.

    The entries that take these places now make other tiles under the same keys.
    """
    found = []
    for info in live.list(f"log/{log}/tile/"):
        match = _TILE.fullmatch(info.key)
        if match is None:
            continue
        level = 0 if match[1] == "entries" else int(match[1])
        number = int(match[2].replace("x", "").replace("/", ""))
        width = int(match[3]) if match[3] else TILE_WIDTH
        if (number * TILE_WIDTH + width) << (8 * level) > size:
            found.append(info.key)
    return found


__all__ = ["Progress", "Rebuilt", "rebuild"]
