"""Sidecars of stations: read by mapping, under the rules of every sidecar, and refused by name."""

import time
import unicodedata
from dataclasses import replace

import pytest
from station_sidecars import (
    BESIDE,
    INDEX,
    LIST,
    TERMINAL,
    csv_list,
    csv_row,
    station_xml,
    xml_list,
)

from archive.errors import FormatError
from ingest.errors import Classified, SidecarBad
from ingest.sidecars.mapping import SHIPPED, Mappings
from ingest.sidecars.reading import check_list, is_of, parse_beside, parse_row, read_list

EXPECTED = {
    "case": "沪交执罚〔2026〕12号",
    "category": "penalty",
    "stage": "investigate",
    "unit": "310101000000",
    "device": "DSJ0012",
    "capture_start": "2026-11-22T08:30:00+08:00",
    "capture_end": "2026-11-22T08:40:00+08:00",
    "clock_offset_ms": -2000,
    "importance": "important",
    "officers": [
        {"name": "张三", "number": "012345", "certificate": "31010001"},
        {"name": "李四", "number": "012346"},
    ],
    "interruptions": [
        {
            "from": "2026-11-22T08:33:00+08:00",
            "to": "2026-11-22T08:34:30+08:00",
            "reason": "battery",
        }
    ],
}


def refused(call, *arguments):
    with pytest.raises(SidecarBad) as caught:
        call(*arguments)
    return caught.value


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030", "GBK", "UTF-16"])
def test_an_xml_file_beside_its_recording(encoding):
    data = station_xml(encoding=encoding)
    assert is_of(BESIDE, data)
    assert parse_beside(BESIDE, data).claims == EXPECTED


def test_a_byte_order_mark_and_another_namespace():
    data = station_xml().replace(b"<MediaRecord>", b'<MediaRecord xmlns="urn:station">')
    assert parse_beside(BESIDE, b"\xef\xbb\xbf" + data).claims == EXPECTED


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_list_in_csv_gives_each_file_its_own_bytes(encoding, end):
    data = csv_list(csv_row("甲.mp4"), csv_row("b.mp4", "案2"), end=end, encoding=encoding)
    first, second = read_list(LIST, data)
    assert (first.name, second.name) == ("甲.mp4", "b.mp4")
    own = second.listed.data()
    claims = parse_row(LIST, own).claims
    assert claims["case"] == "案2"
    assert claims["capture_end"] == "2026-11-22T08:40:00+08:00"
    assert [one["number"] for one in claims["officers"]] == ["012345", "012346"]
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    lines = [(csv_row(*row) + end).encode(plain) for row in (("甲.mp4",), ("b.mp4", "案2"))]
    headings = data.removesuffix(b"".join(lines))
    assert [first.listed.data(), own] == [headings + line for line in lines]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030", "UTF-16"])
def test_a_list_in_xml_gives_each_file_its_own_element(encoding):
    data = xml_list(("a.mp4", "案1"), ("b&amp;c.mp4", "案2"), encoding=encoding)
    rows = read_list(INDEX, data)
    assert [row.name for row in rows] == ["a.mp4", "b&c.mp4"]
    own = rows[1].listed.data()
    assert own.removeprefix(b"\xff\xfe") in data
    claims = parse_row(INDEX, own).claims
    assert (claims["case"], claims["importance"]) == ("案2", "important")


@pytest.mark.parametrize("between", ["", " ", "\n", "<!-- </x> -->", "<?x />?>"])
@pytest.mark.parametrize("outer", [INDEX.row, "A/B/Media"])
@pytest.mark.parametrize(
    "form",
    [
        "<Media {}/>",
        "<Media {} />",
        "<Media {}></Media>",
        "<Media {}><Note/></Media>",
        "<Media {}><Note>/></Note></Media >",
        "<s:Media {0} more='/>'></s:Media>",
        '<Media {0} more="/Media>"/>',
    ],
)
def test_the_bytes_of_an_element_end_where_it_ends(form, outer, between):
    whole = [form.format(f'file="{name}" case="案{name}"') for name in "abc"]
    path = outer.split("/")[:-1]
    opened = "".join(f"<{name}>" for name in ["MediaList", *path])
    closed = "".join(f"</{name}>" for name in reversed(["MediaList", *path]))
    text = (opened + between + between.join(whole) + between + closed).replace(
        "<MediaList>", '<MediaList xmlns:s="urn:s">'
    )
    rows = read_list(replace(INDEX, row=outer), text.encode())
    assert [row.listed.data().decode() for row in rows] == whole
    assert [parse_row(INDEX, row.listed.data()).claims["case"] for row in rows] == [
        "案a",
        "案b",
        "案c",
    ]


def test_an_element_with_a_prefix_that_its_list_declares():
    data = xml_list(("a.mp4", "案1")).replace(b"<Media ", b"<s:Media ")
    data = data.replace(b"<MediaList>", b'<MediaList xmlns:s="urn:station">')
    (row,) = read_list(INDEX, data)
    assert row.listed.data().startswith(b"<s:Media ")
    assert parse_row(INDEX, row.listed.data()).claims["case"] == "案1"


def test_a_csv_file_beside_its_file():
    officers, start = "张三/012345/310;李四/012346", "2026-11-22 08:30:00"
    data = f"案件编号,执法人员,开始时间,执法环节\nA-1,{officers},{start},送达\n"
    claims = parse_beside(TERMINAL, data.encode("gb18030")).claims
    assert claims == {
        "case": "A-1",
        "stage": "serve",
        "capture_start": "2026-11-22T08:30:00+08:00",
        "officers": [
            {"name": "张三", "number": "012345", "certificate": "310"},
            {"name": "李四", "number": "012346"},
        ],
    }


def test_formulas_are_only_text():
    (row,) = read_list(LIST, csv_list(csv_row("a.mp4", "'=HYPERLINK(1)", note="@SUM(A1)")))
    assert parse_row(LIST, row.listed.data()).claims["note"] == "@SUM(A1)"


def test_quoted_cells_may_have_line_ends_and_commas():
    data = csv_list(csv_row("a.mp4", note='"第一行\r\n第二行, 完"'), csv_row("b.mp4"))
    rows = read_list(LIST, data)
    assert [row.name for row in rows] == ["a.mp4", "b.mp4"]
    claims = refused(parse_row, LIST, rows[0].listed.data(), 1)
    assert claims.code == "SIDECAR_TEXT"  # a carriage return is a control character in every form


# --- what is refused, and how it is said


@pytest.mark.parametrize(
    ("more", "code", "named"),
    [
        ("<Stage>送达</Stage>", "SIDECAR_FIELD", "Stage"),
        ("<DutyEndTime>昨天</DutyEndTime>", "SIDECAR_FIELD", "DutyEndTime"),
        ("<DutyEndTime>0001-01-01 00:00:00</DutyEndTime>", "SIDECAR_FIELD", "duty_end"),
        ("<Sensitive>未成年人、其他</Sensitive>", "SIDECAR_FIELD", "Sensitive"),
        ("<FileMD5>12</FileMD5>", "SIDECAR_FIELD", "md5"),
        ("<SecretLevel>绝不外传</SecretLevel>", "SIDECAR_FIELD", "classification"),
        ("<Broken>", "SIDECAR_NOT_XML", "line"),
    ],
)
def test_a_fault_names_its_field(more, code, named):
    bad = refused(parse_beside, BESIDE, station_xml(more=more))
    assert bad.code == code
    assert named in bad.english
    assert bad.chinese.endswith("。")


def test_a_fault_in_a_list_names_its_row():
    rows = read_list(LIST, csv_list(csv_row("a.mp4"), csv_row("b.mp4").replace("08:30", "25:30")))
    bad = refused(parse_row, LIST, rows[1].listed.data(), rows[1].listed.number)
    assert bad.english.startswith("Row 2 of the list:")
    assert "拍摄开始" in bad.english
    assert bad.chinese.startswith("清单第 2 行：")


def test_names_and_numbers_that_are_not_as_many():
    (row,) = read_list(LIST, csv_list(csv_row("a.mp4").replace("012345、", "")))
    assert refused(parse_row, LIST, row.listed.data()).code == "SIDECAR_FIELD"


BOMB = (
    b'<!DOCTYPE MediaRecord [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;">]>'
    b"<MediaRecord><CaseNo>&b;</CaseNo></MediaRecord>"
)
OUTSIDE = (
    b'<!DOCTYPE MediaRecord [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<MediaRecord><CaseNo>&a;</CaseNo></MediaRecord>"
)


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, BOMB.replace(b"[", b'SYSTEM "http://x/" [')])
def test_what_is_declared_is_refused(data):
    assert is_of(BESIDE, data), "it is known by its root all the same"
    assert refused(parse_beside, BESIDE, data).code == "SIDECAR_XML_DTD"


def test_depth_size_rows_and_time_have_limits():
    began = time.process_time()
    deep = b"<MediaRecord>" + b"<a>" * 100_000
    assert refused(parse_beside, BESIDE, deep).code == "SIDECAR_TOO_DEEP"
    wide = b"<MediaRecord>" + b"<a/>" * 230_000 + b"</MediaRecord>"
    assert refused(parse_beside, BESIDE, wide).code == "SIDECAR_TOO_DEEP"
    assert refused(parse_beside, BESIDE, b" " * (1 << 20) + b"<").code == "SIDECAR_TOO_LARGE"
    short = "文件名,案号,拍摄开始,拍摄结束\n"
    rows = read_list(LIST, (short + "a,,,\n" * 10_000).encode())
    assert len(rows) == 10_000
    assert rows[-1].listed.data().endswith(b"a,,,\n")
    assert refused(read_list, LIST, (short + "a,,,\n" * 10_001).encode()).code == "SIDECAR_ROWS"
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    "data",
    [
        station_xml(more="<SecretLevel>机密</SecretLevel>"),
        station_xml(more="<Unknown>机密★10年</Unknown>"),
        station_xml(more="<SecretLevel>秘密</SecretLevel><Broken>"),
        station_xml(more="<SecretLevel>秘密</SecretLevel>", encoding="GB18030") + b"<",
        station_xml(more="<SecretLevel>公开</SecretLevel><SecretLevel>绝密</SecretLevel>"),
    ],
)
def test_a_state_secret_is_refused_in_every_form(data):
    with pytest.raises(Classified):
        parse_beside(BESIDE, data)


def test_a_state_secret_in_a_list_refuses_its_row_and_the_list():
    data = csv_list(csv_row("a.mp4"), csv_row("b.mp4", level="机密"))
    first, second = read_list(LIST, data)
    assert parse_row(LIST, first.listed.data()).claims["classification"] == "internal"
    with pytest.raises(Classified):
        parse_row(LIST, second.listed.data())
    with pytest.raises(Classified):
        check_list(LIST, data)


def test_trade_and_work_secrets_are_none():
    more = "<Sensitive>商业秘密、工作秘密</Sensitive><Remark>涉及商业秘密</Remark>"
    claims = parse_beside(BESIDE, station_xml(more=more)).claims
    assert claims["tags"] == ["trade_secret", "work_secret"]


def test_other_xml_and_csv_are_no_sidecars():
    assert not is_of(BESIDE, b"<html><MediaRecord/></html>")
    assert not is_of(BESIDE, b"MediaRecord")
    assert not is_of(LIST, "文件名,大小\n".encode())
    assert not is_of(LIST, b"\xff\xfe\x00\xd8\n")
    assert is_of(BESIDE, b"<?xml version='1.0'?><!-- x --><s:MediaRecord xmlns:s='u'>")


# --- the file of mappings


def changed(**texts):
    text = SHIPPED.read_text(encoding="utf-8")
    for old, new in texts.values():
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("mappings = 1", "mappings = 2", "was expected"),
        ('form = "xml"', 'form = "json"', "form"),
        ('root = "MediaRecord"', 'rooot = "MediaRecord"', "rooot"),
        ('case = "CaseNo"', 'cases = "CaseNo"', "cases"),
        ('"处罚" = "penalty"', '"处罚" = "fine"', "words.category"),
        ('"{name}.xml"', '"../{name}.xml"', "beside"),
        ('list = ["*.csv"]', 'list = ["*/*.csv"]', "list"),
        ('"%Y/%m/%d %H:%M"', '"%Y %A"', "formats"),
        ('file = "文件名"', "", "file"),
        ('name = "terminal_csv"', 'name = "station_xml"', "same name"),
    ],
)
def test_a_file_of_mappings_is_read_strictly(old, new, sentence):
    with pytest.raises(FormatError, match=sentence):
        Mappings.parse(changed(it=(old, new)))


def test_own_mappings_go_first_and_may_replace(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        'cunzheng_sidecar_mappings = 1\n[[mapping]]\nname = "station_xml"\nen = "own"\n'
        'zh = "自有"\n'
        'form = "xml"\nbeside = ["{stem}.xml"]\nroot = "R"\n[mapping.fields]\ncase = "C/@n"\n',
        encoding="utf-8",
    )
    found = Mappings.load(own)
    assert found.all[0].en == "own"
    assert len(found.all) == len(Mappings.load(None).all)
    assert parse_beside(found.all[0], b"<R><C n='7'/></R>").claims == {"case": "7"}


@pytest.mark.parametrize("word", ["cafe\u0301", "\uf900\u0338", "\u0338"])
def test_a_fault_is_told_in_the_form_that_is_sealed(word):
    row = csv_row("a.mp4").replace("行政检查", word)
    found = refused(parse_row, LIST, csv_list(row, encoding="utf-8"), 1)
    for said in (found.english, found.chinese, str(found)):
        assert unicodedata.is_normalized("NFC", said)
    assert unicodedata.normalize("NFC", word) in found.english
    assert SidecarBad("CODE", "half a \ud800", "").english == "half a \\ud800"
