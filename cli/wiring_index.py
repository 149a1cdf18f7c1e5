"""What brings the index up to the ledger."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from cli.one_at_a_time import one_at_a_time
from cli.wiring_media import MediaBench, originals_of

if TYPE_CHECKING:
    from ingest.documents.readers import Readers
    from ingest.indexing import Indexer

_BEHIND = 5
"""How much reading documents for the index stands back behind receiving them."""


@contextmanager
def indexing(bench: MediaBench) -> "Iterator[Indexer | None]":
    """The indexer of this archive; None while another process has it."""
    with one_at_a_time(bench.folder("locks") / "index") as mine:
        if not mine:
            yield None
            return
        from ingest.index_text import Texts
        from ingest.indexing import Indexer

        with ExitStack() as stack:

            @cache
            def readers() -> "Readers":
                from ingest.documents.readers import Readers

                found = Readers(nice=_BEHIND)
                stack.callback(found.close)
                return found

            threads = stack.enter_context(ThreadPoolExecutor(os.cpu_count() or 1))
            texts = Texts(bench.places.evidence, originals_of(bench), readers, threads)
            indexer = Indexer(bench.database, texts)
            stack.callback(indexer.close)
            yield indexer
