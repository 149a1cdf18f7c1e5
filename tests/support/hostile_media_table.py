"""The hostile table: media made to harm, what became of each, in what time and memory.

    python tests/support/hostile_media_table.py           # `make media-hostile`
    python tests/support/hostile_media_table.py --json 2  # rows for the tests, seconds of patience

Exit code 1 if a file was read that must not be, somebody called out, or something stood still.
"""

import sys
import tempfile
from pathlib import Path

from hostile_lab import Row, as_json, open_lab, own_memory
from hostile_media import HOSTILE

MiB = 1 << 20


def line(row: Row, floor: int) -> str:
    """A row as text; memory below that of the table itself cannot be told."""
    peak = f"{row.peak // MiB}" if row.peak > floor * 1.1 else f"<{floor // MiB + 1}"
    says = "; ".join(f"{name} {ended}" for name, ended in row.says)
    harm = "ok" if row.harmless else "HARM " + ", ".join(_harm(row))
    name = "".join(char if char.isprintable() else "?" for char in row.name)
    return f"{name:32.32} {row.seconds:6.2f} s {peak:>5} MB  {harm:4}  {says}\n{'':32} {row.tries}"


def _harm(row: Row) -> list[str]:
    named = {"called": row.called, "leaked": row.leaked, "hung": row.hung}
    return [
        *(f"opened {name}" for name in row.opened),
        *(word for word, is_so in named.items() if is_so),
    ]


def main(arguments: list[str]) -> int:
    """Print the table."""
    as_rows = arguments[:1] == ["--json"]
    patience = float(arguments[1]) if as_rows else 10.0
    harmless = True
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder), patience) as lab:
        floor = own_memory()
        for row in lab.rows():
            print(as_json(row) if as_rows else line(row, floor), flush=True)
            harmless &= row.harmless
    if not as_rows:
        print(f"\n{len(HOSTILE)} hostile files: {'no harm' if harmless else 'HARM WAS DONE'}")
    return 0 if harmless else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
