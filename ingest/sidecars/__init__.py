"""Sidecars beyond `<name>.json`: other forms by configuration, waiting, those that come late."""
