"""Verdicts and timeline as JSON data: what `case check` and `case show` hand over."""

from collections.abc import Iterable, Mapping
from typing import Any

from archive.completeness.coverage import Completeness, Delivery, Verdict
from archive.completeness.material import Counted, Interruption, Material
from archive.completeness.spans import Span
from archive.completeness.timeline import Moment
from archive.times import format_time

Document = dict[str, Any]


def completeness_document(digest: str, found: Completeness) -> Document:
    """All that was found; `list` is the digest of the list that the verdicts are by."""
    return {
        "list": digest,
        "complete": found.complete,
        "rows": [_verdict(verdict) for verdict in found.verdicts],
        "late": [{**_named(one.material), **_delivery(one)} for one in found.late],
        "interruptions_unexplained": [
            {**_named(one), **_interruption(one, stretch)} for one, stretch in found.unexplained
        ],
        "damaged": [{**_named(one), "condition": one.condition} for one in found.damaged],
        "of_no_row": [{**_named(one.material), "reason": one.reason} for one in found.of_no_row],
    }


def timeline_document(stages: Mapping[str | None, Iterable[Moment]]) -> list[Document]:
    """The stages in their order; `stage` is null for records of which none is known."""
    return [
        {"stage": stage, "records": [_moment(one) for one in moments]}
        for stage, moments in stages.items()
    ]


def _verdict(verdict: Verdict) -> Document:
    row = verdict.row
    return {
        "id": row.id,
        "name": {"en": row.en, "zh": row.zh},
        "sort": "recording" if row.is_recording else "document",
        "stage": row.stage,
        "when": row.required,
        "required": verdict.required,
        "state": verdict.state,
        "lacking_seconds": round(verdict.lacking_time.total_seconds()),
        "asked": [_span(span) for span in verdict.asked],
        "lacking": [_span(span) for span in verdict.lacking],
        "records": [_counted(one) for one in verdict.counted],
        "volumes": list(verdict.volumes),
        "basis": row.basis,
    }


def _counted(one: Counted) -> Document:
    return {**_named(one.material), "by": one.by, "condition": one.material.condition}


def _named(one: Material) -> Document:
    return {"record": one.record, "name": one.shown, "kind": one.kind}


def _delivery(one: Delivery) -> Document:
    late = one.late_by
    return {
        "due": format_time(one.due),
        "received_at": format_time(one.material.received_at),
        "late_seconds": None if late is None else round(late.total_seconds()),
    }


def _interruption(one: Material, stretch: Interruption) -> Document:
    note = None if one.restricted else stretch.note
    return {**_span(stretch.span), "reason": stretch.reason, "note": note}


def _span(span: Span) -> Document:
    return {"from": format_time(span.start), "to": format_time(span.end)}


def _moment(one: Moment) -> Document:
    material = one.material
    delivery = _delivery(one.delivery) if one.delivery else {"due": None, "late_seconds": None}
    return {
        **_named(material),
        "title": None if material.restricted else material.title,
        "item": None if material.restricted else material.item,
        "start": format_time(one.start) if one.start else None,
        "end": format_time(one.end) if one.end else None,
        "received_at": format_time(material.received_at),
        "due": delivery["due"],
        "late_seconds": delivery["late_seconds"],
        "interruptions": [_interruption(material, stretch) for stretch in material.interruptions],
        "condition": material.condition,
        "rows": list(one.rows),
        "gone": material.gone,
        "restricted": material.restricted,
    }
