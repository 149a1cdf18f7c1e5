"""Copies that came back or were destroyed: two verbs, one statement of an archivist."""

from cli.author import open_author
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line
from cli.requesting import whole_id
from cli.service import open_desk
from cli.service.signed import packed


def give_back(
    invocation: Invocation,
    kind: str,
    access: str,
    count: int,
    remarks: str | None,
    key: str | None,
) -> None:
    """Submit `access.returned` or `access.destroyed` and tell how many are back."""
    named = whole_id(access, "ACCESS")
    with open_desk(invocation) as desk:
        author = open_author(desk, key)
        data = None if remarks is None else {"remarks": remarks}
        made = author.make(kind, {"access": named, "count": count}, data)
        done = desk.call("access.back", packed(*made))
    if invocation.json:
        print_json(done)
        return
    back, given = done["back"], done["copies"]
    print_line(
        say(
            f"{back} of {given} copies are back or destroyed.",
            f"{given} 份副本中已交回或销毁 {back} 份。",
        )
    )
