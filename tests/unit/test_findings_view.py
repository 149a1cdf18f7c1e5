"""A report on screen, and the progress of a verification."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.report import LogHead, Report
from archive.verify.scope import Cases, Everything, OneRecord, Sample, Scope, Since
from cli import findings_view, language
from cli.findings_view import PhaseProgress, scope_words, show_report
from cli.kept import PolicyFile
from signing.digest import Digest
from signing.trust import LogKey, TrustPolicy, TsaRoot

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture
def policy() -> PolicyFile:
    key = LogKey(bytes(32), NOW)
    trusted = TrustPolicy("a.b/c", (key,), (b"root",), (TsaRoot(b"root", "internal"),))
    return PolicyFile(trusted, Digest.of("sha256", b"policy"), own=True)


def test_many_findings_of_one_code_are_counted(
    policy: PolicyFile, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report("everything", NOW)
    for number in range(25):
        report.add("CONTENT_ALTERED", f"record {number:02}")
    report.add("STALE", "main-2026")
    report.add("INTERNAL_TIME", "main-2026")
    report.heads.append(LogHead("main-2026", 60, "00", NOW))
    report.seconds = 2.0
    report.count("bytes", 4_000_000)
    show_report(report, policy)
    shown = capsys.readouterr().out
    assert shown.count("FAILED   ") >= 20
    assert "record 19" in shown
    assert "record 20" not in shown
    assert "CONTENT_ALTERED: 5 more." in shown
    assert shown.index("CONTENT_ALTERED") < shown.index("STALE") < shown.index("INTERNAL_TIME")
    assert "2.0 MB/s" in shown
    assert "main-2026, 60 entries" in shown


def test_a_report_in_chinese(policy: PolicyFile, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report("everything", NOW)
    report.add("CONTENT_MISSING", "record 1")
    language.choose("zh")
    try:
        show_report(report, policy)
    finally:
        language.choose("en")
    shown = capsys.readouterr().out
    assert "未通过 FAILED" in shown
    assert "结论" in shown
    assert "存证库自带副本" in shown


def test_a_control_character_cannot_reach_the_terminal(
    policy: PolicyFile, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = Report("everything", NOW)
    report.add("OBJECT_UNEXPECTED", "records/\x1b[2J\u202e")
    show_report(report, policy)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_each_phase_has_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int | None, list[int]]] = []
    closed: list[str] = []

    @contextmanager
    def fake(english: str, _: str, total: int | None, __: str) -> Iterator[object]:
        steps: list[int] = []
        seen.append((english, total, steps))
        yield steps.append
        closed.append(english)

    monkeypatch.setattr(findings_view, "progress", fake)
    with PhaseProgress() as progress:
        progress("entries", 256, 600)
        progress("entries", 600, 600)
        progress("bytes", 10, 100)
        progress("later", 1, 1)
    assert seen == [("Ledger", 600, [256, 344]), ("Records", 100, [10]), ("later", 1, [1])]
    assert closed == ["Ledger", "Records", "later"]


@pytest.mark.parametrize(
    ("scope", "chinese"),
    [
        (Everything(), "全部"),
        (OneRecord("01K"), "记录 01K"),
        (Cases(frozenset({"2026-1"})), "案件 2026-1"),
        (Since(datetime(2026, 3, 1, tzinfo=UTC)), "自 2026-03-01T00:00:00.000000Z 起"),
        (Sample(3, "s"), "抽样 3 份，种子 s"),
    ],
)
def test_what_was_verified_is_told_in_both_languages(scope: Scope, chinese: str) -> None:
    assert scope_words(str(scope)) == str(scope)
    language.choose("zh")
    try:
        assert scope_words(str(scope)) == chinese
    finally:
        language.choose("en")
