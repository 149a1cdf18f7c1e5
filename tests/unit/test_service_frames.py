"""Frames between command and service: what goes in comes out, and everything else is refused."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import FormatError, UsageError
from cli.service.desk import MAX_PIECE
from cli.service.documents import MAX_DOCUMENT, check_params, decode, encode
from cli.service.frames import HEADER, Channel, ConnectionLost

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    with Channel(ours) as channel, theirs:
        yield channel, theirs


def frame(data: bytes, kind: int = 1, length: int | None = None) -> bytes:
    return HEADER.pack(len(data) if length is None else length, kind) + data


@given(st.dictionaries(TEXT, JSON, max_size=5))
def test_documents_come_back(document: dict[str, Any]) -> None:
    assert decode(encode(document)) == document


def test_frames_come_back_in_order() -> None:
    ours, theirs = socket.socketpair()
    piece = bytes(range(256)) * (MAX_PIECE // 256)
    sent: list[dict[str, Any] | bytes] = [{"a": "笔录"}, piece, b"", {"b": [1, None, True]}]
    with Channel(ours) as writer, Channel(theirs) as reader:
        thread = threading.Thread(target=lambda: [writer.send(item, 60.0) for item in sent])
        thread.start()
        assert [reader.receive(60.0) for _ in sent] == sent
        thread.join()


@pytest.mark.parametrize(
    "data",
    [
        frame(b"{", 1),
        frame(b"[]", 1),
        frame(b"{} {}", 1),
        frame(b'{"a":NaN}', 1),
        frame(b'{"a":Infinity}', 1),
        frame(b"\xff\xfe", 1),
        frame(b'{"a":"\\ud800"}', 1),
        frame(b'{"a":' + b"[" * 200_000, 1),
        frame(b'{"a":' + b"9" * 5000 + b"}", 1),
        frame(b"{}", 0),
        frame(b"{}", 3),
        frame(b"", 1, MAX_DOCUMENT + 1),
        frame(b"", 2, MAX_PIECE + 1),
        b"\xff" * 100,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_no_frame_is_refused(pair: tuple[Channel, socket.socket], data: bytes) -> None:
    channel, theirs = pair
    writer = threading.Thread(target=theirs.sendall, args=(data,))
    writer.start()
    with pytest.raises(FormatError):
        channel.receive(60.0)
    channel.cut()
    writer.join()


def test_a_document_is_expected(pair: tuple[Channel, socket.socket]) -> None:
    channel, theirs = pair
    theirs.sendall(frame(b"{}", 2))
    with pytest.raises(FormatError):
        channel.document(60.0)


@pytest.mark.parametrize("data", [b"", b"\0\0", frame(b'{"a"', 1, 100)])
def test_half_a_frame_is_a_lost_connection(
    pair: tuple[Channel, socket.socket], data: bytes
) -> None:
    channel, theirs = pair
    theirs.sendall(data)
    theirs.close()
    with pytest.raises(ConnectionLost):
        channel.receive(60.0)


def test_one_byte_now_and_then_gains_no_time(pair: tuple[Channel, socket.socket]) -> None:
    channel, theirs = pair
    stop = threading.Event()

    def drip() -> None:
        theirs.sendall(struct.pack(">IB", 1000, 1))
        while not stop.wait(0.05):
            theirs.sendall(b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(ConnectionLost):
        channel.receive(0.5)
    assert time.monotonic() - began < 30  # the whole frame takes 50
    stop.set()
    thread.join()


def test_a_reader_that_does_not_read_is_left(pair: tuple[Channel, socket.socket]) -> None:
    channel, _ = pair
    with pytest.raises(ConnectionLost):
        channel.send(bytes(MAX_PIECE), 0.2)


def test_what_is_too_large_or_no_document_is_not_sent() -> None:
    with pytest.raises(UsageError, match="1 MiB"):
        encode({"a": "x" * MAX_DOCUMENT})
    for value in (b"bytes", {1, 2}, float("nan"), "\ud800"):
        with pytest.raises(FormatError):
            encode({"a": value})


def test_parameters_are_checked_by_name_and_type() -> None:
    required, optional = {"record": str, "count": int}, {"note": str}
    check_params({"record": "a", "count": 1}, required, optional)
    check_params({"record": "a", "count": 1, "note": None}, required, optional)
    for wrong, word in (
        ({"record": "a"}, "count is missing"),
        ({"record": "a", "count": True}, "count must be: a whole number"),
        ({"record": None, "count": 1}, "record must be: a text"),
        ({"record": "a", "count": 1, "extra": 1}, "no parameter 'extra'"),
    ):
        with pytest.raises(UsageError, match=word):
            check_params(wrong, required, optional)
