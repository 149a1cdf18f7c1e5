"""What a case has of every row of the list that concerns it (docs/completeness.md).

    found = examine(rules, CaseFacts("penalty", "ordinary", closed=False), materials, excused)
    found.complete                            # nothing required is missing or partial

Pure: the same list, facts and materials give the same answer. A recording that is added makes no
row worse, but for one that holds less than its own sidecar claims where no text record says when
the thing took place.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from archive.completeness.material import (
    TEXT,
    Counted,
    Interruption,
    Material,
    counted,
    is_shown,
    spans_of,
    texts_of,
)
from archive.completeness.not_counted import NotCounted, not_counted
from archive.completeness.spans import Span, minus, total
from archive.record_list import RecordList, Row
from archive.vocabulary import STAGES

_ORDER = {stage: number for number, stage in enumerate(STAGES)}
_SOUND = (None, "sound")
VOLUME_ROWS = ("volume_catalogue", "volume_note")
"""Rows that a filed volume has by being filed: 卷内目录 and 备考表 are what is signed."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the register says of a case, as far as the list asks for it.

    `volumes` is how many were filed.
    """

    category: str
    importance: str
    closed: bool
    volumes: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row. `state` is a code of `vocabulary.COVERAGE`; `required`: whether it is asked for.

    `asked` is the time that has to be covered, `lacking` what of it nothing shows: the stretches
    that are longer than the list tolerates. Both are empty where nobody says when it took place.
    `volumes` are the numbers of filed volumes that count for the row.
    """

    row: Row
    state: str
    required: bool
    counted: tuple[Counted, ...]
    asked: tuple[Span, ...] = ()
    lacking: tuple[Span, ...] = ()
    volumes: tuple[int, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether the case is not complete for it."""
        return self.required and self.state in ("partial", "missing")

    @property
    def lacking_time(self) -> timedelta:
        """How long what is lacking is together."""
        return total(self.lacking)


@dataclass(frozen=True, slots=True)
class Delivery:
    """When a recording should have been here; `late_by` is None where it came in time."""

    material: Material
    due: datetime
    late_by: timedelta | None


@dataclass(frozen=True, slots=True)
class Completeness:
    """All of a case. `unexplained` are interruptions without a reason, with who states them.

    `recordings` are all that are there, `deliveries` those whose end is known.
    """

    verdicts: tuple[Verdict, ...]
    recordings: tuple[Material, ...]
    deliveries: tuple[Delivery, ...]
    unexplained: tuple[tuple[Material, Interruption], ...]
    damaged: tuple[Material, ...]
    of_no_row: tuple[NotCounted, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing that is required is missing or partial."""
        return not any(verdict.fails for verdict in self.verdicts)

    @property
    def required(self) -> list[Verdict]:
        """Rows that the case has to have."""
        return [verdict for verdict in self.verdicts if verdict.required]

    @property
    def late(self) -> list[Delivery]:
        """Recordings that came too late."""
        return [delivery for delivery in self.deliveries if delivery.late_by is not None]


def examine(
    rules: RecordList,
    facts: CaseFacts,
    materials: Iterable[Material],
    excused: Collection[str] = (),
) -> Completeness:
    """Compare what a case has with what the list asks of it."""
    every = sorted(materials, key=_order)
    here = [one for one in every if not one.gone]
    rows = rules.of(facts.category)
    found = counted(rows, here)
    reached = _reached(rows, found, here, facts)
    verdicts = [
        _verdict(rules, row, found, here, required=_is_required(row, found, here, facts, reached))
        for row in rows
    ]
    filed = (_with_volumes(verdict, facts.volumes) for verdict in verdicts)
    return Completeness(
        verdicts=tuple(_excused(verdict, excused) for verdict in filed),
        recordings=tuple(one for one in here if one.is_recording),
        deliveries=tuple(_deliveries(rules, rows, found, here)),
        unexplained=tuple(
            (one, stretch) for one in here for stretch in one.interruptions if not stretch.is_stated
        ),
        damaged=tuple(one for one in here if one.condition not in _SOUND),
        of_no_row=tuple(not_counted(rows, found, every)),
    )


def _order(one: Material) -> tuple[datetime, str]:
    return one.received_at, one.record


def _reached(
    rows: Sequence[Row],
    found: Mapping[str, Sequence[Counted]],
    here: Iterable[Material],
    facts: CaseFacts,
) -> int:
    """How far a case has come, by what was written; a closed one to the end."""
    if facts.closed:
        return len(_ORDER)
    claimed = [_ORDER[one.stage] for one in here if one.kind == TEXT and one.stage in _ORDER]
    shown = [_ORDER[row.stage] for row in rows if found[row.id] and not row.is_recording]
    return max((*claimed, *shown), default=-1)


def _is_required(
    row: Row,
    found: Mapping[str, Sequence[Counted]],
    here: Iterable[Material],
    facts: CaseFacts,
    reached: int,
) -> bool:
    at_stage = reached >= _ORDER[row.stage]
    match row.required:
        case "at_stage":
            return at_stage
        case "at_close":
            return facts.closed
        case "if_claimed":
            return is_shown(row, found, here)
        case "if_major":
            return facts.importance == "major" and at_stage
        case _:
            return True


def _verdict(
    rules: RecordList,
    row: Row,
    found: Mapping[str, Sequence[Counted]],
    here: Sequence[Material],
    *,
    required: bool,
) -> Verdict:
    own = tuple(found[row.id])
    shows = [one for one in own if one.material.condition != "unreadable" or not row.is_recording]
    asked, lacking = _spans(rules, row, found, here)
    if not shows:
        state = "missing" if required else "not_required"
    elif lacking and not any(one.material.kind == "photo" for one in shows):
        state = "partial"
    else:
        state, lacking = "covered", ()
    return Verdict(row, state, required, own, asked, lacking)


def _spans(
    rules: RecordList,
    row: Row,
    found: Mapping[str, Sequence[Counted]],
    here: Sequence[Material],
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """What has to be covered, and what of it is not."""
    if not row.is_recording:
        return (), ()
    own = [one.material for one in found[row.id]]
    texts = texts_of(row, found, here)
    # Without a text record that says when it was, the recordings are held to their own claims.
    whole = spans_of(texts) or spans_of(own)
    stretches = [stretch for one in (*own, *texts) for stretch in one.interruptions]
    asked = minus(whole, [stretch.span for stretch in stretches if stretch.is_stated])
    lacking = minus(asked, [span for one in own for span in one.recorded()])
    return tuple(asked), tuple(span for span in lacking if span.length > rules.tolerance)


def _with_volumes(verdict: Verdict, volumes: int) -> Verdict:
    """A filed volume has its catalogue and its note, whatever else is attached."""
    if not volumes or verdict.row.id not in VOLUME_ROWS or verdict.row.is_recording:
        return verdict
    return replace(verdict, state="covered", volumes=tuple(range(1, volumes + 1)))


def _excused(verdict: Verdict, excused: Collection[str]) -> Verdict:
    if verdict.row.id not in excused or not verdict.fails:
        return verdict
    return replace(verdict, state="excused")


def _deliveries(
    rules: RecordList,
    rows: Sequence[Row],
    found: Mapping[str, Sequence[Counted]],
    here: Iterable[Material],
) -> Iterable[Delivery]:
    """Of every recording whose end is known; the row with most time counts."""
    for one in here:
        finished = one.finished
        if not one.is_recording or finished is None:
            continue
        own = [row for row in rows if any(c.material.record == one.record for c in found[row.id])]
        hours = max((rules.hours(row) for row in own), default=rules.upload_hours)
        due = _due(one, finished, hours)
        yield Delivery(one, due, one.received_at - due if one.received_at > due else None)


def _due(one: Material, finished: datetime, hours: int) -> datetime:
    """Counted from the end of duty, which is not before the end of the recording."""
    start = max(finished, one.duty_end) if one.duty_end else finished
    try:
        return start + timedelta(hours=hours)
    except OverflowError:
        return start
