"""Writes small valid archives straight from docs/formats.md, for tests of verification.

It shares no code with the real sealer: a fault there cannot hide here. Times come from a clock that
the builder moves itself; the files' times follow it. Tests damage what was written, or build it
with other entries, and look at what verification says.
"""

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from pki_fixture import NOW, Pki, make_pki

from archive import layout
from archive.detail import Detail
from archive.durable import FileSystem
from archive.entry import Entry
from archive.entry_kinds import KINDS
from archive.ids import new_ulid
from archive.layout import TILE_WIDTH, TileSpan
from archive.merkle import CompactRange, leaf_hash, verify_inclusion
from archive.pack import PackBuilder
from archive.pieces import PieceHasher, pieces_root
from archive.receipt import Receipt
from archive.record import RecordDescription
from archive.report import Report
from archive.stores.directory import DirectoryStore
from archive.tiles import TileReader, encode_entries
from archive.times import format_time
from archive.verify import Kit, Scope, verify
from signing.checkpoint import Checkpoint
from signing.cms import sign_detached
from signing.digest import Digest
from signing.note import sign_note
from signing.trust import Limits, LogKey, TrustPolicy, TsaRoot
from signing.tsa_embedded import EmbeddedAuthority

ARCHIVE = "cunzheng.local/01test"
SOFTWARE = "test 1"


def digest_of(data: bytes, algorithm: str = "sha256") -> str:
    return str(Digest.of(algorithm, data))


@dataclass
class Log:
    """One log while it is being written."""

    name: str
    entries: list[bytes] = field(default_factory=list)
    tree: CompactRange = field(default_factory=CompactRange)
    hashes: list[list[bytes]] = field(default_factory=lambda: [[]])
    seals: dict[int, dict[str, str | None]] = field(default_factory=dict)
    sealed: int = 0


class Builder:
    """An archive in `root`/evidence and `root`/live, with a PKI of its own."""

    def __init__(self, root: Path, pki: Pki | None = None, log: str = "main-2026") -> None:
        self.root = root
        self.pki = pki or make_pki(NOW)
        self.now: datetime = self.pki.now
        self.policy = TrustPolicy(
            archive=ARCHIVE,
            log_keys=(LogKey(self.pki.log_signer.public_key(), self.now - timedelta(days=1)),),
            ca_roots=self.pki.roots,
            tsa_roots=(TsaRoot(self.pki.roots[0], "internal"),),
            limits=Limits(),
        )
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.log = Log(log)
        self.logs = [self.log]
        self.records: list[str] = []
        self.tsa: EmbeddedAuthority = self.pki.embedded_authority(lambda: self.now)
        self.crl_named: set[str] = set()
        self._ids = 0

    # ── time, identifiers, files ──

    def tick(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)

    def new_id(self) -> str:
        self._ids += 1
        return new_ulid(self.now, self._ids.to_bytes(10, "big"))

    def path(self, key: str, place: str = "evidence") -> Path:
        return self.root / place / key

    def write(self, key: str, data: bytes, place: str = "evidence") -> Path:
        path = self.path(key, place)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        stamp = self.now.timestamp()
        os.utime(path, (stamp, stamp))
        return path

    def flip(self, key: str, place: str = "evidence", at: int = -1) -> None:
        path = self.path(key, place)
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        self.write(key, bytes(data), place)

    def edit(self, key: str, old: bytes, new: bytes, place: str = "evidence") -> None:
        data = self.path(key, place).read_bytes()
        assert old in data
        self.write(key, data.replace(old, new), place)

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.root, to)
        return to

    # ── entries ──

    def place(self) -> str:
        return f"{self.log.name}#{len(self.log.entries) - 1}"

    def entry(self, kind: str, stream: str, subject: str | None, body: Any, **other: Any) -> int:
        """Append an entry; `other` replaces fields. Begins a batch where one is due."""
        log = self.log
        if log.sealed and len(log.entries) == log.sealed and kind != "log.linked":
            self.link()
        seq, prev = self.heads.get(stream, (-1, None))
        made = Entry(
            actor=_actor(kind),
            at=self.now,
            body=body,
            kind=kind,
            prev=Digest("sha256", prev) if prev else None,
            seq=seq + 1,
            stream=stream,
            subject=subject,
        )
        return self.raw(replace(made, **other).to_bytes(), stream)

    def raw(self, data: bytes, stream: str | None = None) -> int:
        """Append bytes as they are."""
        log = self.log
        leaf = leaf_hash(data)
        log.entries.append(data)
        log.tree.append(leaf)
        log.hashes[0].append(leaf)
        level = 0
        while len(log.hashes[level]) % TILE_WIDTH == 0:
            tree = CompactRange()
            tree.extend(log.hashes[level][-TILE_WIDTH:])
            level += 1
            if level == len(log.hashes):
                log.hashes.append([])
            log.hashes[level].append(tree.root())
        if stream is not None:
            seq = self.heads.get(stream, (-1, b""))[0] + 1
            self.heads[stream] = (seq, leaf)
        return len(log.entries) - 1

    def open(self, previous: Any = None, **other: Any) -> None:
        certificates = [digest_of(c) for c in self.pki.certificates]
        crls = [digest_of(c) for c in self.pki.crls]
        for data, kind in [(c, "crt") for c in self.pki.certificates] + [
            (c, "crl") for c in self.pki.crls
        ]:
            self.write(layout.pki_key(sha256(data).hexdigest(), kind), data)
        body = {
            "archive": ARCHIVE,
            "certificates": certificates,
            "crls": crls,
            "digests": ["sha256", "sm3"],
            "heartbeat_seconds": 3600,
            "log": self.log.name,
            "log_key": base64.b64encode(self.pki.log_signer.public_key()).decode(),
            "office": self.log.name[:-5],
            "previous": previous,
            "software": SOFTWARE,
            "storage": "directory",
        }
        self.entry("log.opened", "log", None, {**body, **other})

    def link(self, **other: Any) -> None:
        log = self.log
        seal = {"size": log.sealed, **log.seals[log.sealed]}
        crls = other.pop("crls", [])
        body = {"certificates": [], "crls": crls, "seal": seal, "tokens": []}
        self.entry("log.linked", "log", None, {**body, **other})

    def add_crl(self, number: int, **other: Any) -> bytes:
        """A newer CRL of the issuing CA, named by a `log.linked` of its own batch."""
        data = self.pki.crl(number, self.now.replace(microsecond=0), **other)
        self.write(layout.pki_key(sha256(data).hexdigest(), "crl"), data)
        self.link(crls=[digest_of(data)])
        return data

    def detail(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """Write a detail; returns the two fields of the entry's body."""
        made = Detail(self.new_id(), kind, bytes(16), data)
        self.write(layout.detail_key(made.id), made.to_bytes())
        return {"detail": str(made.digest()), "detail_id": made.id}

    def refuse(self, source: str = "DSJ-1") -> int:
        """A cheap entry without a detail."""
        body = {
            "code": "CLASSIFIED_REFUSED",
            "detail": None,
            "detail_id": None,
            "received_at": format_time(self.now),
            "refusal": self.new_id(),
            "source": source,
        }
        return self.entry("drop.rejected", f"source/{source}", None, body)

    def describe(self, record: str, content: bytes, source: str, **other: Any) -> dict[str, Any]:
        pieces = PieceHasher()
        pieces.update(content)
        moment = format_time(self.now)
        return {
            "v": 1,
            "id": record,
            "salt": "00" * 16,
            "name": "笔录.txt",
            "name_b64": None,
            "folder": "",
            "folder_b64": None,
            "size": len(content),
            "digests": [digest_of(content), digest_of(content, "sm3")],
            "pieces": {
                "size": layout_piece_size(),
                "root": str(pieces_root(pieces.finish())),
            },
            "media": {"type": "text/plain", "by": "content"},
            "text": None,
            "source": source,
            "office": "main",
            "received_at": moment,
            "first_hash_at": moment,
            "modified_at": moment,
            "settle": {"lease": True, "seconds": 2},
            "sidecar": None,
            "claims": None,
            "findings": [],
            "software": SOFTWARE,
            **other,
        }

    def accession(
        self,
        content: bytes = b"text",
        source: str = "DSJ-1",
        sidecar: bytes | None = None,
        body: dict[str, Any] | None = None,
        **description: Any,
    ) -> str:
        """A record with all its objects; `description` and `body` replace fields."""
        record = self.new_id()
        if sidecar is not None:
            description["sidecar"] = {
                "digests": [digest_of(sidecar), digest_of(sidecar, "sm3")],
                "size": len(sidecar),
            }
            self.write(layout.sidecar_key(record), sidecar)
        value = self.describe(record, content, source, **description)
        data = RecordDescription.build(value).to_bytes()
        pieces = PieceHasher()
        pieces.update(content)
        hashes = pieces.finish()
        self.write(layout.content_key(record), content)
        self.write(layout.record_key(record), data)
        if len(hashes) > 1:
            self.write(layout.pieces_key(record), b"".join(hashes))
        made = {**accession_body(value, data), **(body or {})}
        self.entry("record.accessioned", f"source/{source}", record, made)
        self.records.append(record)
        return record

    def pack(
        self,
        *contents: bytes | tuple[bytes, bytes],
        source: str = "DSJ-1",
        floor: str = "6m",
        place: dict[str, Any] | None = None,
        between: Callable[[], object] | None = None,
        record: str | None = None,
        **description: Any,
    ) -> str:
        """Records in one pack, content by content or with a sidecar; returns the pack's key.

        `log.linked` comes before them where it is due, as in every batch. `place` replaces fields
        of the last one's place (its id: of everyone's), `between` happens after the first member's
        entry, `record` is an id to use again, `description` replaces fields of record.json.
        """
        if self.log.sealed and len(self.log.entries) == self.log.sealed:
            self.link()
        changed = dict(place or {})
        name = layout.pack_id(self.log.name, len(self.log.entries), floor)
        name = str(changed.pop("id", name))
        key = layout.pack_key(name, self.now)
        builder = PackBuilder()
        for number, item in enumerate(contents):
            content, sidecar = item if isinstance(item, tuple) else (item, None)
            own = record or self.new_id()
            value, data = self._packed_description(own, content, sidecar, source, description)
            found = builder.add(own, content, data, sidecar)
            sizes = {"description": len(data), "offset": found.offset, "sidecar": found.sidecar}
            sizes |= changed if number == len(contents) - 1 else {}
            body = {**accession_body(value, data), "pack": {**sizes, "id": name}}
            self.entry("record.accessioned", f"source/{source}", own, body)
            self.records.append(own)
            if between and number == 0:
                between()
        self.write(key, b"".join(builder.finish()))
        return key

    def _packed_description(
        self,
        record: str,
        content: bytes,
        sidecar: bytes | None,
        source: str,
        changed: dict[str, Any],
    ) -> tuple[dict[str, Any], bytes]:
        beside = None
        if sidecar is not None:
            digests = [digest_of(sidecar), digest_of(sidecar, "sm3")]
            beside = {"digests": digests, "size": len(sidecar)}
        value = self.describe(record, content, source, **{"sidecar": beside, **changed})
        return value, RecordDescription.build(value).to_bytes()

    # ── seals ──

    def tiles(self) -> Iterator[tuple[TileSpan, bytes]]:
        """Every tile of the present tree, full ones and the partial ones at the edge."""
        log = self.log
        for level, hashes in [(None, log.entries), *enumerate(log.hashes)]:
            for number in range(-(-len(hashes) // TILE_WIDTH)):
                part = hashes[number * TILE_WIDTH : (number + 1) * TILE_WIDTH]
                data = encode_entries(part) if level is None else b"".join(part)
                yield TileSpan(level, number, len(part)), data

    def note(self, root: bytes | None = None, size: int | None = None) -> bytes:
        origin = f"{ARCHIVE}/{self.log.name}"
        size = len(self.log.entries) if size is None else size
        text = Checkpoint(origin, size, root or self.log.tree.root()).text()
        return sign_note(text, origin, self.pki.log_signer).to_bytes()

    def cms(self, note: bytes) -> bytes:
        return sign_detached(
            note,
            self.pki.sealing_signer,
            self.pki.sealing_certificate,
            self.pki.intermediates,
            self.now,
        )

    def seal(self, *, token: bool = True) -> int:
        """Seal what there is: tiles, note, CMS, token and the pointer."""
        self.tick()
        log = self.log
        for span, data in self.tiles():
            place = "evidence" if span.width == TILE_WIDTH else "live"
            if not self.path(span.key(log.name), place).exists():
                self.write(span.key(log.name), data, place)
        size = len(log.entries)
        note = self.note()
        cms = self.cms(note)
        self.write(layout.note_key(log.name, size), note)
        self.write(layout.cms_key(log.name, size), cms)
        log.seals[size] = {"note": digest_of(note), "p7s": digest_of(cms), "tst": None}
        log.sealed = size
        if token:
            self.stamp(size)
        self.write(layout.POINTER_KEY, note, "live")
        self.tick()
        return size

    def stamp(self, size: int, *, name: bool = True) -> str:
        """Get the token of a seal; returns its digest, which `name` puts into the next link."""
        cms = self.path(layout.cms_key(self.log.name, size)).read_bytes()
        token = self.tsa.timestamp(Digest.of("sha256", cms))
        self.write(layout.token_key(self.log.name, size), token)
        if name:
            self.log.seals[size]["tst"] = digest_of(token)
        return digest_of(token)

    def roll_over(self, name: str) -> None:
        """Close the log, and open the next one."""
        self.entry("log.closed", "log", None, {"next": name})
        size = self.seal()
        previous = {"log": self.log.name, "size": size, **self.log.seals[size]}
        self.log = Log(name)
        self.logs.append(self.log)
        self.open(previous)

    # ── what an inspector has ──

    def stores(self, root: Path | None = None) -> tuple[DirectoryStore, DirectoryStore]:
        root = root or self.root
        fs = FileSystem()
        scratch = root / "scratch"
        return (
            DirectoryStore(root / "evidence", scratch, fs),
            DirectoryStore(root / "live", scratch, fs),
        )

    def verify(
        self,
        *,
        after: float = 3600,
        scope: Scope | None = None,
        policy: TrustPolicy | None = None,
        workers: int = 1,
        root: Path | None = None,
        **kit: Any,
    ) -> Report:
        """Verify `after` seconds from now."""
        evidence, live = self.stores(root)
        return verify(
            evidence,
            live,
            policy or self.policy,
            now=self.now + timedelta(seconds=after),
            scope=scope,
            kit=Kit(**kit),
            workers=workers,
        )

    def receipt(self, record: str) -> bytes:
        """The receipt line of a record under the newest seal."""
        log = self.log
        index = next(i for i, e in enumerate(log.entries) if record.encode() in e)
        span = {span.key(log.name): data for span, data in self.tiles()}
        path = TileReader(span.__getitem__, log.name, log.sealed).inclusion_path(index)
        leaf = leaf_hash(log.entries[index])
        verify_inclusion(leaf, index, log.sealed, path, log.tree.root())
        return Receipt(
            name="笔录.txt",
            name_b64=None,
            record=record,
            log=log.name,
            index=index,
            entry=log.entries[index],
            path=tuple(path),
            note=self.path(layout.note_key(log.name, log.sealed)).read_bytes(),
            storage="read-only",
        ).to_line()


def accession_body(value: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Body of the accession for a record.json as a value and as bytes."""
    same = ("first_hash_at", "office", "received_at", "size", "source")
    body = {key: value[key] for key in same}
    return {**body, "content": value["digests"], "record": digest_of(data)}


def layout_piece_size() -> int:
    return 4 * 1024 * 1024


def _actor(kind: str) -> str:
    """Who says what this kind says, where nobody signed."""
    actor = KINDS[kind].actor if kind in KINDS else "system/"
    return f"{actor}test" if actor.endswith("/") else actor


def small_archive(root: Path, pki: Pki | None = None) -> Builder:
    """Three seals, four records (one with a sidecar, one of three pieces), details."""
    made = Builder(root, pki)
    made.open()
    detail = made.detail("source.registered", {"name": "DSJ-1", "name_b64": None, "state": "new"})
    made.entry("source.registered", "registry", "DSJ-1", detail)
    made.accession(b"first")
    made.seal()
    made.accession(b"second", sidecar=b'{"cunzheng_sidecar":1}', claims={"case": "A-1"})
    made.accession(bytes(9 * 1024 * 1024), source="DSJ-2")
    made.seal()
    made.accession(b"")
    said = {"person": "王", "scope": "everything", "policy": digest_of(b"policy")}
    body = {
        "failed": 0,
        "indeterminate": 0,
        "report": digest_of(b"report"),
        "result": "PASSED",
        **made.detail("inspection.completed", said),
    }
    made.entry("inspection.completed", "inspection", None, body)
    made.entry("log.heartbeat", "log", None, {})
    made.seal()
    return made
