"""What people give of themselves: names and reasons, in the form that entries and details take."""

import re
import unicodedata
from dataclasses import dataclass

from archive.errors import UsageError

_NAME = re.compile(r"[^\x00-\x1f\x7f/]{1,64}")


@dataclass(frozen=True, slots=True)
class Doer:
    """An account of the operating system (name, or number) and the person who says he is there.

    Nobody signed, so the account is all that the ledger vouches for.
    """

    account: str
    person: str

    @property
    def actor(self) -> str:
        """`account/<name>` (docs/formats.md §2); UsageError for a name no entry can carry."""
        found = stated(self.account, "an account")
        if not _NAME.fullmatch(found):
            raise UsageError("An account's name has 1 to 64 characters, none of them a slash.")
        return f"account/{found}"

    @property
    def name(self) -> str:
        """The person as the ledger's details keep him; UsageError where there is none."""
        return stated(self.person, "a person's name")


def stated(text: str, what: str) -> str:
    """A text as the ledger keeps it: NFC, without space around it; UsageError where it is empty."""
    found = unicodedata.normalize("NFC", text).strip()
    try:
        found.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"What was given for {what} is not text.") from error
    if not found:
        raise UsageError(f"This needs {what}; it is kept for ever.")
    return found
