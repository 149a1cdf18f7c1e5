"""cunzheng derive: what waits, what is named, what is gone, and what killed runs left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from media_samples import sample
from office_cli import OfficeHome, make_office_home
from PIL import Image
from service_driver import served

Cli = Any


@pytest.fixture(scope="module")
def archive(at_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Two photos and a text; the order of the tests does not matter."""
    folder = tmp_path_factory.mktemp("derive")
    cli = at_home(folder / "home")
    assert cli("init").code == 0
    drops = folder / "drops"
    drops.mkdir()
    for name, colour in (("red", "#c02020"), ("blue", "#2020c0")):
        Image.new("RGB", (800, 600), colour).save(drops / f"{name}.jpg")
        (drops / f"{name}.jpg.json").write_text('{"cunzheng_sidecar": 1, "case": "〔2026〕7号"}')
    (drops / "words.txt").write_text("现场检查笔录")
    assert cli("ingest", drops, "--source", "cam").code == 0
    return cli


def pictures(cli: Cli) -> list[Path]:
    return sorted((cli.home / "store/live/derived").glob("*/*.jpg"))


def test_what_waits_is_done_once(archive: Cli) -> None:
    done = archive("derive", "--json")
    assert (done.code, done.err) == (0, "")
    assert len(pictures(archive)) == 2
    assert archive("derive", "--json").json == {"done": 0, "swept": 0}
    assert archive("verify").code == 0


def test_one_that_is_named(archive: Cli) -> None:
    record = archive.record("red.jpg")
    archive("derive", record)
    (one,) = archive("derive", record, "--json").json
    assert (one["record"], one["empty"], one["problem"]) == (record, [], None)
    (made,) = one["made"]
    assert (made["role"], made["new"]) == ("thumbnail", False)
    with Image.open(archive.home / "store/live" / made["key"]) as picture:
        assert picture.size == (640, 480)
    assert "as before" in archive("derive", record[:12]).out
    assert "缩略图" in archive("--lang", "zh", "derive", record).out
    assert "derivative made" in archive("show", record).out


def test_of_a_case_only_what_is_missing(archive: Cli) -> None:
    case = ("--case", "〔2026〕7号")
    assert len(archive("derive", *case, "--json").json) == 2
    for path in pictures(archive):
        path.unlink()
    assert archive("verify").code == 0
    told = archive("derive", *case, "--missing", "--json").json
    assert [len(one["made"]) for one in told] == [1, 1]
    told = archive("derive", "--missing", "--json").json
    assert [len(one["made"]) for one in told] == [0, 0]
    assert "Nothing" in archive("derive", "--missing").out


def test_nothing_is_made_of_what_shows_nothing(archive: Cli) -> None:
    done = archive("derive", archive.record("words.txt"), "--json")
    assert (done.code, done.json[0]["made"]) == (0, [])


def test_an_exchanged_picture_is_found_and_put_right(archive: Cli) -> None:
    archive("derive", "--case", "〔2026〕7号")
    one, other = pictures(archive)
    right = one.read_bytes()
    one.unlink()
    one.write_bytes(other.read_bytes())
    done = archive("verify", "--json")
    assert (done.code, done.json["counts"]["DERIVED_ALTERED"]) == (1, 1)
    assert archive("derive", one.parent.name).code == 0
    assert one.read_bytes() == right
    assert archive("verify").code == 0


def test_leftovers_of_killed_runs_go(archive: Cli) -> None:
    archive("derive")
    left = pictures(archive)[0].with_name("thumbnail-0123456789abcdef.jpg")
    left.write_bytes(b"left over")
    assert archive("derive", "--json").json["swept"] == 1
    assert not left.exists()


def test_an_altered_original_gives_no_picture(at_home: Any, tmp_path: Path) -> None:
    cli = at_home(tmp_path / "home")
    assert cli("init", "--set", "pack_up_to=0").code == 0
    drops = tmp_path / "drops"
    drops.mkdir()
    (drops / "a.jpg").write_bytes(sample("jpg").read_bytes())
    assert cli("ingest", drops, "--source", "cam").code == 0
    record = cli.record()
    content = cli.stored(record)
    content.change(content.read()[200:208], b"exchange")
    done = cli("derive", record)
    assert (done.code, "not what was sealed" in done.out) == (1, True)
    assert pictures(cli) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--role", "poster"), "Name records"),
        (("--proxy",), "Name records"),
        (("01ABC", "--role", "marked"), "--role is one of poster"),
        (("01ZZZZZZ",), "no record"),
    ],
)
def test_wrong_usage(archive: Cli, words: tuple[str, ...], told: str) -> None:
    done = archive("derive", *words)
    assert (done.code, told in done.err) == (2, True)


def test_a_service_makes_what_is_wished(tmp_path: Path) -> None:
    """A film of which a browser plays nothing; transcoding it is asked of the service."""
    office = make_office_home(tmp_path, sample("h265").read_bytes())
    assert office("derive").code == 0
    with served(office.home):
        done = office("derive", office.record, "--proxy")
        assert (done.code, "Queued: 1" in done.text) == (0, True), done.err
        again = office("--lang", "zh", "derive", "--case", "no such", "--json")
        assert (again.code, again.json["queued"], again.json["works"]) == (0, [], True)
        end = time.monotonic() + 600
        while looking(office) or not list(proxies(office.home)):
            assert time.monotonic() < end
            time.sleep(0.1)
        assert office("derive").code == 0
        assert office("derive", "--role", "poster").code == 2
        assert office("derive", "01ZZZZZZ").code == 2
    assert looking(office) == 0
    assert office("derive").code == 0  # seals what the service had no more time for
    assert len(list(proxies(office.home))) == 1
    verified = office("verify")
    assert verified.code == 0, verified.text


def looking(office: OfficeHome) -> int:
    """How many records wait to be looked at."""
    return int(office("status", "--json").json["ledger"]["looking"]["count"])


def proxies(home: Path) -> Iterator[Path]:
    return (home / "store/live/derived").glob("*/proxy-*")


def test_a_wish_waits_where_the_service_does_no_such_work(tmp_path: Path) -> None:
    office = make_office_home(tmp_path, sample("h265").read_bytes(), ("media_examine=false",))
    with served(office.home):
        asked = ("derive", office.record, "--proxy")
        told = [office(*asked, "--json").json, office(*asked, "--json").json]
        assert [one["works"] for one in told] == [False, False]
        assert told[0]["waiting"] == told[1]["waiting"]  # the same wish waits once
        assert "media_examine is false" in office(*asked).text
    assert office("derive").code == 0
    assert len(list(proxies(office.home))) == 1
