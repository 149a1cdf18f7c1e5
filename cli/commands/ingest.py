"""`cunzheng ingest PATH… --source ID`: the way of the inbox, by hand. The files stay in place."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer

from archive.durable import FileSystem
from archive.errors import Unreachable, UsageError
from archive.ids import RANDOM_BYTES, new_ulid
from archive.source_terms import LETTERS
from cli.clock import SystemClock
from cli.invocation import Invocation
from cli.language import say
from cli.loading import loading
from cli.register_early import early_registered
from cli.service.home_lock import hosting
from cli.settings import Settings
from cli.software import software
from cli.wiring_sidecars import mappings_of
from ingest.ahead import Ahead, Reading
from ingest.by_hand import collect_seldom, drops_of
from ingest.names import source_id
from ingest.session import StagingSession
from ingest.sweep import Drop, Noticed


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
    _check(paths, source, home)
    _host(context, home)
    heard: list[Noticed] = []
    drops = drops_of(paths, source, heard.append, mappings_of(settings, home))
    first = list(islice(drops, settings.batch_entries + 1))
    every = chain(first, drops)
    with ExitStack() as stack:
        ahead = None
        if len(first) > settings.batch_entries:
            collect_seldom()
            ahead = stack.enter_context(_read_ahead(home, settings, source, every, heard))
        # Imported now: large libraries, while others read.
        with loading():
            from cli.taking import take

        take(home, settings, source, ahead or (every, heard), as_json=invocation.json)


def _check(paths: list[Path], source: str, home: Path) -> None:
    if source == LETTERS:
        raise UsageError(
            say(
                "The source letters is the one of letters that a request names; choose another id.",
                "来源 letters 专用于申请所附公函，请另取标识。",
            )
        )
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


def _read_ahead(
    home: Path, settings: Settings, source: str, drops: Iterator[Drop], heard: list[Noticed]
) -> Ahead:
    clock = SystemClock()
    reading = Reading(
        source,
        settings.digests,
        settings.office,
        software(),
        settings.pack_up_to,
        clock.now,
        os.urandom,
        understand=True,
        registered=early_registered(settings, home, source),
    )
    number = new_ulid(clock.now(), os.urandom(RANDOM_BYTES))
    session = StagingSession(home / "staging", FileSystem(), number)
    return Ahead(drops, heard, reading, session)


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
