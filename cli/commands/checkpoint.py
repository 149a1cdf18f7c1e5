"""`cunzheng checkpoint`: the newest seal, to look at or to take away; needs no passphrase."""

import base64
from pathlib import Path
from typing import Annotated

import typer

from archive.checkpoint_files import NewestSeal, checkpoint_files, newest_seal
from archive.proof import write_bundle
from cli.invocation import Invocation
from cli.language import say
from cli.output import print_json, print_line, print_pairs, show_path
from cli.wiring import Workbench


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
    home, settings = invocation.settings()
    workbench = Workbench(home, settings)
    seal = newest_seal(workbench.database, workbench.evidence, workbench.own_trust)
    folder = None
    if output is not None:
        folder = output / seal.name
        policy = workbench.own_policy
        roots = dict.fromkeys([*policy.ca_roots, *(tsa.certificate for tsa in policy.tsa_roots)])
        files = checkpoint_files(seal, workbench.evidence, list(roots))
        if not _is_there(folder, seal):
            write_bundle(workbench.fs, folder, files)
    if invocation.json:
        print_json(_document(seal, folder))
        return
    print_pairs(
        [
            (say("origin", "账本"), seal.origin),
            (say("size", "条目数"), seal.size),
            (say("root", "根"), base64.b64encode(seal.root).decode()),
            (say("time", "时间戳"), seal.gen_time),
            (say("key", "验证密钥"), seal.vkey),
        ]
    )
    if seal.behind:
        print_line(
            say(
                f"{seal.behind} newer entries still wait for their timestamp.",
                f"另有 {seal.behind} 条较新条目尚待时间戳。",
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


def _is_there(folder: Path, seal: NewestSeal) -> bool:
    note = folder / "checkpoint.note"
    return note.is_file() and note.read_bytes() == seal.note


def _document(seal: NewestSeal, folder: Path | None) -> dict[str, object]:
    return {
        "log": seal.log,
        "origin": seal.origin,
        "size": seal.size,
        "root": base64.b64encode(seal.root).decode(),
        "gen_time": seal.gen_time,
        "vkey": seal.vkey,
        "waiting_for_token": seal.behind,
        "note": seal.note.decode(),
        "folder": show_path(folder) if folder else None,
    }
