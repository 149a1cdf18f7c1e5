"""Where the product syncs: every such line has to be reached and needed in a recording."""

import ast
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("archive", "ingest")
SYNCS = {"fsync_file", "fsync_directory", "sync_file_system"}
FOUNDING = "archive/founding.py"
ELSEWHERE = ("archive/copying.py:", "archive/stores/directory_vault.py:")
"""The second copy and destruction have recordings of their own, see test_power_loss_elsewhere."""
REFUSING = "ingest/refusal.py:"
"""Has a recording of its own, see test_power_loss_refusal."""
IN_QUARANTINE = "ingest/quarantine/secret.py:"
"""Has a recording of its own, see test_power_loss_quarantine."""
MEMORY = Path("/dev/shm")
"""Where recordings are kept if it is there: reopening archives is what costs."""


def all_sites() -> list[str]:
    """Every call of a sync outside of FileSystem, as file:line."""
    sites = []
    for package in PACKAGES:
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            tree = ast.parse(path.read_text())
            tree.body = [node for node in tree.body if getattr(node, "name", "") != "FileSystem"]
            sites += [
                f"{path.relative_to(REPOSITORY)}:{node.lineno}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in SYNCS
            ]
    return sites


def sync_sites(*, founding: bool = False) -> list[str]:
    """Those that the scenario reaches; those of founding apart."""
    mine = [
        site for site in all_sites() if not site.startswith((*ELSEWHERE, REFUSING, IN_QUARANTINE))
    ]
    return [site for site in mine if site.startswith(FOUNDING) == founding]


def elsewhere() -> list[str]:
    """Those of copying and destruction."""
    return [site for site in all_sites() if site.startswith(ELSEWHERE)]
