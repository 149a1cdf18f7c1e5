"""`cunzheng derive`: pictures, waveforms and copies for browsers, made of sealed records."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from sqlalchemy import select

from archive import catalog, looking
from archive.catalog import RECORD
from archive.errors import ArchiveError, StateUnknown, UsageError
from archive.vocabulary import DERIVATIVES, STANDING
from cli import media_work
from cli.exits import ExitCode, sentence
from cli.invocation import Invocation
from cli.labels import label
from cli.language import say
from cli.output import print_json, print_line, print_table, show_size
from cli.progress import naming
from cli.service import open_desk
from cli.service.desk import Document
from cli.service.local import LocalDesk
from cli.wiring import Workbench
from cli.wiring_derive import deriver_of
from ingest.media.derive.deriver import Deriver, Turn, Wish

_ROLES = tuple(STANDING)


def run(
    context: typer.Context,
    records: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECORD…", help=say("Records; none: what waits.", "记录；不指定则处理排队项。")
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            help=say("Only this kind; again for more: ", "仅此种，可重复：") + ", ".join(_ROLES)
        ),
    ] = None,
    case: Annotated[
        str | None, typer.Option(help=say("All records of this case.", "此案号的全部记录。"))
    ] = None,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing",
            help=say("Only what is gone or of an older recipe.", "仅补齐缺失或配方已更新的。"),
        ),
    ] = False,
    proxy: Annotated[
        bool,
        typer.Option(
            "--proxy",
            help=say("Also a copy for browsers, by decoding.", "一并制作浏览版（需转码）。"),
        ),
    ] = False,
) -> None:
    """Make them; nothing of a record's content is shown."""
    invocation = Invocation.of(context)
    wish = Wish(_roles(role), proxy, missing)
    everything = not records and case is None and not missing
    if everything and (role or proxy):
        raise UsageError(say("Name records, or a case.", "请指定记录或案号。"))
    desk = context.with_resource(open_desk(invocation))
    if not isinstance(desk, LocalDesk):
        asked = {"records": records or [], "case": case, "wish": wish.text()}
        _show_queued(
            desk.call("derive.again", {}) if everything else desk.call("derive.wish", asked),
            invocation,
        )
        return
    bench = desk.host.bench
    if everything:
        _drain(bench, invocation)
        return
    deriver = deriver_of(bench)
    named = _named(bench, deriver, records or [], case)
    unit = say("records", "份")
    with naming("Deriving", "正在制作", len(named), unit) as (advance, about):
        done = []
        for record in named:
            about(record)
            done.append(_one(deriver, record, wish))
            advance(1)
    _show(done, invocation)
    if any(one.problem for one in done):
        raise typer.Exit(int(ExitCode.FAILED))


@dataclass(frozen=True, slots=True)
class _Done:
    """What came of one record; `problem` is a sentence."""

    record: str
    turn: Turn
    problem: str | None = None


def _roles(named: list[str] | None) -> frozenset[str] | None:
    for role in named or ():
        if role not in _ROLES:
            choice = ", ".join(_ROLES)
            raise UsageError(
                say(f"--role is one of {choice}.", f"--role 只能是以下之一：{choice}。")
            )
    return frozenset(named) if named else None


def _named(
    bench: Workbench, deriver: Deriver, records: Sequence[str], case: str | None
) -> list[str]:
    """The records that are meant: those named, those of a case, or all that have derivatives."""
    with bench.database.read() as connection:
        found = [catalog.find_record(connection, one).id for one in records]
        if case is not None:
            kept = ~RECORD.c.lost & ~RECORD.c.destroyed & ~RECORD.c.spilled
            query = select(RECORD.c.id).where(RECORD.c.case_no == case, kept)
            found += [row.id for row in connection.execute(query.order_by(RECORD.c.id))]
    if not records and case is None:
        found = deriver.derivatives.records()
    return list(dict.fromkeys(found))


def _one(deriver: Deriver, record: str, wish: Wish) -> _Done:
    """One record; what is wrong with it does not stop the others."""
    try:
        return _Done(record, deriver.derive(record, wish))
    except (StateUnknown, UsageError):
        raise
    except ArchiveError as error:
        return _Done(record, Turn(), sentence(error))


def _drain(bench: Workbench, invocation: Invocation) -> None:
    """Everything that waits behind the seal, and what killed runs left behind."""
    swept = deriver_of(bench).sweep_all()
    with bench.database.read() as connection:
        known = looking.lag(connection).count
    unit = say("steps", "项")
    with naming("Working on media", "正在处理音像", known, unit) as (advance, about):
        count = media_work.drain(bench, lambda _done, _all: advance(1), about=about)
    if invocation.json:
        print_json({"done": count, "swept": swept})
        return
    print_line(say(f"Done: {count}.", f"已处理 {count} 项。"))
    if swept:
        print_line(say(f"Leftovers removed: {swept}.", f"已清除残留 {swept} 个。"))


def _show_queued(answer: Document, invocation: Invocation) -> None:
    """What the service was asked for: it makes it by itself, one after the other."""
    if invocation.json:
        print_json(answer)
        return
    queued = answer.get("queued")
    if queued is not None:
        print_line(say(f"Queued: {len(queued)} records.", f"已列入队列：{len(queued)} 份记录。"))
    count = answer["waiting"]
    if answer["works"]:
        told = say(
            f"The service makes it by itself; {count} wait in all (cunzheng status).",
            f"由服务自动制作；目前共 {count} 项等待（cunzheng status 可查看）。",
        )
    else:
        told = say(
            f"{count} wait in all until `cunzheng derive` is given without the service:"
            " media_examine is false.",
            f"共 {count} 项等待；因 media_examine 为 false，须在服务停止时运行 cunzheng derive。",
        )
    print_line(told)


def _show(done: Sequence[_Done], invocation: Invocation) -> None:
    if invocation.json:
        print_json([_document(one) for one in done])
        return
    rows = [row for one in done for row in _rows(one)]
    if not rows:
        print_line(say("Nothing was to be made.", "没有需要制作的内容。"))
        return
    columns = (
        say("record", "记录"),
        say("kind", "种类"),
        say("size", "大小"),
        say("result", "结果"),
    )
    print_table(columns, rows)


def _document(one: _Done) -> dict[str, Any]:
    made = [
        {"role": it.role, "key": it.key, "digest": f"sha256:{it.digest.hex()}", "size": it.size,
         "new": it.entry is not None}
        for it in one.turn.made
    ]  # fmt: skip
    return {
        "record": one.record,
        "made": made,
        "empty": list(one.turn.empty),
        "problem": one.problem,
    }


def _rows(one: _Done) -> Iterator[tuple[object, ...]]:
    for it in one.turn.made:
        result = say("made", "已制作") if it.entry else say("as before", "与原有一致")
        yield one.record, label(DERIVATIVES, it.role), show_size(it.size), result
    for role in one.turn.empty:
        nothing = say("nothing can be made", "无法制作")
        yield one.record, label(DERIVATIVES, role), None, nothing
    if one.problem:
        yield one.record, None, None, one.problem
