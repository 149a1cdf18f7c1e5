"""Names that are not taken: hidden, temporary, or left by the system of another machine. Pure."""

import re
import stat

from ingest.aside import aside_of

LONGEST_PATH = 4095
"""Bytes of a path that Linux opens, at most (PATH_MAX without its end)."""
_COPYING = (b".part", b".partial", b".filepart", b".crdownload", b".tmp", b".!ut")
_TEMPORARY = (*_COPYING, b".swp", b"~")
_OF_MACHINES = {b".cunzheng-purge", b".DS_Store"}
_IGNORED = {b"Thumbs.db", b"desktop.ini", b"@eaDir", b"System Volume Information", b"$RECYCLE.BIN"}
_RSYNC = re.compile(rb"\..+\.(?=[A-Za-z0-9]*[A-Z0-9])[A-Za-z0-9]{6}", re.DOTALL)
"""`.NAME.XXXXXX`: what rsync writes to. A hidden name that ends in six small letters is a word."""


def is_ignored(name: bytes) -> bool:
    """Whether a name is hidden, temporary, or left by the system of another machine."""
    return name.startswith((b".", b"~$")) or name in _IGNORED or name.lower().endswith(_TEMPORARY)


def is_passed_over(name: bytes) -> bool:
    """Whether a name is ignored that a person may have given, by mistake, to something of worth.

    Names of refused drops are none; whether one was given by us is known elsewhere.
    """
    if name in _IGNORED or name in _OF_MACHINES or name.startswith((b"._", b"~$")):
        return False
    if aside_of(name) is not None:
        return False
    return is_ignored(name)


def is_being_copied(name: bytes) -> bool:
    """Whether a name is one that programs give to a copy until it is whole."""
    if not is_passed_over(name):
        return False
    if name.startswith(b"."):
        return _RSYNC.fullmatch(name) is not None
    return name.lower().endswith(_COPYING)


def kind_of(mode: int) -> str:
    """`file`, or the reason for which it is left alone."""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISFIFO(mode):
        return "fifo"
    return "socket" if stat.S_ISSOCK(mode) else "device"
