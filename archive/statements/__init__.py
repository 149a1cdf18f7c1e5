"""Signed statements of people: their form, their signature, and what each kind carries."""
