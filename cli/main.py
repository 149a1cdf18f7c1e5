"""Assembly of the command line: global options, verbs on demand, errors as one sentence."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO, get_args

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from cli import language
from cli.commands import VERBS, Verb
from cli.exits import ExitCode, exit_code, heading, sentence
from cli.help_text import polish
from cli.invocation import Invocation
from cli.language import say
from cli.loading import loading
from cli.output import print_json, safe_text
from cli.wording import usage_in_chinese

_FLAGS = ("--json", "--debug")
_VALUED = ("--home", "--lang")


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move global options to the front, so that `cunzheng verify --json` works too."""
    front: list[str] = []
    rest: list[str] = []
    remaining = list(arguments)
    while remaining:
        word = remaining.pop(0)
        if word == "--":
            rest += [word, *remaining]
            break
        if word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _VALUED)):
            front.append(word)
        elif word in _VALUED:
            front += [word, *remaining[:1]]
            del remaining[:1]
        else:
            rest.append(word)
    return front + rest


def spread(arguments: Sequence[str], lists: Sequence[str]) -> list[str]:
    """Repeat an option before each of its values: `--known a b` becomes `--known a --known b`.

    So a pattern that the shell expands can stand behind an option of a verb without arguments.
    """
    found: list[str] = []
    current = ""
    values = 0
    for word in arguments:
        if word.startswith("-"):
            current, values = (word if word in lists else ""), 0
        elif current:
            found += [current] if values else []
            values += 1
        found.append(word)
    return found


def wanted_language(arguments: Sequence[str], environment: Mapping[str, str]) -> language.Language:
    """Language of hoisted arguments; a wrong --lang is reported later, by the parser."""
    for position, word in enumerate(arguments):
        name, _, value = word.partition("=")
        if name == "--lang":
            value = value or "".join(arguments[position + 1 : position + 2])
            for known in get_args(language.Language):
                if value == known:
                    return known  # type: ignore[no-any-return]
    return language.language_of(environment)


def _load(verb: Verb) -> Any:
    """The command of a verb, as Typer builds it; imports the verb's module."""
    with loading():
        module = import_module(verb.module)
    app: typer.Typer | None = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False)
        app.command(name=verb.name, help=say(verb.en, verb.zh))(module.run)
    command = typer.main.get_command(app)
    command.name = verb.name
    command.help = say(verb.en, verb.zh)
    if verb.example:
        command.epilog = say("Example: ", "示例：") + f"cunzheng {say(*verb.example)}"
    return polish(command)


def _group(verbs: Sequence[Verb]) -> type[TyperGroup]:
    table = {verb.name: verb for verb in verbs}

    class LazyGroup(TyperGroup):
        """Knows every verb by name and help; imports the one that is called."""

        def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
            name, command, rest = super().resolve_command(ctx, args)
            if not name:
                return name, command, rest
            return name, _load(table[name]), spread(rest, table[name].lists)

    return LazyGroup


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        from importlib.metadata import version

        print(f"cunzheng {version('cunzheng')}")
        raise typer.Exit


def build_app(verbs: Sequence[Verb]) -> typer.Typer:
    """The application, with help in the chosen language."""
    app = typer.Typer(
        cls=_group(verbs),
        add_completion=False,
        help=say(
            "Evidence archive: seal what devices drop, and prove later that nothing changed.",
            "存证：封存设备投放的记录，并能在日后证明其未被改动。",
        ),
        epilog=say(
            "Exit codes: 0 fine · 1 failed or refused · 2 usage or configuration · "
            "3 could not determine · 4 denied",
            "退出码：0 正常 · 1 未通过或被拒收 · 2 用法或配置有误 · 3 无法确定 · 4 不允许",
        ),
    )

    @app.callback()
    def main_options(
        context: typer.Context,
        home: Annotated[
            Path | None,
            typer.Option(
                envvar="CUNZHENG_HOME",
                show_envvar=True,
                metavar="DIR",
                readable=False,  # who only calls its service passes through it
                help=say("Folder of the archive.", "存证库所在目录。"),
            ),
        ] = None,
        json: Annotated[
            bool,
            typer.Option(
                "--json", help=say("One JSON document on stdout.", "输出一个 JSON 文档。")
            ),
        ] = False,
        lang: Annotated[  # noqa: ARG001 - read before parsing, see wanted_language
            Literal["zh", "en"] | None,
            typer.Option(help=say("Language; default: the locale's.", "语言；默认随系统。")),
        ] = None,
        debug: Annotated[
            bool,
            typer.Option("--debug", help=say("Show tracebacks.", "显示出错位置。")),
        ] = False,
        version: Annotated[  # noqa: ARG001 - handled by its callback
            bool,
            typer.Option(
                "--version",
                callback=_version,
                is_eager=True,
                help=say("Show the version.", "显示版本。"),
            ),
        ] = False,
    ) -> None:
        context.obj = Invocation(home=home, json=json, debug=debug)

    for verb in verbs:
        app.command(name=verb.name, help=say(verb.en, verb.zh))(_placeholder)
    return app


def _placeholder() -> None:
    """Stands in the table for help; LazyGroup puts the real command in its place."""
    raise NotImplementedError


def _report(code: ExitCode, text: str, *, as_json: bool) -> int:
    # A full disk behind a redirected stream must not change the exit code, which scripts read.
    with suppress(OSError):
        print(f"cunzheng: {heading(code)}: {safe_text(text)}", file=sys.stderr)
    if as_json:
        with suppress(OSError):
            print_json({"error": text, "exit_code": int(code)})
    return int(code)


def _usage_text(error: TyperException) -> str:
    text = error.format_message().strip()
    if not text:
        return say("Something is missing.", "缺少参数。")
    return say(text, usage_in_chinese(text))


def run(
    arguments: Sequence[str], environment: Mapping[str, str], verbs: Sequence[Verb] = VERBS
) -> int:
    """Run one command and return its exit code; nothing is raised but with --debug."""
    words = hoist(arguments) or ["--help"]
    language.choose(wanted_language(words, environment))
    globals_end = len(words) if "--" not in words else words.index("--")
    debug, as_json = (flag in words[:globals_end] for flag in ("--debug", "--json"))
    command = polish(typer.main.get_command(build_app(verbs)))
    try:
        result = command.main(args=words, prog_name="cunzheng", standalone_mode=False)
    except TyperException as error:
        return _report(ExitCode.USAGE, _usage_text(error), as_json=as_json)
    except SystemExit:
        # Typer ends so when the reader of a pipe went away.
        return int(ExitCode.UNDETERMINED)
    except (Abort, KeyboardInterrupt):
        return 130
    except Exit as error:
        return error.exit_code
    except Exception as error:
        if debug:
            raise
        return _report(exit_code(error), sentence(error), as_json=as_json)
    return result if isinstance(result, int) else 0


def main() -> None:
    """Console script."""
    for stream in (sys.stdout, sys.stderr):
        # A locale that cannot show a character must not break a command.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    code = run(sys.argv[1:], os.environ)
    _deliver(sys.stderr)
    if not _deliver(sys.stdout):
        code = code or int(ExitCode.UNDETERMINED)
    sys.exit(code)


def _deliver(stream: TextIO) -> bool:
    """Whether all that was said could be written: nobody may read any more, a disk be full."""
    try:
        stream.flush()
    except OSError:
        # Spare the interpreter's own flush the same error, which would end with code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True
