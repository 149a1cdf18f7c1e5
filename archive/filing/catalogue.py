"""The catalogue of the next volume 卷内目录, as the archive proposes it.

Records stand in the order of case-file review: 立案, 调查, 审查, 决定, 送达, 执行, 归档, and inside
a stage by their time. What claims no stage stands at that of the row of the list it counts for, or
at the end. A person may give another order; what is signed is what he was shown.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from archive.catalog import RECORD
from archive.completeness.coverage import Completeness
from archive.completeness.material import Material
from archive.completeness.timeline import timeline
from archive.rows import batched
from archive.times import SHANGHAI

PDF = "application/pdf"
_LONGEST_TITLE = 400


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a catalogue. `pages` is None where they have to be counted.

    `stage`, `kind`, `day` and `late` are for people, and not signed.
    """

    record: str
    title: str
    digest: str
    pages: int | None
    kind: str
    stage: str | None
    day: date
    late: bool


def proposed(
    connection: Connection,
    materials: Iterable[Material],
    found: Completeness | None,
    unfiled: Collection[str],
    late: Collection[str],
) -> list[Line]:
    """The records that stand in no volume, in their order; `found` None without a list in force."""
    stages = timeline(materials, found)
    placed = [(stage, one) for stage, moments in stages.items() for one in moments]
    kept = [(stage, one) for stage, one in placed if one.material.record in unfiled]
    facts = _facts(connection, [one.material.record for _, one in kept])
    return [
        Line(
            record=one.material.record,
            title=_title(one.material),
            digest=f"sha256:{facts[one.material.record][0]}",
            pages=None if facts[one.material.record][1] == PDF else 1,
            kind=one.material.kind,
            stage=stage,
            day=(one.start or one.material.received_at).astimezone(SHANGHAI).date(),
            late=one.material.record in late,
        )
        for stage, one in kept
    ]


def _title(one: Material) -> str:
    """Title, else file name, in one line."""
    words = " ".join((one.title or "").split()) or " ".join(one.name.split())
    return words[:_LONGEST_TITLE]


def _facts(connection: Connection, records: Sequence[str]) -> dict[str, tuple[str, str]]:
    """SHA-256 in hexadecimal and media type, by record."""
    query = select(RECORD.c.id, RECORD.c.sha256, RECORD.c.media_type)
    found: dict[str, tuple[str, str]] = {}
    for some in batched(records):
        rows = connection.execute(query.where(RECORD.c.id.in_(some)))
        found.update({row.id: (row.sha256.hex(), row.media_type) for row in rows})
    return found
