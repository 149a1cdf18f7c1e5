"""What a check noticed about a file, and the verdict on its condition that follows from all of it.

Damaged evidence is still evidence: the verdict describes, it never decides about sealing. Only what
holds no record at all (`is_no_record`), and comes without a word of a device or a person, is not.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.media.codes import CODES, SOUND, VERDICTS


@dataclass(frozen=True, slots=True, order=True)
class Noticed:
    """One thing that a check noticed: a code of `CODES`, and where and how much, as plain facts."""

    code: str
    note: str = ""


def verdict(noticed: Iterable[Noticed]) -> str:
    """The gravest of `sound`, `suspicious`, `damaged`, `truncated`, `unreadable`.

    Notes (a black lens, a microphone that was off, a clock never set) leave a file sound.
    """
    grave = max((VERDICTS.index(CODES[one.code].verdict) for one in noticed), default=0)
    return VERDICTS[grave] if grave else SOUND


def is_no_record(noticed: Iterable[Noticed]) -> bool:
    """Whether there is nothing in the file: it has no bytes, or only zeros.

    Everything else is sealed as it came, however broken; so is this where something speaks for it.
    """
    return any(one.code in ("EMPTY", "ONLY_ZEROS") for one in noticed)


def findings(noticed: Iterable[Noticed], most: int = 50) -> list[dict[str, str]]:
    """The findings of `condition` (docs/formats.md §13): sorted, each once, at most `most`."""
    return [{"code": one.code, "note": one.note} for one in sorted(set(noticed))[:most]]


def condition(noticed: Iterable[Noticed]) -> dict[str, object]:
    """The value of `condition` in record.json and in `record.amended`."""
    seen = list(noticed)
    return {"findings": findings(seen), "verdict": verdict(seen)}
