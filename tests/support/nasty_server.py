"""An S3 server that takes every PUT as the bytes of an object, as rclone, Swift and others do.

`boasts` lets it claim Object Lock and versions all the same. It notes every request.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_ON = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>"
LOCKED = f"<ObjectLockConfiguration>{_ON}</ObjectLockConfiguration>"
VERSIONED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


class NastyServer(ThreadingHTTPServer):
    """Objects by path; all versions are kept by id where it boasts of them."""

    daemon_threads = True

    def __init__(self, *, boasts: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.boasts = boasts
        self.objects: dict[str, bytes] = {}
        self.versions: dict[str, list[tuple[str, bytes]]] = {}
        self.seen: list[tuple[str, str, dict[str, str], dict[str, str]]] = []
        self.lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def of_locks(self) -> list[tuple[str, str]]:
        """Requests that have to do with locks: method and path, in their order."""
        found = []
        for method, path, query, headers in self.seen:
            named = {"retention", "legal-hold"} & query.keys()
            if named or any(name.lower().startswith("x-amz-object-lock") for name in headers):
                found.append((method, path))
        return found


class _Handler(BaseHTTPRequestHandler):
    server: NastyServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_parts: object) -> None:
        """Nothing is printed."""

    def _begin(self) -> tuple[str, dict[str, str], bytes]:
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.seen.append((self.command, path, query, dict(self.headers)))
        return path, query, body

    def _answer(self, status: int, body: bytes | str = b"", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_PUT(self) -> None:
        path, _, body = self._begin()
        version = uuid.uuid4().hex
        with self.server.lock:
            self.server.objects[path] = body
            self.server.versions.setdefault(path, []).append((version, body))
        more = {"x_amz_version_id": version} if self.server.boasts else {}
        self._answer(200, ETag='"00"', **more)

    def do_POST(self) -> None:
        self._begin()
        self._answer(501, "<Error><Code>NotImplemented</Code></Error>")

    def do_DELETE(self) -> None:
        path, query, _ = self._begin()
        with self.server.lock:
            if "versionId" in query:
                kept = [v for v in self.server.versions.get(path, ()) if v[0] != query["versionId"]]
                self.server.versions[path] = kept
            elif not self.server.boasts:
                self.server.objects.pop(path, None)
        self._answer(204)

    def do_HEAD(self) -> None:
        self._get()

    def do_GET(self) -> None:
        self._get()

    def _get(self) -> None:
        path, query, _ = self._begin()
        if path.count("/") == 1 or path.endswith("/"):
            self._answer(*self._of_bucket(path, query))
            return
        with self.server.lock:
            found: Any = self.server.objects.get(path)
            if "versionId" in query:
                listed = dict(self.server.versions.get(path, ()))
                found = listed.get(query["versionId"])
                if path.endswith("safe"):
                    found = self.server.objects.get(path)
        self._answer(200 if found is not None else 404, found or b"")

    def _of_bucket(self, path: str, query: dict[str, str]) -> tuple[int, str]:
        if "object-lock" in query and self.server.boasts:
            return 200, LOCKED
        if "versioning" in query and self.server.boasts:
            return 200, VERSIONED
        if "versions" in query and self.server.boasts:
            return 200, self._listing(path.rstrip("/"), query.get("prefix", ""))
        return 200, "<ListBucketResult></ListBucketResult>"

    def _listing(self, bucket: str, prefix: str) -> str:
        rows = ""
        with self.server.lock:
            for path, versions in self.server.versions.items():
                key = path.removeprefix(bucket).lstrip("/")
                if key.startswith(prefix):
                    rows += "".join(
                        f"<Version><Key>{key}</Key><VersionId>{v}</VersionId></Version>"
                        for v, _ in versions
                    )
        return f"<ListVersionsResult>{rows}</ListVersionsResult>"


@contextmanager
def nasty_server(*, boasts: bool) -> Iterator[NastyServer]:
    """A server of one's own."""
    server = NastyServer(boasts=boasts)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
