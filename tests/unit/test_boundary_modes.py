"""Modes of a new home, what is too open, and where a long-running process has its passphrase."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.boundary import FOLDERS, wider
from archive.durable import FileSystem
from archive.errors import UsageError
from archive.founding import Founding, found_home
from archive.keyring import Keyring
from cli import passphrase


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    keyring = Keyring(home / "keys", "a passphrase")
    founding = Founding(home, home / "store", "cunzheng.local/test", "Office")
    before = os.umask(0o002)
    try:
        found_home(FileSystem(), founding, keyring, datetime(2026, 11, 22, tzinfo=UTC), lambda: 77)
    finally:
        os.umask(before)
    return home


def test_modes_of_a_new_home(home: Path) -> None:
    assert mode(home) == 0o710
    assert mode(home / "run") == 0o750
    private = [name for name in FOLDERS if name not in ("run", "inbox")]
    assert {mode(home / name) for name in private} == {0o700}
    assert {mode(home / "store" / name) for name in ("evidence", "live")} == {0o700}
    assert {mode(path) for path in (home / "keys").glob("*.key")} == {0o600}
    assert mode(home / "policy.toml") == 0o644
    assert list(wider(home, home / "store")) == []


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("", 0o750),
        ("", 0o711),
        ("run", 0o755),
        ("run", 0o770),
        ("keys", 0o710),
        ("keys/log.key", 0o640),
        ("staging", 0o701),
        ("store/evidence", 0o750),
        ("cunzheng.db", 0o644),
        ("cunzheng.db-wal", 0o604),
        ("cunzheng.toml", 0o640),
    ],
)
def test_what_is_too_open(home: Path, name: str, to: int) -> None:
    path = home / name
    if not path.exists():
        path.touch()
    path.chmod(to)
    assert [(item.path, item.mode) for item in wider(home, home / "store")] == [(path, to)]


def test_narrower_is_no_fault(home: Path) -> None:
    home.chmod(0o700)
    (home / "run").chmod(0o2750)
    (home / "inbox").chmod(0o2770)
    assert list(wider(home, home / "store")) == []


def test_the_passphrase_does_not_stay_in_the_environment(tmp_path: Path) -> None:
    environment = {passphrase.VARIABLE: "from the environment"}
    assert passphrase.taken(environment) == "from the environment"
    assert environment == {}
    (tmp_path / passphrase.CREDENTIAL).write_text("from a credential\n")
    assert passphrase.taken({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "from a credential"
    with pytest.raises(UsageError):
        passphrase.taken({})
