"""`cunzheng return ACCESS`: copies that came back to the archive."""

from typing import Annotated

import typer

from cli.author import KeyOption
from cli.giving_back import give_back
from cli.invocation import Invocation
from cli.language import say


def run(
    context: typer.Context,
    access: Annotated[
        str, typer.Argument(help=say("Access with which they were made.", "制作副本的调阅编号。"))
    ],
    count: Annotated[int, typer.Option(min=1, help=say("How many.", "份数。"))] = 1,
    remarks: Annotated[str | None, typer.Option(help=say("Remarks.", "备注。"))] = None,
    key: KeyOption = None,
) -> None:
    """Record it."""
    give_back(Invocation.of(context), "access.returned", access, count, remarks, key)
