"""Where an archive gets its timestamps from."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archive.keyring import Keyring, embedded_timestamper
from cli.clock import SystemClock
from cli.keyrings import serial
from cli.settings import EMBEDDED, Settings
from signing.timestamp import Timestamper


class TimeBench(Protocol):
    """What is needed of a workbench."""

    home: Path
    settings: Settings
    clock: SystemClock

    @property
    def keyring(self) -> Keyring:
        """The keys, with what opens them."""


def timestamper_of(bench: TimeBench) -> Callable[[datetime | None], Timestamper]:
    """Makes time sources whose next genTime lies after a given moment."""
    if bench.settings.tsa == EMBEDDED:
        return embedded_timestamper(bench.keyring, bench.clock.now, serial)
    from signing.anchors import check_anchor
    from signing.trust import TrustPolicy
    from signing.tsa_http import HttpTimestamper

    policy = TrustPolicy.parse((bench.home / "policy.toml").read_bytes())
    roots = [root.certificate for root in policy.tsa_roots]
    client = HttpTimestamper(
        bench.settings.tsa,
        nonce=lambda: secrets.randbits(63),
        clock=bench.clock.now,
        check_path=lambda token: check_anchor(token, roots),
    )
    return lambda _: client
