"""Verification of an archive, in the order of docs/formats.md §10. Reads only, writes nothing.

    verify(evidence, live, policy, now=clock.now(), known=[("june.note", data)]) -> Report

Nothing that selects trust is read from the archive; absence is failure; what could not be
determined is never a pass.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import datetime

from archive.errors import ArchiveError
from archive.layout import POINTER_KEY, seals_prefix
from archive.ports import ObjectStore
from archive.registers.keeping import Law
from archive.registers.shelf import Shelf
from archive.report import LogHead, Report
from archive.verify import (
    derived,
    disposals,
    logs,
    references,
    seal_order,
    selection,
    storage,
    unexpected,
)
from archive.verify.context import NOTE_LIMIT, Context, fetch
from archive.verify.details import DetailJob, check_details
from archive.verify.index import Index
from archive.verify.inventory import Inventory
from archive.verify.judges import Judges
from archive.verify.known import Kept, Known
from archive.verify.ledger import Database, LogWalk, Streams
from archive.verify.pack_walk import PackVerdicts, PackWalk, segment_chunks
from archive.verify.packs import check_segments
from archive.verify.pki import Pki, load_pki
from archive.verify.records import RecordJob, check_records
from archive.verify.register_rows import compare_registers
from archive.verify.registers import IndexShelf, check_registers
from archive.verify.scope import Everything, Scope
from archive.verify.seals import check_seals
from archive.verify.storage import StorageKit
from archive.verify.stored import FIRST
from archive.verify.unfinished import report_unfinished
from archive.verify.workers import Workers
from signing.trust import TrustPolicy

Progress = Callable[[str, int, int], None]
"""Called with the phase (`entries`, `seals`, `bytes`, `storage`), what is done, and of how much."""

_RECORDS_AT_ONCE = 64
_DETAILS_AT_ONCE = 128
_BYTES_AT_ONCE = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kit:
    """What an inspector brings along besides the policy.

    `known` are notes and `receipts` receipt lines kept earlier, each with a name for people;
    `extra_crls` are CRLs (DER) newer than the archive's; `own_policy` says that the policy file was
    taken from the archive itself; `database` is the operator's database, where it can be had;
    `law` reads retention schedules; `storage` are the places whose versions, locks and settings are
    checked besides the bytes. `ask` is called with the registers of the whole ledger. `store`
    names the store whose bytes are read.
    """

    known: Sequence[Kept] = ()
    receipts: Iterable[Kept] = ()
    extra_crls: Sequence[bytes] = ()
    own_policy: bool = False
    database: Database | None = None
    law: Law | None = None
    storage: StorageKit | None = None
    ask: Callable[[Shelf], None] | None = None
    store: str = FIRST


@dataclass(slots=True)
class _Run:
    """The state of one verification."""

    context: Context
    index: Index
    report: Report
    pki: Pki
    progress: Progress
    names: list[str] = field(default_factory=list)
    snapshots: dict[str, logs.Snapshot] = field(default_factory=dict)
    unfinished: list[logs.Unfinished] = field(default_factory=list)
    walks: dict[str, LogWalk] = field(default_factory=dict)
    entries_lost: bool = False
    pointer: bytes | None = None


def verify(
    evidence: ObjectStore,
    live: ObjectStore,
    policy: TrustPolicy,
    *,
    now: datetime,
    scope: Scope | None = None,
    kit: Kit | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Report:
    """Check an archive against a policy; returns the report, whatever was found.

    `now` is the time of the inspection. `workers` is the number of processes, by default one for
    every core; they are forked, so call this from a program's main thread.
    """
    scope = scope or Everything()
    kit = kit or Kit()
    report = Report(str(scope), now)
    started = time.monotonic()
    with Index(kit.store) as index:
        try:
            run = _prepare(evidence, live, policy, now, kit, index, report)
            run.progress = progress or run.progress
            count = workers if workers is not None else len(os.sched_getaffinity(0))
            with Workers(run.context, count) as pool:
                _verify(run, pool, kit, scope)
        except (ArchiveError, OSError) as error:
            report.add("STORE_UNREADABLE", "the store", reason=str(error))
        except BrokenProcessPool:
            report.add("CHECK_INCOMPLETE", "the archive", reason="a worker process was killed")
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            report.add("CHECK_INCOMPLETE", "the archive", reason=reason[:300])
    report.seconds = time.monotonic() - started
    return report


def _prepare(
    evidence: ObjectStore,
    live: ObjectStore,
    policy: TrustPolicy,
    now: datetime,
    kit: Kit,
    index: Index,
    report: Report,
) -> _Run:
    # Snapshot before PKI: a running sealer may add CRLs meanwhile, never take one away.
    bare = Context(evidence, live, policy, now, Judges(policy, (), ()))
    pointer = fetch(live, POINTER_KEY, NOTE_LIMIT, [], None, "POINTER_STALE")
    known = Known(bare, index, report)
    run = _Run(bare, index, report, Pki(), lambda *_: None)
    _take_snapshots(run)
    run.pointer = pointer
    known.add_pointer(pointer)
    known.add_notes(kit.known)
    known.add_receipts(kit.receipts)
    known.compare_with_each_other()
    run.pki = load_pki(evidence, report)
    crls = [*run.pki.crls, *kit.extra_crls]
    run.context = replace(bare, judges=Judges(policy, run.pki.certificates, crls))
    if kit.own_policy:
        report.add("POLICY_NOT_INDEPENDENT", policy.archive)
    return run


def _take_snapshots(run: _Run) -> None:
    names = run.names = logs.log_names(run.context)
    if not names:
        run.report.add("LOG_MISSING", f"{run.context.policy.archive}/*", reason="there is no log")
    for log in names:
        logs.list_seals(run.context, run.index, log)
        snapshot, unfinished = logs.take_snapshot(run.context, run.index, run.report, log)
        run.unfinished += unfinished
        if snapshot is not None:
            run.snapshots[log] = snapshot


def _verify(run: _Run, pool: Workers, kit: Kit, scope: Scope) -> None:
    names = run.names
    for chain in logs.chains([name for name in names if name in run.snapshots]):
        _walk_chain(run, pool, chain, kit.database)
    run.entries_lost = any(not walk.complete for walk in run.walks.values())
    run.entries_lost = run.entries_lost or len(run.walks) < len(names)
    known = Known(run.context, run.index, run.report)
    known.finish(run.snapshots, [name for name in names if name not in run.snapshots])
    for log, walk in run.walks.items():
        known.keep_contradicting(run.snapshots[log], walk.rewritten)
    _check_registers(run, pool, kit)
    for chain in logs.chains(list(run.walks)):
        _check_chain_seals(run, pool, chain)
    selection.select(run.index, run.report, pool, scope)
    _check_records(run, pool, scope)
    whole = isinstance(scope, Everything)
    lost = run.entries_lost
    derived.check_derived(run.context, run.index, run.report, pool, whole=whole, lost=lost)
    if whole:
        _check_rest(run)
    if kit.storage is not None:
        _check_storage(run, kit.storage, whole=whole)
    if whole or kit.storage is not None:
        _report_suspects(run, kit.database)
    report_unfinished(run.context, run.report, run.unfinished, run.snapshots, run.pointer)
    _check_pointer(run)


def _walk_chain(run: _Run, pool: Workers, chain: list[str], database: Database | None) -> None:
    streams = Streams()
    succession = logs.Succession(run.context, run.index, run.report, chain)
    total = sum(run.snapshots[log].size for log in chain)
    for log in chain:
        snapshot = run.snapshots[log]

        def tell(done: int) -> None:
            run.progress("entries", done, total)

        walk = LogWalk(
            run.context, run.index, run.report, streams, log, snapshot.size, database, tell
        )
        walk.run(pool)
        run.walks[log] = walk
        succession.add(walk, snapshot)


def _check_registers(run: _Run, pool: Workers, kit: Kit) -> None:
    """What needs the whole ledger; with entries lost, what follows them would be called wrong."""
    if not run.entries_lost:
        references.check_references(run.index, run.report)
        references.check_quarantine(run.index, run.report, run.context.evidence)
        logs_read = list(run.walks)
        whole = check_registers(run.context, run.index, run.report, pool, logs_read, kit.law)
        if whole and kit.database is not None:
            sizes = {log: run.snapshots[log].size for log in logs_read}
            compare_registers(run.index, run.report, kit.database, sizes)
        if whole and kit.ask is not None:
            kit.ask(IndexShelf.whole(run.index, logs_read))
    elif run.index.one("SELECT 1 FROM act") is not None:
        reason = "entries of the ledger are missing"
        run.report.add("REGISTERS_UNCHECKED", run.context.policy.archive, reason=reason)
        disposals.excuse_unjudged(run.index)


def _check_chain_seals(run: _Run, pool: Workers, chain: list[str]) -> None:
    heads = {}
    for log, following in zip(chain, [*chain[1:], None], strict=True):
        if run.walks[log].complete and (following is None or run.walks[following].complete):
            heads[log] = run.snapshots[log].size if following is None else 0
    references.check_links(run.index, run.report, heads)
    outages = seal_order.recorded_outages(run.index, chain, run.report)
    stops = seal_order.recorded_stops(run.index, chain)
    order = seal_order.SealOrder(run.context, run.report, outages, stops)
    for log in chain:
        newest = None
        total = run.index.one("SELECT count(*) FROM seal WHERE log=?", log)[0]
        done = 0
        for facts in pool.map(check_seals, seal_order.seal_jobs(run.index, log)):
            for seal in facts:
                order.take(seal)
                newest = seal.gen_time
            done += len(facts)
            run.progress("seals", done, total)
        size, root = run.snapshots[log].size, run.walks[log].root
        run.report.heads.append(LogHead(log, size, root.hex(), newest))
    order.finish(chain[-1])


def _check_records(run: _Run, pool: Workers, scope: Scope) -> None:
    inventory = Inventory(run.context, run.index, run.report, scope)
    total, done = _total_bytes(run, scope), 0
    for facts in pool.map(check_records, _record_chunks(inventory.records())):
        run.report.take(facts.found)
        run.report.count("bytes", facts.read)
        done += facts.read
        run.progress("bytes", done, max(done, total))
    whole = isinstance(scope, Everything)
    walk = PackWalk(run.context, run.index, run.report, whole=whole, loose=run.entries_lost)
    verdicts = PackVerdicts(run.report)
    for stretches in pool.map(check_segments, segment_chunks(walk.segments(inventory.suspect))):
        for stretch in stretches:
            verdicts.take(stretch)
            done += stretch.read
        run.progress("bytes", done, max(done, total))
    verdicts.finish()
    for found in pool.map(check_details, _detail_chunks(inventory.details())):
        run.report.take(found)


def _total_bytes(run: _Run, scope: Scope) -> int:
    join = "" if isinstance(scope, Everything) else "JOIN selected USING(id)"
    row = run.index.one(f"SELECT sum(size) FROM record {join}")  # noqa: S608
    return int(row[0] or 0)


def _record_chunks(jobs: Iterator[RecordJob]) -> Iterator[list[RecordJob]]:
    chunk: list[RecordJob] = []
    size = 0
    for job in jobs:
        chunk.append(job)
        size += job.objects.get("content", 0)
        if len(chunk) >= _RECORDS_AT_ONCE or size >= _BYTES_AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _detail_chunks(jobs: Iterator[DetailJob]) -> Iterator[list[DetailJob]]:
    chunk: list[DetailJob] = []
    for job in jobs:
        chunk.append(job)
        if len(chunk) == _DETAILS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _check_storage(run: _Run, kit: StorageKit, *, whole: bool) -> None:
    opened = {
        log: str(body["storage"])
        for log, walk in run.walks.items()
        for _, kind, body in walk.control
        if kind == "log.opened"
    }
    sizes = {log: run.snapshots[log].size for log in run.walks}
    ledgered = storage.Walked(sizes, opened, whole, run.entries_lost)

    def tell(done: int) -> None:
        run.progress("storage", done, done)

    storage.check_places(run.context, run.index, run.report, kit, ledgered, tell)


def _check_rest(run: _Run) -> None:
    """That nothing else stands there, and that the certificates that were named do."""
    unnamed = references.check_pki(run.index, run.report, run.pki, run.context.evidence)
    if not run.entries_lost:
        rows = [(key, "pki", key[4:68]) for key in unnamed]
        run.index.add("suspect", [(*row, _young(run, row[0])) for row in rows])
    for info in run.context.evidence.list("pki/"):
        if info.key not in run.pki.keys:
            young = run.context.young(info.modified)
            run.index.add("suspect", [(info.key, "pki", info.key[4:68], young)])
    sizes = {log: snapshot.size for log, snapshot in run.snapshots.items()}
    unexpected.suspect_log_objects(run.context, run.index, sizes)


def _report_suspects(run: _Run, database: Database | None) -> None:
    unexpected.report_suspects(
        run.context,
        run.index,
        run.report,
        run.snapshots.values(),
        database,
        entries_lost=run.entries_lost,
    )


def _young(run: _Run, key: str) -> bool:
    info = run.context.evidence.stat(key)
    return info is None or run.context.young(info.modified)


def _check_pointer(run: _Run) -> None:
    """The pointer should show the newest note of one of the logs; it is never more than a hint."""
    if not run.snapshots:
        return
    stored = fetch(run.context.live, POINTER_KEY, NOTE_LIMIT, [], None, "POINTER_STALE")
    newest = {chain[-1] for chain in logs.chains(list(run.snapshots))}
    for log in newest:
        if stored == run.snapshots[log].note:
            return
        prefix = seals_prefix(log)
        after = f"{prefix}{run.snapshots[log].size:016d}.note.p7s.tst"
        if stored is not None and any(run.context.evidence.list(prefix, after)):
            return
    run.report.add("POINTER_STALE", f"live/{POINTER_KEY}")
