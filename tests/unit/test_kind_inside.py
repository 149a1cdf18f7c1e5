"""Kinds of containers by their directories, mail, programs, and names that say something else."""

import random
import struct
from pathlib import Path

import pytest
from ole_files import compound, doc, xls
from packages import package, paragraphs, word

from ingest.documents.codes import CODES
from ingest.kind import Media, detect
from ingest.named_kinds import name_differs
from ingest.text import read_text

HEAD = 65536
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
NOISE = random.Random(6).randbytes(200_000)


def kind(data: bytes, name: str, tmp_path: Path | None = None) -> Media:
    head, complete = data[:HEAD], len(data) <= HEAD
    text = read_text(head, complete=complete)
    if tmp_path is None:
        return detect(head, name, text, complete=complete, whole=(data, len(data)))
    path = tmp_path / "staged"
    path.write_bytes(data)
    return detect(head, name, text, complete=complete, whole=(path, len(data)))


def test_a_large_docx_whose_first_bytes_do_not_show_it(tmp_path):
    data = package(
        {
            "[Content_Types].xml": "<Types/>",
            "docProps/thumb.jpeg": NOISE,
            "word/document.xml": "<d/>",
        }
    )
    assert kind(data, "a.bin", tmp_path) == Media(WORD, "content")
    assert kind(data, "a.xlsx") == Media(WORD, "content")


def test_a_zip_with_a_folder_like_that_is_a_zip(tmp_path):
    data = package({"noise": NOISE, "word/notes.txt": "x"})
    assert kind(data, "a.docx", tmp_path) == Media("application/zip", "content")


def test_a_zip_that_was_cut_off_is_what_it_is_called():
    data = package({"[Content_Types].xml": "<Types/>", "noise": NOISE})[:100_000]
    assert kind(data, "a.docx") == Media(WORD, "name")


@pytest.mark.parametrize(
    ("data", "name", "media"),
    [
        (doc("正文"), "a.bin", "application/msword"),
        (doc("正文"), "a.wps", "application/vnd.wps-office.wps"),
        (xls([["x"]]), "a.doc", "application/vnd.ms-excel"),
        (xls([["x"]]), "a.et", "application/vnd.wps-office.et"),
        (compound({"EncryptedPackage": b"x"}), "a.docx", WORD),
        (compound({"EncryptedPackage": b"x"}), "a", "application/x-ole-storage"),
        (compound({"WordDocument": b"x", "Noise": NOISE}), "a", "application/msword"),
        (compound({"Noise": NOISE * 45, "Workbook": b"x"}), "a", "application/vnd.ms-excel"),
        (b"\x7fELF\2\1\1" + bytes(60), "a.docx", "application/x-elf"),
        (b"\0" * 257 + b"ustar" + b"\0" * 300, "a", "application/x-tar"),
    ],
)
def test_by_streams_and_signatures(data, name, media):
    assert kind(data, name) == Media(media, "content")


def test_a_directory_that_leads_back_to_itself():
    made = bytearray(compound({"Noise": b"x"}))
    directory = struct.unpack_from("<I", made, 48)[0]
    table = 512 + struct.unpack_from("<I", made, 76)[0] * 512
    struct.pack_into("<I", made, table + 4 * directory, directory)
    assert kind(bytes(made), "a").type == "application/x-ole-storage"


@pytest.mark.parametrize(
    ("data", "name", "media"),
    [
        (b"From: a@b\r\nTo: c@d\r\nMessage-ID: <1@x>\r\n\r\nx", "a", "message/rfc822"),
        (b"From: a@b\r\nSubject: x\r\n\r\nx", "a.eml", "message/rfc822"),
        (b"From: a@b\r\nSubject: x\r\n\r\nx", "a.txt", "text/plain"),  # a note like a mail
        (b"Date: 2026-03-01\nnothing else\n", "a.eml", "text/plain"),
        ("当事人: 张三\n日期: 2026".encode(), "a.eml", "text/plain"),
    ],
)
def test_mail(data, name, media):
    assert kind(data, name).type == media


@pytest.mark.parametrize(
    ("name", "media", "note"),
    [
        ("a.docx", "application/x-elf", ".docx holds a program"),
        ("a", "application/x-elf", ".a"),
        ("a.exe", "application/x-elf", None),
        ("a.docx", "text/plain", ".docx holds text/plain"),
        ("a.txt", "application/json", None),
        ("a.doc", "application/vnd.wps-office.wps", None),
        ("a.doc", "application/rtf", ".doc holds application/rtf"),
        ("a.pdf", "application/pdf", None),
        ("a.pdf", "image/png", None),  # `technical` says it
        ("a.mp4", "text/plain", None),
        ("a.xyz", "text/plain", None),
    ],
)
def test_names_that_say_another_kind(name, media, note):
    found = name_differs(name, media)
    assert found == note or (note == ".a" and found == ". holds a program")


def test_every_code_is_explained_in_both_languages():
    page = (Path(__file__).parents[2] / "docs/documents.md").read_text(encoding="utf-8")
    for code, (english, chinese) in CODES.items():
        assert f"| `{code}` | " in page
        assert english.isascii() != chinese.isascii()


def test_word_is_word():
    assert kind(word(paragraphs(["x"])), "x") == Media(WORD, "content")
