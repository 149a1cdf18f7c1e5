"""Attacks of those who can write the bucket or the database, but hold no key."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from resealer import History, forged
from tamper import BUCKET, DATABASE, NOBODY, Look, Scene, attack
from tamper_lab import flip, overwrite

from archive import layout
from archive.stores.directory import DirectoryStore

LOG = "main-2026"
KEPT = (Look((), 0, checkpoint=True), Look((), 0, receipt=True), Look((), 0, database=True))


def _record(scene: Scene, position: int = 3) -> str:
    return scene.base.records[position]


def _large(scene: Scene) -> str:
    return next((scene.evidence / "records").glob("*/*/pieces")).parent.name


def _seals(scene: Scene, suffix: str) -> list[Path]:
    return sorted((scene.evidence / "log" / LOG / "seals").glob(f"*{suffix}"))


# ── nothing was done ──


@attack("nothing: 1,000 records, untouched", NOBODY, Look((), 0), base="thousand")
def untouched_thousand(scene: Scene) -> None:
    assert len(scene.base.records) == 1000


@attack("nothing: untouched, with all that was kept", NOBODY, *KEPT)
def untouched(scene: Scene) -> None:
    pass


@attack("nothing: untouched, two years", NOBODY, Look((), 0, checkpoint=True), base="years")
def untouched_years(scene: Scene) -> None:
    pass


# ── one bit ──


@attack("one bit flipped in a content", BUCKET, Look(("CONTENT_ALTERED",)), column="i")
def bit_in_content(scene: Scene) -> str:
    flip(scene.evidence / layout.content_key(_record(scene)), at=40)
    return _record(scene)


@attack("one bit flipped in a large content", BUCKET, Look(("CONTENT_ALTERED",)))
def bit_in_large_content(scene: Scene) -> str:
    flip(scene.evidence / layout.content_key(_large(scene)))
    return _large(scene)


@attack("one bit flipped in a record.json", BUCKET, Look(("RECORD_ALTERED",)))
def bit_in_record(scene: Scene) -> str:
    flip(scene.evidence / layout.record_key(_record(scene)), at=30)
    return _record(scene)


@attack("one bit flipped in a sidecar", BUCKET, Look(("SIDECAR_ALTERED",)))
def bit_in_sidecar(scene: Scene) -> str:
    sidecar = min((scene.evidence / "records").glob("*/*/sidecar"))
    flip(sidecar, at=5)
    return sidecar.parent.name


@attack("one bit flipped in a piece list", BUCKET, Look(("PIECES_ALTERED",)))
def bit_in_pieces(scene: Scene) -> str:
    flip(scene.evidence / layout.pieces_key(_large(scene)))
    return _large(scene)


@attack("one bit flipped in a detail", BUCKET, Look(("DETAIL_ALTERED",)))
def bit_in_detail(scene: Scene) -> str:
    detail = min((scene.evidence / "details").glob("*/*.json"))
    flip(detail, at=30)
    return detail.stem


@attack("one bit flipped in an entry of a tile", BUCKET, Look(("TILE_ALTERED",)))
def bit_in_entries(scene: Scene) -> str:
    key = layout.entries_tile_key(LOG, 0)
    flip(scene.evidence / key, at=300)
    return key


@attack("one bit flipped in a tile of hashes", BUCKET, Look(("TILE_ALTERED",)))
def bit_in_hashes(scene: Scene) -> str:
    key = layout.hash_tile_key(LOG, 0, 0)
    flip(scene.evidence / key, at=300)
    return key


@attack("one bit flipped in a partial tile", BUCKET, Look(("TILE_ALTERED",)))
def bit_in_partial(scene: Scene) -> str:
    tile = next((scene.live / "log" / LOG / "tile/entries").glob("*.p/*"))
    flip(tile, at=300)
    return "tile/entries/001"


@attack("one bit flipped in a note", BUCKET, Look(("SEAL_SIGNATURE_BAD",)))
def bit_in_note(scene: Scene) -> str:
    note = _seals(scene, ".note")[3]
    flip(note, at=-20)
    return note.name


@attack("one bit flipped in a CMS signature", BUCKET, Look(("SEAL_SIGNATURE_BAD",)))
def bit_in_cms(scene: Scene) -> str:
    cms = _seals(scene, ".p7s")[3]
    flip(cms, at=-5)
    return cms.name


@attack("one bit flipped in a time stamp", BUCKET, Look(("TIMESTAMP_BAD",)))
def bit_in_token(scene: Scene) -> str:
    token = _seals(scene, ".tst")[3]
    flip(token, at=-5)
    return token.name


@attack("one bit flipped in a certificate", BUCKET, Look(("PKI_ALTERED",)))
def bit_in_certificate(scene: Scene) -> str:
    certificate = min((scene.evidence / "pki").glob("*.crt"))
    flip(certificate)
    return certificate.name


# ── something is gone, swapped or added ──


@attack("a record deleted", BUCKET, Look(("CONTENT_MISSING", "RECORD_MISSING")), column="ii")
def record_deleted(scene: Scene) -> str:
    shutil.rmtree(scene.evidence / layout.record_prefix(_record(scene)))
    return _record(scene)


@attack("a seal deleted", BUCKET, Look(("SEAL_MISSING",)))
def seal_deleted(scene: Scene) -> str:
    note = _seals(scene, ".note")[3]
    for path in note.parent.glob(f"{note.name}*"):
        path.unlink()
    return note.name


@attack("a time stamp deleted", BUCKET, Look(("TIMESTAMP_MISSING",)))
def token_deleted(scene: Scene) -> str:
    token = _seals(scene, ".tst")[3]
    token.unlink()
    return token.name


@attack("a time stamp swapped with another seal's", BUCKET, Look(("TIMESTAMP_BAD",)))
def token_swapped(scene: Scene) -> str:
    one, other = _seals(scene, ".tst")[2:4]
    data = one.read_bytes()
    overwrite(one, other.read_bytes())
    overwrite(other, data)
    return one.name


@attack("a content replaced by another record's", BUCKET, Look(("CONTENT_ALTERED",)))
def content_replaced(scene: Scene) -> str:
    one, other = _record(scene, 3), _record(scene, 4)
    source = scene.evidence / layout.content_key(other)
    overwrite(scene.evidence / layout.content_key(one), source.read_bytes())
    return one


@attack(
    "a whole record replaced by another one", BUCKET, Look(("RECORD_ALTERED", "CONTENT_ALTERED"))
)
def record_replaced(scene: Scene) -> str:
    one, other = _record(scene, 3), _record(scene, 4)
    for key in (layout.content_key, layout.record_key):
        overwrite(scene.evidence / key(one), (scene.evidence / key(other)).read_bytes())
    return one


@attack("a record added behind the ledger's back", BUCKET, Look(("OBJECT_UNEXPECTED",)))
def record_added(scene: Scene) -> str:
    planted = _record(scene)[:-4] + "ZZZZ"
    for key in (layout.content_key, layout.record_key):
        data = (scene.evidence / key(_record(scene))).read_bytes()
        overwrite(scene.evidence / key(planted), data)
        stamp = scene.base.end.timestamp()
        os.utime(scene.evidence / key(planted), (stamp, stamp))
    return planted


@attack("a log of last year deleted", BUCKET, Look(("LOG_MISSING",)), base="years")
def log_deleted(scene: Scene) -> str:
    for place in (scene.evidence, scene.live):
        shutil.rmtree(place / "log/main-2025", ignore_errors=True)
    return "main-2025"


# ── entries, without keys: the tiles are made again and fit together, the seals do not ──


def _tiles(scene: Scene) -> tuple[History, list[dict[str, object]], int]:
    history = scene.history()
    batch, position = history.find(subject=_record(scene))
    return history, batch.entries, position


@attack("an entry removed, tiles made again", BUCKET, Look(("LEDGER_ALTERED",)), column="iii-a")
def entry_removed(scene: Scene) -> str:
    history, entries, position = _tiles(scene)
    entries.pop(position)
    history.batches[-1].entries.append(history.batches[-1].entries[-1])  # as long as before
    history.write_tiles(LOG)
    shutil.rmtree(scene.evidence / layout.record_prefix(_record(scene)))
    return LOG


@attack("an entry removed, ledger one shorter", BUCKET, Look(("TILE_MISSING",)))
def entry_removed_shorter(scene: Scene) -> str:
    history, entries, position = _tiles(scene)
    entries.pop(position)
    history.write_tiles(LOG)
    return "tile/entries/001"


@attack("an entry inserted, tiles made again", BUCKET, Look(("LEDGER_ALTERED",)))
def entry_inserted(scene: Scene) -> str:
    history, entries, position = _tiles(scene)
    entries.insert(position, forged(entries[position], at="2026-11-22T04:06:00.000000Z"))
    history.write_tiles(LOG)
    return LOG


@attack("two entries exchanged, tiles made again", BUCKET, Look(("LEDGER_ALTERED",)))
def entries_reordered(scene: Scene) -> str:
    history, entries, position = _tiles(scene)
    entries[position : position + 2] = entries[position : position + 2][::-1]
    history.write_tiles(LOG)
    return LOG


@attack("a stream forked, tiles made again", BUCKET, Look(("LEDGER_ALTERED", "STREAM_FORK")))
def stream_forked(scene: Scene) -> str:
    history, entries, position = _tiles(scene)
    entries[position + 1] = forged(entries[position], actor="system/other")
    history.write_tiles(LOG)
    return LOG


# ── the database ──


def _sql(scene: Scene, statement: str, *values: object) -> None:
    with sqlite3.connect(scene.home / "cunzheng.db") as connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


@attack("an entry edited in the database", DATABASE, Look(("DATABASE_DIFFERS",), database=True))
def database_entry(scene: Scene) -> str:
    with sqlite3.connect(scene.home / "cunzheng.db") as connection:
        query = "SELECT min(idx) FROM entry WHERE instr(data, CAST('system/ingest' AS BLOB)) > 0"
        ((index,),) = connection.execute(query)
    connection.close()
    edit = "UPDATE entry SET data = CAST(replace(data, 'ingest', 'nobody') AS BLOB) WHERE idx = ?"
    _sql(scene, edit, index)
    return f"{LOG}#{index}"


@attack("an entry deleted from the database", DATABASE, Look(("DATABASE_DIFFERS",), database=True))
def database_entry_deleted(scene: Scene) -> str:
    _sql(scene, "DELETE FROM entry WHERE idx = 5")
    return f"{LOG}#5"


@attack(
    "a record's row edited in the database", DATABASE, Look(("DATABASE_DIFFERS",), database=True)
)
def database_record(scene: Scene) -> str:
    _sql(scene, "UPDATE record SET name = 'other.txt' WHERE id = ?", _record(scene))
    return _record(scene)


@attack(
    "a record's row deleted from the database", DATABASE, Look(("DATABASE_DIFFERS",), database=True)
)
def database_record_deleted(scene: Scene) -> str:
    _sql(scene, "DELETE FROM record WHERE id = ?", _record(scene))
    return "records that are not in it: 1"


# ── what could not be checked is neither damage nor fine ──


@contextmanager
def _disk_fails(scene: Scene) -> Iterator[None]:
    """The disk gives an error where one content is read."""
    key, read = layout.content_key(_record(scene)), DirectoryStore._open

    def failing(store: DirectoryStore, wanted: str) -> int:
        if wanted == key:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(store, wanted)

    with patch.object(DirectoryStore, "_open", failing):
        yield


@attack(
    "the disk cannot read a content", NOBODY, Look(("STORE_UNREADABLE",), 3, during=_disk_fails)
)
def disk_fails(scene: Scene) -> str:
    return _record(scene)


@attack("nothing sealed for three days", BUCKET, Look(("STALE",), 3, after=timedelta(days=3)))
def stale(scene: Scene) -> str:
    return LOG


@attack(
    "a newer revocation list withheld",
    BUCKET,
    Look(("REVOCATION_UNKNOWN",), 3, policy="strict.toml"),
)
def crl_withheld(scene: Scene) -> str:
    """The inspector's policy knows of a newer list than the archive shows."""
    text = scene.base.policy.read_text()
    assert "min_crl_number = 0" in text
    strict = scene.base.policy.with_name("strict.toml")
    strict.write_text(text.replace("min_crl_number = 0", "min_crl_number = 9"))
    return LOG
