"""`cunzheng report`: register of retrieval, statistics, gaps in recordings, chain of custody."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from archive.durable import FileSystem, disk_errors, write_new
from archive.errors import UsageError
from archive.times import format_time
from archive.vocabulary import PURPOSES
from cli.dates import day_end, day_start
from cli.invocation import Invocation
from cli.language import current, say
from cli.output import print_json, print_line, show_path
from cli.service import files, large, open_desk

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help=say("Register, statistics, gaps, custody.", "登记簿、统计表、缺漏表、保管链。"),
)
_EXAMPLE = say("Example: ", "示例：") + "cunzheng report "
_DAY = "YYYY-MM-DD"
Format = Literal["csv", "xlsx", "html", "pdf"]
_FORMATS = ("csv", "xlsx", "html", "pdf")
_BINARY = ("xlsx", "pdf")

FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help=say(
            "Default: by the ending; without a file csv.",
            "默认按后缀，无文件时 csv。",
        ),
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help=say("New file.", "新文件。")),
]
SinceOption = Annotated[
    str | None, typer.Option(metavar=_DAY, help=say("From this day.", "自该日起。"))
]
UntilOption = Annotated[
    str | None, typer.Option(metavar=_DAY, help=say("Up to this day.", "至该日止（含）。"))
]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar=_DAY, help=say("From this day.", "自该日起。"))
]
ToOption = Annotated[
    str | None, typer.Option("--to", metavar=_DAY, help=say("Up to this day.", "至该日止（含）。"))
]
UnitOption = Annotated[str | None, typer.Option(help=say("Unit id.", "单位编号。"))]


@app.command(
    help=say(
        "The register of retrieval: every request, decision, access and refused try.",
        "调阅登记簿：每次申请、审批、调阅及被拒的尝试。",
    ),
    epilog=_EXAMPLE + "access --since 2026-11-01 -o register.pdf",
)
def access(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    person: Annotated[str | None, typer.Option(help=say("Person id.", "人员编号。"))] = None,
    unit: UnitOption = None,
    case: Annotated[str | None, typer.Option(help=say("Number or id.", "案号或标识。"))] = None,
    purpose: Annotated[
        str | None, typer.Option(help=say("Such as supervision.", "用途，如 supervision。"))
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write it."""
    if purpose is not None and purpose not in PURPOSES:
        known = ", ".join(PURPOSES)
        raise UsageError(say(f"The purposes are: {known}.", f"可用的用途：{known}。"))
    params = {"person": person, "unit": unit, "case": case, "purpose": purpose}
    params |= _span(since, until)
    write_document(Invocation.of(context), "report.access", params, form, output)


@app.command(
    help=say(
        "Statistics of supervision; what cannot be known is named as not available.",
        "执法监督统计表；无法计算的指标注明“无法提供”。",
    ),
    epilog=_EXAMPLE + "supervision --since 2026-10-01 --until 2026-12-31 -o quarter.xlsx",
)
def supervision(
    context: typer.Context,
    unit: UnitOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write them."""
    params = {"unit": unit, **_span(since, until)}
    write_document(Invocation.of(context), "report.supervision", params, form, output)


@app.command(
    help=say(
        "Segments missing, overlapping or out of order, by device and day; and what was listed"
        " by a docking station and never arrived.",
        "按设备和日期列出缺段、重叠、次序不符，以及采集站清单所列而未到的文件。",
    ),
    epilog=_EXAMPLE + "gaps --from 2026-11-01 --to 2026-11-07 -o gaps.pdf",
)
def gaps(
    context: typer.Context,
    since: FromOption = None,
    until: ToOption = None,
    device: Annotated[str | None, typer.Option(help=say("Device.", "设备编号。"))] = None,
    unit: UnitOption = None,
    pause: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help=say("Longest pause that is not told (5).", "不列出的最长间断秒数（5）。"),
        ),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write them."""
    params = {"device": device, "unit": unit, "pause": pause, **_span(since, until)}
    write_document(Invocation.of(context), "report.gaps", params, form, output)


@app.command(
    help=say(
        "What cases opened in these days have of the list of what is recorded, by unit: coverage,"
        " uploads in time.",
        "该期间立案的案件对照音像记录事项清单的齐全率、按时上传率，按单位列出。",
    ),
    epilog=_EXAMPLE + "completeness --from 2026-10-01 --to 2026-12-31 -o quarter.xlsx",
)
def completeness(
    context: typer.Context,
    unit: UnitOption = None,
    since: FromOption = None,
    until: ToOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write it."""
    days = {"since": _checked_day(since), "until": _checked_day(until)}
    write_document(
        Invocation.of(context), "report.completeness", {"unit": unit, **days}, form, output
    )


@app.command(
    help=say(
        "The chain of custody of one record: every entry about it with its proof, in a folder.",
        "一份记录的保管链：与其有关的每个条目及证明，写入一个文件夹。",
    ),
    epilog=_EXAMPLE + "custody 01KAN4 -o /media/usb",
)
def custody(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(help=say("Record, or the beginning of its id.", "记录标识或其开头。"))
    ],
    form: Annotated[
        Format, typer.Option("--format", help=say("Of the document.", "文件的格式。"))
    ] = "html",
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help=say("Where the folder is made.", "所在目录。")
        ),
    ] = Path(),
) -> None:
    """Write it."""
    invocation = Invocation.of(context)
    params = {"record": record, "format": form, "lang": current()}
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "report.custody", params)
    bundle = files.unpacked(found["files"])
    folder = output / f"custody-{files.plain(found['record'])}"
    files.write(folder, bundle)
    name = show_path(folder)
    if invocation.json:
        print_json({"record": found["record"], "folder": name, "files": sorted(bundle)})
        return
    print_line(
        say(
            f"written: {name}; README.txt there says how to check it.",
            f"已写出：{name}；其中 README.txt 说明如何核对。",
        )
    )


def _checked_day(text: str | None) -> str | None:
    return None if text is None else day_start(text).date().isoformat()


def _span(since: str | None, until: str | None) -> dict[str, str | None]:
    return {
        "since": format_time(day_start(since)) if since else None,
        "until": format_time(day_end(until)) if until else None,
    }


def write_document(
    invocation: Invocation,
    name: str,
    params: dict[str, Any],
    form: Format | None,
    output: Path | None,
) -> None:
    """Write what a delivery makes into a new file, or to stdout."""
    chosen = _chosen(invocation, form, output)
    wanted = {**params, "format": chosen, "lang": current()}
    with open_desk(invocation) as desk, desk.receive(name, wanted) as stream:
        if output is None:
            for piece in stream:
                sys.stdout.write(piece.decode("utf-8"))
            return
        write_file(output, stream)
        size = stream.head["size"]
    if invocation.json:
        print_json({"written": show_path(output), "format": chosen, "size": size})
    else:
        print_line(say(f"written: {show_path(output)}", f"已写出：{show_path(output)}"))


def write_file(output: Path, pieces: Iterable[bytes]) -> None:
    """Write a new file that is its owner's alone; raises UsageError where there is one."""
    with disk_errors(show_path(output)):
        try:
            write_new(FileSystem(), output, pieces, 0o600)
        except FileExistsError:
            raise _taken(output) from None


def _chosen(invocation: Invocation, form: Format | None, output: Path | None) -> str:
    if output is None and invocation.json and form is None:
        return "json"
    ending = output.suffix.removeprefix(".").lower() if output else "csv"
    if output is not None and form is None and ending not in _FORMATS:
        name, known = show_path(output), ", ".join(_FORMATS)
        raise UsageError(
            say(
                f"{name} has no ending of a report ({known}); name --format.",
                f"{name} 的后缀不是报表格式（{known}），请用 --format 指定。",
            )
        )
    chosen: str = form or ending
    if output is None and chosen in _BINARY:
        raise UsageError(say(f"{chosen} needs a file: -o FILE.", f"{chosen} 须写入文件：-o 文件。"))
    return chosen


def check_new(output: Path) -> None:
    """Raise the same error before anything is done for the file."""
    if os.path.lexists(output):
        raise _taken(output)


def _taken(output: Path) -> UsageError:
    return UsageError(
        say(
            f"{show_path(output)} is there already; nothing was written.",
            f"{show_path(output)} 已存在，未写入任何内容。",
        )
    )
