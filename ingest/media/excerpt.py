"""Excerpts of films and sound: packets as they are, from key frame to key frame.

    maker = Excerpt(programs, "film.mp4", (60_000, 150_000))
    made = maker.make(original, folder)         # CopyNotMade

Nothing is decoded. What came out is held against the original before it is given away: as many
packets of the same sizes, and the same SHA-256 over the packets of every stream.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from archive.desk.making import MadeFile
from archive.errors import CopyNotMade
from ingest.media.errors import ProgramsMissing
from ingest.media.packet_index import WALK, Cut, Part, packet_index
from ingest.media.runner import MAKE, Outcome, ffmpeg_argv, run, source
from ingest.media.tools import Program, Programs

RECIPE = "excerpt/1"
_MUXERS: Mapping[str, tuple[str, str]] = {
    "matroska": ("matroska", ".mkv"), "avi": ("avi", ".avi"), "mpegts": ("mpegts", ".ts"),
    "mpeg": ("vob", ".mpg"), "h264": ("h264", ".h264"), "hevc": ("hevc", ".h265"),
    "wav": ("wav", ".wav"), "mp3": ("mp3", ".mp3"), "aac": ("adts", ".aac"),
    "amr": ("amr", ".amr"), "amrnb": ("amr", ".amr"), "flac": ("flac", ".flac"),
    "ogg": ("ogg", ".ogg"), "asf": ("asf", ".wmv"), "flv": ("flv", ".flv"),
}  # fmt: skip
"""Name of a container by ffprobe -> muxer and suffix; what is none of these becomes Matroska."""
_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "mp3": {"write_xing": 0, "id3v2_version": 0},
    "mp4": {"movflags": "+faststart"},
    "mov": {"movflags": "+faststart"},
}
_HASH = re.compile(r"^\d+,[va],SHA256=([0-9a-f]{64})$", re.MULTILINE)
_OWN = {"m4a": ".m4a", "mov": ".mov", "3gp": ".3gp", "m4v": ".m4v", "webm": ".webm"}


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A maker of excerpts; `span` in milliseconds, its end None for the end of the film."""

    programs: Programs
    name: str
    span: tuple[int, int | None]

    @property
    def form(self) -> str:
        """See CopyMaker."""
        return "excerpt"

    def make(self, original: Path, folder: Path) -> MadeFile:
        """See CopyMaker."""
        program = required(self.programs)
        index = packet_index(self.programs, original)
        cut = index.cut(*self.span)
        muxer, suffix = _container(index.format, self.name, cut)
        path = folder / f"excerpt{suffix}"
        _copy(program, original, cut, path, muxer)
        hashes = packet_hashes(program, original, cut.parts)
        self._check(path, cut, hashes == packet_hashes(program, path))
        return MadeFile(
            path,
            suffix,
            RECIPE,
            f"sha256:{program.sha256}",
            {"from": cut.range[0], "to": cut.range[1]},
            {"from": cut.span[0], "to": cut.span[1]},
            tuple(map(_told, cut.parts, hashes)),
        )

    def _check(self, path: Path, cut: Cut, same_packets: bool) -> None:  # noqa: FBT001
        made = packet_index(self.programs, path)
        wanted = sorted(list(part.track.sizes[part.first : part.stop]) for part in cut.parts)
        if not same_packets or wanted != sorted(list(track.sizes) for track in made.tracks):
            raise CopyNotMade(
                "COPY_FAILED", "The packets of this film cannot be copied without changing them."
            )


def plan(programs: Programs, original: Path | int, span: tuple[int, int | None]) -> Cut:
    """What an excerpt of these times would be, of a file or open descriptor; CopyNotMade."""
    required(programs)
    return packet_index(programs, original).cut(*span)


def required(programs: Programs) -> Program:
    """ffmpeg, with ffprobe beside it; raises CopyNotMade where they are not there."""
    try:
        return programs.required()[0]
    except ProgramsMissing as error:
        raise CopyNotMade("NO_PROGRAM", str(error)) from error


def failed(outcome: Outcome) -> CopyNotMade:
    """Why a program made nothing."""
    if outcome.ended in ("timeout", "limit"):
        return CopyNotMade("TOOK_TOO_LONG", "Making the copy took more than it may.")
    return CopyNotMade("COPY_FAILED", "No copy can be made of this record: it is damaged.")


def _container(name: str, file_name: str, cut: Cut) -> tuple[str, str]:
    suffix = file_name.rpartition(".")[2].lower()
    if name.startswith("mov,"):
        plain = suffix == "mov" or any(p.track.codec.startswith("pcm_") for p in cut.parts)
        return ("mov", ".mov") if plain else ("mp4", _OWN.get(suffix, ".mp4"))
    muxer, usual = _MUXERS.get(name.partition(",")[0], ("matroska", ".mkv"))
    if suffix == "webm" and muxer == "matroska":
        return "webm", ".webm"
    return muxer, usual


def _selected(parts: Sequence[Part]) -> dict[str, str]:
    """Bitstream filters that let only these packets pass, by their number in their stream."""
    return {
        f"bsf:{number}": f"noise=drop='lt(n,{part.first})+gte(n,{part.stop})'"
        for number, part in enumerate(parts)
    }


def _copy(program: Program, original: Path, cut: Cut, path: Path, muxer: str) -> None:
    options: dict[str, Any] = {
        "c": "copy",
        "copyinkf": None,
        "map_metadata": -1,
        "map_metadata:s": -1,
        "map_chapters": -1,
        "fflags": "+bitexact",
        "avoid_negative_ts": "make_zero",
        "f": muxer,
        **_OPTIONS.get(muxer, {}),
        **_selected(cut.parts),
    }
    with source(original) as opened:
        given = ffmpeg.input(opened.url, **opened.options)
        maps = [given[str(part.track.index)] for part in cut.parts]
        spec = ffmpeg.output(*maps, f"file:{path}", **options)
        outcome = run(ffmpeg_argv(program, spec), MAKE, pass_fds=opened.fds)
    if outcome.ended != "ok" or not path.exists():
        raise failed(outcome)


def packet_hashes(
    program: Program, path: Path, parts: Sequence[Part] | None = None
) -> tuple[str, ...]:
    """SHA-256 (hex) of the packets of each stream, or of parts of streams, in order."""
    options: dict[str, Any] = {"c": "copy", "copyinkf": None, "f": "streamhash", "hash": "sha256"}
    with source(path) as opened:
        given = ffmpeg.input(opened.url, **opened.options)
        if parts is None:
            spec = ffmpeg.output(given, "-", map=0, **options)
        else:
            maps = [given[str(part.track.index)] for part in parts]
            spec = ffmpeg.output(*maps, "-", **options, **_selected(parts))
        outcome = run(ffmpeg_argv(program, spec), WALK, pass_fds=opened.fds)
    if outcome.ended != "ok":
        raise failed(outcome)
    return tuple(_HASH.findall(outcome.out.decode("ascii", errors="replace")))


def _told(part: Part, digest: str) -> dict[str, Any]:
    return {
        "codec": part.track.codec,
        "first": part.first,
        "index": part.track.index,
        "packets": part.stop - part.first,
        "sha256": digest,
        "type": part.track.type,
    }
