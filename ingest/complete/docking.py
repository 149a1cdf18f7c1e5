"""Drops of a docking station: a file is complete when a manifest lists it, with its size.

The manifest is a record too, and goes last, when all that it lists has been taken. What is listed
and never comes is a finding of the manifest's record; what differs, of the file's.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from archive.errors import FormatError
from archive.gaps.manifest import MAX_SIZE, ListedFile, is_manifest
from ingest.classification import is_marked_path
from ingest.complete import OBSERVED_SECONDS, hours
from ingest.complete.folder import Folder
from ingest.complete.listing import Layer, Listing, differs, missing_note, read_listing
from ingest.complete.rules import Rests
from ingest.errors import SourceChanged, SourceUnreadable
from ingest.faults import is_of_one, what_of
from ingest.found import Drop, Found, Noticed
from ingest.names import decode_name
from ingest.settle import FileKey
from ingest.sources import read_head

MANIFEST_DIFFERS = "MANIFEST_DIFFERS"
MANIFEST_MISSING = "MANIFEST_MISSING"
MANIFEST_UNLISTED = "MANIFEST_UNLISTED"
Taken = Callable[[str, Sequence[bytes], float], set[bytes]]
"""Which of these paths of a source the archive has taken since a moment (seconds since 1970)."""
MOST_MANIFESTS = 10_000
"""Of one folder that are read in a look; the others wait like files that none lists."""
_EARLIER = 60
"""Seconds by which the archive's clock and the file system's may differ."""


def compared(drop: Drop, sha256: bytes) -> Drop:
    """A drop that was read, with a note if its manifest claims another digest."""
    if drop.listed is None or drop.listed == sha256:
        return drop
    note = f"the manifest says sha256:{drop.listed.hex()}, the file has sha256:{sha256.hex()}"
    return drop._replace(notes=(*drop.notes, (MANIFEST_DIFFERS, note)))


@dataclass(slots=True)
class _Known:
    """A manifest that was read, and what has become of the files that it lists."""

    key: FileKey
    listing: Listing | None
    """None: it cannot be read as a manifest."""
    taken: set[ListedFile] = field(default_factory=set)
    """By the archive; with those that never will be, for their names are marked."""
    places: dict[bytes, ListedFile] = field(default_factory=dict)
    """Where listed files were seen."""
    present: set[ListedFile] = field(default_factory=set)
    """Seen in this walk: not taken yet, or only now."""
    offered: set[ListedFile] = field(default_factory=set)
    """Given as complete in this walk."""
    before: set[ListedFile] = field(default_factory=set)
    """The same, of the walk before."""
    drop: Drop | None = None


def _never_taken(listing: Listing | None) -> set[ListedFile]:
    """Listed files that are refused: a manifest waits for none of them, and no note names one."""
    every = listing.by_path.values() if listing else ()
    return {listed for listed in every if is_marked_path(listed.name)}


class WhenListed:
    """See the module. `taken` says which paths of the source the archive has."""

    def __init__(self, source: str, top: bytes, taken: Taken, rests: Rests) -> None:
        self._source = source
        self._top = top
        self._taken = taken
        self._rests = rests
        self._known: dict[bytes, _Known] = {}
        self._seen: dict[bytes, _Known] = {}
        self._layers: dict[bytes, Layer] = {}
        self._walked: dict[bytes, Layer] = {}
        self.waiting = 0
        self.lacking = 0

    def enter(self, here: Folder) -> Iterator[Noticed]:
        """See Rule: read the manifests of a folder."""
        listings: list[Listing] = []
        names = [name for name in here.settled if is_manifest(decode_name(name).text)]
        if len(names) > MOST_MANIFESTS:
            first = min(here.files[name].path for name in names)
            yield Noticed(os.path.dirname(first), "manifests_many")
        for name in sorted(names)[:MOST_MANIFESTS]:
            file = here.files[name]
            try:
                known = self._read(file)
            except (SourceChanged, SourceUnreadable):
                continue  # it settles anew, or is told as unreadable when it is taken
            except Exception as error:
                if not is_of_one(error):
                    raise
                yield Noticed(file.path, "fault", what_of(error))
                continue
            self._seen[file.path] = known
            known.present, known.drop = set(), None
            known.offered, known.before = set(), known.offered
            if known.listing is None:
                yield Noticed(file.path, "manifest_bad")
            else:
                listings.append(known.listing)
        if listings:
            here.listings = (self._layer(here.inside, listings), *here.listings)
        for name in here.files.keys() - here.settled.keys():
            self._find(here.files[name], here)

    def _layer(self, inside: bytes, listings: list[Listing]) -> Layer:
        """The manifests of a folder by name; made anew only where one of them is another."""
        layer = self._layers.get(inside)
        if layer is None or not layer.is_of(listings):
            layer = Layer.of(listings)
        self._walked[inside] = layer
        return layer

    def _find(self, file: Found, here: Folder) -> tuple[_Known, ListedFile] | None:
        """The nearest manifest that lists the file, and what it says of it."""
        for layer in here.listings:
            if found := layer.find(file.folder, file.name):
                path, listed = found
                known = self._seen[path]
                known.present.add(listed)
                known.places[file.path] = listed
                return known, listed
        return None

    def _read(self, file: Found) -> _Known:
        known = self._known.get(file.path)
        if known is None or known.key != file.key:
            listing = None
            if file.key.size <= MAX_SIZE:
                data = read_head(file.path, MAX_SIZE, file.key)
                try:
                    listing = read_listing(
                        file.folder, file.path, decode_name(file.name).text, data
                    )
                except FormatError:
                    listing = None
            known = self._known[file.path] = _Known(file.key, listing, _never_taken(listing))
        return known

    def judge(self, drop: Drop, here: Folder) -> Iterator[Drop | Noticed]:
        """See Rule."""
        file = drop.file
        manifest = self._seen.get(file.path)
        if manifest is not None and manifest.listing is not None:
            manifest.drop = drop
            return
        found = self._find(file, here)
        if found is not None:
            yield from self._listed(drop, *found)
            return
        if self._rests.enough(file):
            since = f"no manifest listed it within {hours(self._rests.needed)}"
            yield drop._replace(notes=(*drop.notes, (MANIFEST_UNLISTED, since)))
            return
        self.lacking += 1
        if self._rests.seconds(file) >= OBSERVED_SECONDS:
            yield Noticed(file.path, "no_manifest")

    def _listed(self, drop: Drop, known: _Known, listed: ListedFile) -> Iterator[Drop]:
        problem = differs(listed, drop.file.key.size)
        if problem is not None:
            if not self._rests.enough(drop.file):
                self.lacking += 1
                return
            drop = drop._replace(notes=(*drop.notes, (MANIFEST_DIFFERS, problem)))
        known.offered.add(listed)
        yield drop._replace(listed=listed.sha256)

    def close(self) -> Iterator[Drop | Noticed]:
        """See Rule: manifests of which nothing is outstanding, or not for ever."""
        self.waiting = 0
        for known in self._seen.values():
            if known.drop is None or known.listing is None:
                continue
            if known.present:
                # All were given only now: at the next look the manifest may be complete.
                self.waiting += known.present == known.offered != known.before
                continue
            missing = self._missing(known, known.listing)
            file = known.drop.file
            if not missing:
                yield known.drop
            elif self._rests.enough(file):
                note = missing_note([listed.name for listed in missing])
                yield known.drop._replace(notes=(*known.drop.notes, (MANIFEST_MISSING, note)))
            elif self._rests.seconds(file) >= OBSERVED_SECONDS:
                yield Noticed(file.path, "manifest_waits")
        self._known, self._seen = self._seen, {}
        self._layers, self._walked = self._walked, {}

    def _missing(self, known: _Known, listing: Listing) -> list[ListedFile]:
        """Listed files that are neither there nor in the archive."""
        left = [one for one in listing.by_path.values() if one not in known.taken]
        asked = [one for one in left if not self._is_manifest(listing, one)]
        places = {self._top + b"/" + place: one for one in asked for place in listing.places(one)}
        places |= known.places
        since = known.key.ctime_ns / 1e9 - _EARLIER
        found = self._taken(self._source, list(places), since) if asked else set()
        known.taken.update(places[place] for place in found)
        return [one for one in asked if one not in known.taken]

    def _is_manifest(self, listing: Listing, one: ListedFile) -> bool:
        """Whether it is a manifest that is there, such as the one itself: none waits for another.

        `sha256sum * > manifest.sha256` lists what it writes to.
        """
        return any(self._top + b"/" + place in self._seen for place in listing.here(one))
