"""A desk in the process that holds the archive: the command's own, or the service's."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

from archive.errors import ArchiveError, DeliveryEnded, StateUnknown, UsageError
from cli.service.desk import MAX_PIECE, MAX_UPLOAD, Delivery, Document
from cli.service.documents import same
from cli.service.endings import LeftEarly, end_code
from cli.service.home_lock import hosting
from cli.service.operations import Caller, Host, find, start
from cli.settings import Settings
from cli.wiring import Workbench


@contextmanager
def local_desk(home: Path, settings: Settings) -> Iterator["LocalDesk"]:
    """Host the archive in this process, beside other commands but never beside the service."""
    with hosting(home):
        host = Host(Workbench(home, settings), "single")
        start(host)
        yield LocalDesk(host, Caller(os.geteuid(), os.getegid(), os.getpid()))


class LocalDesk:
    """Carries out operations for one caller; see `cli.service.desk.Desk`.

    Documents are taken apart and put together as on a socket, so that what works here works there.
    """

    def __init__(self, host: Host, caller: Caller) -> None:
        self.host = host
        self._caller = caller

    def call(self, name: str, params: Mapping[str, Any]) -> Document:
        """Carry out an operation."""
        return same(find("call", name)(self.host, self._caller, same(params)))

    @contextmanager
    def receive(self, name: str, params: Mapping[str, Any]) -> Iterator[Delivery]:
        """Hand out bytes; what ends the block early ends the operation with DeliveryEnded."""
        context = find("receive", name)(self.host, self._caller, same(params))
        watched = _Watched(context.__enter__())
        try:
            watched.open()
            yield watched
            if not watched.complete:
                raise LeftEarly
        except BaseException as error:
            inner = error if error is watched.failure else DeliveryEnded(end_code(error))
            _leave(context, inner, error)
            if not isinstance(error, LeftEarly):
                raise
        else:
            context.__exit__(None, None, None)

    def send(self, name: str, params: Mapping[str, Any], stream: BinaryIO) -> Document:
        """Take all bytes, then hand them to an operation."""
        function = find("send", name)
        taken = same(params)
        with TemporaryFile(dir=self.host.bench.folder("scratch")) as spool:
            _copy(stream, spool)
            spool.seek(0)
            return same(function(self.host, self._caller, taken, spool))


def _leave(
    context: AbstractContextManager[Delivery], inner: BaseException, error: BaseException
) -> None:
    """End an operation that failed; a second failure is noted on the first, unless it is fatal."""
    try:
        context.__exit__(type(inner), inner, inner.__traceback__)
    except StateUnknown:
        raise
    except ArchiveError as second:
        if second is not inner:
            error.add_note(str(second))


def _copy(stream: BinaryIO, spool: IO[bytes]) -> None:
    left = MAX_UPLOAD
    while data := stream.read(MAX_PIECE):
        left -= len(data)
        if left < 0:
            raise UsageError("The file is too large: at most 256 MiB.")
        spool.write(data)


class _Watched:
    """A delivery that knows whether it came to its end, and what stopped it."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._tail: Document | None = None
        self.head: Document = {}
        self.failure: BaseException | None = None

    def open(self) -> None:
        """Take the head."""
        try:
            self.head = same(self._delivery.head)
        except BaseException as error:
            self.failure = error
            raise

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._delivery:
                if len(piece) > MAX_PIECE:
                    raise ValueError("a piece is too large")
                yield piece
            self._tail = same(self._delivery.tail)
        except GeneratorExit:
            raise
        except BaseException as error:
            self.failure = error
            raise

    @property
    def complete(self) -> bool:
        """Whether the last piece was taken."""
        return self._tail is not None

    @property
    def tail(self) -> Document:
        """The tail; RuntimeError before the last piece."""
        if self._tail is None:
            raise RuntimeError("the tail comes after the last piece")
        return self._tail
