"""Programs that do a part of the same work, each as its own manual says: bagit, borg, restic,
evidence-seal. What is not installed is said to be missing.

Found on PATH, beside the interpreter, or in the folders of CUNZHENG_BENCH_PATH (evidence-seal wants
an environment of its own: `pip install 'evidence-seal[sign]'`; borg and restic are Debian's).
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PLACES = (str(Path(sys.executable).parent), os.environ.get("CUNZHENG_BENCH_PATH", ""))


def tool(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((*_PLACES, os.environ["PATH"])))


@dataclass(frozen=True)
class Peer:
    """One program; its lines are for `sh -c`: {tool}, {data}, {place}, {state} are filled in."""

    name: str
    program: str
    add: str
    verify: str
    before: str = ""


PEERS = (
    Peer(
        "evidence-seal, copy and seal",
        "evidence-seal",
        "mkdir {place} && cp -r {data} {place}/data && {tool} seal {place}/data"
        " --out {place}/m.json --sign {state}/ed.pem",
        "{tool} verify {place}/data --manifest {place}/m.json --pubkey {state}/ed.pub",
        before="test -e {state}/ed.pem"
        " || {tool} keygen --private {state}/ed.pem --public {state}/ed.pub",
    ),
    Peer(
        "bagit, copy and bag",
        "bagit.py",
        "cp -r {data} {place} && {tool} --quiet --sha256 --processes 2 {place}",
        "{tool} --quiet --validate --processes 2 {place}",
    ),
    Peer(
        "borg",
        "borg",
        "cd {data} && {tool} create {place}::a1 .",
        "{tool} check --verify-data {place}",
        before="{tool} init -e repokey-blake2 {place}",
    ),
    Peer(
        "restic",
        "restic",
        "cd {data} && {tool} -q -r {place} backup .",
        "{tool} -q -r {place} check --read-data",
        before="{tool} -q -r {place} init",
    ),
)


def environment(state: Path) -> Mapping[str, str]:
    """Keys and caches of the peers stay in `state`."""
    return {
        "HOME": str(state),
        "PYTHONPATH": "",
        "BORG_BASE_DIR": str(state),
        "BORG_PASSPHRASE": "x",
        "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes",
        "RESTIC_PASSWORD": "x",
        "RESTIC_CACHE_DIR": str(state / "cache"),
    }


def lines(peer: Peer, data: Path, place: Path, state: Path) -> Callable[[str], list[str]] | None:
    """Fills in one of the peer's lines; None where the program is not installed."""
    found = tool(peer.program)
    if found is None:
        return None
    values = {"tool": found, "data": data, "place": place, "state": state}
    return lambda line: ["sh", "-c", line.format(**values)]
