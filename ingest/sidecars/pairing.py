"""Which file of a folder is the sidecar of which, by the mappings of stations. Pure.

    known = {name: found for name in candidates if (found := look(mappings, name, size, read))}
    pairs = pair(names, known)
    pairs.of[b"a.mp4"]          # (name of its sidecar or list, Claim)

`<name>.json` is not looked after here: it goes before everything else. A name that stands in a
sidecar or list is compared with the names of its own folder and used for nothing else.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.claim import FILE, LIST, ROW, TWICE, Claim
from ingest.errors import SidecarBad
from ingest.names import decode_name
from ingest.sidecar import MAX_SIZE
from ingest.sidecars.mapping import Mappings, StationMapping
from ingest.sidecars.reading import HEAD, ListRow, is_of, read_list

Read = Callable[[int], bytes]
"""The first so many bytes of a file."""


class Known(NamedTuple):
    """A file that is written by a mapping. `rows` are those of a list; a bad one has none."""

    mapping: StationMapping
    rows: tuple[ListRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Pairs:
    """What the files of a folder are to each other.

    `of` gives a file its sidecar or list, with its claim; `sidecars` a sidecar its file; `alone`
    those whose file is not there; `lists` are records of their own; `unused` are written like
    sidecars and go with no file, because there are several of them for it, or several files they
    may mean.
    """

    of: dict[bytes, tuple[bytes, Claim]] = field(default_factory=dict)
    sidecars: dict[bytes, bytes] = field(default_factory=dict)
    alone: dict[bytes, StationMapping] = field(default_factory=dict)
    lists: dict[bytes, Claim] = field(default_factory=dict)
    unused: set[bytes] = field(default_factory=set)


NOTHING = Pairs()


def may_be(mappings: Mappings, name: bytes) -> Iterator[StationMapping]:
    """Mappings by which a file of this name may be written."""
    text = decode_name(name).text
    low = text.lower()
    for mapping in mappings.all:
        beside = any(low.endswith(end) and len(low) > len(end) for _, end in mapping.beside)
        if beside or any(_is_listed(text, low, *pattern) for pattern in mapping.listed):
            yield mapping


def _is_listed(text: str, low: str, name: str, ending: str) -> bool:
    if name == "*":
        return low.endswith(ending)
    return low == (name + ending).lower() or text == name + ending


def look(mappings: Mappings, name: bytes, size: int, read: Read) -> Known | None:
    """What a file is, by its name and its bytes; None for an ordinary one.

    A list that is too large or cannot be read is one all the same: whoever takes it says why it is
    bad. Raises what `read` raises.
    """
    head = b""
    for mapping in may_be(mappings, name):
        head = head or read(HEAD)
        if not is_of(mapping, head):
            continue
        if not mapping.is_list or size > MAX_SIZE:
            return Known(mapping)
        try:
            rows = read_list(mapping, read(MAX_SIZE))
            return Known(mapping, tuple(row._replace(listed=row.listed.bare()) for row in rows))
        except SidecarBad:
            return Known(mapping)
    return None


def pair(
    names: Collection[bytes], known: Mapping[bytes, Known], taken: Collection[bytes] = ()
) -> Pairs:
    """`names` are all files of the folder; `taken` those that are, or have, a `<name>.json`."""
    found = Pairs()
    files = [name for name in names if name not in known]
    by_stem = _by_stem(files) if any(one.mapping.beside for one in known.values()) else {}
    for name in sorted(known):
        if not known[name].mapping.is_list:
            _beside(found, name, known[name].mapping, names, known, by_stem, taken)
    lists = [name for name in sorted(known) if known[name].mapping.is_list]
    by_text = texts_of(files) if lists else {}
    for name in lists:
        _listed(found, name, known[name], by_text, taken)
    return found


def _by_stem(files: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name in files:
        found.setdefault(name.rpartition(b".")[0] or name, []).append(name)
    return found


def _beside(
    found: Pairs,
    name: bytes,
    mapping: StationMapping,
    names: Collection[bytes],
    known: Mapping[bytes, Known],
    by_stem: Mapping[bytes, list[bytes]],
    taken: Collection[bytes],
) -> None:
    """Give a sidecar to its file."""
    owners = []
    for kind, ending in mapping.beside:
        if not name.lower().endswith(ending.encode()):
            continue
        rest = name[: -len(ending)]
        if kind == "name":
            owners = [rest] if rest in names and rest not in known else []
        else:
            owners = [one for one in by_stem.get(rest, ()) if _is_meant(mapping, one)]
        if owners:
            break
    free = [owner for owner in owners if owner not in taken and owner not in found.of]
    if not owners:
        found.alone[name] = mapping
    elif len(owners) > 1 or not free:
        found.unused.add(name)
    else:
        found.of[free[0]] = (name, Claim(mapping.name, FILE))
        found.sidecars[name] = free[0]


def owners_of(mapping: StationMapping, name: bytes) -> Iterator[tuple[bytes, bool]]:
    """Names of files that a sidecar may be of; True where more follows the name: a stem."""
    for kind, ending in mapping.beside:
        if name.lower().endswith(ending.encode()):
            yield name[: -len(ending)], kind == "stem"


def _is_meant(mapping: StationMapping, name: bytes) -> bool:
    return not mapping.of or name.rpartition(b".")[2].lower().decode("latin-1") in mapping.of


def _listed(
    found: Pairs,
    name: bytes,
    known: Known,
    by_text: Mapping[str, bytes],
    taken: Collection[bytes],
) -> None:
    """Give the rows of a list to the files of its folder."""
    mapping = known.mapping
    found.lists[name] = Claim(mapping.name, LIST)
    if not known.rows:
        return
    missing = []
    for row in known.rows:
        owner = by_text.get(row.name or "")
        if owner is None:
            missing.append(row.name or "")
            continue
        if owner in taken:
            continue
        before = found.of.get(owner)
        if before is None:
            found.of[owner] = (name, claim_of(mapping, row, name))
        elif before[0] == name and before[1].data != _data(row):
            found.of[owner] = (name, before[1]._replace(kind=TWICE))
    found.lists[name] = Claim(mapping.name, LIST, missing=tuple(missing))


def texts_of(files: Iterable[bytes]) -> dict[str, bytes]:
    """Names of files by what they say; of several that say the same, the first."""
    found: dict[str, bytes] = {}
    for file in files:
        found.setdefault(decode_name(file).text, file)
    return found


def claim_of(mapping: StationMapping, row: ListRow, listed_in: bytes) -> Claim:
    """What a row of a list says of the file that it names."""
    return Claim(mapping.name, ROW, _data(row), row.listed.number, listed_in)


def _data(row: ListRow) -> bytes:
    """The row's own bytes; of an encoding in which they cannot be told, none: it is then bad."""
    try:
        return row.listed.data()
    except SidecarBad:
        return b""
