"""What takes two people: the second is here, or completes a file that the first one wrote."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import author
from cli.author import Made
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, show_path
from cli.sealing import show_place
from cli.service.desk import Desk
from cli.statement_view import show_statement

ProposalOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help=say("Write a proposal for the second person.", "写出待会签文件，由第二人完成。"),
    ),
]


@dataclass(frozen=True, slots=True)
class Second:
    """Whether a second person is needed, his key, or the file in which it is left to him."""

    needed: bool
    key: str | None
    output: Path | None


def finish(
    invocation: Invocation,
    desk: Desk,
    made: Made,
    done: str | Callable[[dict[str, Any]], str],
    second: Second,
    *,
    certificate: bytes | None = None,
    chain: Sequence[bytes] = (),
) -> None:
    """Submit what one person signed, with the second one or as a proposal in a file.

    `done` is what to tell then, or makes it of the desk's answer.
    Raises UsageError where a second person is needed and neither is named.
    """
    if second.output is not None:
        author.write_proposal(second.output, made, certificate, chain)
        _tell_proposal(invocation, second.output)
        return
    others = []
    if second.needed:
        others.append(author.open_author(desk, second.key, second=True))
    place = author.submit(desk, made, *others, certificate=certificate, chain=chain)
    show_place(place, done if isinstance(done, str) else done(place), invocation)


def countersign(
    invocation: Invocation, desk: Desk, path: Path, key: str | None, kinds: Sequence[str]
) -> None:
    """Show what a first person signed, sign the same and submit; for statements of these kinds."""
    proposal = author.read_proposal(path)
    statement = proposal["statements"][0]["statement"]
    if statement["kind"] not in kinds:
        raise typer.BadParameter(
            say(f"{path} is about something else.", f"{path} 不属于此类事项。")
        )
    if not invocation.json:
        show_statement(statement, proposal.get("detail") or {})
    own = author.open_author(desk, key)
    place = author.complete(desk, proposal, own)
    show_place(place, say("Countersigned.", "已会签。"), invocation)


def _tell_proposal(invocation: Invocation, output: Path) -> None:
    if invocation.json:
        print_json({"proposal": str(output)})
        return
    print_line(
        say(
            f"{show_path(output)}: for the second person to countersign within 24 hours.",
            f"{show_path(output)}：请第二人在 24 小时内会签。",
        )
    )
