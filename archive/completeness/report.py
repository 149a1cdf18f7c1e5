"""Completeness of many cases as a document: a line for each unit, then one for each case.

Where there are several units, the first line has all of them together.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archive.completeness.coverage import Completeness, Verdict
from archive.documents.table import Chart, Column, Kind, Language, Table, Value
from archive.vocabulary import CATEGORIES, COVERAGE

_COLUMNS: tuple[tuple[str, str, str, Kind], ...] = (
    ("kind", "Line", "行别", "text"),
    ("unit", "Unit", "单位", "text"),
    ("cases", "Cases", "案件数", "number"),
    ("case", "Case", "案号", "text"),
    ("category", "Category", "类别", "text"),
    ("opened", "Opened", "立案日期", "text"),
    ("required", "Required", "应有", "number"),
    ("covered", "Covered", "齐全", "number"),
    ("partial", "Partial", "不完整", "number"),
    ("missing", "Missing", "缺失", "number"),
    ("excused", "Excused", "免予", "number"),
    ("coverage", "Coverage", "齐全率", "share"),
    ("recordings", "Recordings", "录音录像", "number"),
    ("timed", "End known", "结束时间已知", "number"),
    ("late", "Late", "逾期上传", "number"),
    ("on_time", "On time", "按时上传率", "share"),
    ("interruptions", "Interruptions without a reason", "未说明原因的中断", "number"),
    ("what", "What is not there", "缺失与不完整的事项", "text"),
)
_KINDS = {"total": ("total", "合计"), "unit": ("unit", "单位"), "case": ("case", "案件")}


@dataclass(frozen=True, slots=True)
class CaseLine:
    """One case: what the register says of it, and what was found."""

    unit: str
    number: str
    category: str
    opened: str
    found: Completeness


@dataclass(slots=True)
class Sums:
    """What several cases have together. `timed` are recordings whose end is known."""

    cases: int = 0
    states: Counter[str] = field(default_factory=Counter)
    recordings: int = 0
    timed: int = 0
    late: int = 0
    interruptions: int = 0

    def add(self, found: Completeness) -> None:
        """Count a case."""
        self.cases += 1
        self.states.update(verdict.state for verdict in found.required)
        self.recordings += len(found.recordings)
        self.timed += len(found.deliveries)
        self.late += len(found.late)
        self.interruptions += len(found.unexplained)

    @property
    def coverage(self) -> float | None:
        """Covered rows among those required that are not excused; None without any."""
        asked = self.states.total() - self.states["excused"]
        return self.states["covered"] / asked if asked else None

    @property
    def on_time(self) -> float | None:
        """Recordings that came in time among those whose end is known; None without any."""
        return (self.timed - self.late) / self.timed if self.timed else None

    def values(self) -> tuple[Value, ...]:
        """The figures of a line."""
        states = [self.states[state] for state in ("covered", "partial", "missing", "excused")]
        uploads = (self.recordings, self.timed, self.late, self.on_time)
        return (self.states.total(), *states, self.coverage, *uploads, self.interruptions)


def completeness_table(
    lines: Iterable[CaseLine],
    digest: str,
    span: tuple[str | None, str | None],
    made_at: datetime,
    lang: Language,
    *,
    coded: bool = False,
) -> Table:
    """The document; `digest` is that of the list in force, `span` the first and the last day.

    `coded`: the kind of a line as its code, for programs.
    """
    zh = lang == "zh"
    cases = sorted(lines, key=lambda line: (line.unit, line.opened, line.number))
    units = _units(cases)
    title = "执法全过程记录完整性统计表" if zh else "Completeness of cases"
    return Table(
        title=title,
        columns=tuple(Column(key, cn if zh else en, kind) for key, en, cn, kind in _COLUMNS),
        rows=[
            (kind if coded else _KINDS[kind][zh], *row) for kind, row in _rows(units, cases, zh=zh)
        ],
        made_at=made_at,
        subtitle=tuple(_subtitle(digest, span, len(cases), zh=zh)),
        notes=(
            "齐全率=齐全事项÷（应有事项−免予事项）；按时上传率=按时上传数÷录制结束时间已知的录音录像数。"
            if zh
            else "Coverage: covered rows of those required and not excused. "
            "On time: of the recordings whose end is known.",
        ),
        charts=(
            Chart(
                "各单位齐全率" if zh else "Coverage by unit",
                tuple(
                    (unit, round(100 * sums.coverage, 1))
                    for unit, sums in units.items()
                    if sums.coverage is not None
                ),
                "%",
            ),
        ),
        lang=lang,
    )


def _units(cases: Sequence[CaseLine]) -> dict[str, Sums]:
    units: dict[str, Sums] = {}
    for line in cases:
        units.setdefault(line.unit, Sums()).add(line.found)
    return units


def _rows(
    units: dict[str, Sums], cases: Sequence[CaseLine], *, zh: bool
) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """The lines with their kinds."""
    if len(units) > 1:
        yield "total", _sum_row(None, _together(cases))
    for unit, sums in units.items():
        yield "unit", _sum_row(unit, sums)
    for line in cases:
        yield "case", _case_row(line, zh=zh)


def _sum_row(unit: str | None, sums: Sums) -> tuple[Value, ...]:
    return (unit, sums.cases, None, None, None, *sums.values(), None)


def _together(cases: Iterable[CaseLine]) -> Sums:
    sums = Sums()
    for line in cases:
        sums.add(line.found)
    return sums


def _case_row(line: CaseLine, *, zh: bool) -> tuple[Value, ...]:
    sums = _together([line])
    category = CATEGORIES[line.category][zh] if line.category in CATEGORIES else line.category
    what = "\n".join(_lack(one, zh=zh) for one in line.found.required if one.state != "covered")
    about = (line.unit, None, line.number, category, line.opened)
    return (*about, *sums.values(), what or None)


def _lack(verdict: Verdict, *, zh: bool) -> str:
    name, state = (verdict.row.zh if zh else verdict.row.en), COVERAGE[verdict.state][zh]
    seconds = round(verdict.lacking_time.total_seconds())
    if verdict.state != "partial":
        return f"{name}：{state}" if zh else f"{name}: {state}"
    return f"{name}：{state}，缺 {seconds} 秒" if zh else f"{name}: {state}, {seconds} s lacking"


def _subtitle(
    digest: str, span: tuple[str | None, str | None], cases: int, *, zh: bool
) -> Iterator[str]:
    since, until = span
    if zh:
        yield f"立案日期：{since or '最早'} 至 {until or '今日'}，共 {cases} 件"
        yield f"依据清单：{digest}"
    else:
        count = "1 case" if cases == 1 else f"{cases} cases"
        yield f"Opened from {since or 'the beginning'} to {until or 'today'}: {count}"
        yield f"By the list {digest}"
