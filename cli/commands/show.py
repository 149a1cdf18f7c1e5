"""`cunzheng show RECORD`: one record with everything that happened to it; needs no passphrase."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.vocabulary import CATEGORIES, SENSITIVITIES, STAGES, Labels
from cli.arrival_notes import noticed
from cli.custody_view import show_custody, show_registers
from cli.dates import moment
from cli.document_view import document_pairs
from cli.exits import ExitCode
from cli.invocation import Invocation
from cli.labels import claim_name, claim_value, label, listed
from cli.language import say
from cli.late_view import late_pairs
from cli.media_view import media_pairs
from cli.output import print_json, print_line, print_pairs, show_path, show_size
from cli.service import large, open_desk
from cli.signature_view import signature_pairs
from cli.source_view import marked_source, show_offset

_SHOWN = {"case", "category", "stage", "officers", "unit", "capture_start", "capture_end", "tags"}


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
    if proof:
        _write_proof(invocation, record, output)
        return
    with open_desk(invocation) as desk:
        found = large.fetch(desk, "record.show", {"record": record})
    if invocation.json:
        print_json(found)
    else:
        _show(found)
    if found["problem"]:
        raise typer.Exit(int(ExitCode.FAILED))


def _write_proof(invocation: Invocation, record: str, output: Path) -> None:
    # Only needed here: it loads what makes files durable.
    from cli.service import files

    with open_desk(invocation) as desk:
        found = large.fetch(desk, "record.proof", {"record": record})
    bundle = files.unpacked(found["files"])
    folder = output / files.plain(found["record"])
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


def _show(found: Mapping[str, Any]) -> None:
    _show_record(found)
    if found["lost"]:
        print_line(say("! The content is lost.", "！内容已丢失。"))
    if found["destroyed"] and not found["removed"]:
        print_line(
            say(
                "! It was destroyed by a disposition; its entries and proofs remain.",
                "！该记录已依法销毁，仅存登记条目与证明。",
            )
        )
    if found["spilled"]:
        print_line(
            say(
                "! It is blocked as a state secret: name, description and content are not shown.",
                "！该记录已涉密封控：不显示名称、说明和内容。",
            )
        )
    if found["removed"]:
        print_line(
            say(
                "! Its content was removed after the spill; its entries and proofs remain.",
                "！内容已在泄密处置后清除，仅存登记条目与证明。",
            )
        )
    if found["problem"]:
        print_line(say("! ", "！") + found["problem"])
    if found["catalog"]["restricted"]:
        print_line(
            say(
                "It is of another unit or sensitive; ask for access to see more.",
                "该记录属于其他单位或涉及敏感信息；如需查看，请提出调阅申请。",
            )
        )
        return
    show_registers(found)
    print_line()
    show_custody(found)


def _show_record(found: Mapping[str, Any]) -> None:
    row = found["catalog"]
    value: Mapping[str, Any] = found["description"] or {}
    claims: Mapping[str, Any] = value.get("claims") or {}
    print_pairs(
        [
            (say("record", "记录"), row["record"]),
            (say("name", "名称"), row["name"] or None),
            (say("folder", "目录"), row["folder"] or None),
            (say("size", "大小"), show_size(row["size"])),
            (say("media type", "媒体类型"), row["media_type"] or None),
            (say("source", "来源"), marked_source(row)),
            *_register(value.get("register")),
            (say("received", "接收时间"), moment(row["received_at"])),
            (say("captured", "拍摄时间"), moment(row["capture_start"])),
            (say("case", "案号"), row["case"]),
            (say("category", "执法类别"), _label(CATEGORIES, row["category"])),
            (say("stage", "环节"), _label(STAGES, row["stage"])),
            (say("officers", "人员"), _officers(row, value)),
            (say("unit", "单位"), row["unit"]),
            (say("title", "标题"), row["title"]),
            (say("tags", "敏感信息标签"), listed(SENSITIVITIES, row["tags"] or ()) or None),
            *_other(claims),
            *((say("digest", "摘要"), digest) for digest in value.get("digests", ())),
            *((say("noticed", "提示"), noticed(item)) for item in value.get("findings", ())),
            *document_pairs(value),
            *signature_pairs(found["custody"]),
            *media_pairs(value, found["custody"]),
            *late_pairs(found["custody"]),
        ]
    )


def _officers(row: Mapping[str, Any], value: Mapping[str, Any]) -> str | None:
    """Who was there, by the sidecar or else by the file's name or the register, which is said."""
    officers: str | None = row["officers"]
    if officers is None or (value.get("claims") or {}).get("officers"):
        return officers
    segment = (value.get("technical") or {}).get("segment") or {}
    if segment.get("officer") == officers:
        return say(f"{officers} (by the file name)", f"{officers}（据文件名）")
    if (value.get("register") or {}).get("officer") == officers:
        return say(f"{officers} (by the register)", f"{officers}（据来源登记）")
    return officers


def _register(said: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """What the register said of the source when the drop was received."""
    if not said:
        return []
    parts = [said[name] for name in ("kind", "device", "unit", "officer") if said[name]]
    if said["clock_offset_ms"] is not None:
        parts.append(say("clock ", "时钟 ") + show_offset(said["clock_offset_ms"]))
    return [(say("by the register", "来源登记"), say("; ", "；").join(parts))]


def _other(claims: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Claims that have no line of their own."""
    return [
        (say("claim", "声明") + f" {claim_name(key)}", claim_value(key, value))
        for key, value in sorted(claims.items())
        if key not in _SHOWN
    ]


def _label(labels: Labels, code: str | None) -> str | None:
    return label(labels, code) if code else code
