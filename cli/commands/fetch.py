"""`cunzheng fetch RECORD --reason …`: receive a record. The ledger knows before the first byte."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from archive import catalog
from archive.errors import UsageError
from archive.handout import Handout
from archive.retrieve import Retrieval
from cli.account import person_at_work
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_pairs, show_path, show_size
from cli.progress import Advance, progress
from cli.service.home_lock import hosting
from cli.wiring import Workbench
from ingest.names import safe_file_name


def run(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(help=say("Record, or the beginning of its id.", "记录标识或其开头。"))
    ],
    reason: Annotated[str, typer.Option(help=say("Why; kept for ever.", "事由，永久保存。"))],
    output: Annotated[
        Path, typer.Option("--output", "-o", help=say("Folder for the copy.", "副本存放目录。"))
    ] = Path(),
    person: Annotated[
        str | None,
        typer.Option(help=say("Who asks; default: system user.", "调阅人；默认为系统用户。")),
    ] = None,
) -> None:
    """Receive a checked copy."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    context.with_resource(hosting(home))
    workbench = Workbench(home, settings)
    who = person_at_work(person)
    _check_folder(output, home)
    retriever = workbench.retriever
    retriever.abort_dead_accesses()
    with workbench.database.read() as connection:
        row = catalog.find_record(connection, record)
    # A polite end request closes the access on the ledger like Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with progress("Fetching", "正在调阅", row.size, "B") as advance:
        retrieval = retriever.open(row.id, person=who, reason=reason, progress=_Steps(advance))
        algorithms = settings.digests
        with Handout(workbench.fs, output, retrieval.access, algorithms) as copy, retrieval:
            path = _copy(retrieval, copy)
    digests = [str(digest) for digest in copy.digests]
    if invocation.json:
        print_json(
            {
                "record": row.id,
                "access": retrieval.access,
                "path": show_path(path),
                "size": retrieval.handed_out,
                "digests": digests,
                "person": who,
            }
        )
        return
    print_pairs(
        [
            (say("file", "文件"), show_path(path)),
            (say("size", "大小"), show_size(retrieval.handed_out)),
            *((say("digest", "摘要"), digest) for digest in digests),
            (say("access", "调阅编号"), retrieval.access),
        ]
    )


def _copy(retrieval: Retrieval, copy: Handout) -> Path:
    for piece in retrieval.pieces():
        copy.write(piece)
    return copy.finish(safe_file_name(str(retrieval.description.value["name"])))


class _Steps:
    """Turns `bytes so far` into steps."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._done = 0

    def __call__(self, done: int, total: int) -> None:  # noqa: ARG002 - the total is known
        self._advance(done - self._done)
        self._done = done


def _check_folder(folder: Path, home: Path) -> None:
    if home.resolve() in [folder.resolve(), *folder.resolve().parents]:
        raise UsageError(
            say(
                "Name a folder outside the archive with -o.",
                "请用 -o 指定存证库以外的目录。",
            )
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            say(
                f"The folder {show_path(folder)} cannot be made: {error.strerror}.",
                f"无法建立目录 {show_path(folder)}：{error.strerror}。",
            )
        ) from error
