"""Files of access logs against the ledger: what is explained by what, and what is not.

    known = Known(scratch / "reconcile")
    known.take(stored_lines(places, trust))
    result = reconcile(known, Scope({"evidence-bucket": ""}), files, report)

Requests are taken as they come and forgotten; only counts by account stay in memory.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from archive.oversight.reconcile.auditd_log import FOLDER
from archive.oversight.reconcile.folder import FolderJudge
from archive.oversight.reconcile.judge import TOLERANCE, Explained, Judge
from archive.oversight.reconcile.known import Known
from archive.oversight.reconcile.request import Request, Unreadable

_MOST_ACCOUNTS = 10_000
_REST = ("", "…")


@dataclass(frozen=True, slots=True)
class Finding:
    """What no entry explains: a code of `judge.CODES`, and the request or the line."""

    code: str
    request: Request | Unreadable
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Buckets of evidence by name, with what stands before their keys; or a folder and its owner.

    `folder` is the root of evidence, `owner` the number of the account that the archive has.
    """

    buckets: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None
    owner: str = ""


@dataclass
class Result:
    """Counts. `work` and `looks` are by (work, account): requests, and bytes that were sent out.

    `foreign` counts requests about other buckets. `unseen` is how many accesses of the ledger, from
    the first to the last request, the log shows nothing of: more than a few say that it is not
    complete.
    """

    requests: int = 0
    findings: int = 0
    foreign: int = 0
    unseen: int = 0
    first: datetime | None = None
    last: datetime | None = None
    codes: Counter[str] = field(default_factory=Counter)
    work: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: Counter[tuple[str, str]] = field(default_factory=Counter)


Report = Callable[[Finding], None]


def reconcile(
    known: Known, scope: Scope, items: Iterable[Request | Unreadable], report: Report
) -> Result:
    """Judge every request; findings go to `report` as they are met."""
    result = Result()
    judges: dict[str, Judge | FolderJudge] = {}
    judges |= {name: Judge(known, prefix) for name, prefix in scope.buckets.items()}
    if scope.folder is not None:
        judges[FOLDER] = FolderJudge(known, scope.folder, scope.owner)
    for item in items:
        if isinstance(item, Unreadable):
            _found(result, report, Finding("LINE_UNREADABLE", item))
            continue
        judge = judges.get(item.bucket)
        if judge is None or not judge.concerns(item):
            result.foreign += 1
            continue
        _span(result, item.at)
        judged = judge.judge(item)
        if isinstance(judged, str):
            _found(result, report, Finding(judged, item, judge.key(item)))
        else:
            _count(result, judged, item)
    if result.first and result.last:
        result.unseen = known.unseen(result.first, result.last - TOLERANCE)
    return result


def _found(result: Result, report: Report, finding: Finding) -> None:
    result.findings += 1
    result.codes[finding.code] += 1
    report(finding)


def _span(result: Result, at: datetime) -> None:
    result.requests += 1
    result.first = min(at, result.first or at)
    result.last = max(at, result.last or at)


def _count(result: Result, judged: Explained | None, item: Request) -> None:
    pair = (judged.work if judged else "look", item.who)
    if pair not in result.work and len(result.work) >= _MOST_ACCOUNTS:
        pair = _REST
    result.work[pair] += 1
    result.sent[pair] += item.sent
