"""`cunzheng watch`: run the watcher and the sealer; `--once` takes what is there and ends."""

import os
import signal
import threading
from typing import Annotated

import typer

from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_line
from cli.reporting import Tally
from cli.wiring import Workbench
from ingest.hints import Hints


def run(
    context: typer.Context,
    once: Annotated[
        bool,
        typer.Option("--once", help=say("Take what is there, then end.", "处理完现有文件即结束。")),
    ] = False,
) -> None:
    """Watch the inbox. Example: cunzheng --home /srv/cunzheng watch --once."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    workbench = Workbench(home, settings)
    tally = Tally(quiet=invocation.json)
    stop, wake = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        stop.set()
        wake.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    # Accesses whose process died get their end on the ledger with the next batch.
    workbench.retriever.abort_dead_accesses()
    with workbench.watcher(tally, tally.tell) as watcher:
        if once:
            watcher.drain(stop)
        else:
            hints = Hints(os.fsencode(home / "inbox"), wake)
            if not invocation.json:
                print_line(say(f"watching {home / 'inbox'}", f"正在监视 {home / 'inbox'}"))
            watcher.run(hints, wake, stop)
        waiting = watcher.waiting_for_tsa
    tally.show(as_json=invocation.json, waiting_for_tsa=waiting)
    if waiting:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
    if once and (tally.totals["rejected"] or tally.totals["refused"]):
        raise typer.Exit(int(ExitCode.FAILED))
