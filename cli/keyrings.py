"""The keys of a home, in files, the sealing key perhaps on a token; numbers of certificates."""

import secrets
from pathlib import Path

from archive.keyring import Keyring
from cli import passphrase
from cli.settings import IN_FILE, Settings


def keyring_in(home: Path, settings: Settings, secret: str) -> Keyring:
    """The keys of a home; raises UsageError if one is on a token and there is no PIN."""
    if settings.sealing_key == IN_FILE:
        return Keyring(home / "keys", secret)
    return Keyring(home / "keys", secret, {"seal": settings.sealing_key}, passphrase.required_pin())


def serial() -> int:
    """A certificate or token serial number of 120 random bits."""
    return secrets.randbits(120) | 1 << 120
