"""Completeness of many cases as a document: a line for each unit, then one for each case."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archive.completeness.coverage import Completeness, Verdict
from archive.documents.table import Chart, Column, Kind, Language, Table, Value
from archive.vocabulary import CATEGORIES, COVERAGE

_COLUMNS: tuple[tuple[str, str, str, Kind], ...] = (
    ("unit", "Unit", "单位", "text"),
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
    ("late", "Late", "逾期上传", "number"),
    ("on_time", "On time", "按时上传率", "share"),
    ("interruptions", "Interruptions without a reason", "未说明原因的中断", "number"),
    ("what", "What is not there", "缺失与不完整的事项", "text"),
)


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
    """What several cases have together."""

    cases: int = 0
    states: Counter[str] = field(default_factory=Counter)
    recordings: int = 0
    late: int = 0
    interruptions: int = 0

    def add(self, found: Completeness) -> None:
        """Count a case."""
        self.cases += 1
        self.states.update(verdict.state for verdict in found.required)
        self.recordings += len(found.deliveries)
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
        return (self.recordings - self.late) / self.recordings if self.recordings else None

    def values(self) -> tuple[Value, ...]:
        """The figures of a line."""
        states = [self.states[state] for state in ("covered", "partial", "missing", "excused")]
        uploads = (self.recordings, self.late, self.on_time)
        return (self.states.total(), *states, self.coverage, *uploads, self.interruptions)


def completeness_table(
    lines: Iterable[CaseLine],
    digest: str,
    span: tuple[str | None, str | None],
    made_at: datetime,
    lang: Language,
) -> Table:
    """The document; `digest` is that of the list in force, `span` the first and the last day."""
    zh = lang == "zh"
    cases = sorted(lines, key=lambda line: (line.unit, line.opened, line.number))
    units = _units(cases)
    title = "执法全过程记录完整性统计表" if zh else "Completeness of cases"
    return Table(
        title=title,
        columns=tuple(Column(key, cn if zh else en, kind) for key, en, cn, kind in _COLUMNS),
        rows=[*_unit_rows(units, zh=zh), *(_case_row(line, zh=zh) for line in cases)],
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


def _unit_rows(units: dict[str, Sums], *, zh: bool) -> Iterator[tuple[Value, ...]]:
    for unit, sums in units.items():
        count = f"{sums.cases} 件" if zh else f"{sums.cases} cases"
        yield (unit, count, None, None, *sums.values(), None)


def _case_row(line: CaseLine, *, zh: bool) -> tuple[Value, ...]:
    sums = Sums()
    sums.add(line.found)
    category = CATEGORIES[line.category][zh] if line.category in CATEGORIES else line.category
    what = "\n".join(_lack(one, zh=zh) for one in line.found.required if one.state != "covered")
    return (line.unit, line.number, category, line.opened, *sums.values(), what or None)


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
        yield f"Opened from {since or 'the beginning'} to {until or 'today'}: {cases} cases"
        yield f"By the list {digest}"
