"""Packs on their way into the ledger: named when their members are appended (formats §12).

Whoever stages a pack gives it a name that nobody else uses, `<ulid>-<floor class>`. Its true name
holds the index of its first member and is known only when that is given, once and for ever. The
bytes of a pack do not depend on its name.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from archive import layout
from archive.errors import ContentAltered
from archive.ledger import Appended, NewEntry
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
    entries: Sequence[NewEntry], log: str, first: int
) -> tuple[list[NewEntry], list[Named]]:
    """Entries as they are appended from index `first` on, and the packs that are named so.

    The first member of a pack is the entry that brings the pack's object.
    """
    named: dict[str, str] = {}
    packs: list[Named] = []
    appended = []
    for index, entry in enumerate(entries, first):
        if entry.pack is None:
            appended.append(entry)
            continue
        if entry.pack not in named:
            floor_class = entry.pack.rpartition("-")[2]
            pack = named[entry.pack] = layout.pack_id(log, index, floor_class)
            packs.append(Named(entry.pack, layout.pack_key(pack, entry.at), entry.id))
        appended.append(replace(entry, body=_in_pack(entry.body, named[entry.pack])))
    return appended, packs


def _in_pack(body: Mapping[str, Any], pack: str) -> Mapping[str, Any]:
    return {**body, "pack": {**body["pack"], "id": pack}}


@dataclass(frozen=True, slots=True)
class Described:
    """Where a member's record.json stands in its pack, and its SHA-256."""

    record: str
    start: int
    size: int
    digest: str


def members_of(entries: Iterable[Appended]) -> dict[str, list[Described]]:
    """The packed records among newly appended entries, by the key of their pack."""
    found: dict[str, list[Described]] = {}
    for appended in entries:
        if b'"pack":{' not in appended.data:
            continue
        entry = json.loads(appended.data)
        place = place_of(entry["body"]) if entry["kind"] == "record.accessioned" else None
        if place is not None:
            pack, where = place
            key = layout.pack_key(pack, parse_time(entry["at"]))
            span = where.record_json(entry["subject"])
            member = Described(entry["subject"], *span, entry["body"]["record"])
            found.setdefault(key, []).append(member)
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
