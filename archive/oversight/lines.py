"""What the reader of events goes by: a line of the ledger, and the state of a case at that line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive.oversight.events import Place

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as JSON gives it, and where it stands."""

    place: Place
    value: Value


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case as it is now."""

    unit: str
    handlers: frozenset[str]
    sensitivity: frozenset[str]
    category: str
