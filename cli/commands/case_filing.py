"""`cunzheng case excuse|file|catalogue`: what may be missing, and the case as volumes."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from archive import fields
from archive.errors import FormatError, UsageError
from archive.registers.denials import denied
from archive.registers.volumes import volume_digest
from archive.statements.kinds import MOST_RECORDS
from cli import author
from cli.author import KeyOption, open_author
from cli.catalogue_order import Signed, in_order
from cli.commands.people_changes import ReasonOption
from cli.commands.report import FormatOption, OutputOption, write_document
from cli.filing_view import print_draft
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json
from cli.sealing import show_place
from cli.service import large, open_desk
from cli.service.desk import Desk

_EXAMPLE = say("Example: ", "示例：") + "cunzheng case "
_CASE = Annotated[str, typer.Argument(help=say("Case: number or id.", "案件：案号或标识。"))]
_MOST_BYTES = 600_000


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(
        help=say(
            "Say that rows of the list need not be there, and why; by the head of the unit or the"
            " legal office, who does not handle the case.",
            "说明清单中的事项本案可以没有及其理由；由本单位负责人或法制机构（非本案承办人）签署。",
        ),
        epilog=_EXAMPLE
        + "excuse CF-2026-12 penalty_scene --reason "
        + say("storm", "暴雨设备失灵"),
    )(excuse)
    app.command(
        name="file",
        help=say(
            "File the records of a closed case as its next volume: shows the catalogue, then signs"
            " it. By an archivist who does not handle the case. Late additions go into a further"
            " volume.",
            "将已结案件的记录立卷归档：先显示卷内目录，再签署。由非本案承办人的档案员办理；"
            "归档后补充的材料另立一卷。",
        ),
        epilog=_EXAMPLE + "file CF-2026-12 --ref-code 0123-XZ-2026-D30-0001",
    )(file)
    app.command(
        help=say(
            "The catalogue of a volume with its note; without --volume the draft of the next one,"
            " which --order of `case file` reads when it was edited.",
            "卷内目录及备考表；不指定 --volume 时为下一卷草案，修改后可供 case file --order 使用。",
        ),
        epilog=_EXAMPLE + "catalogue CF-2026-12 --volume 1 -o volume.pdf",
    )(catalogue)


def excuse(
    context: typer.Context,
    case: _CASE,
    rows: Annotated[
        list[str],
        typer.Argument(metavar="ROW…", help=say("Rows: id or name.", "事项：标识或名称。")),
    ],
    reason: ReasonOption,
    key: KeyOption = None,
) -> None:
    """Sign it."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "case.check", {"case": case})
        payload = {"case": found["case"], "items": _rows(found["rows"], rows)}
        made = open_author(desk, key).make("case.excused", payload, {"reason": reason})
        answer = author.submit(desk, made)
    show_place(answer, say("Excused.", "已登记免予说明。"), invocation)


def _rows(known: list[dict[str, Any]], wanted: list[str]) -> list[str]:
    """Ids of rows of the list in force that are of the case's category."""
    found = set()
    for text in wanted:
        ids = {row["id"] for row in known if text in (row["id"], *row["name"].values())}
        if len(ids) != 1:
            raise UsageError(
                say(
                    f"{text[:40]!r} is no row of the list for this case; `case check --all` names"
                    " them.",
                    f"{text[:40]!r} 不是清单中适用于本案的事项；见 case check --all。",
                )
            )
        found |= ids
    return sorted(found)


def file(
    context: typer.Context,
    case: _CASE,
    ref_code: Annotated[
        str | None,
        typer.Option(
            "--ref-code",
            help=say(
                "Reference code; proposed where `cunzheng.toml` has a pattern.",
                "档号，一经赋予不得更改；设定了档号格式的可自动拟定。",
            ),
        ),
    ] = None,
    order: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=say(
                "CSV with a column `record`, and `pages` or `title` where they are others: order"
                " and choice.",
                "CSV：含“记录标识”列，可含“页数”“题名”列；按其顺序和取舍立卷。",
            ),
        ),
    ] = None,
    note: Annotated[str | None, typer.Option(help=say("Volume note.", "备考表情况说明。"))] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help=say("Only show it.", "仅显示目录。"))
    ] = False,
    key: KeyOption = None,
) -> None:
    """Show the catalogue, sign it, submit it."""
    _check_code(ref_code)
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        draft = large.fetch(desk, "case.draft", {"case": case, "ref_code": ref_code})
        if draft.pop("taken"):
            raise denied("REF_CODE_TAKEN", draft["ref_code"])
        if not dry_run:
            _check_fileable(draft)
        lines = in_order(draft["lines"], order)
        _check_size(lines)
        if not invocation.json:
            print_draft(draft, lines)
        elif dry_run:
            print_json({**draft, "lines": lines})
        if dry_run:
            return
        answer = _file(desk, draft, lines, note, key)
    done = say(
        f"Volume {draft['number']} is filed: {len(lines)} records.",
        f"第 {draft['number']} 卷已归档，共 {len(lines)} 份记录。",
    )
    show_place(answer, done, invocation)


def _check_code(code: str | None) -> None:
    try:
        if code is not None:
            fields.ref_code(code)
    except FormatError as error:
        raise UsageError(
            say(
                "A reference code has at most 64 letters, digits, - and ·.",
                "档号由字母、数字、- 和 · 组成，最长 64 个字符。",
            )
        ) from error


def _check_fileable(draft: dict[str, Any]) -> None:
    """Refuse before the catalogue is shown what would be refused after it."""
    if draft["ref_code"] is None:
        raise UsageError(
            say(
                "Give the --ref-code: no pattern of the archive proposes one.",
                "请用 --ref-code 指定档号：存证库未设定可用的档号格式。",
            )
        )
    if draft["closed"] is None:
        raise denied("CASE_OPEN", draft["case"])


def _file(
    desk: Desk,
    draft: dict[str, Any],
    lines: list[Signed],
    note: str | None,
    key: str | None,
) -> dict[str, Any]:
    own = open_author(desk, key)
    payload = {
        **{name: draft[name] for name in ("case", "number", "ref_code")},
        "volume": str(volume_digest(lines)),
    }
    made = own.make("case.filed", payload, {"catalogue": lines, "note": note})
    return author.submit(desk, made)


def _check_size(lines: list[Signed]) -> None:
    size = len(json.dumps(lines, ensure_ascii=False).encode())
    if len(lines) > MOST_RECORDS or size > _MOST_BYTES:
        raise UsageError(
            say(
                "This is too much for one volume (1,000 records); name a part with --order.",
                "一卷最多 1,000 份记录，请用 --order 指定其中一部分。",
            )
        )


def catalogue(
    context: typer.Context,
    case: _CASE,
    volume: Annotated[
        int | None, typer.Option(min=1, help=say("Number of the volume.", "卷号。"))
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Write it."""
    params = {"case": case, "volume": volume}
    write_document(Invocation.of(context), "case.catalogue", params, form, output)
