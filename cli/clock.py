"""The system's clocks: the only place that reads them."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Wall time in UTC and the monotonic clock; see archive.ports.Clock."""

    def now(self) -> datetime:
        """Wall time."""
        return datetime.now(UTC)  # noqa: TID251 - the composition root's clock

    def monotonic(self) -> float:
        """Seconds that never step back."""
        return time.monotonic()
