"""The HTTP client against real servers on this machine, good and misbehaving ones."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pki_fixture import NOW, POLICY_OID, make_pki
from token_forge import forge

from signing.digest import Digest
from signing.errors import CertificateBad, SigningError, TimestampBad, TimestampUnavailable
from signing.paths import PathJudge
from signing.timestamp import check_token
from signing.tsa_http import HttpTimestamper

PKI = make_pki()
FOREIGN = make_pki()
DIGEST = Digest.of("sha256", b"a seal")
NONCE = 77
REPLY = "application/timestamp-reply"
Behaviour = Callable[[BaseHTTPRequestHandler, bytes], None]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def server(behaviour: Behaviour) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                behaviour(self, body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{running.server_port}/tsa"
        finally:
            running.shutdown()
            thread.join()


def reply(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, kind: str = REPLY
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def good(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    assert handler.headers["Content-Type"] == "application/timestamp-query"
    reply(handler, PKI.embedded_authority(lambda: NOW).respond(body))


def client(url: str, timeout: float = 60.0, **more: Any) -> HttpTimestamper:
    return HttpTimestamper(url, nonce=lambda: NONCE, clock=lambda: NOW, timeout=timeout, **more)


@pytest.mark.parametrize("policies", [None, {POLICY_OID}, {POLICY_OID, "1.2.3"}])
def test_good_server(policies: set[str] | None) -> None:
    with server(good) as url:
        token = client(url, policies=policies).timestamp(DIGEST)
    assert check_token(token, digest=DIGEST, nonce=NONCE).gen_time == NOW


def _forged(**but: object) -> Behaviour:
    made = forge(PKI, DIGEST.value, NONCE, NOW).but(**but)
    return lambda handler, _: reply(handler, made.response())


def _status(status: int) -> Behaviour:
    return lambda handler, _: reply(handler, b"", status)


def _wrong_type(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    reply(handler, PKI.embedded_authority(lambda: NOW).respond(body), kind="text/html")


def _redirect(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:1/")
    handler.end_headers()


def _endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", REPLY)
    handler.end_headers()
    for _n in range(10_000):
        handler.wfile.write(bytes(64 * 1024))


def _cut(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", REPLY)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x")
    handler.close_connection = True


CASES: dict[str, tuple[Behaviour, type[SigningError], str]] = {
    "wrong nonce": (_forged(nonce=NONCE + 1), TimestampBad, "nonce"),
    "no nonce": (_forged(nonce=None), TimestampBad, "nonce"),
    "another hash": (_forged(imprint=bytes(32)), TimestampBad, "another digest"),
    "time ahead": (_forged(gen_time=NOW + timedelta(days=9)), TimestampBad, "future"),
    "another policy": (_forged(policy="1.2.3"), TimestampBad, "policy"),
    "junk": (lambda handler, _: reply(handler, b"<html>"), TimestampBad, "cannot be read"),
    "500": (_status(500), TimestampUnavailable, "status 500"),
    "503": (_status(503), TimestampUnavailable, "status 503"),
    "404": (_status(404), TimestampUnavailable, "status 404"),
    "redirect": (_redirect, TimestampUnavailable, "status 302"),
    "wrong content type": (_wrong_type, TimestampUnavailable, "content type"),
    "endless body": (_endless, TimestampUnavailable, "no end"),
    "connection cut": (_cut, TimestampUnavailable, "RemoteProtocolError"),
}


def refused(behaviour: Behaviour, error: type[SigningError], words: str, **more: Any) -> None:
    with server(behaviour) as url, pytest.raises(error, match=words) as caught:
        client(url, policies={POLICY_OID}, **more).timestamp(DIGEST)
    assert type(caught.value) is error


@pytest.mark.parametrize("name", CASES)
def test_misbehaving_server(name: str) -> None:
    refused(*CASES[name])


def test_a_trickling_body_has_a_deadline_as_a_whole() -> None:
    """One byte comes for each look at the clock, which goes on by half the time that there is."""
    looks, times = threading.Semaphore(0), itertools.count(0.0, 30.0)

    def look() -> float:
        looks.release()
        return next(times)

    def trickle(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", REPLY)
        handler.end_headers()
        for _n in range(100):
            looks.acquire()
            handler.wfile.write(b"\x30")

    refused(trickle, TimestampUnavailable, "too long", timeout=60.0, monotonic=look)
    looks.release(100)
    assert next(times) == 120.0


def test_a_silent_server_is_not_waited_for() -> None:
    over = threading.Event()

    def silent(_handler: BaseHTTPRequestHandler, _: bytes) -> None:
        over.wait(60)

    refused(silent, TimestampUnavailable, "ReadTimeout", timeout=0.4)
    over.set()


def test_nobody_listens_and_credentials_stay_secret() -> None:
    with server(good) as url:
        port = url.split(":")[2].split("/")[0]
    timestamper = client(f"http://user:geheim@127.0.0.1:{port}/tsa?key=geheim")
    with pytest.raises(TimestampUnavailable, match=r"127\.0\.0\.1 could not") as caught:
        timestamper.timestamp(DIGEST)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_credentials_are_sent() -> None:
    seen: list[str] = []

    def behaviour(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen.append(handler.headers["Authorization"])
        good(handler, body)

    with server(behaviour) as url:
        client(url.replace("http://", "http://u:p@")).timestamp(DIGEST)
    assert seen == ["Basic dTpw"]


def test_foreign_authority_is_refused_by_the_path_check() -> None:
    judge = PathJudge(PKI.roots, PKI.intermediates, PKI.crls)

    def foreign(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        reply(handler, FOREIGN.embedded_authority(lambda: NOW).respond(body))

    def timestamper(url: str) -> HttpTimestamper:
        return HttpTimestamper(
            url,
            nonce=itertools.count(1).__next__,
            clock=lambda: NOW,
            check_path=lambda token: judge.check(token.certificate, token.gen_time, "timestamping"),
        )

    with server(good) as url:
        assert timestamper(url).timestamp(DIGEST)
    with server(foreign) as url, pytest.raises(CertificateBad):
        timestamper(url).timestamp(DIGEST)


@pytest.mark.parametrize("url", ["", "ftp://x/", "file:///etc/passwd", "http://", "x"])
def test_only_http_addresses(url: str) -> None:
    with pytest.raises(SigningError, match="http"):
        client(url)
