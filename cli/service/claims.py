"""Records that claim a case are linked to it, also where no service keeps house."""

from archive.desk.cases import claims_mark, claims_waiting, link_claims
from cli.service.operations import Host


def follow_claims(host: Host) -> None:
    """Link what waits to be linked, durably; needs the keys only where there is anything."""
    with host.bench.database.read() as connection:
        mark = claims_mark(connection)
        waiting = mark != host.claims_mark and claims_waiting(connection)
    if waiting:
        host.desk.wait(link_claims(host.desk))
    host.claims_mark = mark
