"""Verification: everything is read again and held against an inspector's own policy.

One idea per module; none of them imports anything that writes.
"""

from archive.verify.ledger import Database
from archive.verify.run import Kit, verify
from archive.verify.scope import Cases, Everything, OneRecord, Sample, Scope, Since

__all__ = [
    "Cases",
    "Database",
    "Everything",
    "Kit",
    "OneRecord",
    "Sample",
    "Scope",
    "Since",
    "verify",
]
