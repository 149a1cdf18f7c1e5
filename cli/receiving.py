"""Where released bytes go: to stdout for a view, else to files beside a cover sheet.

    receiver = Files(folder, settings.digests)
    with desk.receive("access.receive", params) as delivery:
        receiver.take(delivery, advance)

Everything is durable before the delivery's block ends: a full disk is then an aborted access.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from archive.durable import FileSystem, write_new
from archive.errors import FormatError, UsageError
from archive.handout import Handout
from cli.language import say
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
        made = {"copy": delivery.head["copy"]} if "copy" in delivery.head else {}
        return {"size": size, "path": None, "digests": [], **made}


class Files:
    """A copy: the content and, for a court, what belongs to it; never over another file."""

    def __init__(
        self, folder: Path, algorithms: tuple[str, ...], action: str, name: str | None = None
    ) -> None:
        self._folder = folder
        self._algorithms = algorithms
        self._action = action
        self._name = name
        self._fs = FileSystem()

    def take(self, delivery: Delivery, advance: Advance) -> Document:
        """See Receiver."""
        head = delivery.head
        folder = self._own_folder(head)
        pieces = iter(delivery)
        with Handout(self._fs, folder, str(head["access"]), self._algorithms) as copy:
            rest = self._content(head, pieces, copy, advance)
            parts = self._parts(head, rest, pieces)
            path = copy.finish(self._name or _file_name(head))
        for name, data in parts.items():
            self._put(folder / name, data)
        digests = [str(digest) for digest in copy.digests]
        done: Document = {"size": head["to"] - head["from"], "path": show_path(path)}
        if "copy" in head:
            done["copy"] = head["copy"]
            self._beside(head, path)
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
        """For the account's own eyes, like the copy."""
        path.parent.mkdir(exist_ok=True)
        write_new(self._fs, path, (data,), mode=0o600)

    def _beside(self, head: Document, path: Path) -> None:
        """What a made copy is, as a file that a machine reads; and a note with sound."""
        said = json.dumps(head["copy"], ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        self._put(path.with_name(path.name + ".json"), said.encode())
        if "cover" in head and head["copy"]["recipe"].startswith("marked-audio/"):
            # Imported late like the cover sheet.
            from archive.documents.sound_note import write_sound_note
            from cli.cover import cover_sheet

            target = path.with_name(path.name + ".note.pdf")
            fd = self._fs.create(target)
            with os.fdopen(fd, "wb") as file:
                digests = [str(head["copy"]["digest"])]
                write_sound_note(cover_sheet(head, self._action, path.name, digests), file)

    def _sheet(self, head: Document, path: Path, digests: list[str]) -> str | None:
        if "cover" not in head:
            return None
        # Imported late: a view, and a copy without a sheet, need no PDF.
        from archive.documents.cover_sheet import write_cover_sheet
        from cli.cover import cover_sheet

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
