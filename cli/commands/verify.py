"""`cunzheng verify`: read everything again and hold it against a policy. Writes nothing into the
archive; `--log-inspection` appends an entry about the inspection afterwards.
"""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from archive.errors import UsageError
from archive.findings import Outcome
from archive.inspection import report_bytes
from archive.report import Report
from archive.verify import Kit
from cli.exits import ExitCode
from cli.findings_view import show_report
from cli.inspecting import Inspection
from cli.invocation import Invocation
from cli.kept import PolicyFile, PolicyOption, read_crls, read_notes, read_policy, read_receipts
from cli.language import say
from cli.output import print_json, print_line, show_path
from cli.service import open_desk
from ingest.names import safe_file_name
from retention.law import RetentionLaw
from signing.digest import Digest

_CODES = {
    Outcome.PASSED: ExitCode.FINE,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.INDETERMINATE: ExitCode.UNDETERMINED,
}


def run(  # noqa: PLR0913, PLR0917 - one parameter per option
    context: typer.Context,
    record: Annotated[
        str | None, typer.Option(help=say("Only this record.", "仅核验此记录。"))
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option(help=say("Only records of this case; again for more.", "仅此案号，可重复。")),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help=say("Only from this day on.", "仅自该日起。")),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help=say("Only so many, by chance.", "仅随机抽取若干份。"))
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help=say("Repeats an earlier sample.", "重复先前的抽样。"))
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, dir_okay=False, help=say("Note kept from earlier.", "此前保存的检查点。")
        ),
    ] = None,
    receipts: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help=say("Receipt file.", "回执文件。")),
    ] = None,
    policy: PolicyOption = None,
    crl: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, dir_okay=False, help=say("Newer revocation list.", "较新的吊销列表。")
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help=say(
                "Folder with evidence/ and live/, or a settings file that names buckets; no home.",
                "含 evidence/ 的存储目录，或指明存储桶的设置文件。",
            ),
        ),
    ] = None,
    report_file: Annotated[
        Path | None,
        typer.Option("--report", help=say("New file for the JSON report.", "JSON 报告的新文件。")),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(help=say("Folder for contradicting notes.", "存放相互矛盾检查点的目录。")),
    ] = None,
    storage: Annotated[
        bool,
        typer.Option(
            "--storage",
            help=say(
                "Also locks, versions and settings of the store, and the second copy.",
                "一并核验存储的锁定、版本和设置，以及第二副本。",
            ),
        ),
    ] = False,
    replica: Annotated[
        bool,
        typer.Option("--replica", help=say("The second copy, by itself.", "单独核验第二副本。")),
    ] = False,
    log_inspection: Annotated[
        bool,
        typer.Option("--log-inspection", help=say("Put it on the ledger.", "将核验记入账本。")),
    ] = False,
    person: Annotated[
        str | None, typer.Option(help=say("Who inspects.", "核验人；默认为系统用户。"))
    ] = None,
) -> None:
    """Verify the archive."""
    invocation = Invocation.of(context)
    inspection = Inspection(invocation, store, replica=replica)
    if log_inspection and inspection.workbench is None:
        raise UsageError(
            say("--log-inspection needs the archive's home.", "--log-inspection 需要存证库目录。")
        )
    if report_file is not None and report_file.exists():
        name = show_path(report_file)
        raise UsageError(say(f"{name} is there already.", f"{name} 已存在。"))
    trusted = read_policy(policy, inspection.home)
    scope = inspection.scope(record, case, since, sample, seed)
    kit = Kit(
        known=[*read_notes(known or []), *inspection.notes()],
        receipts=read_receipts(receipts or []),
        extra_crls=read_crls(crl or []),
        own_policy=trusted.own,
        database=inspection.database,
        law=RetentionLaw(),
        storage=inspection.storage_kit() if storage else None,
        store=inspection.store,
    )
    report = inspection.verify(trusted, scope, kit)
    data = report_bytes(_document(report, trusted))
    if report_file is not None:
        with report_file.open("xb") as file:
            file.write(data)
    kept = _keep_evidence(report, evidence)
    place = _record(invocation, report, trusted, data, person) if log_inspection else None
    if invocation.json:
        print_json({**_document(report, trusted), "inspection": place, "evidence": kept})
    else:
        show_report(report, trusted)
        _tell_evidence(report, kept)
        if place:
            entry = f"{place['log']}#{place['index']}"
            print_line(say(f"On the ledger as {entry}.", f"已记入 {entry}。"))
    raise typer.Exit(int(_CODES[report.outcome]))


def _record(
    invocation: Invocation, report: Report, trusted: PolicyFile, data: bytes, person: str | None
) -> dict[str, Any]:
    """Put it on the ledger, through the service where one runs; {`log`, `index`}."""
    params = {
        "scope": report.scope,
        "policy": str(trusted.digest),
        "report": str(Digest.of("sha256", data)),
        "result": report.outcome.value,
        "failed": report.number(Outcome.FAILED),
        "indeterminate": report.number(Outcome.INDETERMINATE),
        "person": person,
    }
    with open_desk(invocation) as desk:
        return desk.call("inspection.record", params)


def _document(report: Report, trusted: PolicyFile) -> dict[str, Any]:
    policy = {
        "archive": trusted.policy.archive,
        "digest": str(trusted.digest),
        "own_copy": trusted.own,
    }
    return {**report.to_value(), "policy": policy}


def _keep_evidence(report: Report, folder: Path | None) -> list[str]:
    """Write the signed notes that prove a misbehaviour; never over another file."""
    if folder is None or not report.evidence:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for note in report.evidence:
        path = folder / safe_file_name(note.name)
        if not (path.exists() and path.read_bytes() == note.data):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            with os.fdopen(fd, "wb") as file:
                file.write(note.data)
        written.append(show_path(path))
    return written


def _tell_evidence(report: Report, kept: list[str]) -> None:
    for path in kept:
        print_line(say(f"written: {path}", f"已写出：{path}"))
    if report.evidence and not kept:
        print_line(
            say(
                "Signed notes prove this; --evidence DIR writes them out.",
                "有签名的检查点可以证明；用 --evidence 目录 写出。",
            )
        )
