"""Cases: whoever holds the keys writes a false history, or a log of another year is touched."""

import os
import shutil

from archive_builder import Builder, digest_of
from verify_cases import Given, Made, case

from archive import layout
from archive.entry import Entry
from archive.merkle import leaf_hash
from archive.times import format_time
from signing.digest import Digest

LOG = "main-2026"
NEXT = "main-2027"


def _opened(given: Given) -> Builder:
    made = given.empty()
    made.open()
    return made


def _sealed(made: Builder, **expected: str) -> Made:
    made.seal()
    return made.verify(), expected


# ── streams ──


@case("STREAM_GAP")
def entry_left_out_of_its_stream(given: Given) -> Made:
    made = _opened(given)
    made.refuse()
    made.heads["source/DSJ-1"] = (1, leaf_hash(b"removed"))
    made.refuse()
    return _sealed(made, STREAM_GAP=f"{LOG}#2")


@case("STREAM_GAP")
def stream_that_does_not_begin_at_zero(given: Given) -> Made:
    made = _opened(given)
    made.heads["source/DSJ-1"] = (4, leaf_hash(b"removed"))
    made.refuse()
    return _sealed(made, STREAM_GAP=f"{LOG}#1")


@case("STREAM_GAP", "STREAM_FORK")
def entries_reordered(given: Given) -> Made:
    made = _opened(given)
    made.refuse()
    made.refuse()
    one, two = made.log.entries[-2:]
    other = _opened(given)
    other.raw(two, "source/DSJ-1")
    other.raw(one, "source/DSJ-1")
    return _sealed(other, STREAM_GAP=f"{LOG}#1", STREAM_FORK=f"{LOG}#2")


@case("STREAM_FORK")
def entry_inserted_into_a_stream(given: Given) -> Made:
    made = _opened(given)
    made.refuse()
    head = made.heads["source/DSJ-1"]
    made.refuse()
    made.heads["source/DSJ-1"] = head
    made.tick()
    made.refuse()
    return _sealed(made, STREAM_FORK=f"{LOG}#3")


@case("STREAM_FORK")
def stream_forked_over_two_bundles(given: Given) -> Made:
    made = _opened(given)
    made.refuse("DSJ-9")
    for _ in range(300):
        made.refuse()
    made.heads["source/DSJ-9"] = (0, leaf_hash(b"another"))
    made.refuse("DSJ-9")
    return _sealed(made, STREAM_FORK=f"{LOG}#302")


# ── entries ──


@case("ENTRY_BAD")
def garbage_as_an_entry(given: Given) -> Made:
    made = _opened(given)
    made.raw(b"{}")
    made.raw(b"\xff\x00")
    made.raw(b"[" * 60_000)
    made.raw(b"")
    return _sealed(made, ENTRY_BAD=f"{LOG}#3")


@case("ENTRY_BAD")
def entry_in_a_stream_of_another_kind(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.heartbeat", "access", None, {})
    return _sealed(made, ENTRY_BAD=f"{LOG}#1")


@case("ENTRY_BAD")
def detail_without_its_identifier(given: Given) -> Made:
    made = _opened(given)
    body = {
        "code": "X",
        "detail": digest_of(b""),
        "detail_id": None,
        "received_at": format_time(made.now),
        "source": "DSJ-1",
    }
    made.entry("drop.rejected", "source/DSJ-1", None, body)
    return _sealed(made, ENTRY_BAD=f"{LOG}#1")


@case("KIND_UNKNOWN")
def kind_of_a_later_version(given: Given) -> Made:
    made = _opened(given)
    made.entry("package.made", "registry", None, {"anything": 1})
    return _sealed(made, KIND_UNKNOWN=f"{LOG}#1")


@case("REFERENCE_BAD")
def end_of_a_drop_that_nobody_rejected(given: Given) -> Made:
    made = _opened(given)
    number, said = made.new_id(), {"quarantine": made.new_id()}
    rejected = {"code": "X", "received_at": format_time(made.now), "source": "DSJ-1"}
    rejected |= made.detail("drop.rejected", said)
    made.entry("drop.rejected", "source/DSJ-1", None, rejected)
    for quarantine in (said["quarantine"], number):
        data = {"files": [], "person": "p", "reason": "r", "replaced": []}
        body = {"outcome": "rejected", "quarantine": quarantine, "source": "DSJ-1"}
        body |= made.detail("drop.resolved", data)
        made.entry("drop.resolved", "registry", None, body)
    return _sealed(made, REFERENCE_BAD=f"{LOG}#3")


@case("REFERENCE_BAD")
def references_to_nothing(given: Given) -> Made:
    made = _opened(given)
    record = made.accession()
    body = {
        "content": [digest_of(b"text")],
        "first": {"index": 0, "log": LOG},
        "received_at": format_time(made.now),
        "size": 4,
        "source": "DSJ-1",
    }
    made.entry("record.redropped", "source/DSJ-1", record, body)
    return _sealed(made, REFERENCE_BAD=f"{LOG}#2")


@case("RECORD_TWICE")
def record_accessioned_twice(given: Given) -> Made:
    made = _opened(given)
    record = made.accession()
    body = Entry.parse(made.log.entries[-1]).body
    made.entry("record.accessioned", "source/DSJ-1", record, body)
    return _sealed(made, RECORD_TWICE=record)


@case("CONTENT_LOST")
def content_lost_and_recorded(given: Given) -> Made:
    made = _opened(given)
    record = made.accession()
    shutil.rmtree(made.path(layout.record_prefix(record)))
    detail = made.detail("record.lost", {"reason": "staging gone", "person": "王"})
    body = {"entry": {"index": 1, "log": LOG}, **detail}
    made.entry("record.lost", "source/DSJ-1", record, body)
    return _sealed(made, CONTENT_LOST=record)


# ── descriptions that disagree ──


@case("RECORD_DISAGREES", "CONTENT_ALTERED")
def description_with_another_source(given: Given) -> Made:
    made = _opened(given)
    record = made.accession(body={"size": 5})
    return _sealed(made, RECORD_DISAGREES=record, CONTENT_ALTERED=record)


@case("RECORD_DISAGREES")
def description_that_is_no_description(given: Given) -> Made:
    made = _opened(given)
    data = b'{"hello":"world"}'
    record = made.accession(body={"record": digest_of(data)})
    made.write(layout.record_key(record), data)
    return _sealed(made, RECORD_DISAGREES=record)


@case("RECORD_DISAGREES")
def description_of_hostile_depth(given: Given) -> Made:
    made = _opened(given)
    data = b'{"a":' * 200_000
    record = made.accession(body={"record": digest_of(data)})
    made.write(layout.record_key(record), data)
    return _sealed(made, RECORD_DISAGREES=record)


@case("DETAIL_ALTERED")
def detail_of_another_entry(given: Given) -> Made:
    made = _opened(given)
    state = {"name": "DSJ-1", "name_b64": None, "state": "new"}
    body = made.detail("source.confirmed", state)
    made.entry("source.registered", "registry", "DSJ-1", body)
    return _sealed(made, DETAIL_ALTERED=str(body["detail_id"]))


# ── batches ──


@case("SEAL_LINK_BAD")
def batch_that_does_not_name_the_seal(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.log.sealed = 0  # no link is due
    made.refuse()
    return _sealed(made, SEAL_LINK_BAD=layout.note_key(LOG, 1))


@case("SEAL_LINK_BAD")
def batch_that_names_other_files(given: Given) -> Made:
    made = _opened(given)
    made.seal()
    made.log.seals[1]["p7s"] = digest_of(b"other")
    made.refuse()
    return _sealed(made, SEAL_LINK_BAD=layout.cms_key(LOG, 1))


@case("SEAL_LINK_BAD", "TIMESTAMP_ORDER")
def seal_put_in_between(given: Given) -> Made:
    made = _opened(given)
    made.refuse()
    made.refuse()
    root, size = made.log.tree.copy(), len(made.log.entries)
    made.refuse()
    made.seal()
    earlier = made.tsa
    note = made.note(root.root(), size)
    cms = made.cms(note)
    made.write(layout.note_key(LOG, size), note)
    made.write(layout.cms_key(LOG, size), cms)
    token = earlier.timestamp(Digest.of("sha256", cms))
    made.write(layout.token_key(LOG, size), token)
    return made.verify(), {
        "SEAL_LINK_BAD": layout.note_key(LOG, 3),
        "TIMESTAMP_ORDER": layout.token_key(LOG, 4),
    }


@case("SEAL_SIGNATURE_BAD", "CERTIFICATE_BAD")
def seal_signed_with_a_foreign_key(given: Given) -> Made:
    from pki_fixture import make_pki

    made = Builder(given.path(), make_pki())
    made.open()
    made.seal()
    return made.verify(policy=given.small().policy), {
        "SEAL_SIGNATURE_BAD": layout.note_key(LOG, 1),
        "CERTIFICATE_BAD": layout.cms_key(LOG, 1),
    }


@case("TILE_MISSING", "POINTER_STALE")
def huge_size_signed_with_the_keys(given: Given) -> Made:
    made = given.small()
    size = 10**15
    note = made.note(size=size)
    cms = made.cms(note)
    made.write(layout.note_key(LOG, size), note)
    made.write(layout.cms_key(LOG, size), cms)
    made.write(layout.token_key(LOG, size), made.tsa.timestamp(Digest.of("sha256", cms)))
    return made.verify(), {"TILE_MISSING": "tile/", "POINTER_STALE": "checkpoint"}


# ── logs ──


@case()
def two_untouched_logs(given: Given) -> Made:
    return given.two_logs().verify(), {}


@case("LOG_MISSING", "STREAM_GAP", "OBJECT_UNEXPECTED")
def log_of_last_year_deleted(given: Given) -> Made:
    made = given.two_logs()
    shutil.rmtree(made.path(f"log/{LOG}"))
    report = made.verify()
    return report, {
        "LOG_MISSING": LOG,
        "STREAM_GAP": f"{NEXT}#0",
        "OBJECT_UNEXPECTED": made.records[0],
    }


@case("LOG_MISSING", "OBJECT_UNEXPECTED", "POINTER_STALE")
def newest_log_deleted(given: Given) -> Made:
    made = given.two_logs()
    shutil.rmtree(made.path(f"log/{NEXT}"))
    report = made.verify()
    return report, {
        "LOG_MISSING": NEXT,
        "OBJECT_UNEXPECTED": made.records[1],
        "POINTER_STALE": "checkpoint",
    }


@case("SEALING_IN_PROGRESS")
def newest_log_not_there_yet(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    made.seal()
    return made.verify(after=30), {"SEALING_IN_PROGRESS": NEXT}


@case("LOG_MISSING")
def newest_log_missing_below_touched_files(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    made.seal()
    made.tick(3600)
    stamp = made.now.timestamp()
    for path in made.root.rglob("*"):
        os.utime(path, (stamp, stamp))
    return made.verify(after=30), {"LOG_MISSING": NEXT}


@case(
    "ENTRY_AFTER_CLOSE",
    "STREAM_GAP",
    "STREAM_FORK",
    "SEAL_LINK_BAD",
    "TIMESTAMP_ORDER",
    "POINTER_STALE",
)
def entries_after_the_log_was_closed(given: Given) -> Made:
    made = _opened(given)
    made.roll_over(NEXT)
    made.seal()
    made.log = made.logs[0]
    made.refuse()
    made.seal()
    return made.verify(), {
        "ENTRY_AFTER_CLOSE": f"{LOG}#2",
        "STREAM_GAP": f"{LOG}#2",
        "STREAM_FORK": f"{NEXT}#0",
        "SEAL_LINK_BAD": layout.note_key(LOG, 4),
        "TIMESTAMP_ORDER": NEXT,
        "POINTER_STALE": "checkpoint",
    }


@case("ENTRY_AFTER_CLOSE")
def entries_sealed_together_with_the_closing(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    made.refuse()
    size = made.seal()
    made.log = type(made.log)(NEXT)
    made.open({"log": LOG, "size": size, **made.logs[0].seals[size]})
    return _sealed(made, ENTRY_AFTER_CLOSE=f"{LOG}#2")


@case("LOG_ORDER")
def log_that_was_never_closed(given: Given) -> Made:
    made = _opened(given)
    size = made.seal()
    previous = {"log": LOG, "size": size, **made.log.seals[size]}
    made.log = type(made.log)(NEXT)
    made.open(previous)
    return _sealed(made, LOG_ORDER=LOG)


@case("LOG_MISSING", "SEAL_LINK_BAD")
def log_that_names_a_wrong_predecessor(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    size = made.seal()
    made.log = type(made.log)(NEXT)
    made.open({"log": "main-2020", "size": size, **made.logs[0].seals[size]})
    return _sealed(made, LOG_MISSING="main-2020", SEAL_LINK_BAD=layout.note_key(LOG, 2))


@case("LOG_ORDER", "SEAL_LINK_BAD")
def log_that_names_no_predecessor(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    made.seal()
    made.log = type(made.log)(NEXT)
    made.open(None)
    made.seal()
    return made.verify(), {"LOG_ORDER": NEXT, "SEAL_LINK_BAD": layout.note_key(LOG, 2)}


@case("SEAL_LINK_BAD")
def log_whose_predecessor_had_other_files(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    size = made.seal()
    previous = {"log": LOG, "size": size, **made.log.seals[size], "note": digest_of(b"other")}
    made.log = type(made.log)(NEXT)
    made.open(previous)
    return _sealed(made, SEAL_LINK_BAD=layout.note_key(LOG, 2))


@case("LEDGER_TRUNCATED", "SEAL_MISSING", "SEAL_LINK_BAD")
def predecessor_cut_short(given: Given) -> Made:
    made = _opened(given)
    made.entry("log.closed", "log", None, {"next": NEXT})
    size = made.seal()
    previous = {"log": LOG, "size": size + 3, **made.log.seals[size]}
    made.log = type(made.log)(NEXT)
    made.open(previous)
    made.seal()
    return made.verify(), {
        "LEDGER_TRUNCATED": LOG,
        "SEAL_MISSING": layout.note_key(LOG, 5),
        "SEAL_LINK_BAD": layout.note_key(LOG, 2),
    }


@case("LOG_ORDER", "REVOCATION_UNKNOWN")
def log_that_does_not_open(given: Given) -> Made:
    made = given.empty()
    made.refuse()
    made.seal()
    return made.verify(), {"LOG_ORDER": LOG, "REVOCATION_UNKNOWN": f"{LOG}/seals"}


@case("LOG_IDENTITY")
def log_of_another_archive(given: Given) -> Made:
    made = given.empty()
    made.open(archive="cunzheng.local/other")
    return _sealed(made, LOG_IDENTITY=LOG)
