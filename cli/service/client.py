"""A desk at the other end of `run/cunzheng.sock`. One connection carries one operation.

    ask     {"form": …, "operation": …, "params": {…}}
    call    <- {"ok": answer}
    receive <- {"ok": head}, pieces, {"tail": tail};  -> {"received": true};  <- {"ok": {}}
    send    <- {"ok": {}};  -> pieces, {"end": true};  <- {"ok": answer}

Instead of any answer {"error": …} may come, see `cli.service.faults`. A receiver that gives up
says {"ended": code} at any time.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from archive.errors import ArchiveError, Unreachable, UsageError
from cli.language import say
from cli.service.desk import MAX_PIECE, MAX_UPLOAD, Delivery, Document
from cli.service.documents import PROTOCOL, encode
from cli.service.endings import LeftEarly, end_code
from cli.service.faults import restore
from cli.service.frames import Channel, ConnectionLost
from cli.service.place import Peer, connect, run_folder

_CONNECT_SECONDS = 10.0
_GIVE_UP_SECONDS = 10.0


class SocketDesk:
    """Operations carried out by the service of an archive; see `cli.service.desk.Desk`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def hello(self) -> Document:
        """Ask who answers; OSError where nobody does, Unreachable for another version."""
        with self._ask("call", "hello", {}) as channel:
            answer = _answer(channel, _CONNECT_SECONDS)
        if answer.get("protocol") != PROTOCOL:
            raise Unreachable(
                say(
                    "The service is of another version than this command.",
                    "服务与此命令的版本不一致。",
                )
            )
        return answer

    def call(self, name: str, params: Mapping[str, Any]) -> Document:
        """Have an operation carried out."""
        with self._ask("call", name, params) as channel:
            return _answer(channel)

    @contextmanager
    def receive(self, name: str, params: Mapping[str, Any]) -> Iterator[Delivery]:
        """Receive bytes."""
        with self._ask("receive", name, params) as channel:
            incoming = _Incoming(channel, _answer(channel))
            try:
                yield incoming
                if not incoming.complete:
                    raise LeftEarly
            except BaseException as error:
                if error is not incoming.failure:
                    _give_up(channel, end_code(error))
                if not isinstance(error, LeftEarly):
                    raise
            else:
                channel.send({"received": True})
                _answer(channel)

    def send(self, name: str, params: Mapping[str, Any], stream: BinaryIO) -> Document:
        """Send bytes."""
        with self._ask("send", name, params) as channel:
            _answer(channel)
            left = MAX_UPLOAD
            while data := stream.read(MAX_PIECE):
                left -= len(data)
                if left < 0:
                    raise UsageError("The file is too large: at most 256 MiB.")
                channel.send(data)
            channel.send({"end": True})
            return _answer(channel)

    def _ask(self, form: str, name: str, params: Mapping[str, Any]) -> Channel:
        request = {"form": form, "operation": name, "params": dict(params)}
        encode(request)  # what cannot be sent is told before anybody is bothered
        with run_folder(self._home) as folder:
            connection, peer = connect(folder, _CONNECT_SECONDS)
            owner = os.fstat(folder).st_uid
        channel = Channel(connection)
        try:
            _check_peer(peer, owner)
            _hand_in(channel, request)
        except BaseException:
            connection.close()
            raise
        return channel


def _hand_in(channel: Channel, request: Document) -> None:
    try:
        channel.send(request, _CONNECT_SECONDS)
    except ConnectionLost:
        # A service that is full says so and ends before it has read anything.
        _answer(channel, _CONNECT_SECONDS)
        raise


class _Incoming:
    """A delivery from the service."""

    def __init__(self, channel: Channel, head: Document) -> None:
        self._channel = channel
        self._tail: Document | None = None
        self.head = head
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                frame = self._channel.receive()
                if not isinstance(frame, bytes):
                    self._tail = _field(frame, "tail")
                    return
            except ArchiveError as error:
                self.failure = error
                raise
            yield frame

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


def _answer(channel: Channel, seconds: float | None = None) -> Document:
    try:
        return _field(channel.document(seconds), "ok")
    except ConnectionLost as error:
        raise Unreachable(
            say(
                "The service ended before it answered; whether this was done, the register tells.",
                "服务在应答之前中断；是否已完成，请查登记。",
            )
        ) from error


def _field(document: Document, name: str) -> Document:
    """What was asked for, or the error that came instead."""
    if isinstance(fault := document.get("error"), dict):
        raise restore(fault)
    found = document.get(name)
    if not isinstance(found, dict):
        raise Unreachable("The service answers in a way that this command does not understand.")
    return found


def _give_up(channel: Channel, code: str) -> None:
    """Say how it ended, and take what is still on its way so that the word arrives."""
    with suppress(ArchiveError):
        channel.send({"ended": code}, _GIVE_UP_SECONDS)
        while not isinstance(channel.receive(_GIVE_UP_SECONDS), dict):
            pass


def _check_peer(peer: Peer, owner: int) -> None:
    """Only the owner of the socket's folder, or root, is believed to be the service."""
    if peer.uid not in (owner, 0):
        raise Unreachable(
            say(
                "What answers in run/ is not the service of this archive.",
                "run/ 中应答的进程不是该存证库的服务。",
            )
        )
