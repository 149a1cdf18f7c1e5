"""`cunzheng sources list|confirm|retire|stats`: the register of where drops come from."""

from typing import Annotated, Any

import typer

from archive.errors import UsageError
from archive.kinds import SHORT_KINDS
from archive.source_terms import COMPLETE
from cli import source_options as options
from cli.dates import moment
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table, show_size
from cli.sealing import show_place
from cli.service import open_desk
from cli.source_view import (
    Document,
    bar_lines,
    name_of,
    offset_of,
    remarks_line,
    show_amount,
    show_silence,
    state_of,
    terms_line,
)

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=say("Register of sources.", "来源登记。")
)
_FIELDS = {
    **{name: name for name in ("label", "kind", "unit", "device", "office", "officer", "profile")},
    "kinds": "kinds",
    "complete": "complete",
    "clock-offset": "clock_offset_ms",
    "quota": "quota_mb",
    "sidecar-wait": "sidecar_wait_seconds",
    "silence-hours": "silence_hours",
}
"""Options by the fields of the register."""


@app.command(
    name="list",
    help=say("All sources.", "列出全部来源。"),
    epilog=say("Example: ", "示例：") + "cunzheng sources list",
)
def list_sources(context: typer.Context) -> None:
    """List all sources; needs no passphrase."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("sources.list", {})
    if invocation.json:
        print_json(found)
        return
    rows = found["sources"]
    if not rows:
        _none()
        return
    headings = (
        say("source", "来源"),
        say("state", "状态"),
        say("folder", "目录"),
        say("label", "名称"),
        say("kind", "类型"),
        say("device", "设备"),
        say("unit", "单位"),
        say("register", "登记事项"),
        say("first seen", "首次"),
        say("last seen", "最近"),
    )
    print_table(
        headings,
        [
            (
                *(row["source"], state_of(row), row["name"], row["label"], row["kind"]),
                *(row["device"], row["unit"], terms_line(row)),
                *(moment(row["first_seen"]), moment(row["last_seen"])),
            )
            for row in rows
        ],
    )


def _none() -> None:
    print_line(
        say(
            "No source yet: make a folder in the inbox and drop a file into it.",
            "尚无来源：请在收件目录中建一个子目录并放入文件。",
        )
    )


_Text = str | None


@app.command(
    help=say(
        "Confirm a source and say what it is, or change what was said.",
        "确认来源并登记其情况；再次确认可变更登记。",
    ),
    epilog=say("Example: ", "示例：")
    + "cunzheng sources confirm DSJ-0012345 --kind "
    + say("body-camera", "执法记录仪")
    + " --device DSJ-0012345 --clock-offset +00:01:30 --silence-hours 24",
)
def confirm(  # noqa: PLR0913, PLR0917 - one option for each field
    context: typer.Context,
    source: Annotated[str, typer.Argument(help=say("Source id.", "来源标识。"))],
    label: options.Label = None,
    kind: options.Kind = None,
    device: options.Device = None,
    office: options.Office = None,
    unit: options.Unit = None,
    officer: options.Officer = None,
    clock_offset: options.ClockOffset = None,
    profile: options.Profile = None,
    kinds: options.Kinds = None,
    quota: options.Quota = None,
    complete: options.Complete = None,
    sidecar_wait: options.SidecarWait = None,
    silence_hours: options.SilenceHours = None,
    forget: options.Forget = None,
    person: options.Person = None,
) -> None:
    """Confirm it; the entry is sealed before the command ends."""
    invocation = Invocation.of(context)
    values: dict[str, Any] = {
        "label": label,
        "kind": kind,
        "unit": unit,
        "device": device,
        "office": office,
        "officer": officer,
        "profile": profile,
        "complete": complete,
        "quota_mb": quota,
        "sidecar_wait_seconds": sidecar_wait,
        "silence_hours": silence_hours,
        "clock_offset_ms": None if clock_offset is None else offset_of(clock_offset),
        "kinds": None if kinds is None else _kinds(kinds),
    }
    _check_complete(complete)
    said = {name: value for name, value in values.items() if value is not None}
    said |= dict.fromkeys(_forgotten(forget or []))
    with open_desk(invocation) as desk:
        params = {"source": source, "said": said, "person": person}
        place = desk.call("sources.confirm", params)
        rows = [] if invocation.json else desk.call("sources.list", {})["sources"]
    show_place(place, say(f"{source} is confirmed.", f"{source} 已确认。"), invocation)
    for row in rows:
        if row["source"] == source:
            _show_registered(row)


def _show_registered(row: Document) -> None:
    """What the register says now. The unit decides who reads the records: it is shown empty too."""
    print_pairs(
        [
            (say("label", "名称"), row["label"]),
            (say("kind", "类型"), row["kind"]),
            (say("device", "设备"), row["device"]),
            (say("unit (decides who reads)", "单位（决定查看范围）"), row["unit"]),
            (say("register", "登记事项"), terms_line(row)),
        ]
    )


def _kinds(text: str) -> list[str]:
    found = [kind.strip().lower() for kind in text.replace("，", ",").split(",") if kind.strip()]
    for kind in found:
        if kind not in SHORT_KINDS:
            known = ", ".join(SHORT_KINDS)
            raise UsageError(
                say(
                    f"There is no kind {kind[:40]!r}; kinds are: {known}.",
                    f"没有类型“{kind[:40]}”；可用类型：{known}。",
                )
            )
    if not found:
        raise UsageError(
            say("Name kinds, or --forget kinds.", "请写明类型；不限类型请用 --forget kinds。")
        )
    return found


def _check_complete(rule: str | None) -> None:
    if rule is not None and rule not in COMPLETE:
        known = ", ".join(COMPLETE)
        raise UsageError(say(f"A file is complete by one of: {known}.", f"收齐规则应为：{known}。"))


def _forgotten(options: list[str]) -> list[str]:
    for option in options:
        if option.removeprefix("--") not in _FIELDS:
            known = ", ".join(_FIELDS)
            raise UsageError(
                say(
                    f"Nothing is called {option[:40]!r}; one can forget: {known}.",
                    f"没有“{option[:40]}”一项；可撤销：{known}。",
                )
            )
    return [_FIELDS[option.removeprefix("--")] for option in options]


@app.command(
    help=say(
        "Take nothing more of a source until it is confirmed again.",
        "停用来源；再次确认之前不再收取。",
    ),
    epilog=say("Example: ", "示例：")
    + "cunzheng sources retire DSJ-0012345 --reason "
    + say("'given back'", "设备交回"),
)
def retire(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help=say("Source id.", "来源标识。"))],
    reason: Annotated[str, typer.Option(help=say("Why.", "理由。"))],
    person: Annotated[
        _Text,
        typer.Option(
            help=say("Who retires it; the account's person by default.", "停用人；默认为系统用户。")
        ),
    ] = None,
) -> None:
    """Retire it; its drops stay in the inbox."""
    invocation = Invocation.of(context)
    params = {"source": source, "reason": reason, "person": person}
    with open_desk(invocation) as desk:
        place = desk.call("sources.retire", params)
    show_place(place, say(f"{source} is retired.", f"{source} 已停用。"), invocation)


@app.command(
    help=say("How much comes of the sources, and when.", "各来源的收取数量与时间。"),
    epilog=say("Example: ", "示例：") + "cunzheng sources stats DSJ-0012345",
)
def stats(
    context: typer.Context,
    source: Annotated[
        _Text,
        typer.Argument(help=say("Source id; all of them by default.", "来源标识；默认全部。")),
    ] = None,
) -> None:
    """Statistics; needs no passphrase."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = desk.call("sources.stats", {"source": source})
    if invocation.json:
        print_json(found)
    elif source is not None:
        _show_one(found["sources"][0], found["history"])
    elif found["sources"]:
        _show_all(found["sources"])
    else:
        _none()


def _show_all(rows: list[Document]) -> None:
    headings = (
        say("source", "来源"),
        say("name", "名称"),
        say("state", "状态"),
        say("records", "记录"),
        say("size", "大小"),
        say("24 h", "24 小时"),
        say("an hour", "每小时"),
        say("7 days", "7 天"),
        say("a day", "每日"),
        say("again", "重复"),
        say("quarantined", "隔离"),
        say("refused", "拒收"),
        say("last seen", "最近"),
        say("silent for", "静默"),
        say("remarks", "备注"),
    )
    print_table(
        headings,
        [
            (
                *(row["source"], name_of(row), state_of(row), row["total"]["records"]),
                *(show_size(row["total"]["bytes"]), row["day"]["records"]),
                *(_rate(row["day"], 24), row["week"]["records"], _rate(row["week"], 7)),
                *(row["total"][name] for name in ("redropped", "rejected", "refused")),
                *(moment(row["last_seen"]), show_silence(row), remarks_line(row)),
            )
            for row in rows
        ],
    )


def _rate(amount: Document, parts: int) -> str:
    return f"{amount['records'] / parts:.1f}"


def _with_rate(amount: Document, parts: int) -> str:
    shown, rate = show_amount(amount), _rate(amount, parts)
    if parts == 24:
        return say(f"{shown}, {rate} an hour", f"{shown}，每小时 {rate}")
    return say(f"{shown}, {rate} a day", f"{shown}，每日 {rate}")


def _show_one(row: Document, history: Document) -> None:
    total, day, week = row["total"], row["day"], row["week"]
    quota = None
    if row["quota_mb"] is not None:
        used = show_size(row["used_today"])
        quota = say(f"{used} of {row['quota_mb']} MB", f"{used}，上限 {row['quota_mb']} MB")
    print_pairs(
        [
            (say("source", "来源"), row["source"]),
            (say("state", "状态"), state_of(row)),
            (say("label", "名称"), row["label"]),
            (say("register", "登记事项"), terms_line(row)),
            (say("records", "记录"), show_amount(total)),
            (say("last 24 hours", "近 24 小时"), _with_rate(day, 24)),
            (say("last 7 days", "近 7 天"), _with_rate(week, 7)),
            (say("again", "重复投放"), total["redropped"]),
            (say("quarantined", "隔离"), total["rejected"]),
            (say("refused", "拒收"), total["refused"]),
            (say("today's quota", "当日配额"), quota),
            (say("first seen", "首次"), moment(row["first_seen"])),
            (say("last seen", "最近"), moment(row["last_seen"])),
            (say("silent for", "静默"), show_silence(row)),
            (say("remarks", "备注"), remarks_line(row) or None),
        ]
    )
    for title, rows, by_day in (
        (say("by the hour", "按小时"), history["hours"], False),
        (say("by the day", "按日"), history["days"], True),
    ):
        print_line()
        print_line(title)
        for line in bar_lines(rows, by_day=by_day):
            print_line(line)
