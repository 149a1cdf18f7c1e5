import io
import json
import struct
import wave
import zipfile
import zlib

import pytest

from ingest.kind import Media, detect, is_named_medium
from ingest.text import read_text

OFFICE = "application/vnd.openxmlformats-officedocument."


def kind(data, name="x", complete=True):
    return detect(data, name, read_text(data, complete=complete), complete=complete)


def archive_of(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
        for member in members:
            bundle.writestr(member, b"<a/>" * 50)
    return out.getvalue()


def opendocument():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        bundle.writestr("content.xml", "<a/>")
    return out.getvalue()


def sound():
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(100))
    return out.getvalue()


def picture():
    def chunk(tag, body):
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0"))


def box(brand):
    return b"\x00\x00\x00\x18ftyp" + brand + bytes(40)


def ole(stream):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream.encode("utf-16-le")


MP3 = (b"\xff\xfb\x90\x00" + bytes(413)) * 3
AAC = (b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(9)) * 3

JP2 = b"\x00\x00\x00\x0cjP  \r\n\x87\n"

BY_CONTENT = [
    (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg"),
    (picture(), "image/png"),
    (b"GIF89a\x01\x00\x01\x00\x00", "image/gif"),
    (b"BM" + bytes(12) + b"\x28\0\0\0" + bytes(40), "image/bmp"),
    (b"II*\x00\x08\0\0\0", "image/tiff"),
    (b"MM\x00*\0\0\0\x08", "image/tiff"),
    (box(b"heic"), "image/heic"),
    (box(b"isom"), "video/mp4"),
    (box(b"qt  "), "video/quicktime"),
    (box(b"3gp4"), "video/3gpp"),
    (box(b"M4A "), "audio/mp4"),
    (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", "video/quicktime"),
    (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo"),
    (sound(), "audio/wav"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska\0", "video/matroska"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm\0", "video/webm"),
    ((b"\x47\x40\x11\x10" + bytes(184)) * 6, "video/mp2t"),
    ((b"\0\0\0\x01\x47\x40\x11\x10" + bytes(184)) * 6, "video/mp2t"),
    (b"\x00\x00\x01\xba\x44\x00\x04", "video/mp2p"),
    (b"ID3\x03\x00\x00", "audio/mpeg"),
    (MP3, "audio/mpeg"),
    (AAC, "audio/aac"),
    (b"fLaC\x00\x00\x00\x22", "audio/flac"),
    (b"FORM\x00\x01X\xb6AIFFCOMM\x00\x00\x00\x12", "audio/aiff"),
    (b"FORM\x00\x01X\xb6AIFCFVER\x00\x00\x00\x04", "audio/aiff"),
    (b".snd\x00\x00\x00 \x00\x01X\x88\x00\x00\x00\x03", "audio/basic"),
    (b"caff\x00\x01\x00\x00desc\x00\x00\x00\x00", "audio/x-caf"),
    (JP2 + b"\x00\x00\x00\x14ftypjp2 \x00\x00\x00\x00jp2 ", "image/jp2"),
    (JP2 + b"\x00\x00\x00\x14ftypmjp2\x00\x00\x00\x00mjp2", "video/mj2"),
    (b"\xff\x4f\xff\x51\x00\x2f\x00\x00", "image/j2c"),
    (b"#!AMR\n\x3c\x00", "audio/amr"),
    (b"OggS\x00\x02" + bytes(22) + b"\x01vorbis", "audio/ogg"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    (b"%PDF-1.4\nall of it is text\n", "application/pdf"),
    (b"{\\rtf1\\ansi text}", "application/rtf"),
    (archive_of("OFD.xml", "Doc_0/Document.xml"), "application/ofd"),
    (archive_of("Doc_0/Document.xml", "OFD.xml"), "application/ofd"),
    (
        archive_of("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
        OFFICE + "wordprocessingml.document",
    ),
    (archive_of("[Content_Types].xml", "xl/workbook.xml"), OFFICE + "spreadsheetml.sheet"),
    (
        archive_of("[Content_Types].xml", "ppt/presentation.xml"),
        OFFICE + "presentationml.presentation",
    ),
    (opendocument(), "application/vnd.oasis.opendocument.text"),
    (archive_of("a.txt"), "application/zip"),
    (ole("WordDocument"), "application/msword"),
    (ole("Workbook"), "application/vnd.ms-excel"),
    (b'{"a": 1}', "application/json"),
    (json.dumps(["记录"]).encode("utf-16"), "application/json"),
    (b"<?xml version='1.0'?><a/>", "application/xml"),
    (b"\n<!DOCTYPE html><html></html>", "text/html"),
    ("现场检查笔录".encode("gb18030"), "text/plain"),
]


@pytest.mark.parametrize(("data", "media"), BY_CONTENT)
def test_by_content_whatever_the_name(data, media):
    for name in ("x", "x.exe", "x.csv.bin"):
        assert kind(data, name) == Media(media, "content")


@pytest.mark.parametrize(
    ("data", "name", "media"),
    [
        (b"a,b\n1,2\n", "T.CSV", "text/csv"),
        (b"# head\n", "a.md", "text/markdown"),
        (bytes(50), "a.mp4", "video/mp4"),
        (ole("Something"), "a.doc", "application/msword"),
    ],
)
def test_by_name(data, name, media):
    assert kind(data, name) == Media(media, "name")


def test_a_zip_goes_by_its_name_only_while_members_are_unseen():
    data = archive_of("a/b")
    word = OFFICE + "wordprocessingml.document"
    assert kind(data, "a.docx", complete=True) == Media("application/zip", "content")
    assert kind(data, "a.docx", complete=False) == Media(word, "name")


def test_unknown():
    assert kind(bytes(50), "a.zzz") == kind(b"", "mp4") == Media("application/octet-stream", "none")


@pytest.mark.parametrize(
    "data", [b"G" * 2000, b"GIF89a is a format", b"DHAV means", b"ID3 tags", b"FORM 12: AIFF"]
)
def test_words_that_begin_like_a_film_are_text(data):
    assert kind(data, "a.txt") == Media("text/plain", "content")


def test_broken_json_is_text():
    assert kind(b'{"a": ', "a.json") == Media("text/plain", "content")


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b"\0\0\0\1\x67\x64\0\x0b" + bytes(40), "video/h264"),
        (b"\0\0\1\x27\x42\xe0\x1e" + bytes(40), "video/h264"),
        (b"\0\0\0\1\x09\xf0\0\0\0\1\x67\x64", "video/h264"),
        (b"\0\0\0\1\x40\1\x0c\1" + bytes(40), "video/h265"),
        (b"\0\0\1\xb3" + bytes(40), "application/octet-stream"),
        (b"\0\0\0\1\x67\x01" + bytes(40), "application/octet-stream"),
        (b"\0\0\1\0\1\0\x10\x10" + bytes(40), "application/octet-stream"),  # an icon
    ],
)
def test_bare_streams_are_told_by_their_first_unit(data, media):
    assert kind(data).type == media


def test_a_bare_stream_that_lost_its_beginning_goes_by_its_name():
    assert kind(b"\xff" * 50, "a.H264") == Media("video/h264", "name")


@pytest.mark.parametrize(
    "name", ["a.mp4", "note.txt.MP4", "a.JPG", "a.wma", "a.opus", "a.m2ts", "a.aif"]
)
def test_names_of_media(name):
    assert is_named_medium(name)
    assert kind(b"words", name) == Media("text/plain", "content")
    assert kind(bytes(range(256)), name).by == "name"


@pytest.mark.parametrize("name", ["a.txt", "mp4", "a.pdf", "a.mp4.txt", "a.", ""])
def test_names_of_other_things(name):
    assert not is_named_medium(name)
