"""What the global options of one call say; commands get it as `Invocation.of(context)`."""

import os
from dataclasses import dataclass
from pathlib import Path

import typer

from archive.errors import UsageError
from cli.language import say
from cli.settings import SETTINGS_FILE, Settings


@dataclass(frozen=True, slots=True)
class Invocation:
    """`home` is None when neither --home nor CUNZHENG_HOME is given."""

    home: Path | None
    json: bool = False
    debug: bool = False

    @classmethod
    def of(cls, context: typer.Context) -> "Invocation":
        """The invocation that the main callback stored in Typer's context."""
        found = context.find_object(cls)
        if found is None:
            raise LookupError("the main callback has not run")
        return found

    def new_home(self) -> Path:
        """Where an archive is to be created; raises UsageError when no place is named."""
        if self.home is None:
            raise UsageError(
                say(
                    "Name the archive with --home DIR or CUNZHENG_HOME.",
                    "请用 --home 目录 或环境变量 CUNZHENG_HOME 指定存证库。",
                )
            )
        return Path(os.path.abspath(self.home))

    def archive_home(self) -> Path:
        """The home of an existing archive; the current folder will do if it is one."""
        if self.home is None and Path(SETTINGS_FILE).is_file():
            return Path.cwd()
        home = self.new_home()
        if not (home / SETTINGS_FILE).is_file():
            raise UsageError(
                say(
                    f"There is no archive in {home}; create one with: cunzheng --home DIR init",
                    f"{home} 中没有存证库；请先运行 cunzheng --home 目录 init 创建。",
                )
            )
        return home

    def settings(self) -> tuple[Path, Settings]:
        """Home and settings of the archive; raises UsageError."""
        home = self.archive_home()
        return home, Settings.load(home / SETTINGS_FILE)
