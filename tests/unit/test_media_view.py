"""What people read of a medium: names of containers, rates, what its name says, its essence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from media_values import amendment, technical

from cli import language
from cli.media_view import media_pairs


@pytest.fixture
def chinese() -> Iterator[None]:
    language.choose("zh")
    yield
    language.choose("en")


def pairs(media_type: str, *custody: Any, **changed: Any) -> dict[str, Any]:
    description = {"media": {"type": media_type}, "technical": technical(**changed)}
    return dict(media_pairs(description, custody))


@pytest.mark.parametrize(
    ("media_type", "name", "words"),
    [
        ("video/mp4", "mov,mp4,m4a,3gp,3g2,mj2", "MP4"),
        ("video/quicktime", "mov,mp4,m4a,3gp,3g2,mj2", "MOV"),
        ("image/jpeg", "jpeg_pipe", "JPEG"),
        ("video/matroska", "matroska,webm", "Matroska"),
        ("audio/wav", "wav", "WAV"),
    ],
)
def test_containers_have_the_names_that_people_use(media_type: str, name: str, words: str) -> None:
    assert pairs(media_type, container=name)["container"] == f"{words}, fmt/199"


@pytest.mark.parametrize(
    ("rate", "words"), [("15/1", "15 fps"), ("30000/1001", "29.97 fps"), ("1/0", "1/0 fps")]
)
def test_rates_are_numbers(rate: str, words: str) -> None:
    (stream,) = technical()["streams"]
    shown = pairs("video/mp4", streams=[{**stream, "frame_rate": rate}])["stream 0"]
    assert words in shown.split(", ")


def test_a_photograph_is_a_picture_and_no_film(chinese: None) -> None:
    assert pairs("image/jpeg", container="jpeg_pipe")["流 0"].startswith("图像")
    assert pairs("video/mp4")["流 0"].startswith("视频")


def test_the_name_says_unit_and_mark() -> None:
    segment = {**technical()["segment"], "unit": "310101000000", "important": True}
    said = pairs("video/mp4", segment=segment)["by its name"]
    assert "unit 310101000000" in said
    assert "marked important" in said


def test_the_essence_of_a_full_check() -> None:
    event = {"kind": "record.amended", "body": {"what": "media"}, "detail": amendment()}
    assert pairs("video/mp4", event)["essence of stream 0"] == f"sha256:{'cd' * 8}…, h264"
    assert "essence of stream 0" not in pairs("video/mp4")


def test_what_has_only_the_name_of_a_medium_waits_for_no_check() -> None:
    assert "follows" in pairs("video/mp4")["condition"]
    text = pairs("text/plain", container=None, puid=None)
    assert "follows" not in text["condition"]
    assert text["container"] is None
