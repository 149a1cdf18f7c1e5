"""The forger's table: what was tried, with what in hand, and what refuses or finds it.

python tests/support/forger_table.py        # `make forger`; exit code 1 if a row says NO
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import forger_keys  # noqa: F401 - puts its forgeries into the table
from forger import DATABASE, FORGERIES, Row, run
from forger_disposal import DISPOSALS, DisposalLab
from forger_lab import Lab

HEADINGS = ("attempt", "in hand", "the desk refuses", "verify finds", "rule", "result")
END = """\
"database, store": an administrator who writes both, and lets the archive's own sealer seal whatever
he puts there. He has an enrolment of his own as administrator. "all keys": he also has the keys for
checkpoints, seals, certificates and time stamps, and writes the whole history anew.

Nobody's statement can be invented, altered, used again, or moved in time further than the minutes
(for registers: the day) that its own time allows, whoever holds the archive's keys: people's keys
sign it, and the register says whose they are. What was said can be left out. With all keys and no
checkpoint, receipt or outside time stamp kept anywhere else, a history that leaves out whole
accesses, or was never lived, passes; one kept checkpoint shows it. Keep checkpoints outside. A
person's own key is that person: who steals it signs as him until it is revoked. Founders' keys that
`init` made lie in the home until they are taken away or replaced."""


def line(row: Row) -> tuple[str, ...]:
    """A row of the table."""
    forgery, outcome = row.forgery, row.forgery.outcome
    rule = outcome.rule if outcome.rule != outcome.code else ""
    code = outcome.code or ("nothing to find" if forgery.who == DATABASE else "PASSED")
    code += " (checkpoint)" if outcome.checkpoint else ""
    result = f"NO: {row.fault}" if row.fault else "yes"
    return forgery.name, forgery.who, outcome.refused or "-", code, rule or "-", result


def table(lines: Sequence[Sequence[str]]) -> None:
    """Print lines in columns, the first as a heading."""
    widths = [max(len(row[n]) for row in lines) for n in range(len(lines[0]))]
    for number, row in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def unseen(row: Row) -> bool:
    """Something forbidden that nothing in the archive can show."""
    return row.forgery.who != DATABASE and not row.forgery.outcome.code


def main() -> int:
    """Print the table."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cunzheng-forger-") as folder:
        lab = Lab(Path(folder))
        rows = [run(lab, one) for one in FORGERIES]
        disposals = DisposalLab(Path(folder) / "disposal")
        rows += [run(disposals, one) for one in DISPOSALS]
    table([HEADINGS, *(line(row) for row in rows if not unseen(row))])
    for row in rows:
        if row.forgery.remark and not unseen(row):
            print(f"\n{row.forgery.name}: {row.forgery.remark}.")
    print("\nWith all keys, and nothing kept by anybody else:\n")
    table([HEADINGS, *(line(row) for row in rows if unseen(row))])
    print(f"\n{END}\n")
    faults = sum(bool(row.fault) for row in rows)
    print(f"{len(rows)} attempts, {faults} faults, {time.monotonic() - start:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
