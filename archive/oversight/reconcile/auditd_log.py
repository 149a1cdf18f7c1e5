"""Records of the Linux audit system, raw as in audit.log or from `ausearch --raw`.

For a store that is a folder: a watch on it (`auditctl -w STORE -p rwa -k cunzheng`) notes every
opening, change and removal, with the account that did it. One event has several lines with the same
number; the files are named in those of type PATH, relative to the folder in that of type CWD.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from archive.oversight.reconcile.request import Act, Request, Unreadable

FOLDER = "(folder)"
"""In the place of a bucket's name: paths are whole, and the caller makes keys of them."""
_EVENT = re.compile(r"(?:^|\s)msg=audit\((\d{1,12})\.(\d{3}):(\d{1,20})\):", re.ASCII)
_TYPE = re.compile(r"(?:^|\s)type=([A-Z_]{1,40})\s", re.ASCII)
_FIELD = re.compile(r'(?:^|\s)([a-z0-9_-]{1,20})=("[^"]*"|\S*)', re.ASCII)
_PATHS = 64
_WAITING = 64
_WRITING = 0o3 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_OPEN = {"open": "a1", "openat": "a2"}
_CALLS = {
    ("c000003e", "2"): "open", ("c000003e", "257"): "openat", ("c000003e", "85"): "creat",
    ("c000003e", "87"): "unlink", ("c000003e", "263"): "unlinkat", ("c000003e", "84"): "rmdir",
    ("c000003e", "82"): "rename", ("c000003e", "264"): "renameat", ("c000003e", "316"): "renameat2",
    ("c000003e", "76"): "truncate", ("c000003e", "86"): "link", ("c000003e", "265"): "linkat",
    ("c000003e", "90"): "chmod", ("c000003e", "268"): "fchmodat", ("c000003e", "91"): "fchmod",
    ("c000003e", "92"): "chown", ("c000003e", "260"): "fchownat", ("c000003e", "16"): "ioctl",
    ("c00000b7", "56"): "openat", ("c00000b7", "35"): "unlinkat", ("c00000b7", "38"): "renameat",
    ("c00000b7", "276"): "renameat2", ("c00000b7", "45"): "truncate", ("c00000b7", "37"): "linkat",
    ("c00000b7", "53"): "fchmodat", ("c00000b7", "52"): "fchmod", ("c00000b7", "54"): "fchownat",
    ("c00000b7", "29"): "ioctl",
}  # fmt: skip
"""Numbers of system calls on x86-64 (c000003e) and on aarch64 (c00000b7)."""
_ACTS = {
    "creat": Act.WRITE, "truncate": Act.WRITE, "link": Act.WRITE, "linkat": Act.WRITE,
    "unlink": Act.DELETE, "unlinkat": Act.DELETE, "rmdir": Act.DELETE, "rename": Act.DELETE,
    "renameat": Act.DELETE, "renameat2": Act.DELETE, "ioctl": Act.LOCK, "chmod": Act.LOCK,
    "fchmod": Act.LOCK, "fchmodat": Act.LOCK, "chown": Act.LOCK, "fchownat": Act.LOCK,
}  # fmt: skip


@dataclass
class _Event:
    source: str
    at: datetime
    call: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    paths: list[str] = field(default_factory=list)


def audited(name: str, lines: Iterator[str]) -> Iterator[Request | Unreadable]:
    """Every path of every event; `who` is the account that acts, `address` its program."""
    waiting: dict[str, _Event] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(("----", "time->")):
            continue
        found, kind = _EVENT.search(text), _TYPE.search(text)
        if not found or not kind:
            yield Unreadable(f"{name}:{number}", "this is no line of an audit log")
            continue
        seconds, thousandths, event = found.groups()
        if event not in waiting:
            if len(waiting) >= _WAITING:
                yield from _requests(waiting.pop(next(iter(waiting))))
            at = datetime.fromtimestamp(int(seconds), UTC) + timedelta(
                milliseconds=int(thousandths)
            )
            waiting[event] = _Event(f"{name}:{number}", at)
        _take(waiting[event], kind[1], text[found.end() :])
    for left in waiting.values():
        yield from _requests(left)


def _take(event: _Event, kind: str, text: str) -> None:
    fields = dict(_FIELD.findall(text))
    if kind == "SYSCALL":
        event.call = fields
    elif kind == "CWD":
        event.folder = _path(fields.get("cwd", ""))
    elif kind == "PATH" and len(event.paths) < _PATHS and fields.get("nametype") != "PARENT":
        event.paths.append(_path(fields.get("name", "")))


def _path(text: str) -> str:
    """A quoted name, or one in hexadecimal, as names with odd signs are."""
    if text.startswith('"'):
        return text.strip('"')
    try:
        return bytes.fromhex(text).decode("utf-8", "backslashreplace")
    except ValueError:
        return ""


def _requests(event: _Event) -> Iterator[Request]:
    call = event.call
    name = _CALLS.get((call.get("arch", ""), call.get("syscall", "")), call.get("syscall", "?"))
    for path in event.paths:
        whole = posixpath.normpath(posixpath.join(event.folder, path))
        yield Request(
            source=event.source,
            at=event.at,
            bucket=FOLDER,
            who=call.get("uid", "?"),
            address=_path(call.get("exe", "")) or call.get("comm", ""),
            act=_act(name, call),
            operation=name,
            key=whole,
            status=200 if call.get("success") == "yes" else 403,
            sent=0,
            cause="",
        )


def _act(name: str, call: dict[str, str]) -> Act:
    if name in _OPEN:
        try:
            return Act.WRITE if int(call.get(_OPEN[name], ""), 16) & _WRITING else Act.READ
        except ValueError:
            return Act.READ
    # What is not known is no harmless thing.
    return _ACTS.get(name, Act.WRITE)
