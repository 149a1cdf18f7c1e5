"""Accounts of the operating system, where a person is named by them."""

import pwd

from archive.errors import UsageError
from cli.language import say


def account_shown(uid: int) -> str:
    """The name of an account, else its number: what the ledger says of what nobody signed."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def account_name(uid: int) -> str:
    """The name of an account; raises UsageError where the system has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise UsageError(
            say(
                "The system does not know your name; say who you are with --person.",
                "系统中没有您的用户名；请用 --person 说明身份。",
            )
        ) from None
