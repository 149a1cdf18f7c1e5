"""What ends by itself: requests of which nothing more can come, accesses whose process died."""

from archive.desk.ask import unclosed
from archive.desk.conceal import Confidential
from archive.desk.db_shelf import DbShelf
from archive.desk.submit import GATE, Desk
from archive.registers.requests import endings


def close_due(desk: Desk) -> list[str]:
    """Close every request that is refused, withdrawn, expired, used up or given back.

    Returns their ids. The caller lets the sealer run.
    """
    now = desk.clock.now()
    with desk.database.read() as connection:
        due = [request for request, value in unclosed(connection) if endings(value, now)]
    return [request for request in due if _close(desk, request)]


def _close(desk: Desk, request: str) -> bool:
    with desk.database.write() as connection:
        value = DbShelf(connection).get("request", request)
        codes = endings(value, desk.clock.now()) if value else ()
        if codes:
            body = {"code": codes[0]}
            desk.submit_own(connection, "access.closed", "access", request, body, GATE)
    return bool(codes)


def keep_house(confidential: Confidential) -> None:
    """End what has ended, and seal it."""
    release = confidential.release
    ended = [
        *release.abort_dead_accesses(),
        *confidential.abort_dead_accesses(),
        *close_due(release.desk),
    ]
    if ended:
        release.desk.sealer.drain(wait=False)
