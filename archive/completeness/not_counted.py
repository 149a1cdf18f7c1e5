"""Records of a case that count for nothing, and why: so that nobody believes they did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archive.completeness.material import TEXT, Counted, Material, texts_of
from archive.record_list import Row, plain


@dataclass(frozen=True, slots=True)
class NotCounted:
    """A record that counts for no row; `reason` is a code of `vocabulary.NOT_COUNTED`."""

    material: Material
    reason: str


def not_counted(
    rows: Sequence[Row], found: Mapping[str, Sequence[Counted]], materials: Iterable[Material]
) -> list[NotCounted]:
    """Those that count for no row and say of none that it took place, in the order of `materials`.

    `found` is what `material.counted` said of the same rows.
    """
    every = list(materials)
    used = {one.material.record for row in rows for one in found[row.id]}
    for row in rows:
        if row.is_recording:
            used.update(one.record for one in texts_of(row, found, every))
    return [NotCounted(one, _reason(one, rows)) for one in every if one.record not in used]


def _reason(one: Material, rows: Sequence[Row]) -> str:
    """The first thing that stood in the way."""
    if one.gone:
        return "gone"
    words = plain(f"{one.title or ''}\n{one.name}")
    of_name = [row for row in rows if any(word in words for word in row.keywords)]
    fitting = [row for row in of_name if _takes(row, one)]
    if any(one.item is not None and row.is_named(one.item) for row in rows):
        return "media"  # else it would count
    if fitting:
        excluded = all(any(word in words for word in row.without) for row in fitting)
        return "without" if excluded else "stage"
    if of_name:
        return "media"
    if one.item is not None:
        return "item_unknown"
    return "no_row_then" if one.is_recording else "no_name"


def _takes(row: Row, one: Material) -> bool:
    """Whether a record of this kind will do; a photo may be that of a document."""
    return one.kind in (row.media or (TEXT, "photo"))
