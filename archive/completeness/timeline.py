"""The timeline of a case: its records by stage and time, with what completeness says of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from archive.completeness.coverage import Completeness, Delivery
from archive.completeness.material import Material
from archive.vocabulary import STAGES


@dataclass(frozen=True, slots=True)
class Moment:
    """One record, from `start` to `end` as far as they are known; `rows`: those it counts for."""

    material: Material
    start: datetime | None
    end: datetime | None
    rows: tuple[str, ...]
    delivery: Delivery | None


def timeline(
    materials: Iterable[Material], found: Completeness | None
) -> Mapping[str | None, list[Moment]]:
    """Records by stage, in the order of the stages; None for those of which no stage is known.

    A record that claims no stage stands at that of the first row it counts for. `found` is None
    where no list is in force.
    """
    rows = _rows(found)
    deliveries = {one.material.record: one for one in found.deliveries} if found else {}
    stages: dict[str | None, list[Moment]] = {stage: [] for stage in (*STAGES, None)}
    for one in materials:
        own = rows.get(one.record, [])
        stage = one.stage or (own[0][1] if own else None)
        end = _end(one)
        names = tuple(name for name, _ in own)
        moment = Moment(one, one.start, end, names, deliveries.get(one.record))
        stages[stage if stage in stages else None].append(moment)
    return {stage: sorted(moments, key=_order) for stage, moments in stages.items() if moments}


def _rows(found: Completeness | None) -> Mapping[str, list[tuple[str, str]]]:
    rows: dict[str, list[tuple[str, str]]] = {}
    for verdict in found.verdicts if found else ():
        for one in verdict.counted:
            place = (verdict.row.id, verdict.row.stage)
            rows.setdefault(one.material.record, []).append(place)
    return rows


def _end(one: Material) -> datetime | None:
    """Of a recording that was measured where it really ends, else what is claimed."""
    shown = one.recorded()
    return shown[-1].end if shown else one.finished


def _order(moment: Moment) -> tuple[datetime, bool, str]:
    """By the start; of what begins at the same time the text record first."""
    one = moment.material
    return moment.start or one.received_at, one.is_recording, one.record
