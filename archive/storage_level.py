"""How well a place protects what is written: the words of vocabulary.LEVELS that code needs."""

NO_LOCKS, READ_ONLY, IMMUTABLE = "none", "read-only", "immutable flag"
GOVERNANCE, COMPLIANCE = "governance", "compliance"
