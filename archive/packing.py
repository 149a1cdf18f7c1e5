"""Packs on their way into the ledger: named when their members are appended (formats §12).

Whoever stages a pack gives it a name that nobody else uses, `<ulid>-<floor class>`. Its true name
holds the index of its first member and is known only when that is given, once and for ever. The
bytes of a pack do not depend on its name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from archive import layout
from archive.errors import ContentAltered, StateUnknown
from archive.ledger import Waiting
from archive.pack import place_of
from archive.times import parse_time


def staged_name(number: str, floor_class: str) -> str:
    """Name of a pack that is not in the ledger yet; `number` is a fresh ULID."""
    return f"{number}-{floor_class}"


@dataclass(frozen=True, slots=True)
class Named:
    """A pack that has got its name: its staged name, its key, and who brought its object."""

    staged: str
    key: str
    pending: str


def name_packs(
    entries: Sequence[Waiting], log: str, first: int, at: datetime
) -> tuple[list[Waiting], list[Named]]:
    """Entries as they are appended at a time, from index `first` on, and the packs named so.

    The first member of a pack is the entry that brings the pack's object. Raises StateUnknown for
    a member that does not name its pack: the database was edited.
    """
    named: dict[str, tuple[bytes, bytes]] = {}
    packs: list[Named] = []
    appended = []
    for index, entry in enumerate(entries, first):
        if entry.pack is None:
            appended.append(entry)
            continue
        if entry.pack not in named:
            pack = layout.pack_id(log, index, entry.pack.rpartition("-")[2])
            named[entry.pack] = _id(entry.pack), _id(pack)
            packs.append(Named(entry.pack, layout.pack_key(pack, at), entry.id))
        staged, true = named[entry.pack]
        # The name in staging is random: nothing else in a body is like it.
        before, found, after = entry.body.partition(staged)
        if not found:
            raise StateUnknown(f"The submitted entry of {entry.subject} does not name its pack.")
        appended.append(entry._replace(body=before + true + after))
    return appended, packs


def _id(pack: str) -> bytes:
    return b'"id":"%s"' % pack.encode()


class Described(NamedTuple):
    """Where a member's record.json stands in its pack, and its SHA-256."""

    record: str
    start: int
    size: int
    digest: str


def members_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[Described]]:
    """The packed records among newly appended, decoded entries, by the key of their pack."""
    found: dict[str, list[Described]] = {}
    keys: dict[tuple[str, str], list[Described]] = {}
    for entry in entries:
        body = entry["body"]
        if "pack" not in body or entry["kind"] != "record.accessioned":
            continue
        place = place_of(body)
        assert place is not None  # noqa: S101 - there is one
        pack, where = place
        members = keys.get((pack, entry["at"]))
        if members is None:
            key = layout.pack_key(pack, parse_time(entry["at"]))
            members = keys[pack, entry["at"]] = found.setdefault(key, [])
        start, size = where.record_json(entry["subject"])
        members.append(Described(entry["subject"], start, size, body["record"]))
    return found


def descriptions(key: str, data: bytes, members: Iterable[Described]) -> dict[str, bytes]:
    """Every member's record.json from a pack's bytes, under the key it would have alone.

    Raises ContentAltered where it is not what the member's entry names: then the entry or the
    pack was changed on its way.
    """
    found = {}
    for member in members:
        text = data[member.start : member.start + member.size]
        if f"sha256:{sha256(text).hexdigest()}" != member.digest:
            raise ContentAltered(f"{key} does not hold what the entry of {member.record} says.")
        found[layout.record_key(member.record)] = text
    return found
