"""Notes of findings in people's words: every form that a check writes has its sentences."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest.media
from cli import language
from cli.media_notes import note_words
from ingest.media.structure.families import FAMILIES

MEDIA = Path(ingest.media.__file__).parent
SAYING = ("Noticed", "_say")
FILLED = ("7", "0.25", "+7", "moov", " zero", "")
THEIRS = frozenset(("{}: {}", "{}", "{} {}"))
"""What programs or Python said, which stays as it is."""


@pytest.fixture
def chinese() -> Iterator[None]:
    language.choose("zh")
    yield
    language.choose("en")


def forms() -> set[str]:
    """Every text that stands as a note in the code, `{}` for what is put in."""
    found: set[str] = set()
    for path in MEDIA.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in SAYING and len(node.args) == 2:
                found |= _texts(node.args[1])
            if isinstance(node, ast.Assign) and [_name(n) for n in node.targets] == ["note"]:
                found |= _texts(node.value)
    return found - THEIRS


def _name(node: ast.expr) -> str:
    return getattr(node, "id", None) or getattr(node, "attr", "")


def _texts(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {node.value}
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return {"".join(str(part) for part in parts)}
    return set()


def test_every_form_has_a_sentence(chinese: None) -> None:
    everything = forms()
    assert len(everything) > 40
    for form in everything:
        made = [form.format(*some) for some in itertools.product(FILLED, repeat=form.count("{}"))]
        assert any(note_words(note) != note for note in made), form


@pytest.mark.parametrize(
    ("note", "english", "words"),
    [
        ("mdat lacks 1084102 bytes", "mdat lacks 1.0 MiB", "mdat 缺少 1.0 MiB"),
        ("10000 bytes from 1392368", "9.8 KiB from byte 1392368 on",
         "自第 1392368 字节起 9.8 KiB"),
        ("container is +28800000 ms from name: +8 h",
         "the file itself is 8:00:00 later than file name; zones +8 h apart",
         "文件自身晚 8:00:00，相对于文件名；时区相差 +8 小时"),
        ("1, together 7.9 s, first at 0.0 s", "1 stretch(es), 7.9 s together, first at 0.0 s",
         "1 段，共 7.9 秒，首段始于 0.0 秒"),
        ("content film, name .wav", "the content is MP4 or MOV, the name ends in .wav",
         "内容为MP4/MOV 视频，扩展名为 .wav"),
        ("name says 2040-01-01T00:00:00.000000Z", "file name says 2040-01-01 08:00:00+08:00",
         "文件名所称时间为 2040-01-01 08:00:00+08:00"),
        ("h264: error while decoding MB 3 7 (and 4 more)",
         "h264: error while decoding MB 3 7 (and 4 more)",
         "h264: error while decoding MB 3 7（另有 4 处）"),
    ],
)  # fmt: skip
def test_notes(note: str, english: str, words: str) -> None:
    assert note_words(note) == english
    language.choose("zh")
    try:
        assert note_words(note) == words
    finally:
        language.choose("en")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_words(chinese: None, family: str) -> None:
    assert re.search(
        r"[\u4e00-\u9fff]", note_words(f"content {family}, name .x").split("，")[0][3:]
    )


def test_words_of_programs_stay_as_they_are(chinese: None) -> None:
    assert note_words("mov,mp4: moov atom {0} not found") == "mov,mp4: moov atom {0} not found"
