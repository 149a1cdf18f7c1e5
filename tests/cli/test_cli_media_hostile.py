"""Media made to harm come in like any others: sealed, examined, and what comes after them too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import hostile_boxes  # noqa: F401 - puts its files into the table, as the following do
import hostile_pictures  # noqa: F401
import hostile_streams  # noqa: F401
import hostile_texts  # noqa: F401
import pytest
from hostile_media import HOSTILE, SLOW, Sparse, Trap
from media_samples import sample
from scale import ACCEPTANCE

Cli = Any

FEW = (
    *(
        b"playlist.mp4",
        b"script.avi",
        b"bomb.jpg",
        b"-rf.mp4",
        b"100%d.jpg",
        b"reference-alias.mov",
    ),
    *(b"depth.mp4", b"chunks.mp4", b"lengths.mkv", b"comments.ogg", b"loop.jpg", b"plane.gif"),
)
"""One or two of each sort, for the suite that is run every time."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(FEW, id="few"), *([pytest.param((), id="all")] if ACCEPTANCE else [])],
)
def taken(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, at_home: Any
) -> Cli:
    """An archive that took them, and a sound film after them."""
    folder = tmp_path_factory.mktemp("hostile")
    cli = at_home(folder / "home")
    assert cli("init").code == 0
    settings = cli.home / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("settle_seconds = 2.0", "settle_seconds = 0.0"), "utf-8")
    inbox = cli.home / "inbox" / "camera"
    inbox.mkdir()
    trap = Trap(inbox, folder / "canary.mp4", folder / "canary.ts", folder / "canary.txt", 9)
    count = _drop(inbox, trap, request.param)
    (inbox / "zz_after.mkv").write_bytes(sample("mkv").read_bytes())
    done = cli("watch", "--once", "--json")
    assert done.json["records"] + done.json["rejected"] == count + 1
    return cli


def _drop(inbox: Path, trap: Trap, names: tuple[bytes, ...]) -> int:
    everybody = {one.name for one in HOSTILE} - SLOW
    chosen = [one for one in HOSTILE if one.name in (names or everybody)]
    made = [(one.name, one.make(trap)) for one in chosen]
    small = [(name, data) for name, data in made if not isinstance(data, Sparse)]
    for name, data in small:
        (inbox / os.fsdecode(name)).write_bytes(data)
    return len(small)


def test_they_are_examined_and_so_is_what_came_after(taken: Cli) -> None:
    assert taken("derive", "--json").code == 0
    looking = taken("status", "--json").json["ledger"]["looking"]
    assert (looking["count"], looking["problems"]) == (0, 0)
    after = taken("show", taken.record("zz_after"), "--json").json
    (event,) = (one for one in after["custody"] if one["kind"] == "record.amended")
    assert event["detail"]["condition"] == {"findings": [], "verdict": "sound"}
    derived = {one["kind"] for one in after["custody"]}
    assert "derived.made" in derived


def test_the_archive_verifies_with_them_in_it(taken: Cli) -> None:
    verified = taken("verify", "--json")
    assert verified.json["outcome"] == "PASSED", verified.json["findings"]


def test_they_are_found_by_their_condition(taken: Cli) -> None:
    sound = taken("search", "--condition", "sound", "--json").json["records"]
    names = {row["name"] for row in sound}
    assert {"-rf.mp4", "zz_after.mkv", "100%d.jpg"} <= names
    assert not names & {"depth.mp4", "chunks.mp4", "lengths.mkv", "comments.ogg", "plane.gif"}
    suspicious = taken("search", "--condition", "suspicious", "--json").json["records"]
    names = {row["name"] for row in suspicious}
    assert {"playlist.mp4", "script.avi"} <= names
    shown = taken("show", taken.record("playlist"))
    assert "NAME_DIFFERS" in shown.out
    assert "the full check follows" not in shown.out
