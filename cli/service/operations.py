"""The operations of an archive by name, as commands call them through a `Desk`.

    @operation("case.show")
    def show(host: Host, caller: Caller, params: Params) -> Document: ...

    @delivery("access.start")
    @contextmanager
    def start(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]: ...

    @upload("letter.seal")
    def seal(host: Host, caller: Caller, params: Params, stream: BinaryIO) -> Document: ...

They stand in modules `operations_<topic>.py` beside this one and are found by that name. They run
in several threads at once, and are handed a caller that the kernel vouches for; who may do what is
decided in `archive`, from the signed statements in the parameters.
"""

import pkgutil
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from typing import Any, BinaryIO, Literal, TypeVar

from archive.desk.submit import Desk
from archive.errors import UsageError
from cli.service.desk import Delivery, Document
from cli.service.documents import PROTOCOL, check_params
from cli.software import software
from cli.wiring import Workbench

Params = dict[str, Any]
Mode = Literal["service", "single"]
Form = Literal["call", "receive", "send"]


@dataclass(frozen=True, slots=True)
class Caller:
    """The process at the other end, as the kernel names it; `pid` is None where it does not."""

    uid: int
    gid: int
    pid: int | None


@dataclass
class Host:
    """What operations work with; one for all of them.

    `housekeeping` is done every minute while the service runs. A command that hosts the archive
    itself does none: some of it needs the keys, which not every command opens.
    """

    bench: Workbench
    mode: Mode
    housekeeping: list[Callable[[], None]] = field(default_factory=list)
    claims_mark: tuple[int, int] | None = None
    """State of records and cases of which everything that can be linked is; see `claims`."""

    @cached_property
    def desk(self) -> Desk:
        """The archive's side of every signed statement; needs the passphrase."""
        return self.bench.desk(self.mode)


Call = Callable[[Host, Caller, Params], Document]
Receive = Callable[[Host, Caller, Params], AbstractContextManager[Delivery]]
Send = Callable[[Host, Caller, Params, BinaryIO], Document]
Starting = Callable[[Host], None]

_C = TypeVar("_C", bound=Callable[..., Any])
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)
_TABLE: dict[tuple[Form, str], Callable[..., Any]] = {}
_STARTING: list[Starting] = []


def operation(name: str) -> Callable[[_C], _C]:
    """Register a `Call`: documents in and out."""
    return _register("call", name)


def delivery(name: str) -> Callable[[_C], _C]:
    """Register a `Receive`: bytes to the caller.

    It gives a context manager that yields a `Delivery`. Leaving it normally means that the caller
    has everything; `DeliveryEnded` is raised inside when the caller gave up.
    """
    return _register("receive", name)


def upload(name: str) -> Callable[[_C], _C]:
    """Register a `Send`: bytes from the caller, all there before it is called."""
    return _register("send", name)


def starting(function: Starting) -> Starting:
    """Register what is done once a host is open, such as adding to its housekeeping."""
    _STARTING.append(function)
    return function


def find(form: Form, name: str) -> Callable[..., Any]:
    """An operation; raises UsageError where there is none of this name and form."""
    _load()
    found = _TABLE.get((form, name))
    if found is None:
        shown = name if _NAME.fullmatch(name) else "of this name"
        raise UsageError(f"There is no operation {shown}.")
    return found


def names() -> list[tuple[Form, str]]:
    """Every operation by form and name."""
    _load()
    return sorted(_TABLE)


def start(host: Host) -> None:
    """Do what modules of operations want done with a new host."""
    _load()
    for function in _STARTING:
        function(host)


def _register(form: Form, name: str) -> Callable[[_C], _C]:
    if not _NAME.fullmatch(name) or (form, name) in _TABLE:
        raise ValueError(f"bad or repeated name of an operation: {name}")

    def add(function: _C) -> _C:
        _TABLE[form, name] = function
        return function

    return add


@cache
def _load() -> None:
    package = import_module("cli.service")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("operations_"):
            import_module(f"cli.service.{module.name}")


@operation("hello")
def _hello(host: Host, caller: Caller, params: Params) -> Document:
    """Who answers, and as whom the caller is known; without any right."""
    check_params(params, {})
    return {
        "account": str(caller.uid),
        "archive": host.bench.settings.archive,
        "host": host.mode,
        "protocol": PROTOCOL,
        "software": software(),
    }
