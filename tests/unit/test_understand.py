"""What a drop is and says of itself, as record.json has it; state secrets; what cannot be read."""

import errno
from pathlib import Path
from typing import Any

import pytest
from corpus import corpus
from packages import paragraphs, word

from archive.document import MOST_FINDINGS, MOST_PARTIES, MOST_TEXT, check_document
from ingest.documents import understand as module
from ingest.documents.extract import Extracted
from ingest.documents.readers import Readers
from ingest.documents.understand import Later, Understander, Understood
from ingest.errors import Classified, SourceUnreadable
from ingest.staging import HEAD_SIZE
from signing import canonical

DECISION = "某某局\n行政处罚决定书\n某交执罚〔2026〕第1号\n当事人：张三\n2026年3月1日\n"
PDF = b"%PDF-1.7\n"


class Fake:
    """A reader that finds what it is told to find, and counts."""

    def __init__(self, found: Extracted) -> None:
        self.found = found
        self.asked: list[tuple[str, str]] = []

    def read(
        self, source: Path | bytes | int, media_type: str, name: str, *, most: int
    ) -> Extracted:
        self.asked.append((media_type, name))
        return self.found


def understood(data: bytes, name: str = "a.txt", fake: Fake | None = None) -> Understood:
    understander = Understander((lambda: fake) if fake else None)
    found = understander.understand(data, data, True, name, len(data))
    if found.document is not None:
        check_document(canonical.decode(found.document))
        assert canonical.encode(canonical.decode(found.document)) == found.document
    return found


def document(found: Understood) -> dict[str, Any]:
    assert found.document is not None
    return canonical.decode_object(found.document)


def test_a_text() -> None:
    found = understood(DECISION.encode("gb18030"))
    assert found.text is not None
    assert (found.text.title, found.text.encoding) == ("行政处罚决定书", "gb18030")
    assert (found.text.start, found.text.end) == ("", "")  # a batch holds many
    value = document(found)
    assert value["number"] == "某交执罚〔2026〕第1号"
    assert value["date"] == "2026-03-01"
    assert value["parties"] == [
        {"name": "某某局", "role": "agency"},
        {"name": "张三", "role": "party"},
    ]
    assert (value["language"], value["classification"]) == ("zh", "examined")
    assert value["readable"] is True
    assert 60 <= value["confidence"] < 100


@pytest.mark.parametrize(
    ("data", "confidence"),
    [(b"plain", 100), ("中文".encode(), 100), ("\ufeff中文".encode("utf-16"), None)],
)
def test_how_sure_the_encoding_is(data: bytes, confidence: int | None) -> None:
    assert document(understood(data))["confidence"] == confidence


def test_a_document() -> None:
    fake = Fake(
        Extracted(DECISION, DECISION, pages=3, signatures=2, puid="fmt/18", findings=(("X", "y"),))
    )
    found = understood(PDF, "a.pdf", fake)
    assert fake.asked == [("application/pdf", "a.pdf")]
    assert found.text is not None
    assert (found.text.title, found.text.encoding) == ("行政处罚决定书", "")
    assert found.text.preview.startswith("某某局 行政处罚决定书")
    value = document(found)
    assert (value["pages"], value["signatures"], value["puid"]) == (3, 2, "fmt/18")
    assert value["findings"] == [{"code": "X", "note": "y"}]
    assert value["confidence"] is None


def test_a_scan_has_no_text_and_was_not_examined() -> None:
    fake = Fake(Extracted("\f\f", " \n", pages=2, readable=False))
    found = understood(PDF, "a.pdf", fake)
    assert found.text is None
    value = document(found)
    assert (value["readable"], value["classification"]) == (False, "not_examined")
    assert value["pages"] == 2


def test_documents_are_for_who_has_a_reader() -> None:
    with pytest.raises(Later):
        understood(PDF, "a.pdf")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("机密★10年\n某某文件\n".encode(), "a.txt"),
        ("绝密\n\n".encode("gb18030"), "a.txt"),
        ('{"密级": "机密", "x": 1}'.encode(), "a.json"),
        ("<?xml version='1.0'?><d><密级>秘密</密级></d>".encode(), "a.xml"),
    ],
)
def test_a_mark_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(Classified):
        understood(data, name)


def test_a_mark_in_a_document_is_refused() -> None:
    with pytest.raises(Classified):
        understood(PDF, "a.pdf", Fake(Extracted("机密★10年\n", "机密★10年\n", pages=1)))
    assert document(understood("本单位严守国家秘密。\n".encode()))["classification"] == "examined"


def test_what_is_neither_text_nor_document_has_none() -> None:
    assert understood(b"\x89PNG\r\n\x1a\n" + bytes(50), "a.png").document is None
    assert understood(b"", "a.txt").document is None


def test_a_text_that_cannot_be_decoded_was_not_examined() -> None:
    found = understood(b"abc\x00\x01\xff\xfe\x80" * 20, "a.txt")
    assert (found.media.type, found.text) == ("text/plain", None)
    value = document(found)
    assert (value["readable"], value["classification"]) == (False, "not_examined")


def test_what_a_file_says_is_made_fit_for_the_record() -> None:
    long = tuple((f"CODE_{number}", "n\u0301\x00\u202e" * 300) for number in range(99))
    text = "\n".join(f"当事人：张{chr(0x4E00 + number)}三" for number in range(99))
    value = document(understood(PDF, "a.pdf", Fake(Extracted(text, text, findings=long))))
    assert len(value["findings"]) == MOST_FINDINGS
    assert value["findings"][0]["note"] == "\u0144" * MOST_TEXT
    assert len(value["parties"]) == MOST_PARTIES


def test_an_error_of_our_own_loses_no_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str | None:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "language_of", broken)
    value = document(understood(DECISION.encode()))
    assert value["findings"] == [{"code": "UNDERSTANDING_FAILED", "note": "ZeroDivisionError"}]
    assert value["classification"] == "not_examined"


def test_the_reader_is_made_once_and_only_for_documents() -> None:
    made: list[Fake] = []

    def make() -> Fake:
        made.append(Fake(Extracted("x", "x")))
        return made[-1]

    understander = Understander(make)
    understander.understand(b"text", b"text", True, "a.txt", 4)
    assert not made
    for _ in range(3):
        understander.understand(PDF, PDF, True, "a.pdf", len(PDF))
    assert len(made) == 1


def test_every_document_of_the_corpus_has_the_documented_form() -> None:
    readers = Readers()
    try:
        understander = Understander(lambda: readers)
        for sample in list(corpus())[:48]:
            found = understander.understand(
                sample.data, sample.data, True, sample.name, len(sample.data)
            )
            assert found.document is not None
            value = canonical.decode(found.document)
            check_document(value)
            assert canonical.encode(value) == found.document
            assert value["language"] in (sample.language, None)
    finally:
        readers.close()


def test_nothing_passes_because_no_reader_can_be_started() -> None:
    """Else a marked document would be sealed when descriptors or processes are used up."""

    def none_left() -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    data = word(paragraphs(["机密★10年", "关于某事的通知"]))
    with pytest.raises(SourceUnreadable, match="No reader"):
        Understander(none_left).understand(data, data, complete=True, name="a.docx", size=len(data))


_ROWS = b",".join(b'{"a": "%d"}' % number for number in range(9_000))
_FRAGMENT = "<table><tr><td>案号</td><td>沪交执罚〔2026〕第12号</td></tr></table>"


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b'{"rows": [%s]}' % _ROWS, "a.json", "application/json"),
        (b'{"rows": [%s]}' % _ROWS, "a.txt", "text/plain"),
        (b"{not json", "a.json", "text/plain"),
        ("<文书><标题>现场检查笔录</标题></文书>".encode(), "a.xml", "application/xml"),
        (b"<!-- made by X -->\n<root><title>x</title></root>", "a.xml", "application/xml"),
        (b"<!-- saved -->\n<!DOCTYPE html><html><title>x</title>", "a.txt", "text/html"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html>', "a.html", "text/html"),
        (_FRAGMENT.encode(), "a.htm", "text/html"),
        (_FRAGMENT.encode(), "a.txt", "text/plain"),
        (b"<3 and more", "a.html", "text/plain"),
    ],
)
def test_where_the_content_leaves_it_open_the_name_says_what_markup_is(
    data: bytes, name: str, kind: str
) -> None:
    head = data[:HEAD_SIZE]
    understander = Understander(None)
    found = understander.understand(
        data, head, complete=len(data) <= HEAD_SIZE, name=name, size=len(data)
    )
    assert found.media.type == kind
    if data == _FRAGMENT.encode() and kind == "text/html":
        assert document(found)["number"] == "沪交执罚〔2026〕第12号"
