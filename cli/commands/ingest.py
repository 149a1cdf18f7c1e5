"""`cunzheng ingest PATH… --source ID`: the way of the inbox, by hand. The files stay in place."""

from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from archive.errors import Unreachable, UsageError
from archive.pack import MOST_MEMBERS
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.reporting import Tally
from cli.service.home_lock import hosting
from cli.settings import MOST_ENTRIES
from cli.wiring import Workbench
from cli.wiring_copy import copying, finish_copied
from ingest.by_hand import drops_of
from ingest.names import source_id
from ingest.watcher import take_all

_MORE, _MOST = 4, 2 * MOST_MEMBERS
"""Nobody waits for single receipts of many files that are named together: larger batches, and as
many as fill two packs."""


def run(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(help=say("Files or folders.", "文件或目录。"), exists=True)
    ],
    source: Annotated[str, typer.Option(help=say("Source they come from.", "来源标识。"))],
) -> None:
    """Seal files by hand. Example: cunzheng ingest ~/scan/*.pdf --source office-scan."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    if source_id(source.encode()) != source:
        raise UsageError(
            say(
                "A source id has 1 to 64 letters, digits, dots, dashes or underscores.",
                "来源标识由 1 至 64 个字母、数字、点、横线或下划线组成。",
            )
        )
    inbox = (home / "inbox").resolve()
    if any(inbox in [path.resolve(), *path.resolve().parents] for path in paths):
        raise UsageError(
            say(
                "Files in the inbox are taken by `cunzheng watch`.",
                "收件目录中的文件由 cunzheng watch 收取。",
            )
        )
    _host(context, home)
    batch = max(settings.batch_entries, min(_MORE * settings.batch_entries, _MOST))
    workbench = Workbench(home, replace(settings, batch_entries=min(2 * batch, MOST_ENTRIES)))
    tally = Tally(quiet=invocation.json)
    drops = drops_of(paths, source, tally.noticed)
    first = list(islice(drops, settings.batch_entries + 1))
    many = len(first) > settings.batch_entries
    with (
        workbench.by_hand(tally, tally.tell, many=many) as pipeline,
        copying(workbench, tally.tell),
    ):
        take_all(pipeline, chain(first, drops), batch)
        copied = finish_copied(workbench, pipeline, tally.tell)
    tally.show(as_json=invocation.json, waiting_for_tsa=pipeline.waiting_for_tsa)
    if pipeline.waiting_for_tsa or not copied:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
    left = any(item["reason"] != "passed_over" for item in tally.noticed_)
    if left or tally.totals["rejected"] or tally.totals["refused"]:
        raise typer.Exit(int(ExitCode.FAILED))


def _host(context: typer.Context, home: Path) -> None:
    """Hold the archive; where a service does, the inbox is the way."""
    try:
        context.with_resource(hosting(home))
    except Unreachable as error:
        raise Unreachable(
            say(
                "A service runs here and takes files from its inbox: put them into"
                " inbox/<source>/ instead.",
                "服务正在运行并从收件目录收取文件，请将文件放入 inbox/<来源>/。",
            )
        ) from error
