"""The bytes of an excerpt's range, held against the sealed root as docs/operations.md says.

Nothing here is ours but the JSON: `split`, `sha256sum`, and the few lines of Python of that page.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archive.piece_range import MOST_PIECES, range_proof

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
SIZE = 4 << 20


def lines_of_the_page() -> str:
    """The one block of Python about pieces."""
    (found,) = re.findall(r"```python\n(# python3 check_pieces\.py.*?)```", PAGE.read_text(), re.S)
    return str(found)


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    parts = root_of(leaves[:half]) + root_of(leaves[half:])
    return hashlib.sha256(b"\1" + parts).digest()


def said(hashes: list[bytes], start: int, stop: int) -> dict[str, Any]:
    root = f"sha256:{root_of(hashes).hex()}"
    return {"piece_root": root, "pieces": range_proof(hashes, start, stop)}


def check(tmp_path: Path, facts: dict[str, Any]) -> str:
    script, beside = tmp_path / "check_pieces.py", tmp_path / "clip.mp4.json"
    script.write_text(lines_of_the_page())
    beside.write_text(json.dumps(facts))
    command = [sys.executable, "-I", script, beside]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    word = done.stdout.strip()
    assert done.returncode == (0 if word == "right" else 1), done.stderr
    return word


def test_bytes_of_the_range_are_checked_without_the_rest(tmp_path: Path) -> None:
    original = b"".join(bytes([number]) * SIZE for number in range(4)) + b"the end"
    parts = [original[at : at + SIZE] for at in range(0, len(original), SIZE)]
    facts = said([hashlib.sha256(part).digest() for part in parts], SIZE + 9, 3 * SIZE)
    pieces = facts["pieces"]
    assert (pieces["count"], pieces["first"], pieces["number"]) == (5, 1, 2)
    (tmp_path / "part").write_bytes(original[SIZE : 3 * SIZE])
    command = "split -b 4194304 part piece. && sha256sum piece.*"
    sums = subprocess.run(
        command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found = [f"sha256:{line.split()[0]}" for line in sums.stdout.splitlines()]
    assert found == pieces["digests"]
    assert check(tmp_path, facts) == "right"


def altered(facts: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**facts, "pieces": {**facts["pieces"], **changed}}


def test_nothing_else_leads_to_the_root(tmp_path: Path) -> None:
    hashes = [hashlib.sha256(bytes([number])).digest() for number in range(11)]
    facts = said(hashes, 3 * SIZE, 6 * SIZE)
    pieces = facts["pieces"]
    other = "sha256:" + "ab" * 32
    assert check(tmp_path, facts) == "right"
    assert check(tmp_path, {**facts, "piece_root": other}) == "WRONG"
    assert check(tmp_path, altered(facts, digests=[other, *pieces["digests"][1:]])) == "WRONG"
    assert check(tmp_path, altered(facts, path=[*pieces["path"], other])) == "WRONG"
    assert check(tmp_path, altered(facts, path=[other, *pieces["path"][1:]])) == "WRONG"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_every_range_of_every_shape(count: int) -> None:
    """The lines of the page, run here for speed."""
    hashes = [hashlib.sha256(bytes([number])).digest() for number in range(count)]
    code = compile(lines_of_the_page().partition("print(")[0], str(PAGE), "exec")
    for first in range(count):
        for end in range(first + 1, count + 1):
            facts = said(hashes, first * SIZE + 1, end * SIZE)
            assert len(facts["pieces"]["digests"]) == end - first
            names: dict[str, Any] = {"open": lambda _: None}
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(json, "load", lambda _, facts=facts: facts)
                patch.setattr(sys, "argv", ["", "clip.mp4.json"])
                exec(code, names)
            assert names["right"] is True


def test_of_very_many_pieces_only_the_numbers_are_told() -> None:
    hashes = [hashlib.sha256(b"%d" % number).digest() for number in range(MOST_PIECES + 2)]
    assert len(range_proof(hashes, 0, MOST_PIECES * SIZE)["digests"]) == MOST_PIECES
    assert range_proof(hashes, 1, MOST_PIECES * SIZE + 1) == {
        "count": MOST_PIECES + 2, "digests": None, "first": 0, "number": MOST_PIECES + 1,
        "path": None, "size": SIZE,
    }  # fmt: skip
