"""Letters: sealed as records of the source `letters` before a request names them."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import select

from archive.catalog import RECORD
from archive.errors import Refused, UsageError
from archive.source_terms import LETTERS
from cli.service.desk import MAX_PIECE, Document
from cli.wiring import Workbench
from ingest.by_hand import drops_of
from ingest.names import safe_file_name
from ingest.watcher import Reporter, take_all
from signing.digest import Hasher

LONGEST = 32 << 20
"""Bytes of a letter; what is longer is no scan of one."""


def seal_letter(bench: Workbench, name: str, stream: BinaryIO) -> Document:
    """Take a letter in; its record id and SHA-256.

    One that was sealed before keeps its first record. Raises UsageError for a letter that is empty
    or longer than LONGEST, Refused for one that cannot be taken.
    """
    with TemporaryDirectory(dir=bench.folder("scratch"), prefix=f"{os.getpid()}-") as folder:
        # The source is registered with the name of the folder that it came from.
        path = Path(folder) / LETTERS / safe_file_name(name)
        path.parent.mkdir()
        sha256 = _write(path, stream)
        with bench.by_hand(Reporter(), _silent) as pipeline:
            take_all(pipeline, drops_of([path], LETTERS), 1)
    return {"record": _record(bench, sha256), "sha256": sha256.hex()}


def _write(path: Path, stream: BinaryIO) -> bytes:
    hasher = Hasher(("sha256",))
    with path.open("xb") as file:
        while data := stream.read(MAX_PIECE):
            hasher.update(data)
            file.write(data)
            if file.tell() > LONGEST:
                raise UsageError("A letter has at most 32 MiB; scan it with fewer dots.")
        if not file.tell():
            raise UsageError("The letter is empty.")
    return hasher.finish()[0].value


def _record(bench: Workbench, sha256: bytes) -> str:
    wanted = select(RECORD.c.id).where(RECORD.c.sha256 == sha256, RECORD.c.source == LETTERS)
    with bench.database.read() as connection:
        found = connection.execute(wanted.order_by(RECORD.c.id).limit(1)).scalar()
    if found is None:
        raise Refused("The letter was not taken; its seal waits for a timestamp, or it is refused.")
    return str(found)


def _silent(_text: str) -> None:
    """Nobody listens: the letter's copy is ours and stays nowhere."""
