"""A volume on paper, read back with PDFium: catalogue and note, whatever the words are."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pypdfium2
import pytest

from archive.filing.volume_form import write_form
from archive.filing.volume_table import Listed, VolumeSheet, numbered, volume_table

MADE = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)
CODE = "0123-XZ·2-2026-D30-0001"
DIGEST = "sha256:" + "ab" * 32
SHEET = VolumeSheet(
    "滨综执罚〔2026〕12号",
    "占道经营",
    "main",
    1,
    ref_code=CODE,
    volume=DIGEST,
    note="材料齐全",
    filed_by="李明 (li)",
    filed_at=MADE,
)


def listed(titles: list[str], pages: int = 2) -> list[Listed]:
    lines = numbered(
        (f"01M83JC911QK9FFKQXJC8S{n:04d}", title, f"sha256:{n:064x}", pages)
        for n, title in enumerate(titles)
    )
    return [
        Listed(**line, day="2026-11-21", stage="decide", kind="video", late=not number)  # type: ignore[arg-type]
        for number, line in enumerate(lines)
    ]


def form(sheet: VolumeSheet, lines: list[Listed], lang: Literal["en", "zh"] = "zh") -> bytes:
    stream = io.BytesIO()
    write_form(sheet, lines, MADE, lang, stream)
    return stream.getvalue()


def texts(data: bytes) -> list[str]:
    """The text of each page without any space."""
    found = [page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(data)]
    return ["".join(text.split()) for text in found]


def test_a_catalogue_and_a_note() -> None:
    catalogue, note = texts(form(SHEET, listed(["立案审批表", "决定书"])))
    for words in ("卷内目录", CODE, "占道经营", "第1卷", "立案审批表", "1–2", "3–4", f"{1:064x}"):
        assert words in catalogue
    assert "决定，录像，归档后补充" in catalogue
    for words in ("卷内备考表", CODE, "共2件、4页", "录音录像2件", "材料齐全", "李明(li)", DIGEST):
        assert words in note
    assert "2026-11-23" in note


def test_a_draft_says_so() -> None:
    draft = replace(SHEET, ref_code=None, volume=None, note=None, filed_by=None, filed_at=None)
    catalogue, note = texts(form(draft, listed(["x"]), "en"))
    assert "(draft,notfiled)" in catalogue
    assert "Noremarks." in note
    assert "(draft" not in texts(form(SHEET, listed(["x"]), "en"))[0]


@pytest.mark.parametrize(
    ("titles", "note"),
    [
        (["立案审批表"] * 200, "齐"),
        (["题" * 4000, "W" * 4000], "注" * 4000),
        (["a\nb\x00\u202e\U0010ffff", ""], "\n" * 300),
    ],
    ids=["many", "long", "odd"],
)
def test_nothing_runs_off_the_paper(titles: list[str], note: str) -> None:
    data = form(replace(SHEET, note=note), listed(titles))
    for page in pypdfium2.PdfDocument(data):
        picture = page.render(scale=1).to_pil().convert("L")
        wide, high = picture.size
        for box in ((0, 0, 25, high), (wide - 25, 0, wide, high), (0, 0, wide, 25)):
            assert picture.crop(box).getextrema() == (255, 255)
    whole = "".join(texts(data))
    for number in range(len(titles)):
        assert f"{number:064x}" in whole
    assert whole.count("题") >= sum(title.count("题") for title in titles)
    assert DIGEST in texts(data)[-1]


def test_the_same_volume_gives_the_same_bytes() -> None:
    assert form(SHEET, listed(["x"])) == form(SHEET, listed(["x"]))


def test_the_table_says_the_same() -> None:
    table = volume_table(SHEET, listed(["立案审批表"]), MADE, "zh")
    assert table.title == "卷内目录"
    assert [column.title for column in table.columns][:2] == ["顺序号", "题名"]
    assert next(iter(table.rows))[1:5] == ("立案审批表", "2026-11-21", "1–2", 2)
    assert f"卷摘要值：{DIGEST}" in table.notes
