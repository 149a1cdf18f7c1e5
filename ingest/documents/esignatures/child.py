"""Checks the signatures of one hostile document in a process of its own, held to limits.

    python -I -m ingest.documents.esignatures.child pdf|ofd DESCRIPTOR ROOTS NOW

ROOTS is the descriptor of a file with roots (DER, one after the other), or `-`. The answer on
standard output is JSON and nothing else; whatever happens to the child is an exit code.
"""

import json
import os
import sys
from datetime import datetime
from typing import BinaryIO, cast

from ingest.documents.guard import forbid_calls


def argv_of(python: str, form: str, descriptor: int, roots: int | None, now: str) -> list[str]:
    """Arguments that start the child."""
    place = "-" if roots is None else str(roots)
    return [python, "-I", "-m", __name__, form, str(descriptor), place, now]


def main() -> int:
    """Check what the arguments name."""
    form, descriptor, place, now = sys.argv[1:]
    from ingest.documents.esignatures import ofd, pdf
    from ingest.documents.esignatures.codes import NOT_CHECKED
    from ingest.documents.esignatures.gm import teach_names
    from ingest.documents.esignatures.trust import Roots
    from ingest.documents.esignatures.verdict import Found

    teach_names()
    trust = Roots([] if place == "-" else _certificates(int(place)), datetime.fromisoformat(now))
    forbid_calls()
    check = {"pdf": pdf.check, "ofd": ofd.check}[form]
    # Opened anew: the position of the one that was handed over is shared with whoever did.
    with open(f"/proc/self/fd/{int(descriptor)}", "rb") as file:
        try:
            found = check(cast(BinaryIO, file), trust)
        except MemoryError:
            raise
        except Exception as error:  # it cannot be opened at all
            found = Found()
            found.notice(NOT_CHECKED, f"{type(error).__name__}: {error}")
    with os.fdopen(1, "wb", closefd=False) as out:
        out.write(json.dumps(found.value(), ensure_ascii=False).encode())
    return 0


def _certificates(descriptor: int) -> list[bytes]:
    """DER certificates one after the other: each says how long it is."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    found, place = [], 0
    while place + 4 <= len(data):
        length = data[place + 1]
        head = 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(data[place + 2 : place + head], "big")
        found.append(data[place : place + head + length])
        place += head + length
    return found


if __name__ == "__main__":
    sys.exit(main())
