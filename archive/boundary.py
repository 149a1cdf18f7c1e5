"""Permissions of a home: who has the account that holds the archive, and who has not.

    home 0710, run/ 0750     a group may pass through to the socket, and see nothing on the way
    run/cunzheng.sock 0660   whoever is in that group may ask the service
    inbox/                   as devices and people need it that drop files there
    everything else          of the archive's own account alone

`policy.toml` is public; it is only its folder that keeps it.
"""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HOME_MODE = 0o710
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
FOLDERS: Mapping[str, int | None] = {
    "keys": PRIVATE_FOLDER,
    "inbox": None,
    "staging": PRIVATE_FOLDER,
    "scratch": PRIVATE_FOLDER,
    "locks": PRIVATE_FOLDER,
    "outbox": PRIVATE_FOLDER,
    "quarantine": PRIVATE_FOLDER,
    "purge": PRIVATE_FOLDER,
    "taken": PRIVATE_FOLDER,
    "uploads": PRIVATE_FOLDER,
    "run": 0o750,
}
"""Folders of a home with their modes; None leaves it as the system makes it."""
PLACES = ("evidence", "live")
"""Folders of the directory store; each is private."""


@dataclass(frozen=True, slots=True)
class Wider:
    """A path that is open to more than it may be, with its mode and the widest lawful one."""

    path: Path
    mode: int
    allowed: int


def wider(home: Path, store: Path) -> Iterator[Wider]:
    """Everything of a home that is too open; a path that is not there is none."""
    rules = {home: HOME_MODE}
    rules |= {home / name: mode for name, mode in FOLDERS.items() if mode is not None}
    rules |= {store / name: PRIVATE_FOLDER for name in PLACES}
    files = [home / "cunzheng.toml", *home.glob("cunzheng.db*"), *home.glob("keys/*.key")]
    rules |= dict.fromkeys(files, PRIVATE_FILE)
    for path, allowed in rules.items():
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            continue
        if mode & 0o077 & ~allowed:
            yield Wider(path, mode, allowed)
