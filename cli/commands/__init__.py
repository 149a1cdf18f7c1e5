"""One module per verb, and the table that names them.

A module has either a function `run` (the command) or a Typer named `app` (a group such as
`sources confirm`). It is imported only when its verb is used, so the first lines of
`cunzheng --help` come from this table alone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A command's name, the module that holds it, and one line of help in both languages."""

    name: str
    module: str
    en: str
    zh: str


VERBS: tuple[Verb, ...] = (
    Verb("init", "cli.commands.init", "Create an archive.", "创建存证库。"),
    Verb("watch", "cli.commands.watch", "Watch the inbox and seal.", "监视收件目录并封存。"),
    Verb("ingest", "cli.commands.ingest", "Seal files by hand.", "手工收取文件。"),
    Verb(
        "status",
        "cli.commands.status",
        "Queue, ledger, seals, warnings.",
        "队列、账本、封存与告警。",
    ),
)
