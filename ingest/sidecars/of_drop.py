"""The sidecar of a drop, whatever its form: its bytes, and what they say."""

from ingest import sidecar
from ingest.claim import FILE, JSON, LIST, TWICE, Claim
from ingest.errors import SidecarBad
from ingest.found import Drop
from ingest.sidecar import MAX_SIZE, Sidecar
from ingest.sidecars.mapping import Mappings, StationMapping
from ingest.sidecars.reading import check_list, parse_beside, parse_row, twice
from ingest.sources import read_head


def sidecar_bytes(drop: Drop) -> bytes | None:
    """Its bytes, at most one more than a sidecar may have; None where it has none.

    Raises SourceChanged, SourceUnreadable.
    """
    if drop.sidecar is not None:
        return read_head(drop.sidecar.path, MAX_SIZE + 1, drop.sidecar.key)
    return drop.claim.data or b"" if drop.claim is not None and drop.claim.is_row else None


def parsed(mappings: Mappings, claim: Claim | None, data: bytes) -> Sidecar:
    """What a sidecar says; raises Classified, SidecarBad."""
    if claim is None or claim.mapping == JSON:
        return sidecar.parse(data)
    mapping = _named(mappings, claim.mapping)
    if claim.kind == TWICE:
        parse_row(mapping, data, claim.number)  # a state secret goes first
        raise twice(claim.number)
    if claim.is_row:
        return parse_row(mapping, data, claim.number)
    return parse_beside(mapping, data)


def check_own_list(mappings: Mappings, drop: Drop) -> None:
    """Check a drop that is a list itself; raises Classified, SidecarBad, SourceChanged."""
    if drop.claim is not None and drop.claim.kind == LIST:
        data = read_head(drop.file.path, MAX_SIZE + 1, drop.file.key)
        check_list(_named(mappings, drop.claim.mapping), data)


def _named(mappings: Mappings, name: str) -> StationMapping:
    """The mapping that a claim names; SidecarBad where the settings have it no more."""
    if name not in mappings.by_name:
        raise SidecarBad(
            "SIDECAR_NO_MAPPING",
            f"No mapping {name} is configured any more; nobody knows how to read this sidecar.",
            f"配置中已没有规则 {name}，无法读取该附带说明。",
        )
    return mappings.by_name[name]


def is_read_by_mapping(drop: Drop) -> bool:
    """Whether its sidecar, or it itself, is a file of a station."""
    return drop.claim is not None and drop.claim.kind in (FILE, LIST)
