"""`cunzheng index`: the index of words, brought up to the ledger; needs no passphrase."""

import time
from typing import Annotated

import typer

from archive.index import lookup
from archive.index.problems import PROBLEMS
from cli import index_work
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.progress import progress
from cli.service import open_desk
from cli.service.local import LocalDesk


def run(
    context: typer.Context,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help=say("Forget the index and begin anew.", "清空索引，从头重建。"),
        ),
    ] = False,
) -> None:
    """Index what is sealed. Example: cunzheng index --rebuild."""
    invocation = Invocation.of(context)
    desk = context.with_resource(open_desk(invocation))
    if not isinstance(desk, LocalDesk):
        answer = desk.call("index.again", {"rebuild": rebuild})
        if invocation.json:
            print_json(answer)
        else:
            print_line(
                say(
                    f"The service indexes by itself; {answer['waiting']} records wait.",
                    f"由服务自动建立索引；尚有 {answer['waiting']} 份等待。",
                )
            )
        return
    bench = desk.host.bench
    with bench.database.read() as connection:
        known = None if rebuild else lookup.waiting(connection)
    begun = time.monotonic()
    with progress("Indexing", "正在建立索引", known, say("records", "份")) as advance:
        count = index_work.drain(bench, advance, anew=rebuild)
    seconds = time.monotonic() - begun
    with bench.database.read() as connection:
        state = lookup.state_of(connection)
    if invocation.json:
        print_json({"done": count, "seconds": round(seconds, 1), **state.document()})
        return
    rate = round(count / seconds) if seconds >= 1 else None
    speed = say(f" ({rate:,} per second)", f"（每秒 {rate:,} 份）") if rate else ""
    print_line(
        say(
            f"Indexed: {count:,}{speed}; {state.indexed:,} records are in the index.",
            f"已索引 {count:,} 份{speed}；索引中共 {state.indexed:,} 份记录。",
        )
    )
    for code, number in sorted(state.problems.items()):
        print_line(f"  {code}  {number:,}  {say(*PROBLEMS[code])}")
    for record in state.suspects:
        print_line(f"    {record}")
