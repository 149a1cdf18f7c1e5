"""Attacks of those who hold everything: machine, passphrase and all of the archive's own keys.

What they make is perfect: with nothing kept outside, verification passes, and that is checked too.
"""

import secrets
import shutil
from datetime import timedelta
from unittest.mock import patch

from resealer import History, false_record, forged
from tamper import BOTH, BUCKET, KEYS, NOBODY, Look, Scene, attack
from tamper_lab import TERMINAL, set_times

from archive import layout
from archive.keyring import EmbeddedRevocation, Keyring, found
from archive.system_entries import SystemEntries

LOG = "main-2026"
CHANGE = ("检查", "复查")
UNSEEN = Look((), 0)
"""Nothing kept: nobody could see it, and the attack must be good enough for that."""


def seen(*codes: str) -> tuple[Look, Look, Look]:
    """Not seen with nothing kept; seen with a checkpoint alone, and with a receipt alone."""
    with_receipt = ("RECEIPTED_MISSING", *codes)
    return UNSEEN, Look(codes, checkpoint=True), Look(with_receipt, receipt=True)


REWRITTEN = seen("LEDGER_REWRITTEN")
TRUNCATED = seen("LEDGER_TRUNCATED")


def _victim(scene: Scene) -> str:
    return scene.base.records[3]


def _rewrite(scene: Scene, history: History) -> None:
    history.write(scene.keys())
    set_times(scene.home, scene.base.end)


# ── rolled back, cut short ──


def _old_store(scene: Scene) -> None:
    assert scene.base.older is not None
    shutil.rmtree(scene.home / "store")
    shutil.copytree(scene.base.older / "store", scene.home / "store")


@attack(
    "the ledger cut short, its records removed",
    BOTH,
    *TRUNCATED,
    Look(("LEDGER_TRUNCATED",), database=True),
)
def truncated(scene: Scene) -> str:
    _old_store(scene)
    return LOG


@attack("the whole archive rolled back to an older copy", BOTH, *TRUNCATED, column="iv")
def rolled_back(scene: Scene) -> str:
    assert scene.base.older is not None
    shutil.rmtree(scene.home)
    shutil.copytree(scene.base.older, scene.home)
    return LOG


@attack("an older copy, then other records sealed on top", KEYS, *REWRITTEN)
def rolled_back_and_grown(scene: Scene) -> str:
    """The archive's own software goes on from the restored copy; the ledger grows past the note."""
    rolled_back(scene)
    scene.lab.clock.moment = scene.base.end - timedelta(minutes=20)
    scene.lab.grow(scene.home, 280)
    scene.lab.clock.moment = scene.base.end
    set_times(scene.home, scene.base.end)
    return LOG


# ── rewritten ──


@attack("an entry removed, all sealed again", KEYS, *REWRITTEN, column="iii-b")
def entry_removed(scene: Scene) -> str:
    """As if the record had never been: entry and bytes are gone."""
    history = scene.history()
    batch, position = history.find(subject=_victim(scene))
    batch.entries.pop(position)
    shutil.rmtree(scene.evidence / layout.record_prefix(_victim(scene)))
    _rewrite(scene, history)
    return LOG


@attack("an entry inserted, all sealed again", KEYS, *REWRITTEN)
def entry_inserted(scene: Scene) -> str:
    """As if the drop had always been there: a false record among the true ones."""
    history = scene.history()
    batch, position = history.find(subject=_victim(scene))
    record = _victim(scene)[:-4] + "0000"
    batch.entries.insert(
        position, false_record(scene.evidence, batch.entries[position], record, *CHANGE)
    )
    _rewrite(scene, history)
    return LOG


@attack("a content replaced, all sealed again", KEYS, *REWRITTEN)
def content_replaced(scene: Scene) -> str:
    """The record keeps its place and its identifier, but says something else."""
    history = scene.history()
    batch, position = history.find(subject=_victim(scene))
    entry = batch.entries[position]
    batch.entries[position] = false_record(scene.evidence, entry, _victim(scene), *CHANGE)
    _rewrite(scene, history)
    return LOG


@attack("two entries exchanged, all sealed again", KEYS, *REWRITTEN)
def entries_reordered(scene: Scene) -> str:
    history = scene.history()
    batch, position = history.find(subject=_victim(scene))
    pair = batch.entries[position : position + 2]
    batch.entries[position : position + 2] = pair[::-1]
    _rewrite(scene, history)
    return LOG


@attack("a stream forked, all sealed again", KEYS, Look(("STREAM_FORK",)))
def stream_forked(scene: Scene) -> str:
    """Two entries with one number; no key makes that fit."""
    history = scene.history()
    batch, position = history.find(subject=_victim(scene))
    other = forged(batch.entries[position + 1])
    other["seq"], other["prev"] = batch.entries[position]["seq"], batch.entries[position]["prev"]
    batch.entries[position + 1] = other
    batch.as_is.append(other)
    _rewrite(scene, history)
    return LOG


@attack("an entry removed, its number left out", KEYS, Look(("STREAM_GAP",)))
def entry_left_out(scene: Scene) -> str:
    """Sealed again, but the stream was not numbered anew."""
    history = scene.history()
    batch, position = history.find(subject=_victim(scene))
    batch.entries.pop(position)
    batch.as_is += batch.entries[position:]
    shutil.rmtree(scene.evidence / layout.record_prefix(_victim(scene)))
    _rewrite(scene, history)
    return LOG


@attack("entries added after log.closed", KEYS, Look(("ENTRY_AFTER_CLOSE",)), base="years")
def after_closing(scene: Scene) -> str:
    """A record is slipped into last year's log, and both logs are sealed again."""
    history = scene.history()
    closed = next(b for b in history.batches if b.entries[-1]["kind"] == "log.closed")
    batch, position = history.find(subject=scene.base.records[0])
    record = scene.base.records[0][:-4] + "0000"
    closed.entries.append(false_record(scene.evidence, batch.entries[position], record, *CHANGE))
    _rewrite(scene, history)
    return "main-2025#"


@attack(
    "all of it sealed again with other keys",
    BUCKET,
    Look(("SEAL_SIGNATURE_BAD", "CERTIFICATE_BAD")),
)
def other_keys(scene: Scene) -> str:
    """Without the true keys: the attacker founds an authority of the same name."""
    history = scene.history()
    shutil.rmtree(scene.home / "keys")
    keyring = Keyring(scene.home / "keys", "correct horse battery staple")
    moment = history.batches[0].signed_at - timedelta(minutes=1)
    found(keyring, "示例市综合行政执法局", moment, lambda: secrets.randbits(120))
    history.write(scene.keys())
    set_times(scene.home, scene.base.end)
    return f"log/{LOG}/seals/"


# ── silence ──


def _later_record(scene: Scene, **delta: float) -> None:
    """Another record is sealed after a while."""
    scene.lab.wait(**delta)
    scene.lab.take(scene.home, TERMINAL, 1)
    set_times(scene.home, scene.lab.clock.moment)


@attack(
    "sealing stopped for five hours, no outage on record",
    KEYS,
    Look(("SEAL_GAP",), after=timedelta(hours=5, minutes=30)),
)
def silence(scene: Scene) -> str:
    """The operator's software is made to keep quiet about it."""
    with patch.object(SystemEntries, "silence", lambda *_: []):
        _later_record(scene, hours=5)
    return f"log/{LOG}/seals/"


def _after_silence(hours: float) -> timedelta:
    return timedelta(hours=hours, minutes=30)


@attack(
    "nothing: five hours switched off, on record as an outage",
    NOBODY,
    Look((), 0, after=_after_silence(5)),
)
def honest_silence(scene: Scene) -> None:
    _later_record(scene, hours=5)


@attack(
    "no revocation list issued any more",
    KEYS,
    Look(("REVOCATION_UNKNOWN",), 3, after=_after_silence(72)),
)
def no_list_in_force(scene: Scene) -> str:
    """The last one expires after two days: what is sealed later cannot be judged."""
    with patch.object(EmbeddedRevocation, "due", lambda *_: []):
        _later_record(scene, hours=72)
    return f"log/{LOG}/seals/"
