"""Use cases of people, rules, cases, holds and supervised retrieval, on the archive's side.

A person's side signs (`archive.statements.make`); here statements are judged against the registers
in the same transaction in which their entry is submitted, so the ledger's order is the order of
the checks.
"""
