"""Texts and documents from the drop to what people see of them, by hand and by the watcher."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from corpus import Sample, corpus
from home_copies import copy_home

Cli = Any
KINDS = ("txt", "pdf", "docx", "ofd", "csv")


@pytest.fixture(scope="module")
def samples() -> Mapping[str, Sample]:
    """One of each kind, with a number of its own; the same at every run."""
    found: dict[str, Sample] = {}
    for sample in corpus(60):
        if sample.kind in KINDS and sample.number:
            found.setdefault(sample.kind, sample)
    assert set(found) == set(KINDS)
    return found


@pytest.fixture(scope="module")
def office(
    at_home: Any, tmp_path_factory: pytest.TempPathFactory, samples: Mapping[str, Sample]
) -> Cli:
    """Half of them by hand, which has a process that reads ahead, half by the watcher."""
    folder = tmp_path_factory.mktemp("documents")
    cli = at_home(folder / "home")
    assert cli("init").code == 0
    settings = folder / "home" / "cunzheng.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("settle_seconds = 2.0", "settle_seconds = 0.0"), "utf-8")
    hand, inbox = folder / "hand", folder / "home" / "inbox" / "D1"
    for place in (hand, inbox):
        place.mkdir(parents=True)
    for number, sample in enumerate(samples.values()):
        ((hand, inbox)[number % 2] / sample.name).write_bytes(sample.data)
    assert cli("ingest", hand, "--source", "hand").code == 0
    assert cli("watch", "--once").code == 0
    return cli


@pytest.fixture
def own(office: Cli, at_home: Any, tmp_path: Path) -> Cli:
    """A copy, to be added to."""
    copy_home(office.home, tmp_path / "own")
    return at_home(tmp_path / "own")


def rows(cli: Cli) -> dict[str, Any]:
    return {row["name"]: row for row in cli("search", "--json").json["records"]}


def test_what_search_knows(office: Cli, samples: Mapping[str, Sample]) -> None:
    found = rows(office)
    assert found.keys() == {sample.name for sample in samples.values()}
    for sample in samples.values():
        row = found[sample.name]
        assert (row["kind"], row["title"]) == (sample.kind, sample.title)
        assert row["number"] == sample.number
        assert row["language"] == sample.language
        assert row["readable"] is True
    assert found[samples["pdf"].name]["pages"] == 1
    assert found[samples["txt"].name]["pages"] is None


def test_what_show_says_in_both_languages(office: Cli, samples: Mapping[str, Sample]) -> None:
    sample = samples["pdf"]
    record = rows(office)[sample.name]["record"]
    english = office("show", record).out
    chinese = office("--lang", "zh", "show", record).out
    words = " ".join(english.split())
    assert f"document number {sample.number}" in words
    assert "format (PRONOM) fmt/" in words
    for label in ("文号", "文书日期", "语言", "页数"):
        assert label in chinese
    document = office("show", record, "--json").json["description"]["document"]
    assert document["number"] == sample.number
    assert document["classification"] == "examined"


def test_everything_is_verified(office: Cli) -> None:
    assert office("verify").code == 0
    assert office("doctor").code == 0


def test_a_scan_is_told_as_not_examined(own: Cli, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(_without_text())
    assert own("ingest", tmp_path / "scan.pdf", "--source", "hand").code == 0
    row = rows(own)["scan.pdf"]
    assert (row["readable"], row["pages"], row["title"]) == (False, 1, None)
    english = own("show", row["record"]).out
    chinese = own("--lang", "zh", "show", row["record"]).out
    assert "not examined: there was no text to look at" in english
    assert "未检查：没有可供检查的文字" in chinese
    assert own("verify").code == 0


def _without_text() -> bytes:
    """A PDF of one page with a filled rectangle."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>",
        b"<< /Length 19 >>\nstream\n10 10 50 50 re f   \nendstream",
    )
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 5\n0000000000 65535 f \n" + table
    return data + b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
