"""Marked copies: who asked, under which request, and when, visibly over the whole.

    maker = Marked(programs, "film.mp4", "video/mp4", lines, span=None)
    made = maker.make(original, folder)         # CopyNotMade

A film is transcoded with the lines burnt in, a photo and a PDF are written anew. Sound is left as
it is, with the lines in its tags; whoever hands it out prints them.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ffmpeg

from archive.desk.making import MadeFile
from archive.errors import CopyNotMade
from ingest.media import stamp
from ingest.media.excerpt import Excerpt, failed, required
from ingest.media.probe import probe
from ingest.media.runner import MAKE, Outcome, ffmpeg_argv, run, source
from ingest.media.tools import Program, Programs

_FONT = str(Path(__file__).resolve().parents[2] / "config" / "fonts" / "NotoSansSC-Regular.ttf")
_STAMPING = replace(MAKE, seconds=600, cpu_seconds=600)
_MOST_SIDE = 8192
_TAGGED = {
    "mov": ("mp4", ".m4a"), "wav": ("wav", ".wav"), "mp3": ("mp3", ".mp3"),
    "flac": ("flac", ".flac"), "ogg": ("ogg", ".ogg"),
}  # fmt: skip
"""Containers of sound with room for a comment; any other sound becomes Matroska."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A maker of marked copies; the first of the lines also stands across the middle."""

    programs: Programs
    name: str
    media_type: str
    lines: Sequence[str]
    span: tuple[int, int | None] | None = None

    @property
    def form(self) -> str:
        """See CopyMaker."""
        return "marked"

    def make(self, original: Path, folder: Path) -> MadeFile:
        """See CopyMaker."""
        kind = self.media_type.partition("/")[0]
        if self.span is None and self.media_type == "application/pdf":
            return self._stamped("pdf", original, folder / "marked.pdf", "marked-pdf/1")
        if self.span is None and kind == "image":
            return self._photo(original, folder)
        if kind in ("audio", "video"):
            return self._film(original, folder)
        raise CopyNotMade("COPY_FAILED", "Only films, sound, photos and PDF can be marked.")

    def _stamped(self, kind: str, original: Path, path: Path, recipe: str) -> MadeFile:
        program = [sys.executable, "-I", stamp.__file__, kind]
        outcome = run([*program, str(original), str(path), _FONT, *self.lines], _STAMPING)
        if outcome.ended != "ok" or not path.exists():
            raise failed(outcome)
        return MadeFile(path, path.suffix, recipe, None)

    def _photo(self, original: Path, folder: Path) -> MadeFile:
        suffix = {"image/png": ".png", "image/webp": ".webp", "image/bmp": ".bmp"}
        path = folder / f"marked{suffix.get(self.media_type, '.jpg')}"
        if self.media_type in ("image/heic", "image/heif"):
            program = required(self.programs)
            plain = folder / "plain.jpg"
            _still(program, original, plain)
            made = self._stamped("photo", plain, path, "marked-photo/1")
            return replace(made, tool=f"sha256:{program.sha256}")
        return self._stamped("photo", original, path, "marked-photo/1")

    def _film(self, original: Path, folder: Path) -> MadeFile:
        program = required(self.programs)
        part = MadeFile(original, "", "", None)
        if self.span is not None:
            part = Excerpt(self.programs, self.name, self.span).make(original, folder)
        found = probe(self.programs, part.path)
        streams = found.streams
        pictures = [one for one in streams if _is_picture(one)]
        if pictures:
            path = folder / "marked.mp4"
            _burn(program, part.path, path, _shown(pictures[0]), self.lines)
            recipe = "marked-video/1"
        elif any(one.get("codec_type") == "audio" for one in streams):
            container = str(found.format.get("format_name")).partition(",")[0]
            path = _tag(program, part.path, folder, container, self.lines)
            recipe = "marked-audio/1"
        else:
            raise CopyNotMade("NOT_A_FILM", "This record cannot be read as a film or a sound.")
        digest = f"sha256:{program.sha256}"
        return replace(part, path=path, suffix=path.suffix, recipe=recipe, tool=digest)


def _is_picture(stream: Any) -> bool:
    return stream.get("codec_type") == "video" and not stream.get("disposition", {}).get(
        "attached_pic"
    )


def _shown(stream: Any) -> tuple[int, int]:
    """Width and height as they are shown, even numbers; CopyNotMade for what no film has."""
    width, height = stream.get("width"), stream.get("height")
    if not isinstance(width, int) or not isinstance(height, int):
        raise CopyNotMade("NOT_A_FILM", "This record cannot be read as a film or a sound.")
    if not 16 <= min(width, height) <= max(width, height) <= _MOST_SIDE:
        raise CopyNotMade("COPY_FAILED", "The pictures of this film are too large or too small.")
    turns = [item.get("rotation") for item in stream.get("side_data_list", [])]
    turned = any(isinstance(turn, int) and turn % 180 for turn in turns)
    size = (height, width) if turned else (width, height)
    return size[0] // 2 * 2, size[1] // 2 * 2


def _burn(
    program: Program, original: Path, path: Path, size: tuple[int, int], lines: Sequence[str]
) -> None:
    layer = path.with_suffix(".rgba")
    layer.write_bytes(stamp.overlay(size, lines, _FONT).tobytes())
    with source(original) as opened, source(layer) as lay:
        given = ffmpeg.input(opened.url, **opened.options)
        raw = {"f": "rawvideo", "pix_fmt": "rgba", "s": f"{size[0]}x{size[1]}"}
        mark = ffmpeg.input(lay.url, **{**lay.options, "format_whitelist": "rawvideo", **raw})
        fitted = given.video.filter("scale", *size).filter("setsar", 1)
        burnt = ffmpeg.overlay(fitted, mark, eof_action="repeat")
        options = {
            "c:v": "libx264", "preset": "veryfast", "crf": 23, "pix_fmt": "yuv420p",
            "c:a": "aac", "b:a": "96k", "map_metadata": -1, "map_chapters": -1,
            "movflags": "+faststart", "fflags": "+bitexact", "f": "mp4", "threads": 2,
            "metadata": f"comment={' | '.join(lines)}",
        }  # fmt: skip
        spec = ffmpeg.output(burnt, given["a:0?"], f"file:{path}", **options)
        fds = (*opened.fds, *lay.fds)
        outcome = run(ffmpeg_argv(program, spec), MAKE, pass_fds=fds)
    layer.unlink()
    _check(outcome, path)


def _tag(
    program: Program, original: Path, folder: Path, container: str, lines: Sequence[str]
) -> Path:
    """The same packets with the lines as comment."""
    muxer, suffix = _TAGGED.get(container, ("matroska", ".mka"))
    path = folder / f"marked{suffix}"
    options = {
        "c": "copy", "map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact", "f": muxer,
        "metadata": f"comment={' | '.join(lines)}",
    }  # fmt: skip
    with source(original) as opened:
        given = ffmpeg.input(opened.url, **opened.options)
        spec = ffmpeg.output(given["a"], f"file:{path}", **options)
        outcome = run(ffmpeg_argv(program, spec), MAKE, pass_fds=opened.fds)
    _check(outcome, path)
    return path


def _still(program: Program, original: Path, path: Path) -> None:
    """The picture of a HEIC file as JPEG."""
    with source(original) as opened:
        given = ffmpeg.input(opened.url, **opened.options)
        spec = ffmpeg.output(given, f"file:{path}", vframes=1, f="image2", update=1, **{"q:v": 2})
        outcome = run(ffmpeg_argv(program, spec), _STAMPING, pass_fds=opened.fds)
    _check(outcome, path)


def _check(outcome: Outcome, path: Path) -> None:
    if outcome.ended != "ok" or not path.exists():
        raise failed(outcome)
