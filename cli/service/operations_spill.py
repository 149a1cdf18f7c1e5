"""Operations of spills: what is blocked and stored still, and clearing it; no content leaves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from archive.desk import spills
from archive.rebuild_place import kept_databases
from archive.registers.disposition import DECIDERS, EXECUTORS
from cli.clearing import clearer_of, copies_of, spilled
from cli.service import large
from cli.service.desk import Delivery, Stream
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery
from retention.clearing import Cleared

_SEE = (*DECIDERS, *EXECUTORS, "inspector.internal", "inspector.judicial")


@delivery("spill.list")
@contextmanager
def _list(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Every blocked record that is stored still, and what it waits for; ids alone, no names.

    What the home may have of them still stands beside it.
    """
    check_params(params, {})
    with gate(host, caller) as reader, host.bench.database.read() as connection:
        reader.check_role(*_SEE)
        found = [asdict(one) for one in spills.pending(connection)]
    yield large.stream({"left": found, **_at_home(host)})


@delivery("spill.clear")
@contextmanager
def _clear(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """Delete what may go by now; one line of JSON, when it is done."""
    check_params(params, {})
    with gate(host, caller) as reader:
        reader.check_role(*DECIDERS, *EXECUTORS)

    def lines() -> Iterator[bytes]:
        copies_of(host.bench).forget(spilled(host.bench))
        done = _shown(clearer_of(host.bench, host.desk).run())
        yield json.dumps({**done, **_at_home(host)}).encode() + b"\n"

    yield Stream({}, lines())


def _at_home(host: Host) -> dict[str, list[str]]:
    """What the home may have of blocked records: our copies, databases of before a rebuild."""
    records = spilled(host.bench)
    if not records:
        return {"copies": [], "databases": []}
    copies = copies_of(host.bench).left(records)
    return {"copies": copies, "databases": kept_databases(host.bench.database)}


def _shown(done: Cleared) -> dict[str, object]:
    found = asdict(done)
    return {**found, "left": [asdict(one) for one in done.left]}
