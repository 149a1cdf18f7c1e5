"""`cunzheng rebuild`: the database again, from the store alone."""

from dataclasses import replace
from pathlib import Path

import typer

from archive.cause import cause
from archive.locations import Locations
from archive.ports import ObjectStore
from archive.rebuild import Rebuilt, rebuild
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_pairs, show_path
from cli.progress import Advance, progress
from cli.service.home_lock import serving
from cli.wiring import Workbench
from cli.wiring_places import Purpose
from retention.law import RetentionLaw


def run(context: typer.Context) -> None:
    """Rebuild it; the old database stays beside it."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    context.with_resource(serving(home))
    workbench = Workbench(home, settings)
    # What the old database knew of versions is not asked: everything is found again.
    places = replace(workbench.opening, book=None).places(Purpose.INGEST)
    with (
        cause("rebuild"),
        progress("Rebuilding", "正在重建", None, say("entries", "条")) as advance,
    ):
        done = rebuild(
            workbench.bare_database,
            places,
            workbench.identity,
            workbench.lease,
            workbench.clock,
            workbench.fs,
            workbench.own_policy,
            _Steps(advance),
            law=RetentionLaw(),
        )
    _locate(workbench, places.evidence)
    if invocation.json:
        print_json({**_figures(done), "kept": _kept(done)})
        return
    print_pairs(
        [
            (say("logs", "日志"), ", ".join(done.logs)),
            (say("entries", "条目"), done.entries),
            (say("seals", "封存"), done.seals),
            (say("records", "记录"), done.records),
            (say("unreadable", "无法读取"), done.unreadable),
            (say("old database", "旧数据库"), _kept(done)),
        ]
    )
    if done.unreadable:
        print_line(
            say(
                "Some descriptions or details cannot be read; `cunzheng verify` names them.",
                "有描述或明细无法读取；请运行 cunzheng verify 查明。",
            )
        )
    if done.unpublished:
        print_line(
            say(
                f"{done.unpublished} entries were accepted but not stored yet and are not in the"
                " ledger: drops still in the inbox come again; files given by hand must be given"
                " again, sources confirmed again.",
                f"{done.unpublished} 条已接收但尚未存储，未记入账本："
                "仍在收件目录中的文件将重新收取；手工收取的文件须重新提交，来源须重新确认。",
            )
        )


def _kept(done: Rebuilt) -> str | None:
    """The file of the old database, or its schema."""
    return show_path(done.kept) if isinstance(done.kept, Path) else done.kept


def _locate(workbench: Workbench, evidence: ObjectStore) -> None:
    """Fill the version book from a listing, where there are versions."""
    if workbench.settings.in_bucket:
        from archive.stores.s3 import S3Store

        assert isinstance(evidence, S3Store)  # noqa: S101 - what buckets are opened as
        with cause("rebuild"):
            Locations(lambda: workbench.database).refill(evidence.records())


def _figures(done: object) -> dict[str, object]:
    names = ("logs", "entries", "seals", "records", "unreadable", "unpublished")
    return {name: getattr(done, name) for name in names}


class _Steps:
    """Turns `entries so far` of one log after the other into steps."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._log = ""
        self._done = 0

    def __call__(self, log: str, done: int, total: int) -> None:  # noqa: ARG002 - see rebuild.Progress
        if log != self._log:
            self._log, self._done = log, 0
        self._advance(done - self._done)
        self._done = done
