"""Founding an archive on a server's database: one database, one archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from postgres_server import Server


def test_a_database_holds_one_archive(
    postgres: Server, tmp_path: Path, at_home: Callable[[Path], Any]
) -> None:
    setting = f"database={postgres.database()}"
    first, second = at_home(tmp_path / "one"), at_home(tmp_path / "two")
    assert first("init", "--set", setting).code == 0
    refused = second("init", "--set", setting)
    assert refused.code == 2
    assert "already an archive in the database" in refused.err
    assert not (tmp_path / "two" / "cunzheng.toml").exists()
    assert not (tmp_path / "two" / "keys" / "seal.key").exists()
    assert first("verify").code == 0
