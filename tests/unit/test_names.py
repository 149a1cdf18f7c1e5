import base64
import hashlib

import pytest

from ingest.names import Name, decode_name, safe_file_name, safe_for_terminal, source_id


def b64(raw):
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("raw", "text", "kept"),
    [
        (b"a.mp4", "a.mp4", False),
        ("执法记录.mp4".encode(), "执法记录.mp4", False),
        ("执法记录.mp4".encode("gb18030"), "执法记录.mp4", True),
        ("e\u0301.txt".encode(), "é.txt", True),
        (b"\xff\xfe.txt", "\\xff\\xfe.txt", True),
        (b"100%d.mp4", "100%d.mp4", False),
        (b"two\nlines", "two\nlines", False),
    ],
)
def test_decode_name(raw, text, kept):
    assert decode_name(raw) == Name(text, b64(raw) if kept else None)


@pytest.mark.parametrize("folder", [b"DSJ-0012345", b"a", b"a.b_c-9", b"x" * 64])
def test_a_plain_folder_names_its_source(folder):
    assert source_id(folder) == folder.decode()


@pytest.mark.parametrize(
    "folder", ["一大队".encode(), b"a b", b"x" * 65, b"a\n", b"\xff", b"letters"]
)
def test_any_other_folder_gets_a_made_id(folder):
    assert source_id(folder) == "x-" + hashlib.sha256(folder).hexdigest()[:16]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("执法　记录", "执法　记录"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("photo\u202egpj.exe", "photo\\u202egpj.exe"),
        ("a\nb\u2028c\x7f\x85", "a\\x0ab\\u2028c\\x7f\\x85"),
        ("\udc80", "\\udc80"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_safe_for_terminal(text, shown):
    assert safe_for_terminal(text) == shown


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("行政处罚决定书.pdf", "行政处罚决定书.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "record"),
        ("", "record"),
        ("--help", "help"),
        (".bashrc", "bashrc"),
        ("a\\b:c*?.txt", "a_b_c__.txt"),
        ("photo\u202egpj.exe\x00\n", "photogpj.exe"),
        ("CON.txt", "_CON.txt"),
        ("a. ", "a"),
    ],
)
def test_safe_file_name(text, name):
    assert safe_file_name(text) == name


def test_a_long_name_keeps_its_extension():
    name = safe_file_name("决" * 200 + ".mp4")
    assert name.endswith("决.mp4")
    assert 190 < len(name.encode()) <= 200
