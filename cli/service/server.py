"""The socket of an archive: one thread per connection, one operation per connection.

Nothing that a client sends, and no way in which it stops sending, is trusted or waited for longer
than the limits allow. What goes wrong inside is told to the client without any of its details.
"""

import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.errors import (
    ArchiveError,
    DeliveryEnded,
    FormatError,
    StateUnknown,
    Unreachable,
    UsageError,
)
from cli.language import say
from cli.service.desk import Document
from cli.service.documents import check_params
from cli.service.endings import RECEIVER_CODES
from cli.service.faults import code_of, describe
from cli.service.frames import Channel, ConnectionLost
from cli.service.local import LocalDesk
from cli.service.operations import Caller, Host, find
from cli.service.place import SOCKET, Peer, listen, peer_of, run_folder
from signing.errors import SigningError

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Connections at a time, in all and of one account, and times in seconds.

    `ask` is for a request, `piece` for one piece to be taken or to come, `upload` for all pieces of
    an upload, `receipt` for the receiver to put the last bytes on its disk; `grace` is what running
    operations get when the service is told to end.
    """

    connections: int = 64
    of_one_account: int = 32
    ask: float = 10.0
    piece: float = 120.0
    upload: float = 600.0
    receipt: float = 600.0
    grace: float = 20.0


def log_line(line: str) -> None:
    """One line on stderr, where the system's journal takes it from."""
    print(line, file=sys.stderr, flush=True)


class Server:
    """Listens from `__enter__` to `__exit__`, which ends what still runs.

    `failed` is called with a StateUnknown, after which the process has to end.
    """

    def __init__(
        self,
        home: Path,
        host: Host,
        failed: Callable[[StateUnknown], None],
        limits: Limits | None = None,
        log: Log = log_line,
    ) -> None:
        self._home = home
        self._host = host
        self._failed = failed
        self._limits = limits or Limits()
        self._log = log
        self._closing = threading.Event()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[threading.Thread, tuple[Channel, int]] = {}

    def __enter__(self) -> "Server":
        """Start to listen; Unreachable where somebody does already."""
        with run_folder(self._home) as folder:
            try:
                self._listener = listen(folder, self._limits.connections)
            except FileExistsError:
                raise Unreachable(
                    say(
                        f"The name run/{SOCKET} is taken: a service is at work, or it is no"
                        " socket.",
                        f"run/{SOCKET} 已被占用：已有服务在运行，或该文件不是套接字。",
                    )
                ) from None
            self._inode = os.stat(SOCKET, dir_fd=folder, follow_symlinks=False).st_ino
        self._accepting = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more; let operations end, then cut what remains and let it be recorded."""
        self._listener_closed()
        self._wait(self._limits.grace)
        self._ending.set()
        with self._lock:
            remaining = [channel for channel, _ in self._running.values()]
        for channel in remaining:
            channel.cut()
        self._wait(self._limits.grace)

    def _listener_closed(self) -> None:
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept(2)
        self._accepting.join()
        self._listener.close()
        with suppress(OSError), run_folder(self._home) as folder:
            if os.stat(SOCKET, dir_fd=folder, follow_symlinks=False).st_ino == self._inode:
                os.unlink(SOCKET, dir_fd=folder)

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = list(self._running)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError as error:
                if self._closing.is_set():
                    return
                self._log(f"accept: {error.strerror}")  # such as no more descriptors
                time.sleep(0.1)
                continue
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        channel = Channel(connection)
        peer = peer_of(connection)
        thread = threading.Thread(target=self._serve, args=(channel, peer), daemon=True)
        try:
            if not self._has_room(thread, channel, peer):
                self._refuse(channel, peer)
                return
            thread.start()
        except (OSError, RuntimeError) as error:  # such as no more threads
            self._log(f"accept: {type(error).__name__}")
            with self._lock:
                self._running.pop(thread, None)
            connection.close()

    def _has_room(self, thread: threading.Thread, channel: Channel, peer: Peer) -> bool:
        with self._lock:
            counts = Counter(uid for _, uid in self._running.values())
            if counts.total() >= self._limits.connections:
                return False
            if counts[peer.uid] >= self._limits.of_one_account:
                return False
            self._running[thread] = (channel, peer.uid)
            return True

    def _refuse(self, channel: Channel, peer: Peer) -> None:
        self._log(f"refused uid={peer.uid}: too many connections")
        with channel, suppress(ConnectionLost):
            channel.send(
                {"error": describe(Unreachable("The service is busy; try again in a moment."))}, 0
            )

    def _serve(self, channel: Channel, peer: Peer) -> None:
        conversation = _Conversation(self._host, channel, peer, self._limits, self._ending)
        began = time.monotonic()
        try:
            with channel:
                code = conversation.hold()
            took = round((time.monotonic() - began) * 1000)
            self._log(f"{conversation.name} uid={peer.uid} {code} {took}ms")
        except StateUnknown as error:
            self._log(f"{conversation.name} uid={peer.uid} {error}")
            self._failed(error)
        finally:
            with self._lock:
                del self._running[threading.current_thread()]


class _Conversation:
    """One operation over one connection."""

    def __init__(
        self, host: Host, channel: Channel, peer: Peer, limits: Limits, ending: threading.Event
    ) -> None:
        self._channel = channel
        self._limits = limits
        self._ending = ending
        self._desk = LocalDesk(host, Caller(peer.uid, peer.gid, peer.pid))
        self.name = "-"
        """The operation, for the log; nothing of a client's own making."""

    def hold(self) -> str:
        """Answer; returns the result's code. Raises StateUnknown only."""
        try:
            request = self._channel.document(self._limits.ask)
            self._carry_out(request)
        except ConnectionLost:
            return "CONNECTION_LOST"
        except StateUnknown as error:
            self._tell(error)
            raise
        except Exception as error:
            self._tell(error)
            return _result(error)
        return "ok"

    def _tell(self, error: BaseException) -> None:
        with suppress(ConnectionLost):
            self._channel.send({"error": describe(error)}, self._limits.ask)

    def _carry_out(self, request: Document) -> None:
        check_params(request, {"form": str, "operation": str, "params": dict})
        forms = {"call": self._call, "receive": self._receive, "send": self._send}
        form, name = request["form"], request["operation"]
        if form not in forms:
            raise UsageError("There is no such form of an operation.")
        find(form, name)
        self.name = name
        forms[form](name, request["params"])

    def _call(self, name: str, params: Document) -> None:
        self._reply("ok", self._desk.call(name, params))

    def _reply(self, field: str, document: Document) -> None:
        self._channel.send({field: document}, self._limits.piece)

    def _receive(self, name: str, params: Document) -> None:
        with self._desk.receive(name, params) as delivery:
            try:
                self._reply("ok", delivery.head)
                for piece in delivery:
                    self._check_receiver()
                    self._channel.send(piece, self._limits.piece)
                self._reply("tail", delivery.tail)
                self._await_receipt()
            except ConnectionLost as error:
                raise self._lost() from error
        self._reply("ok", {})

    def _check_receiver(self) -> None:
        if self._ending.is_set():
            raise DeliveryEnded("SERVICE_STOPPED")
        if self._channel.ready():
            raise _ended(self._channel.document(self._limits.ask))

    def _await_receipt(self) -> None:
        word = self._channel.document(self._limits.receipt)
        if word != {"received": True}:
            raise _ended(word)

    def _lost(self) -> DeliveryEnded:
        stopped = self._ending.is_set()
        return DeliveryEnded("SERVICE_STOPPED" if stopped else "CONNECTION_LOST")

    def _send(self, name: str, params: Document) -> None:
        self._reply("ok", {})
        upload: Any = _Upload(self._channel, self._limits)
        self._reply("ok", self._desk.send(name, params, upload))


class _Upload:
    """The pieces of an upload as a file to be read."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._piece = limits.piece
        self._deadline = time.monotonic() + limits.upload

    def read(self, size: int) -> bytes:  # noqa: ARG002 - a piece is never larger than is asked for
        """The next piece; empty at the end."""
        while True:
            left = self._deadline - time.monotonic()
            frame = self._channel.receive(min(self._piece, left))
            if isinstance(frame, dict):
                if frame != {"end": True}:
                    raise FormatError("An upload ends with its own word.")
                return b""
            if frame:
                return frame


def _ended(word: Document) -> DeliveryEnded:
    code = word.get("ended")
    return DeliveryEnded(code if code in RECEIVER_CODES else "FAILED")


def _result(error: BaseException) -> str:
    """The result for the log: never a sentence, which may name people or files."""
    if isinstance(error, (ArchiveError, SigningError)):
        return code_of(error) or type(error).__name__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__} at {place}"
