"""A proxy before an S3 server that makes faults: errors, cuts, lost replies, slowness.

    proxy = FaultProxy(weed.port)
    proxy.fault = once(lambda request: request.method == "PUT", Fault(cut="reply"))
    client = connect(S3Access(proxy.endpoint, addressing="path"))

Every request is kept in `proxy.seen`. Signatures stay good, because the client's Host is passed on.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHUNK = 1 << 16


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead of, or besides, being answered.

    `status` and `code` answer in the server's place. `cut`: "request" closes before anything is
    passed on, "reply" after the server has answered, "body" in the middle of what it answers.
    `seconds` is how long everything waits first.
    """

    status: int = 0
    code: str = ""
    cut: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Request:
    """One request as it came by; `number` counts from 1."""

    number: int
    method: str
    path: str
    query: dict[str, list[str]]
    agent: str
    size: int

    @property
    def part(self) -> int | None:
        """Number of the part that is uploaded, if one is."""
        found = self.query.get("partNumber")
        return int(found[0]) if found and self.method == "PUT" else None


Decide = Callable[[Request], Fault | None]


def never(_request: Request) -> None:
    """No fault at all."""


def once(wanted: Callable[[Request], bool], fault: Fault, times: int = 1) -> Decide:
    """A fault for the first requests that are wanted."""
    left = [times]
    lock = threading.Lock()

    def decide(request: Request) -> Fault | None:
        with lock:
            if left[0] and wanted(request):
                left[0] -= 1
                return fault
        return None

    return decide


@dataclass
class FaultProxy:
    """Passes everything on to a port of this machine, but for the faults that `fault` decides."""

    server: int
    fault: Decide = never
    seen: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def note(self, handler: BaseHTTPRequestHandler, size: int) -> Request:
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        agent = handler.headers.get("User-Agent", "")
        with self._lock:
            number = len(self.seen) + 1
            request = Request(number, handler.command, parts.path, query, agent, size)
            self.seen.append(request)
        return request


@contextmanager
def faulty(server: int, fault: Decide = never) -> Iterator[FaultProxy]:
    proxy = FaultProxy(server, fault)
    try:
        yield proxy
    finally:
        proxy.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultProxy

    def _pass(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else b""
        fault = self.owner.fault(self.owner.note(self, size)) or Fault()
        time.sleep(fault.seconds)
        if fault.cut == "request":
            self._close()
        elif fault.status:
            self._refuse(fault)
        else:
            with suppress(OSError):
                self._answer(body, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass  # noqa: N815 - the base class's names

    def _answer(self, body: bytes, fault: Fault) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.owner.server, timeout=120)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("expect", "connection"):
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            reply = upstream.getresponse()
            if fault.cut == "reply":
                reply.read()
                self._close()
                return
            self._relay(reply, fault)
        except (OSError, http.client.HTTPException):
            self._close()
        finally:
            upstream.close()

    def _relay(self, reply: http.client.HTTPResponse, fault: Fault) -> None:
        data = reply.read() if self.command != "HEAD" else b""
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = reply.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        if fault.cut == "body":
            self.wfile.write(data[: len(data) // 2])
            self._close()
            return
        self.wfile.write(data)

    def _refuse(self, fault: Fault) -> None:
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><Error>'
            f"<Code>{fault.code}</Code><Message>planned</Message></Error>"
        ).encode()
        self.send_response_only(fault.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def _close(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
        with suppress(OSError):
            self.connection.shutdown(2)

    def log_message(self, *_: Any) -> None:
        pass
