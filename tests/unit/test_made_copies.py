"""Copies made for one access: on the ledger before the first byte, and never beyond the grant."""

import os
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import policy_of
from release_fixture import Office, make_office
from sqlalchemy import select

from archive import layout
from archive.desk.making import MadeFile, made_copy, original_in
from archive.desk.release import Handed, Order
from archive.entry import Entry
from archive.errors import CopyNotMade, Denied, Unreachable
from archive.ledger import ENTRY
from archive.pieces import PIECE_SIZE
from archive.sealed_record import PieceAltered
from archive.verify.run import verify

CONTENT = bytes(range(256)) * (PIECE_SIZE // 256) + b"the end of a film"
SPAN = {"from": 1000, "to": 2000}
BYTES = {"from": 100, "to": 5000}
COPY = b"what was made of it" * 10


@dataclass
class Maker:
    """Makes what a test wants; keeps what it saw."""

    form: str = "excerpt"
    span: dict[str, int] | None = None
    range: dict[str, int] | None = None
    content: bytes = COPY
    error: Exception | None = None
    seen: bytes = b""

    def make(self, original: Path, folder: Path) -> MadeFile:
        self.seen = original.read_bytes()
        if self.error is not None:
            raise self.error
        path = folder / "made.mp4"
        path.write_bytes(self.content)
        tool = "sha256:" + "ab" * 32
        return MadeFile(path, ".mp4", "test/1", tool, self.range, self.span)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return make_office(tmp_path, CONTENT)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"


def excerpt(office: Office, **changed: Any) -> Any:
    """An order for an excerpt by time, of an inspector, who needs no approval."""
    author = office.people.authors["insp"]
    request = author.id()
    payload, data = office.asking("internal_supervision", "excerpt", request, segments=[BYTES])
    office.people.say("insp", "access.requested", {**payload, "span": SPAN}, data)
    said = {"form": "excerpt", "span": SPAN, "range": BYTES, **changed}
    return office.start("insp", request, "excerpt", **said)


def marked(office: Office) -> Any:
    request = office.request("insp", "internal_supervision", "copy")
    return office.start("insp", request, "copy", form="marked")


def last(office: Office) -> tuple[str, int, str | None]:
    return office.ends()[-1]


def made_entries(office: Office) -> list[Any]:
    published = office.archive.head().published
    with office.archive.db.read() as connection:
        query = select(ENTRY.c.data).where(ENTRY.c.stream == "registry", ENTRY.c.idx < published)
        entries = map(Entry.parse, connection.execute(query).scalars())
        return [entry for entry in entries if entry.kind == "derived.made"]


def codes(office: Office) -> list[str]:
    """Findings of a verification of the whole."""
    archive = office.archive
    places, now = archive.places, archive.clock.now()
    report = verify(places.evidence, places.live, policy_of(archive), now=now, workers=1)
    return [item.code for item in report.findings]


def test_sealed_before_the_first_byte(office: Office, scratch: Path) -> None:
    maker = Maker(span=SPAN, range=BYTES)
    with (
        office.release.open(excerpt(office)) as retrieval,
        made_copy(retrieval, maker, scratch) as copy,
    ):
        (entry,) = made_entries(office)
        assert retrieval.handed_out == 0
        assert b"".join(copy.parts) == COPY
    assert maker.seen == CONTENT
    pieces = copy.facts["pieces"]
    assert (pieces["count"], pieces["first"], pieces["number"]) == (2, 0, 1)
    assert pieces["digests"] == [f"sha256:{sha256(CONTENT[:PIECE_SIZE]).hexdigest()}"]
    assert (entry.subject, entry.actor, entry.body["size"]) == (
        office.record,
        "system/media",
        len(COPY),
    )
    assert (entry.body["span"], entry.body["range"]) == (SPAN, BYTES)
    assert entry.body["key"] is None
    assert last(office) == ("access.completed", len(COPY), None)
    assert list(scratch.iterdir()) == []
    assert codes(office) == []


def test_a_marked_copy_of_the_whole(office: Office, scratch: Path) -> None:
    with (
        office.release.open(marked(office)) as retrieval,
        made_copy(retrieval, Maker("marked"), scratch) as copy,
    ):
        assert b"".join(copy.parts) == COPY
        assert copy.facts["parent_size"] == len(CONTENT)
        assert copy.facts["pieces"] is None
    (entry,) = made_entries(office)
    assert entry.body["role"] == "marked"
    assert "span" not in entry.body


@pytest.mark.parametrize(
    ("span", "part"),
    [
        ({"from": 999, "to": 2000}, BYTES),
        (SPAN, {"from": 99, "to": 5000}),
        (SPAN, {"from": 100, "to": 5001}),
        (None, None),
    ],
)
def test_nothing_beyond_what_was_granted(
    office: Office, scratch: Path, span: Any, part: Any
) -> None:
    maker = Maker(span=span, range=part)
    order = excerpt(office)
    with (
        pytest.raises(CopyNotMade) as caught,
        office.release.open(order) as retrieval,
        made_copy(retrieval, maker, scratch),
    ):
        raise AssertionError("handed out")
    assert caught.value.code == "RANGE_DIFFERS"
    assert last(office) == ("access.aborted", 0, "RANGE_DIFFERS")
    assert made_entries(office) == []


@pytest.mark.parametrize(
    ("maker", "code"),
    [
        (Maker(error=CopyNotMade("NOT_A_FILM", "No film.")), "NOT_A_FILM"),
        (Maker(error=ValueError("a bug")), "FAILED"),
        (Maker(content=b"", span=SPAN, range=BYTES), "COPY_FAILED"),
    ],
)
def test_what_cannot_be_made(office: Office, scratch: Path, maker: Maker, code: str) -> None:
    order = excerpt(office)
    with (
        pytest.raises((CopyNotMade, ValueError)),
        office.release.open(order) as retrieval,
        made_copy(retrieval, maker, scratch),
    ):
        raise AssertionError("handed out")
    assert last(office) == ("access.aborted", 0, code)
    assert list(scratch.iterdir()) == []


def test_an_altered_original_is_no_source(office: Office, scratch: Path) -> None:
    path = office.archive.home / "store/evidence" / layout.content_key(office.record)
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    order = excerpt(office)
    with (
        pytest.raises(PieceAltered),
        office.release.open(order) as retrieval,
        made_copy(retrieval, Maker(span=SPAN, range=BYTES), scratch),
    ):
        raise AssertionError("handed out")
    assert last(office) == ("access.aborted", 0, "PIECE_ALTERED")


def test_a_receiver_that_leaves_amid_is_counted(office: Office, scratch: Path) -> None:
    maker = Maker(span=SPAN, range=BYTES, content=bytes(9 << 20))

    def leave() -> None:
        with (
            office.release.open(excerpt(office)) as retrieval,
            made_copy(retrieval, maker, scratch) as copy,
        ):
            next(iter(copy.parts))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()
    assert last(office) == ("access.aborted", 4 << 20, "INTERRUPTED")
    assert list(scratch.iterdir()) == []


def test_a_process_that_died_handed_out_no_more_than_was_made(
    office: Office, scratch: Path
) -> None:
    """Its lock is gone with the note of what it counted."""
    release = office.release
    first = release.open(excerpt(office))
    first.__enter__()
    for lock in release.locks.glob("*.lock"):
        lock.unlink()
    assert release.abort_dead_accesses() == [first.access]
    office.archive.seal()
    assert last(office) == ("access.aborted", 0, "PROCESS_ENDED")


def test_no_room_on_the_disk(scratch: Path) -> None:
    with pytest.raises(Unreachable, match="no room"), original_in(scratch, [b"x"], 1 << 60):
        pass


def test_a_confidential_access_has_no_form(office: Office) -> None:
    author = office.people.authors["insp"]
    request = author.id()
    payload, data = office.asking("internal_supervision", "copy", request)
    asked = Handed(*author.make("access.requested", payload, data))
    order = office.start("insp", request, "copy", form="marked")
    with (
        pytest.raises(Denied) as caught,
        office.confidential.open(Order(order.started, asked, order.account)),
    ):
        raise AssertionError("handed out")
    assert caught.value.code == "NOT_CONCEALABLE"


def test_what_a_killed_process_left_is_removed(scratch: Path) -> None:
    """An original that nobody handles any more must not stay on the disk."""
    scratch.mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = scratch / f"{gone.pid}-copy-x"
    left.mkdir()
    (left / "original").write_bytes(b"evidence")
    live = scratch / f"{os.getpid()}-copy-y"
    live.mkdir()
    with original_in(scratch, [b"x"], 1):
        assert not left.exists()
        assert live.is_dir()
