"""The archive's reader of `document` and the independent one judge the same values alike."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from archive.document import check_document, read_document
from archive.errors import FormatError

GOOD: dict[str, Any] = {
    "classification": "examined",
    "confidence": 100,
    "date": "2026-03-01",
    "findings": [{"code": "LIMIT_REACHED", "note": "characters"}],
    "language": "zh",
    "number": "沪交执罚〔2026〕第12号",
    "pages": 3,
    "parties": [{"name": "张三", "role": "party"}],
    "puid": None,
    "readable": True,
    "signatures": 0,
}
BAD = [
    *[(key, value) for key in ("language", "number", "puid") for value in ("x" * 201, 1, [])],
    *[(key, value) for key in ("confidence", "pages", "signatures") for value in (-1, "1", True)],
    ("confidence", 101),
    *[("date", value) for value in ("2026-02-30", "2026-3-1", "20260301", 1)],
    *[("findings", value) for value in ([{"code": "a", "note": ""}], [{"code": "A"}], None)],
    *[("parties", value) for value in ([{"name": "a", "role": "judge"}], [{"role": "party"}])],
    ("parties", [{"name": "a", "role": "party"}] * 17),
    ("findings", [{"code": "A", "note": ""}] * 51),
    *(("classification", "secret"), ("readable", None), ("signatures", None)),
]


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    path = Path(__file__).parents[1] / "outside" / "checker_documents.py"
    spec = importlib.util.spec_from_file_location("checker_documents", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_good(checker: ModuleType) -> None:
    empty = {**dict.fromkeys(GOOD), "findings": [], "parties": [], "signatures": 1}
    for value in (GOOD, {**empty, "classification": "not_examined", "readable": False}):
        check_document(value)
        read_document(value)
        checker.document(value)


@pytest.mark.parametrize(("key", "value"), BAD)
def test_what_is_not(checker: ModuleType, key: str, value: object) -> None:
    wrong = {**GOOD, key: value}
    with pytest.raises(FormatError):
        check_document(wrong)
    with pytest.raises((ValueError, TypeError, AttributeError, KeyError)):
        checker.document(wrong)


@pytest.mark.parametrize("key", sorted(GOOD))
def test_every_key_is_there(checker: ModuleType, key: str) -> None:
    less = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(FormatError):
        check_document(less)
    with pytest.raises(ValueError, match="keys"):
        checker.document(less)


def test_a_later_version_may_say_more() -> None:
    read_document({**GOOD, "more": 1})
    with pytest.raises(FormatError):
        check_document({**GOOD, "more": 1})
