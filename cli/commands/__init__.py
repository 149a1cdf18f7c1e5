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


VERBS: tuple[Verb, ...] = ()
