"""Cases: somebody can write the store, without any key."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256

from archive_builder import Builder
from verify_cases import Given, Made, case

from archive import layout
from archive.errors import Unreachable
from archive.ports import ObjectInfo, PutItem
from archive.report import Report
from archive.stores.directory import DirectoryStore
from archive.tiles import encode_entries
from archive.verify import verify

LOG = "main-2026"


def _done(made: Builder, **expected: str) -> Made:
    return made.verify(), expected


@case("CONTENT_ALTERED")
def flipped_bit_in_content(given: Given) -> Made:
    made = given.small()
    made.flip(layout.content_key(made.records[0]))
    return _done(made, CONTENT_ALTERED=made.records[0])


@case("CONTENT_ALTERED")
def flipped_bit_in_the_second_piece(given: Given) -> Made:
    made = given.small()
    made.flip(layout.content_key(made.records[2]), at=5 * 1024 * 1024)
    report, expected = _done(made, CONTENT_ALTERED=made.records[2])
    assert report.findings[0].details["pieces"] == [1]
    return report, expected


@case("CONTENT_ALTERED")
def content_replaced_by_another_record(given: Given) -> Made:
    made = given.small()
    one, two = (layout.content_key(r) for r in made.records[:2])
    made.write(one, made.path(two).read_bytes())
    return _done(made, CONTENT_ALTERED=made.records[0])


@case("CONTENT_ALTERED", "RECORD_ALTERED")
def whole_record_replaced_by_another(given: Given) -> Made:
    made = given.small()
    one, two = (made.path(layout.record_prefix(r)) for r in made.records[:2])
    shutil.rmtree(one)
    shutil.copytree(two, one)
    # Whether the sidecar that came along belongs there, only the lost description could say.
    return _done(made, CONTENT_ALTERED=made.records[0], RECORD_ALTERED=made.records[0])


@case("CONTENT_MISSING")
def content_removed(given: Given) -> Made:
    made = given.small()
    made.path(layout.content_key(made.records[0])).unlink()
    return _done(made, CONTENT_MISSING=made.records[0])


@case("CONTENT_MISSING")
def content_is_a_link_to_the_right_bytes(given: Given) -> Made:
    made = given.small()
    path = made.path(layout.content_key(made.records[0]))
    moved = made.root / "moved"
    path.rename(moved)
    path.symlink_to(moved)
    return _done(made, CONTENT_MISSING=made.records[0])


@case("CONTENT_MISSING")
def empty_content_is_a_link(given: Given) -> Made:
    made = given.small()
    path = made.path(layout.content_key(made.records[3]))
    assert path.read_bytes() == b""
    path.unlink()
    path.symlink_to("/dev/null")
    return _done(made, CONTENT_MISSING=made.records[3])


@case("CONTENT_MISSING", "RECORD_MISSING")
def record_removed(given: Given) -> Made:
    made = given.small()
    shutil.rmtree(made.path(layout.record_prefix(made.records[0])))
    return _done(made, CONTENT_MISSING=made.records[0], RECORD_MISSING=made.records[0])


@case("RECORD_ALTERED")
def flipped_bit_in_description(given: Given) -> Made:
    made = given.small()
    made.flip(layout.record_key(made.records[1]), at=20)
    return _done(made, RECORD_ALTERED=made.records[1])


@case("SIDECAR_MISSING")
def sidecar_removed(given: Given) -> Made:
    made = given.small()
    made.path(layout.sidecar_key(made.records[1])).unlink()
    return _done(made, SIDECAR_MISSING=made.records[1])


@case("SIDECAR_ALTERED")
def flipped_bit_in_sidecar(given: Given) -> Made:
    made = given.small()
    made.flip(layout.sidecar_key(made.records[1]))
    return _done(made, SIDECAR_ALTERED=made.records[1])


@case("PIECES_MISSING")
def pieces_removed(given: Given) -> Made:
    made = given.small()
    made.path(layout.pieces_key(made.records[2])).unlink()
    return _done(made, PIECES_MISSING=made.records[2])


@case("PIECES_ALTERED")
def flipped_bit_in_pieces(given: Given) -> Made:
    made = given.small()
    made.flip(layout.pieces_key(made.records[2]))
    return _done(made, PIECES_ALTERED=made.records[2])


def _a_detail(made: Builder) -> str:
    found = next(made.path("details").rglob("*.json"))
    return str(found.relative_to(made.path("")))


@case("DETAIL_MISSING")
def detail_removed(given: Given) -> Made:
    made = given.small()
    key = _a_detail(made)
    made.path(key).unlink()
    return _done(made, DETAIL_MISSING=key)


@case("DETAIL_ALTERED")
def flipped_bit_in_detail(given: Given) -> Made:
    made = given.small()
    key = _a_detail(made)
    made.flip(key, at=30)
    return _done(made, DETAIL_ALTERED=key)


# ── tiles ──


@case("TILE_ALTERED")
def flipped_bit_in_partial_bundle(given: Given) -> Made:
    made = given.small()
    key = layout.entries_tile_key(LOG, 0, 10)
    made.edit(key, made.records[3].encode(), b"0" * 26, "live")
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def flipped_bit_in_full_bundle(given: Given) -> Made:
    made = given.large()
    key = layout.entries_tile_key(LOG, 1)
    made.flip(key, at=30_000)
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def flipped_length_in_full_bundle(given: Given) -> Made:
    made = given.large()
    key = layout.entries_tile_key(LOG, 0)
    made.flip(key, at=0)
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def bundle_with_one_entry_too_few(given: Given) -> Made:
    made = given.large()
    key = layout.entries_tile_key(LOG, 0)
    data = made.path(key).read_bytes()
    made.write(key, data[2 + int.from_bytes(data[:2], "big") :])
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def flipped_bit_in_hash_tile(given: Given) -> Made:
    made = given.large()
    key = layout.hash_tile_key(LOG, 0, 1)
    made.flip(key, at=77)
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def flipped_bit_in_partial_hash_tile(given: Given) -> Made:
    made = given.small()
    key = layout.hash_tile_key(LOG, 0, 0, 10)
    made.flip(key, "live")
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def flipped_bit_in_upper_hash_tile(given: Given) -> Made:
    made = given.large()
    key = layout.hash_tile_key(LOG, 1, 0, 2)
    made.flip(key, "live")
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def flipped_bit_in_older_partial_tile(given: Given) -> Made:
    made = given.small()
    key = layout.entries_tile_key(LOG, 0, 3)
    made.flip(key, "live")
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def hash_tile_of_a_wrong_length(given: Given) -> Made:
    made = given.large()
    key = layout.hash_tile_key(LOG, 0, 0)
    made.write(key, made.path(key).read_bytes()[:-1])
    return _done(made, TILE_ALTERED=key)


@case("TILE_ALTERED")
def huge_tile(given: Given) -> Made:
    made = given.large()
    key = layout.entries_tile_key(LOG, 0)
    made.write(key, bytes(17 * 1024 * 1024))
    return _done(made, TILE_ALTERED=key)


@case("TILE_MISSING")
def full_bundle_removed(given: Given) -> Made:
    made = given.large()
    key = layout.entries_tile_key(LOG, 0)
    made.path(key).unlink()
    return _done(made, TILE_MISSING=key)


@case("TILE_MISSING")
def hash_tile_removed(given: Given) -> Made:
    made = given.large()
    key = layout.hash_tile_key(LOG, 0, 0)
    made.path(key).unlink()
    return _done(made, TILE_MISSING=key)


@case("TILE_MISSING")
def all_tiles_removed(given: Given) -> Made:
    made = given.large()
    shutil.rmtree(made.path(f"log/{LOG}/tile"))
    shutil.rmtree(made.path(f"log/{LOG}/tile", "live"))
    return _done(made, TILE_MISSING=layout.entries_tile_key(LOG, 0))


@case("LEDGER_ALTERED", "RECORD_ALTERED", "CONTENT_ALTERED")
def entry_and_its_hashes_changed_without_keys(given: Given) -> Made:
    made = given.empty()
    made.open()
    made.accession(b"kept")
    made.seal()
    note = made.path(layout.note_key(LOG, 2)).read_bytes()
    other = given.empty()
    other.open()
    other.accession(b"forged")
    shutil.rmtree(other.path("records"))
    other.tick()
    for span, data in other.tiles():
        made.write(span.key(LOG), data, "live")
    assert note == made.path(layout.note_key(LOG, 2)).read_bytes()
    report = made.verify()
    return report, {
        "LEDGER_ALTERED": LOG,
        "RECORD_ALTERED": made.records[0],
        "CONTENT_ALTERED": made.records[0],
    }


# ── seals ──


@case("SEAL_MISPLACED", "SEAL_SIGNATURE_BAD")
def flipped_bit_in_note(given: Given) -> Made:
    made = given.small()
    key = layout.note_key(LOG, 3)
    made.edit(key, b"3\n", b"4\n")
    report, _ = _done(made)
    return report, {"SEAL_MISPLACED": key, "SEAL_SIGNATURE_BAD": "p7s"}


@case("SEAL_SIGNATURE_BAD", "TIMESTAMP_BAD")
def flipped_bit_in_cms(given: Given) -> Made:
    made = given.small()
    key = layout.cms_key(LOG, 3)
    made.flip(key)
    return _done(made, SEAL_SIGNATURE_BAD=key, TIMESTAMP_BAD=layout.token_key(LOG, 3))


@case("TIMESTAMP_BAD")
def flipped_bit_in_token(given: Given) -> Made:
    made = given.small()
    key = layout.token_key(LOG, 3)
    made.flip(key)
    return _done(made, TIMESTAMP_BAD=key)


@case("TIMESTAMP_BAD")
def token_of_another_seal(given: Given) -> Made:
    made = given.small()
    key = layout.token_key(LOG, 3)
    made.write(key, made.path(layout.token_key(LOG, 10)).read_bytes())
    return _done(made, TIMESTAMP_BAD=key)


@case("TIMESTAMP_MISSING")
def named_token_removed(given: Given) -> Made:
    made = given.small()
    key = layout.token_key(LOG, 3)
    made.path(key).unlink()
    return _done(made, TIMESTAMP_MISSING=key)


@case("SEAL_MISSING")
def cms_of_an_older_seal_removed(given: Given) -> Made:
    made = given.small()
    key = layout.cms_key(LOG, 3)
    made.path(key).unlink()
    return _done(made, SEAL_MISSING=key)


@case("SEAL_MISSING")
def note_of_an_older_seal_removed(given: Given) -> Made:
    made = given.small()
    key = layout.note_key(LOG, 3)
    made.path(key).unlink()
    return _done(made, SEAL_MISSING=key)


@case("SEAL_MISSING")
def whole_older_seal_removed(given: Given) -> Made:
    made = given.small()
    for form in (layout.note_key, layout.cms_key, layout.token_key):
        made.path(form(LOG, 3)).unlink()
    return _done(made, SEAL_MISSING=layout.note_key(LOG, 3))


@case("SEAL_MISPLACED", "TIMESTAMP_ORDER", "SEAL_LINK_BAD")
def seals_of_two_sizes_swapped(given: Given) -> Made:
    made = given.small()
    for form in (layout.note_key, layout.cms_key, layout.token_key):
        one, two = (made.path(form(LOG, size)) for size in (3, 6))
        first = one.read_bytes()
        made.write(form(LOG, 3), two.read_bytes())
        made.write(form(LOG, 6), first)
    return _done(
        made,
        SEAL_MISPLACED=layout.note_key(LOG, 3),
        TIMESTAMP_ORDER=layout.token_key(LOG, 6),
        SEAL_LINK_BAD=layout.cms_key(LOG, 3),
    )


@case("LOG_MISSING", "OBJECT_UNEXPECTED")
def seals_removed(given: Given) -> Made:
    made = given.small()
    shutil.rmtree(made.path(f"log/{LOG}/seals"))
    shutil.rmtree(made.path("log", "live"))
    shutil.rmtree(made.path(f"log/{LOG}"))
    shutil.rmtree(made.path("records"))
    shutil.rmtree(made.path("details"))
    report = made.verify()
    return report, {"LOG_MISSING": "*", "OBJECT_UNEXPECTED": "pki/"}


@case("SEAL_MISSING")
def newest_cms_removed(given: Given) -> Made:
    made = given.small()
    made.path(layout.cms_key(LOG, 10)).unlink()
    return _done(made, SEAL_MISSING=layout.cms_key(LOG, 10))


@case("SEALING_IN_PROGRESS")
def newest_seal_half_written(given: Given) -> Made:
    made = given.small()
    made.tick(7000)
    made.accession(b"young")
    _write_tiles(made)
    made.write(layout.note_key(LOG, 12), made.note())
    return made.verify(after=60), {"SEALING_IN_PROGRESS": layout.cms_key(LOG, 12)}


def _write_tiles(made: Builder) -> None:
    for span, data in made.tiles():
        if not made.path(span.key(LOG)).exists():
            made.write(span.key(LOG), data, "live")


@case("SEALING_IN_PROGRESS")
def newest_seal_half_written_with_full_tiles(given: Given) -> Made:
    """The note comes before the full tiles in evidence, and after those in live."""
    made = given.large()
    made.tick(3600)
    for number in range(300):
        made.refuse(f"DSJ-{number % 7}")
    record = made.accession(b"young")
    _write_tiles(made)
    made.write(layout.note_key(LOG, len(made.log.entries)), made.note())
    report = made.verify(after=60)
    assert record not in {f.subject.split("/")[-2] for f in report.findings}
    return report, {"SEALING_IN_PROGRESS": layout.cms_key(LOG, len(made.log.entries))}


@case("SEAL_MISSING", "POINTER_STALE")
def several_seals_half_removed_and_touched(given: Given) -> Made:
    made = given.small()
    made.tick(3600)
    for size in (6, 10):
        made.path(layout.token_key(LOG, size)).unlink()
        made.path(layout.cms_key(LOG, size)).unlink()
        made.write(layout.note_key(LOG, size), made.path(layout.note_key(LOG, size)).read_bytes())
    made.path(layout.POINTER_KEY, "live").unlink()
    _touch(made)
    report = made.verify(after=10)
    assert report.counts["SEAL_MISSING"] == 2
    return report, {"SEAL_MISSING": layout.cms_key(LOG, 10), "POINTER_STALE": "live"}


def _touch(made: Builder) -> None:
    """Give every file the present time."""
    stamp = made.now.timestamp()
    for path in made.root.rglob("*"):
        os.utime(path, (stamp, stamp))


def _half_removed(made: Builder) -> Builder:
    """The newest seal without CMS and token, all files as young as can be."""
    made.tick(3600)
    made.path(layout.token_key(LOG, 10)).unlink()
    made.path(layout.cms_key(LOG, 10)).unlink()
    _touch(made)
    return made


@case("SEAL_MISSING")
def newest_seal_half_removed_below_its_pointer(given: Given) -> Made:
    made = _half_removed(given.small())
    return made.verify(after=10), {"SEAL_MISSING": layout.cms_key(LOG, 10)}


@case("SEAL_MISSING", "STALE")
def newest_seal_half_removed_long_ago(given: Given) -> Made:
    made = given.small()
    made.write(layout.POINTER_KEY, made.path(layout.note_key(LOG, 6)).read_bytes(), "live")
    made.tick(2 * 86_400)
    _half_removed(made)
    return made.verify(after=10), {"SEAL_MISSING": layout.cms_key(LOG, 10), "STALE": LOG}


@case("LEDGER_TRUNCATED", "SEALING_IN_PROGRESS")
def newest_entries_removed_below_a_young_note(given: Given) -> Made:
    made = given.small()
    made.write(layout.POINTER_KEY, made.path(layout.note_key(LOG, 6)).read_bytes(), "live")
    _half_removed(made)
    for path in made.path(f"log/{LOG}/tile", "live").rglob("*.p/10"):
        path.unlink()
    report = made.verify(after=10)
    assert made.records[3] in str(report.to_value())
    return report, {"LEDGER_TRUNCATED": LOG, "SEALING_IN_PROGRESS": made.records[3]}


# ── things that do not belong ──


@case("OBJECT_UNEXPECTED")
def objects_that_nobody_names(given: Given) -> Made:
    made = given.small()
    record = made.new_id()
    keys = [
        layout.content_key(record),
        "records/garbage",
        layout.record_prefix(made.records[0]) + "content.bak",
        layout.record_prefix(made.records[0]) + "sidecar",
        layout.detail_key(record),
        "details/zz/x.json",
        "log/other",
        f"log/{LOG}/seals/readme",
        f"log/{LOG}/seals/0000000000000004.note",
        f"log/{LOG}/tile/0/001",
        f"log/{LOG}/tile/9/000",
        "pki/" + "0" * 64 + ".crt",
        "pki/readme",
    ]
    for key in keys[:8] + keys[9:11] + keys[12:]:
        made.write(key, b"x")
    os.symlink("/etc", made.path("records/00"))
    made.path("records/\udcff\n").write_bytes(b"x")
    os.utime(made.path("records/\udcff\n"), (0, 0))
    os.utime(made.path("records/00"), (0, 0), follow_symlinks=False)
    report = made.verify()
    found = {f.subject for f in report.findings if f.code == "OBJECT_UNEXPECTED"}
    assert found == {
        *keys[:8],
        *keys[9:11],
        "pki/readme",
        "records/00",
        "records/\\udcff\\x0a",
    }, found
    return report, {"OBJECT_UNEXPECTED": "records/"}


@case("SEALING_IN_PROGRESS")
def young_objects_of_a_running_sealer(given: Given) -> Made:
    made = given.small()
    made.tick(7000)
    record = made.accession(b"young")
    made.refuse()
    return made.verify(after=60), {"SEALING_IN_PROGRESS": layout.content_key(record)}


@case()
def objects_that_are_sealed_while_it_runs(given: Given) -> Made:
    made = given.small()
    made.tick(7000)
    made.accession(b"young")
    evidence, live = made.stores()
    during = During(evidence, "records/", made.seal)
    now = made.now + timedelta(seconds=60)
    return verify(during, live, made.policy, now=now, workers=1), {}


@case("SEALING_IN_PROGRESS")
def planted_object_named_in_a_forged_tile(given: Given) -> Made:
    """What a sealer adds meanwhile is believed only as far as a note signs it."""
    made = given.small()
    made.tick(7000)
    made.refuse()
    planted = made.new_id()
    made.write(layout.content_key(planted), b"planted")
    evidence, live = made.stores()

    def seal_and_forge() -> None:
        size = made.seal()
        entry = made.log.entries[-1].replace(b'"subject":null', f'"subject":"{planted}"'.encode())
        data = encode_entries([*made.log.entries[:-1], entry])
        made.write(layout.entries_tile_key(LOG, 0, size), data, "live")

    during = During(evidence, "records/", seal_and_forge)
    now = made.now + timedelta(seconds=60)
    report = verify(during, live, made.policy, now=now, workers=1)
    assert report.counts["SEALING_IN_PROGRESS"] == 1
    return report, {"SEALING_IN_PROGRESS": planted}


@case("OBJECT_UNEXPECTED")
def object_that_claims_the_near_future(given: Given) -> Made:
    made = given.small()
    record = made.new_id()
    made.tick(3600 + 300)
    keys = [layout.content_key(record), layout.detail_key(record), f"log/{LOG}/x", "pki/x"]
    for key in keys:
        made.write(key, b"planted")
    made.tick(-3600 - 300)
    report = made.verify()
    found = {f.subject for f in report.findings if f.code == "OBJECT_UNEXPECTED"}
    assert found == set(keys)
    return report, {"OBJECT_UNEXPECTED": record}


@case("OBJECT_UNEXPECTED")
def object_that_claims_to_be_from_the_future(given: Given) -> Made:
    made = given.small()
    made.tick(30 * 86_400)
    made.write("pki/later", b"x")
    made.write("records/later", b"x")
    made.tick(-30 * 86_400)
    return _done(made, OBJECT_UNEXPECTED="records/later")


@case("OBJECT_UNEXPECTED")
def objects_of_an_interrupted_batch(given: Given) -> Made:
    made = given.small()
    record = made.accession(b"old by now")
    return _done(made, OBJECT_UNEXPECTED=record)


@case("PKI_ALTERED")
def flipped_bit_in_a_certificate(given: Given) -> Made:
    made = given.small()
    name = next(p.name for p in made.path("pki").iterdir() if p.suffix == ".crt")
    made.flip(f"pki/{name}")
    return _done(made, PKI_ALTERED=name)


@case("PKI_MISSING", "REVOCATION_UNKNOWN")
def revocation_lists_removed(given: Given) -> Made:
    made = given.small()
    for path in made.path("pki").glob("*.crl"):
        path.unlink()
    return _done(made, PKI_MISSING="pki/", REVOCATION_UNKNOWN="main-2026/seals")


@case("PKI_ALTERED", "OBJECT_UNEXPECTED")
def garbage_named_by_its_own_hash(given: Given) -> Made:
    made = given.small()
    name = sha256(b"x").hexdigest()
    made.write(f"pki/{name}.crl", b"x")
    return _done(made, PKI_ALTERED=name, OBJECT_UNEXPECTED=name)


class Broken:
    """A store that fails on one key or folder."""

    def __init__(self, store: DirectoryStore, where: str, error: Exception) -> None:
        self._store = store
        self._where = where
        self._error = error

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        if prefix == self._where:
            raise self._error
        return self._store.list(prefix, after)

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if key == self._where:
            raise self._error
        return self._store.read(key, start, length)

    def stat(self, key: str) -> ObjectInfo | None:
        return self._store.stat(key)

    def put(self, items: Sequence[PutItem]) -> None:
        raise AssertionError("verification never writes")


class During(Broken):
    """Something happens while a folder is listed."""

    def __init__(self, store: DirectoryStore, where: str, happen: Callable[[], object]) -> None:
        super().__init__(store, "", RuntimeError())
        self._folder = where
        self._happen = happen

    def list(self, prefix: str, after: str = "") -> Iterator[ObjectInfo]:
        yield from list(self._store.list(prefix, after))
        if prefix == self._folder:
            self._happen()


def _broken(made: Builder, where: str, error: Exception) -> Report:
    evidence, live = made.stores()
    now = made.now + timedelta(hours=1)
    return verify(Broken(evidence, where, error), live, made.policy, now=now, workers=1)


@case("STORE_UNREADABLE")
def folder_that_cannot_be_listed(given: Given) -> Made:
    made = given.small()
    report = _broken(made, "details/", Unreachable("Input/output error"))
    return report, {"STORE_UNREADABLE": "the store"}


@case("STORE_UNREADABLE")
def content_that_cannot_be_read(given: Given) -> Made:
    made = given.small()
    report = _broken(made, layout.content_key(made.records[0]), Unreachable("Input/output error"))
    return report, {"STORE_UNREADABLE": made.records[0]}


@case("STORE_UNREADABLE")
def seal_that_cannot_be_read(given: Given) -> Made:
    made = given.small()
    report = _broken(made, layout.note_key(LOG, 3), OSError(5, "Input/output error"))
    return report, {"STORE_UNREADABLE": layout.note_key(LOG, 3)}


@case("CHECK_INCOMPLETE")
def check_that_meets_something_unforeseen(given: Given) -> Made:
    made = given.small()
    report = _broken(made, layout.content_key(made.records[0]), ZeroDivisionError())
    return report, {"CHECK_INCOMPLETE": made.records[0]}


@case("POINTER_STALE")
def pointer_put_back(given: Given) -> Made:
    made = given.small()
    old = made.path(layout.note_key(LOG, 3)).read_bytes()
    made.write(layout.POINTER_KEY, old, "live")
    return _done(made, POINTER_STALE="live/log/checkpoint")
