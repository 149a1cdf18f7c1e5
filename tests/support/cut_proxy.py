"""A proxy on loopback that cuts the connection when a client says a certain thing.

proxy = CutProxy(port, b"COMMIT", forward=True)    # the server hears it, the client no answer
proxy.armed = True
"""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field


@dataclass
class CutProxy:
    """Passes everything on to a port until it is armed and `words` come by."""

    server: int
    words: bytes
    forward: bool
    armed: bool = False
    port: int = 0
    _listening: socket.socket = field(default_factory=socket.socket)
    _open: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen()
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listen no more, and let go of every connection."""
        # A thread that waits in accept() keeps the socket alive unless it is shut down.
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self.server))
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                if self.armed and self.words in data:
                    self.armed = False
                    if self.forward:
                        # First, so that no answer can come through.
                        one.shutdown(socket.SHUT_RDWR)
                        other.sendall(data)
                        other.recv(1)
                    break
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
