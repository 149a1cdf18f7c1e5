"""What a film has between two times, before a part of it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from archive.desk import ask
from archive.errors import CopyNotMade, UsageError
from cli.service.copies import LOOKS, programs_of
from cli.service.desk import Document
from cli.service.documents import check_params
from cli.service.gate import gate
from cli.service.operations import Caller, Host, Params, operation
from cli.wiring_media import originals_of
from ingest.media.excerpt import plan


@contextmanager
def _as_usage() -> Iterator[None]:
    """Nothing has begun yet: a span that a record has not is a matter of asking otherwise."""
    try:
        yield
    except CopyNotMade as error:
        raise UsageError(str(error)) from error


@operation("film.span")
def _span(host: Host, caller: Caller, params: Params) -> Document:
    """The key frames around two times (milliseconds) and the bytes between; nothing is handed out.

    Without `to` up to the end. For whoever may ask for records at all.
    """
    check_params(params, {"record": str, "from": int}, {"to": int})
    bench = host.bench
    with gate(host, caller) as reader:
        reader.check_records()
    with bench.database.read() as connection:
        (record,) = ask.record_ids(connection, [params["record"]])
    begin, end = params["from"], params.get("to")
    if begin < 0 or (end is not None and end <= begin):
        raise UsageError("A span ends after it begins.")
    with LOOKS, originals_of(bench).open(record) as original, _as_usage():
        cut = plan(programs_of(host), original.descriptor, (begin, end))
    return {
        "record": record,
        "span": {"from": cut.span[0], "to": cut.span[1]},
        "range": {"from": cut.range[0], "to": cut.range[1]},
    }
