"""How many pages a PDF has: counted in a process of its own, which the runner holds to its limits.

python -I -m ingest.media.page_count DESCRIPTOR
"""

import os
import re
import sys
from dataclasses import replace

from ingest.media.limits import GiB
from ingest.media.runner import PROBE, run, source

_LIMITS = replace(PROBE, cpu_seconds=20, memory=1 * GiB, output=16)
_COUNT = re.compile(rb"([1-9]\d{0,6})\n")


def count_pages(descriptor: int) -> int | None:
    """Pages of an open PDF; None where it cannot be opened: a password, damage, too much of it."""
    with source(descriptor) as opened:
        argv = [sys.executable, "-I", "-m", __name__, str(opened.fds[0])]
        outcome = run(argv, _LIMITS, pass_fds=opened.fds)
    match = _COUNT.fullmatch(outcome.out)
    return int(match[1]) if match and outcome.ended == "ok" else None


def main() -> int:
    """Print how many there are; anything that goes wrong is an exit code."""
    import pypdfium2

    # As a file, not its bytes: a long scan is read where its pages are listed, and no further.
    with os.fdopen(int(sys.argv[1]), "rb", closefd=False) as file:
        sys.stdout.write(f"{len(pypdfium2.PdfDocument(file))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
