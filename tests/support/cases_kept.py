"""Cases: what an inspector kept from earlier, and what the operator's database says."""

from collections.abc import Iterable, Iterator, Mapping

from archive_builder import Builder
from pki_fixture import make_pki
from verify_cases import Given, Made, case

from archive import layout
from archive.merkle import leaf_hash
from archive.report import Report

LOG = "main-2026"


def _archive(given: Given, *contents: bytes, batches: int = 2) -> Builder:
    """With the same keys every time: what differs is the history alone."""
    made = given.empty()
    made.open()
    for content in contents:
        made.accession(content)
        if batches > 1:
            made.seal()
    if batches == 1:
        made.seal()
    return made


def _note(made: Builder, size: int | None = None) -> bytes:
    return made.path(layout.note_key(LOG, size or made.log.sealed)).read_bytes()


def _kept_both(report: Report) -> None:
    names = {note.name for note in report.evidence}
    assert any("kept" in name for name in names), names
    assert any("stored" in name for name in names), names


@case()
def untouched_with_kept_evidence(given: Given) -> Made:
    made = given.small()
    known = [("a.note", _note(made, 3)), ("b.note", _note(made, 10))]
    lines = [("r:1", made.receipt(made.records[0]) + b"\n")]
    report = made.verify(known=known, receipts=lines)
    assert report.checked["known_notes"] == 2
    assert report.checked["receipts"] == 1
    return report, {}


@case("LEDGER_REWRITTEN")
def rewritten_and_resealed_with_all_keys(given: Given) -> Made:
    kept = _note(_archive(given, b"true", b"more"))
    made = _archive(given, b"false", b"more", b"and more")
    assert made.verify().outcome == "PASSED"
    report = made.verify(known=[("kept.note", kept)])
    _kept_both(report)
    return report, {"LEDGER_REWRITTEN": LOG}


@case("LEDGER_REWRITTEN")
def rewritten_with_other_batches(given: Given) -> Made:
    kept = _note(_archive(given, b"true", b"more"), 2)
    made = _archive(given, b"false", b"more", b"and more", batches=1)
    report = made.verify(known=[("kept.note", kept)])
    _kept_both(report)
    return report, {"LEDGER_REWRITTEN": LOG}


@case("LEDGER_REWRITTEN", "RECEIPTED_MISSING")
def rewritten_shown_by_one_receipt(given: Given) -> Made:
    old = _archive(given, b"true", b"more")
    line = old.receipt(old.records[0])
    made = _archive(given, b"false", b"more", b"and more")
    report = made.verify(receipts=[("r:1", line)])
    _kept_both(report)
    return report, {"LEDGER_REWRITTEN": LOG, "RECEIPTED_MISSING": f"{LOG}#1"}


@case("LEDGER_TRUNCATED")
def rolled_back_as_a_whole(given: Given) -> Made:
    kept = _note(_archive(given, b"one", b"two", b"three"))
    made = _archive(given, b"one", b"two")
    assert made.verify().outcome == "PASSED"
    report = made.verify(known=[("kept.note", kept)])
    _kept_both(report)
    return report, {"LEDGER_TRUNCATED": LOG}


@case("LEDGER_TRUNCATED", "RECEIPTED_MISSING")
def rolled_back_shown_by_one_receipt(given: Given) -> Made:
    old = _archive(given, b"one", b"two", b"three")
    line = old.receipt(old.records[2])
    made = _archive(given, b"one", b"two")
    return made.verify(receipts=[("r:1", line)]), {
        "LEDGER_TRUNCATED": LOG,
        "RECEIPTED_MISSING": f"{LOG}#5",
    }


@case("LEDGER_TRUNCATED", "OBJECT_UNEXPECTED", "POINTER_STALE")
def newest_seals_and_tiles_cut_off(given: Given) -> Made:
    made = given.small()
    for form in (layout.note_key, layout.cms_key, layout.token_key):
        made.path(form(LOG, 10)).unlink()
    for path in made.path(f"log/{LOG}/tile", "live").rglob("10"):
        path.unlink()
    return made.verify(), {
        "LEDGER_TRUNCATED": LOG,
        "OBJECT_UNEXPECTED": made.records[3],
        "POINTER_STALE": "checkpoint",
    }


@case("LOG_MISSING")
def log_of_a_kept_note_gone(given: Given) -> Made:
    made = _archive(given, b"one", b"two")
    other = Builder(given.path(), given.pki, "other-2026")
    other.open()
    other.seal()
    note = other.path(layout.note_key("other-2026", 1)).read_bytes()
    return made.verify(known=[("kept.note", note)]), {"LOG_MISSING": "other-2026"}


@case("SPLIT_VIEW", "LEDGER_REWRITTEN")
def two_kept_notes_contradict_each_other(given: Given) -> Made:
    made = _archive(given, b"true", b"more")
    other = _note(_archive(given, b"false", b"more"))
    report = made.verify(known=[("a.note", _note(made)), ("b.note", other)])
    return report, {"SPLIT_VIEW": LOG, "LEDGER_REWRITTEN": LOG}


@case("NOTE_UNTRUSTED")
def kept_notes_that_prove_nothing(given: Given) -> Made:
    made = given.small()
    foreign = Builder(given.path(), make_pki())
    foreign.open()
    foreign.seal()
    known = [("foreign.note", _note(foreign)), ("garbage.note", b"x")]
    return made.verify(known=known), {"NOTE_UNTRUSTED": ".note"}


@case("RECEIPT_BAD")
def receipts_that_prove_nothing(given: Given) -> Made:
    made = given.small()
    line = made.receipt(made.records[0])
    lines = [
        ("r:1", b"x"),
        ("r:2", line.replace(b'"index":2', b'"index":3')),
        ("r:3", line[:-1]),
        ("r:4", b"[" * 100_000),
    ]
    report = made.verify(receipts=lines)
    assert report.counts["RECEIPT_BAD"] == 4
    return report, {"RECEIPT_BAD": "r:2"}


class FakeDatabase:
    def __init__(self, entries: list[bytes], waiting: Iterable[str] = ()) -> None:
        self.entries = entries
        self.waiting = frozenset(waiting)

    def unsealed(self) -> frozenset[str]:
        return self.waiting

    def leaves(self, log: str) -> Iterator[bytes]:
        return map(leaf_hash, self.entries)

    def at_rest(self, sizes: Mapping[str, int]) -> bool:
        return False

    def registers(self) -> Iterator[tuple[str, str, object]]:
        return iter(())


@case()
def database_that_agrees(given: Given) -> Made:
    made = given.small()
    return made.verify(database=FakeDatabase(made.log.entries)), {}


@case("DATABASE_DIFFERS")
def edited_database(given: Given) -> Made:
    made = given.small()
    entries = list(made.log.entries)
    entries[2] = entries[2].replace(b"DSJ-1", b"DSJ-2")
    return made.verify(database=FakeDatabase(entries)), {"DATABASE_DIFFERS": f"{LOG}#2"}


@case("DATABASE_DIFFERS")
def database_that_is_too_short(given: Given) -> Made:
    made = given.small()
    return made.verify(database=FakeDatabase(made.log.entries[:7])), {
        "DATABASE_DIFFERS": f"{LOG}#7"
    }


@case("SEALING_IN_PROGRESS", "OBJECT_UNEXPECTED")
def large_batch_that_is_being_read_back(given: Given) -> Made:
    made = given.small()
    sealed = list(made.log.entries)
    record = made.accession(b"much of it")
    keys = [layout.content_key(record), layout.record_key(record)]
    planted = made.write(layout.content_key(made.new_id()), b"planted").parent.name
    report = made.verify(database=FakeDatabase(sealed, keys))
    assert report.counts["SEALING_IN_PROGRESS"] == 2
    return report, {"SEALING_IN_PROGRESS": record, "OBJECT_UNEXPECTED": planted}


@case("POLICY_NOT_INDEPENDENT")
def policy_of_the_archive_itself(given: Given) -> Made:
    return given.small().verify(own_policy=True), {"POLICY_NOT_INDEPENDENT": "cunzheng.local"}
