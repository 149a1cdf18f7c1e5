"""Drops that could not be taken: kept byte-exact until a person resolves them."""
