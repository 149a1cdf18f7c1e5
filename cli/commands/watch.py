"""`cunzheng watch`: run the watcher and the sealer; `--once` takes what is there and ends."""

import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from archive.desk.closing import keep_house
from cli.exits import ExitCode
from cli.index_work import index_work
from cli.invocation import Invocation
from cli.keeping import Keeping, sweep_of, tell_failures
from cli.language import say
from cli.media_work import media_work
from cli.output import print_line
from cli.reporting import Tally
from cli.service.home_lock import hosting
from cli.wiring import Workbench
from cli.wiring_copy import copying, finish_copied
from ingest.hints import Hints, NoHints
from ingest.watcher import Watcher

_ONCE = say(
    "Take what is there, then end. What still changes two minutes after the last file was taken is"
    " left and told (code 3).",
    "处理完现有文件即结束；最后一次收取两分钟后仍在变化的文件留下并提示（退出码 3）。",
)


def run(
    context: typer.Context,
    once: Annotated[
        bool,
        typer.Option("--once", help=_ONCE),
    ] = False,
    poll: Annotated[
        bool,
        typer.Option(
            "--poll",
            help=say(
                "Ask the system for no file events; look every few seconds.",
                "不使用系统的文件变化通知，每隔数秒查看一次。",
            ),
        ),
    ] = False,
) -> None:
    """Watch the inbox. Example: cunzheng --home /srv/cunzheng watch --once."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    context.with_resource(hosting(home))
    workbench = Workbench(home, settings)
    tally = Tally(quiet=invocation.json, inbox=home / "inbox")
    stop, wake = threading.Event(), threading.Event()
    end_on_signals(stop, wake)
    # What ended while nobody was here, such as the access of a killed process, is told first.
    keep_house(workbench.confidential("single"))
    copied = True
    with workbench.watcher(tally, tally.tell, poll=poll) as watcher, copying(workbench, tally.tell):
        if once:
            watcher.drain(stop)
            copied = finish_copied(workbench, watcher.pipeline, tally.tell)
            tell_failures(sweep_of(workbench, "single").step(), tally.tell)
        else:
            pipeline = watcher.pipeline
            with (
                Keeping(workbench, stop, wake).beside(tally.tell),
                media_work(workbench, lambda: pipeline.busy, tally.tell),
                index_work(workbench, lambda: pipeline.busy, tally.tell),
            ):
                watch(watcher, home, stop, wake, quiet=invocation.json, poll=poll)
        waiting = watcher.waiting_for_tsa
        held = watcher.waiting_for_room or watcher.left
    tally.show(as_json=invocation.json, waiting_for_tsa=waiting)
    if waiting or held or not copied or tally.faults:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
    if once and (tally.totals["rejected"] or tally.totals["refused"]):
        raise typer.Exit(int(ExitCode.FAILED))


def end_on_signals(stop: threading.Event, wake: threading.Event) -> None:
    """Let a polite request to end, or Ctrl-C, set both."""

    def end(*_: object) -> None:
        stop.set()
        wake.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def watch(
    watcher: Watcher,
    home: Path,
    stop: threading.Event,
    wake: threading.Event,
    *,
    quiet: bool,
    poll: bool = False,
) -> None:
    """Watch the inbox of a home until `stop`; with `poll` no events are asked for."""
    hints = NoHints() if poll else Hints(os.fsencode(home / "inbox"), wake)
    if not quiet:
        print_line(say(f"watching {home / 'inbox'}", f"正在监视 {home / 'inbox'}"))
    watcher.run(hints, wake, stop)
