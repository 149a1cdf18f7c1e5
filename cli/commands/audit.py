"""`cunzheng audit`: what the storage itself saw, held against the ledger."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from archive.cause import cause
from archive.durable import FileSystem
from archive.oversight.reconcile.auditd_log import FOLDER
from archive.oversight.reconcile.judge import CODES
from archive.oversight.reconcile.known import Known
from archive.oversight.reconcile.logs import read_log
from archive.oversight.reconcile.request import Request, Unreadable
from archive.oversight.reconcile.run import Finding, Result, Scope, reconcile
from archive.oversight.sources import stored_lines
from archive.publish import Places
from archive.stored_log import LogTrust
from cli.clock import SystemClock
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.kept import PolicyOption, read_policy
from cli.language import say
from cli.output import (
    print_json,
    print_line,
    print_pairs,
    print_table,
    show_size,
    show_time,
    to_json,
)
from cli.progress import Advance, progress
from cli.settings import Settings
from cli.wiring_places import EVIDENCE, Opening, Purpose

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("The storage's own logs against the ledger.", "将存储自身的日志与账本对账。"),
)
_MOST_SHOWN = 10_000
_LINES_SHOWN = 20
"""Unreadable lines; a file of another kind has nothing else, and must not hide what is found."""
_WORKS = {
    "destroy": ("destruction", "销毁"),
    "ingest": ("sealing", "封存"),
    "keep": ("keeping", "保管期限维护"),
    "look": ("listings and sizes, without a cause", "未注明原因的列目录与查大小"),
    "own account": ("the archive's own account, else", "存证库账户的其他读取"),
    "probe": ("probe", "能力实测"),
    "rebuild": ("rebuild", "重建数据库"),
    "media": ("media, looked at", "音像检查与衍生"),
    "release": ("release", "调阅"),
    "replica": ("second copy", "第二副本"),
    "verify": ("verification", "核验"),
    "work": ("reports and the like", "报表等"),
}


@app.callback()
def group() -> None:
    """Hold the storage's logs against the ledger."""


@app.command(
    name="reconcile",
    help=say(
        "What was done in the storage that no entry explains.",
        "找出存储中没有账本条目可以解释的操作。",
    ),
    epilog=say("Example: ", "示例：") + "cunzheng audit reconcile --access-log logs/2026-11-*",
)
def reconcile_logs(
    context: typer.Context,
    access_log: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=say(
                "File of a server's access log (AWS, Ceph) or of auditd; again for more.",
                "服务器访问日志（AWS、Ceph）或 auditd 日志文件，可重复。",
            ),
        ),
    ] = None,
    policy: PolicyOption = None,
) -> None:
    """Reconcile; code 1 where anything is unexplained, 3 where nothing could be seen."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    files = access_log or []
    shown = _Shown()
    trusted = read_policy(policy, home).policy
    trust = LogTrust(settings.archive, trusted.log_keys[-1].key)
    places = Opening(settings, home, FileSystem(), SystemClock()).places(Purpose.VERIFY)
    with TemporaryDirectory(prefix="cunzheng-") as folder, cause("verify"):
        result = _reconciled(
            Path(folder), places, trust, scope_of(settings, home), files, shown.take
        )
    if invocation.json:
        print_json(document(result, shown.findings, settings))
    else:
        _show(result, shown.findings, settings, files)
    raise typer.Exit(int(_code(result)))


class _Shown:
    """The findings that are told one by one; all are counted."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._lines = 0

    def take(self, finding: Finding) -> None:
        """Keep it, if there is room for its kind."""
        unreadable = isinstance(finding.request, Unreadable)
        if len(self.findings) >= _MOST_SHOWN or (unreadable and self._lines == _LINES_SHOWN):
            return
        self._lines += unreadable
        self.findings.append(finding)


def _reconciled(
    folder: Path, places: Places, trust: LogTrust, scope: Scope, files: list[Path], note: Any
) -> Result:
    known = Known(folder / "known")
    try:
        known.take(stored_lines(places, trust))
        with progress("Reading logs", "正在读取日志", None, say("lines", "行")) as advance:
            return reconcile(known, scope, _read(files, advance), note)
    finally:
        known.close()


def _read(files: list[Path], advance: Advance) -> Iterator[Request | Unreadable]:
    for file in files:
        for item in read_log(file):
            advance(1)
            yield item


def scope_of(settings: Settings, home: Path) -> Scope:
    """Where evidence stands, as access logs name it: the store, and a second copy in a bucket."""
    buckets = {}
    for place in (settings.store, settings.replica):
        if place.startswith("s3://"):
            name, _, prefix = place.removeprefix("s3://").partition("/")
            buckets[name] = f"{prefix}/" if prefix else ""
    if settings.in_bucket:
        return Scope(buckets)
    root = (settings.store_path(home) / EVIDENCE).resolve()
    return Scope(buckets, str(root), str(root.stat().st_uid))


def _code(result: Result) -> ExitCode:
    if result.findings:
        return ExitCode.FAILED
    return ExitCode.FINE if result.requests else ExitCode.UNDETERMINED


def document(result: Result, shown: list[Finding], settings: Settings) -> dict[str, Any]:
    """The report for programs."""
    return {
        "seen": not _blind(result, settings),
        "requests": result.requests,
        "other_places": result.foreign,
        "first": to_json(result.first),
        "last": to_json(result.last),
        "findings": [_value(finding) for finding in shown],
        "finding_count": result.findings,
        "codes": dict(sorted(result.codes.items())),
        "explained": [
            {"work": work, "who": who, "requests": count, "bytes": result.sent[work, who]}
            for (work, who), count in sorted(result.work.items())
        ],
        "accesses_not_in_log": result.unseen,
    }


def _value(finding: Finding) -> dict[str, Any]:
    item = finding.request
    value: dict[str, Any] = {"code": finding.code, "source": item.source}
    if isinstance(item, Request):
        value |= {
            "at": to_json(item.at),
            "who": item.who,
            "address": item.address,
            "act": item.act.value,
            "operation": item.operation,
            "key": finding.key,
            "status": item.status,
            "bytes": item.sent,
            "cause": item.cause or None,
        }
    else:
        value["reason"] = item.reason
    return {**value, "sentence": say(*CODES[finding.code])}


def _blind(result: Result, settings: Settings) -> bool:
    return not settings.in_bucket and not result.requests


def _show(result: Result, shown: list[Finding], settings: Settings, files: list[Path]) -> None:
    if _blind(result, settings):
        print_line(
            say(
                "Reads outside the archive cannot be seen: the store is a folder, and there are no"
                " records of the audit system about it.",
                "无法看到系统之外的读取：存储是目录，且没有与之相关的审计系统记录。",
            )
        )
    elif not files:
        print_line(
            say(
                "Nothing was looked at: name the server's logs with --access-log.",
                "未查看任何日志：请用 --access-log 指定服务器的访问日志。",
            )
        )
    span = None
    if result.first and result.last:
        span = f"{show_time(result.first)} – {show_time(result.last)}"
    print_pairs(
        [
            (say("files", "日志文件"), len(files)),
            (say("requests", "请求数"), result.requests),
            (say("from, to", "起止时间"), span),
            (say("about other places", "涉及其他位置"), result.foreign),
            (say("accesses that the log does not show", "日志中未见的调阅"), result.unseen),
            (say("unexplained", "无法解释"), result.findings),
        ]
    )
    if result.work:
        headings = (say("work", "工作"), say("account", "账户"), say("requests", "请求数"))
        rows = [
            (say(*_WORKS.get(work, (work, work))), who, count, show_size(result.sent[work, who]))
            for (work, who), count in sorted(result.work.items())
        ]
        print_table((*headings, say("sent", "发送")), rows)
    if shown:
        _show_findings(shown)
        _show_more(result.findings - len(shown), result.codes["LINE_UNREADABLE"])


def _show_findings(shown: list[Finding]) -> None:
    print_line(say("Unexplained:", "无法解释的操作："))
    for finding in shown:
        item = finding.request
        print_line(f"  {finding.code}  {item.source}")
        if isinstance(item, Request):
            place = item.key if item.bucket == FOLDER else finding.key
            print_line(
                f"    {show_time(item.at)}  {item.who}  {item.address}  {item.operation}"
                f"  {place or '–'}  {item.status}"
            )
        print_line(f"    {say(*CODES[finding.code])}")


def _show_more(more: int, unreadable: int) -> None:
    if more:
        print_line(say(f"  … and {more} more", f"  ……另有 {more} 项"))
    if unreadable > _LINES_SHOWN:
        print_line(
            say(
                f"{unreadable} lines cannot be read; are these logs of the store's server?",
                f"{unreadable} 行无法识别；所给文件是否为存储服务器的日志？",
            )
        )
