"""What people give of themselves: names and reasons, in the form that entries and details take."""

import re
import unicodedata

from archive.errors import UsageError

_NAME = re.compile(r"[^\x00-\x1f\x7f/]{1,64}")


def user_actor(person: str) -> str:
    """`user/<name>` (docs/formats.md §2); raises UsageError for a name no entry can carry."""
    name = stated(person, "a person's name")
    if not _NAME.fullmatch(name):
        raise UsageError("A person's name has 1 to 64 characters, none of them a slash.")
    return f"user/{name}"


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
