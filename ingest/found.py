"""What the sweep finds: files, drops, and things that are left alone."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.claim import Claim
from ingest.settle import FileKey, Settled


class Found(NamedTuple):
    """A regular file as it was seen; `folder` is below the source's folder, b"" at its top."""

    source: str
    folder: bytes
    name: bytes
    path: bytes
    key: FileKey

    @property
    def top(self) -> bytes:
        """Name of the folder directly below the inbox, or of the one that a person named; b"" of a
        file that does not stand in its folder, but in quarantine.
        """
        inside = self.folder + b"/" + self.name if self.folder else self.name
        if not self.path.endswith(b"/" + inside):
            return b""
        return self.path[: -len(inside) - 1].rpartition(b"/")[2]


class Drop(NamedTuple):
    """A complete file with its sidecar, if it has one; both have settled."""

    file: Found
    sidecar: Found | None
    settled: Settled
    """The weaker of the two, where there are two."""
    notes: tuple[tuple[str, str], ...] = ()
    """Code and note of what was found about its arrival; they become findings of record.json."""
    beside: tuple[Found, ...] = ()
    """Further files that are released together with it, such as the marker that it is ready."""
    listed: bytes | None = None
    """SHA-256 that a manifest claims; what differs is noted when the file has been read."""
    claim: Claim | None = None
    """How it stands to the sidecars of stations; None where there is none, or its is JSON."""

    @property
    def has_sidecar(self) -> bool:
        """Whether it has one, be it a file or the row of a list."""
        return self.sidecar is not None or (self.claim is not None and self.claim.is_row)

    @property
    def sidecar_name(self) -> bytes | None:
        """Name of the sidecar, or of the list of which it is a row."""
        if self.sidecar is not None:
            return self.sidecar.name
        return self.claim.listed_in if self.claim is not None and self.claim.is_row else None


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something that is left alone, said once while it stays there.

    `reason` is one of `link`, `fifo`, `socket`, `device`, `unreadable`, `no_source` (a file beside
    the source folders), `sidecar_alone` (it waits for its file), `late_sidecar` (its file is sealed
    without it), `passed_over` (a temporary or hidden name that has rested for an hour),
    `mount_lost` (a source whose file system is gone), `no_marker`, `no_manifest` (its source's rule
    waits for one), `marker_alone`, `manifest_waits` (files that it lists are not there),
    `manifest_bad` (it cannot be read), `manifests_many` (a folder with too many to be read),
    `fault` (something that nobody foresaw went wrong with it, or with a look at a folder),
    `list_missing` (a list of sidecars names files that are not there), `path_long` (the system
    opens no path of that length), `crowded` (so many files that memory grows with them), `network`
    (its file system is another machine's). Of what is named by hand also `changed` (while it was
    read), `sidecar_of` (the sidecar of a file that was not named).
    """

    path: bytes
    reason: str
    what: str = field(default="", compare=False)
    """Of a `fault`: what happened, for whoever mends it."""
