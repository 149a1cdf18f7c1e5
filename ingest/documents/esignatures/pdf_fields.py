"""The signature fields of a PDF, of whatever kind: none is passed over for what it is or lacks.

    for filled in filled_fields(reader, problem):
        filled.embedded()          # raises for one that cannot be taken apart

pyHanko's own list leaves out sub-filters that it does not know, and gives nothing at all where one
signature among several is broken.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

KNOWN = frozenset(("/adbe.pkcs7.detached", "/ETSI.CAdES.detached", "/ETSI.RFC3161"))
"""Sub-filters whose bytes are understood here."""
MOST_FIELDS, MOST_LEVELS = 100_000, 50
Problem = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """A field with a signature in it; `revision` of the file is that in which it was put there."""

    reader: Any
    field: Any
    name: str
    revision: int
    timestamp: bool
    """A timestamp over the document, by what it says."""
    sub_filter: str

    def embedded(self) -> Any:
        """It as pyHanko knows it; whatever error a library has for what is broken."""
        from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

        if self.sub_filter not in KNOWN:
            raise ValueError(f"sub-filter {self.sub_filter} is not known")
        return EmbeddedPdfSignature(self.reader, self.field, self.name)


def filled_fields(reader: Any, problem: Problem) -> list[Filled]:
    """Signatures in the order of their revisions; `problem` hears of what could not be read."""
    try:
        fields = entry(entry(reader.root, "/AcroForm", {}), "/Fields", ())
        found = list(_signed(reader, fields, problem))
    except Exception as error:  # a form that is broken as a whole
        problem(f"form: {type(error).__name__}: {error}")
        return []
    return sorted(found, key=lambda one: one.revision)


def entry(container: Any, key: str, default: Any) -> Any:
    """What a dictionary holds, wherever it stands: pyHanko's `get` gives a reference as it is."""
    try:
        return container[key]
    except KeyError:
        return default


def _signed(reader: Any, fields: Any, problem: Problem) -> Iterator[Filled]:
    left: list[tuple[Any, str, Any, int]] = [(one, "", None, 0) for one in reversed(fields)]
    seen = 0
    while left:
        reference, above, kind, level = left.pop()
        seen += 1
        if seen > MOST_FIELDS or level > MOST_LEVELS:
            problem("form: too many fields, or a circle of them")
            return
        try:
            field = reference.get_object()
            name = ".".join(part for part in (above, str(entry(field, "/T", ""))) if part)
            kind = entry(field, "/FT", kind)
            left += [(kid, name, kind, level + 1) for kid in reversed(entry(field, "/Kids", ()))]
            if kind == "/Sig" and entry(field, "/V", None):
                yield _filled(reader, field, name)
        except Exception as error:  # the next field may be sound
            problem(f"field {above}: {type(error).__name__}: {error}")


def _filled(reader: Any, field: Any, name: str) -> Filled:
    value = field["/V"]
    place = getattr(field.raw_get("/V"), "reference", None)
    revisions: int = reader.xrefs.total_revisions
    sub_filter = str(entry(value, "/SubFilter", "(none)"))
    return Filled(
        reader,
        field,
        name,
        revisions - 1 if place is None else reader.xrefs.get_last_change(place),
        entry(value, "/Type", None) == "/DocTimeStamp" or sub_filter == "/ETSI.RFC3161",
        sub_filter,
    )
