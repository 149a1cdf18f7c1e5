"""What verification can find: stable codes, how they count, what they mean, what to do.

The table itself is `archive.findings_table`; docs/findings.md is made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from archive.findings_table import TABLE


class Outcome(StrEnum):
    """How one finding counts, and what a whole report says."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INDETERMINATE = "INDETERMINATE"
    INFO = "INFO"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One row: `sentence` and `advice` by language (`en`, `zh`)."""

    code: str
    outcome: Outcome
    sentence: Mapping[str, str]
    advice: Mapping[str, str]

    def describe(self, subject: str, language: str = "en") -> str:
        """The sentence for one subject."""
        return self.sentence[language].replace("{subject}", subject)


def _kinds() -> dict[str, FindingKind]:
    kinds = {}
    for code, outcome, english, chinese, advice, advice_chinese in TABLE:
        kinds[code] = FindingKind(
            code,
            Outcome(outcome),
            {"en": english, "zh": chinese},
            {"en": advice, "zh": advice_chinese},
        )
    return kinds


FINDINGS: Mapping[str, FindingKind] = _kinds()
