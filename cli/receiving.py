"""Where released bytes go: to stdout for a view, else to files beside a cover sheet.

    receiver = Files(folder, settings.digests)
    with desk.receive("access.receive", params) as delivery:
        receiver.take(delivery, advance)

Everything is durable before the delivery's block ends: a full disk is then an aborted access.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from archive import vocabulary
from archive.documents.cover_sheet import (
    Approval,
    Copies,
    CoverItem,
    CoverSheet,
    SealState,
    write_cover_sheet,
)
from archive.durable import FileSystem, write_new
from archive.errors import FormatError, UsageError
from archive.handout import Handout
from archive.times import parse_time
from cli.labels import label
from cli.language import current, say
from cli.output import show_path
from cli.progress import Advance
from cli.service.desk import Delivery, Document
from ingest.names import safe_file_name

_PARTS = ("record.json", "sidecar")


class Receiver(Protocol):
    """Takes the bytes of one delivery."""

    def take(self, delivery: Delivery, advance: Advance) -> Document:
        """Take everything; what there is to tell of it."""
        ...


class Screen:
    """A view: the bytes go to stdout, no file is made."""

    def take(self, delivery: Delivery, advance: Advance) -> Document:
        """See Receiver; OSError when the other end of the pipe is gone."""
        out = sys.stdout.buffer
        size = 0
        for piece in delivery:
            out.write(piece)
            size += len(piece)
            advance(len(piece))
        out.flush()
        return {"size": size, "path": None, "digests": []}


class Files:
    """A copy: the content and, for a court, what belongs to it; never over another file."""

    def __init__(self, folder: Path, algorithms: tuple[str, ...], action: str) -> None:
        self._folder = folder
        self._algorithms = algorithms
        self._action = action
        self._fs = FileSystem()

    def take(self, delivery: Delivery, advance: Advance) -> Document:
        """See Receiver."""
        head = delivery.head
        folder = self._own_folder(head)
        pieces = iter(delivery)
        with Handout(self._fs, folder, str(head["access"]), self._algorithms) as copy:
            rest = self._content(head, pieces, copy, advance)
            parts = self._parts(head, rest, pieces)
            path = copy.finish(_file_name(head))
        for name, data in parts.items():
            self._put(folder / name, data)
        digests = [str(digest) for digest in copy.digests]
        done: Document = {"size": head["to"] - head["from"], "path": show_path(path)}
        sheet = self._sheet(head, path, digests)
        return {**done, "digests": digests, "cover_sheet": sheet, "parts": sorted(parts)}

    def _own_folder(self, head: Document) -> Path:
        if not head["parts"]:
            return self._folder
        folder = self._folder / str(head["access"])
        folder.mkdir()
        return folder

    def _content(
        self, head: Document, pieces: Iterator[bytes], copy: Handout, advance: Advance
    ) -> bytes:
        """Write the content; what follows it in its last piece."""
        left = int(head["to"]) - int(head["from"])
        while left:
            piece = next(pieces, b"")
            if not piece:
                raise FormatError("The delivery is shorter than it said.")
            copy.write(piece[:left])
            advance(len(piece))
            if len(piece) > left:
                return piece[left:]
            left -= len(piece)
        return b""

    def _parts(self, head: Document, rest: bytes, pieces: Iterator[bytes]) -> Mapping[str, bytes]:
        data = rest + b"".join(pieces)
        found, at = {}, 0
        for part in head["parts"]:
            found[_plain(part["name"])] = data[at : at + part["size"]]
            at += part["size"]
        if at != len(data):
            raise FormatError("The delivery has another length than it said.")
        return found

    def _put(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        write_new(self._fs, path, (data,), mode=0o644)

    def _sheet(self, head: Document, path: Path, digests: list[str]) -> str | None:
        if "cover" not in head:
            return None
        sheet = cover_sheet(head, self._action, path.name, digests)
        target = path.parent / f"{head['access']}.pdf"
        fd = self._fs.create(target)
        with os.fdopen(fd, "wb") as file:
            write_cover_sheet(sheet, file)
        return show_path(target)


def _plain(name: object) -> str:
    """A part's name: a plain one, or one below `proof/`; FormatError for any other."""
    path = PurePosixPath(str(name))
    plain = all(part not in ("", "..", "/") for part in path.parts)
    if not plain or path.is_absolute() or (str(path) not in _PARTS and path.parts[0] != "proof"):
        raise FormatError("The delivery names a file in a way that is not safe.")
    return str(path)


def _file_name(head: Document) -> str:
    name = safe_file_name(str(head["name"]))
    if (head["from"], head["to"]) == (0, head["size"]):
        return name
    stem, dot, extension = name.rpartition(".")
    middle = f" [{head['from']}-{head['to']}]"
    return f"{stem}{middle}{dot}{extension}" if stem else f"{name}{middle}"


def cover_sheet(head: Document, action: str, name: str, digests: list[str]) -> CoverSheet:
    """The cover sheet of one released file, in the chosen language."""
    cover: Mapping[str, Any] = head["cover"]
    whole = (head["from"], head["to"]) == (0, head["size"])
    names = cover["names"]
    gen_time = cover["seal"]["gen_time"]
    item = CoverItem(
        record=head["record"],
        name=name,
        size=head["to"] - head["from"],
        range=None if whole else (head["from"], head["to"]),
        digests=tuple(digests),
        log=head["log"],
        index=head["index"],
    )
    return CoverSheet(
        archive=cover["archive"],
        request=cover["request"],
        access=head["access"],
        action=label(vocabulary.ACTIONS, action),
        person=cover["person"],
        person_name=names.get(cover["person"], cover["person"]),
        unit=cover["unit"],
        on_behalf=cover["on_behalf"],
        released_at=parse_time(cover["released_at"]),
        reason=cover["reason"],
        case_no=cover["case_no"],
        approvals=tuple(_approval(item, names) for item in cover["approvals"]),
        items=(item,),
        copies=Copies(**cover["copies"]) if cover["copies"] else None,
        seal=SealState(tuple(cover["seal"]["note"]), _moment(gen_time)),
        software=cover["software"],
        lang="zh" if current() == "zh" else "en",
    )


def _approval(item: Mapping[str, Any], names: Mapping[str, str]) -> Approval:
    return Approval(
        name=names.get(item["person"], item["person"]),
        role=label(vocabulary.ROLES, item["role"]),
        decision=label(vocabulary.DECISIONS, "approve"),
        when=parse_time(item["at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)


def check_folder(folder: Path, home: Path | None) -> None:
    """Make a folder for copies; UsageError where it cannot be, or lies inside the archive."""
    if home is not None and home.resolve() in [folder.resolve(), *folder.resolve().parents]:
        raise UsageError(
            say("Name a folder outside the archive with -o.", "请用 -o 指定存证库以外的目录。")
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            say(
                f"The folder {show_path(folder)} cannot be made: {error.strerror}.",
                f"无法建立目录 {show_path(folder)}：{error.strerror}。",
            )
        ) from error
