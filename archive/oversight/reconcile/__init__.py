"""A server's access log against the ledger: whatever was done that no entry explains."""
