"""What a case has, as far as completeness looks at it: its records, and which count for a row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.completeness.spans import Span, first, minus, total, union
from archive.record_list import Row, plain

TEXT = "text"
_END = datetime.max.replace(tzinfo=UTC)
_OF_TYPES = {"video/": "video", "audio/": "audio", "image/": "photo"}


@dataclass(frozen=True, slots=True)
class Interruption:
    """A stretch in which nothing was recorded, as a sidecar states it."""

    span: Span
    reason: str | None = None
    note: str | None = None

    @property
    def is_stated(self) -> bool:
        """Whether it has a reason; `other` is one only with a note."""
        return self.reason is not None and (self.reason != "other" or bool(self.note))


@dataclass(frozen=True, slots=True)
class Material:
    """One record of a case. `kind` is `video`, `audio`, `photo` or `text`.

    `start` and `end` are those that are claimed or chosen, `duration` is what was measured in the
    file; each None where nobody says so. `gone` is one that is lost or destroyed. What is
    `restricted` counts like any other, and is not told to the reader but by its id.
    """

    record: str
    kind: str
    name: str
    received_at: datetime
    title: str | None = None
    stage: str | None = None
    item: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    duration: timedelta | None = None
    interruptions: tuple[Interruption, ...] = ()
    duty_end: datetime | None = None
    condition: str | None = None
    gone: bool = False
    restricted: bool = False

    @property
    def shown(self) -> str:
        """Its name, as far as the reader is told."""
        return self.record if self.restricted else self.name

    @property
    def is_recording(self) -> bool:
        """Whether it has a length: sound or film."""
        return self.kind in ("video", "audio")

    @property
    def claimed(self) -> Span | None:
        """From the claimed start to the claimed end; None where one is not known."""
        known = self.start is not None and self.end is not None and self.end > self.start
        return Span(self.start, self.end) if known else None  # type: ignore[arg-type]

    @property
    def finished(self) -> datetime | None:
        """When recording ended, as far as it is known."""
        if self.end is not None or self.start is None or self.duration is None:
            return self.end
        return self.start + self.duration

    def recorded(self) -> list[Span]:
        """The stretches of time that it shows: none of its interruptions, nor beyond its length.

        Where the file was measured, its length is laid out from the start on, around the
        interruptions; else all that is claimed is believed. Nothing for what cannot be read.
        """
        if self.condition == "unreadable" or not self.is_recording or self.start is None:
            return []
        breaks = [interruption.span for interruption in self.interruptions]
        if self.duration is not None:
            reach = min(self.duration + total(breaks), _END - self.start)
            return first(minus([Span(self.start, self.start + reach)], breaks), self.duration)
        return minus([self.claimed], breaks) if self.claimed else []


def kind_of(media_type: str) -> str:
    """The kind of a media type."""
    return next((kind for start, kind in _OF_TYPES.items() if media_type.startswith(start)), TEXT)


@dataclass(frozen=True, slots=True)
class Counted:
    """A record that counts for a row, and why: `item`, `name` or `time`."""

    material: Material
    by: str


def counted(rows: Sequence[Row], materials: Iterable[Material]) -> Mapping[str, list[Counted]]:
    """Which records count for which row, by its id, in the order that they came in."""
    here = sorted((one for one in materials if not one.gone), key=_order)
    found = {row.id: list(_named(row, rows, here)) for row in rows}
    for row in rows:
        if row.is_recording:
            spans = spans_of(texts_of(row, found, here))
            found[row.id] += _at_the_time(row, rows, here, spans)
    return found


def texts_of(
    row: Row, found: Mapping[str, Sequence[Counted]], materials: Iterable[Material]
) -> list[Material]:
    """What was written of a recording's row: texts that name it, and documents it goes with."""
    own = [one for one in materials if one.kind == TEXT and not one.gone and _says(row, one)]
    beside = [one.material for other in row.needs for one in found.get(other, ())]
    return [*own, *beside]


def spans_of(materials: Iterable[Material]) -> list[Span]:
    """The times that they claim, together."""
    return union(one.claimed for one in materials if one.claimed is not None)


def is_shown(
    row: Row, found: Mapping[str, Sequence[Counted]], materials: Iterable[Material]
) -> bool:
    """Whether something written says that what a row is about took place. Recordings do not."""
    return bool(texts_of(row, found, materials))


def _order(one: Material) -> tuple[datetime, str]:
    return one.received_at, one.record


def _says(row: Row, one: Material) -> bool:
    return _why(row, one) is not None


def _why(row: Row, one: Material) -> str | None:
    """Why a record is of a row by what it says of itself."""
    if one.item is not None and row.is_named(one.item):
        return "item"
    if one.stage not in (None, row.stage):
        return None
    words = plain(f"{one.title or ''}\n{one.name}")
    named = any(word in words for word in row.keywords)
    return "name" if named and not any(word in words for word in row.without) else None


def _named(row: Row, rows: Sequence[Row], here: Iterable[Material]) -> Iterable[Counted]:
    for one in here:
        fits = one.kind in (row.media or (TEXT, "photo"))  # a photo may be that of a document
        why = _why(row, one) if fits else None
        if why == "name" and _names_another(row, rows, one):
            continue
        if why is not None:
            yield Counted(one, why)


def _names_another(row: Row, rows: Sequence[Row], one: Material) -> bool:
    """Whether a record names as its item another row of the same sort."""
    if one.item is None:
        return False
    same = (other for other in rows if other.is_recording is row.is_recording)
    return any(other.is_named(one.item) for other in same)


def _at_the_time(
    row: Row, rows: Sequence[Row], here: Iterable[Material], spans: Sequence[Span]
) -> Iterable[Counted]:
    """Recordings that say of no row that they are of it, made while this one took place."""
    for one in here:
        if one.kind not in row.media or one.item is not None or one.stage not in (None, row.stage):
            continue
        if any(other.is_recording and _says(other, one) for other in rows):
            continue
        if any(_overlap(mine, span) for mine in one.recorded() for span in spans):
            yield Counted(one, "time")


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end
