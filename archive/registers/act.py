"""What the rule book judges: one entry, whether submitted just now or read from the ledger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.registers.keeping import Law
from archive.registers.shelf import Shelf
from archive.statements.body import SignedBody

Data = Mapping[str, Any]


class Unknown(Exception):
    """Something that the judgement needs cannot be had: what follows cannot be judged either."""


@dataclass(frozen=True, slots=True)
class Act:
    """An entry's own words. `detail` gives the data of its detail, None where it has none.

    `certificate` gives a stored certificate (DER) by its digest, None where there is none. `at` is
    the entry's time, the present for one that is only being submitted. `place` is
    `<log>#<index>`, empty before the entry stands. `law` reads retention schedules; `admit` sets
    it for the kinds that need it.
    """

    kind: str
    actor: str
    subject: str | None
    body: Mapping[str, Any]
    at: datetime
    detail: Callable[[], Data | None]
    certificate: Callable[[str], bytes | None]
    place: str = ""
    law: Law | None = None

    @property
    def lawyer(self) -> Law:
        """The law; raises Unknown where nobody brought one."""
        if self.law is None:
            raise Unknown("retention schedules cannot be read here")
        return self.law


SignedRule = Callable[[Shelf, Act, SignedBody], None]
"""Checks a signed act, raising Denied; changes the registers only after all checks."""
Rule = Callable[[Shelf, Act], None]
"""The same for what the archive itself writes."""
