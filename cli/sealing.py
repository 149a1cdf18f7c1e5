"""After a command submitted an entry: where it stands, or that it still waits."""

from collections.abc import Mapping
from typing import Any

import typer

from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line


def show_place(place: Mapping[str, Any], done: str, invocation: Invocation) -> None:
    """Say where the entry is sealed; ends with code 3 if it is not durable yet.

    `place` is {`sealed`, `log`, `index`} with what else the JSON document says.
    """
    log, index = place["log"], place["index"]
    if invocation.json:
        print_json(place)
    elif place["sealed"]:
        print_line(say(f"{done} Sealed as {log}#{index}.", f"{done}已封存为 {log}#{index}。"))
    else:
        print_line(
            say(
                f"{done} Not sealed yet; `cunzheng watch` seals it.",
                f"{done}尚未封存，cunzheng watch 将予以封存。",
            )
        )
    if not place["sealed"]:
        raise typer.Exit(int(ExitCode.UNDETERMINED))
