"""All that reads media, one after the other, as intake, examination and derivation do it."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from ingest.errors import NoRecord
from ingest.kind import detect
from ingest.media.checks_after import Interrupted, check_after
from ingest.media.condition import Noticed, verdict
from ingest.media.derive.recipes import recipes_for
from ingest.media.derive.subject import Subject, Workshop
from ingest.media.look import Looker
from ingest.media.originals import NoRoom, Stopped
from ingest.media.probe import probe
from ingest.media.profiles import Profiles
from ingest.media.tools import Programs
from ingest.staging import HEAD_SIZE
from ingest.text import read_text

RECEIVED = datetime(2026, 3, 1, 9, tzinfo=UTC)
_KINDS = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "heic": "image/heic"}
_SOUND = ("wav", "mp3", "flac", "ogg", "aac")


class Task(NamedTuple):
    """A file to be looked at; `until` is the time of the clock at which patience ends."""

    programs: Programs
    path: Path
    until: float

    @property
    def media_type(self) -> str:
        """As intake finds it."""
        with self.path.open("rb") as file:
            head = file.read(HEAD_SIZE)
        complete = self.path.stat().st_size <= HEAD_SIZE
        text = read_text(head, complete=complete)
        return detect(head, self.path.name, text, complete=complete).type

    @property
    def pretended(self) -> str:
        """As it would be if its name were believed, so that nothing is spared it."""
        end = self.path.suffix[1:]
        return _KINDS.get(end, "audio/x" if end in _SOUND else "video/x")

    def go_on(self) -> bool:
        """Whether there is patience left."""
        return time.monotonic() < self.until


Look = Callable[[Task], tuple[str, str]]
"""Looks at a file: what came of it in a word or two, and all that was said."""


def reading(task: Task) -> tuple[str, str]:
    """What ffprobe says by itself."""
    found = probe(task.programs, task.path)
    kind = str(found.format.get("format_name", "")).partition(",")[0]
    said = found.outcome.out.decode("utf-8", errors="replace") + found.outcome.err
    return found.error or f"{kind}, {len(found.streams)} streams", said


def intake(task: Task) -> tuple[str, str]:
    """What stands in record.json when the file is sealed."""
    looker = Looker(lambda: task.programs, Profiles.load(None))
    name = task.path.name.encode("utf-8", "replace").decode()
    media_type = task.media_type
    if media_type.partition("/")[0] not in ("video", "audio", "image"):
        media_type = task.pretended
    try:
        value = looker.look(task.path, name, media_type, None, RECEIVED)
    except NoRecord:
        return "no record", ""
    codes = [one["code"] for one in value["condition"]["findings"]]
    return _named(value["condition"]["verdict"], codes), json.dumps(value)


def examination(task: Task) -> tuple[str, str]:
    """What its amendment says."""
    name = task.path.name.encode("utf-8", "replace").decode()
    try:
        after = check_after(task.programs, task.path, task.go_on, name, task.media_type)
    except Interrupted:
        return "stopped", ""
    noticed: list[Noticed] = list(after.noticed)
    return _named(verdict(noticed), [one.code for one in noticed]), str(after)


def pictures(task: Task) -> tuple[str, str]:
    """What is made of it at once, and of a document of that name."""
    workshop = Workshop(task.programs, task.path.parent, task.go_on)
    size = task.path.stat().st_size
    subject = Subject("x", task.path, size, task.pretended, workshop)
    made = []
    for recipe in recipes_for(subject):
        drawing = None
        with suppress(Stopped, NoRoom):  # a disk that has no room for a copy is no harm done
            drawing = recipe.make(subject)
        if drawing is not None:
            made.append(recipe.role)
            if isinstance(drawing.data, Path):
                drawing.data.unlink()
    return ("+".join(made) or "nothing") + ("" if task.go_on() else ", stopped"), ""


def _named(word: str, codes: list[str]) -> str:
    return " ".join([word, *sorted(set(codes))])


LOOKS: dict[str, Look] = {
    "reading": reading,
    "intake": intake,
    "examination": examination,
    "pictures": pictures,
}
