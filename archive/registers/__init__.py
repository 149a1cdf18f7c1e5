"""The rule book: whether an entry is lawful given the registers so far, and what it changes.

Used three times: by the use cases before an entry is submitted, by verification over the whole
ledger, and by a rebuild. Pure: registers stand behind `Shelf`, time comes with the act.
"""
