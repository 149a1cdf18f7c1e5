"""Help in the chosen language, with nothing cut off.

Rich ends a word that is wider than its column with an ellipsis, and Chinese without spaces is one
word: the texts are folded instead. Flags are shown without a type.
"""

from typing import Any

from cli.language import say


def polish(command: Any) -> Any:
    """The command, and those below it, with such a help; costs nothing until it is shown."""
    shown = command.format_help

    def format_help(context: Any, formatter: Any) -> None:
        _fold()
        for option in command.get_params(context):
            if getattr(option, "is_flag", False) and option.metavar is None:
                option.metavar = ""
            if option.name == "help":
                option.help = say("Show this message and exit.", "显示本说明。")
        shown(context, formatter)

    command.format_help = format_help
    for below in getattr(command, "commands", {}).values():
        polish(below)
    return command


def _fold() -> None:
    """Have Typer's own renderer fold long words, and speak the language.

    Typer has no setting for how a text is folded, so its private maker of texts is wrapped.
    """
    from rich.text import Text
    from typer import rich_utils

    rich_utils.ARGUMENTS_PANEL_TITLE = say("Arguments", "参数")
    rich_utils.OPTIONS_PANEL_TITLE = say("Options", "选项")
    rich_utils.COMMANDS_PANEL_TITLE = say("Commands", "命令")
    rich_utils.DEFAULT_STRING = say("[default: {}]", "[默认：{}]")
    rich_utils.ENVVAR_STRING = say("[env var: {}]", "[环境变量：{}]")
    rich_utils.REQUIRED_LONG_STRING = say("[required]", "[必填]")
    make = rich_utils._make_rich_text
    if getattr(make, "folds", False):
        return

    def folding(**options: Any) -> Any:
        text = make(**options)
        if isinstance(text, Text):
            text.overflow = "fold"
        return text

    folding.folds = True  # type: ignore[attr-defined]
    rich_utils._make_rich_text = folding
