"""Where entries and details come from: the store alone.

What is read from the store is believed as a whole or not at all: the entries of every log must
have the root that the archive's own key signed.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from archive import layout
from archive.detail import Detail
from archive.errors import ContentAltered, FormatError
from archive.merkle import CompactRange, leaf_hash
from archive.oversight.events import Accessioned, DetailRef, Place
from archive.oversight.lines import Line
from archive.parts import read_small
from archive.ports import ObjectStore, read_all
from archive.publish import Places
from archive.stored_log import NOTE, LogTrust, StoredLog, log_names, seal_sizes
from signing.digest import Digest


def stored_lines(places: Places, trust: LogTrust) -> Iterator[Line]:
    """Every sealed entry in the order of the logs, read from the store.

    Raises ContentAltered at the end of a log whose entries are not the signed ones.
    """
    for log in log_names(places.evidence):
        yield from stored_log_lines(StoredLog(places, trust, log, sealed_size(places, log)))


def sealed_size(places: Places, log: str) -> int:
    """How many entries of a log have a signed note."""
    return max(size for size, files in seal_sizes(places.evidence, log) if NOTE in files)


def stored_log_lines(stored: StoredLog) -> Iterator[Line]:
    """The entries of one log; its root is compared with the newest note at the end."""
    tree = CompactRange()
    for bundle in stored.bundles():
        for data in bundle:
            place = Place(stored.log, tree.size)
            tree.append(leaf_hash(data))
            yield _line(place, data)
    _, checkpoint = stored.checkpoint(tree.size)
    if checkpoint.root != tree.root():
        raise ContentAltered(f"The entries of {stored.log} in the store are not the signed ones.")


def _line(place: Place, data: bytes) -> Line:
    # The bytes are proved by the root: no second strict parse.
    try:
        value = json.loads(data)
    except ValueError as error:
        raise ContentAltered(f"The entry {place} cannot be read.") from error
    return Line(place, value)


class Details:
    """The details in the store, each compared with the digest that its entry has."""

    def __init__(self, evidence: ObjectStore) -> None:
        self._evidence = evidence

    def read(self, ref: DetailRef | None) -> Mapping[str, Any] | None:
        """The data of a detail, None without one; raises ObjectMissing, ContentAltered."""
        if ref is None:
            return None
        data = read_all(self._evidence, layout.detail_key(ref.id))
        if str(Digest.of("sha256", data)) != ref.digest:
            raise ContentAltered(f"The detail {ref.id} is not the one that was sealed.")
        try:
            return Detail.parse(data).data
        except FormatError as error:
            raise ContentAltered(f"The detail {ref.id} cannot be read.") from error

    def claims(self, event: Accessioned) -> Mapping[str, Any]:
        """What the sidecar of a record claims, from record.json; raises as `read` does."""
        claims = json.loads(self.record_json(event))["claims"]
        return claims if isinstance(claims, dict) else {}

    def record_json(self, event: Accessioned) -> bytes:
        """The description of a record as it was sealed; raises as `read` does."""
        data = read_small(self._evidence, event.described)
        if str(Digest.of("sha256", data)) != event.description:
            sentence = f"The description of {event.record} is not the one that was sealed."
            raise ContentAltered(sentence)
        return data
