"""Operations on ledger and sealing: the newest seal, repair, inspections."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from archive import ledger
from archive.actors import Doer
from archive.checkpoint_files import NewestSeal, checkpoint_files, newest_seal
from archive.errors import UsageError
from archive.findings import Outcome
from archive.inspection import Inspection
from archive.submitting import is_published
from cli.account import account_shown
from cli.output import to_json
from cli.service import files, large
from cli.service.desk import Delivery, Document
from cli.service.documents import check_params
from cli.service.gate import acting, gate
from cli.service.operations import Caller, Host, Params, delivery, operation
from cli.wiring import Workbench
from signing.digest import Digest

_KEEPERS = ("archivist", "administrator")
_INSPECTORS = ("archivist", "inspector.internal", "inspector.judicial", "legal_office")


@delivery("checkpoint")
@contextmanager
def _checkpoint(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The newest seal, with `files` everything to take away; for everybody who is enrolled."""
    check_params(params, {"files": bool})
    bench = host.bench
    with gate(host, caller):
        seal = newest_seal(bench.database, bench.evidence, bench.own_trust)
    bundle = _files(bench, seal) if params["files"] else {}
    document = {
        "log": seal.log,
        "origin": seal.origin,
        "size": seal.size,
        "root": base64.b64encode(seal.root).decode(),
        "gen_time": to_json(seal.gen_time),
        "vkey": seal.vkey,
        "waiting_for_token": seal.behind,
        "note": seal.note.decode(),
    }
    yield large.stream({**document, "name": seal.name, "files": files.packed(bundle)})


def _files(bench: Workbench, seal: NewestSeal) -> dict[str, bytes]:
    policy = bench.own_policy
    roots = dict.fromkeys([*policy.ca_roots, *(tsa.certificate for tsa in policy.tsa_roots)])
    return checkpoint_files(seal, bench.evidence, list(roots))


def place_of(bench: Workbench, pending: str) -> Document:
    """Where the entry stands that was submitted under an id, and whether it is sealed."""
    with bench.database.read() as connection:
        place = ledger.place_of(connection, pending)
        sealed = place is not None and is_published(connection, place)
    log, index = place or (None, None)
    return {"sealed": sealed, "log": log, "index": index}


@operation("seal.abandon")
def _abandon(host: Host, caller: Caller, params: Params) -> Document:
    """Give up records whose staged bytes are gone; by an archivist or administrator."""
    check_params(params, {"reason": str}, {"person": str})
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
        by = Doer(account_shown(caller.uid), acting(caller, reader, params.get("person")))
    given_up = host.bench.abandoner.abandon(by, params["reason"])
    drained = host.bench.sealer.drain()
    sealed = drained is not None and not drained.waiting_for_tsa
    return {"abandoned": to_json(given_up), "sealed": sealed}


@operation("inspection.record")
def _inspection(host: Host, caller: Caller, params: Params) -> Document:
    """Put an inspection on the ledger that an inspector or archivist carried out himself."""
    required = {"scope": str, "policy": str, "report": str, "result": str}
    counts = {"failed": int, "indeterminate": int}
    check_params(params, {**required, **counts}, {"person": str})
    with gate(host, caller) as reader:
        reader.check_role(*_INSPECTORS)
        by = Doer(account_shown(caller.uid), acting(caller, reader, params.get("person")))
    inspection = Inspection(
        by=by,
        scope=params["scope"],
        policy=Digest.parse(params["policy"]),
        report=Digest.parse(params["report"]),
        result=_outcome(params["result"]),
        failed=params["failed"],
        indeterminate=params["indeterminate"],
    )
    log, index = host.bench.recorder.record(inspection)
    return {"log": log, "index": index}


def _outcome(text: str) -> Outcome:
    if text not in {outcome.value for outcome in Outcome}:
        raise UsageError("An inspection ends in PASSED, FAILED or INDETERMINATE.")
    return Outcome(text)
