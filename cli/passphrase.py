"""Where the passphrase of the keys and the PIN of a token come from.

They are never printed, logged or put into an error.
"""

import os
import secrets
import sys
from collections.abc import Mapping, MutableMapping
from getpass import getpass
from pathlib import Path

from archive.errors import UsageError
from cli.language import say

VARIABLE = "CUNZHENG_PASSPHRASE"
FILE_VARIABLE = "CUNZHENG_PASSPHRASE_FILE"
CREDENTIAL = "cunzheng.passphrase"
PIN_VARIABLE = "CUNZHENG_PIN"
PIN_FILE_VARIABLE = "CUNZHENG_PIN_FILE"
PIN_CREDENTIAL = "cunzheng.pin"


def given(environment: Mapping[str, str]) -> str | None:
    """From the environment, a file it names, or systemd's credentials folder; None if nowhere."""
    return _find(environment, VARIABLE, CREDENTIAL)


def required_pin(environment: Mapping[str, str] = os.environ) -> str:
    """The PIN of the token with the archive's key; raises UsageError if there is none."""
    found = _find(environment, PIN_VARIABLE, PIN_CREDENTIAL)
    if found is None:
        raise UsageError(
            say(
                f"The token needs its PIN: set {PIN_VARIABLE}, or {PIN_FILE_VARIABLE} to a file.",
                f"密码设备需要 PIN：请设置 {PIN_VARIABLE}，或用 {PIN_FILE_VARIABLE} 指定文件。",
            )
        )
    return found


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


def taken(environment: MutableMapping[str, str] = os.environ) -> str:
    """The passphrase for a process that goes on for long: asked for at a terminal if need be.

    It does not stay in the environment, from where programs that are started would get it.
    """
    found = given(environment)
    environment.pop(VARIABLE, None)
    if found is None and sys.stdin.isatty():
        found = getpass(say("Passphrase of the keys: ", "密钥口令："))
    return found or required(environment)


def generate() -> str:
    """A new passphrase of 160 random bits, to be shown once."""
    return secrets.token_hex(20)


def _find(environment: Mapping[str, str], variable: str, credential: str) -> str | None:
    if value := environment.get(variable):
        return value
    if named := environment.get(f"{variable}_FILE"):
        return _read(Path(named))
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / credential).is_file():
        return _read(Path(folder) / credential)
    return None


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The passphrase or PIN file {path} cannot be read.") from error
    if not text:
        raise UsageError(f"The passphrase or PIN file {path} is empty.")
    return text
