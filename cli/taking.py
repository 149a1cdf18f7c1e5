"""Takes what was named by hand until it is receipted, and says what became of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from archive.errors import UsageError
from archive.pack import MOST_MEMBERS
from cli.exits import ExitCode
from cli.language import say
from cli.reporting import Tally
from cli.settings import MOST_ENTRIES, Settings
from cli.wiring import Workbench
from cli.wiring_copy import copying, finish_copied
from ingest.ahead import Ahead
from ingest.holding import is_retired
from ingest.sweep import Drop, Noticed
from ingest.watcher import Pipeline, take_all, take_parts

_MORE, _MOST = 4, 2 * MOST_MEMBERS
"""Nobody waits for single receipts of many files that are named together: larger batches, and as
many as fill two packs."""
Walk = tuple[Iterator[Drop], Sequence[Noticed]]
"""Drops, and the list that grows by what the walk notices."""


def take(
    home: Path, settings: Settings, source: str, named: Ahead | Walk, *, as_json: bool
) -> None:
    """Take the drops of a walk, or what is read ahead; ends with the command's exit code.

    Raises UsageError for a retired source.
    """
    batch = max(settings.batch_entries, min(_MORE * settings.batch_entries, _MOST))
    workbench = Workbench(home, replace(settings, batch_entries=min(2 * batch, MOST_ENTRIES)))
    _check_not_retired(workbench, source)
    tally = Tally(quiet=as_json, by_hand=True)
    ahead = named if isinstance(named, Ahead) else None
    with (
        workbench.by_hand(tally, tally.tell, ahead) as pipeline,
        copying(workbench, tally.tell),
    ):
        _take(pipeline, named, tally, batch)
        copied = finish_copied(workbench, pipeline, tally.tell)
    tally.show(as_json=as_json, waiting_for_tsa=pipeline.waiting_for_tsa)
    if pipeline.waiting_for_tsa or not copied or tally.faults:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
    left = any(item["reason"] != "passed_over" for item in tally.noticed_)
    if left or tally.totals["rejected"] or tally.totals["refused"]:
        raise typer.Exit(int(ExitCode.FAILED))


def _check_not_retired(workbench: Workbench, source: str) -> None:
    with workbench.database.read() as connection:
        if is_retired(connection, source):
            raise UsageError(
                say(
                    f"The source {source} is retired; nothing is taken of it until it is confirmed"
                    f" again: cunzheng sources confirm {source}",
                    f"来源 {source} 已停用，再次确认之前不予收取；"
                    f"请运行：cunzheng sources confirm {source}",
                )
            )


def _take(pipeline: Pipeline, named: Ahead | Walk, tally: Tally, batch: int) -> None:
    if isinstance(named, Ahead):
        take_parts(pipeline, named.parts(tally.noticed), batch, 2 * batch)
        return
    drops, heard = named
    take_all(pipeline, drops, batch)
    for noticed in heard:
        tally.noticed(noticed)
