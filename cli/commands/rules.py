"""`cunzheng rules show|adopt|countersign`: the rules that are in force."""

import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from archive.errors import UsageError
from cli import signing_two
from cli.author import KeyOption, SecondKeyOption, open_author
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.rule_text import RULE_SETS, check_rule_text
from cli.service import open_desk
from cli.signing_two import ProposalOption, Second
from signing.digest import Digest

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=say("Rules in force.", "现行规则。")
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng rules "
_NAME = Annotated[str, typer.Argument(help=" | ".join(RULE_SETS))]


@app.command(
    help=say("The text of the rules in force.", "显示现行规则的文本。"),
    epilog=_EXAMPLE + "show access > access.toml",
)
def show(context: typer.Context, name: _NAME) -> None:
    """Print it as it was adopted."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("rules.show", {"name": name})
    if invocation.json:
        print_json(found)
        return
    for line in found["text"].splitlines():
        print_line(line)


@app.command(
    help=say(
        "Adopt rules from a file; takes two people, one an archivist.",
        "采纳文件中的规则；须两人签署，其中一人为档案员。",
    ),
    epilog=_EXAMPLE + "adopt access access.toml --key li.p12 --second-key wang.p12",
)
def adopt(
    context: typer.Context,
    name: _NAME,
    path: Annotated[Path, typer.Argument(help=say("The text.", "规则文件。"))],
    key: KeyOption = None,
    second_key: SecondKeyOption = None,
    output: ProposalOption = None,
) -> None:
    """Check the text, sign it, submit it."""
    invocation = Invocation.of(context)
    try:
        text = unicodedata.normalize("NFC", path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(say(f"{path} cannot be read.", f"无法读取 {path}。")) from error
    check_rule_text(name, text)
    payload = {"name": name, "rules": str(Digest.of("sha256", text.encode()))}
    with open_desk(invocation) as desk:
        made = open_author(desk, key).make("rules.adopted", payload, {"text": text})
        signing_two.finish(
            invocation,
            desk,
            made,
            say(f"The rules of {name} are in force.", f"{name} 规则已生效。"),
            Second(needed=True, key=second_key, output=output),
        )


@app.command(
    help=say("Complete what another person proposed.", "会签另一人提出的事项。"),
    epilog=_EXAMPLE + "countersign access.json --key zhao.p12",
)
def countersign(
    context: typer.Context,
    proposal: Annotated[Path, typer.Argument(help=say("The proposal.", "待会签文件。"))],
    key: KeyOption = None,
) -> None:
    """Show it, sign it, submit it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        signing_two.countersign(invocation, desk, proposal, key, ("rules.adopted",))
