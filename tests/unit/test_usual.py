"""Whatever the quick expressions take, the strict readers take too, and read the same from it."""

import json
import random
from collections.abc import Iterator

import pytest

from archive.entry import Entry, check_body
from archive.errors import FormatError
from archive.pack import place_of
from archive.record import RecordDescription
from archive.times import format_time
from archive.usual import agrees, read_accession
from signing import canonical

RECORD = "01M83MEYANSJSPKQJEAN323KH1"
DIGESTS = ["sha256:" + "ab" * 32, "sm3:" + "cd" * 32]
ROOT = "sha256:" + "12" * 32
AT = "2026-11-23T07:20:57.441150Z"
BODY = {
    "content": DIGESTS,
    "first_hash_at": "2026-11-23T07:20:54.366380Z",
    "office": "大队 main",
    "pack": {
        "description": 1258,
        "id": "main-2026-0000000000001009-6m",
        "offset": 671254,
        "sidecar": None,
    },
    "received_at": "2026-11-23T07:20:54.357949Z",
    "record": "sha256:" + "ef" * 32,
    "retain_until": "2027-05-23T16:00:00.000000Z",
    "size": 1024,
    "source": "bench",
}
ENTRY = {
    "actor": "system/ingest",
    "at": AT,
    "body": BODY,
    "kind": "record.accessioned",
    "prev": "sha256:" + "01" * 32,
    "seq": 1278,
    "stream": "source/bench",
    "subject": RECORD,
    "v": 1,
}
DESCRIPTION = {
    "claims": None,
    "digests": DIGESTS,
    "findings": [],
    "first_hash_at": BODY["first_hash_at"],
    "folder": "设备/0000",
    "folder_b64": None,
    "id": RECORD,
    "media": {"by": "content", "type": "text/plain"},
    "modified_at": "2026-11-23T07:20:49.223278Z",
    "name": "rec\\000003.txt",
    "name_b64": None,
    "office": BODY["office"],
    "pieces": {"root": ROOT, "size": 4194304},
    "received_at": BODY["received_at"],
    "salt": "228415f18ba1d9d69f11653301c91200",
    "settle": {"lease": True, "seconds": 0},
    "sidecar": None,
    "size": 1024,
    "software": "cunzheng 0.1.0",
    "source": "bench",
    "text": {"encoding": "utf-8", "preview": '{"a":\n\t"\x00\x1f\x7fé 😀/"}', "title": ""},
    "v": 1,
}
DOCUMENT = {
    "classification": "examined",
    "confidence": 100,
    "date": "2026-03-01",
    "findings": [{"code": "LIMIT_REACHED", "note": "characters"}, {"code": "A", "note": ""}],
    "language": "zh",
    "number": "沪交执罚〔2026〕第12号",
    "pages": 3,
    "parties": [{"name": '张"三', "role": "party"}, {"name": "a", "role": "agency"}],
    "puid": "fmt/18",
    "readable": True,
    "signatures": 0,
}
REGISTER = {"clock_offset_ms": -5, "device": "D1", "kind": None, "officer": "", "unit": "u"}
READ = {**DESCRIPTION, "document": DOCUMENT, "register": REGISTER}
VALUES = (
    *(None, True, 0, -1, 1, 2**53 - 1, 2**53, 1.5, "", "x", 'a"b', "a\\nb", "a\nb", "é", "e\u0301"),
    *("n\n\u0301", "a\x7f", "😀", "\ud800", [], {}, ["a"], DIGESTS[:1], DIGESTS[::-1], DIGESTS * 2),
    *("2026-02-30T00:00:00.000000Z", "2026-02-28T24:00:00.000000Z", "2026-02-28T00:00:60.000000Z"),
    *("0000-01-01T00:00:00.000000Z", "2026-11-23T07:20:54.357949Z", AT, "system/a", "user/a"),
    *("source/other", "source/", "recordXaccessioned", "record.redropped", RECORD[:-1], "8" * 26),
    *("not_examined", "x" * 200, "é" * 201, "2026-02-30", "2026-2-3", "witness", "A_1", "a"),
    *(
        99,
        100,
        101,
        [{"code": "A", "note": "n"}] * 51,
        [{"name": "n", "role": "party"}],
        -5,
        "-0",
        False,
    ),
    *("sha256:" + "AB" * 32, "sha512:" + "ab" * 64, DIGESTS[0], DIGESTS[1], ROOT),
)
SCRAPS = (
    *(b" ", b"\n", b'"', b"\\", b"\\n", b"\\/", b"\\u0041", b"\\u001F", b"\\u001f", b"\\u000a"),
    *(b"0", b"00", b"-", b"1e3", b".0", b"9" * 16, b",", b"{", b"}", b"[", b"]", b":", b"null"),
    *(b"\x00", b"\x7f", b"\xff", b"\xcc\x81", b"\xed\xa0\x80", "é".encode(), "٣".encode()),
)


def accepted(data: bytes) -> bool:
    """What must hold of bytes as an entry; whether they were read at once."""
    found = read_accession(data)
    if found is None:
        return False
    entry = Entry.parse(data)
    assert check_body(entry)
    assert canonical.encode(json.loads(data)) == data
    body = entry.body
    assert (found.at, found.record, found.seq) == (entry.at, entry.subject, entry.seq)
    assert entry.prev is not None
    assert (found.prev, f"source/{found.source}") == (entry.prev.value, entry.stream)
    assert json.loads(found.body) == body
    assert (found.pack, found.place) == place_of(body)
    latest = max(format_time(entry.at), body["received_at"], body["first_hash_at"])
    assert (entry.kind, found.latest) == ("record.accessioned", latest)
    assert not body.keys() & {"detail", "detail_id", "same_content_as"}
    return True


def described(data: bytes, body: dict[str, object] = BODY) -> bool:
    """The same of bytes as record.json."""
    if not agrees(data, RECORD, body, ROOT):
        return False
    value = RecordDescription.parse(data).value
    assert canonical.encode(json.loads(data)) == data
    for key in ("first_hash_at", "office", "received_at", "size", "source"):
        assert value[key] == body[key]
    assert (value["id"], value["digests"]) == (RECORD, body["content"])
    assert (value["pieces"]["root"], value["sidecar"]) == (ROOT, None)
    assert RecordDescription.build(value).to_bytes() == data
    return True


def changed(data: bytes) -> Iterator[bytes]:
    """Many wrong and some right ways to write something else."""
    rng = random.Random(7)
    for _ in range(6_000):
        start = rng.randrange(len(data))
        stop = start + rng.choice((0, 0, 1, 1, 1, 2, 5))
        scrap = rng.choice((*SCRAPS, b"", rng.randbytes(1), data[stop : stop + 1]))
        yield data[:start] + scrap + data[stop:]


def other_values(value: dict[str, object]) -> Iterator[dict[str, object]]:
    """One field at a time, at every depth: another value, none at all, a further one."""
    yield {**value, "zz": 1}
    for key, inner in value.items():
        yield {name: kept for name, kept in value.items() if name != key}
        for other in VALUES:
            yield {**value, key: other}
        if isinstance(inner, dict):
            yield from ({**value, key: other} for other in other_values(inner))
        if isinstance(inner, list) and inner and isinstance(inner[0], dict):
            yield from ({**value, key: [other, *inner[1:]]} for other in other_values(inner[0]))


def written(value: object) -> Iterator[bytes]:
    """Canonical where that can be, and written otherwise."""
    for ascii_only in (False, True):
        text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), sort_keys=True)
        yield text.encode("utf-8", "surrogatepass")


def test_the_usual_is_read_at_once() -> None:
    assert accepted(canonical.encode(ENTRY))
    assert described(canonical.encode(DESCRIPTION))
    without = {key: value for key, value in BODY.items() if key != "retain_until"}
    assert accepted(canonical.encode({**ENTRY, "body": without}))
    assert described(canonical.encode({**DESCRIPTION, "text": None}))
    assert described(canonical.encode(READ))
    bare = {**dict.fromkeys(DOCUMENT), "findings": [], "parties": [], "signatures": 1}
    bare.update({"classification": "not_examined", "readable": False})
    assert described(canonical.encode({**DESCRIPTION, "document": bare}))
    assert described(canonical.encode({**DESCRIPTION, "register": REGISTER}))


@pytest.mark.parametrize(
    ("value", "check"), [(ENTRY, accepted), (DESCRIPTION, described), (READ, described)]
)
def test_what_is_read_at_once_passes_every_check(value, check) -> None:
    taken = sum(check(data) for data in changed(canonical.encode(value)))
    for other in other_values(value):
        taken += sum(check(data) for data in written(other))
    assert taken > 100


def test_a_description_must_say_what_the_entry_says() -> None:
    data = canonical.encode(DESCRIPTION)
    for other in other_values(BODY):
        same = all(other.get(key, 0) == BODY[key] for key in BODY if key in DESCRIPTION)
        same = same and other.get("content") == DIGESTS
        try:
            assert described(data, other) == same
        except KeyError:
            assert not BODY.keys() <= other.keys()
    assert not agrees(data, RECORD[::-1], BODY, ROOT)
    assert not agrees(data, RECORD, BODY, ROOT[::-1])


def test_a_text_is_not_taken_for_its_own_escapes() -> None:
    data = canonical.encode({**DESCRIPTION, "office": "a\nb"})
    assert not agrees(data, RECORD, {**BODY, "office": "a\\nb"}, ROOT)


def test_a_long_entry_is_left_to_the_strict_reader() -> None:
    data = canonical.encode({**ENTRY, "body": {**BODY, "office": "a" * 66_000}})
    assert read_accession(data) is None
    with pytest.raises(FormatError):
        Entry.parse(data)


def test_a_long_description_is_left_to_the_strict_reader() -> None:
    text = {"encoding": "utf-8", "preview": "\n" * 33_000, "title": ""}
    assert not agrees(canonical.encode({**DESCRIPTION, "text": text}), RECORD, BODY, ROOT)


def test_what_nearly_fits_is_given_up_soon() -> None:
    text = {"encoding": "utf-8", "preview": 'a\n"' * 10_000, "title": "\n" * 1_000}
    data = canonical.encode({**DESCRIPTION, "text": text})
    assert described(data)
    assert not any(described(data[:-1] + b" ") for _ in range(20))
