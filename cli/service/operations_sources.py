"""Operations on the register of sources: list, confirm, retire, and how each of them does."""

import unicodedata
from typing import Any

from archive.actors import Doer
from archive.errors import FormatError, NotFound, UsageError
from archive.source_stats import (
    NONE,
    Amount,
    History,
    Stand,
    read_history,
    read_stands,
    read_totals,
    sort_by_urgency,
)
from archive.source_terms import LETTERS, TERMS
from cli.account import account_shown
from cli.language import say
from cli.output import to_json
from cli.service.desk import Document
from cli.service.documents import check_params
from cli.service.gate import acting, gate
from cli.service.operations import Caller, Host, Params, operation
from cli.service.operations_log import place_of
from cli.wiring_media import profiles_of
from ingest.holding import is_retired
from ingest.names import decode_name
from ingest.register import LABELS, confirm_source, retire_source

_KEEPERS = ("archivist", "administrator")


@operation("sources.list")
def _list(host: Host, caller: Caller, params: Params) -> Document:
    """The register of sources; for everybody who is enrolled."""
    check_params(params, {})
    with gate(host, caller), host.bench.database.read() as connection:
        stands = read_stands(connection, host.bench.clock.now())
    return {"sources": [registered(stand) for stand in stands]}


@operation("sources.confirm")
def _confirm(host: Host, caller: Caller, params: Params) -> Document:
    """Confirm a source, or change its entry; by an archivist or administrator."""
    check_params(params, {"source": str}, {"person": str, "said": dict})
    source, bench = params["source"], host.bench
    said = _said(params.get("said") or {})
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
        by = Doer(account_shown(caller.uid), acting(caller, reader, params.get("person")))
    if said.get("profile"):
        _check_profile(host, said["profile"])
    sealer = bench.sealer  # opens the keys, so a wrong passphrase changes nothing
    with bench.database.write() as connection:
        try:
            now = bench.clock.now()
            pending = confirm_source(connection, source, by, now, bench.maker, said)
        except FormatError as error:
            raise UsageError(
                say(f"The register does not take that: {error}.", f"登记簿不接受：{error}。")
            ) from error
    sealer.drain()
    return {"source": source, **place_of(bench, pending)}


def _said(said: dict[str, Any]) -> dict[str, Any]:
    for name in said:
        if name not in (*LABELS, *TERMS):
            raise UsageError(f"The register has no field {name[:64]!r}.")
    found = {
        name: unicodedata.normalize("NFC", value) if isinstance(value, str) else value
        for name, value in said.items()
    }
    if any(type(found.get(name, "")) not in (str, type(None)) for name in LABELS):
        raise UsageError("Label, kind and unit are texts.")
    if not isinstance(found.get("kinds") or [], list):
        raise UsageError("Kinds are a list.")
    return found


def _check_profile(host: Host, name: str) -> None:
    known = profiles_of(host.bench.settings, host.bench.home).names
    if name not in known:
        names = ", ".join(known)
        raise UsageError(
            say(
                f"There is no profile of file names {name[:64]!r}; known are: {names}.",
                f"没有文件名规则“{name[:64]}”；现有：{names}。",
            )
        )


@operation("sources.retire")
def _retire(host: Host, caller: Caller, params: Params) -> Document:
    """Take nothing more of a source; by an archivist or administrator."""
    check_params(params, {"source": str, "reason": str}, {"person": str})
    bench = host.bench
    reason = unicodedata.normalize("NFC", params["reason"]).strip()
    if not reason:
        raise UsageError(say("A reason has to be given.", "须说明理由。"))
    with gate(host, caller) as reader:
        reader.check_role(*_KEEPERS)
        by = Doer(account_shown(caller.uid), acting(caller, reader, params.get("person")))
    sealer = bench.sealer
    with bench.database.write() as connection:
        if is_retired(connection, source := params["source"]):
            raise UsageError(say(f"{source} is retired already.", f"{source} 此前已停用。"))
        pending = retire_source(
            connection, params["source"], by, bench.clock.now(), bench.maker, reason
        )
    sealer.drain()
    return {"source": params["source"], **place_of(bench, pending)}


@operation("sources.stats")
def _stats(host: Host, caller: Caller, params: Params) -> Document:
    """How one source does, or all of them; for everybody who is enrolled."""
    check_params(params, {}, {"source": str})
    now, wanted = host.bench.clock.now(), params.get("source")
    with gate(host, caller), host.bench.database.read() as connection:
        stands = read_stands(connection, now)
        totals = read_totals(connection, now)
        if wanted is not None:
            stands = [stand for stand in stands if stand.source == wanted]
            if not stands:
                raise NotFound(f"There is no source {wanted[:64]}.")
        history = read_history(connection, wanted, now) if wanted is not None else None
    found = []
    for stand in sort_by_urgency(stands):
        total, week = totals.get(stand.source, (NONE, NONE))
        amounts = {"total": amount(total), "day": amount(stand.day), "week": amount(week)}
        found.append({**registered(stand), **amounts})
    return {
        "now": to_json(now),
        "sources": found,
        **({"history": _history(history)} if history else {}),
    }


def _history(history: History) -> Document:
    return {
        "hours": [{"from": to_json(at), **amount(of)} for at, of in history.hours],
        "days": [{"from": to_json(at), **amount(of)} for at, of in history.days],
    }


def amount(of: Amount) -> Document:
    """What came within a time."""
    return of._asdict()


def registered(stand: Stand) -> Document:
    """One source: its register entry, when it was last seen, and what is wrong with it."""
    return {
        "source": stand.source,
        "name": decode_name(stand.name).text,
        "state": stand.state,
        "own": stand.source == LETTERS,
        "label": stand.label,
        "kind": stand.kind,
        "unit": stand.unit,
        **stand.terms.value(),
        "first_seen": to_json(stand.first_seen),
        "last_seen": to_json(stand.last_seen),
        "silence_seconds": int(stand.silence.total_seconds()),
        "silent": stand.silent,
        "used_today": stand.used,
        "over_quota": stand.full,
    }
