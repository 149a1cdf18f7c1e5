"""Clients that do what no client of ours does; whoever comes beside them is served all the same."""

from __future__ import annotations

import io
import os
import random
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from toy_operations import ENDS, ENTERED, RELEASE, Service, make_home, toy_host, toy_service

from archive.errors import FormatError, StateUnknown, Unreachable
from cli.invocation import Invocation
from cli.service import open_desk
from cli.service.client import SocketDesk
from cli.service.conversation import Limits
from cli.service.frames import HEADER, Channel
from cli.service.home_lock import hosting, serving
from cli.service.place import SOCKET, connect, run_folder
from cli.service.server import Server

STREAM = {"pieces": 200, "size": 1 << 20}
QUICK = Limits(ask=2.0, piece=2.0, upload=4.0, receipt=2.0, grace=2.0)
PATIENCE = 60.0
"""Seconds for what is certain to come, on a busy machine."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    ENDS.clear()
    with toy_service(make_home(tmp_path), QUICK) as running:
        yield running


def raw(home: Path) -> socket.socket:
    with run_folder(home) as folder:
        return connect(folder, PATIENCE)[0]


def is_served(service: Service) -> bool:
    return bool(SocketDesk(service.home).call("toy.echo", {"n": 1})["params"] == {"n": 1})


def soon(condition: object, seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.02)
    return bool(met)


GARBAGE = {
    "nothing": b"",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "huge": HEADER.pack(0xFFFFFFFF, 1),
    "huge piece": HEADER.pack(0xFFFFFFFF, 2),
    "piece instead of a request": HEADER.pack(4, 2) + b"abcd",
    "half a frame": HEADER.pack(100, 1) + b'{"form":',
    "deep": HEADER.pack(500_000, 1) + b"[" * 500_000,
    "no request": HEADER.pack(2, 1) + b"{}",
    "random": random.Random(5).randbytes(50_000),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_harms_nobody(service: Service, what: str) -> None:
    with raw(service.home) as connection:
        with suppress(OSError):
            connection.sendall(GARBAGE[what])
        assert is_served(service)
    assert is_served(service)
    assert soon(lambda: len(service.log) >= 3)
    assert service.fatal == []


@pytest.mark.parametrize(
    "request_",
    [
        {"form": "call", "operation": "hello"},
        {"form": "other", "operation": "hello", "params": {}},
        {"form": ["call"], "operation": "hello", "params": {}},
        {"form": "call", "operation": 5, "params": {}},
        {"form": "call", "operation": "hello", "params": []},
        {"form": "call", "operation": "hello\nforged uid=0 ok", "params": {}},
        {"form": "call", "operation": "hello", "params": {}, "uid": 0},
    ],
)
def test_no_request(service: Service, request_: dict[str, object]) -> None:
    with Channel(raw(service.home)) as channel:
        channel.send(request_, PATIENCE)
        assert channel.document(PATIENCE)["error"]["kinds"][0] == "archive.errors.UsageError"
    assert soon(lambda: service.log)
    assert service.log[0].startswith(f"- uid={os.getuid()} UsageError")
    assert "\n" not in service.log[0]


def test_slow_clients_are_left_after_their_time(service: Service) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(raw(service.home)) for _ in range(20)]
        for connection in slow:
            connection.sendall(HEADER.pack(1000, 1))
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            for connection in slow:
                with suppress(OSError):
                    connection.sendall(b" ")
            assert is_served(service)
            time.sleep(0.1)
        assert soon(lambda: sum("CONNECTION_LOST" in line for line in service.log) == 20)


def test_one_account_cannot_take_every_place(tmp_path: Path) -> None:
    limits = Limits(connections=8, of_one_account=4, ask=600.0, grace=0.1)
    with toy_service(make_home(tmp_path), limits) as service, ExitStack() as stack:
        held = [stack.enter_context(raw(service.home)) for _ in range(4)]
        assert soon(lambda: not _answers(service))
        with pytest.raises(Unreachable, match="busy"):
            SocketDesk(service.home).call("hello", {})
        held[0].close()
        assert soon(lambda: _answers(service))


def _answers(service: Service) -> bool:
    try:
        return is_served(service)
    except Unreachable:
        return False


def test_a_receiver_that_stops_reading(service: Service) -> None:
    with Channel(raw(service.home)) as channel:
        channel.send({"form": "receive", "operation": "toy.stream", "params": STREAM}, PATIENCE)
        assert soon(lambda: ENDS == ["CONNECTION_LOST"])
        assert is_served(service)


def test_a_receiver_that_vanishes(service: Service) -> None:
    with Channel(raw(service.home)) as channel:
        channel.send({"form": "receive", "operation": "toy.stream", "params": STREAM}, PATIENCE)
        channel.receive(PATIENCE)
        channel.receive(PATIENCE)
    assert soon(lambda: ENDS == ["CONNECTION_LOST"])


def test_a_receiver_that_never_says_that_it_has_everything(service: Service) -> None:
    params = {"pieces": 1, "size": 10}
    with Channel(raw(service.home)) as channel:
        channel.send({"form": "receive", "operation": "toy.stream", "params": params}, PATIENCE)
        assert [type(channel.receive(PATIENCE)) for _ in range(3)] == [dict, bytes, dict]
        assert soon(lambda: ENDS == ["CONNECTION_LOST"])


@pytest.mark.parametrize("word", [{"received": False}, {"ended": "RECEIVED"}, {"ended": ["x"]}])
def test_a_receiver_with_a_word_of_its_own(service: Service, word: dict[str, object]) -> None:
    params = {"pieces": 1, "size": 10}
    with Channel(raw(service.home)) as channel:
        channel.send({"form": "receive", "operation": "toy.stream", "params": params}, PATIENCE)
        for _ in range(3):
            channel.receive(PATIENCE)
        channel.send(word, PATIENCE)
        assert soon(lambda: ENDS == ["FAILED"])


def drip(channel: Channel, seconds: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        channel.send(b"x", PATIENCE)
        time.sleep(0.05)


def test_uploads_without_an_end(service: Service) -> None:
    with Channel(raw(service.home)) as channel:
        channel.send({"form": "send", "operation": "toy.keep", "params": {}}, PATIENCE)
        channel.document(PATIENCE)
        began = time.monotonic()
        with pytest.raises(Unreachable):
            drip(channel, 2 * PATIENCE)
        assert time.monotonic() - began < PATIENCE
    with Channel(raw(service.home)) as channel:
        channel.send({"form": "send", "operation": "toy.keep", "params": {}}, PATIENCE)
        channel.document(PATIENCE)
        channel.send({"stop": True}, PATIENCE)
        assert "error" in channel.document(PATIENCE)
    assert is_served(service)
    assert list((service.home / "scratch").iterdir()) == []


def test_uploads_cannot_fill_the_disk_side_by_side(tmp_path: Path) -> None:
    limits = Limits(uploads=2, upload=600.0, piece=600.0, grace=0.1)
    with toy_service(make_home(tmp_path), limits) as service, ExitStack() as stack:
        for _ in range(2):
            channel = stack.enter_context(Channel(raw(service.home)))
            channel.send({"form": "send", "operation": "toy.keep", "params": {}}, PATIENCE)
            assert channel.document(PATIENCE) == {"ok": {}}
        desk = SocketDesk(service.home)
        with pytest.raises(Unreachable, match="busy"):
            desk.send("toy.keep", {}, io.BytesIO(b"letter"))
        assert is_served(service)
        channel.cut()
        assert soon(lambda: len(service.log) >= 3)
        assert desk.send("toy.keep", {}, io.BytesIO(b"letter"))["size"] == 6


def test_an_unforeseen_error_gives_nothing_away(service: Service) -> None:
    desk = SocketDesk(service.home)
    for how in ("unforeseen", "system"):
        with pytest.raises(Unreachable) as raised:
            desk.call("toy.fail", {"how": how})
        assert "secret" not in str(raised.value)
    assert soon(lambda: len(service.log) == 2)
    assert "secret" not in str(service.log)
    assert sum("ValueError at" in line for line in service.log) == 1


def test_after_a_failed_sync_the_process_has_to_end(service: Service) -> None:
    with pytest.raises(StateUnknown):
        SocketDesk(service.home).call("toy.fail", {"how": "fatal"})
    assert soon(lambda: len(service.fatal) == 1)


def test_the_log_has_one_line_for_each(service: Service) -> None:
    assert is_served(service)
    with pytest.raises(FormatError):
        SocketDesk(service.home).call("toy.echo", {"x": {1}})
    assert soon(lambda: service.log)
    assert service.log[0].startswith(f"toy.echo uid={os.getuid()} ok ")


def test_running_operations_may_end_and_new_ones_are_not_taken(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ENTERED.clear()
    RELEASE.clear()
    answers: list[object] = []
    with toy_service(home, Limits(grace=PATIENCE)):
        asking = threading.Thread(
            target=lambda: answers.append(SocketDesk(home).call("toy.wait", {}))
        )
        asking.start()
        assert ENTERED.wait(PATIENCE)
        threading.Timer(0.3, RELEASE.set).start()
    asking.join()
    assert answers == [{}]
    assert not (home / "run" / SOCKET).exists()
    with pytest.raises(FileNotFoundError):
        SocketDesk(home).hello()


def test_a_delivery_that_does_not_end_is_cut(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    ENDS.clear()
    with toy_service(home, Limits(grace=0.2)):
        channel = Channel(raw(home))
        channel.send({"form": "receive", "operation": "toy.stream", "params": STREAM}, PATIENCE)
        channel.receive(PATIENCE)
    with channel:
        assert soon(lambda: ENDS == ["SERVICE_STOPPED"])


def test_the_socket_is_for_owner_and_group(service: Service) -> None:
    found = (service.home / "run" / SOCKET).stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o660


def test_a_socket_of_a_dead_service_is_replaced(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    with socket.socket(socket.AF_UNIX) as dead, run_folder(home) as folder:
        dead.bind(f"/proc/self/fd/{folder}/{SOCKET}")
    with toy_service(home) as service:
        assert is_served(service)


def test_a_living_service_is_not_replaced(service: Service) -> None:
    with pytest.raises(Unreachable, match="taken"), toy_service(service.home):
        pytest.fail("two services on one socket")
    assert is_served(service)


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, kind: str) -> None:
    home = make_home(tmp_path / "home")
    path = home / "run" / SOCKET
    other = tmp_path / "other"
    other.write_text("kept")
    if kind == "file":
        path.write_text("kept")
    elif kind == "link":
        path.symlink_to(other)
    else:
        path.mkdir()
    with pytest.raises(Unreachable, match="no socket"), toy_service(home):
        pytest.fail("listens in place of something else")
    assert os.path.lexists(path)
    assert other.read_text() == "kept"


def test_a_linked_run_folder_is_refused(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    (home / "run").rename(tmp_path / "elsewhere")
    (home / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="run"), toy_service(home):
        pytest.fail("listens in a folder that somebody else names")


def test_a_long_home_is_no_trouble(tmp_path: Path) -> None:
    with toy_service(make_home(tmp_path / ("x" * 120) / ("y" * 120))) as service:
        assert is_served(service)


def test_commands_side_by_side_but_never_beside_the_service(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    before = os.umask(0o022)
    os.umask(before)
    with hosting(home), hosting(home), pytest.raises(Unreachable, match="at work"), serving(home):
        pytest.fail("a service beside commands")
    with serving(home):
        assert os.umask(0o077) == 0o077
        with pytest.raises(Unreachable, match="service"), hosting(home):
            pytest.fail("a command beside the service")
        with pytest.raises(Unreachable, match="at work"), serving(home):
            pytest.fail("two services")
    assert os.umask(before) == before


def test_the_service_is_found_and_else_the_archive_itself(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    settings = toy_host(home).bench.settings.to_toml()
    (home / "cunzheng.toml").write_text(settings, encoding="utf-8")
    with open_desk(Invocation(home)) as desk:
        assert desk.call("toy.echo", {})["mode"] == "single"
    with toy_service(home), open_desk(Invocation(home)) as desk:
        assert desk.call("toy.echo", {})["mode"] == "service"
    with serving(home), pytest.raises(Unreachable), open_desk(Invocation(home)):
        pytest.fail("a service that does not answer is no leave to open the archive")


def test_a_stopped_server_object_leaves_anothers_socket(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    server = Server(home, toy_host(home), lambda _: None, Limits(grace=0.1))
    with server:
        (home / "run" / SOCKET).unlink()
        (home / "run" / SOCKET).write_text("another's")
    assert (home / "run" / SOCKET).read_text() == "another's"
