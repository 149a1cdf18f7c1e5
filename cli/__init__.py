"""Commands, settings, wiring and output: thin callers of typed use cases."""
