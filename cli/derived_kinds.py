"""Whether a record has a derivative of a kind, told before anything comes onto the ledger."""

from collections.abc import Iterable

from archive.errors import NotFound
from archive.vocabulary import DERIVATIVES
from cli.labels import label
from cli.language import say
from cli.service.desk import Desk, Document


def check_derived(desk: Desk, params: Document, role: str) -> None:
    """Raise NotFound with the kinds that there are, before an access to another one begins.

    Who may not see the record is told nothing here: the access itself is judged, and recorded.
    """
    record = params["started"]["statement"]["statement"]["payload"]["record"]
    found = desk.call("derive.roles", {"record": record})
    if found["made"] is None or role in found["made"]:
        return
    name, there = label(DERIVATIVES, role), _list(found["made"])
    if role in found["possible"]:
        option = "--proxy" if role == "proxy" else f"--role {role}"
        command = f"cunzheng derive {record} {option}"
        raise NotFound(
            say(
                f"There is no {name} of this record yet; `{command}` makes it. There are: {there}.",
                f"该记录尚无{name}，可用 {command} 制作。现有：{there}。",
            )
        )
    raise NotFound(
        say(
            f"There is no {name} of a record of this kind. There are: {there}.",
            f"此类记录没有{name}。现有：{there}。",
        )
    )


def _list(roles: Iterable[str]) -> str:
    return ", ".join(roles) or say("none", "无")
