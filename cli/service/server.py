"""The socket of an archive: one thread per connection, one operation per connection."""

import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from archive.errors import StateUnknown, Unreachable
from cli.language import say
from cli.service.conversation import Conversation, House, Limits, busy
from cli.service.faults import describe
from cli.service.frames import Channel, ConnectionLost
from cli.service.operations import Host
from cli.service.place import SOCKET, Peer, listen, peer_of, run_folder

Log = Callable[[str], None]


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
        self._failed = failed
        self._limits = limits or Limits()
        self._log = log
        uploads = threading.BoundedSemaphore(self._limits.uploads)
        self._house = House(host, self._limits, uploads)
        self._closing = threading.Event()
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
        self._house.ending.set()
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
            channel.send({"error": describe(busy())}, 0)

    def _serve(self, channel: Channel, peer: Peer) -> None:
        conversation = Conversation(self._house, channel, peer)
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
