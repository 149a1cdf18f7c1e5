"""The hostile table: drops made to harm, laid into a real inbox; what became of each.

    python tests/support/hostile_table.py                # `make hostile`
    python tests/support/hostile_table.py bomb.docx links
    python tests/support/hostile_table.py --json

Exit code 1 if a drop came to another end than it must, a limit did not hold, a good file behind a
drop was not taken, or the archive does not verify with all of them in it.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("CUNZHENG_WHOLE", "1")

from hostile_inbox import TABLE, Home, Row, Run, as_json

SECONDS, MEMORY = 120, 1_800_000_000
"""Of one pass of the watcher with one drop: a document may have 20 s of processor time."""


def line(row: Row, run: Run) -> str:
    """A row as text."""
    name = "".join(char if char.isprintable() else "?" for char in row.hostile.name)
    head = f"{name}: {row.hostile.tries}"
    tail = f"    {row.outcome}, {run.seconds:.1f} s, {run.peak // 1_000_000} MB"
    found = f"; {', '.join(row.codes)}" if row.codes else ""
    harm = "".join(f"\n    HARM: {word}" for word in harm_of(row, run))
    return f"{head}\n{tail}{found}{harm}"


def harm_of(row: Row, run: Run) -> list[str]:
    """What must not be, limits included."""
    harm = list(row.harm)
    harm += [f"{run.seconds:.0f} seconds"] if run.seconds > SECONDS else []
    harm += [f"{run.peak // 1_000_000} MB"] if run.peak > MEMORY else []
    return harm


def main(arguments: list[str]) -> int:
    """Print the table."""
    as_rows = "--json" in arguments
    names = [name for name in arguments if name != "--json"]
    chosen = [one for name, one in TABLE.items() if not names or name in names]
    harmless = True
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        for hostile in chosen:
            home.lay(hostile)
            run = home.take()
            (row,) = home.rows([home.last])
            shown = as_json(row, run) | {"harm": harm_of(row, run)}
            print(json.dumps(shown, ensure_ascii=True) if as_rows else line(row, run), flush=True)
            harmless &= not harm_of(row, run)
        verified = home.run("verify", "--json").said["outcome"]
    if not as_rows:
        print(f"\n{len(chosen)} hostile drops: {'no harm' if harmless else 'HARM WAS DONE'}")
        print(f"verify: {verified}")
    return 0 if harmless and verified == "PASSED" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
