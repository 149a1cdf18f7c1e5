"""One small real archive per session, made by the commands themselves."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demo_drops import make_drops
from home_copies import copy_home
from stored_files import Stored, stored

from cli import language
from cli.main import run
from cli.service import operations_search

PASSPHRASE = "a passphrase for tests"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """Calls commands in this process, as the console script does."""

    home: Path | None

    def __call__(self, *arguments: object, passphrase: str | None = PASSPHRASE) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch:
            for name in ("CUNZHENG_HOME", "CUNZHENG_PASSPHRASE", "CUNZHENG_PASSPHRASE_FILE"):
                patch.delenv(name, raising=False)
            if passphrase is not None:
                patch.setenv("CUNZHENG_PASSPHRASE", passphrase)
            front = ["--home", str(self.home)] if self.home else []
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run([*front, *map(str, arguments)], {})
        language.choose("en")
        return Done(code, out.getvalue(), err.getvalue())

    def record(self, *query: object) -> str:
        """The newest record that a search finds."""
        return str(self("search", *query, "--json").json["records"][0]["record"])

    def stored(self, record: str, part: str = "content") -> Stored:
        """Where a file of a record stands on disk."""
        assert self.home is not None
        return stored(self.home / "store/evidence", record, part)


@pytest.fixture(autouse=True)
def _searches_catch_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search first indexes all that waits, however busy the machine is."""
    monkeypatch.setattr(operations_search.catch_up, "__defaults__", (300.0,))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """An archive with the demo drops, sealed. Shared: leave every stored byte as it is."""
    cli = Cli(tmp_path_factory.mktemp("cli") / "home")
    assert cli.home is not None
    assert cli("init").code == 0
    settings = cli.home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(
        text.replace("settle_seconds = 2.0", "settle_seconds = 0.0"), encoding="utf-8"
    )
    make_drops(cli.home / "inbox")
    done = cli("watch", "--once", "--json")
    assert done.code == 1, done.err  # one drop is quarantined, one refused
    assert done.json["receipts"] >= 40
    return cli


@pytest.fixture
def own(archive: Cli, tmp_path: Path) -> Cli:
    """A copy of the archive, to be damaged."""
    assert archive.home is not None
    copy_home(archive.home, tmp_path / "own")
    return Cli(tmp_path / "own")


@pytest.fixture(scope="session")
def at_home() -> Callable[[Path], Cli]:
    """Commands for an archive in a folder, made by `init` or not."""
    return Cli


@pytest.fixture
def outside() -> Cli:
    """Commands without any archive."""
    return Cli(None)


@pytest.fixture
def overwrite() -> Callable[[Path, bytes], None]:
    """Replace a stored, read-only file."""

    def change(path: Path, data: bytes) -> None:
        path.chmod(0o644)
        path.write_bytes(data)

    return change
