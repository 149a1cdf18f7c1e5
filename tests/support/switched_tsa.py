"""A time-stamping authority behind HTTP on this machine, to be switched off and on again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

from archive.keyring import Keyring, embedded_timestamper
from signing.tsa_embedded import EmbeddedAuthority


class SwitchedTsa:
    """Answers with tokens of an archive's own TSA key while `on`, else with 503."""

    def __init__(self, home: Path, passphrase: str) -> None:
        numbers = Random(5)
        make = embedded_timestamper(
            Keyring(home / "keys", passphrase),
            lambda: datetime.now(UTC),  # noqa: TID251 - the tokens must be of now
            lambda: numbers.getrandbits(120),
        )
        self.on = True
        self.url = ""
        authority = make(None)
        assert isinstance(authority, EmbeddedAuthority)
        self._authority = authority

    @contextmanager
    def serving(self) -> Iterator["SwitchedTsa"]:
        """While it listens; `url` says where."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                if not outer.on:
                    self.send_error(503)
                    return
                answer = outer._authority.respond(request)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}/tsa"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
