"""Records, ledger, seals, stores, catalog and the use cases over them."""
