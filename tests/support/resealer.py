"""The strongest attacker: reads a whole ledger, edits its history, and writes it again.

    history = History.read(home)
    history.batches[2].entries.pop(1)
    history.write(Keys.stolen(home))       # every seal anew, signed with the archive's own keys

With the keys everything fits together afterwards: sequence numbers, links, tree, notes, signatures,
and time stamps back-dated by the embedded authority. Without them (`write_tiles`) only the tiles
are made again and the seals stay as they were.
"""

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from stored_files import stored
from tamper_lab import PASSPHRASE, overwrite

from archive import layout
from archive.entry import Entry, link_digest
from archive.keyring import Keyring, embedded_timestamper, load_identity
from archive.layout import TILE_WIDTH, TileSpan
from archive.merkle import CompactRange, leaf_hash
from archive.pack import PackBuilder
from archive.pieces import PieceHasher, pieces_root
from archive.record import RecordDescription
from archive.tiles import decode_entries, encode_entries
from cli.settings import SETTINGS_FILE, Settings
from signing import canonical
from signing.checkpoint import Checkpoint
from signing.cms import sign_detached, verify_detached
from signing.digest import Digest
from signing.note import sign_note
from signing.timestamp import check_token

Value = dict[str, Any]
"""An entry as a plain object."""


@dataclass
class Batch:
    """The entries of one seal, and its times. `as_is` are entries whose place is not put right."""

    log: str
    entries: list[Value]
    signed_at: datetime
    stamped_at: datetime
    as_is: list[Value] = field(default_factory=list)


@dataclass
class Keys:
    """The archive's own keys, all of them."""

    identity: Any
    keyring: Keyring
    moment: datetime | None = None
    _serial: int = 1 << 119

    @classmethod
    def stolen(cls, home: Path, passphrase: str = PASSPHRASE) -> "Keys":
        """The keys in a home, opened with its passphrase."""
        keyring = Keyring(home / "keys", passphrase)
        settings = Settings.load(home / SETTINGS_FILE)
        made = cls(None, keyring)
        authority = embedded_timestamper(keyring, made._now, made._next)
        made.identity = load_identity(
            keyring, settings.archive, settings.office, authority, time_is_local=True
        )
        return made

    def _now(self) -> datetime:
        assert self.moment is not None
        return self.moment

    def _next(self) -> int:
        self._serial += 1
        return self._serial

    def note(self, log: str, tree: CompactRange) -> bytes:
        """A signed checkpoint."""
        origin = self.identity.origin(log)
        text = Checkpoint(origin, tree.size, tree.root()).text()
        return sign_note(text, origin, self.identity.log_signer).to_bytes()

    def cms(self, note: bytes, moment: datetime) -> bytes:
        """The office's signature over a note, at any time one likes."""
        own = self.identity
        return sign_detached(note, own.cms_signer, own.certificate, own.chain, moment)

    def token(self, cms: bytes, moment: datetime) -> bytes:
        """A time stamp of the embedded authority, at any time one likes."""
        self.moment = moment
        return bytes(self.identity.timestamper(None).timestamp(Digest.of("sha256", cms)))


class History:
    """All batches of all logs in order, as plain objects that can be edited."""

    def __init__(self, home: Path, batches: list[Batch]) -> None:
        self.home = home
        self.evidence = home / "store" / "evidence"
        self.live = home / "store" / "live"
        self.batches = batches

    @classmethod
    def read(cls, home: Path) -> "History":
        """Read the ledger from the store."""
        history = cls(home, [])
        for folder in sorted((history.evidence / "log").iterdir()):
            log = folder.name
            entries = list(history._entries(log))
            start = 0
            for note in sorted((folder / "seals").glob("*.note")):
                size = int(note.name.partition(".")[0])
                cms = note.with_name(note.name + ".p7s").read_bytes()
                token = note.with_name(note.name + ".p7s.tst").read_bytes()
                signed_at = verify_detached(cms, note.read_bytes()).signing_time
                stamped_at = check_token(token, digest=Digest.of("sha256", cms)).gen_time
                history.batches.append(Batch(log, entries[start:size], signed_at, stamped_at))
                start = size
        return history

    def _entries(self, log: str) -> Iterator[Value]:
        folder = self.evidence / "log" / log / "tile/entries"
        full = sorted(folder.glob("*")) if folder.exists() else []
        partial = self.live / "log" / log / "tile/entries" / f"{len(full):03d}.p"
        edge = sorted(partial.glob("*"), key=lambda path: int(path.name))[-1:]
        for path in [*full, *edge]:
            yield from map(json.loads, decode_entries(path.read_bytes()))

    @property
    def logs(self) -> list[str]:
        """Names of the logs, oldest first."""
        return list(dict.fromkeys(batch.log for batch in self.batches))

    def find(self, **wanted: str) -> tuple[Batch, int]:
        """The first entry with these values: its batch and position there."""
        for batch in self.batches:
            for position, entry in enumerate(batch.entries):
                if all(entry[key] == value for key, value in wanted.items()):
                    return batch, position
        raise LookupError(wanted)

    # ── without keys ──

    def write_tiles(self, log: str) -> None:
        """Make the tiles of a log again; its seals stay as they were."""
        for place in (self.evidence, self.live):
            shutil.rmtree(place / "log" / log / "tile", ignore_errors=True)
        leaves = [
            canonical.encode(entry)
            for batch in self.batches
            if batch.log == log
            for entry in batch.entries
        ]
        for span, data in tiles_of(leaves):
            place = self.evidence if span.width == TILE_WIDTH else self.live
            overwrite(place / span.key(log), data)

    # ── with all keys ──

    def write(self, keys: Keys) -> None:
        """Make the whole ledger again: links, tiles and seals."""
        heads: dict[str, tuple[int, Digest]] = {}
        places: dict[str, Value] = {}
        sealed: Value | None = None
        for log in self.logs:
            shutil.rmtree(self.evidence / "log" / log / "seals")
            tree = CompactRange()
            for batch in [one for one in self.batches if one.log == log]:
                for entry in batch.entries:
                    self._link(entry, sealed)
                    self._refer(entry, places, {"log": log, "index": tree.size})
                    self._chain(entry, batch, heads)
                    tree.append(leaf_hash(canonical.encode(entry)))
                sealed = {"log": log, **self._seal(keys, batch, tree)}
            self.write_tiles(log)

    def _link(self, entry: Value, sealed: Value | None) -> None:
        """Name the files of the seal before, as they are now."""
        if entry["kind"] == "log.opened":
            entry["body"]["previous"] = sealed
        elif entry["kind"] == "log.linked" and sealed is not None:
            entry["body"]["seal"] = {key: sealed[key] for key in ("note", "p7s", "size", "tst")}

    def _refer(self, entry: Value, places: dict[str, Value], here: Value) -> None:
        """Name accessions by the place where they stand now."""
        if entry["kind"] == "record.accessioned":
            places[entry["subject"]] = here
        for key in ("first", "entry"):
            if key in entry["body"]:
                entry["body"][key] = places[entry["subject"]]

    def _chain(self, entry: Value, batch: Batch, heads: dict[str, tuple[int, Digest]]) -> None:
        """Give an entry its place in its stream."""
        stream = entry["stream"]
        seq, before = heads.get(stream, (-1, None))
        if not any(entry is one for one in batch.as_is):
            entry["seq"], entry["prev"] = seq + 1, str(before) if before else None
        heads[stream] = (entry["seq"], link_digest(canonical.encode(entry)))

    def _seal(self, keys: Keys, batch: Batch, tree: CompactRange) -> Value:
        note = keys.note(batch.log, tree)
        cms = keys.cms(note, batch.signed_at)
        token = keys.token(cms, batch.stamped_at)
        size = tree.size
        overwrite(self.evidence / layout.note_key(batch.log, size), note)
        overwrite(self.evidence / layout.cms_key(batch.log, size), cms)
        overwrite(self.evidence / layout.token_key(batch.log, size), token)
        overwrite(self.live / layout.POINTER_KEY, note)
        names = zip(("note", "p7s", "tst"), (note, cms, token), strict=True)
        return {"size": size, **{name: str(Digest.of("sha256", data)) for name, data in names}}


def tiles_of(entries: list[bytes]) -> Iterator[tuple[TileSpan, bytes]]:
    """Every tile of a tree: entry bundles, then hash tiles from the lowest level up."""
    row = [leaf_hash(entry) for entry in entries]
    for number in range(0, len(entries), TILE_WIDTH):
        part = entries[number : number + TILE_WIDTH]
        yield TileSpan(None, number // TILE_WIDTH, len(part)), encode_entries(part)
    level = 0
    while row:
        above = []
        for number in range(0, len(row), TILE_WIDTH):
            part = row[number : number + TILE_WIDTH]
            yield TileSpan(level, number // TILE_WIDTH, len(part)), b"".join(part)
            if len(part) == TILE_WIDTH:
                tree = CompactRange()
                tree.extend(part)
                above.append(tree.root())
        row, level = above, level + 1


def forged(entry: Value, **changed: Any) -> Value:
    """A copy of an entry with other values; it must still be a valid entry."""
    made = json.loads(canonical.encode(entry))
    made.update(changed)
    Entry.parse(canonical.encode(made))
    return dict(made)


def false_record(evidence: Path, like: Value, record: str, old: str, new: str) -> Value:
    """A record that says something else than the true one does: its objects, and its entry.

    `record` is its identifier; with that of the true one it takes its place.
    """
    subject = str(like["subject"])
    true = json.loads(stored(evidence, subject, "record.json").read())
    content = stored(evidence, subject, "content").read().decode(true["text"]["encoding"])
    assert old in content
    data = content.replace(old, new).encode(true["text"]["encoding"])
    digests = [str(Digest.of(name, data)) for name in ("sha256", "sm3")]
    text = {**true["text"], "preview": true["text"]["preview"].replace(old, new)}
    pieces = PieceHasher()
    pieces.update(data)
    value = {**true, "id": record, "digests": digests, "size": len(data), "text": text}
    value["pieces"] = {**true["pieces"], "root": str(pieces_root(pieces.finish()))}
    if record != like["subject"]:
        value.update(sidecar=None, claims=None)
    description = RecordDescription.build(value).to_bytes()
    body: Value = {**like["body"], "content": digests, "size": len(data)}
    if "pack" in body and record == subject:
        _repack(stored(evidence, subject, "content").path, subject, data, description)
    else:
        body.pop("pack", None)
        overwrite(evidence / layout.content_key(record), data)
        overwrite(evidence / layout.record_key(record), description)
    body["record"] = str(Digest.of("sha256", description))
    return forged(like, subject=record, body=body)


def _repack(path: Path, record: str, content: bytes, description: bytes) -> None:
    """The pack again with other files of one record, of the same sizes; all its sums are right."""
    with zipfile.ZipFile(path) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files[f"{record}/content"], files[f"{record}/record.json"] = content, description
    builder = PackBuilder()
    for member in dict.fromkeys(name.partition("/")[0] for name in files if "/" in name):
        parts = [files.get(f"{member}/{part}") for part in ("content", "record.json", "sidecar")]
        assert parts[0] is not None
        assert parts[1] is not None
        builder.add(member, parts[0], parts[1], parts[2])
    new = b"".join(builder.finish())
    assert len(new) == path.stat().st_size
    overwrite(path, new)
