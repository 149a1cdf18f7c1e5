"""`report.gaps`: what is missing between the recordings of devices, and of what stations listed.

Who sees it: as the statistics of supervision (operations_oversight).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial

from archive.errors import UsageError
from archive.gaps.listed import NameSays, find_unarrived
from archive.gaps.manifest import MAX_SIZE
from archive.gaps.rows import Wanted, last_number, taken, undated
from archive.gaps.segments import Limits, find_gaps
from archive.gaps.table import GapFacts, gap_table
from archive.times import SHANGHAI
from cli.service.desk import Delivery
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, delivery
from cli.service.operations_oversight import (
    _DOCUMENT,
    _FORM,
    _moment,
    asked_language,
    unit_seen,
    written,
)
from cli.wiring_media import originals_of, profiles_of
from ingest.media.profiles import Profiles

MOST_PAUSE = 86_400
_OPTIONAL = {"device": str, "unit": str, "since": str, "until": str, "pause": int}


@delivery("report.gaps")
@contextmanager
def _gaps(host: Host, caller: Caller, params: Params) -> Iterator[Delivery]:
    """The document; `pause` in seconds. Of his own unit for a head of department."""
    check_params(params, _DOCUMENT, _OPTIONAL)
    with gate(host, caller) as reader:
        unit = unit_seen(reader, params.get("unit"))
    since, until = _moment(params, "since"), _moment(params, "until")
    wanted = Wanted(since, until, params.get("device"), unit)
    limits, bench, lang = _limits(params), host.bench, asked_language(params)
    profiles = profiles_of(bench.settings, bench.home)
    with ExitStack() as stack:
        with bench.database.read() as connection:
            unarrived = find_unarrived(connection, wanted, _reading(host), partial(_says, profiles))
            findings = find_gaps(
                taken(connection, wanted),
                limits,
                lambda device: last_number(connection, device, wanted.since),
            )
            facts = GapFacts(wanted, limits, undated(connection, wanted))
            form = params["format"] in _FORM
            table = gap_table(findings, unarrived, facts, bench.clock.now(), lang, form=form)
            stream = stack.enter_context(written(host, table, params["format"]))
        yield stream


def _limits(params: Params) -> Limits:
    seconds = params.get("pause")
    if seconds is None:
        return Limits()
    if not 0 <= seconds <= MOST_PAUSE:
        raise UsageError(f"A pause has 0 to {MOST_PAUSE} seconds.")
    return Limits(timedelta(seconds=seconds))


def _reading(host: Host) -> Callable[[str], bytes]:
    """Reads small records whole, every piece checked."""
    originals = originals_of(host.bench)

    def read(record: str) -> bytes:
        with originals.open(record) as original:
            return os.pread(original.descriptor, MAX_SIZE + 1, 0)

    return read


def _says(profiles: Profiles, name: str) -> NameSays | None:
    found = profiles.read(name)
    return NameSays(found.device, found.start.replace(tzinfo=SHANGHAI)) if found else None
