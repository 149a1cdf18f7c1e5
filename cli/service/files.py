"""Files that an operation makes for its caller: they travel as bytes and are written by the caller,
with his own rights. A service never writes to a place that a client names.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archive.bundle import write_bundle
from archive.durable import FileSystem
from archive.errors import FormatError

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)


def packed(files: Mapping[str, bytes]) -> dict[str, str]:
    """Files by name as JSON data."""
    return {name: base64.b64encode(data).decode("ascii") for name, data in files.items()}


def unpacked(value: Any) -> dict[str, bytes]:
    """The files of an answer; FormatError unless every name is that of a file and no path."""
    if not isinstance(value, dict):
        raise FormatError("The answer holds no files.")
    try:
        return {plain(name): base64.b64decode(text, validate=True) for name, text in value.items()}
    except (TypeError, ValueError, binascii.Error) as error:
        raise FormatError("The answer holds a file that cannot be read.") from error


def plain(name: Any) -> str:
    """A name of a file or folder as the archive makes them; FormatError for any other."""
    if not isinstance(name, str) or not _PLAIN.fullmatch(name):
        raise FormatError("The answer names a file in a way that is not safe.")
    return name


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write them into a new folder; UsageError where there is one, Unreachable on disk errors."""
    write_bundle(FileSystem(), folder, files)
