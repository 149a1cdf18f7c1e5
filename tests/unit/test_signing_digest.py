import hashlib
import threading

import pytest

from signing import digest as module
from signing.digest import ALGORITHMS, Digest, Hasher
from signing.errors import DigestError

# GB/T 32905-2016 A.1
SM3_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_sm3_vector_of_the_standard() -> None:
    assert str(Digest.of("sm3", b"abc")) == f"sm3:{SM3_ABC}"


def test_sm3_without_hashlib_gives_the_same() -> None:
    fallback = module._CryptographySm3()
    fallback.update(b"a")
    fallback.update(b"bc")
    assert fallback.digest().hex() == SM3_ABC


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_text_form_and_back(algorithm: str) -> None:
    digest = Digest.of(algorithm, b"x")
    assert Digest.parse(str(digest)) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:" + "0" * 63,
        "sha256:" + "0" * 62,
        "sha256:" + "0" * 66,
        "sha256:" + "A" * 64,
        "sha256:" + "0" * 63 + "\n",
        "sha256:" + "0" * 64 + "\n",
        " sha256:" + "0" * 64,
        "SHA256:" + "0" * 64,
        "md5:" + "0" * 32,
        "sha512:" + "0" * 64,
        "sha256:" + "٠" * 64,
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(DigestError):
        Digest.parse(text)


def test_value_of_wrong_length_is_refused() -> None:
    with pytest.raises(DigestError, match="32 bytes"):
        Digest("sha256", bytes(31))


@pytest.mark.parametrize("threads", [False, True])
def test_hasher_gives_all_digests_in_order(*, threads: bool) -> None:
    chunks = [bytes([n]) * (1 << 20) for n in range(8)]
    with Hasher(("sm3", "sha256"), threads=threads) as hasher:
        for chunk in chunks:
            hasher.update(chunk)
        found = hasher.finish()
    whole = b"".join(chunks)
    assert found == (Digest.of("sm3", whole), Digest.of("sha256", whole))


def test_hasher_of_nothing() -> None:
    assert Hasher(["sha256"]).finish()[0].value == hashlib.sha256().digest()


@pytest.mark.parametrize("names", [[], ["md5"], ["sha256", "sha256"]])
def test_hasher_wants_known_algorithms_once(names: list[str]) -> None:
    with pytest.raises(DigestError):
        Hasher(names)


def test_finished_hasher_is_closed() -> None:
    hasher = Hasher(["sha256"], threads=True)
    hasher.finish()
    with pytest.raises(DigestError):
        hasher.update(b"")
    with pytest.raises(DigestError):
        hasher.finish()


def test_threads_are_joined_without_finish() -> None:
    before = set(threading.enumerate())
    with Hasher(ALGORITHMS, threads=True) as hasher:
        hasher.update(b"x" * 1000)
        new = {thread.name for thread in set(threading.enumerate()) - before}
        assert new == {f"hash-{algorithm}" for algorithm in ALGORITHMS}
    assert set(threading.enumerate()) <= before


class _Broken:
    def update(self, data: bytes, /) -> None:
        raise MemoryError("no memory")

    def digest(self) -> bytes:
        return b""


def test_error_in_a_lane_reaches_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_new", lambda _: _Broken())
    hasher = Hasher(["sha256"], threads=True)
    hasher._lanes[0][1].update(b"x")
    with pytest.raises(MemoryError, match="no memory"):
        hasher.finish()
    with pytest.raises(MemoryError, match="no memory"):
        hasher._lanes[0][1].update(b"x")
    assert not any(t.name == "hash-sha256" for t in threading.enumerate())
