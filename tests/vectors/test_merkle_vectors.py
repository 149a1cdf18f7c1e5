"""The outside vectors of RFC 6962 proofs (transparency-dev/merkle), most of them negative.

Convention for size 0: the RFC defines no proof from or in an empty tree, so there is none, whatever
it carries. The vectors want the same; the cases that turn on it are listed by name.
"""

import base64
import json
from pathlib import Path

import pytest

from archive.errors import ProofError
from archive.merkle import verify_consistency, verify_inclusion

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "merkle" / "testdata"
if not VECTORS.is_dir():
    pytest.skip("NOT RUN: needs ../shared/vectors/merkle", allow_module_level=True)

CASES = sorted(VECTORS.rglob("*.json"))


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text) if text else b""


def _decide(case: dict[str, object]) -> None:
    path = [_bytes(step) for step in case["proof"] or []]
    if "leafIdx" in case:
        place = (case["leafIdx"], case["treeSize"], path, _bytes(case["root"]))
        verify_inclusion(_bytes(case["leafHash"]), *place)
    else:
        roots = (_bytes(case["root1"]), _bytes(case["root2"]))
        verify_consistency(case["size1"], case["size2"], *roots, path)


def test_all_are_there() -> None:
    assert len(CASES) == 196


@pytest.mark.parametrize("path", CASES, ids=lambda path: str(path.relative_to(VECTORS)))
def test_case(path: Path) -> None:
    case = json.loads(path.read_bytes())
    if case["wantErr"]:
        with pytest.raises(ProofError):
            _decide(case)
    else:
        _decide(case)


FROM_NOTHING = (
    "consistency/additional/consistency-check-on-empty-tree-size1-is-zero-is-useless.json",
    "consistency/additional/size1-is-zero-and-size2-is-not-zero.json",
    "consistency/additional/sizes-are-equal-zero-and-proof-is-empty.json",
)


@pytest.mark.parametrize("name", FROM_NOTHING)
def test_there_is_no_proof_from_an_empty_tree(name: str) -> None:
    case = json.loads((VECTORS / name).read_bytes())
    assert case["wantErr"]
    with pytest.raises(ProofError):
        _decide(case)
