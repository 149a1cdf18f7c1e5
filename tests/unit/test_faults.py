"""What nobody foresaw goes wrong with one drop, file or source, and never with the others."""

import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from station_sidecars import csv_list, csv_row
from watch_fixture import Watched

from archive.errors import LedgerForked, StateUnknown, Unreachable
from ingest import walk
from ingest.again import Again
from ingest.apart import admit_all
from ingest.batch import Admitted
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.faults import is_of_one
from ingest.found import Drop, Found, Noticed
from ingest.settle import FileKey, Settled
from ingest.sidecars import folder as beside
from signing.errors import CanonicalError, SigningError

KEY = FileKey(1, 2, 3, 4, 5)


def drop(name: str, path: bytes | None = None) -> Drop:
    raw = name.encode()
    return Drop(Found("S", b"", raw, path or b"/" + raw, KEY), None, Settled(lease=True, seconds=2))


class Admission:
    """Takes everything but some drops, which raise."""

    def __init__(self, **bad: Exception) -> None:
        self.bad = bad
        self.calls = 0
        self.taken: list[str] = []

    def __call__(self, drops: Sequence[Drop], read: Sequence[Any]) -> Admitted:
        del read
        self.calls += 1
        names = [one.file.name.decode() for one in drops]
        for name in names:
            if name in self.bad:
                raise self.bad[name]
        self.taken += names
        return Admitted(records=len(names), amended=names)


def test_a_batch_is_taken_without_the_drops_that_make_it_fail() -> None:
    names = [f"n{number}" for number in range(64)]
    admission = Admission(
        n5=OverflowError("secret"), n6=SourceChanged("x"), n7=SourceUnreadable("x"), n63=KeyError()
    )
    found = admit_all(admission, [drop(name) for name in names], ())
    assert admission.taken == [n for n in names if n not in admission.bad], "in their order"
    assert (found.records, found.amended) == (60, admission.taken)
    assert [one.drop.file.name for one in found.faults] == [b"n5", b"n63"]
    assert found.faults[0].what.startswith("OverflowError at ")
    assert "secret" not in found.faults[0].what
    assert [one.file.name for one in (*found.unsettled, *found.unreadable)] == [b"n6", b"n7"]
    assert admission.calls < 30
    whole = Admission()
    admit_all(whole, [drop(name) for name in names], ())
    assert whole.calls == 1


TROUBLES = (
    *(Unreachable("disk full"), StateUnknown("x"), OSError(28, "x"), MemoryError()),
    *(LedgerForked("x"), SigningError("x")),
)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda one: type(one).__name__)
def test_troubles_of_the_system_stop_it_as_before(trouble: Exception) -> None:
    with pytest.raises(type(trouble)):
        admit_all(Admission(b=trouble), [drop("a"), drop("b")], ())
    assert is_of_one(CanonicalError("x"))


def test_what_cannot_be_taken_is_told_once_and_tried_later_and_later(tmp_path: Path) -> None:
    now = [0.0]
    again = Again(lambda: now[0])
    path = tmp_path / "a"
    path.write_bytes(b"a")
    bad = drop("a", str(path).encode())
    assert (again.due(), again.failed(bad, "unreadable")) == ([], True)
    due = []
    for second in range(0, 20_000, 10):
        now[0] = second
        if again.due():
            due.append(second)
            assert not again.failed(bad, "unreadable"), "it was told"
    assert due[:3] == [30, 90, 210]
    assert due[-1] - due[-2] == 3600
    assert again.failed(bad, "another"), "something else is told"
    path.unlink()
    now[0] += 10_000
    assert again.due() == []


def raises(*_: object, **__: object) -> Any:
    raise RuntimeError


def test_a_file_that_cannot_be_looked_into_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(tmp_path)
    watched.put(l_csv=csv_list(csv_row("a.mp4")), a_mp4=b"a", b_txt=b"b")
    monkeypatch.setattr(beside, "look", raises)
    watched.after(0)
    assert watched.told(2) == [("l.csv", "fault")]
    assert watched.offered(15) == {"a.mp4": ("", ""), "b.txt": ("", "")}, "they waited for a list"
    monkeypatch.undo()
    watched.put(a_mp4=b"again")
    watched.after(0)
    assert watched.offered(2) == {"a.mp4": ("l.csv", "row"), "l.csv": ("", "list")}


@pytest.mark.parametrize("part", ["settled", "rule"])
def test_a_folder_or_a_source_that_fails_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    watched = Watched(tmp_path)
    (tmp_path / "inbox/T").mkdir()
    (tmp_path / "inbox/T/t.txt").write_bytes(b"t")
    watched.put(a_txt=b"a")
    real = walk.SourceWalk._begin

    def begin(self: Any) -> None:
        real(self)
        if self._source == "S" and part == "rule":
            self._rule.close = raises
        elif self._source == "S":
            self._settled = raises

    monkeypatch.setattr(walk.SourceWalk, "_begin", begin)
    items = [*watched.after(0), *watched.after(2), *watched.after(2)]
    faults = [item for item in items if isinstance(item, Noticed)]
    assert [(one.path[-7:], one.reason) for one in faults] == [(b"inbox/S", "fault")], "told once"
    assert faults[0].what.startswith("RuntimeError at ")
    assert b"t.txt" in {item.file.name for item in items if isinstance(item, Drop)}
    monkeypatch.undo()
    assert Noticed(faults[0].path, "fault") not in watched.after(2)


class Torn:
    """A folder's entries, of which the system gives only some."""

    def __init__(self, entries: Any) -> None:
        self._entries = entries

    def __enter__(self) -> Iterator[Any]:
        yield from sorted(self._entries, key=lambda one: str(one.name))[:1]
        raise OSError(errno.EIO, "torn")

    def __exit__(self, *_: object) -> None:
        self._entries.close()


def test_nothing_is_made_of_half_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(tmp_path)
    inner = watched.folder / "inner"
    inner.mkdir()
    (inner / "a.txt").write_bytes(b"a")
    (inner / "a.txt.json").write_bytes(b'{"cunzheng_sidecar": 1}')
    watched.after(0)
    real, torn = os.scandir, [True]

    def scandir(fd: int) -> Any:
        here = os.readlink(f"/proc/self/fd/{fd}").endswith("inner")
        return Torn(real(fd)) if here and torn else real(fd)

    monkeypatch.setattr(os, "scandir", scandir)
    assert watched.told(2) == [("inner", "unreadable")]
    assert watched.after(2) == [], "told once"
    torn.clear()
    watched.after(2)
    assert watched.offered(2) == {"a.txt": ("a.txt.json", "")}
