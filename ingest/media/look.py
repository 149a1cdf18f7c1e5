"""What a medium is and in what condition, as record.json and its amendment state it.

    looker = Looker(find_programs, profiles)
    looker.described(path, name, media_type, claims, received_at)      # canonical `technical`

Everything here is about a file that may be hostile, and is done before the seal: whatever happens,
there is an answer that has the documented form, and intake goes on. Where a check cannot be made
the answer says so.
"""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.record import RecordDescription
from archive.technical import MOST_FINDINGS, MOST_STREAMS, MOST_TEXT, check_technical
from ingest.errors import NoRecord
from ingest.kind import MEDIA
from ingest.media.captured import choose, claims_of
from ingest.media.checks_after import Interrupted, check_after
from ingest.media.checks_before import check_before
from ingest.media.codes import CODES
from ingest.media.condition import Noticed, condition, is_no_record
from ingest.media.originals import Stopped
from ingest.media.probe import probe
from ingest.media.profiles import Profiles
from ingest.media.structure.families import extension_of
from ingest.media.technical import technical
from ingest.media.tools import Program, Programs
from signing import canonical

TOOLS_MISSING, LOOK_FAILED = "TOOLS_MISSING", "LOOK_FAILED"
_PASSING = frozenset((TOOLS_MISSING, LOOK_FAILED, "CHECK_UNFINISHED"))
"""Findings of the intake that the full check makes good."""
_MOST_INTEGER = 2**53 - 1
_NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("bit_rate", "container", "created_at", "device", "duration_ms", "place")),
    **dict.fromkeys(("puid", "segment")),
    "streams": [],
    "tools": [],
}


class Looker:
    """Looks at media; `programs` is asked each time, and remembers."""

    def __init__(self, programs: Callable[[], Programs], profiles: Profiles) -> None:
        self._programs = programs
        self._profiles = profiles

    def by(self, profile: str) -> "Looker":
        """One that reads names by a single profile, as the register says of a source."""
        return Looker(self._programs, self._profiles.only(profile))

    def described(
        self,
        source: Path | bytes,
        name: str,
        media_type: str,
        claims: Mapping[str, Any] | None,
        received_at: datetime,
    ) -> bytes:
        """The canonical bytes of `technical`; raises NoRecord where there is nothing in it."""
        return canonical.encode(self.look(source, name, media_type, claims, received_at))

    def look(
        self,
        source: Path | bytes,
        name: str,
        media_type: str,
        claims: Mapping[str, Any] | None,
        received_at: datetime,
    ) -> dict[str, Any]:
        """The value of `technical`; raises NoRecord, and nothing else whatever the file is.

        That is for what holds nothing, if neither a sidecar (`claims`) nor a device's name speaks
        for it. A recording of which the power took all but its reserved room is a record.
        """
        try:
            medium = media_type.startswith(MEDIA)
            value = self._looked(source, name, media_type) if medium else _other(name, media_type)
            found = [Noticed(**one) for one in value["condition"]["findings"]]
            silent = claims is None and is_no_record(found) and self._profiles.read(name) is None
        except Exception as error:  # a drop is never lost for what it is
            noticed = [Noticed(LOOK_FAILED, type(error).__name__)]
            value, silent = {**_NOTHING, "condition": condition(noticed)}, False
        if silent:
            raise _no_record(found)
        try:
            return self._dated(value, name, media_type, claims, received_at)
        except Exception as error:
            noticed = [Noticed(LOOK_FAILED, type(error).__name__)]
            return {**_NOTHING, "captured": choose([]).value(), "condition": condition(noticed)}

    def _looked(self, source: Path | bytes, name: str, media_type: str) -> dict[str, Any]:
        programs = self._programs()
        there = programs.ffmpeg is not None and programs.ffprobe is not None
        with _file(source) as file:
            asked = probe(programs, file) if there else None
            noticed = check_before(programs, file, name, media_type, asked)
            value = technical(asked, file, media_type)
        if not there:
            noticed.append(Noticed(TOOLS_MISSING))
        tools = [programs.ffprobe] if there else []
        return {**value, "condition": condition(noticed), "tools": _tools(tools)}

    def _dated(
        self,
        value: dict[str, Any],
        name: str,
        media_type: str,
        claims: Mapping[str, Any] | None,
        received_at: datetime,
    ) -> dict[str, Any]:
        """With what name, sidecar and file say about the time of recording."""
        segment = self._profiles.read(name)
        by = "exif" if media_type.startswith("image/") else "container"
        stated = claims_of(claims, segment, value["created_at"], by)
        captured = choose(stated, value["duration_ms"], received_at)
        found = value["condition"]["findings"]
        noticed = [Noticed(**one) for one in found] + [Noticed(*note) for note in captured.notes]
        complete = {
            **value,
            "captured": captured.value(),
            "condition": condition(noticed),
            "device": _device(value["device"], segment.device if segment else None),
            "segment": segment.value() if segment else None,
        }
        plain: dict[str, Any] = _plain(complete)
        check_technical(plain)
        return plain

    def examined(
        self, descriptor: int, description: RecordDescription, go_on: Callable[[], bool]
    ) -> dict[str, Any]:
        """Check a whole sealed medium; the data of its amendment.

        Raises Stopped where `go_on` says so, and UsageError where the programs are missing.
        """
        said = description.value
        name, media_type = str(said["name"]), str(said["media"]["type"])
        programs = self._programs()
        used = programs.required()
        try:
            after = check_after(programs, descriptor, go_on, name, media_type)
        except Interrupted as error:
            raise Stopped from error
        seen = {one.code for one in after.noticed}  # with counts of the whole
        kept = [one for one in _before(said) if one.code not in seen]
        data: dict[str, Any] = _plain(
            {
                "condition": condition([*after.noticed, *kept]),
                "essence": list(after.essence),
                "frames": list(after.frames),
                "stretches": {kind: list(parts) for kind, parts in after.stretches.items()},
                "tools": _tools(used),
            }
        )
        return data


def _other(name: str, media_type: str) -> dict[str, Any]:
    """What has only the name of a medium; no program is asked about texts and documents."""
    noticed = [Noticed("NAME_DIFFERS", f"content {media_type}, name .{extension_of(name)}")]
    return {**_NOTHING, "condition": condition(noticed)}


def _before(said: Mapping[str, Any]) -> Iterator[Noticed]:
    """What was noticed before the seal and stays so."""
    for one in said.get("technical", {}).get("condition", {}).get("findings", ()):
        if one["code"] in CODES and one["code"] not in _PASSING:
            yield Noticed(one["code"], one["note"])


def _no_record(noticed: Iterable[Noticed]) -> NoRecord:
    code = next(CODES[one.code] for one in noticed if is_no_record([one]))
    return NoRecord(code.english, code.chinese)


def _tools(programs: Iterable[Program | None]) -> list[dict[str, str]]:
    return [
        {"name": one.name, "sha256": one.sha256, "version": one.version}
        for one in programs
        if one is not None
    ]


def _device(said: Mapping[str, Any] | None, by_name: str | None) -> Mapping[str, Any] | None:
    """What the file states of its device; only its name where it states none."""
    if said is not None or by_name is None:
        return said
    return {"by": "name", "make": None, "model": None, "serial": by_name}


@contextmanager
def _file(source: Path | bytes) -> Iterator[Path | int]:
    """A file, or one in memory that has no name."""
    if isinstance(source, Path):
        yield source
        return
    descriptor = os.memfd_create("medium", os.MFD_CLOEXEC)
    try:
        view = memoryview(source)
        while view:
            view = view[os.write(descriptor, view) :]
        yield descriptor
    finally:
        os.close(descriptor)


def _plain(value: Any, key: str = "") -> Any:
    """The same with texts, numbers and lists as record.json can have them."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {name: _plain(inner, name) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        most = MOST_STREAMS if key == "streams" else MOST_FINDINGS
        return [_plain(item) for item in value[:most]]
    if isinstance(value, int) and abs(value) > _MOST_INTEGER:
        return None
    return value


def _text(value: str) -> str:
    kept = "".join(char if _is_shown(char) else "\N{REPLACEMENT CHARACTER}" for char in value)
    return unicodedata.normalize("NFC", kept[:MOST_TEXT])


def _is_shown(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs")
