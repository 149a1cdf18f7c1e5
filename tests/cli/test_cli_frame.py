"""The frame around every command: help, global options, exit codes, errors, start-up."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import pytest
import typer

from archive import errors as archive_errors
from cli import language
from cli.commands import VERBS, Verb
from cli.exits import ExitCode, exit_code
from cli.invocation import Invocation
from cli.main import run
from cli.settings import Settings
from ingest import errors as ingest_errors
from signing import errors as signing_errors

PROBE = Verb("probe", "cunzheng_probe", "Look into it.", "查看。")
Install = Callable[[Callable[..., object]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    def put(function: Callable[..., object]) -> None:
        module = types.ModuleType(PROBE.module)
        module.run = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, PROBE.module, module)

    yield put
    language.choose("en")


def call(*arguments: str, environment: dict[str, str] | None = None) -> int:
    return run(arguments, environment or {}, [PROBE])


def test_help_names_every_verb_without_importing_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    assert "Look into it." in capsys.readouterr().out
    assert PROBE.module not in sys.modules
    assert call("--lang", "zh") == 2
    assert call("--help", environment={"LANG": "zh_CN.UTF-8"}) == 0
    assert "查看。" in capsys.readouterr().out
    language.choose("en")


def test_no_argument_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 0
    assert "probe" in capsys.readouterr().out


def test_invocation_reaches_the_command(install: Install) -> None:
    seen: list[tuple[Invocation, str]] = []

    def command(context: typer.Context, record: Annotated[str, typer.Argument()]) -> None:
        seen.append((Invocation.of(context), record))

    install(command)
    assert call("probe", "X", "--json", "--home", "/h") == 0
    assert call("probe", "Y", environment={}) == 0
    assert seen == [
        (Invocation(home=Path("/h"), json=True), "X"),
        (Invocation(home=None), "Y"),
    ]


def test_home_comes_from_the_environment(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Path] = []

    def command(context: typer.Context) -> None:
        seen.append(Invocation.of(context).settings()[0])

    install(command)
    (tmp_path / "cunzheng.toml").write_text(Settings(archive="a/b").to_toml(), encoding="utf-8")
    monkeypatch.setenv("CUNZHENG_HOME", str(tmp_path))
    assert call("probe") == 0
    assert seen == [tmp_path]


def test_group_of_verbs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer(help="Registers.", no_args_is_help=True)

    @app.callback()
    def group() -> None:
        """Registers."""

    @app.command()
    def confirm(source: str) -> None:
        print("confirmed", source)

    module = types.ModuleType(PROBE.module)
    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, PROBE.module, module)
    assert call("probe", "confirm", "DSJ-1") == 0
    assert capsys.readouterr().out == "confirmed DSJ-1\n"
    assert call("probe", "nothing") == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (archive_errors.ContentAltered("x"), 1),
        (archive_errors.ObjectMissing("x"), 1),
        (archive_errors.Refused("x"), 1),
        (signing_errors.SignatureBad("x"), 1),
        (archive_errors.UsageError("x"), 2),
        (archive_errors.NotFound("x"), 2),
        (signing_errors.TrustPolicyError("x"), 2),
        (signing_errors.KeyLocked("x"), 2),
        (archive_errors.StateUnknown("x"), 3),
        (archive_errors.LedgerBehind("x"), 3),
        (signing_errors.RevocationUnknown("x"), 3),
        (OSError(28, "No space left on device"), 3),
        (ZeroDivisionError("x"), 3),
    ],
)
def test_every_family_of_errors_has_its_code(error: Exception, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize("module", [archive_errors, ingest_errors, signing_errors])
def test_no_error_of_ours_falls_through_to_the_last_resort(module: types.ModuleType) -> None:
    roots = {"ArchiveError", "SigningError"}
    for name, kind in vars(module).items():
        if isinstance(kind, type) and issubclass(kind, Exception) and name not in roots:
            from cli.exits import _TABLE

            assert any(issubclass(kind, known) for known, _ in _TABLE), name


def test_error_is_one_sentence_and_one_document(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise archive_errors.ContentAltered("piece 3 does not have its hash\x1b[2J")

    install(command)
    assert call("probe") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "cunzheng: failed: Piece 3 does not have its hash\\u{1b}[2J\n"
    assert call("probe", "--json", "--lang", "zh") == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["exit_code"] == 1
    assert captured.err.startswith("cunzheng: 未通过: ")


def test_unforeseen_error_shows_its_traceback_only_with_debug(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise ZeroDivisionError("a bug")

    install(command)
    assert call("probe") == ExitCode.UNDETERMINED
    assert capsys.readouterr().err.count("\n") == 1
    with pytest.raises(ZeroDivisionError):
        call("probe", "--debug")


def test_command_chooses_its_exit_code(install: Install) -> None:
    def command() -> None:
        raise typer.Exit(int(ExitCode.DENIED))

    install(command)
    assert call("probe") == 4


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("probe", "--nothing"), ("--lang", "fr", "probe"), ("--home",)]
)
def test_wrong_usage_is_code_two(
    install: Install, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    install(lambda: None)
    assert call(*arguments) == 2
    assert "cunzheng: usage: " in capsys.readouterr().err


def test_missing_archive_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(archive_errors.UsageError, match="init"):
        Invocation(home=tmp_path).archive_home()


def test_interrupt_ends_with_130(install: Install) -> None:
    def command() -> None:
        raise KeyboardInterrupt

    install(command)
    assert call("probe") == 130


def test_every_verb_has_a_module_and_help_in_both_languages() -> None:
    names = [verb.name for verb in VERBS]
    assert len(names) == len(set(names))
    for verb in VERBS:
        assert verb.en
        assert verb.zh
        module = __import__(verb.module, fromlist=["run"])
        assert hasattr(module, "run") != hasattr(module, "app"), verb.name


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys, os; from cli.main import run; run(['--help'], {});"
        "heavy = {'pyhanko', 'sqlalchemy', 'alembic', 'httpx', 'watchdog', 'cryptography'};"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


CALLERS = ("alerts", "case", "decide", "fetch", "people", "report", "request", "search", "show")


def test_callers_of_the_service_load_neither_database_nor_documents() -> None:
    script = (
        "import sys; from importlib import import_module;"
        f"[import_module('cli.commands.' + name) for name in {CALLERS}];"
        "heavy = {'pyhanko', 'sqlalchemy', 'alembic', 'reportlab', 'xlsxwriter', 'watchdog'};"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_ingest_reads_before_it_loads_a_database() -> None:
    script = (
        "import sys, cli.commands.ingest;"
        "heavy = {'pyhanko', 'sqlalchemy', 'cryptography', 'alembic', 'watchdog'};"
        "print('heavy:', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_reader_of_a_pipe_may_go_away() -> None:
    script = (
        "import sys; from cli.main import main; sys.argv = ['cunzheng', '--help'];"
        "sys.stdin.read(); main()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    child.stdin.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() == 3


@pytest.mark.parametrize("full", ["stdout", "stderr", "both"])
@pytest.mark.parametrize("words", [["status"], ["status", "--json"]])
def test_a_full_disk_behind_the_output_changes_no_exit_code(full: str, words: list[str]) -> None:
    script = "import sys; from cli.main import main; main()"
    with Path("/dev/full").open("w") as device:
        done = subprocess.run(
            [sys.executable, "-c", script, "--home", "/no/such/archive", *words],
            stdout=subprocess.DEVNULL if full == "stderr" else device,
            stderr=subprocess.DEVNULL if full == "stdout" else device,
            check=False,
        )
    assert done.returncode == 2


def test_output_that_could_not_be_written_is_no_success() -> None:
    script = "import sys; from cli.main import main; main()"
    with Path("/dev/full").open("w") as device:
        done = subprocess.run(
            [sys.executable, "-c", script, "--help"],
            stdout=device,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    assert done.returncode == 3
