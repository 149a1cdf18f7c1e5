"""After a command submitted an entry: where it stands, or that it still waits."""

import typer

from archive import ledger
from archive.database import Database
from archive.submitting import is_published
from cli.exits import ExitCode
from cli.language import say
from cli.output import print_json, print_line


def show_place(
    database: Database, pending: str, done: str, *, as_json: bool, **more: object
) -> None:
    """Say where the entry is sealed; ends with code 3 if it is not durable yet."""
    with database.read() as connection:
        place = ledger.place_of(connection, pending)
        sealed = place is not None and is_published(connection, place)
    log, index = place or (None, None)
    if as_json:
        print_json({**more, "sealed": sealed, "log": log, "index": index})
    elif sealed:
        print_line(say(f"{done} Sealed as {log}#{index}.", f"{done}已封存为 {log}#{index}。"))
    else:
        print_line(
            say(
                f"{done} Not sealed yet; `cunzheng watch` seals it.",
                f"{done}尚未封存，cunzheng watch 将予以封存。",
            )
        )
    if not sealed:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
