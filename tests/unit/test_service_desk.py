"""One suite over both desks: in the command's own process, and through the socket."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_operations import ENDS, make_home, toy_host, toy_service

from archive.errors import (
    ContentAltered,
    Denied,
    FormatError,
    NotFound,
    StateUnknown,
    Unreachable,
    UsageError,
)
from cli.service import desk as desks
from cli.service.client import SocketDesk
from cli.service.desk import Desk
from cli.service.faults import describe, restore
from cli.service.local import LocalDesk
from cli.service.operations import Caller
from signing.errors import ClockBehind

MIB = 1 << 20


@pytest.fixture(params=["single", "service"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    home = make_home(tmp_path)
    ENDS.clear()
    if request.param == "single":
        yield LocalDesk(toy_host(home, "single"), Caller(os.getuid(), os.getgid(), None))
        return
    with toy_service(home):
        yield SocketDesk(home)


def ended() -> str:
    """How the last delivery ended; the service hears of it a moment later."""
    deadline = time.monotonic() + 60
    while not ENDS and time.monotonic() < deadline:
        time.sleep(0.01)
    return ENDS.pop()


def receive(desk: Desk, pieces: int, *, stop_after: int, error: BaseException) -> None:
    """Fail after so many pieces; after all of them where there are no more."""
    with desk.receive("toy.stream", {"pieces": pieces, "size": 100_000}) as delivery:
        for number, _ in enumerate(delivery, 1):
            if number == stop_after < pieces:
                raise error
        raise error


def test_parameters_and_answer_cross_unchanged(desk: Desk) -> None:
    params = {"text": "案件 \x00 “”", "list": [1, None, {"deep": [True]}], "big": 10**30}
    answer = desk.call("toy.echo", params)
    assert answer["params"] == params
    assert answer["uid"] == os.getuid()


def test_who_answers(desk: Desk) -> None:
    answer = desk.call("hello", {})
    assert answer["archive"] == "cunzheng.local/toy"
    assert answer["account"] == str(os.getuid())


@pytest.mark.parametrize(
    "name", ["toy.none", "toy.stream", "", "../../etc/passwd", "hello\n", "os.system", "a" * 500]
)
def test_an_unknown_operation(desk: Desk, name: str) -> None:
    with pytest.raises(UsageError, match="There is no operation"):
        desk.call(name, {})


def test_wrong_parameters(desk: Desk) -> None:
    with pytest.raises(UsageError, match="no parameter 'x'"):
        desk.call("hello", {"x": 1})


def test_parameters_that_are_no_document(desk: Desk) -> None:
    with pytest.raises(FormatError):
        desk.call("toy.echo", {"x": b"bytes"})
    with pytest.raises(UsageError, match="1 MiB"):
        desk.call("toy.echo", {"x": "x" * MIB})


def test_an_answer_that_is_too_large(desk: Desk) -> None:
    with pytest.raises(UsageError, match="1 MiB"):
        desk.call("toy.large", {})


def test_errors_are_of_the_same_class(desk: Desk) -> None:
    with pytest.raises(Denied, match="The grant is over") as denied:
        desk.call("toy.fail", {"how": "denied"})
    assert denied.value.code == "GRANT_OVER"
    with pytest.raises(ClockBehind):
        desk.call("toy.fail", {"how": "signing"})
    with pytest.raises(StateUnknown):
        desk.call("toy.fail", {"how": "fatal"})


@pytest.mark.parametrize("pieces", [0, 1, 3, 40])
def test_bytes_arrive(desk: Desk, pieces: int) -> None:
    with desk.receive("toy.stream", {"pieces": pieces, "size": 100_000}) as delivery:
        assert delivery.head == {"name": "笔录.txt"}
        got = list(delivery)
        assert delivery.tail == {"sent": pieces}
    assert got == [bytes([number]) * 100_000 for number in range(pieces)]
    assert ended() == "received"


def test_a_whole_piece(desk: Desk) -> None:
    with desk.receive("toy.stream", {"pieces": 2, "size": desks.MAX_PIECE}) as delivery:
        assert [len(piece) for piece in delivery] == [desks.MAX_PIECE] * 2


def test_leaving_early_ends_the_delivery(desk: Desk) -> None:
    with desk.receive("toy.stream", {"pieces": 1000, "size": 100_000}) as delivery:
        assert next(iter(delivery))
    assert ended() == "INTERRUPTED"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device"), "WRITE_FAILED"),
        (KeyboardInterrupt(), "INTERRUPTED"),
        (ValueError("anything"), "FAILED"),
    ],
)
def test_an_error_of_the_receiver_ends_the_delivery(
    desk: Desk, error: BaseException, code: str
) -> None:
    with pytest.raises(type(error)) as raised:
        receive(desk, 1000, stop_after=1, error=error)
    assert raised.value is error
    assert ended() == code


def test_an_error_after_the_last_piece_is_no_receipt(desk: Desk) -> None:
    with pytest.raises(OSError, match="No space"):
        receive(desk, 2, stop_after=2, error=OSError(28, "No space left on device"))
    assert ended() == "WRITE_FAILED"


def test_an_altered_piece_stops_the_delivery(desk: Desk) -> None:
    got = []
    with (
        pytest.raises(ContentAltered, match="Piece 2"),
        desk.receive("toy.stream", {"pieces": 9, "size": 1000, "stop": 2}) as delivery,
    ):
        got.extend(delivery)
    assert len(got) <= 2
    assert ended() == "ContentAltered"


def test_an_error_before_the_first_byte(desk: Desk) -> None:
    with (
        pytest.raises(NotFound, match="no such record"),
        desk.receive("toy.stream", {"unknown": True, "pieces": 1, "size": 1}),
    ):
        pytest.fail("nothing may be handed out")


@pytest.mark.parametrize("size", [0, 1, 5 * MIB])
def test_an_upload(desk: Desk, size: int) -> None:
    answer = desk.send("toy.keep", {"name": "介绍信"}, io.BytesIO(b"\x07" * size))
    assert answer == {"size": size, "last": "07" if size else "", "params": {"name": "介绍信"}}


def test_an_upload_that_is_too_large(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cli.service.local", "cli.service.client"):
        monkeypatch.setattr(f"{module}.MAX_UPLOAD", MIB)
    with pytest.raises(UsageError, match="too large"):
        desk.send("toy.keep", {}, io.BytesIO(bytes(MIB + 1)))


def test_an_unknown_error_is_unreachable() -> None:
    assert type(restore({"kinds": ["some.Other"], "text": "Why."})) is Unreachable
    assert type(restore({})) is Unreachable
    told = describe(ValueError("secret"))
    assert "secret" not in str(told)
    error = restore({"kinds": ["some.Child", "archive.errors.Denied"], "code": "X", "text": "No."})
    assert isinstance(error, Denied)
    assert (error.code, str(error)) == ("X", "No.")
