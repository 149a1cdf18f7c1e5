"""Operations that only tests know, and a service of a home that has nothing but folders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from archive.errors import ContentAltered, Denied, NotFound, StateUnknown
from cli.service.conversation import Limits
from cli.service.desk import Delivery, Stream
from cli.service.operations import Caller, Host, Mode, delivery, operation, upload
from cli.service.server import Server
from cli.settings import Settings
from cli.wiring import Workbench
from signing.errors import ClockBehind

ENDS: list[str] = []
"""How deliveries ended, as the operation saw it."""
ENTERED = threading.Event()
RELEASE = threading.Event()
ERRORS = {
    "denied": lambda: Denied("GRANT_OVER", "The grant is over."),
    "signing": lambda: ClockBehind("The clock stands behind."),
    "fatal": lambda: StateUnknown("fsync failed"),
    "unforeseen": lambda: ValueError("secret-of-the-archive"),
    "system": lambda: PermissionError(13, "Permission denied", "/srv/secret-of-the-archive"),
}


@operation("toy.echo")
def echo(host: Host, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return {"params": params, "uid": caller.uid, "mode": host.mode}


@operation("toy.fail")
def fail(host: Host, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    raise ERRORS[params["how"]]()


@operation("toy.large")
def large(host: Host, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    return {"text": "x" * (1 << 20)}


@operation("toy.wait")
def wait(host: Host, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    ENTERED.set()
    RELEASE.wait(20)
    return {}


@delivery("toy.stream")
@contextmanager
def stream(host: Host, caller: Caller, params: dict[str, Any]) -> Iterator[Delivery]:
    """`pieces` of `size` bytes; `stop` is the number of a piece that is altered."""
    if params.get("unknown"):
        raise NotFound("There is no such record.")
    sent = [0]

    def pieces() -> Iterator[bytes]:
        for number in range(params["pieces"]):
            if number == params.get("stop"):
                raise ContentAltered("Piece 2 does not have its hash.")
            sent[0] += 1
            yield bytes([number % 256]) * params["size"]

    try:
        yield Stream({"name": "笔录.txt"}, pieces(), lambda: {"sent": sent[0]})
    except BaseException as error:
        ENDS.append(getattr(error, "code", type(error).__name__))
        raise
    ENDS.append("received")


@upload("toy.keep")
def keep(host: Host, caller: Caller, params: dict[str, Any], letter: BinaryIO) -> dict[str, Any]:
    data = letter.read()
    return {"size": len(data), "last": data[-1:].hex(), "params": params}


@dataclass
class Service:
    """A server over an empty home, what it wrote to its log, and what was fatal."""

    home: Path
    server: Server
    log: list[str] = field(default_factory=list)
    fatal: list[StateUnknown] = field(default_factory=list)


def make_home(folder: Path) -> Path:
    for name in ("locks", "scratch", "run"):
        (folder / name).mkdir(parents=True)
    return folder


def toy_host(home: Path, mode: Mode = "service") -> Host:
    return Host(Workbench(home, Settings("cunzheng.local/toy")), mode)


@contextmanager
def toy_service(home: Path, limits: Limits | None = None) -> Iterator[Service]:
    log: list[str] = []
    fatal: list[StateUnknown] = []
    with Server(home, toy_host(home), fatal.append, limits, log.append) as server:
        yield Service(home, server, log, fatal)
