"""Whatever a case has: the same gives the same, and more recordings never make it worse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from completeness_cases import LIST, OPEN, between, gap, material
from hypothesis import given
from hypothesis import strategies as st

from archive.completeness.coverage import examine
from archive.completeness.material import Material, counted, spans_of, texts_of
from archive.completeness.spans import Span, minus, total, union
from archive.vocabulary import CONDITIONS, INTERRUPTIONS, STAGES

MINUTES = st.integers(-30, 90)
SPANS = st.tuples(MINUTES, MINUTES).map(lambda pair: between(min(pair), max(pair)))
RANK = {"covered": 3, "excused": 2, "not_required": 2, "partial": 1, "missing": 0}
NAMES = st.sampled_from(
    ["a", "检查录像", "检查笔录", "询问录音", "询问笔录", "物证", "立案", "决定书", "决定书回证"]
)
ITEMS = st.sampled_from([None, None, "scene", "现场检查", "talk", "note", "别的"])


@st.composite
def gaps(draw: st.DrawFn) -> object:
    start, end = sorted((draw(MINUTES), draw(MINUTES)))
    return gap(start, end, draw(st.sampled_from([None, *INTERRUPTIONS])))


@st.composite
def materials(
    draw: st.DrawFn, kinds: tuple[str, ...] = ("video", "audio", "photo", "text")
) -> Material:
    number, span = (
        draw(st.integers(0, 10**9)),
        draw(st.none() | st.tuples(MINUTES, MINUTES).map(sorted)),
    )
    return material(
        f"{draw(NAMES)}-{number}",
        draw(st.sampled_from(kinds)),
        span=span,
        item=draw(ITEMS),
        stage=draw(st.sampled_from([None, None, *STAGES])),
        duration=draw(st.none() | st.integers(0, 7200).map(lambda s: timedelta(seconds=s))),
        interruptions=tuple(draw(st.lists(gaps(), max_size=2))),
        condition=draw(st.sampled_from([None, *CONDITIONS])),
        gone=draw(st.sampled_from([False, False, False, True])),
    )


FACTS = st.builds(
    replace,
    st.just(OPEN),
    closed=st.booleans(),
    importance=st.sampled_from(["ordinary", "major"]),
)
CASES = st.lists(materials(), max_size=8, unique_by=lambda one: one.record)
EXCUSED = st.sets(st.sampled_from([row.id for row in LIST.rows]), max_size=3)


def _whole(one: Material) -> bool:
    """Whether it holds all that its own sidecar claims, but for interruptions with a reason."""
    if one.claimed is None:
        return True
    stated = [stretch.span for stretch in one.interruptions if stretch.is_stated]
    return not minus(minus([one.claimed], stated), one.recorded())


@given(st.lists(SPANS, max_size=8), st.lists(SPANS, max_size=8))
def test_spans_add_up(some: list[Span], others: list[Span]) -> None:
    assert total(minus(some, others)) + total(minus(some, minus(some, others))) == total(some)
    assert total(minus(some, others)) + total(others) == total([*some, *others])
    assert union(minus(some, others)) == minus(some, others)


@given(CASES, FACTS, EXCUSED, st.randoms(use_true_random=False))
def test_the_same_records_give_the_same(
    case: list[Material], facts: object, excused: set[str], random: object
) -> None:
    shuffled = list(case)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert examine(LIST, facts, case, excused) == examine(LIST, facts, shuffled, excused)  # type: ignore[arg-type]


@given(CASES, FACTS, EXCUSED, materials(kinds=("video", "audio")))
def test_another_recording_never_makes_it_worse(
    case: list[Material], facts: object, excused: set[str], added: Material
) -> None:
    before = examine(LIST, facts, case, excused)  # type: ignore[arg-type]
    after = examine(LIST, facts, [*case, added], excused)  # type: ignore[arg-type]
    whole = all(map(_whole, (*case, added)))
    rows, here = LIST.of("penalty"), [one for one in case if not one.gone]
    for old, new in zip(before.verdicts, after.verdicts, strict=True):
        assert new.required is old.required
        written = spans_of(texts_of(old.row, counted(rows, here), here))
        if old.row.is_recording and not written and not whole:
            continue  # held to what the recordings claim of themselves
        assert RANK[new.state] >= RANK[old.state], (old, new)
        if old.state == new.state == "partial":
            assert new.lacking_time <= old.lacking_time
