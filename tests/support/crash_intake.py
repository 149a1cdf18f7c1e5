"""Drops for the crash tests, a small home to put them into, and what must hold afterwards.

After a kill: no drop has two receipts, and one that has none still lies in the inbox.
After another plain run: everything is receipted exactly once and sealed exactly once, nothing is
left lying about, and verification by the inspector's policy passes, the receipts in its hand.
"""

import base64
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from crash_driver import Driver, Ended, Job

from archive import ledger
from archive.durable import FileSystem
from archive.entry import Entry
from archive.errors import ArchiveError
from archive.findings import Outcome
from archive.ids import new_ulid
from archive.ledger import NewEntry
from archive.receipt import Receipt
from archive.stores.directory import DirectoryStore
from archive.verify import Kit, verify
from cli.settings import Settings
from cli.wiring import Workbench
from retention.law import RetentionLaw
from signing.trust import TrustPolicy

PASSPHRASE = "correct horse"
INSPECTOR = "du"
ENVIRONMENT = {
    "CUNZHENG_PASSPHRASE": PASSPHRASE,
    "CUNZHENG_KEY_PASSPHRASE": PASSPHRASE,
    "CUNZHENG_SECOND_KEY_PASSPHRASE": PASSPHRASE,
    "CUNZHENG_LANG": "en",
    "LC_ALL": "C.UTF-8",
}
RECORDER, TERMINAL, BY_HAND = "DSJ-0012345", "ZFZD-0031", "office-scan"
CHANGED = b"changed after it was taken\n"
_AT_ONCE = {"settle_seconds": 0.0, "batch_entries": 8, "staging_reserve_mb": 0}
"""Drops are taken at once, in small batches, down to the last byte of the disk."""
_HEARTBEATS = 236
"""So that the run goes past 256 entries and tiles become full."""


@dataclass(frozen=True)
class Drop:
    """One drop; `kind` is record, redrop, quarantined or refused."""

    source: str
    name: bytes
    content: bytes
    kind: str = "record"
    sidecar: bytes | None = None

    @property
    def key(self) -> tuple[str, bytes, str]:
        """What a receipt says of it."""
        return (self.source, self.name, sha256(self.content).hexdigest())

    @property
    def has_receipt(self) -> bool:
        return self.kind in ("record", "redrop")

    @property
    def files(self) -> int:
        return 2 if self.sidecar is not None else 1

    def path(self, inbox: Path) -> Path:
        return inbox / self.source / os.fsdecode(self.name)

    def write(self, inbox: Path) -> None:
        """Put it there as devices do: under another name first, the sidecar before the file."""
        path = self.path(inbox)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(path.name + ".json")
        for place, data in ((beside, self.sidecar), (path, self.content)):
            if data is not None:
                part = place.with_name(place.name + ".part")
                part.write_bytes(data)
                part.rename(place)


def sidecar(**fields: object) -> bytes:
    return json.dumps({"cunzheng_sidecar": 1, **fields}).encode()


EARLIER = Drop(TERMINAL, b"earlier.txt", b"sealed before the crash\n")
TO_CHANGE = Drop(TERMINAL, b"b-rewritten.txt", b"as it was first\n")


def small_drops() -> list[Drop]:
    """A few drops of every kind, in two sources and more than one batch."""
    notes = [Drop(TERMINAL, b"note-%d.txt" % n, b"inspection note %d\n" % n) for n in range(5)]
    return [
        *notes,
        TO_CHANGE,
        Drop(TERMINAL, EARLIER.name, EARLIER.content, "redrop"),
        Drop(RECORDER, "送达回证.txt".encode("gbk"), "送达回证\n".encode("gbk")),
        Drop(RECORDER, b"empty.txt", b""),
        Drop(RECORDER, b"scene.wav", b"RIFF" + bytes(range(256)) * 17000, sidecar=sidecar()),
        Drop(RECORDER, b"photo.jpg", b"\xff\xd8photo", sidecar=sidecar(stage="investigate")),
        Drop(RECORDER, b"apart.txt", b"stands alone\n", sidecar=sidecar(classification="敏感")),
        Drop(RECORDER, b"bad.txt", b"its sidecar is bad\n", "quarantined", sidecar(stage="?")),
        Drop(RECORDER, b"secret.txt", b"no\n", "refused", sidecar(classification="机密")),
    ]


def drops_by_hand() -> list[Drop]:
    return [Drop(BY_HAND, b"page-%d.txt" % n, b"scanned page %d\n" % n) for n in range(12)]


def run(driver: Driver, home: Path, *arguments: str, **more: object) -> Ended:
    return driver.run(Job(arguments, str(home), environment=ENVIRONMENT, **more))  # type: ignore[arg-type]


def fetching(home: Path, record: str, out: str) -> tuple[str, ...]:
    """The command by which the inspector receives a record."""
    why = ("--action", "export", "--purpose", "supervision", "--reason", "inspection")
    key = str(home.with_name(f"{INSPECTOR}.key"))
    return ("fetch", record, *why, "--key", key, "-o", out)


def prepare(driver: Driver, home: Path, **changed: object) -> Path:
    """Make an archive that has sealed something before; returns a copy to start each case from."""
    founders = []
    for person, role in (("gu", "archivist"), (INSPECTOR, "inspector.internal")):
        key = home.with_name(f"{person}.key")
        made = run(driver, home, "people", "key", person, "-o", str(key))
        assert made.code == 0, made.output
        founders += ["--founder", f"{person}:{role}:{key}"]
    made = run(driver, home, "init", *founders, trace=str(home.with_name("trace")))
    assert made.code == 0, made.output
    change_settings(home, **{**_AT_ONCE, **changed})
    EARLIER.write(home / "inbox")
    first = run(driver, home, "watch", "--once", trace=str(home.with_name("trace")))
    assert first.code == 0, first.output
    _grow(home)
    template = home.with_name("template")
    shutil.copytree(home, template)
    return template


def change_settings(home: Path, **changed: object) -> None:
    import dataclasses

    path = home / "cunzheng.toml"
    settings = dataclasses.replace(Settings.load(path), **changed)  # type: ignore[arg-type]
    path.write_text(settings.to_toml(), encoding="utf-8")


def _grow(home: Path) -> None:
    """Seal signs of life, so that the next run fills a tile."""
    os.environ["CUNZHENG_PASSPHRASE"] = PASSPHRASE
    workbench = Workbench(home, Settings.load(home / "cunzheng.toml"))
    now = workbench.clock.now()
    with workbench.database.write() as connection:
        ledger.submit(
            connection,
            [
                NewEntry(
                    new_ulid(now, os.urandom(10)),
                    "log.heartbeat",
                    "log",
                    "system/test",
                    now,
                    None,
                    {},
                )
                for _ in range(_HEARTBEATS * 8 // 9)
            ],
        )
    workbench.sealer.drain()
    workbench.database.close()


def fresh(template: Path, home: Path, drops: Sequence[Drop]) -> None:
    """The prepared home once more, always in the same place, with drops in its inbox."""
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(template, home)
    for drop in drops:
        drop.write(home / "inbox")


# --- what must hold


@dataclass(frozen=True)
class Line:
    """A receipt and the source whose outbox it lies in."""

    source: str
    receipt: Receipt
    data: bytes

    @property
    def key(self) -> tuple[str, bytes, str]:
        receipt = self.receipt
        name = base64.b64decode(receipt.name_b64) if receipt.name_b64 else receipt.name.encode()
        first = json.loads(self.data)["digests"][0]
        return (self.source, name, first.removeprefix("sha256:"))


def receipts(home: Path, *, torn: int = 0) -> list[Line]:
    """Every line of the outbox; each proves itself, but for `torn` that a kill cut short."""
    found = []
    for path in sorted((home / "outbox").glob("*/*.jsonl")):
        for data in path.read_bytes().split(b"\n"):
            if not data:
                continue
            try:
                found.append(Line(path.parent.name, Receipt.parse(data), data))
            except ArchiveError:
                torn -= 1
                assert torn >= 0, f"not a receipt: {data[:80]!r}"
    return found


def check_after_kill(home: Path, drops: Sequence[Drop], inbox: Path, *, torn: int = 0) -> None:
    """Nothing is lost: what has no receipt yet is still where the device put it."""
    counts = Counter(line.key for line in receipts(home, torn=torn))
    counts[EARLIER.key] -= 1
    for drop in drops:
        if not drop.has_receipt:
            continue
        assert counts[drop.key] <= 1, f"{drop.name!r} has {counts[drop.key]} receipts"
        if not counts[drop.key]:
            path = drop.path(inbox)
            assert path.exists(), f"{drop.name!r} has no receipt and is gone from the inbox"


def check_drained(
    home: Path, drops: Sequence[Drop], *, torn: int = 0, resting: int | None = None
) -> None:
    """Everything is receipted once and sealed once, nothing lies about, verification passes.

    `resting`: how many files must lie in the purge tree, if not one for every file released.
    """
    wanted = [EARLIER, *drops]
    lines = receipts(home, torn=torn)
    found = Counter(line.key for line in lines)
    expected = Counter(drop.key for drop in wanted if drop.has_receipt)
    assert found == expected, f"receipts missing {expected - found}, too many {found - expected}"
    _check_database(home)
    _check_entries(home, wanted)
    _check_folders(home, wanted, resting)
    check_verified(home, lines)


def _check_database(home: Path) -> None:
    with closing(sqlite3.connect(home / "cunzheng.db")) as connection:
        waiting = "SELECT (SELECT count(*) FROM pending) + (SELECT count(*) FROM unstored)"
        assert connection.execute(waiting).fetchone()[0] == 0
        states = {row[0] for row in connection.execute("SELECT DISTINCT state FROM intake")}
        assert states <= {"released", "refused", "kept", "purged"}, states
        for size, signed, published in connection.execute(
            "SELECT size, signed, published FROM head"
        ):
            assert size == signed == published
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def entries(home: Path) -> Iterator[Entry]:
    """The ledger as the database has it; verification compares it with the store."""
    with closing(sqlite3.connect(home / "cunzheng.db")) as connection:
        rows = connection.execute("SELECT idx, data FROM entry ORDER BY log, idx").fetchall()
    assert [idx for idx, _ in rows] == list(range(len(rows)))
    for _, data in rows:
        yield Entry.parse(data)


def _check_entries(home: Path, drops: Sequence[Drop]) -> None:
    """Every drop has one entry, and the archive made no other of these kinds."""
    found: Counter[tuple[str, str]] = Counter()
    for entry in entries(home):
        if entry.kind in ("record.accessioned", "record.redropped"):
            found[entry.kind, entry.body["content"][0]] += 1
        elif entry.kind == "drop.rejected":
            found[entry.kind, entry.body["code"]] += 1
    expected: Counter[tuple[str, str]] = Counter()
    codes = {"quarantined": "SIDECAR_FIELD", "refused": "CLASSIFIED_REFUSED"}
    kinds = {"record": "record.accessioned", "redrop": "record.redropped"}
    for drop in drops:
        if drop.has_receipt:
            expected[kinds[drop.kind], f"sha256:{drop.key[2]}"] += 1
        else:
            expected["drop.rejected", codes[drop.kind]] += 1
    assert found == expected, f"entries missing {expected - found}, too many {found - expected}"


def _check_folders(home: Path, drops: Sequence[Drop], resting: int | None) -> None:
    """Nothing is left in staging and scratch; drops rest in the purge tree, once each."""
    left = {path.name for path in _files(home / "inbox")}
    refused = [drop for drop in drops if drop.kind == "refused"]
    assert len(left) == sum(drop.files for drop in refused), f"in the inbox: {sorted(left)}"
    for name in ("staging", "scratch"):
        here = [path.name for path in (home / name).iterdir()]
        ids = name == "staging" and any(drop.kind == "refused" for drop in drops)
        assert set(here) <= ({"refusals"} if ids else set()), f"{name} is not empty"
    quarantined = [drop for drop in drops if drop.kind == "quarantined"]
    assert len(list((home / "quarantine").iterdir())) == len(quarantined), "quarantine"
    if resting is None:
        resting = sum(drop.files for drop in drops if drop.kind != "refused")
    found = len(_files(home / "purge"))
    assert found == resting, f"{found} files in the purge tree, not {resting}"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if not path.is_dir()]


def check_verified(home: Path, lines: Sequence[Line]) -> None:
    """The inspector's verification, with every receipt as a note kept from earlier."""
    fs = FileSystem()
    stores = [
        DirectoryStore(home / "store" / part, home / "scratch", fs) for part in ("evidence", "live")
    ]
    policy = TrustPolicy.parse((home / "policy.toml").read_bytes())
    kept = [(f"receipt {n}", line.data) for n, line in enumerate(lines)]
    kit = Kit(receipts=kept, law=RetentionLaw())
    report = verify(*stores, policy, now=datetime.now(UTC), kit=kit, workers=1)  # noqa: TID251
    found = [finding.to_value() for finding in report.findings]
    assert report.outcome is Outcome.PASSED, found
