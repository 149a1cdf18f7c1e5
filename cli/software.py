"""What this program calls itself, as entries and records state it."""

from importlib.metadata import version


def software() -> str:
    """Name and version."""
    return f"cunzheng {version('cunzheng')}"
