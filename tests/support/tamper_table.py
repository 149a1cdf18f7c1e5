"""The tamper table: what was done, who could do it, what catches it, and what `verify` says.

    python tests/support/tamper_table.py        # `make tamper`; exit code 1 if a row says NO

At the end stands our line beside those of twelve other tools, measured with the same five attacks.
"""

import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import tamper
import tamper_derived  # noqa: F401 - puts its attacks into the table, as the following do
import tamper_keys  # noqa: F401
import tamper_packs  # noqa: F401
import tamper_storage  # noqa: F401
from tamper import ATTACKS, Row
from tamper_lab import Lab

COLUMNS = ("i", "ii", "iii-a", "iii-b", "iv")
HEADINGS = ("attack", "who could do it", "what catches it", "code", "exit", "result")
PEERS: tuple[tuple[str, ...], ...] = (
    ("cp", "no", "no", "no", "no", "no"),
    ("sha256sum list", "yes", "yes", "NO", "NO", "NO"),
    ("bagit 1.9.0", "yes", "yes", "NO", "NO", "NO"),
    ("ocfl-py 2.1.0, one object", "yes", "yes", "NO", "NO", "NO"),
    ("ocfl-py, object per record", "yes, exit 0", "yes, exit 0", "NO", "NO", "NO"),
    ("borg 1.2.4 / 1.4.5", "yes", "yes", "n/a", "NO", "NO"),
    ("restic 0.14.0", "yes", "yes", "NO", "NO", "NO"),
    ("git-annex 10.20230126", "yes", "yes", "NO", "NO", "NO"),
    ("git + signed commit", "yes", "yes", "yes", "NO", "NO"),
    ("hashdeep 4.4", "yes", "yes", "NO", "NO", "NO"),
    ("aide 0.18.3", "yes", "yes", "NO", "NO", "NO"),
    ("evidence-seal 1.0.0", "yes", "yes", "yes", "NO", "NO"),
    ("shell, openssl cms + ts", "yes", "yes", "yes", "NO", "NO"),
)

LEGEND = """\
(i) one bit flipped in a stored content; (ii) a stored file deleted; (iii-a) a record removed and
the index rewritten by someone who can write the storage but has no key; (iii-b) the same with the
operator's own account and keys; (iv) the whole archive replaced by its older copy. The other
tools were measured on 2026-11-22, each with its own full check, on 300 text records.
In (iii-b) and (iv) our inspector holds one checkpoint, or one receipt, kept from before; the other
tools' own full checks take nothing of the kind. By hand, with state kept outside, a git commit id
shows both, and an evidence-seal manifest shows (iii-b)."""


def rows(lab: Lab) -> Iterable[Row]:
    """Every inspection after every attack."""
    order = (tamper.NOBODY, tamper.BUCKET, tamper.DATABASE, tamper.BOTH, tamper.KEYS)
    for attack in sorted(ATTACKS, key=lambda attack: order.index(attack.who)):
        yield from tamper.run(lab, attack)


def columns(done: Sequence[Row]) -> list[str]:
    """Our line in the peers' table; what nobody can see with nothing kept is not asked there."""
    line = []
    for column in COLUMNS:
        looks = [row for row in done if row.attack.column == column and row.look.codes]
        line.append("yes" if looks and all(row.good for row in looks) else "NO")
    return line


def _table(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for number, line in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _line(row: Row) -> tuple[str, ...]:
    look = row.look
    who = row.attack.who
    code = " + ".join(look.codes) or "PASSED"
    more = len(set(row.verdict.codes) - set(look.codes))
    code += f" (+{more})" if more else ""
    result = "yes" if row.good else f"NO: {row.fault}"
    return row.attack.name, who, look.by, code, str(row.verdict.exit_code), result


def unseen(row: Row) -> bool:
    """An attack with everything in hand, looked at with nothing kept: it must look perfect."""
    return row.attack.who != tamper.NOBODY and not row.look.codes


def main() -> int:
    """Print the table."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cunzheng-tamper-") as folder:
        done = list(rows(Lab(Path(folder))))
    _table([HEADINGS, *(_line(row) for row in done if not unseen(row))])
    blind = [row for row in done if unseen(row)]
    good = sum(row.good for row in blind)
    print(
        "\nEvery row: the finding names what was damaged, and verification changed no file."
        f"\nWith nothing kept outside, {len(blind)} of these attacks are perfect: verify passes"
        f" ({good} of {len(blind)} did).\nWhat somebody else holds catches them, and nothing else"
        " can. Keep checkpoints.\n"
    )
    _table([("tool", *(f"({name})" for name in COLUMNS)), *PEERS, ("cunzheng", *columns(done))])
    print(f"\n{LEGEND}\n")
    faults = [row for row in done if not row.good]
    print(f"{len(done)} inspections, {len(faults)} faults, {time.monotonic() - start:.0f} s")
    return 1 if faults or "NO" in columns(done) else 0


if __name__ == "__main__":
    sys.exit(main())
