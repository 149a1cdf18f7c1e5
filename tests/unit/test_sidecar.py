import json
import re
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ingest import secrecy, sidecar
from ingest.errors import Classified, SidecarBad
from ingest.sidecar import parse

GOOD = {
    "cunzheng_sidecar": 1,
    "case": "沪市监罚〔2026〕12号",
    "category": "penalty",
    "stage": "investigate",
    "officers": [
        {"name": "张三", "number": "012345", "certificate": "31010001"},
        {"name": "李四", "number": "012346"},
    ],
    "unit": "310000000000",
    "device": "DSJ-0012345",
    "item": "现场检查",
    "subject": "某某公司",
    "place": "上海市黄浦区",
    "capture_start": "2026-11-22T08:30:00+08:00",
    "capture_end": "2026-11-22T08:40:00.123456789+08:00",
    "duty_end": "2026-11-22T12:00:00+08:00",
    "interruptions": [
        {
            "from": "2026-11-22T08:33:00+08:00",
            "to": "2026-11-22T08:34:00Z",
            "reason": "battery",
            "note": "更换电池",
        },
        {"from": "2026-11-22T08:35:00+08:00", "to": "2026-11-22T08:35:00+08:00"},
    ],
    "classification": "internal",
    "sha256": "AB" * 32,
    "sm3": "cd" * 32,
    "md5": "EF" * 16,
    "device_signature": "MEUCIQ==",
    "note": "第一行\n第二行",
}

START, NO_DAY = "2026-11-22T08:33:00+08:00", "2026-02-30T08:30:00Z"
LAST = "9999-12-31T23:59:59-23:59"
GAP = {"from": START, "to": "2026-11-22T08:34:00+08:00"}


def data(encoding="utf-8", **changes):
    value = {**GOOD, **changes}
    return json.dumps(value, ensure_ascii=False).encode(encoding)


def bad(raw):
    with pytest.raises(SidecarBad) as caught:
        parse(raw)
    fault = caught.value
    for sentence, stop in ((fault.english, "."), (fault.chinese, "。")):
        assert sentence.endswith(stop)
        assert "\n" not in sentence
        assert sentence.isprintable()
    assert str(fault) == fault.english
    assert re.search("[一-龥]", fault.chinese)
    return fault


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_good_one(encoding):
    found = parse(data(encoding))
    assert found.digests == {"sha256": "ab" * 32, "sm3": "cd" * 32, "md5": "ef" * 16}
    left_out = {"cunzheng_sidecar", "sha256", "sm3", "md5"}
    assert found.claims == {key: value for key, value in GOOD.items() if key not in left_out}


def test_the_smallest():
    found = parse(b'{"cunzheng_sidecar":1}')
    assert (found.claims, found.digests) == ({}, {})


def test_text_becomes_nfc():
    found = parse(data(place="cafe\u0301", officers=[{"name": "e\u0301", "number": "1"}]))
    assert (found.claims["place"], found.claims["officers"][0]["name"]) == ("café", "é")


@pytest.mark.parametrize(
    ("raw", "code", "named"),
    [
        (b"", "SIDECAR_NOT_JSON", "line 1"),
        (b'{"cunzheng_sidecar":1,\n', "SIDECAR_NOT_JSON", "line"),
        (b"\xff\xff\xff", "SIDECAR_ENCODING", "UTF-8"),
        (data("utf-16"), "SIDECAR_ENCODING", "UTF-8"),
        (b"[]", "SIDECAR_NOT_OBJECT", "object"),
        (b"1", "SIDECAR_NOT_OBJECT", "object"),
        (b'{"case":"1"}', "SIDECAR_MISSING_KEY", "cunzheng_sidecar"),
        (data(extra=1), "SIDECAR_UNKNOWN_KEY", "extra"),
        (data(**{"\u202e\x1b": 1}), "SIDECAR_UNKNOWN_KEY", "\\u202e\\x1b"),
        (data(**{"k" * 500: 1}), "SIDECAR_UNKNOWN_KEY", "k" * 40 + ","),
        (b'{"cunzheng_sidecar":1,"a\\ud800":1}', "SIDECAR_UNKNOWN_KEY", "a\\ud800"),
        (data(officers=[{"name": "x", "number": "1", "y": 1}]), "SIDECAR_UNKNOWN_KEY", "y"),
        (data(officers=[{"name": "x"}]), "SIDECAR_MISSING_KEY", "number"),
        (data(officers=[]), "SIDECAR_FIELD", "officers"),
        (data(officers=[{"name": "", "number": "1"}]), "SIDECAR_FIELD", "officers.0.name"),
        (data(category="fine"), "SIDECAR_FIELD", "category"),
        (data(stage="end"), "SIDECAR_FIELD", "stage"),
        (data(case=12), "SIDECAR_FIELD", "case"),
        (data(case="x" * 201), "SIDECAR_FIELD", "case"),
        (data(sha256="ab"), "SIDECAR_FIELD", "sha256"),
        (data(md5="g" * 32), "SIDECAR_FIELD", "md5"),
        (data(classification="unknown"), "SIDECAR_FIELD", "classification"),
        (data(cunzheng_sidecar=2), "SIDECAR_FIELD", "cunzheng_sidecar"),
        (data(cunzheng_sidecar=True), "SIDECAR_FIELD", "cunzheng_sidecar"),
        (data(cunzheng_sidecar=1.0), "SIDECAR_NUMBER", "fraction"),
        (b'{"cunzheng_sidecar":NaN}', "SIDECAR_NUMBER", "fraction"),
        (b'{"cunzheng_sidecar":1,"case":"1","case":"2"}', "SIDECAR_DUPLICATE_KEY", "case"),
        (b'{"cunzheng_sidecar":1,"x":' + b"9" * 9999 + b"}", "SIDECAR_NOT_JSON", "JSON"),
        (data(capture_start="2026-11-22T08:30:00"), "SIDECAR_FIELD", "capture_start"),
        (data(capture_start="2026-11-22 08:30"), "SIDECAR_FIELD", "capture_start"),
        (data(capture_end="2026-02-30T08:30:00Z"), "SIDECAR_FIELD", "capture_end"),
        (data(capture_end="2026-11-22T08:29:59+08:00"), "SIDECAR_TIMES", "capture_end"),
        (data(capture_end="2026-11-22T08:35:00+09:00"), "SIDECAR_TIMES", "capture_end"),
        (data(duty_end="2026-02-30T08:30:00Z"), "SIDECAR_FIELD", "duty_end"),
        (data(capture_start="0001-01-01T00:00:00+14:00"), "SIDECAR_FIELD", "capture_start"),
        (data(capture_start="1799-12-31T23:59:59Z"), "SIDECAR_FIELD", "capture_start"),
        (data(capture_end="9999-12-31T23:59:59-23:59"), "SIDECAR_FIELD", "capture_end"),
        (data(capture_end="3000-01-01T00:00:00Z"), "SIDECAR_FIELD", "capture_end"),
        (data(duty_end="0001-01-01T00:00:00+08:00"), "SIDECAR_FIELD", "duty_end"),
        (data(interruptions=[{**GAP, "to": LAST}]), "SIDECAR_FIELD", "interruptions.0.to"),
        (data(interruptions=[]), "SIDECAR_FIELD", "interruptions"),
        (data(interruptions=[{"from": START}]), "SIDECAR_MISSING_KEY", "to"),
        (data(interruptions=[{**GAP, "reason": "tea"}]), "SIDECAR_FIELD", "interruptions.0.reason"),
        (data(interruptions=[GAP, {**GAP, "to": NO_DAY}]), "SIDECAR_FIELD", "interruptions.1.to"),
        (data(interruptions=[{"from": GAP["to"], "to": START}]), "SIDECAR_TIMES", "interruption"),
        (data(note="a\x00b"), "SIDECAR_TEXT", "control"),
        (b'{"cunzheng_sidecar":1,"note":"\\udc00"}', "SIDECAR_TEXT", "half"),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "SIDECAR_TOO_DEEP", "8"),
        (b"[" * 100_000, "SIDECAR_TOO_DEEP", "8"),
        (b" " * (1 << 20) + b"{}", "SIDECAR_TOO_LARGE", "1 MiB"),
    ],
)
def test_bad_ones_have_one_sentence_and_a_code(raw, code, named):
    fault = bad(raw)
    assert fault.code == code
    assert named in fault.english


PLAIN = [
    "秘密",
    "机密",
    "绝密",
    "絕密",
    "機密",
    "祕密",
    "機密★十年",
    "机密★10年",
    "绝密★长期",
    "国家秘密",
    "secret",
    "confidential",
]
ODD = ["Top Secret", "TOP-SECRET", "Confidential ★ 20", " 机 密 ", "ＳＥＣＲＥＴ", "机\u200b密"]


@pytest.mark.parametrize("mark", PLAIN + ODD)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_marked_one_is_refused_whatever_else_is_wrong(mark, encoding):
    for raw in (
        data(encoding, classification=mark),
        data(encoding, classification=[mark], extra=1),
        data(encoding, classification=mark, category="nonsense"),
        data(encoding, classification=mark)[: -40 if encoding == "utf-8" else -80],
        data(encoding, 密级=mark),
        b"\xff" * 2 + data(encoding, classification=mark),
    ):
        # The last fields are cut off in the fourth; the mark must still be in it.
        with pytest.raises(Classified) as caught:
            parse(raw)
        assert caught.value.__cause__ is None
        assert str(caught.value) == Classified.english


def test_marks_that_hide():
    for raw in (
        b'{"cunzheng_sidecar":1,"classification":"\\u673a\\u5bc6"}',
        b'{"cunzheng_sidecar":1,"classification":"\\u673a\\u5bc6","oops"',
        b'{"cunzheng_sidecar":1,"classification":"secret","classification":"public"}',
        b'{"cunzheng_sidecar":1,"classification":"public","classification":"secret"}',
        data(note="原件标注：机密★10年"),
        data(classification="机密") + b" " * (1 << 20),
        "cunzheng_sidecar: 1\n密级: 机密\n".encode(),
    ):
        with pytest.raises(Classified):
            parse(raw)


def test_words_that_are_no_mark():
    assert parse(data(note="涉及商业秘密，当事人申请保密；机密一词在此只是文字"))
    assert parse(data(classification="公开")).claims["classification"] == "公开"
    assert bad(data(classification="工作秘密")).code == "SIDECAR_FIELD"
    assert bad(data(classification="商业秘密")).code == "SIDECAR_FIELD"
    assert bad(data(classification="商業祕密")).code == "SIDECAR_FIELD"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "ascii"])
def test_a_mark_is_found_wherever_a_large_sidecar_is_cut(encoding):
    text = (
        '{"note": "备注", "密級": "機  密"}' if encoding != "ascii" else r'{"密级": "\u673a\u5bc6"}'
    )
    whole = ("填" * 9 + text).encode("utf-8" if encoding == "ascii" else encoding)
    for cut in range(1, len(whole)):
        assert secrecy.is_marked_stream([whole[:cut], whole[cut:]]), cut
    harmless = ("填" * 9 + '{"note": "机密一词在此只是文字"}').encode()
    assert not secrecy.is_marked_stream([harmless[:20], harmless[20:]])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"cunzheng_sidecar":1}', True),
        (b'{"cunzheng_sidecar":', True),
        ('{"cunzheng_sidecar":1}'.encode("utf-16"), True),
        (b'{"a":"cunzheng_sidecar"}', False),
        (b'{"a":{"cunzheng_sidecar":1}}', False),
        (b'[{"cunzheng_sidecar":1}]', False),
        (b"{}", False),
        (b"", False),
        (data("gb18030"), True),
        (data("utf-8-sig"), True),
    ],
)
def test_is_marked(raw, expected):
    assert sidecar.is_marked(raw) is expected


def test_the_schema_is_a_schema_and_agrees_with_the_reader():
    schema = json.loads(sidecar.SCHEMA.read_bytes())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(GOOD)
    for changes in ({"extra": 1}, {"stage": "end"}, {"officers": [{}]}, {"md5": "x"}):
        assert not validator.is_valid({**GOOD, **changes})
        bad(data(**changes))


def _words(schema):
    stretch = schema["properties"]["interruptions"]["items"]["properties"]
    return *schema["properties"]["category"]["enum"], *stretch, *stretch["reason"]["enum"]


def test_every_field_and_code_is_documented():
    root = Path(sidecar.__file__).parent.parent
    page = (root / "docs" / "sidecar.md").read_text("utf-8")
    schema = json.loads(sidecar.SCHEMA.read_bytes())
    codes = re.findall(r'"(SIDECAR_[A-Z_]+)"', Path(sidecar.__file__).read_text("utf-8"))
    for word in [*schema["properties"], *codes, *_words(schema)]:
        assert f"`{word}`" in page
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert parse(example.encode()).digests


def test_a_good_one_is_read_fast():
    raw = data()
    parse(raw)
    best = 1.0
    for _ in range(50):
        start = time.perf_counter()
        parse(raw)
        best = min(best, time.perf_counter() - start)
    assert best < 0.001  # measured 0.25 ms on a quiet machine
