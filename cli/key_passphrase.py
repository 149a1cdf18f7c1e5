"""Where the passphrase or PIN of a person's key comes from; it is never printed or logged.

The archive's own passphrase opens no key of a person: each has a variable, or a prompt.
"""

import os
import sys
from collections.abc import Mapping
from getpass import getpass
from pathlib import Path

from archive.errors import UsageError
from cli.language import say

KEY_VARIABLE = "CUNZHENG_KEY"
FIRST = "CUNZHENG_KEY_PASSPHRASE"
SECOND = "CUNZHENG_SECOND_KEY_PASSPHRASE"


def given(*, second: bool = False, environment: Mapping[str, str] = os.environ) -> str | None:
    """From the environment, or a file that it names (`…_FILE`); None where there is neither."""
    variable = SECOND if second else FIRST
    if value := environment.get(variable):
        return value
    named = environment.get(f"{variable}_FILE")
    return _read(Path(named)) if named else None


def required(source: str, *, second: bool = False) -> str:
    """The same, or asked for at the terminal; raises UsageError where that cannot be."""
    found = given(second=second)
    if found is None and sys.stdin.isatty():
        found = getpass(say(f"Passphrase of {source}: ", f"{source} 的口令："))
    if not found:
        variable = SECOND if second else FIRST
        raise UsageError(
            say(
                f"The key {source} needs its passphrase: set {variable}, or {variable}_FILE.",
                f"密钥 {source} 需要口令：请设置 {variable} 或 {variable}_FILE。",
            )
        )
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            say(f"The passphrase file {path} cannot be read.", f"无法读取口令文件 {path}。")
        ) from error
