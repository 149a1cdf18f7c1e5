"""The hostile table: media made to harm, what became of each, in what time and memory.

    python tests/support/hostile_media_table.py           # `make media-hostile`
    python tests/support/hostile_media_table.py endless.mp4 hole.ts
    python tests/support/hostile_media_table.py --json 2 NAME …  # as rows, with seconds of patience

Exit code 1 if a file was read that must not be, somebody called out, or something stood still.
"""

import os
import sys
import tempfile
from pathlib import Path

from hostile_lab import Row, as_json, open_lab, own_memory
from hostile_media import HOSTILE

MiB = 1 << 20


def lines(row: Row, floor: int) -> str:
    """A row as text; memory below that of the table itself cannot be told."""
    peak = f"{row.peak // MiB}" if row.peak > floor * 1.1 else f"<{floor // MiB + 1}"
    name = "".join(char if char.isprintable() else "?" for char in row.name)
    head = f"{name}: {row.tries}\n    {row.seconds:.1f} s, {peak} MB, "
    head += ", ".join(f"HARM: {word}" for word in row.harm) or "no harm"
    said = (f"    {name:12} {1000 * used:6.0f} ms  {ended}" for name, ended, used in row.says)
    return "\n".join([head, *said])


def main(arguments: list[str]) -> int:
    """Print the table."""
    as_rows = arguments[:1] == ["--json"]
    patience = float(arguments[1]) if as_rows else 10.0
    names = [os.fsencode(name) for name in arguments[2 if as_rows else 0 :]]
    chosen = [one for one in HOSTILE if not names or one.name in names]
    harmless = True
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder), patience) as lab:
        floor = own_memory()
        for row in lab.rows(chosen):
            print(as_json(row) if as_rows else lines(row, floor), flush=True)
            harmless &= not row.harm
    if not as_rows:
        print(f"\n{len(chosen)} hostile files: {'no harm' if harmless else 'HARM WAS DONE'}")
    return 0 if harmless else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
