"""Copies made for one access, on the archive's side: by which maker, with which words, in turn."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from archive.desk.making import CopyMaker, SealedCopy, made_copy
from archive.desk.release import Order, Retrieval
from archive.oversight.register_rows import show_time
from archive.times import film_clock, parse_time
from cli.service.cover_facts import cover_facts, open_release
from cli.service.desk import Document
from cli.service.operations import Host
from ingest.media.excerpt import Excerpt
from ingest.media.marking import Marked
from ingest.media.tools import Programs, find_programs

LOOKS = threading.BoundedSemaphore(2)
"""How many films are read through at once, for all who ask."""
_MAKES = threading.BoundedSemaphore(2)
"""How many copies are made at once; a long one keeps nobody from asking what a film has."""
SCRATCH = "scratch"


def programs_of(host: Host) -> Programs:
    """The programs that the archive's settings name."""
    bench = host.bench
    return find_programs(bench.settings.programs_folder(bench.home))


@contextmanager
def copy_of(host: Host, order: Order, retrieval: Retrieval) -> Iterator[SealedCopy | None]:
    """The copy that an access is for, made and sealed; None where it is for what was sealed."""
    if "form" not in order.payload:
        yield None
        return
    with ExitStack() as stack:
        with _MAKES:
            maker = _maker(host, order, retrieval)
            made = made_copy(retrieval, maker, host.bench.folder(SCRATCH))
            copy = stack.enter_context(made)
        yield copy


def copy_head(head: Document, copy: SealedCopy) -> Document:
    """The head of a delivery that hands out a copy instead of what was sealed."""
    facts = dict(copy.facts)
    name = _name(str(head["name"]), facts, copy.made.suffix)
    return {
        **head,
        "copy": facts,
        "digests": [facts["digest"]],
        "from": 0,
        "name": name,
        "size": copy.size,
        "to": copy.size,
    }


def _maker(host: Host, order: Order, retrieval: Retrieval) -> CopyMaker:
    value: Any = retrieval.description.value
    programs, name = programs_of(host), str(value["name"])
    span = retrieval.span
    times = None if span is None else (span["from"], span["to"])
    if order.payload["form"] == "excerpt" and times is not None:
        return Excerpt(programs, name, times)
    return Marked(programs, name, value["media"]["type"], _lines(host, order), times)


def _lines(host: Host, order: Order) -> list[str]:
    """What a marked copy says, in both languages: it may be read anywhere."""
    request, access = str(order.payload["request"]), str(order.payload["access"])
    noted = order.started.detail.data if order.started.detail else None
    released = open_release(host.bench, access, request, noted)
    facts = cover_facts(host.bench, released)
    person = released.person
    behalf = (released.said.get("behalf") or {}).get("name")
    who = f"{facts['names'].get(person, person)} ({person}) · {facts['unit']}"
    time = show_time(parse_time(released.at))
    return [
        f"申请 Request {request}",
        f"领取 For {who}" + (f" · 代 on behalf of {behalf}" if behalf else ""),
        f"{time} (UTC+8) · 副本，非原件 Copy, not the original",
    ]


def _name(name: str, facts: Document, suffix: str) -> str:
    stem, dot, extension = name.rpartition(".")
    parts = [stem if dot and stem and len(extension) <= 8 else name]
    if facts["span"] is not None:
        span = "-".join(film_clock(facts["span"][key]).replace(":", ".") for key in ("from", "to"))
        parts.append(f"[{span}]")
    if facts["form"] == "marked":
        parts.append("[marked]")
    return " ".join(parts) + suffix
