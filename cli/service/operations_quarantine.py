"""Operations on quarantine: what lies there and why, and how it ends. Never a content."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from archive import resolved
from archive.actors import Doer, stated
from archive.durable import write_new
from archive.errors import NotFound, Refused, UsageError
from cli.account import account_shown
from cli.exits import in_both_languages
from cli.language import say
from cli.measuring import shelf_of
from cli.output import to_json
from cli.service.desk import Document
from cli.service.documents import check_params
from cli.service.gate import acting, gate
from cli.service.operations import Caller, Host, Params, operation, upload
from cli.service.operations_log import place_of
from cli.wiring_sidecars import mappings_of
from ingest import sidecar
from ingest.claim import ALONE, FILE, Claim
from ingest.classification import is_marked_name
from ingest.errors import (
    AttachedSecret,
    Classified,
    FoundSecret,
    SidecarBad,
    SourceChanged,
    SourceUnreadable,
    StillRejected,
)
from ingest.found import Found
from ingest.intake import Intake
from ingest.names import safe_file_name
from ingest.quarantine.resolutions import Resolution, resolutions
from ingest.quarantine.resolving import REFUSED, Resolver
from ingest.quarantine.shelf import ATTACHED, Item
from ingest.sidecars.mapping import Mappings
from ingest.sidecars.of_drop import parsed
from ingest.sidecars.pairing import look

_KEEPERS = ("archivist", "administrator")


@operation("quarantine.list")
def _list(host: Host, caller: Caller, params: Params) -> Document:
    """What lies there; by an archivist or administrator."""
    check_params(params, {}, {"every": bool})
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
    every = bool(params.get("every"))
    return {"quarantine": _lines(host, list(shelf_of(host.bench).all()), every=every)}


@operation("quarantine.show")
def _show(host: Host, caller: Caller, params: Params) -> Document:
    """One of them: names, digests, reason, and how its sidecar begins."""
    check_params(params, {"quarantine": str})
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
    item = shelf_of(host.bench).find(params["quarantine"])
    (line,) = _lines(host, [item], every=True)
    files = [
        {"role": one.role, "name": one.shown, "size": one.size, "digest": one.sha256}
        for one in item.files()
    ]
    return {**line, "files": files, "sidecar_head": item.sidecar_head()}


@operation("quarantine.retry")
def _retry(host: Host, caller: Caller, params: Params) -> Document:
    """Take one, or all that are open, the ordinary way once more."""
    check_params(params, {}, {"quarantine": str, "person": str})
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
        by = _doer(caller, reader, params)
    named = params.get("quarantine")
    items = [shelf_of(host.bench).find(named)] if named else _open(host)
    return {"tried": _try_all(host, items, by)}


@upload("quarantine.attach")
def _attach(host: Host, caller: Caller, params: Params, stream: BinaryIO) -> Document:
    """Take one with another sidecar; the bad one stays in quarantine."""
    check_params(params, {"quarantine": str, "name": str}, {"person": str, "reason": str})
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
        by = _doer(caller, reader, params)
    item = shelf_of(host.bench).find(params["quarantine"])
    _resolver(host, by).check_open(item)
    if (bad := item.condition()) is not None:
        return {"tried": [_still(item, bad)]}
    name, data = safe_file_name(params["name"]).encode(), _read(stream)
    claim = _recognised(host, item, name, data)
    path = _write(host, item, data)
    try:
        attached = item.found(path.name, name), claim
        (tried,) = _try_all(host, [item], by, attached, params.get("reason"))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if tried["outcome"] == "still_rejected":
        path.unlink(missing_ok=True)
    return {"tried": [tried]}


@operation("quarantine.reject")
def _reject(host: Host, caller: Caller, params: Params) -> Document:
    """Do not take it; the bytes stay."""
    check_params(params, {"quarantine": str, "reason": str}, {"person": str})
    bench = host.bench
    reason = stated(params["reason"], "a reason")
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
        by = _doer(caller, reader, params)
    sealer = bench.sealer  # opens the keys, so a wrong passphrase changes nothing
    ended = _resolver(host, by).reject(shelf_of(host.bench).find(params["quarantine"]), reason)
    sealer.drain()
    return {"quarantine": params["quarantine"], **place_of(bench, ended.pending)}


def _open(host: Host) -> list[Item]:
    with host.bench.database.read() as connection:
        done = resolved.resolved(connection)
    refused = {number for number, row in done.items() if row.outcome == REFUSED}
    left = done.keys() - refused
    return [
        item
        for item in shelf_of(host.bench).all()
        if item.sealed is not None and item.number not in left
    ]


def _doer(caller: Caller, reader: Any, params: Params) -> Doer:
    return Doer(account_shown(caller.uid), acting(caller, reader, params.get("person")))


def _resolver(host: Host, by: Doer) -> Resolver:
    bench = host.bench

    def seal() -> bool:
        drained = bench.sealer.drain()
        return drained is not None and not drained.waiting_for_tsa

    return Resolver(bench.database, bench.fs, bench.clock, bench.maker, by, seal)


@contextmanager
def _intake(host: Host) -> Iterator[Intake]:
    """An intake that lets everything lie where it is."""
    bench = host.bench
    intake = bench.intake(bench.releaser(_silent), "keep", again=True)
    try:
        yield intake
        intake.finish()
    finally:
        intake.close()


def _try_all(
    host: Host,
    items: list[Item],
    by: Doer,
    attached: tuple[Found, Claim | None] | None = None,
    reason: str | None = None,
) -> list[Document]:
    """What became of each; everything is sealed on return, or waits for its timestamp.

    What goes wrong with one of several is told of it, and does not stop the others.
    """
    resolver, told = _resolver(host, by), []
    with _intake(host) as intake:
        for item in items:
            line = _named(item)
            try:
                ended = resolver.retry(intake, item, attached, reason)
            except StillRejected as still:
                told.append(_still(item, still.bad))
            except FoundSecret as found:
                if len(items) == 1:
                    raise
                line |= {"outcome": REFUSED, "record": None, "code": found.code}
                told.append({**line, "sentence": found.english, "sentence_zh": found.chinese})
            except (Refused, NotFound, SourceChanged, SourceUnreadable) as error:
                if len(items) == 1:
                    raise
                told.append(_still(item, SidecarBad("STILL_REJECTED", *in_both_languages(error))))
            else:
                line |= {"outcome": ended.outcome, "record": ended.record}
                told.append({**line, "pending": ended.pending})
    return [
        {**line, **place_of(host.bench, line.pop("pending"))} if "pending" in line else line
        for line in told
    ]


def _named(item: Item) -> Document:
    return {"quarantine": item.number, "name": item.name}


def _still(item: Item, bad: SidecarBad) -> Document:
    line = {**_named(item), "outcome": "still_rejected", "record": None, "code": bad.code}
    return {**line, "sentence": bad.english, "sentence_zh": bad.chinese}


def _read(stream: BinaryIO) -> bytes:
    data = stream.read(sidecar.MAX_SIZE + 1)
    if len(data) > sidecar.MAX_SIZE:
        raise UsageError(say("A sidecar has at most 1 MiB.", "附带说明不超过 1 MiB。"))
    return data


def _write(host: Host, item: Item, data: bytes) -> Path:
    bench = host.bench
    path = item.folder / f"{ATTACHED}-{bench.maker.id(bench.clock.now())}"
    write_new(bench.fs, path, (data,))
    return path


def _recognised(host: Host, item: Item, name: bytes, data: bytes) -> Claim | None:
    """The attached file as the sidecar that it is; UsageError for any other file.

    One that is marked as a state secret is refused before a byte of it is written: AttachedSecret.
    """
    mappings = mappings_of(host.bench.settings, host.bench.home)
    claim = _claim(mappings, item, name, data)
    try:
        parsed(mappings, claim, data)
    except Classified:
        raise AttachedSecret(item.number) from None
    except SidecarBad:
        pass  # it is told when the drop is tried
    if is_marked_name(name.decode(errors="replace")):
        raise AttachedSecret(item.number)
    return claim


def _claim(mappings: Mappings, item: Item, name: bytes, data: bytes) -> Claim | None:
    if sidecar.is_marked(data):
        return None
    known = look(mappings, name, len(data), lambda most: data[:most])
    if known is None or known.mapping.is_list:
        raise UsageError(
            say(
                "This file is no sidecar of one file in any form that is known here.",
                "该文件不是任何已知格式的单文件附带说明。",
            )
        )
    return Claim(known.mapping.name, FILE if item.has_content else ALONE)


def _lines(host: Host, items: list[Item], *, every: bool) -> list[Document]:
    """What is told of drops, or only of those that somebody has to look after.

    A refused one is such a drop, for it is not wiped yet. Who resolved one, and why, is told by the
    ledger's entries alone.
    """
    bench = host.bench
    with bench.database.read() as connection:
        done = resolved.resolved(connection)
        if not every:
            ended = {number for number, row in done.items() if row.outcome != REFUSED}
            items = [item for item in items if item.number not in ended]
        said = resolutions(connection, bench.evidence, done.keys() & {one.number for one in items})
    return [_line(item, done.get(item.number), said.get(item.number)) for item in items]


def _line(item: Item, row: Any, said: Resolution | None) -> Document:
    reason, state = item.reason, "open" if row is None else row.outcome
    bad = item.condition() if state in ("open", REFUSED) else None
    line = {
        "quarantine": item.number,
        "source": reason.source,
        "name": item.name,
        "code": reason.code,
        "sentence": reason.english,
        "sentence_zh": reason.chinese,
        "at": item.at,
        "size": item.size,
        "late_for": reason.late,
        "state": "unknown" if item.sealed is None and row is None else state,
        "condition": None if bad is None else bad.code,
        "condition_text": None if bad is None else bad.english,
        "condition_zh": None if bad is None else bad.chinese,
        "record": None if row is None else row.record,
        "resolved_at": None if row is None else row.at,
        "resolution": said,
    }
    made = to_json(line)
    return dict(made) if isinstance(made, dict) else {}


def _silent(_text: str) -> None:
    """Everything stays where it is."""
