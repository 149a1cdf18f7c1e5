"""Which drops of a sweep are given to the intake: what their source may give, and what there is
room for.

    gate.look()
    for drop in passing(database, drops, gate, room): ...

What the archive has already needs no room and uses up no quota: after a restart all that is kept
in place is offered once more.
"""

from collections.abc import Sequence

from archive.database import Database
from ingest.found import Drop
from ingest.holding import SourceGate
from ingest.outcome_rows import keys_of
from ingest.returned import known_drops
from ingest.room import Room


def passing(database: Database, drops: Sequence[Drop], gate: SourceGate, room: Room) -> list[Drop]:
    """The drops that may be taken now, in their order; the gate and the room know of the others."""
    present = [(drop, keys_of(drop)) for drop in drops]
    known = known_drops(database, present)
    through, fresh = set[int](), []
    for drop, keys in present:
        if known.keys().isdisjoint(keys):
            if gate.takes(drop):
                fresh.append(drop)
        elif known.get(keys[0]) is not False or not drop.has_sidecar or gate.takes(drop):
            through.add(id(drop))  # of a known one nothing is taken but a sidecar that came late
    through |= {id(drop) for drop in room.fitting(fresh)}
    return [drop for drop in drops if id(drop) in through]
