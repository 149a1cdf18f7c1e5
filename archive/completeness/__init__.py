"""Whether a case has what the list of what is recorded asks for (docs/completeness.md)."""
