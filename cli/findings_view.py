"""A verification's report as people read it, and its progress."""

import re
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from archive.findings import FINDINGS, Outcome
from archive.report import Finding, Report
from cli.kept import PolicyFile
from cli.language import current, say
from cli.output import print_line, print_pairs, print_table, show_size
from cli.progress import Advance, progress

_SHOWN_PER_CODE = 20
_PHASES = {
    "entries": ("Ledger", "核验账本", ""),
    "seals": ("Seals", "核验封存", ""),
    "bytes": ("Records", "核验记录", "B"),
    "storage": ("Storage", "核验存储", ""),
}


class PhaseProgress(AbstractContextManager["PhaseProgress"]):
    """One progress line after the other, one for each phase of a verification."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._phase = ""
        self._done = 0
        self._advance: Advance = lambda _: None

    def __call__(self, phase: str, done: int, total: int) -> None:
        """See archive.verify.run.Progress."""
        if phase != self._phase:
            self._stack.close()
            english, chinese, unit = _PHASES.get(phase, (phase, phase, ""))
            line = progress(english, chinese, total, unit)
            self._advance = self._stack.enter_context(line)
            self._phase, self._done = phase, 0
        self._advance(done - self._done)
        self._done = done

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def show_report(report: Report, policy: PolicyFile) -> None:
    """Findings first, then the summary."""
    _table(report, report.findings)
    _table(report, report.remarks)
    _advice(report.findings)
    print_pairs(_summary(report, policy))


def _table(report: Report, findings: list[Finding]) -> None:
    if not findings:
        return
    rank = {Outcome.FAILED: 0, Outcome.INDETERMINATE: 1, Outcome.INFO: 2}
    rows: list[tuple[object, ...]] = []
    shown: dict[str, int] = {}
    for finding in sorted(findings, key=lambda f: (rank[f.outcome], f.code, f.subject)):
        shown[finding.code] = shown.get(finding.code, 0) + 1
        if shown[finding.code] <= _SHOWN_PER_CODE:
            rows.append(
                (
                    show_outcome(finding.outcome),
                    finding.code,
                    finding.subject,
                    finding.sentence(current()),
                )
            )
    headings = (
        say("outcome", "结果"),
        say("code", "代码"),
        say("subject", "对象"),
        say("finding", "发现"),
    )
    print_table(headings, rows)
    for code, count in shown.items():
        more = report.counts[code] - _SHOWN_PER_CODE
        if count > _SHOWN_PER_CODE:
            print_line(say(f"{code}: {more} more.", f"{code}：另有 {more} 项。"))


def _advice(findings: list[Finding]) -> None:
    for code in sorted({finding.code for finding in findings}):
        print_line(f"{code}: {FINDINGS[code].advice[current()]}")
    if findings:
        print_line()


def scope_words(scope: str) -> str:
    """What was verified, as a report has it, in the chosen language."""
    for pattern, chinese in _SCOPES:
        if found := re.fullmatch(pattern, scope):
            return say(scope, chinese.format(*found.groups()))
    return scope


_SCOPES = (
    (r"everything", "全部"),
    (r"record (.+)", "记录 {}"),
    (r"case (.+)", "案件 {}"),
    (r"since (.+)", "自 {} 起"),
    (r"sample of (\d+), seed (.+)", "抽样 {} 份，种子 {}"),
)


def _summary(report: Report, policy: PolicyFile) -> list[tuple[str, object]]:
    size, seconds = report.checked["bytes"], report.seconds
    rate = size / 1e6 / seconds if seconds > 0 else 0.0
    own = say(" (the archive's own copy)", "（存证库自带副本）") if policy.own else ""
    return [
        (say("outcome", "结论"), show_outcome(report.outcome)),
        (say("scope", "范围"), scope_words(report.scope)),
        *(
            (
                say("log", "日志"),
                say(f"{head.log}, {head.size} entries", f"{head.log}，{head.size} 条"),
            )
            for head in report.heads
        ),
        (say("records", "记录"), report.checked["records"]),
        (say("bytes read", "读取"), f"{show_size(size)} ({size})"),
        *_of_storage(report),
        (say("seconds", "用时（秒）"), f"{seconds:.2f}"),
        (say("rate", "速率"), f"{rate:.1f} MB/s"),
        (say("policy", "策略"), f"{policy.digest}{own}"),
        (say("failed", "未通过"), report.number(Outcome.FAILED)),
        (say("undetermined", "无法确定"), report.number(Outcome.INDETERMINATE)),
    ]


def _of_storage(report: Report) -> list[tuple[str, object]]:
    """How many objects were looked at besides their bytes; nothing where that was not asked for."""
    named = {
        "protections": ("protection checked", "已核验保护状态"),
        "compared": ("compared with the copy", "已与副本比对"),
    }
    return [(say(*named[key]), report.checked[key]) for key in named if key in report.checked]


def show_outcome(outcome: Outcome) -> str:
    """The outcome in the chosen language; the English word is the stable one."""
    chinese = {
        Outcome.PASSED: "通过",
        Outcome.FAILED: "未通过",
        Outcome.INDETERMINATE: "无法确定",
        Outcome.INFO: "提示",
    }
    return say(outcome.value, f"{chinese[outcome]} {outcome.value}")
