"""Attacks on packs by those who can write the bucket, but hold no key."""

import errno
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from tamper import BUCKET, NOBODY, Look, Scene, attack
from tamper_lab import overwrite

from archive import layout
from archive.pack import PackBuilder
from archive.stores.directory import DirectoryStore


@dataclass(frozen=True)
class Member:
    """One record of a pack as its bytes say, with the place of every file."""

    record: str
    files: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Pack:
    """A pack of a scene, read by its local headers."""

    path: Path
    data: bytes
    members: list[Member]
    sums: int

    @classmethod
    def read(cls, path: Path) -> "Pack":
        data, members, at, sums = path.read_bytes(), list[Member](), 0, 0
        while data[at : at + 4] == b"PK\3\4":
            size = int.from_bytes(data[at + 18 : at + 22], "little")
            name = data[at + 30 : at + 30 + data[at + 26]].decode()
            at += 30 + len(name)
            record, _, part = name.partition("/")
            if not part:
                sums = at
            elif not members or members[-1].record != record:
                members.append(Member(record, {part: (at, size)}))
            else:
                members[-1].files[part] = (at, size)
            at += size
        return cls(path, data, members, sums)

    def bytes_of(self, member: Member, part: str) -> bytes:
        start, size = member.files[part]
        return self.data[start : start + size]

    def write(self, data: bytes) -> str:
        """Put other bytes in its place; returns its name."""
        assert data != self.data
        overwrite(self.path, data)
        return self.path.name

    def flip(self, at: int) -> str:
        changed = bytes([self.data[at] ^ 1])
        return self.write(self.data[:at] + changed + self.data[at + 1 :])


def packs(scene: Scene) -> list[Pack]:
    found = sorted((scene.evidence / "packs").glob("*/*/*.zip"))
    assert len(found) == 3
    return [Pack.read(path) for path in found]


def _put(scene: Scene, key: str, data: bytes) -> None:
    """A new object with the age of the others."""
    overwrite(scene.evidence / key, data)
    stamp = scene.base.end.timestamp()
    os.utime(scene.evidence / key, (stamp, stamp))


@attack("nothing: packs, untouched", NOBODY, Look((), 0), Look((), 0, database=True), base="packed")
def untouched_packs(scene: Scene) -> None:
    assert sum(len(pack.members) for pack in packs(scene)) == 29


@attack("nothing: 1,000 packed records, with the database", NOBODY, Look((), 0, database=True),
        base="thousand")  # fmt: skip
def untouched_thousand_packed(scene: Scene) -> None:
    found = list((scene.evidence / "packs").glob("*/*/*.zip"))
    assert sum(len(Pack.read(path).members) for path in found) == 999


@attack("one bit flipped in a packed content", BUCKET, Look(("CONTENT_ALTERED",)), base="packed")
def bit_in_packed_content(scene: Scene) -> str:
    pack = packs(scene)[0]
    member = pack.members[5]
    pack.flip(member.files["content"][0] + 40)
    return member.record


@attack("one bit flipped in a packed record.json", BUCKET, Look(("RECORD_ALTERED",)), base="packed")
def bit_in_packed_description(scene: Scene) -> str:
    pack = packs(scene)[1]
    pack.flip(pack.members[3].files["record.json"][0] + 30)
    return pack.members[3].record


@attack("one bit flipped in a packed sidecar", BUCKET, Look(("SIDECAR_ALTERED",)), base="packed")
def bit_in_packed_sidecar(scene: Scene) -> str:
    pack = packs(scene)[0]
    member = next(one for one in pack.members if "sidecar" in one.files)
    pack.flip(member.files["sidecar"][0] + 5)
    return member.record


@attack("one bit flipped in a pack's SHA256SUMS", BUCKET, Look(("PACK_ALTERED",)), base="packed")
def bit_in_sums(scene: Scene) -> str:
    pack = packs(scene)[0]
    return pack.flip(pack.sums + 100)


@attack("one bit flipped in a header of a pack", BUCKET, Look(("PACK_ALTERED",)), base="packed")
def bit_in_header(scene: Scene) -> str:
    """Its time: nobody else would look there."""
    pack = packs(scene)[2]
    return pack.flip(pack.members[4].files["content"][0] - 54)


@attack("one bit flipped in a pack's directory", BUCKET, Look(("PACK_ALTERED",)), base="packed")
def bit_in_directory(scene: Scene) -> str:
    pack = packs(scene)[1]
    return pack.flip(len(pack.data) - 100)


@attack("a pack cut off by one byte", BUCKET, Look(("PACK_ALTERED",)), base="packed")
def pack_cut(scene: Scene) -> str:
    pack = packs(scene)[0]
    return pack.write(pack.data[:-1])


@attack("a pack cut in the middle", BUCKET, Look(("CONTENT_MISSING", "PACK_ALTERED")),
        base="packed")  # fmt: skip
def pack_cut_in_the_middle(scene: Scene) -> str:
    pack = packs(scene)[0]
    pack.write(pack.data[: pack.members[6].files["content"][0] + 3])
    return pack.members[7].record


@attack("a pack extended", BUCKET, Look(("PACK_ALTERED",)), base="packed")
def pack_extended(scene: Scene) -> str:
    pack = packs(scene)[2]
    return pack.write(pack.data + b"x")


@attack("a pack deleted", BUCKET, Look(("PACK_MISSING", "CONTENT_MISSING")), base="packed")
def pack_deleted(scene: Scene) -> str:
    pack = packs(scene)[1]
    pack.path.unlink()
    return pack.path.name


@attack("a pack replaced by another one", BUCKET, Look(("CONTENT_ALTERED", "RECORD_ALTERED",
        "PACK_ALTERED")), base="packed")  # fmt: skip
def pack_replaced(scene: Scene) -> str:
    one, other, _ = packs(scene)
    one.write(other.data)
    return one.members[0].record


@attack("a pack made again with two records exchanged", BUCKET,
        Look(("CONTENT_ALTERED", "RECORD_ALTERED", "PACK_ALTERED")), base="packed")  # fmt: skip
def members_exchanged(scene: Scene) -> str:
    pack = packs(scene)[1]
    order = [pack.members[1], pack.members[0], *pack.members[2:]]
    builder = PackBuilder()
    for member in order:
        beside = pack.bytes_of(member, "sidecar") if "sidecar" in member.files else None
        content, described = (pack.bytes_of(member, part) for part in ("content", "record.json"))
        builder.add(member.record, content, described, beside)
    pack.write(b"".join(builder.finish()))
    return pack.members[0].record


@attack("a packed content replaced, CRC and sums put right", BUCKET,
        Look(("CONTENT_ALTERED", "PACK_ALTERED")), base="packed")  # fmt: skip
def content_replaced_in_pack(scene: Scene) -> str:
    """What unzip and `sha256sum -c` call fine."""
    pack = packs(scene)[0]
    builder = PackBuilder()
    for member in pack.members:
        content, described = (pack.bytes_of(member, part) for part in ("content", "record.json"))
        beside = pack.bytes_of(member, "sidecar") if "sidecar" in member.files else None
        if member is pack.members[4]:
            content = content[:-1] + b"!"
        builder.add(member.record, content, described, beside)
    pack.write(b"".join(builder.finish()))
    return pack.members[4].record


@attack("a packed content replaced, CRC put right", BUCKET, Look(("CONTENT_ALTERED",)),
        base="packed")  # fmt: skip
def content_replaced_with_crc(scene: Scene) -> str:
    pack = packs(scene)[0]
    member = pack.members[4]
    start, size = member.files["content"]
    old = pack.data[start : start + size]
    new = b"!" * size
    data = pack.data[:start] + new + pack.data[start + size :]
    crc = zlib.crc32(old).to_bytes(4, "little")
    assert data.count(crc) == 2
    pack.write(data.replace(crc, zlib.crc32(new).to_bytes(4, "little")))
    return member.record


@attack("a pack planted", BUCKET, Look(("OBJECT_UNEXPECTED",)), base="packed")
def pack_planted(scene: Scene) -> str:
    pack = packs(scene)[0]
    name = pack.path.name.replace("-6m", "-1y")
    assert name != pack.path.name
    key = pack.path.with_name(name).relative_to(scene.evidence).as_posix()
    _put(scene, key, pack.data)
    return name


@attack("own objects planted beside a packed record", BUCKET, Look(("OBJECT_UNEXPECTED",)),
        base="packed")  # fmt: skip
def own_objects_planted(scene: Scene) -> str:
    pack = packs(scene)[0]
    member = pack.members[2]
    for part, key in (("content", layout.content_key), ("record.json", layout.record_key)):
        _put(scene, key(member.record), pack.bytes_of(member, part))
    return member.record


@attack("a record moved out of its pack", BUCKET, Look(("PACK_MISSING", "CONTENT_MISSING",
        "OBJECT_UNEXPECTED")), base="packed")  # fmt: skip
def moved_out_of_packs(scene: Scene) -> str:
    """Every member as an object of its own, as if it had been split off; the pack deleted."""
    pack = packs(scene)[2]
    for member in pack.members:
        for part in member.files:
            key = layout.record_prefix(member.record) + part
            _put(scene, key, pack.bytes_of(member, part))
    pack.path.unlink()
    return pack.path.name


@contextmanager
def _disk_fails(scene: Scene) -> Iterator[None]:
    """The disk gives an error where one pack is read."""
    key, read = packs(scene)[0].path.relative_to(scene.evidence).as_posix(), DirectoryStore._open

    def failing(store: DirectoryStore, wanted: str) -> int:
        if wanted == key:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return read(store, wanted)

    with patch.object(DirectoryStore, "_open", failing):
        yield


@attack("the disk cannot read a pack", NOBODY, Look(("STORE_UNREADABLE",), 3, during=_disk_fails),
        base="packed")  # fmt: skip
def disk_fails_in_a_pack(scene: Scene) -> str:
    return packs(scene)[0].members[0].record
