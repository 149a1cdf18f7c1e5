"""Codes of the register with their labels in the chosen language, as people read them."""

from collections.abc import Iterable

from archive import vocabulary
from archive.vocabulary import Labels
from cli.language import say

STATES: Labels = {
    "active": ("active", "在用"),
    "suspended": ("suspended", "已停用"),
    "revoked": ("revoked", "已吊销"),
    "expired": ("expired", "已到期"),
    "waiting": ("not valid yet", "未生效"),
}


def label(labels: Labels, code: str) -> str:
    """The label of a code; a code that is not known stands for itself."""
    found = labels.get(code)
    return say(*found) if found else code


def role_label(role: str) -> str:
    """`code (label)`, or only the code where they say the same."""
    return coded(vocabulary.ROLES, role)


def coded(labels: Labels, code: str) -> str:
    """A code with its label beside it."""
    words = label(labels, code)
    return code if words == code else f"{code} ({words})"


def listed(labels: Labels, codes: Iterable[str]) -> str:
    """Labels of several codes in one line."""
    return say(", ", "、").join(label(labels, code) for code in codes)


def choices(labels: Labels) -> str:
    """Every code with its label on a line of its own, as a help text has lines."""
    return "".join(f"\n\n{_choice(code, say(*words))}" for code, words in labels.items())


def _choice(code: str, words: str) -> str:
    """A label that only repeats the code is left out."""
    return code if words in (code, code.replace("_", " ")) else f"{code}: {words}"
