"""`cunzheng reveal FILE`: open a confidential access, so that the register shows it."""

from pathlib import Path
from typing import Annotated

import typer

from archive.errors import UsageError
from cli.author import KeyOption, SecondKeyOption, check_two, open_author
from cli.confidential import end_of, read_opening
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.service import open_desk
from cli.service.signed import detail_value


def run(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(help=say("File that fetch --confidential kept.", "保密调阅时保存的文件。")),
    ],
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
) -> None:
    """Open it."""
    invocation = Invocation.of(context)
    opening = read_opening(file)
    with open_desk(invocation) as desk:
        author = open_author(desk, key)
        end = opening["end"] or end_of(desk, opening["start"])
        if end is None:
            raise UsageError(say("The access still runs.", "此次调阅尚未结束。"))
        data = {"start": opening["start"], "end": end}
        signed, detail = author.make("access.opened", {"access": opening["access"]}, data)
        statements = [signed]
        if second_key is not None:
            second = open_author(desk, second_key, second=True)
            check_two(signed, second, "--second-key")
            statements.append(second.cosign(signed))
        done = desk.call(
            "access.reveal",
            {
                "statements": [item.value() for item in statements],
                "detail": detail and detail_value(detail),
            },
        )
    if invocation.json:
        print_json(done)
        return
    print_line(say(f"opened: {done['access']}", f"已公开：{done['access']}"))
