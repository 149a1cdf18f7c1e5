"""Figures of supervision (domain: uses and metrics), from events alone, in one pass.

What cannot be computed from the records that there are is named as not available, never as 0.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from archive import vocabulary
from archive.documents.table import Chart, Column, Language, Table, Value
from archive.oversight import events as ev
from archive.oversight.alerts.alert import Alert
from archive.oversight.events import Event
from archive.oversight.reading import Reader
from archive.times import SHANGHAI

NOT_AVAILABLE: tuple[tuple[str, str, str], ...] = (
    ("coverage_rate", "see `report completeness`", "见 report completeness"),
    ("on_time_upload_rate", "see `report completeness`", "见 report completeness"),
    ("review_on_time_rate", "legal reviews are not recorded yet", "法制审核尚未登记"),
    ("publish_on_time_rate", "publications are not recorded yet", "公示尚未登记"),
    ("reviewer_ratio", "needs the establishment of each unit", "须有各单位编制人数"),
    ("on_time_return_rate", "no due date is agreed for copies", "副本未约定归还期限"),
)


_OF_ANY_UNIT = (ev.Accessioned, ev.CaseChanged, ev.Decided, ev.Inspected)
"""Not counted by the unit of who wrote them."""


@dataclass
class Figures:
    """Counts within a span of time; `unit` keeps only what people of that unit did."""

    since: datetime | None = None
    until: datetime | None = None
    unit: str | None = None
    by_purpose: Counter[str] = field(default_factory=Counter)
    by_unit: Counter[str] = field(default_factory=Counter)
    by_person: Counter[str] = field(default_factory=Counter)
    by_month: Counter[str] = field(default_factory=Counter)
    by_action: Counter[str] = field(default_factory=Counter)
    denied: Counter[str] = field(default_factory=Counter)
    denied_other: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    case_units: Counter[str] = field(default_factory=Counter)
    accessions: Counter[str] = field(default_factory=Counter)
    inspections: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    approval_seconds: list[float] = field(default_factory=list)
    _asked: dict[str, datetime] = field(default_factory=dict)
    _waiting: dict[str, datetime] = field(default_factory=dict)

    def see(self, event: Event, reader: Reader) -> None:
        """Count one event; `reader` knows the cases."""
        if (self.since and event.at < self.since) or (self.until and event.at >= self.until):
            return
        if self.unit and event.unit != self.unit and not isinstance(event, _OF_ANY_UNIT):
            return
        match event:
            case ev.Requested():
                self.totals["requests"] += 1
            case ev.Decided():
                self._decided(event)
            case ev.Started():
                self._started(event)
            case ev.Ended():
                self.totals["bytes"] += event.bytes
                self.totals["aborted"] += event.code is not None
            case ev.Denied():
                counts = self.denied if event.of_retrieval else self.denied_other
                counts[event.code] += 1
            case ev.Concealed() if not event.ended:
                self.totals["concealed"] += 1
            case ev.Returned():
                self.totals["destroyed" if event.destroyed else "returned"] += event.count
            case _:
                self._records(event, reader)

    def _decided(self, event: ev.Decided) -> None:
        asked = event.asked
        if asked is None or (self.unit and asked.unit != self.unit):
            return
        if event.decision == "refuse":
            self.totals["refused"] += 1
        elif event.decision == "approve":
            self._asked[event.request] = asked.at
            self._waiting[event.request] = event.at

    def _started(self, event: ev.Started) -> None:
        self.totals["accesses"] += 1
        self.by_purpose[event.purpose or "-"] += 1
        self.by_unit[event.unit or "-"] += 1
        self.by_person[event.person or "-"] += 1
        self.by_action[event.action] += 1
        self.by_month[_month(event.at)] += 1
        self.totals["copies"] += (event.copies or {}).get("count", 0)

    def _records(self, event: Event, reader: Reader) -> None:
        if isinstance(event, ev.Accessioned):
            self.accessions[_month(event.at)] += 1
        elif isinstance(event, ev.Inspected):
            self.inspections[event.result] += 1
        elif isinstance(event, ev.CaseChanged) and event.kind == "case.opened":
            case = reader.cases[event.case]
            if not self.unit or case.unit == self.unit:
                self.cases[case.category] += 1
                self.case_units[case.unit] += 1

    def note_alerts(self, alerts: Iterable[Alert]) -> None:
        """Count alerts of the span."""
        for alert in alerts:
            early = self.since and alert.at < self.since
            late = self.until and alert.at >= self.until
            if not early and not late and (not self.unit or alert.unit == self.unit):
                self.alerts[alert.rule] += 1
                self.totals["alerts_open"] += alert.handled is None

    def median_approval(self) -> timedelta | None:
        """From asking to the last approval, whatever became of the request; None without any."""
        waits = [
            (at - self._asked[request]).total_seconds() for request, at in self._waiting.items()
        ]
        return timedelta(seconds=median(waits)) if waits else None


def statistics_table(figures: Figures, made_at: datetime, lang: Language) -> Table:
    """The figures as a document; charts of purposes, units and months on pages."""
    zh = lang == "zh"
    titles = (("metric", "Metric", "指标"), ("of", "Of", "分组"), ("value", "Value", "数值"))
    columns = tuple(
        Column(key, cn if zh else en, "number" if key == "value" else "text")
        for key, en, cn in titles
    )
    return Table(
        title="执法监督统计表" if zh else "Statistics of supervision",
        columns=(*columns, Column("unit", "单位" if zh else "Unit")),
        rows=list(_rows(figures, zh=zh)),
        made_at=made_at,
        subtitle=tuple(_span(figures, zh=zh)),
        notes=(
            "“无法提供”表示现有登记不足以计算，不等于零。"
            if zh
            else "Not available means that what is recorded does not suffice; it is not zero.",
        ),
        charts=tuple(_charts(figures, zh=zh)),
        lang=lang,
    )


def _rows(figures: Figures, *, zh: bool) -> Iterator[tuple[Value, ...]]:
    totals = figures.totals
    times = "次" if zh else "times"
    for metric, value, unit in (
        ("retrieval_count", totals["accesses"], times),
        ("request_count", totals["requests"], "件" if zh else "requests"),
        ("refused_count", totals["refused"], "件" if zh else "requests"),
        ("denied_tries", figures.denied.total(), times),
        ("denied_other", figures.denied_other.total(), times),
        ("concealed_count", totals["concealed"], times),
        ("aborted_count", totals["aborted"], times),
        ("bytes_handed_out", totals["bytes"], "B"),
        ("copies_given", totals["copies"], "份" if zh else "copies"),
        ("copies_returned", totals["returned"], "份" if zh else "copies"),
        ("copies_destroyed", totals["destroyed"], "份" if zh else "copies"),
        ("abnormal_access_count", figures.alerts.total(), "条" if zh else "alerts"),
        ("alerts_open", totals["alerts_open"], "条" if zh else "alerts"),
    ):
        yield (_metric(metric, zh=zh), None, value, unit)
    yield _approval(figures, zh=zh)
    yield _fixity(figures, zh=zh)
    yield from _groups(figures, zh=zh)
    for metric, why, why_zh in NOT_AVAILABLE:
        yield (_metric(metric, zh=zh), why_zh if zh else why, None, _missing(zh=zh))


def _missing(*, zh: bool) -> str:
    return "无法提供" if zh else "not available"


def _approval(figures: Figures, *, zh: bool) -> tuple[Value, ...]:
    found, name = figures.median_approval(), _metric("median_approval_time", zh=zh)
    if found is None:
        none = "期间无批准" if zh else "nothing was approved"
        return (name, none, None, _missing(zh=zh))
    minutes = found.total_seconds() / 60
    return (name, None, round(minutes, 1), "分钟" if zh else "minutes")


def _fixity(figures: Figures, *, zh: bool) -> tuple[Value, ...]:
    total, name = figures.inspections.total(), _metric("fixity_pass_rate", zh=zh)
    if not total:
        none = "期间无检验" if zh else "no inspection is on the ledger"
        return (name, none, None, _missing(zh=zh))
    passed = figures.inspections["PASSED"]
    return (name, f"{passed}/{total}", round(100 * passed / total, 1), "%")


def _groups(figures: Figures, *, zh: bool) -> Iterator[tuple[Value, ...]]:
    times = "次" if zh else "times"
    alerts, cases = ("条", "件") if zh else ("alerts", "cases")
    for metric, by, counts, labels, unit in (
        ("retrieval_count", ("purpose", "用途"), figures.by_purpose, vocabulary.PURPOSES, times),
        ("retrieval_count", ("action", "方式"), figures.by_action, vocabulary.ACTIONS, times),
        ("retrieval_count", ("unit", "单位"), figures.by_unit, {}, times),
        ("retrieval_count", ("person", "人员"), figures.by_person, {}, times),
        ("retrieval_count", ("month", "月份"), figures.by_month, {}, times),
        ("denied_tries", ("code", "代码"), figures.denied, {}, times),
        ("denied_other", ("code", "代码"), figures.denied_other, {}, times),
        ("abnormal_access_count", ("rule", "规则"), figures.alerts, {}, alerts),
        ("case_count", ("category", "类别"), figures.cases, vocabulary.CATEGORIES, cases),
        ("case_count", ("unit", "单位"), figures.case_units, {}, cases),
        ("record_count", ("month", "月份"), figures.accessions, {}, "件" if zh else "records"),
    ):
        for key, count in sorted(counts.items()):
            of = f"{by[1 if zh else 0]}: {_label(labels, key, zh=zh)}"
            yield (_metric(metric, zh=zh), of, count, unit)


_METRICS = {
    "retrieval_count": "调阅次数",
    "request_count": "申请件数",
    "refused_count": "拒绝件数",
    "denied_tries": "被拒调阅",
    "denied_other": "其他被拒绝的操作",
    "concealed_count": "保密调阅",
    "aborted_count": "中止次数",
    "bytes_handed_out": "交付字节",
    "copies_given": "交付副本",
    "copies_returned": "归还副本",
    "copies_destroyed": "销毁副本",
    "abnormal_access_count": "异常调阅",
    "alerts_open": "未处置告警",
    "median_approval_time": "审批时长中位数",
    "fixity_pass_rate": "检验合格率",
    "case_count": "案件数",
    "record_count": "入库记录数",
    "coverage_rate": "记录覆盖率",
    "on_time_upload_rate": "按时归档率",
    "review_on_time_rate": "按时审核率",
    "publish_on_time_rate": "按时公示率",
    "reviewer_ratio": "法审人员比例",
    "on_time_return_rate": "按期归还率",
}


def _metric(name: str, *, zh: bool) -> str:
    return f"{_METRICS[name]} ({name})" if zh else name


def _label(labels: vocabulary.Labels, key: str, *, zh: bool) -> str:
    return labels[key][1 if zh else 0] if key in labels else key


def _charts(figures: Figures, *, zh: bool) -> Iterator[Chart]:
    named: Sequence[tuple[str, str, Counter[str], vocabulary.Labels]] = (
        ("Accesses by purpose", "按用途的调阅次数", figures.by_purpose, vocabulary.PURPOSES),
        ("Accesses by unit", "按单位的调阅次数", figures.by_unit, {}),
        ("Accesses by month", "按月的调阅次数", figures.by_month, {}),
        ("Alerts by rule", "按规则的告警", figures.alerts, {}),
    )
    for en, cn, counts, labels in named:
        if counts:
            bars = tuple((_label(labels, key, zh=zh), n) for key, n in sorted(counts.items()))
            yield Chart(cn if zh else en, bars)


def _span(figures: Figures, *, zh: bool) -> Iterator[str]:
    since, until = (m and m.astimezone(SHANGHAI).date() for m in (figures.since, figures.until))
    if since or until:
        yield f"{'期间' if zh else 'Period'}: {since or ''} – {until or ''}"
    if figures.unit:
        yield f"{'单位' if zh else 'Unit'}: {figures.unit}"


def _month(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m")
