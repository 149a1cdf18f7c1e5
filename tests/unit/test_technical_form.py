"""The form of `technical` and of amendments: strict when written, lenient when read."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from archive_fixture import make_archive
from media_values import amendment, technical

from archive.errors import FormatError
from archive.record import RecordDescription
from archive.technical import check_amendment, check_technical, read_technical
from signing import canonical


def put(value: dict[str, Any], path: str, new: Any) -> dict[str, Any]:
    """The value with one part replaced; `-` as the last step takes a key away."""
    found = copy.deepcopy(value)
    *steps, last = path.split(".")
    part: Any = found
    for step in steps:
        part = part[int(step)] if step.isdigit() else part[step]
    if new is KeyError:
        del part[last]
    else:
        part[last] = new
    return found


def test_values_of_the_documented_form_pass() -> None:
    check_technical(technical())
    check_amendment(amendment("damaged", "DECODE_ERRORS"))
    check_technical(technical(device=None, place=None, segment=None, streams=[], container=None))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("puid", KeyError),
        ("more", 1),
        ("duration_ms", -1),
        ("duration_ms", True),
        ("streams.0.more", 1),
        ("streams.0.frame_rate", "15"),
        ("streams.0.rotation", "90"),
        ("created_at", "yesterday"),
        ("device.by", "sidecar"),
        ("place.latitude", "north"),
        ("place.latitude", None),
        ("segment.important", None),
        ("captured.by", "guess"),
        ("captured.start", "2026-03-01T08:30:00"),
        ("captured.claims.0.by", "somebody"),
        ("condition.verdict", "fine"),
        ("condition.findings", [{"code": "not a code", "note": ""}]),
        ("tools.0.sha256", "short"),
    ],
)
def test_anything_else_is_not_written(path: str, new: Any) -> None:
    with pytest.raises(FormatError):
        check_technical(put(technical(), path, new))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("essence.0.sha256", "x"),
        ("frames.0.decoded", None),
        ("stretches.black.0.to_ms", -1),
        ("stretches.silent", KeyError),
        ("condition", KeyError),
        ("more", 1),
    ],
)
def test_no_other_amendment_is_written(path: str, new: Any) -> None:
    with pytest.raises(FormatError):
        check_amendment(put(amendment(), path, new))


@pytest.mark.parametrize(
    ("path", "new"), [("more", 1), ("streams.0.more", 1), ("puid", KeyError), ("tools", "other")]
)
def test_what_a_later_version_changed_is_read(path: str, new: Any) -> None:
    read_technical(put(technical(), path, new))


@pytest.mark.parametrize(
    ("path", "new"),
    [("duration_ms", "2 s"), ("condition.verdict", "fine"), ("captured.start", 5)],
)
def test_what_the_catalog_takes_over_has_its_form(path: str, new: Any) -> None:
    with pytest.raises(FormatError):
        read_technical(put(technical(), path, new))
    with pytest.raises(FormatError):
        read_technical([])


def test_record_json_has_it_or_not(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    plain = archive.describe(b"text")
    medium = archive.describe(b"film", changed={"technical": technical()})
    assert RecordDescription.parse(plain.to_bytes()).value.get("technical") is None
    assert RecordDescription.parse(medium.to_bytes()).value["technical"] == technical()
    with pytest.raises(FormatError):
        archive.describe(b"film", changed={"technical": {}})
    later = {**medium.value, "technical": {**technical(), "more": 1}, "other": 2}
    assert RecordDescription.parse(canonical.encode(later)).value["other"] == 2
