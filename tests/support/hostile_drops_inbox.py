"""What is laid into an inbox to harm who walks through it: no files, endless files, names."""

import json
import os
import socket
import threading
import time
from pathlib import Path

from hostile_drops import LEFT, QUARANTINED, WHOLE, MiB, drop, laid, scaled

_LINE = "当事人张三未经许可从事道路货物运输经营，".encode()
_MARK = b'{"cunzheng_sidecar": 1, '
LONG_NAME = "证" * 83 + ".txt"
"""253 bytes: the longest name a file can have, less one character."""


def long_line(folder: Path) -> None:
    block = _LINE * (MiB // len(_LINE))
    with (folder / "line.txt").open("wb") as file:
        for _ in range(scaled(3, 1024)):
            file.write(block)


def sparse(folder: Path) -> None:
    """A terabyte of which nothing is on the disk."""
    with (folder / "sparse.bin").open("wb") as file:
        file.write(b"begins like a file")
        file.truncate(1 << 40)


def endless_sidecar(folder: Path) -> None:
    """Grows as long as somebody looks, at most for some seconds."""
    (folder / "growing.txt").write_text("正文\n", encoding="utf-8")
    sidecar = folder / "growing.txt.json"
    sidecar.write_bytes(_MARK + b'"note": "')

    def grow() -> None:
        until = time.monotonic() + (6 if WHOLE else 1)
        with sidecar.open("ab", buffering=0) as file:
            while time.monotonic() < until:
                file.write(b"a" * 1000)
                time.sleep(0.01)

    threading.Thread(target=grow, daemon=True).start()
    time.sleep(0.05)


def sidecar_of(name: str, claims: dict[str, object]) -> None:
    """A drop whose sidecar tries something."""

    def lay(folder: Path) -> None:
        (folder / name).write_text("正文\n", encoding="utf-8")
        claimed = {"cunzheng_sidecar": 1, **claims}
        (folder / f"{name}.json").write_text(json.dumps(claimed), encoding="utf-8")

    laid(name, f"a sidecar that says {json.dumps(claims)[:60]}", lay, outcome=QUARANTINED)


def big_sidecar(folder: Path) -> None:
    (folder / "big-sidecar.txt").write_text("正文\n", encoding="utf-8")
    note = b'"note":"' + b"x" * scaled(MiB + 1, 200 * MiB)
    (folder / "big-sidecar.txt.json").write_bytes(_MARK + note)


def looping_links(folder: Path) -> None:
    (folder / "links").mkdir()
    (folder / "links" / "up").symlink_to("..")
    (folder / "links" / "out").symlink_to("/etc/passwd")
    (folder / "links" / "self").symlink_to("self")


def listening(folder: Path) -> None:
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket may have 107 bytes
    try:
        made = socket.socket(socket.AF_UNIX)
        made.bind("socket.txt")
        made.close()
    finally:
        os.chdir(here)


def closed(folder: Path) -> None:
    path = folder / "closed.txt"
    path.write_text("正文\n", encoding="utf-8")
    path.chmod(0)


def deep_folders(folder: Path) -> None:
    here = folder
    for _ in range(60):
        here = here / "深"
        here.mkdir()
    (here / "deep.txt").write_text("正文\n", encoding="utf-8")


def long_name(folder: Path) -> None:
    (folder / LONG_NAME).write_text("正文\n", encoding="utf-8")


def evil_names(folder: Path) -> None:
    for name in (
        b"a\nb\x1b[2J.txt",
        b"\xff\xfe\xfd.txt",
        "\u202etxt.exe".encode(),
        b"-rf .txt ",
        b"$(id).txt",
    ):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(name)


def hard_links(folder: Path) -> None:
    """A file that another name outside the inbox may still change."""
    (folder / "linked.txt").write_text("正文\n", encoding="utf-8")
    os.link(folder / "linked.txt", folder / "linked-too.txt")


laid("line.txt", "a text of 1 GB in one line", long_line)
laid("sparse.bin", "a sparse file of 1 TB", sparse, outcome=LEFT)
laid(
    "fifo.txt",
    "a FIFO: whoever opens it waits for ever",
    lambda folder: os.mkfifo(folder / "fifo.txt"),
    outcome=LEFT,
)
laid("socket.txt", "a socket", listening, outcome=LEFT)
laid("links", "links in a circle, and one to /etc/passwd", looping_links, outcome=LEFT)
laid("growing.txt", "a sidecar that never ends", endless_sidecar, outcome=QUARANTINED)
laid("big-sidecar.txt", "a sidecar of 200 MB", big_sidecar, outcome=QUARANTINED)
sidecar_of("traversal.txt", {"name": "../../../../etc/cron.d/x"})
sidecar_of("folder.txt", {"sha256": "../" * 20 + "etc/passwd"})
sidecar_of("claims.txt", {"case": "../../../../etc/passwd", "place": "\u202e$(id)\x1b[2J"})
laid("closed.txt", "a file that nobody may read", closed)
laid("深", "sixty folders within each other", deep_folders)
laid(LONG_NAME, "a name of 253 bytes", long_name)
laid("names", "names with line breaks, escapes and reversed letters", evil_names)
laid("linked.txt", "two names for one file", hard_links)
drop("alone.txt.json", "a sidecar without its file", lambda: _MARK + b'"case": "1"}', outcome=LEFT)
