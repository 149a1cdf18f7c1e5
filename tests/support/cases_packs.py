"""Cases: records in packs, damaged by who can write the store, or written wrongly by who has keys.

A pack of five records stands in the second of three batches, a pack of one in the third.
"""

import zlib
from collections.abc import Callable
from datetime import timedelta

from archive_builder import Builder
from cases_files import Broken, During
from verify_cases import Given, Made, case

from archive import layout
from archive.errors import Unreachable
from archive.pack import PackBuilder
from archive.report import Report
from archive.verify import Cases, OneRecord, Sample, Since, verify

LOG = "main-2026"
SIDE = b'{"cunzheng_sidecar":1}'
FIVE: tuple[bytes | tuple[bytes, bytes], ...] = (
    b"one", b"two", (b"three", SIDE), b"", bytes(9000),
)  # fmt: skip


def packed(given: Given) -> Builder:
    """Six packed records and one that stands alone."""
    return given.copy("packed", lambda: _packed(given))


def _packed(given: Given) -> Builder:
    made = given.empty()
    made.open()
    made.seal()
    made.pack(*FIVE, claims={"case": "A-1"})
    made.accession(b"alone")
    made.seal()
    made.pack(b"single", floor="p")
    made.seal()
    return made


def _key(made: Builder, number: int = 0) -> str:
    found = sorted(made.path("packs").rglob("*.zip"))
    return str(found[number].relative_to(made.path("")))


def _edit(made: Builder, change: Callable[[bytes], bytes]) -> None:
    data = made.path(_key(made)).read_bytes()
    changed = change(data)
    assert changed != data
    made.write(_key(made), changed)


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _at(data: bytes, name: str) -> int:
    """Where a file's bytes begin."""
    return data.index(name.encode()) + len(name)


def _files(data: bytes) -> dict[str, tuple[int, int]]:
    """Names of the files with place and size of their bytes, from the local headers."""
    files, at = {}, 0
    while data[at : at + 4] == b"PK\3\4":
        size = int.from_bytes(data[at + 18 : at + 22], "little")
        name = data[at + 30 : at + 30 + data[at + 26]].decode()
        at += 30 + len(name)
        files[name] = (at, size)
        at += size
    return files


@case()
def packs_as_they_were_sealed(given: Given) -> Made:
    made = packed(given)
    report = made.verify()
    assert report.checked["records"] == 7
    assert report.checked["bytes"] == 3 + 3 + 5 + len(SIDE) + 9000 + 5 + 6
    return report, {}


@case()
def packs_checked_by_two_processes(given: Given) -> Made:
    report = packed(given).verify(workers=2)
    assert report.checked["records"] == 7
    return report, {}


@case()
def pack_in_several_stretches(given: Given) -> Made:
    """More members than one job takes, and more bytes."""
    made = given.empty()
    made.open()
    made.pack(*(b"%d" % number for number in range(600)))
    made.pack(*(bytes([number]) * (3 << 20) for number in range(5)))
    made.seal()
    report = made.verify()
    assert report.checked["records"] == 605
    return report, {}


@case("CONTENT_ALTERED", "PACK_ALTERED")
def bit_in_a_far_stretch_and_in_the_directory(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.pack(*(b"%d" % number for number in range(600)))
    made.seal()
    record = made.records[555]
    _edit(made, lambda data: _flip(_flip(data, _at(data, f"{record}/content")), len(data) - 1000))
    return made.verify(), {"CONTENT_ALTERED": record, "PACK_ALTERED": _key(made)}


# ── by who can write the store ──


@case("CONTENT_ALTERED")
def bit_in_a_packed_content(given: Given) -> Made:
    made = packed(given)
    record = made.records[4]
    _edit(made, lambda data: _flip(data, _at(data, f"{record}/content") + 77))
    return made.verify(), {"CONTENT_ALTERED": record}


@case("RECORD_ALTERED")
def bit_in_a_packed_description(given: Given) -> Made:
    made = packed(given)
    record = made.records[1]
    _edit(made, lambda data: _flip(data, _at(data, f"{record}/record.json") + 30))
    return made.verify(), {"RECORD_ALTERED": record}


@case("SIDECAR_ALTERED", "PACK_ALTERED")
def bit_in_a_packed_sidecar_and_its_line(given: Given) -> Made:
    made = packed(given)
    record = made.records[2]

    def change(data: bytes) -> bytes:
        data = _flip(data, _at(data, f"{record}/sidecar"))
        start, _ = _files(data)["SHA256SUMS"]
        return _flip(data, start + 5)

    _edit(made, change)
    return made.verify(), {"SIDECAR_ALTERED": record, "PACK_ALTERED": _key(made)}


@case("PACK_ALTERED")
def every_byte_between_the_records(given: Given) -> Made:
    """Each byte that is no member's has one value; another one is found, wherever it is."""
    made = given.empty()
    made.open()
    made.pack(b"a", (b"b", b"s"))
    made.seal()
    data = made.path(_key(made)).read_bytes()
    inside = {at for start, size in _files(data).values() for at in range(start, start + size)}
    start, size = _files(data)["SHA256SUMS"]
    inside -= set(range(start, start + size))
    outside = [at for at in range(len(data)) if at not in inside]
    for at in outside[::7]:
        made.write(_key(made), _flip(data, at))
        report = made.verify()
        assert set(report.counts) == {"INTERNAL_TIME", "PACK_ALTERED"}, at
    return report, {"PACK_ALTERED": _key(made)}


@case("PACK_ALTERED")
def pack_with_bytes_behind_its_end(given: Given) -> Made:
    made = packed(given)
    _edit(made, lambda data: data + b"more")
    report = made.verify()
    assert report.findings[0].details["parts"] == ["bytes behind its end"]
    return report, {"PACK_ALTERED": _key(made)}


@case("PACK_ALTERED")
def pack_without_its_directory(given: Given) -> Made:
    made = packed(given)
    _edit(made, lambda data: data[: data.index(b"PK\1\2")])
    return made.verify(), {"PACK_ALTERED": _key(made)}


@case("CONTENT_ALTERED", "RECORD_MISSING", "PACK_ALTERED")
def pack_cut_off_in_a_content(given: Given) -> Made:
    made = packed(given)
    _edit(made, lambda data: data[: _at(data, f"{made.records[4]}/content") + 5])
    report = made.verify()
    assert report.counts["CONTENT_ALTERED"] == report.counts["RECORD_MISSING"] == 1
    last = made.records[4]
    return report, {"CONTENT_ALTERED": last, "RECORD_MISSING": last, "PACK_ALTERED": _key(made)}


@case("CONTENT_MISSING", "RECORD_MISSING", "SIDECAR_MISSING", "PACK_ALTERED")
def pack_cut_off_before_a_sidecar(given: Given) -> Made:
    made = packed(given)
    record = made.records[2]
    _edit(made, lambda data: data[: _at(data, f"{record}/sidecar")])
    report = made.verify()
    assert report.counts["CONTENT_MISSING"] == 2  # an empty one too: its header is gone
    return report, {
        "CONTENT_MISSING": made.records[4],
        "RECORD_MISSING": made.records[3],
        "SIDECAR_MISSING": record,
        "PACK_ALTERED": _key(made),
    }


@case("PACK_MISSING", "CONTENT_MISSING")
def pack_removed(given: Given) -> Made:
    made = packed(given)
    made.path(key := _key(made)).unlink()
    report = made.verify()
    assert report.counts["CONTENT_MISSING"] == 5
    assert report.counts["PACK_MISSING"] == 1
    return report, {"PACK_MISSING": key, "CONTENT_MISSING": made.records[4]}


@case("PACK_MISSING", "CONTENT_MISSING")
def pack_is_a_link_to_the_right_bytes(given: Given) -> Made:
    made = packed(given)
    path = made.path(key := _key(made))
    path.rename(made.root / "moved")
    path.symlink_to(made.root / "moved")
    return made.verify(), {"PACK_MISSING": key, "CONTENT_MISSING": made.records[0]}


@case("CONTENT_ALTERED", "RECORD_ALTERED", "CONTENT_MISSING", "RECORD_MISSING", "PACK_ALTERED",
      "SIDECAR_MISSING")  # fmt: skip
def pack_replaced_by_another(given: Given) -> Made:
    made = packed(given)
    other = made.path(_key(made, 1)).read_bytes()
    _edit(made, lambda _: other)
    first, *_, last = made.records[:5]
    return made.verify(), {
        "CONTENT_ALTERED": first,
        "RECORD_ALTERED": first,
        "CONTENT_MISSING": last,
        "RECORD_MISSING": last,
        "SIDECAR_MISSING": made.records[2],
        "PACK_ALTERED": _key(made),
    }


@case("CONTENT_ALTERED", "RECORD_ALTERED", "PACK_ALTERED")
def two_members_swapped(given: Given) -> Made:
    """A lawful ZIP with right sums and the same members, in another order."""
    made = packed(given)

    def change(data: bytes) -> bytes:
        files = _files(data)
        builder = PackBuilder()
        for number in (1, 0, 2, 3, 4):
            parts = (files.get(f"{made.records[number]}/{name}") for name in
                     ("content", "record.json", "sidecar"))  # fmt: skip
            content, described, sidecar = (part and data[part[0] : sum(part)] for part in parts)
            builder.add(made.records[number], content or b"", described or b"", sidecar)
        return b"".join(builder.finish())

    _edit(made, change)
    report = made.verify()
    assert report.counts["CONTENT_ALTERED"] == report.counts["RECORD_ALTERED"] == 2
    one, two = made.records[:2]
    return report, {"CONTENT_ALTERED": one, "RECORD_ALTERED": two, "PACK_ALTERED": _key(made)}


@case("CONTENT_ALTERED")
def content_replaced_with_its_crc_put_right(given: Given) -> Made:
    """What unzip would call fine."""
    made = packed(given)
    record = made.records[0]

    def change(data: bytes) -> bytes:
        old, new = (zlib.crc32(text).to_bytes(4, "little") for text in (b"one", b"ONE"))
        at = _at(data, f"{record}/content")
        assert data.count(old) == 2
        return (data[:at] + b"ONE" + data[at + 3 :]).replace(old, new)

    _edit(made, change)
    return made.verify(), {"CONTENT_ALTERED": record}


@case("OBJECT_UNEXPECTED")
def packs_that_nobody_names(given: Given) -> Made:
    made = packed(given)
    key = _key(made)
    later = f"packs/2026/12/{key.rpartition('/')[2]}"
    keys = {
        later,
        f"packs/2026/11/{layout.pack_id(LOG, 7, '6m')}.zip",
        "packs/readme",
        f"{key}.bak",
    }
    for one in keys:
        made.write(one, made.path(key).read_bytes())
    report = made.verify()
    assert {finding.subject for finding in report.findings} == keys
    return report, {"OBJECT_UNEXPECTED": later}


@case("OBJECT_UNEXPECTED")
def own_objects_beside_a_packed_record(given: Given) -> Made:
    """The right bytes even; only an entry could have put them there."""
    made = packed(given)
    record = made.records[0]
    made.write(layout.content_key(record), b"one")
    return made.verify(), {"OBJECT_UNEXPECTED": layout.content_key(record)}


@case("STORE_UNREADABLE")
def pack_that_cannot_be_read(given: Given) -> Made:
    made = packed(given)
    report = _in_store(made, Broken(made.stores()[0], _key(made), Unreachable("I/O error")))
    assert report.counts["STORE_UNREADABLE"] == 5
    return report, {"STORE_UNREADABLE": made.records[4]}


@case("CHECK_INCOMPLETE")
def pack_at_which_the_check_fails(given: Given) -> Made:
    made = packed(given)
    report = _in_store(made, Broken(made.stores()[0], _key(made), ZeroDivisionError()))
    return report, {"CHECK_INCOMPLETE": _key(made)}


def _in_store(made: Builder, evidence: Broken, after: int = 3600) -> Report:
    now = made.now + timedelta(seconds=after)
    return verify(evidence, made.stores()[1], made.policy, now=now, workers=1)


# ── while a sealer runs ──


@case("SEALING_IN_PROGRESS")
def young_pack_of_a_running_sealer(given: Given) -> Made:
    made = packed(given)
    made.tick(7000)
    key = made.pack(b"young")
    return made.verify(after=60), {"SEALING_IN_PROGRESS": key}


@case()
def pack_that_is_sealed_while_it_runs(given: Given) -> Made:
    made = packed(given)
    made.tick(7000)
    made.pack(b"young")
    return _in_store(made, During(made.stores()[0], "packs/", made.seal), 60), {}


# ── by who has the keys ──


def _bad_pack(given: Given, **place: object) -> Builder:
    made = given.empty()
    made.open()
    made.pack(b"one", b"two", place=place)
    made.seal()
    return made


@case("PACK_DISAGREES", "RECORD_ALTERED", "CONTENT_ALTERED", "PACK_ALTERED")
def members_that_overlap(given: Given) -> Made:
    made = _bad_pack(given, offset=64)
    record = made.records[1]
    key = _key(made)
    expected = {"PACK_DISAGREES": key, "RECORD_ALTERED": record, "CONTENT_ALTERED": record}
    return made.verify(), {**expected, "PACK_ALTERED": key}


@case("PACK_DISAGREES")
def pack_with_the_name_of_another_place(given: Given) -> Made:
    made = _bad_pack(given, id=f"{LOG}-{9:016}-6m")
    return made.verify(), {"PACK_DISAGREES": f"{9:016}-6m"}


@case("PACK_DISAGREES")
def pack_with_a_floor_class_of_another_form(given: Given) -> Made:
    made = _bad_pack(given, id=f"{LOG}-{1:016}-m6")
    return made.verify(), {"PACK_DISAGREES": "-m6"}


@case("PACK_DISAGREES")
def pack_with_members_of_two_batches(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.pack(b"one", b"two", between=made.seal)
    made.seal()
    return made.verify(), {"PACK_DISAGREES": _key(made)}


@case("PACK_DISAGREES")
def pack_with_too_many_members(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.pack(*(b"%d" % number for number in range(1001)))
    made.seal()
    report = made.verify()
    assert report.checked["records"] == 1001
    return report, {"PACK_DISAGREES": _key(made)}


@case("PACK_DISAGREES")
def pack_with_a_content_of_several_pieces(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.pack(bytes(5 << 20))
    made.seal()
    return made.verify(), {"PACK_DISAGREES": _key(made)}


@case("RECORD_DISAGREES")
def packed_sidecar_that_the_description_does_not_know(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.pack((b"one", SIDE), sidecar=None)
    made.seal()
    return made.verify(), {"RECORD_DISAGREES": made.records[0]}


@case("RECORD_TWICE")
def packed_record_accessioned_again(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.pack(b"one", b"two")
    made.pack(b"one", record=made.records[0])
    made.seal()
    return made.verify(), {"RECORD_TWICE": made.records[0]}


# ── a part ──


class Counting(Broken):
    """Notes what is read of packs."""

    def __init__(self, made: Builder) -> None:
        super().__init__(made.stores()[0], "", RuntimeError())
        self.spans: list[int | None] = []

    def read(self, key: str, start: int = 0, length: int | None = None):  # type: ignore[no-untyped-def]
        if key.startswith("packs/"):
            self.spans.append(length)
        return super().read(key, start, length)


@case("CONTENT_ALTERED")
def one_packed_record(given: Given) -> Made:
    """Only its own stretch is read."""
    made = packed(given)
    record = made.records[0]
    _edit(made, lambda data: _flip(data, _at(data, f"{record}/content")))
    for scope in (OneRecord(made.records[1]), OneRecord(made.records[5]), Sample(1, "2")):
        store = Counting(made)
        _, live = made.stores()
        report = verify(store, live, made.policy, now=made.now, scope=scope, workers=1)
        assert not report.findings
        assert None not in store.spans
        assert sum(store.spans) < 1500  # type: ignore[arg-type]
    report = made.verify(scope=OneRecord(record))
    assert report.checked["records"] == 1
    return report, {"CONTENT_ALTERED": record}


@case("PACK_ALTERED")
def header_of_the_one_packed_record(given: Given) -> Made:
    made = packed(given)
    record = made.records[2]
    _edit(made, lambda data: _flip(data, _at(data, f"{record}/content") - 48))
    assert not made.verify(scope=OneRecord(made.records[1])).findings
    return made.verify(scope=OneRecord(record)), {"PACK_ALTERED": _key(made)}


@case("CONTENT_ALTERED")
def packed_records_of_a_case(given: Given) -> Made:
    made = packed(given)
    record = made.records[4]
    _edit(made, lambda data: _flip(data, _at(data, f"{record}/content")))
    report = made.verify(scope=Cases(frozenset({"A-1"})))
    assert report.checked["records"] == 5
    return report, {"CONTENT_ALTERED": record}


@case()
def packed_records_since_a_time(given: Given) -> Made:
    made = packed(given)
    _edit(made, lambda data: _flip(data, 70))
    report = made.verify(scope=Since(made.now - timedelta(seconds=2)))
    assert report.checked["records"] == 1
    return report, {}


@case("PACK_MISSING", "CONTENT_MISSING")
def pack_of_the_one_record_removed(given: Given) -> Made:
    made = packed(given)
    made.path(key := _key(made)).unlink()
    report = made.verify(scope=OneRecord(made.records[2]))
    assert report.counts["CONTENT_MISSING"] == 1
    return report, {"PACK_MISSING": key, "CONTENT_MISSING": made.records[2]}
