"""The file that opens a confidential access, on the side of whoever asked for it."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from archive.errors import ArchiveError, UsageError
from cli.language import say
from cli.output import print_line, show_path
from cli.service.desk import Desk, Document


def write_opening(desk: Desk, folder: Path | None, head: Document) -> Path:
    """Write `<access>.opening.json`, for the owner alone; OSError where that cannot be.

    Its `end` is null where the archive cannot be asked any more; `reveal` asks again.
    """
    opening = {"access": head["access"], "start": head["start"], "end": None}
    with suppress(ArchiveError, OSError):
        opening["end"] = end_of(desk, head["start"])
    place = Path() if folder is None or folder == Path("-") else folder
    path = place / f"{head['access']}.opening.json"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(opening, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    print_line(
        say(
            f"kept to open this access later: {show_path(path)}",
            f"已保存供日后公开：{show_path(path)}",
        ),
        sys.stderr,
    )
    return path


def end_of(desk: Desk, start: Document) -> Document | None:
    """How the access ended, None while it runs."""
    found = desk.call("access.opening", {"start": start})["end"]
    return None if found is None else dict(found)


def read_opening(path: Path) -> dict[str, Any]:
    """Read it; raises UsageError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        return {key: value[key] for key in ("access", "start", "end")}
    except OSError as error:
        name = show_path(path)
        raise UsageError(
            say(
                f"{name} cannot be read: {error.strerror}.",
                f"无法读取 {name}：{error.strerror}。",
            )
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            say(f"{path} opens no access.", f"{path} 不是公开保密调阅的文件。")
        ) from error
