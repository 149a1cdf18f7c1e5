"""Digests as values, and hashing with several algorithms in one pass.

The text form is ``alg:hex`` in lower case, for example ``sha256:e3b0…``. SM3 is GB/T 32905-2016.
"""

import hashlib
import queue
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from signing.errors import DigestError

ALGORITHMS = ("sha256", "sm3", "sha512")
_SIZES = {"sha256": 32, "sm3": 32, "sha512": 64}
_HEX = re.compile(r"[0-9a-f]+\Z")
_QUEUE_CHUNKS = 4


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _CryptographySm3:
    """SM3 for Python builds whose OpenSSL was compiled without it."""

    def __init__(self) -> None:
        # Not needed where hashlib has SM3, and slow to import.
        from cryptography.hazmat.primitives import hashes

        self._hash = hashes.Hash(hashes.SM3())

    def update(self, data: bytes, /) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return self._hash.finalize()


_FRESH: "dict[str, hashlib._Hash]" = {}
"""A hash that has seen nothing: copying it is three times as fast as asking OpenSSL by name."""


def _new(algorithm: str) -> _Hash:
    fresh = _FRESH.get(algorithm)
    if fresh is not None:
        return fresh.copy()
    if algorithm not in _SIZES:
        raise DigestError(f"The digest algorithm {algorithm!r} is not one of {ALGORITHMS}.")
    try:
        _FRESH[algorithm] = hashlib.new(algorithm)
    except ValueError:
        if algorithm == "sm3":
            return _CryptographySm3()
        raise
    return _FRESH[algorithm].copy()


@dataclass(frozen=True, slots=True)
class Digest:
    """The value of one hash function, with the function's name."""

    algorithm: str
    value: bytes

    def __post_init__(self) -> None:
        size = _SIZES.get(self.algorithm)
        if size is None:
            raise DigestError(
                f"The digest algorithm {self.algorithm!r} is not one of {ALGORITHMS}."
            )
        if len(self.value) != size:
            raise DigestError(f"A {self.algorithm} digest has {size} bytes, not {len(self.value)}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``alg:hex``; the strict inverse of ``str``. Raises DigestError."""
        algorithm, colon, digits = text.partition(":")
        if not colon or not _HEX.match(digits) or len(digits) % 2:
            raise DigestError("A digest has the form alg:hex with lower-case hex digits.")
        return cls(algorithm, bytes.fromhex(digits))

    @classmethod
    def of(cls, algorithm: str, data: bytes) -> Self:
        """Hash ``data`` that is in memory."""
        hasher = _new(algorithm)
        hasher.update(data)
        return cls(algorithm, hasher.digest())

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"


def hex_of(algorithm: str, data: bytes) -> str:
    """Hash ``data`` that is in memory; lower-case hex. Raises DigestError."""
    if algorithm == "sha256":
        return hashlib.sha256(data).hexdigest()
    hasher = _new(algorithm)
    hasher.update(data)
    return hasher.digest().hex()


class _Lane:
    """One algorithm running in its own thread behind a bounded queue."""

    def __init__(self, algorithm: str) -> None:
        self._hash = _new(algorithm)
        self._queue: queue.Queue[bytes | None] = queue.Queue(_QUEUE_CHUNKS)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"hash-{algorithm}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # After an error the lane keeps emptying its queue, so that the producer never blocks.
        while (chunk := self._queue.get()) is not None:
            if self._error is None:
                try:
                    self._hash.update(chunk)
                except BaseException as error:
                    self._error = error

    def update(self, data: bytes, /) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put(data)

    def join(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def digest(self) -> bytes:
        self.join()
        if self._error is not None:
            raise self._error
        return self._hash.digest()


class Hasher:
    """Several digests in one pass over the data.

    With ``threads`` every algorithm has a thread (hashlib releases the interpreter lock), which
    pays for chunks of 1 MiB and more; at most four chunks wait per algorithm. Chunks must be
    immutable bytes then. Use as a context manager, or call ``close``: it always joins.
    """

    def __init__(self, algorithms: Iterable[str], *, threads: bool = False) -> None:
        names = tuple(algorithms)
        if not names or len(set(names)) != len(names):
            raise DigestError("A hasher needs one or more algorithms, each named once.")
        self._lanes: list[tuple[str, _Hash]] = []
        self._closed = False
        for name in names:
            _new(name)  # an unknown name is refused before any thread starts
        for name in names:
            self._lanes.append((name, _Lane(name) if threads else _new(name)))

    def update(self, chunk: bytes) -> None:
        """Take the next bytes. Raises what a lane raised."""
        if self._closed:
            raise DigestError("This hasher is finished.")
        for _, lane in self._lanes:
            lane.update(chunk)

    def finish(self) -> tuple[Digest, ...]:
        """Return the digests in the order of ``algorithms``; the hasher is closed afterwards."""
        if self._closed:
            raise DigestError("This hasher is finished.")
        try:
            return tuple(Digest(name, lane.digest()) for name, lane in self._lanes)
        finally:
            self.close()

    def close(self) -> None:
        """Stop and join every thread; safe to call twice."""
        self._closed = True
        for _, lane in self._lanes:
            if isinstance(lane, _Lane):
                lane.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
