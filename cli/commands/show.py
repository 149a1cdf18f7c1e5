"""`cunzheng show RECORD`: one record with everything that happened to it; needs no passphrase."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.catalog import find_record
from archive.custody import Custody, CustodyEvent, custody
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_pairs, print_table, show_path, show_size
from cli.wiring import Workbench


def run(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(help=say("Record, or the beginning of its id.", "记录标识或其开头。"))
    ],
    proof: Annotated[
        bool,
        typer.Option("--proof", help=say("Write a proof bundle.", "写出存证证明包。")),
    ] = False,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help=say("Folder for the bundle's folder.", "证明包所在目录。")
        ),
    ] = Path(),
) -> None:
    """Show it; code 1 if its description is not the one that was sealed."""
    invocation = Invocation.of(context)
    home, settings = invocation.settings()
    workbench = Workbench(home, settings)
    if proof:
        _write_proof(invocation, workbench, record, output)
        return
    with workbench.database.read() as connection:
        found = custody(connection, workbench.evidence, record)
    if invocation.json:
        print_json(_document(found))
    else:
        _show(found)
    if found.problem:
        raise typer.Exit(int(ExitCode.FAILED))


def _write_proof(invocation: Invocation, workbench: Workbench, record: str, output: Path) -> None:
    # Only needed for a proof: it loads what judges signatures.
    from archive.proof import proof_bundle, write_bundle

    with workbench.database.read() as connection:
        number = find_record(connection, record).id
    files = proof_bundle(workbench.database, workbench.places, workbench.own_trust, number)
    folder = output / number
    write_bundle(workbench.fs, folder, files)
    name = show_path(folder)
    if invocation.json:
        print_json({"record": number, "folder": name, "files": sorted(files)})
        return
    print_line(
        say(
            f"written: {name}; README.txt there says how to check it.",
            f"已写出：{name}；其中 README.txt 说明如何核对。",
        )
    )


def _document(found: Custody) -> dict[str, object]:
    row = found.record
    return {
        "record": row.id,
        "log": row.log,
        "index": row.idx,
        "lost": row.lost,
        "description": found.description.value if found.description else None,
        "problem": found.problem,
        "custody": found.events,
    }


def _show(found: Custody) -> None:
    row = found.record
    value: Mapping[str, Any] = found.description.value if found.description else {}
    claims: Mapping[str, Any] = value.get("claims") or {}
    print_pairs(
        [
            (say("record", "记录"), row.id),
            (say("name", "名称"), row.name),
            (say("folder", "目录"), row.folder or None),
            (say("size", "大小"), show_size(row.size)),
            (say("media type", "媒体类型"), row.media_type),
            (say("source", "来源"), row.source),
            (say("received", "接收时间"), row.received_at),
            (say("captured", "拍摄时间"), row.captured_start),
            (say("case", "案号"), row.case_no),
            (say("category", "执法类别"), row.category),
            (say("stage", "环节"), row.stage),
            (say("officers", "人员"), row.officers),
            (say("unit", "单位"), row.unit),
            (say("title", "标题"), row.title),
            *((say("claim", "声明") + f" {key}", text) for key, text in _other(claims)),
            *((say("digest", "摘要"), digest) for digest in value.get("digests", ())),
            *(
                (say("noticed", "提示"), f"{item['code']}: {item['note']}")
                for item in value.get("findings", ())
            ),
        ]
    )
    if row.lost:
        print_line(say("! The content is lost.", "！内容已丢失。"))
    if found.problem:
        print_line(say("! ", "！") + found.problem)
    print_line()
    print_table(
        (
            say("made", "时间"),
            say("sealed", "封存"),
            say("entry", "条目"),
            say("what", "事项"),
            say("who", "主体"),
            say("remarks", "说明"),
        ),
        [_line(event) for event in found.events],
    )


_SHOWN = {"case", "category", "stage", "officers", "unit", "capture_start", "capture_end"}


def _other(claims: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Claims that have no line of their own."""
    return [(key, str(value)) for key, value in sorted(claims.items()) if key not in _SHOWN]


def _line(event: CustodyEvent) -> tuple[object, ...]:
    place = None if event.log is None else f"{event.log}#{event.index}"
    kind = say(*_KINDS.get(event.kind, (event.kind, event.kind)))
    who = event.actor
    return event.at, event.sealed_at or say("not yet", "尚未"), place, kind, who, _remarks(event)


def _remarks(event: CustodyEvent) -> str | None:
    body, detail = event.body, event.detail or {}
    parts = [event.problem, detail.get("reason"), body.get("code")]
    if "access" in body:
        parts.append(body["access"])
    if event.kind in ("access.completed", "access.aborted"):
        parts.append(show_size(body["bytes"]))
    if "same_content_as" in body:
        other = body["same_content_as"]
        parts.append(say(f"same content as {other}", f"内容与 {other} 相同"))
    return say("; ", "；").join(str(part) for part in parts if part) or None


_KINDS = {
    "record.accessioned": ("accessioned", "入库"),
    "record.redropped": ("dropped again", "重复投放"),
    "record.lost": ("lost", "登记丢失"),
    "access.started": ("access started", "调阅开始"),
    "access.completed": ("access completed", "调阅完成"),
    "access.aborted": ("access aborted", "调阅中止"),
}
