"""The sweep of an inbox: fair between sources, patient, and never mistaken about a lost mount."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from archive.errors import Unreachable
from cli import language
from cli.exits import sentence
from cli.service.faults import describe, restore
from ingest.complete import docking, listing
from ingest.complete.docking import compared
from ingest.drops import is_secret_beside
from ingest.errors import InboxLost, SourceChanged
from ingest.found import Drop, Noticed
from ingest.settle import Settle
from ingest.sweep import Share, Sweeper, Watching

SETTLE, HOUR = 2.0, 3600.0
_KEEPS_OPEN = "import sys, time; f = open(sys.argv[1], 'ab'); print(1, flush=True); time.sleep(60)"
"""Another process: a lease does not see the files of its own."""


class Inbox:
    """An inbox with a clock of its own; `now` is that of the system, for ages of files."""

    def __init__(self, folder: Path, rule: str = "settled", share: Share | None = None) -> None:
        self.folder = folder / "inbox"
        self.folder.mkdir(exist_ok=True)
        self.seconds = 0.0
        self.ahead = 0.0
        self.lost: set[bytes] = set()
        self.remote = False
        self.shares: tuple[bytes, ...] = ()
        self.archived: dict[bytes, float] = {}
        self._share = share
        self._rule = rule
        self.start()

    def start(self) -> None:
        """A new process: it remembers nothing."""
        watching = Watching(
            monotonic=lambda: self.seconds,
            now=lambda: self._stamp() + self.seconds + self.ahead,
            settle=Settle(SETTLE, 60),
            unfinished_seconds=24 * HOUR,
            complete=lambda _: self._rule,
            taken=lambda _, paths, since: {
                path for path in paths if self.archived.get(path, -1) >= since
            },
            is_remote=lambda path: self.remote or path.endswith(self.shares),
        )
        folder = os.fsencode(self.folder)
        self.sweeper = Sweeper(folder, watching, self._share, self.lost.__contains__)

    def _stamp(self) -> float:
        return self.folder.stat().st_ctime

    def put(self, path: str, data: bytes = b"x") -> Path:
        whole = self.folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_bytes(data)
        return whole

    def round(self, after: float = 0.0) -> list[Drop | Noticed]:
        self.seconds += after
        return list(self.sweeper.sweep())

    def settled(self, after: float = 0.0) -> list[Drop | Noticed]:
        """What there is when everything has had the time to settle."""
        self.round(after)
        return self.round(SETTLE)

    def names(self, items: list[Drop | Noticed]) -> list[str]:
        return sorted(item.file.name.decode() for item in items if isinstance(item, Drop))

    def take(self, items: list[Drop | Noticed], *, gone: bool = True) -> None:
        """What the pipeline and the release do."""
        for item in items:
            if isinstance(item, Drop):
                self.sweeper.take(item.file.path, item.sidecar.key if item.sidecar else None)
                self.archived[item.file.path] = self._stamp() + self.seconds
                if gone:
                    os.unlink(item.file.path)


def reasons(items: list[Drop | Noticed]) -> list[str]:
    return sorted(item.reason for item in items if isinstance(item, Noticed))


def notes(items: list[Drop | Noticed]) -> dict[str, list[str]]:
    found = [item for item in items if isinstance(item, Drop)]
    return {drop.file.name.decode(): [code for code, _ in drop.notes] for drop in found}


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


# --- sources in turn


def test_a_source_with_very_many_files_does_not_starve_one_with_three(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, share=Share(100))
    for number in range(1000):
        inbox.put(f"many/{number // 100}/{number}")
    for number in range(3):
        inbox.put(f"few/{number}")
    inbox.round()
    first = inbox.round(SETTLE)
    by_source = [item.file.source for item in first if isinstance(item, Drop)]
    assert (by_source.count("many"), by_source.count("few")) == (100, 3)
    assert inbox.sweeper.has_more
    inbox.take(first)
    inbox.put("few/later")
    seen: list[str] = []
    for _ in range(30):
        some = inbox.round(SETTLE)
        inbox.take(some)
        found = [item for item in some if isinstance(item, Drop)]
        assert len(found) <= 101
        seen += [item.file.name.decode() for item in found]
    assert len(seen) == len(set(seen)) == 901
    assert seen.index("later") < 300, "it came in the third round or so, not after all the others"


def test_a_share_is_bounded_by_bytes_too(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, share=Share(100, 25))
    for number in range(9):
        inbox.put(f"S/{number}", b"0123456789")
    assert len(inbox.settled()) == 3, "10 + 10 + 10 bytes: the third one reaches the limit"


def test_a_drop_is_offered_until_it_is_taken_and_again_when_it_changes(inbox: Inbox) -> None:
    path = inbox.put("S/a")
    items = inbox.settled()
    assert inbox.names(items) == inbox.names(inbox.round()) == ["a"]
    inbox.take(items, gone=False)
    assert inbox.round() == []
    path.write_bytes(b"other")
    assert inbox.names(inbox.settled()) == ["a"]


# --- what is left alone


def test_what_is_no_file_is_noticed_once_and_never_opened(inbox: Inbox, tmp_path: Path) -> None:
    source = inbox.put("S/a").parent
    os.mkfifo(source / "fifo")
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder-link").symlink_to("/etc", target_is_directory=True)
    (source / "circle").symlink_to(source, target_is_directory=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "socket"))
    (inbox.folder / "beside").write_bytes(b"x")
    first = inbox.round()
    assert reasons(first) == ["fifo", "link", "link", "link", "no_source", "socket"]
    assert inbox.names(inbox.round(SETTLE)) == ["a"]
    assert reasons(inbox.round(SETTLE)) == []


def test_a_hard_link_is_noted_and_the_other_name_does_no_harm(inbox: Inbox) -> None:
    path = inbox.put("S/a")
    inbox.put("S/b")
    os.link(path, inbox.folder.parent / "outside")
    items = inbox.settled()
    assert notes(items) == {"a": ["HARD_LINKED"], "b": []}


def test_folders_that_vanish_during_the_walk_are_nothing_to_tell(inbox: Inbox) -> None:
    for number in range(5):
        inbox.put(f"S/{number}/deep/file")
    inbox.round()
    going = inbox.sweeper.sweep()
    inbox.seconds += SETTLE
    first = next(going)
    assert isinstance(first, Drop)
    for number in range(5):
        folder = inbox.folder / f"S/{number}"
        if not first.file.path.startswith(os.fsencode(folder) + b"/"):
            (folder / "deep/file").unlink()
            (folder / "deep").rmdir()
            folder.rmdir()
    assert reasons(list(going)) == []
    assert inbox.names(inbox.round()) == ["file"]


def test_a_forbidden_folder_is_told_and_does_not_hold_up_others(inbox: Inbox) -> None:
    inbox.put("S/closed/a")
    inbox.put("S/b")
    (inbox.folder / "S/closed").chmod(0)
    try:
        items = [*inbox.round(), *inbox.round(SETTLE)]
        assert "b" in inbox.names(items)
        if os.geteuid() != 0:
            assert reasons(items) == ["unreadable"]
    finally:
        (inbox.folder / "S/closed").chmod(0o700)


# --- mounts


def said(error: Exception) -> str:
    """An error as people are told in Chinese, also by a service that met it."""
    language.choose("zh")
    try:
        assert sentence(restore(describe(error))) == sentence(error)
        return sentence(error)
    finally:
        language.choose("en")


def test_a_lost_mount_is_said_and_forgets_nothing(inbox: Inbox) -> None:
    path = inbox.put("S/a")
    inbox.put("T/b")
    items = inbox.settled()
    inbox.take(items, gone=False)
    inbox.lost.add(os.fsencode(inbox.folder / "S"))
    path.rename(inbox.folder.parent / "away")
    assert reasons(inbox.round()) == ["mount_lost"]
    assert reasons(inbox.round()) == [], "said once"
    inbox.lost.clear()
    (inbox.folder.parent / "away").rename(path)
    os.utime(path)
    inbox.round()
    inbox.lost.add(os.fsencode(inbox.folder))
    with pytest.raises(InboxLost, match="mounted file system") as told:
        inbox.round()
    assert said(told.value) == "收件目录原为挂载的文件系统，现已不在挂载中。"


def test_a_missing_inbox_is_no_empty_inbox(inbox: Inbox) -> None:
    inbox.put("S/a")
    inbox.take(inbox.settled(), gone=False)
    away = inbox.folder.rename(inbox.folder.with_name("away"))
    with pytest.raises(InboxLost, match="cannot be read: No such file") as told:
        inbox.round()
    assert said(told.value) == "收件目录无法读取：目录不存在。"
    assert not inbox.folder.exists(), "nothing is made in its place"
    away.rename(inbox.folder)
    assert inbox.round(SETTLE) == [], "it is known still"


@pytest.mark.parametrize("place", ["The inbox", "The outbox", "The staging area"])
def test_a_full_disk_is_said_in_both_languages(place: str) -> None:
    error = Unreachable(f"{place} cannot be written: No space left on device")
    chinese = said(error)
    assert chinese.endswith("无法写入：No space left on device。")
    assert place not in chinese


def test_on_a_share_files_rest_for_a_minute(inbox: Inbox) -> None:
    inbox.remote = True
    inbox.put("S/a")
    assert reasons(inbox.round()) == ["network"]
    assert inbox.round(SETTLE) == []
    assert inbox.names(inbox.round(60)) == ["a"]


def test_a_share_may_be_mounted_anywhere_below_a_source(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.put("S/a")
    inbox.put("S/share/inner/b")
    inbox.shares = (b"/share",)
    real = os.fstat

    def fstat(fd: int) -> os.stat_result:
        found = real(fd)
        if not stat.S_ISDIR(found.st_mode) or "/share" not in os.readlink(f"/proc/self/fd/{fd}"):
            return found
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:]))

    monkeypatch.setattr(os, "fstat", fstat)
    (told,) = inbox.round()
    assert (told.path[-6:], told.reason) == (b"/share", "network")
    assert inbox.names(inbox.round(SETTLE)) == ["a"]
    assert sorted(inbox.names(inbox.round(60))) == ["a", "b"], "what is below it rests for long"


# --- copies that died


@pytest.mark.parametrize("name", ["film.mp4.part", "x.FILEPART", "y.tmp", ".film.mp4.aB3xYz"])
def test_a_copy_that_died_is_taken_after_a_day_and_marked(inbox: Inbox, name: str) -> None:
    inbox.put(f"S/{name}")
    assert inbox.names(inbox.settled()) == []
    assert inbox.names(inbox.settled(23.9 * HOUR)) == []
    items = inbox.settled(0.2 * HOUR)
    assert notes(items) == {name: ["COPY_UNFINISHED"]}
    inbox.take(items)
    assert inbox.names(inbox.settled(24 * HOUR)) == []


def test_a_restart_does_not_begin_the_day_anew_and_a_wrong_clock_makes_nothing_old(
    inbox: Inbox,
) -> None:
    inbox.put("S/film.part")
    inbox.round()
    inbox.ahead = 30 * HOUR
    assert inbox.names(inbox.settled(0.9 * HOUR)) == [], "seen for less than an hour"
    inbox.start()
    inbox.round()
    assert notes(inbox.settled(HOUR)) == {"film.part": ["COPY_UNFINISHED"]}


def test_a_copy_that_goes_on_is_young_again(inbox: Inbox) -> None:
    path = inbox.put("S/film.part")
    inbox.round()
    inbox.round(23 * HOUR)
    with path.open("ab") as file:
        file.write(b"more")
    assert inbox.names(inbox.settled(2 * HOUR)) == []


@pytest.mark.parametrize(
    "name", [".DS_Store", "._film.mp4", "~$a.docx", "a.txt~", ".a.swp", ".config.backup", ".hidden"]
)
def test_other_hidden_and_temporary_names_are_never_taken(inbox: Inbox, name: str) -> None:
    inbox.put(f"S/{name}")
    inbox.round()
    assert inbox.names(inbox.settled(48 * HOUR)) == []


def test_a_temporary_name_that_is_still_written_to_waits(inbox: Inbox) -> None:
    path = inbox.put("S/film.part")
    inbox.round()
    command = (sys.executable, "-c", _KEEPS_OPEN, str(path))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        inbox.settled(48 * HOUR)
        assert inbox.names(inbox.settled(SETTLE)) == []
        writer.kill()
    assert inbox.names(inbox.settled(48 * HOUR)) == ["film.part"]


# --- ready markers


def test_a_file_is_taken_with_its_marker_only_and_the_marker_goes_with_it(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "ready")
    inbox.put("S/a.mp4")
    inbox.put("S/b.mp4")
    inbox.put("S/b.mp4.READY", b"")
    items = inbox.settled()
    assert inbox.names(items) == ["b.mp4"]
    (drop,) = (item for item in items if isinstance(item, Drop))
    assert [one.name for one in drop.beside] == [b"b.mp4.READY"]
    assert reasons(inbox.round(HOUR)) == ["no_marker"]
    inbox.put("S/a.mp4.ready", b"")
    assert inbox.names(inbox.settled()) == ["a.mp4", "b.mp4"]


def test_a_file_without_its_marker_is_taken_after_a_day_and_marked(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "ready")
    inbox.put("S/a.mp4")
    inbox.put("S/alone.ready")
    inbox.round()
    inbox.round(SETTLE)
    assert reasons(inbox.round(2 * HOUR)) == ["marker_alone", "no_marker"]
    assert notes(inbox.round(24 * HOUR)) == {
        "a.mp4": ["COPY_UNFINISHED"],
        "alone.ready": ["COPY_UNFINISHED"],
    }


def test_what_is_too_large_for_a_marker_is_a_drop_and_waits_for_its_own(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path, "ready")
    inbox.put("S/a.mp4")
    inbox.put("S/a.mp4.ready", b"x" * 1025)
    inbox.put("S/b.mp4")
    inbox.put("S/b.mp4.ready", b"x" * 1024)
    assert inbox.names(inbox.settled()) == ["b.mp4"]
    inbox.put("S/a.mp4.ready.ready", b"")
    assert inbox.names(inbox.settled()) == ["a.mp4.ready", "b.mp4"]
    taken = notes(inbox.round(25 * HOUR))
    assert taken == {"a.mp4": ["COPY_UNFINISHED"], "a.mp4.ready": [], "b.mp4": []}


@pytest.mark.parametrize(
    ("data", "marked"),
    [
        ("机密★10年".encode(), True),
        ("完成\n【机密】通知.txt\n".encode("gb18030"), True),
        ("\ufeff密级：秘密".encode("utf-16-le"), True),
        (b"done 2026-11-23 10:00:00\n", False),
        (b"", False),
        (bytes(range(256)) * 4, False),
    ],
)
def test_a_marker_is_looked_at_for_marks(tmp_path: Path, data: bytes, *, marked: bool) -> None:
    inbox = Inbox(tmp_path, "ready")
    inbox.put("S/a.mp4")
    marker = inbox.put("S/a.mp4.ready", data)
    (drop,) = (item for item in inbox.settled() if isinstance(item, Drop))
    assert is_secret_beside(drop) is marked
    marker.unlink()
    with pytest.raises(SourceChanged):
        is_secret_beside(drop)


# --- manifests


def listed(*files: tuple[str, bytes]) -> bytes:
    return b"".join(f"{sha256(data).hexdigest()}  {name}\n".encode() for name, data in files)


def sizes(*files: tuple[str, bytes]) -> bytes:
    rows = [
        {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in files
    ]
    return json.dumps({"files": rows}).encode()


A, B = ("a.mp4", b"first film"), ("DCIM/b.mp4", b"second film")


@pytest.fixture
def station(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path, "manifest")


@pytest.mark.parametrize(("name", "write"), [("manifest.sha256", listed), ("manifest.json", sizes)])
def test_files_wait_for_their_manifest_which_goes_last(
    station: Inbox, name: str, write: Callable[..., bytes]
) -> None:
    for file, data in (A, B):
        station.put(f"S/{file}", data)
    assert station.names(station.settled()) == []
    station.put(f"S/{name}", write(A, B))
    items = station.settled()
    assert station.names(items) == ["a.mp4", "b.mp4"]
    claimed = {drop.file.name: drop.listed for drop in items if isinstance(drop, Drop)}
    assert claimed == {b"a.mp4": sha256(A[1]).digest(), b"b.mp4": sha256(B[1]).digest()}
    station.take(items)
    last = station.round()
    assert (station.names(last), notes(last)) == ([name], {name: []})


def test_a_manifest_waits_for_no_manifest_that_is_there(station: Inbox) -> None:
    """Neither for itself nor for another one that lists it too."""
    both = (("manifest.sha256", b""), ("b.sha256", b""))
    station.put("S/a.mp4", A[1])
    station.put("S/manifest.sha256", listed(A, *both))
    station.put("S/b.sha256", listed(("/card/b.sha256", b""), both[0]))
    items = station.settled()
    station.take(items)
    last = station.round()
    assert notes([*items, *last]) == {"a.mp4": [], "b.sha256": [], "manifest.sha256": []}


def test_a_manifest_below_is_another_one(station: Inbox) -> None:
    station.put("S/manifest.sha256", listed(A, ("cam/manifest.sha256", b"")))
    station.put("S/a.mp4", A[1])
    station.take(station.settled())
    assert station.names(station.round()) == []


def test_a_restart_between_files_and_manifest_knows_what_was_taken(station: Inbox) -> None:
    station.put("S/manifest.json", sizes(A, B))
    for file, data in (A, B):
        station.put(f"S/{file}", data)
    station.take(station.settled())
    station.start()
    assert station.names(station.settled()) == ["manifest.json"]


def test_another_size_waits_and_is_a_finding_at_last(station: Inbox) -> None:
    station.put("S/manifest.json", sizes(A, ("c.mp4", b"third")))
    station.put("S/a.mp4", b"half")
    station.put("S/c.mp4", b"third")
    items = station.settled()
    assert station.names(items) == ["c.mp4"], "one that fails does not hold up others"
    station.take(items)
    late = station.round(24 * HOUR)
    assert notes(late) == {"a.mp4": ["MANIFEST_DIFFERS"]}
    station.take(late)
    assert notes(station.round()) == {"manifest.json": []}


def test_another_digest_is_a_finding_when_the_file_was_read(station: Inbox) -> None:
    station.put("S/manifest.sha256", listed(A))
    station.put("S/a.mp4", b"other film")
    (drop,) = (item for item in station.settled() if isinstance(item, Drop))
    assert drop.notes == ()
    noted = compared(drop, sha256(b"other film").digest())
    assert [code for code, _ in noted.notes] == ["MANIFEST_DIFFERS"]
    assert compared(drop, sha256(A[1]).digest()) is drop


def test_files_that_never_come_are_told_and_then_a_finding_of_the_manifest(
    station: Inbox,
) -> None:
    station.put("S/manifest.json", sizes(A, B))
    station.put("S/a.mp4", A[1])
    station.take(station.settled())
    assert reasons(station.round(HOUR)) == ["manifest_waits"]
    items = station.round(24 * HOUR)
    assert notes(items) == {"manifest.json": ["MANIFEST_MISSING"]}
    (drop,) = (item for item in items if isinstance(item, Drop))
    assert "DCIM/b.mp4" in drop.notes[0][1]


def test_a_manifest_waits_for_no_file_that_is_refused_and_names_none(station: Inbox) -> None:
    secret = "机密★10年.行动方案.txt"
    station.put("S/manifest.json", sizes(A, (secret, b"x")))
    station.put("S/a.mp4", A[1])
    station.take(station.settled())
    items = station.round()
    assert notes(items) == {"manifest.json": []}, "it is refused at once, and not told for a day"
    station.put("S/manifest.json", sizes(A, (secret, b"x"), B))
    station.settled()
    late = station.round(24 * HOUR)
    assert [note for item in late if isinstance(item, Drop) for _, note in item.notes] == [
        "1 listed file did not come: DCIM/b.mp4"
    ]


def test_a_file_that_no_manifest_lists_is_taken_after_a_day_and_marked(station: Inbox) -> None:
    station.put("S/extra.txt")
    station.round()
    station.round(SETTLE)
    assert reasons(station.round(HOUR)) == ["no_manifest"]
    assert notes(station.round(24 * HOUR)) == {"extra.txt": ["MANIFEST_UNLISTED"]}


def test_a_manifest_that_cannot_be_read_is_told_and_holds_nothing_for_ever(station: Inbox) -> None:
    station.put("S/manifest.json", b"{not json")
    station.put("S/a.mp4")
    assert reasons(station.settled()) == ["manifest_bad"]
    assert notes(station.round(24 * HOUR)) == {
        "a.mp4": ["MANIFEST_UNLISTED"],
        "manifest.json": ["MANIFEST_UNLISTED"],
    }


def test_a_thousand_manifests_cost_a_file_no_more_than_one(
    station: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: names that are compared in one look."""
    for number in range(60):
        film = (f"{number}.mp4", b"film %d" % number)
        station.put(f"S/{film[0]}", film[1])
        station.put(f"S/{film[0]}.sha256", listed(film))
    asked: list[bytes] = []
    plain = listing._plain
    monkeypatch.setattr(listing, "_plain", lambda name: asked.append(name) or plain(name))
    films = {f"{number}.mp4" for number in range(60)}
    assert films <= {*station.names(station.settled())}
    asked.clear()
    station.round()
    assert 60 <= len(asked) <= 120


def test_too_many_manifests_of_a_folder_are_told_and_the_others_wait(
    station: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docking, "MOST_MANIFESTS", 1)
    station.put("S/a.mp4", A[1])
    station.put("S/b.mp4", B[1])
    station.put("S/a.mp4.sha256", listed(A))
    station.put("S/b.mp4.sha256", listed(("b.mp4", B[1])))
    assert station.names(items := station.settled()) == ["a.mp4"]
    assert reasons(items) == ["manifests_many"]


def test_the_same_name_listed_in_two_folders_is_two_files(station: Inbox) -> None:
    for folder in ("S/one", "S/two"):
        station.put(f"{folder}/a.mp4", A[1])
        station.put(f"{folder}/manifest.sha256", listed(A))
    assert station.names(station.settled()) == ["a.mp4", "a.mp4"]


def test_a_path_too_long_is_told_and_holds_nothing_up(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    inbox.put("S/a.txt")
    here = os.open(inbox.folder / "S", os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(21):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert reasons(inbox.round()) == ["path_long"]
    assert inbox.names(inbox.settled()) == ["a.txt"]
    shutil.rmtree(inbox.folder)


def test_names_in_gb18030_are_found_in_a_manifest_of_utf8(station: Inbox) -> None:
    name = "现场录像.mp4"
    raw = os.fsencode(station.folder / "S") + b"/" + name.encode("gb18030")
    station.put("S/manifest.json", sizes((name, b"film")))
    with open(raw, "wb") as file:
        file.write(b"film")
    items = station.settled()
    assert [item.file.path for item in items if isinstance(item, Drop)] == [raw]
    station.take(items)
    station.start()
    assert station.names(station.settled()) == ["manifest.json"]
