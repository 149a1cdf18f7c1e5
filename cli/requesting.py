"""A request as the command line makes it: what is wanted, what that takes, the statement.

wish = Wish(action="copy", purpose="case_handling", reason="核对笔录", case="2026-17")
found = explain(desk, signer.author.person, wish, ["01KAN4"])
made = ask(desk, signer, wish, found)
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from archive.errors import FormatError, UsageError
from archive.ids import check_ulid
from archive.vocabulary import ACTIONS, CAPACITIES, PURPOSES, Labels
from cli.author import Made, Signer
from cli.language import say
from cli.output import print_line
from cli.service import large
from cli.service.desk import Desk, Document

_RANGE = re.compile(r"(\d{1,15})-(\d{1,15})", re.ASCII)
_BEHALF = ("name", "id_kind", "id_no", "unit", "post", "contact")
Range = dict[str, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for, and why; texts as they were given.

    `times` are those of a film that were given, `span` what it has around them (milliseconds).
    """

    action: str
    purpose: str | None = None
    reason: str | None = None
    case: str | None = None
    capacity: str | None = None
    range: Range | None = None
    times: tuple[int, int | None] | None = None
    span: Range | None = None
    task_no: str | None = None
    letter: Path | None = None
    letter_no: str | None = None
    query: str | None = None
    behalf: Mapping[str, str | None] | None = None

    def check(self) -> None:
        """Raise UsageError for words that are not among those that there are."""
        one_of(ACTIONS, self.action, "--action")
        if self.purpose is not None:
            one_of(PURPOSES, self.purpose, "--purpose")
        if self.capacity is not None:
            one_of(CAPACITIES, self.capacity, "--capacity")

    @property
    def is_asked(self) -> bool:
        """Whether it says anything that a request needs."""
        named = (getattr(self, field.name) for field in fields(self) if field.name not in _ALWAYS)
        return any(value is not None for value in named)


_ALWAYS = ("action", "range", "span", "times")


def behalf(**given: str | None) -> Mapping[str, str | None] | None:
    """On whose behalf, None where nothing of it is given."""
    found = {key: given.get(key) for key in _BEHALF}
    return found if any(value is not None for value in found.values()) else None


def whole_id(text: str, argument: str) -> str:
    """A whole identifier, in capitals; raises UsageError."""
    wanted = text.strip().upper()
    try:
        return check_ulid(wanted)
    except FormatError:
        raise UsageError(
            say(
                f"{argument} is a whole id of 26 characters.",
                f"{argument} 须为完整的 26 位编号。",
            )
        ) from None


def one_of(labels: Labels, word: str, option: str) -> None:
    """Raise UsageError with the words that there are."""
    if word not in labels:
        words = ", ".join(f"{code} ({say(*pair)})" for code, pair in labels.items())
        raise UsageError(say(f"{option} is one of: {words}.", f"{option} 可取：{words}。"))


def byte_range(text: str | None) -> Range | None:
    """`FROM-TO`: bytes from FROM up to, not including, TO; raises UsageError."""
    if text is None:
        return None
    found = _RANGE.fullmatch(text)
    if not found or int(found[1]) >= int(found[2]):
        raise UsageError(
            say(
                "--bytes is FROM-TO, for example 0-1000: the first thousand bytes.",
                "--bytes 写作 起-止，如 0-1000 表示前 1000 个字节。",
            )
        )
    return {"from": int(found[1]), "to": int(found[2])}


def records_of(desk: Desk, named: list[str], query: str | None) -> list[str]:
    """Records that are named, or that a search for words finds; raises UsageError for none."""
    if query is None:
        return named
    found = large.fetch(desk, "catalog.search", {"words": query.split(), "limit": 1000})
    if found["more"]:
        raise UsageError(
            say(
                "The query finds more than 1,000 records; narrow it.",
                "检索结果超过 1000 条，请缩小范围。",
            )
        )
    return [*named, *(item["record"] for item in found["records"])]


def explain(desk: Desk, person: str, wish: Wish, records: list[str]) -> Document:
    """What the request would take; see the operation `request.explain`."""
    wish.check()
    if not records:
        raise UsageError(say("No record is named.", "未指定记录。"))
    params = {
        "action": wish.action,
        "records": records,
        "person": person,
        "capacity": wish.capacity,
        "case": wish.case,
    }
    found = desk.call("request.explain", params)
    if found["handled"] and wish.capacity is None:
        case = found["handled"][0]
        print_line(
            say(
                f"You handle the case {case}; --case {case} asks as its handler.",
                f"您是案件 {case} 的承办人；加上 --case {case} 即以承办人身份申请。",
            ),
            sys.stderr,
        )
    return found


def ask(desk: Desk, signer: Signer, wish: Wish, found: Mapping[str, Any]) -> tuple[str, Made]:
    """The signed request and its id; a letter is sealed first. Raises UsageError."""
    if wish.purpose is None or not (wish.reason or "").strip():
        raise UsageError(
            say(
                "A request says what for: --purpose CODE and --reason TEXT.",
                "申请须写明用途和事由：--purpose 代码 --reason 文字。",
            )
        )
    request = signer.author.id()
    payload: Document = {
        "action": wish.action,
        "capacity": found["capacity"],
        "case": found["case"],
        "letter": _letter(desk, wish.letter),
        "purpose": wish.purpose,
        "records": found["records"],
        "request": request,
        "segments": [wish.range] if wish.action == "excerpt" and wish.range else None,
    }
    if wish.span is not None:
        payload["span"] = wish.span
    data = {
        "reason": wish.reason,
        "behalf": None if wish.behalf is None else dict(wish.behalf),
        "letter_no": wish.letter_no,
        "task_no": wish.task_no,
        "query": wish.query,
    }
    try:
        return request, signer.make("access.requested", payload, data)
    except FormatError as error:
        raise UsageError(f"The request cannot be made: {error}.") from error


def _letter(desk: Desk, path: Path | None) -> Document | None:
    if path is None:
        return None
    try:
        with path.open("rb") as stream:
            return desk.send("letter.seal", {"name": path.name}, stream)
    except OSError as error:
        raise UsageError(
            say(f"{path} cannot be read: {error.strerror}.", f"无法读取 {path}：{error.strerror}。")
        ) from error
