"""`cunzheng checkpoint`: the newest seal, to look at or to take away; needs no passphrase."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.dates import moment
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_pairs, show_path
from cli.service import large, open_desk


def run(
    context: typer.Context,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=say(
                "Write its files into a new folder below this one.",
                "将其文件写入此目录下的新目录。",
            ),
        ),
    ] = None,
) -> None:
    """Show it, or write its files."""
    invocation = Invocation.of(context)
    with open_desk(invocation) as desk:
        seal = large.fetch(desk, "checkpoint", {"files": output is not None})
    folder = None if output is None else _write(output, seal)
    if invocation.json:
        shown = {key: value for key, value in seal.items() if key not in ("name", "files")}
        print_json({**shown, "folder": show_path(folder) if folder else None})
        return
    print_pairs(
        [
            (say("origin", "账本"), seal["origin"]),
            (say("size", "条目数"), seal["size"]),
            (say("root", "根"), seal["root"]),
            (say("time", "时间戳"), moment(seal["gen_time"])),
            (say("key", "验证密钥"), seal["vkey"]),
        ]
    )
    if behind := seal["waiting_for_token"]:
        print_line(
            say(
                f"{behind} newer entries still wait for their timestamp.",
                f"另有 {behind} 条较新条目尚待时间戳。",
            )
        )
    if folder is not None:
        name = show_path(folder)
        print_line(
            say(
                f"written: {name}; README.txt there says how to check it.",
                f"已写出：{name}；其中 README.txt 说明如何核对。",
            )
        )


def _write(output: Path, seal: dict[str, Any]) -> Path:
    """Write the files below the caller's folder, unless this seal's are there already."""
    # Only needed here: it loads what makes files durable.
    from cli.service import files

    folder = output / files.plain(seal["name"])
    bundle = files.unpacked(seal["files"])
    note = folder / "checkpoint.note"
    if not (note.is_file() and note.read_bytes() == bundle["checkpoint.note"]):
        files.write(folder, bundle)
    return folder
