"""English and Chinese: every message stands beside its use as a pair.

    say("Nothing to do.", "没有要处理的内容。")

The language is chosen once per process, before any command module is imported, so that option
help written as `help=say(...)` comes out right too.
"""

from collections.abc import Mapping
from typing import Literal

Language = Literal["en", "zh"]

_current: Language = "en"


def language_of(environment: Mapping[str, str]) -> Language:
    """Language of the locale; the first set of LC_ALL, LC_MESSAGES, LANG decides (POSIX)."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def choose(language: Language) -> None:
    """Set the language of this process."""
    global _current  # noqa: PLW0603 - one process speaks one language
    _current = language


def current() -> Language:
    """The language chosen last."""
    return _current


def say(en: str, zh: str) -> str:
    """The text in the chosen language."""
    return zh if _current == "zh" else en
