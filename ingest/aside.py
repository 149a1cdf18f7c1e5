"""Names of drops that were refused as state secrets and put aside where they lie. Pure.

.refused-01KAN…      the file; the random id stands in the entry that tells of it
.refused-01KAN….1    what belonged to it: its sidecar, its marker
"""

import re

PREFIX = b".refused-"
_FILE = re.compile(rb"\.refused-([0-7][0-9A-HJKMNP-TV-Z]{25})")
_ANY = re.compile(_FILE.pattern + rb"(?:\.[1-9]\d{0,2})?")


def aside_name(refusal: str, number: int = 0) -> bytes:
    """The name of a refused file (0), or of the `number`th that belonged to it."""
    name = PREFIX + refusal.encode()
    return name if number == 0 else name + b".%d" % number


def aside_of(name: bytes) -> str | None:
    """The id in the name of a refused file, or of what belonged to one; None for other names."""
    found = _ANY.fullmatch(name) if name.startswith(PREFIX) else None
    return found[1].decode() if found else None


def refusal_in(name: bytes) -> str | None:
    """The id in the name of a refused file; None for any other name, and what belonged to one."""
    found = _FILE.fullmatch(name) if name.startswith(PREFIX) else None
    return found[1].decode() if found else None
