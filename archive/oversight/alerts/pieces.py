"""PIECE: what is stored is not what was sealed, seen while handing it out."""

from collections.abc import Iterator

from archive.oversight.alerts.alert import Alert, raised
from archive.oversight.alerts.settings import AlertSettings
from archive.oversight.events import Ended, Event

ALTERED = frozenset({"PIECE_ALTERED", "RECORD_ALTERED"})


class AlteredPiece:
    """Every access that was stopped so."""

    def see(self, event: Event, settings: AlertSettings) -> Iterator[Alert]:
        """See `Rule`."""
        if not isinstance(event, Ended) or event.code not in ALTERED:
            return
        started = event.started
        record = started.record if started else "a record"
        places = (event.place, *((started.place,) if started else ()))
        words = (
            f"The access to {record} was stopped after {event.bytes} bytes: {event.code}.",
            f"对 {record} 的调阅在交付 {event.bytes} 字节后中止：{event.code}。",
        )
        yield raised("PIECE", settings.piece, event, places, words)
