"""`cunzheng replica begin|sync|repair`: the second copy."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import typer

from archive.copying import Copier
from archive.durable import FileSystem
from archive.errors import UsageError
from archive.findings import Outcome
from archive.introducing import said_of
from archive.repair import Inspection, Repair, Repaired
from archive.replica import REPLICA
from archive.storage_level import NO_LOCKS
from archive.stores.directory import DirectoryStore
from archive.verify import Kit
from cli.exits import ExitCode
from cli.findings_view import PhaseProgress, show_report
from cli.invocation import Invocation
from cli.kept import PolicyOption, read_policy
from cli.language import say
from cli.output import print_json, print_line, print_pairs
from cli.progress import progress
from cli.service.home_lock import hosting
from cli.wiring import Workbench
from cli.wiring_copy import copy_now, replicator_of, side_of
from cli.wiring_places import EVIDENCE, LIVE
from cli.wiring_stock import SCRATCH, first_of, replica_of
from retention.law import RetentionLaw

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("The second copy of all evidence.", "全部证据的第二副本。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng replica "
_SHOWN = 20
_SPOOL = "repair-"


@app.command(
    help=say("Prepare a new second copy and introduce it.", "准备新的第二副本并载入账本。"),
    epilog=_EXAMPLE + "begin",
)
def begin(context: typer.Context) -> None:
    """Make its folders, or try its bucket out; its name goes onto the ledger."""
    invocation = Invocation.of(context)
    bench = _bench(invocation)
    context.with_resource(hosting(bench.home))
    if not bench.settings.replica_in_bucket:
        for name in (EVIDENCE, LIVE, SCRATCH):
            bench.fs.mkdir(bench.settings.replica_path(bench.home) / name)
    replicator_of(bench)
    bench.sealer.drain()
    with bench.database.read() as connection:
        said = said_of(connection, REPLICA)
    level = said["level"] if said else NO_LOCKS
    place = bench.settings.replica
    if invocation.json:
        print_json({"place": place, "level": level})
        return
    print_pairs([(say("second copy", "第二副本"), place), (say("level", "保护级别"), level)])
    print_line(
        say(
            "Everything is copied by `watch`, `serve`, `ingest`, or now by: cunzheng replica sync",
            "由 watch、serve、ingest 自动复制，或立即运行：cunzheng replica sync",
        )
    )


@app.command(help=say("Copy now what waits.", "立即复制待写内容。"), epilog=_EXAMPLE + "sync")
def sync(context: typer.Context) -> None:
    """Copy what is queued, and say how much it was."""
    invocation = Invocation.of(context)
    bench = _bench(invocation)
    with progress("Copying", "正在复制", None, say("objects", "个对象")) as advance:
        done = copy_now(bench, advance=advance)
    if invocation.json:
        print_json({"copied": done.objects if done else None, "aside": done.aside if done else 0})
    elif done is None:
        print_line(say("Another process is copying already.", "已有另一进程正在复制。"))
    else:
        print_line(say(f"Copied: {done.objects} objects.", f"已复制 {done.objects} 个对象。"))
        _tell_aside(done.aside)
    if done is not None and done.aside:
        raise typer.Exit(int(ExitCode.FAILED))


@app.command(
    help=say(
        "Write again what either copy lacks and the ledger proves.",
        "凡任一副本缺失且经账本证明的内容，重新写入。",
    ),
    epilog=_EXAMPLE + "repair",
)
def repair(
    context: typer.Context,
    policy: PolicyOption = None,
) -> None:
    """Verify both together, then write what is missing; nothing is overwritten."""
    invocation = Invocation.of(context)
    bench = _bench(invocation)
    context.with_resource(hosting(bench.home))
    trusted = read_policy(policy, bench.home)
    first, copy = side_of(first_of(bench)), side_of(replica_of(bench))
    folder = _fresh(bench.home)
    try:
        with PhaseProgress() as phases:
            inspection = Inspection(
                trusted.policy,
                Kit(own_policy=trusted.own, law=RetentionLaw()),
                bench.clock.now(),
                phases,
            )
            copier = Copier(folder / "staged", bench.fs)
            work = Repair(bench.database, first, copy, replicator_of(bench), copier)
            done = work.run(inspection, _spool(folder, bench.fs))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if invocation.json:
        print_json(_document(done))
    else:
        show_report(done.report, trusted)
        _tell(done)
    raise typer.Exit(int(_code(done)))


def _bench(invocation: Invocation) -> Workbench:
    home, settings = invocation.settings()
    if not settings.replica:
        raise UsageError(
            say("The settings name no second copy.", "设置中没有第二副本（replica）。")
        )
    return Workbench(home, settings)


def _fresh(home: Path) -> Path:
    """An empty folder on the disk of the store; what killed repairs left behind is removed."""
    for left in home.glob(f"{_SPOOL}*"):
        shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=_SPOOL, dir=home))


def _spool(folder: Path, fs: FileSystem) -> DirectoryStore:
    for name in ("fetched", SCRATCH):
        fs.mkdir(folder / name)
    return DirectoryStore(folder / "fetched", folder / SCRATCH, fs)


def _document(done: Repaired) -> dict[str, Any]:
    return {
        "restored": done.restored,
        "copied": done.copied,
        "aside": done.aside,
        "unproved": done.unproved,
        "report": done.report.to_value(),
    }


def _tell(done: Repaired) -> None:
    print_pairs(
        [
            (say("restored in the first store", "第一存储已恢复"), len(done.restored)),
            (say("copied to the second", "已写入第二副本"), done.copied),
            (say("not proved, left alone", "未经证明，未处理"), len(done.unproved)),
        ]
    )
    for key in done.unproved[:_SHOWN]:
        print_line(f"  {key}")
    _tell_aside(done.aside)


def _tell_aside(count: int) -> None:
    if count:
        print_line(
            say(
                f"{count} object(s) have other bytes in one of the two places, or are missing in"
                " the first: cunzheng verify --storage says which.",
                f"{count} 个对象在两处内容不同，或第一存储缺失："
                "请运行 cunzheng verify --storage 查看。",
            )
        )


def _code(done: Repaired) -> ExitCode:
    if done.unproved or done.aside or done.report.outcome is Outcome.FAILED:
        return ExitCode.FAILED
    if done.report.outcome is Outcome.INDETERMINATE:
        return ExitCode.UNDETERMINED
    return ExitCode.FINE
