"""Where the passphrase of the keys comes from; it is never printed, logged or put into an error."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from archive.errors import UsageError
from cli.language import say

VARIABLE = "CUNZHENG_PASSPHRASE"
FILE_VARIABLE = "CUNZHENG_PASSPHRASE_FILE"
CREDENTIAL = "cunzheng.passphrase"


def given(environment: Mapping[str, str]) -> str | None:
    """From the environment, a file it names, or systemd's credentials folder; None if nowhere."""
    if value := environment.get(VARIABLE):
        return value
    if named := environment.get(FILE_VARIABLE):
        return _read(Path(named))
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / CREDENTIAL).is_file():
        return _read(Path(folder) / CREDENTIAL)
    return None


def required(environment: Mapping[str, str] = os.environ) -> str:
    """The passphrase; raises UsageError if there is none."""
    found = given(environment)
    if found is None:
        raise UsageError(
            say(
                f"The keys need their passphrase: set {VARIABLE}, or {FILE_VARIABLE} to a file.",
                f"密钥需要口令：请设置 {VARIABLE}，或用 {FILE_VARIABLE} 指定口令文件。",
            )
        )
    return found


def generate() -> str:
    """A new passphrase of 160 random bits, to be shown once."""
    return secrets.token_hex(20)


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The passphrase file {path} cannot be read.") from error
    if not text:
        raise UsageError(f"The passphrase file {path} is empty.")
    return text
