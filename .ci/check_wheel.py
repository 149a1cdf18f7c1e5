"""Build the wheel and fail unless its top level is exactly the project's six packages."""

from __future__ import annotations

import os
import sys
import tempfile
import zipfile
from pathlib import Path

from hatchling.build import build_wheel

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = {"archive", "cli", "config", "ingest", "retention", "signing"}


def top_level(wheel: Path) -> set[str]:
    """First path parts of everything in the wheel except its own metadata."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.split("/")[0] for name in archive.namelist()}
    return {name for name in names if not name.endswith(".dist-info")}


def main() -> int:
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        found = top_level(Path(folder) / build_wheel(folder))
    if found != EXPECTED:
        print(f"The wheel holds {sorted(found)}, expected {sorted(EXPECTED)}.", file=sys.stderr)
        return 1
    print("wheel: six packages, nothing else")
    return 0


if __name__ == "__main__":
    sys.exit(main())
