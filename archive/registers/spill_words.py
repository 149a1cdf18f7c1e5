"""Why something about a spilled record is not allowed; part of `denials.DENIALS`."""

from collections.abc import Mapping

SPILL: Mapping[str, tuple[str, str, str]] = {
    "RECORD_SPILLED": (
        "ACCESS_AFTER_SPILL",
        "The record is blocked as a state secret; nobody reads it here.",
        "该记录因涉密已封控，任何人不得在此读取。",
    ),
    "SPILL_EXISTS": (
        "REGISTER_UNLAWFUL",
        "This spill is on the ledger already.",
        "该涉密封控已登记。",
    ),
    "SPILL_UNKNOWN": (
        "DESTRUCTION_UNLAWFUL",
        "No spill that counts names this record.",
        "没有有效的涉密封控涉及该记录。",
    ),
    "SPILL_LOCKED": (
        "DESTRUCTION_UNLAWFUL",
        "A lock stands on the record.",
        "该记录仍处于锁定期。",
    ),
}
"""Code -> (finding, English, Chinese)."""
