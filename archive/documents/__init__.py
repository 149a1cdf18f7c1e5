"""Documents for people from plain values: tables as CSV, XLSX, HTML or PDF, and the cover sheet.

Nothing here knows of ledger, store or database, and nothing reaches the network.
"""
