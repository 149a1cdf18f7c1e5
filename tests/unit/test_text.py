import codecs
from random import Random

import pytest

from ingest.text import PREVIEW, read_text

DOCUMENT = (
    "\n某某市市场监督管理局\n\n行政处罚决定书\n沪市监罚〔2026〕12号\n当事人：某某公司。经查明…\n"
)


def read(data, complete=True):
    return read_text(data, complete=complete)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (DOCUMENT.encode(), "utf-8"),
        (codecs.BOM_UTF8 + DOCUMENT.encode(), "utf-8"),
        (DOCUMENT.encode("gb18030"), "gb18030"),
        (DOCUMENT.encode("gbk"), "gb18030"),
        (codecs.BOM_UTF16_LE + DOCUMENT.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + DOCUMENT.encode("utf-16-be"), "utf-16-be"),
        (DOCUMENT.encode("utf-16-le"), "utf-16-le"),
        (DOCUMENT.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_encoding_title_and_preview(data, encoding):
    found = read(data)
    assert found.encoding == encoding
    assert found.title == "行政处罚决定书"
    assert found.preview.startswith("某某市市场监督管理局 行政处罚决定书 沪市监罚")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\n\n  First line \nsecond", "First line"),
        ("# 检查说明\n正文", "检查说明"),
        ("行 政 处 罚 决 定 书\n", "行政处罚决定书"),
        ("现场笔录\n内容", "现场笔录"),
        ('{"title": "巡查记录", "x": 1}', "巡查记录"),
        ('{"文书名称": "送达\\u56de证\\ud800"}', "送达回证"),
        ('{"x": 1}', ""),
        ("[1, 2]", ""),
        ("{broken", ""),
        ("<html><head><title> 听证\n公告 </title>", "听证 公告"),
        ("<!DOCTYPE html><h1>责令<b>改正</b></h1>", "责令改正"),
        ("<?xml version='1.0'?><a/>", ""),
    ],
)
def test_titles(text, title):
    assert read(text.encode()).title == title


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text",
    ["王芳", "①现场照片②询问笔录", "☑是☐否", "甲类Ⅰ级", "┌──┬──┐\n│姓名│张三│\n└──┴──┘\n"],
)
def test_forms_and_numbers_are_text(text, encoding):
    assert read(text.encode(encoding)).encoding == encoding


@pytest.mark.parametrize("name", ["王珏", "龚鑫淼", "嵊州", "郫县", "濮阳"])
def test_names_of_rare_characters_are_text(name):
    assert read(name.encode("gb18030")).encoding == "gb18030"


def test_preview_is_bounded_normal_and_clean():
    found = read(("e\u0301\t\u202e\n" + "长" * 1000).encode())
    assert found.preview == "é " + "长" * (PREVIEW - 2)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le"])
def test_a_head_that_ends_inside_a_character_is_text(encoding):
    data = ("\ufeff" if encoding.startswith("utf-16") else "").encode(encoding)
    data += ("执法全过程记录制度，" * 50).encode(encoding)
    for cut in range(90, 100):
        assert read(data[:cut], complete=False).encoding == encoding
    assert read("执法".encode()[:-1], complete=True) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02\x03",
        b"text with a \x00 inside",
        b"text with \x1b[31m escapes",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        "\ue000\ue001\ue002\ue003".encode("gb18030"),
        "𠀀𠀁𠀂𠀃".encode("gb18030"),
        codecs.BOM_UTF16_LE + b"\x00\xd8\x00\x00",
    ],
)
def test_what_is_not_text(data):
    assert read(data) is None


def test_random_bytes_are_never_text():
    random = Random(5)
    for size in (32, 64, 100, 1000, 65536):
        for _ in range(200 if size < 5000 else 10):
            data = random.randbytes(size)
            assert read(data) is None
            assert read(data, complete=False) is None
            # No control characters and every pair assigned: only the look of it can tell.
            high = bytes(0xA1 + byte % 0x5E for byte in data)
            assert size < 1000 or read(high) is None


def test_text_with_rare_characters_is_still_text():
    # A few private-use characters stand for rare names in old systems.
    text = "当事人姓名：张\ue5e5，住址：上海市黄浦区某某路。" * 4
    assert read(text.encode("gb18030")).encoding == "gb18030"
    assert read("本局依法作出處罰決定，當事人應當自收到之日起履行。".encode("gb18030"))
