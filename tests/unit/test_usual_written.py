"""What intake writes of texts and documents is what verification reads at once."""

from pathlib import Path

import pytest
from corpus import corpus
from packed_fixture import Packed

from archive.parts import DESCRIPTION
from archive.record import RecordDescription
from archive.usual import agrees
from ingest.documents.extract import Extracted
from ingest.documents.understand import Understander

PAGE = "某某局\n行政处罚决定书\n某交执罚〔2026〕1号\n当事人：张“三”\\\n2026年3月1日\n"


class Reader:
    """Finds the same in every document."""

    def read(
        self, source: Path | bytes | int, media_type: str, name: str, *, most: int
    ) -> Extracted:
        noticed = (("MACROS_PRESENT", 'a "b" \\ c\n'), ("EXTERNAL_LINKS", ""))
        return Extracted(PAGE, PAGE, pages=2, signatures=1, puid="fmt/18", findings=noticed)


@pytest.fixture
def packed(tmp_path: Path) -> Packed:
    archive = Packed(tmp_path)
    archive.changed["understand"] = Understander(Reader).understand
    archive.intake = archive.new_intake()
    return archive


def test_what_is_written_is_read_at_once(packed: Packed) -> None:
    samples = [sample for sample in corpus(48) if sample.kind != "json"]
    packed.take({sample.name: sample.data for sample in samples})
    entries = packed.entries()
    assert len(entries) == len(samples)
    for entry in entries:
        data = packed.part(entry, DESCRIPTION)
        described = RecordDescription.parse(data)
        assert described.to_bytes() == data
        assert "document" in RecordDescription.build(described.value).value
        root = str(described.pieces_root)
        assert agrees(data, str(entry.subject), entry.body, root), data


def test_what_the_catalog_has_of_it(packed: Packed) -> None:
    packed.take({"决定.pdf": b"%PDF-1.7\n", "film.bin": b"\x00\x01\x02" * 50})
    rows = {row["name"]: row for row in (packed.row(str(e.subject)) for e in packed.entries())}
    row = rows["决定.pdf"]
    assert (row["kind"], row["doc_number"]) == ("pdf", "某交执罚〔2026〕1号")
    assert (row["doc_date"], row["pages"], row["readable"]) == ("2026-03-01", 2, True)
    assert (row["parties"], row["language"]) == ("某某局；张“三”\\", "zh")
    assert row["title"] == "行政处罚决定书"
    assert rows["film.bin"]["doc_number"] is None


def test_a_marked_document_leaves_nothing(packed: Packed) -> None:
    result = packed.admit({"a.txt": "机密★10年\n某某文件\n".encode(), "b.txt": b"fine"})
    assert (result.refused, result.records) == (1, 1)
    assert "a.txt" not in packed.records()
