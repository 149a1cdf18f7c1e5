"""What the register says of a source besides its name: `terms` of `source.confirmed`.

    terms = Terms.parse(text_of_the_column)
    terms.kinds                              # ("docx", "pdf"); empty: every kind

Pure; `archive.source_rows` reads them from the table of sources (docs/formats.md §14).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from dataclasses import fields as fields_of
from typing import Any, NamedTuple

from archive import fields
from archive.errors import FormatError
from archive.fields import Check, count, maybe, one_of
from archive.kinds import SHORT_KINDS
from signing import canonical

LETTERS = "letters"
"""The source of letters that are sealed before a request names them: ours, and no folder's."""
COMPLETE = ("settled", "ready", "manifest")
UNCONFIRMED, CONFIRMED, RETIRED = "unconfirmed", "confirmed", "retired"
"""States of a source."""
MOST_OFFSET_MS = 100 * 366 * 24 * 3600 * 1000
"""A clock that was never set may stand decades away; more than a century is a mistake."""
MOST_TEXT = 200
_REGISTER = canonical.Form("clock_offset_ms", "device", "kind", "officer", "unit")


def _offset(value: object) -> None:
    if abs(fields.whole(value)) > MOST_OFFSET_MS:
        raise FormatError("a clock offset of at most a hundred years was expected")


def _short(value: object) -> None:
    if not 1 <= len(fields.text(value)) <= MOST_TEXT:
        raise FormatError(f"a text of 1 to {MOST_TEXT} characters was expected")


def _positive(value: object) -> None:
    if count(value) < 1:
        raise FormatError("at least 1 was expected")


_CHECKS: Mapping[str, Check] = {
    "clock_offset_ms": maybe(_offset),
    "complete": maybe(one_of(COMPLETE)),
    "device": maybe(_short),
    "kinds": fields.sorted_each(one_of(SHORT_KINDS), 0, len(SHORT_KINDS)),
    "office": maybe(_short),
    "officer": maybe(_short),
    "profile": maybe(_short),
    "quota_mb": maybe(_positive),
    "sidecar_wait_seconds": maybe(count),
    "silence_hours": maybe(_positive),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is not said is None; `kinds` empty: every kind of file is taken."""

    clock_offset_ms: int | None = None
    """Add it to the device's clock; milliseconds."""
    complete: str | None = None
    """When a drop is complete: `settled`, `ready` or `manifest`."""
    device: str | None = None
    kinds: tuple[str, ...] = ()
    office: str | None = None
    officer: str | None = None
    """Whose recordings these are where nothing else says so."""
    profile: str | None = None
    """The profile of file names that counts for this source."""
    quota_mb: int | None = None
    """Megabytes (10^6 bytes) that are taken of it a day in Asia/Shanghai."""
    sidecar_wait_seconds: int | None = None
    silence_hours: int | None = None
    """After so many hours without a drop the silence is a warning."""

    @classmethod
    def of(cls, value: object) -> "Terms":
        """From a detail or a request; FormatError for whatever is unknown, missing or wrong."""
        fields.exactly(value, _CHECKS, {})
        said: Mapping[str, Any] = value  # type: ignore[assignment]
        return cls(**{**said, "kinds": tuple(said["kinds"])})

    @classmethod
    def parse(cls, text: str | None) -> "Terms":
        """From the column of the database; FormatError."""
        return cls.of(fields.decode_object(text.encode(), "a register entry")) if text else cls()

    def value(self) -> dict[str, Any]:
        """As it stands in the detail of `source.confirmed`."""
        return {**asdict(self), "kinds": list(self.kinds)}

    def text(self) -> str:
        """As it stands in the database."""
        return canonical.encode(self.value()).decode()


TERMS = tuple(field.name for field in fields_of(Terms))
"""Names of all that can be said."""


class Registered(NamedTuple):
    """What intake and record.json need of one confirmed source."""

    text: bytes | None = None
    """`register` of record.json, canonical; None where nothing is to be said."""
    kinds: frozenset[str] = frozenset()
    """Short kinds of files that are taken; empty: every kind."""
    profile: str | None = None
    """The one profile by which names of media are read; None: the first that fits."""


UNSAID = Registered()
"""Of a source that nobody confirmed, or said anything of."""


def registered(terms: Terms, kind: str | None, unit: str | None) -> Registered:
    """What a register entry means to intake; UNSAID where nothing is said."""
    texts = (terms.device, kind, terms.officer, unit)
    kinds = frozenset(terms.kinds)
    if terms.clock_offset_ms is None and not any(texts):
        return Registered(None, kinds, terms.profile)
    offset = b"null" if terms.clock_offset_ms is None else b"%d" % terms.clock_offset_ms
    text = _REGISTER(offset, *(canonical.text(value or None) for value in texts))
    return Registered(text, kinds, terms.profile)
